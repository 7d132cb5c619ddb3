package app_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// patience is how long a test waits for what must come.
const patience = 90 * time.Second

// pace is that of tests: nothing is waited for without need.
func pace() app.Pace {
	return app.Pace{
		List: 200 * time.Millisecond, Candidates: 20 * time.Millisecond, Sources: 200 * time.Millisecond, Locate: 50 * time.Millisecond,
		Feed: time.Second, Flush: time.Millisecond, Poll: 10 * time.Millisecond, Beat: 50 * time.Millisecond, Silence: 2 * time.Second,
		Lease: 10 * time.Second, Figures: 50 * time.Millisecond, Ping: 50 * time.Millisecond,
	}
}

// world starts a simulated network that is closed with the test.
func world(t testing.TB, o simnet.Options) *simnet.Network {
	t.Helper()
	n, err := simnet.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// folder writes a configuration for a network, in which nothing outside of it is asked.
func folder(t testing.TB, n *simnet.Network) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	if err := n.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// within are settings for a network: its own services are asked, and the programme goes by nobody's schedule.
func within(n *simnet.Network, more ...string) []string {
	e := n.Endpoints()
	set := []string{
		"constraints.clientUpgrade.releasesUrl=" + e.GitHub, "constraints.clientUpgrade.releaseTagFormat=^polkadot-v(?P<version>\\d+\\.\\d+\\.\\d+)$",
		"location.ipinfoUrl=" + e.Location, "location.requestsPerMinute=10000", "prices.source=coingecko", "prices.url=" + e.Prices, "prices.asset=" + e.Asset,
		"global.candidatesUrl=" + e.Candidates, "server.host=127.0.0.1", "rules.brakes.maxUnknown=0", "rules.brakes.maxFlips=0",
	}
	for _, j := range jobs.Catalogue() {
		if j.Key != "" {
			set = append(set, "cron."+j.Key+"=0 0 0 1 1 *")
		}
	}
	return append(set, more...)
}

// service is a running process.
type service struct {
	t      testing.TB
	cfg    *config.Config
	target string // database
	log    *lines
	ready  chan struct{}
	stop   context.CancelFunc
	ended  chan error

	mu        sync.Mutex
	addresses map[string]string
}

// lines is a log that can be waited for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func newLines() *lines { return &lines{news: make(chan struct{})} }

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if os.Getenv("OTV_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(b)
	}
	l.text.Write(b)
	close(l.news)
	l.news = make(chan struct{})
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// until waits for a text in the log.
func (l *lines) until(t testing.TB, text string) {
	t.Helper()
	limit := time.After(patience)
	for {
		l.mu.Lock()
		have, news := strings.Contains(l.text.String(), text), l.news
		l.mu.Unlock()
		if have {
			return
		}
		select {
		case <-news:
		case <-limit:
			t.Fatalf("the log never says %q:\n%s", text, l)
		}
	}
}

// load reads a configuration for a process of a test: its listeners take any free port. Settings in capitals are
// variables of the environment.
func load(t testing.TB, dir string, set ...string) *config.Config {
	t.Helper()
	var o config.Options
	for _, s := range set {
		if strings.HasPrefix(s, "OTV_") {
			o.Environ = append(o.Environ, s)
		} else {
			o.Set = append(o.Set, s)
		}
	}
	cfg, err := config.Load(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Health.Address, cfg.Admin.Address, cfg.Server.Port = "127.0.0.1:0", "127.0.0.1:0", 0
	return cfg
}

// begin starts a process; it is ended with the test, if not before.
func begin(t testing.TB, n *simnet.Network, cfg *config.Config, change ...func(*app.Service)) *service {
	t.Helper()
	s := &service{
		t: t, cfg: cfg, target: cfg.DatabaseTarget(), log: newLines(), ready: make(chan struct{}), ended: make(chan error, 1), addresses: map[string]string{},
	}
	level := slog.LevelDebug
	run := app.Service{
		Config: cfg, Now: n.Now, Random: rand.Reader, Log: s.log, Level: &level, Pace: pace(), Ready: func() { close(s.ready) },
		Listening: func(name string, a net.Addr) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.addresses[name] = a.String()
		},
	}
	for _, c := range change {
		c(&run)
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	go func() { s.ended <- run.Run(ctx) }()
	t.Cleanup(func() { s.end() })
	select {
	case <-s.ready:
	case err := <-s.ended:
		t.Fatalf("it ended: %v\n%s", err, s.log)
	case <-time.After(patience):
		t.Fatalf("it does not become ready:\n%s", s.log)
	}
	return s
}

// end stops the process in order. It may be called again.
func (s *service) end() {
	s.t.Helper()
	s.stop()
	select {
	case err, open := <-s.ended:
		if open {
			close(s.ended)
		}
		if err != nil {
			s.t.Errorf("%v\n%s", err, s.log)
		}
	case <-time.After(patience):
		s.t.Errorf("it does not stop:\n%s", s.log)
	}
}

// get asks a listener of the process.
func (s *service) get(listener, path string, header ...string) (int, string) {
	s.t.Helper()
	s.mu.Lock()
	address := s.addresses[listener]
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return s.send(req)
}

// send makes a request, and returns the status and the body of its answer.
func (s *service) send(req *http.Request) (int, string) {
	s.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// part is a part of the process as its health tells.
func (s *service) part(name string) health.Part {
	s.t.Helper()
	_, body := s.get("health", "/health")
	var r health.Report
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		s.t.Fatal(err)
	}
	for _, p := range r.Parts {
		if p.Name == name {
			return p
		}
	}
	return health.Part{}
}

// look opens the database of a configuration beside the process.
func look(t testing.TB, cfg *config.Config) *store.Store {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), cfg.DatabaseTarget())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// until asks again and again, as often as a clock ticks, until the answer is yes. What is asked is the database or a
// listener, which tell nobody by themselves when they change.
func until(t testing.TB, what string, log fmt.Stringer, yes func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never came: %s\n%s", what, log)
		}
	}
}

// states are those of the jobs in a database, by name.
func states(t testing.TB, db *store.Store) map[string]jobs.State {
	t.Helper()
	list, err := jobs.States(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]jobs.State{}
	for _, s := range list {
		out[s.Name] = s
	}
	return out
}

// genesis is the hash that names the network in a database.
func genesis(t testing.TB, db *store.Store) string {
	t.Helper()
	c, err := db.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Genesis
}
