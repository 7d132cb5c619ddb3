package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

// helper is the variable that makes the test program a worker of a database, see [child].
const helper = "OTV_JOBS_WORKER"

func TestMain(m *testing.M) {
	if target := os.Getenv(helper); target != "" {
		child(target)
		return
	}
	os.Exit(pgtest.Run(m))
}

// databases runs a test on both databases.
func databases(t *testing.T, test func(t *testing.T, target string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "otv.db"))
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.URL(t))
	})
}

func open(t testing.TB, target string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := Migrate(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// rig is an engine that is fast, with the events it has seen.
type rig struct {
	*Engine
	t      testing.TB
	mu     sync.Mutex
	news   chan struct{} // closed when something is added
	events []Event
}

// instant are bodies that do nothing.
func instant() map[string]Body {
	out := map[string]Body{}
	for _, j := range Catalogue() {
		out[j.Name] = func(context.Context, *Run) (string, error) { return "done", nil }
	}
	return out
}

// atStart are the names of the jobs that run when the engine starts.
func atStart() []string {
	var out []string
	for _, j := range Catalogue() {
		if slices.Contains(j.On, AtStart) {
			out = append(out, j.Name)
		}
	}
	return out
}

// none runs no job by itself.
func none() []Plan {
	var out []Plan
	for _, j := range Catalogue() {
		if j.Key != "" {
			out = append(out, Plan{Key: j.Key, Cron: "0 0 0 1 1 *", Enabled: true})
		}
	}
	return out
}

func options(db Database, bodies map[string]Body) Options {
	all := instant()
	maps.Copy(all, bodies)
	return Options{
		DB: db, Bodies: all, Plans: none(), Queues: map[string]int{QueueWork: 4, QueueCore: 1, QueueIndex: 1},
		Poll: 10 * time.Millisecond, Beat: 50 * time.Millisecond, Lease: 4 * time.Second, Backoff: time.Millisecond,
	}
}

func newRig(t testing.TB, o Options) *rig {
	t.Helper()
	r := &rig{t: t, news: make(chan struct{})}
	o.Observe = r.observe
	if o.Logger == nil && os.Getenv("OTV_TEST_LOG") != "" {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = e
	return r
}

// idle registers the jobs without anything being wanted at start.
func (r *rig) idle() {
	r.t.Helper()
	if err := r.register(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// begin starts the engine; what is wanted at start is done when it returns.
func (r *rig) begin() {
	r.t.Helper()
	if err := r.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(r.end)
}

func (r *rig) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.Stop(ctx); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) observe(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	close(r.news)
	r.news = make(chan struct{})
}

// until waits until the events satisfy a condition.
func (r *rig) until(what string, enough func([]Event) bool) []Event {
	r.t.Helper()
	limit := time.After(60 * time.Second)
	for {
		r.mu.Lock()
		events, news := append([]Event{}, r.events...), r.news
		r.mu.Unlock()
		if enough(events) {
			return events
		}
		select {
		case <-news:
		case <-limit:
			list, err := States(r.t.Context(), r.DB)
			r.t.Fatalf("never came: %s; events %v; states %+v %v", what, events, list, err)
		}
	}
}

func count(events []Event, job string, status Status) int {
	n := 0
	for _, e := range events {
		if e.Job == job && e.Status == status {
			n++
		}
	}
	return n
}

// ran waits until a job has ended well so many times.
func (r *rig) ran(job string, times int) {
	r.t.Helper()
	r.until(fmt.Sprintf("run %d of %s", times, job), func(e []Event) bool { return count(e, job, Finished) >= times })
}

// ranAll waits until every job that runs at start has.
func (r *rig) ranAll() {
	r.t.Helper()
	for _, j := range atStart() {
		r.ran(j, 1)
	}
}

func (r *rig) state(job string) State {
	r.t.Helper()
	list, err := States(r.t.Context(), r.DB)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range list {
		if s.Name == job {
			return s
		}
	}
	r.t.Fatalf("there is no state of %s", job)
	return State{}
}
