package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/cli"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

// asProgram is the variable that makes the test's own binary the program, with a pace that tests can wait for.
const asProgram = "OTV_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		env := cli.SystemEnv()
		env.Pace = app.Pace{
			List: 2 * time.Second, Candidates: 200 * time.Millisecond, Sources: 2 * time.Second, Locate: time.Second, Feed: 5 * time.Second,
			Flush: time.Second, Poll: 100 * time.Millisecond, Beat: 500 * time.Millisecond, Silence: 5 * time.Second, Lease: 5 * time.Second,
			Figures: time.Second,
		}
		os.Exit(cli.Main(os.Args[1:], env))
	}
	os.Exit(pgtest.Run(m))
}

// everybody is the variable that has all processes killed; without it, a core and a worker are enough.
const everybody = "OTV_TEST_SERVICES_ALL"

// patience is how long is waited for anything.
const patience = 2 * time.Minute

// buffer is a log of several writers.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if os.Getenv("OTV_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(p)
	}
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rig is a running cluster with its database.
type rig struct {
	*Cluster
	t   *testing.T
	db  *store.Store
	log *buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	url := pgtest.URL(t)
	n, err := simnet.Start(t.Context(), simnet.Options{
		Seed: 9, Candidates: 12, BlockTime: time.Second, SessionBlocks: 10, SessionsPerEra: 4, Speed: 1, Start: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, log: &buffer{}}
	r.Cluster, err = NewCluster(Options{
		Network: n, Database: url, Dir: t.TempDir(), Program: []string{self}, Environ: []string{asProgram + "=1"}, Log: r.log, Hourly: true,
		Set: []string{"rules.brakes.maxUnknown=0", "rules.brakes.maxFlips=0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Errorf("%v\n%s", err, r.log)
		}
	})
	for _, name := range names() {
		r.until(name+" is ready", func() bool { return r.ready(name) })
	}
	if r.db, err = store.OpenReadOnly(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() }) // nothing is read from it any more
	return r
}

// until asks at every tick until the answer is yes; other processes tell nobody by themselves.
func (r *rig) until(what string, yes func() bool) {
	r.t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-limit:
			r.t.Fatalf("never came: %s\n%s", what, r.log)
		}
	}
}

func (r *rig) ready(name string) bool {
	r.t.Helper()
	if r.Get(name).Ended() {
		r.t.Fatalf("%s has ended\n%s", name, r.log)
	}
	ready, err := r.Get(name).Ready(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return ready
}

func (r *rig) states() map[string]jobs.State {
	r.t.Helper()
	list, err := jobs.States(r.t.Context(), r.db)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]jobs.State{}
	for _, s := range list {
		out[s.Name] = s
	}
	return out
}

// inTheMiddle waits until a process is in the middle of a job, and names the job.
func (r *rig) inTheMiddle(name string) string {
	r.t.Helper()
	mine := fmt.Sprintf("/%d/", r.Get(name).Pid())
	job := ""
	r.until(name+" is in the middle of a job", func() bool {
		for _, s := range r.states() {
			if s.Status == jobs.Running && strings.Contains(s.Owner, mine) {
				job = s.Name
				return true
			}
		}
		return false
	})
	return job
}

// facts are what must not get lost.
type facts struct {
	rounds      []memory.Round
	nominations []memory.Nomination
	plans       map[plan.Key]plan.State
	totals      map[programme.Era]bool
	events      int
	candidates  int
}

func (r *rig) facts() facts {
	r.t.Helper()
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	ctx := context.Background()
	f := facts{plans: map[plan.Key]plan.State{}, totals: map[programme.Era]bool{}}
	c, err := r.db.Chain(ctx)
	must(err)
	f.rounds, err = r.db.Rounds(ctx, c.Genesis, 0)
	must(err)
	f.nominations, err = r.db.Nominations(ctx)
	must(err)
	plans, err := r.db.Plans(ctx, plan.Filter{})
	must(err)
	for _, p := range plans {
		f.plans[p.Key] = p.State
	}
	totals, err := r.db.EraTotals(ctx)
	must(err)
	for _, x := range totals {
		f.totals[x.Era] = true
	}
	events, err := r.db.RankEvents(ctx)
	must(err)
	f.events = len(events)
	list, err := r.db.Candidates(ctx)
	must(err)
	f.candidates = len(list)
	return f
}

// compare fails the test when something that was there is gone, or is there twice.
func (r *rig) compare(before, after facts) {
	r.t.Helper()
	digests := map[string]bool{}
	for _, x := range after.rounds {
		if digests[x.Digest] {
			r.t.Errorf("round %s is there twice", x.Digest)
		}
		digests[x.Digest] = true
	}
	for _, x := range before.rounds {
		if !digests[x.Digest] {
			r.t.Errorf("round %d is gone", x.Number)
		}
	}
	for k := range before.plans {
		if after.plans[k] == "" {
			r.t.Errorf("the plan %v is gone", k)
		}
	}
	for e := range before.totals {
		if !after.totals[e] {
			r.t.Errorf("the points of era %d are gone", e)
		}
	}
	if after.events < before.events || after.candidates < before.candidates || len(after.nominations) < len(before.nominations) {
		r.t.Errorf("rank events %d and %d, candidates %d and %d, nominations %d and %d", before.events, after.events, before.candidates, after.candidates,
			len(before.nominations), len(after.nominations))
	}
	type once struct {
		nominator programme.Address
		era       programme.Era
	}
	seen := map[once]bool{}
	for _, x := range after.nominations {
		k := once{x.Nominator, x.Era}
		if seen[k] {
			r.t.Errorf("%s has nominated twice in era %d", x.Nominator, x.Era)
		}
		seen[k] = true
	}
}

// TestEachProcessIsKilled: five processes share a programme on PostgreSQL; each is killed under load, the workers and the
// core in the middle of a job. Others take over, and nothing is lost.
func TestEachProcessIsKilled(t *testing.T) {
	r := newRig(t)
	r.until("the first round", func() bool { return r.db != nil && len(r.states()) > 0 && r.states()[jobs.Scorekeeper].RunCount > 0 })
	victims := []string{"core", "worker-1", "worker-2", "telemetry", "gateway"}
	if os.Getenv(everybody) == "" {
		victims = []string{"core", "worker-1"}
	}
	before := r.facts()
	for _, name := range victims {
		job := ""
		if role := r.Get(name).Role; role == "core" || role == "worker" {
			job = r.inTheMiddle(name)
		}
		runs := r.states()
		if err := r.Get(name).Kill(); err != nil {
			t.Fatal(err)
		}
		t.Logf("killed %s in the middle of %q", name, job)
		if name == "core" {
			// Nobody else has the keys; it comes back.
			if err := r.Get(name).Start(); err != nil {
				t.Fatal(err)
			}
		}
		if job != "" {
			r.until(job+" is done", func() bool { return r.states()[job].RunCount > runs[job].RunCount && r.states()[job].Error == "" })
		}
		// Work goes on without it.
		r.until("sessions go on", func() bool { return r.states()[jobs.Validity].RunCount > runs[jobs.Validity].RunCount })
		if name != "core" {
			if err := r.Get(name).Start(); err != nil {
				t.Fatal(err)
			}
		}
		r.until(name+" is ready again", func() bool { return r.ready(name) })
		after := r.facts()
		r.compare(before, after)
		before = after
	}
	r.until("nominations by all nominators", func() bool {
		list := map[programme.Address]bool{}
		for _, x := range r.facts().nominations {
			list[x.Nominator] = true
		}
		return len(list) == len(r.o.Network.Nominators())
	})
	after := r.facts()
	r.compare(before, after)
	for _, x := range after.rounds {
		doc, err := r.db.Document(t.Context(), x.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decision.Verify(doc.Bytes); err != nil {
			t.Errorf("round %d: %v", x.Number, err)
		}
	}
	eras := slices.Sorted(maps.Keys(after.totals))
	for i, e := range eras[1:] {
		if e != eras[i]+1 {
			t.Errorf("eras with points: %v", eras)
		}
	}
	if b, err := json.Marshal(r.states()); err == nil && strings.Contains(r.log.String(), "panic") {
		t.Errorf("%s\n%s", b, r.log)
	}
}
