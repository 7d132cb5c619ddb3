package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Options are what a gateway is made of.
type Options struct {
	Data   Data
	Logger *slog.Logger
	Now    func() time.Time
	// Network is the name under which the database keeps what sources beyond the chains told.
	Network string
	// Rules are those of the configuration. Decisions are made and explained by those in their records.
	Rules programme.Rules
	// RankIsActiveEras shows the old backend's rank, which is the number of eras in the validator set.
	RankIsActiveEras bool
	// PriceAsset is the token with whose prices rewards are valued, empty for none.
	PriceAsset string
	// DryRun says that nothing is signed.
	DryRun bool
	// Jobs, unless nil, tells how the jobs are doing.
	Jobs func(ctx context.Context) ([]memory.Job, error)
	// Health answers /healthcheck, Metrics /metrics, and Pages /status and /assets; nil ones are not there.
	Health, Metrics, Pages http.Handler
	// Count, unless nil, is told of every request with the pattern of its route.
	Count func(route string, status int, took time.Duration)
	// Version is that of the program.
	Version string
	// Swagger serves the description of the API as pages at /swagger.
	Swagger bool
	// Origins are the sites whose pages may read; none means all of them.
	Origins []string
	Limit   Limit
	// Crowd bounds the requests under way, 0 for no bound.
	Crowd int
	// Kept bounds the memory of finished answers, in bytes; 0 means 64 MiB.
	Kept int
	// Poll is how often the database is asked whether its data has changed; 0 means four times a second. In the process
	// that writes, [Gateway.Changed] tells at once.
	Poll time.Duration
}

// Gateway answers requests.
type Gateway struct {
	Options
	log      *slog.Logger
	api      huma.API
	router   *chi.Mux
	handler  http.Handler
	answers  *answers
	counters counters
	paths    []string // patterns of the routes
	longs    chan struct{}
	records  records
	changes  changes
	// seenRounds is the version of rounds for which [Gateway.Run] has read the newest record.
	seenRounds int64

	population *view[*population]
	parts      parts
	chain      *view[memory.Chain]
	newest     *view[memory.Round]
	totals     *view[eraTotals]
	words      words
	poke       chan struct{}
	started    time.Time
}

// New makes a gateway. It answers from the first request on, and learns of changes while [Gateway.Run] runs.
func New(o Options) (*Gateway, error) {
	if o.Kept == 0 {
		o.Kept = 64 << 20
	}
	if o.Poll == 0 {
		o.Poll = 250 * time.Millisecond
	}
	g := &Gateway{Options: o, log: o.Logger, poke: make(chan struct{}, 1), longs: make(chan struct{}, longAtOnce), words: newWords(), started: o.Now()}
	var err error
	if g.answers, err = newAnswers(o.Kept); err != nil {
		return nil, fmt.Errorf("make the store of answers: %w", err)
	}
	g.population = &view[*population]{answers: g.answers, subjects: populationSubjects(), build: g.gather}
	if g.records.kept, err = lru.New[string, *parsed](keptRecords); err != nil {
		return nil, fmt.Errorf("make the store of records: %w", err)
	}
	g.chain = &view[memory.Chain]{answers: g.answers, subjects: []memory.Subject{memory.SubjectChain}, build: g.readNetwork}
	g.newest = &view[memory.Round]{answers: g.answers, subjects: []memory.Subject{memory.SubjectRounds, memory.SubjectChain}, build: g.newestRound}
	g.totals = &view[eraTotals]{answers: g.answers, subjects: []memory.Subject{memory.SubjectPoints}, build: g.readTotals}
	limits, err := newLimiter(o.Limit, o.Now)
	if err != nil {
		return nil, fmt.Errorf("make the rate limit: %w", err)
	}
	g.router = chi.NewRouter()
	g.router.Use(g.counters.wrap(o.Count), middleware.GetHead)
	g.router.NotFound(g.elsewhere)
	g.router.MethodNotAllowed(g.wrongMethod)
	g.api = humachi.New(g.router, describe(o.Version))
	g.mountLegacy()
	g.mountV1()
	if err := g.mountDescription(); err != nil {
		return nil, err
	}
	h := g.fold(g.router)
	h = withoutSlash(h)
	h = crowd(o.Crowd, h)
	h = limits.wrap(h)
	h = crossOrigin(o.Origins, h)
	h = survive(g.log, h)
	g.handler = headers(h)
	return g, nil
}

// ServeHTTP answers a request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.handler.ServeHTTP(w, r) }

// Run follows the changes of the data until ctx ends. A database that does not answer keeps the last answers alive: they
// are what is known. Streams of changes end with it.
func (g *Gateway) Run(ctx context.Context) error {
	defer g.changes.end()
	tick := time.NewTicker(g.Poll)
	defer tick.Stop()
	failing := false
	for {
		err := g.Refresh(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			g.log.Warn("the gateway serves what it knows", "error", err)
		case err == nil && failing:
			g.log.Info("the gateway follows the data again")
		}
		failing = err != nil
		g.ahead(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-g.poke:
		}
	}
}

// ahead reads the record of a new round before somebody asks for it: that takes a second for a thousand candidates.
func (g *Gateway) ahead(ctx context.Context) {
	now := (*g.answers.versions.Load())[memory.SubjectRounds]
	if now == g.seenRounds {
		return
	}
	g.seenRounds = now
	if _, err := g.parsed(ctx, "latest"); err != nil && !is404(err) && ctx.Err() == nil {
		g.log.Warn("the record of the newest round cannot be read", "error", err)
	}
}

// Refresh looks whether data has changed.
func (g *Gateway) Refresh(ctx context.Context) error {
	v, err := g.Data.Versions(ctx)
	if err != nil {
		return fmt.Errorf("read the versions of the data: %w", err)
	}
	g.changes.tell(*g.answers.versions.Swap(&v), v)
	return nil
}

// Changed tells the gateway that data has changed. It does not wait.
func (g *Gateway) Changed() {
	select {
	case g.poke <- struct{}{}:
	default: // it is told already
	}
}

// elsewhere says that there is no such path; the old backend said so in plain text.
func (g *Gateway) elsewhere(w http.ResponseWriter, r *http.Request) {
	if isV1(r.URL.Path) {
		writeProblem(w, r, http.StatusNotFound, "there is nothing at this path; /swagger lists what there is")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte("Not Found"))
	}
}

// wrongMethod answers 404 as the old backend did, and under /api/v1 says what is wrong.
func (g *Gateway) wrongMethod(w http.ResponseWriter, r *http.Request) {
	if isV1(r.URL.Path) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		writeProblem(w, r, http.StatusMethodNotAllowed, "everything here is read with GET")
		return
	}
	g.elsewhere(w, r)
}
