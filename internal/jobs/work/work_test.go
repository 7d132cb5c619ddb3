package work_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/jobs/work"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/store"
)

// proposer makes no plans.
type proposer struct{ asked int }

func (p *proposer) Propose(context.Context, []byte) ([]rounds.Proposal, error) {
	p.asked++
	return nil, nil
}

type looker struct{ looks int }

func (l *looker) Look(context.Context) error { l.looks++; return nil }

type monitor struct {
	newest string
	err    error
	asked  int
}

func (m *monitor) Refresh(context.Context) (string, error) {
	m.asked++
	return m.newest, m.err
}

type indexer struct{ asked int }

func (x *indexer) Index(_ context.Context, progress func(done, total int, block uint32)) (string, error) {
	x.asked++
	progress(1, 2, 77)
	return "2 blocks were searched", nil
}

// rig is a bench in a small world.
type rig struct {
	work.Bench
	t         testing.TB
	w         *roundstest.World
	m         *roundstest.Memory
	monitor   monitor
	indexer   indexer
	nominator looker
	proposer  proposer
	mu        sync.Mutex
	causes    []jobs.Cause
	bodies    map[string]jobs.Body
}

func newRig(t testing.TB, candidates, nominators int) *rig {
	t.Helper()
	r := &rig{t: t, w: roundstest.NewWorld(candidates, nominators), m: roundstest.NewMemory(), monitor: monitor{newest: "v1.7.0"}}
	s, err := rounds.New(rounds.Settings{
		Memory: r.m, Chain: r.w, Sources: r.w, Proposer: &r.proposer, Rules: r.w.Rules(), Nominators: r.w.Nominators,
		Act: config.ActPropose, RankMode: config.RankActiveEras, Telemetry: true, Now: r.w.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []memory.Candidate
	for _, c := range r.w.List {
		list = append(list, memory.Candidate{Candidate: c, Added: r.w.Millis()})
	}
	if err := r.m.SaveCandidates(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	r.Bench = work.Bench{
		Rounds: s, Memory: r.m, Archive: func(context.Context) (work.Archive, error) { return roundstest.Archive{W: r.w}, nil },
		Monitor: &r.monitor, Indexer: &r.indexer, Nominator: &r.nominator, Now: r.w.Now,
		Trigger: func(_ context.Context, c jobs.Cause) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.causes = append(r.causes, c)
			return nil
		},
	}
	if r.bodies, _, err = r.Bodies(); err != nil {
		t.Fatal(err)
	}
	return r
}

// do runs one job.
func (r *rig) do(name string) string {
	r.t.Helper()
	text, err := r.bodies[name](r.t.Context(), &jobs.Run{Job: name})
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	if text == "" {
		r.t.Errorf("%s says nothing", name)
	}
	return text
}

func (r *rig) standings() []memory.Standing {
	list, _ := r.m.Standings(r.t.Context())
	return list
}

// Every job of the catalogue has a body, or says why it has none.
func TestNothingOfTheCatalogueIsForgotten(t *testing.T) {
	r := newRig(t, 2, 1)
	r.Monitor, r.Indexer, r.Nominator = nil, nil, nil
	for _, full := range []bool{false, true} {
		if full {
			r = newRig(t, 2, 1)
		}
		bodies, absent, err := r.Bodies()
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs.Catalogue() {
			if (bodies[j.Name] == nil) == (absent[j.Name] == "") {
				t.Errorf("%s (with everything: %v): body %v, reason %q", j.Name, full, bodies[j.Name] != nil, absent[j.Name])
			}
		}
		if full && len(absent) != 1 || !full && len(absent) != 5 {
			t.Errorf("absent: %v", absent)
		}
	}
	if _, _, err := (&work.Bench{}).Bodies(); err == nil {
		t.Error("an empty bench is no bench")
	}
}

// All jobs at once on a real queue: one start fills everything, from one reading of the chains.
func TestTheWholeCatalogue(t *testing.T) {
	r := newRig(t, 30, 2)
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := jobs.Migrate(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	bodies, absent, err := r.Bodies()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 100)
	var shown sync.Map // jobs that told how far they had come before their end
	e, err := jobs.New(jobs.Options{
		DB: s, Bodies: bodies, Absent: absent, Queues: map[string]int{jobs.QueueWork: 4, jobs.QueueCore: 1, jobs.QueueIndex: 1},
		Poll: 10 * time.Millisecond, Observe: func(e jobs.Event) {
			if e.Status == jobs.Running && !e.Begins {
				shown.Store(e.Job, true)
			}
			if e.Status == jobs.Finished {
				done <- e.Job
			}
			if e.Status == jobs.Errored {
				t.Errorf("%s failed", e.Job)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	for left := len(bodies) - 1; left > 0; left-- { // but the one that only its schedule starts
		<-done
	}
	states, err := jobs.States(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range states {
		want := jobs.Finished
		if st.Name == jobs.CleanUp {
			want = jobs.Started
		}
		if st.Name == jobs.ClearOffline {
			want = jobs.NotRunning
			if !strings.Contains(st.Error, "trailing window") {
				t.Errorf("%+v", st)
			}
		}
		if _, ok := shown.Load(st.Name); !ok && want == jobs.Finished {
			t.Errorf("%s has shown no progress", st.Name)
		}
		if st.Status != want || want == jobs.Finished && (st.Result == "" || st.Progress != 100) {
			t.Errorf("%+v", st)
		}
	}
	if r.w.Reads != 1 {
		t.Errorf("the chains were read %d times", r.w.Reads)
	}
	n := r.m.Network()
	if len(r.standings()) != 30 || len(n.Totals) != 83 || len(n.Keys) != 31 || len(n.Stakes) != 30 || len(n.Nominators) != 2 || n.Locations.Nodes != 30 || n.Chain.Name != "kusama" || len(n.Statistics) != 1 {
		t.Errorf("%d standings, %d totals, %d keys, %d stakes, %d nominators, %+v", len(r.standings()), len(n.Totals), len(n.Keys), len(n.Stakes), len(n.Nominators), n.Statistics)
	}
	if scores, _ := r.m.Scores(); len(scores) != 30 || len(r.m.Rounds()) != 1 || r.proposer.asked != 1 || r.nominator.looks != 2 {
		t.Errorf("%d scores, %d rounds, %d proposals, %d looks", len(scores), len(r.m.Rounds()), r.proposer.asked, r.nominator.looks)
	}
}

func TestEraStats(t *testing.T) {
	r := newRig(t, 6, 1)
	r.w.Candidate(1).Identity.Super = r.w.List[1].Stash // of another candidate, under whom it counts
	text := r.do(jobs.EraStats)
	if !strings.Contains(text, "20 earlier sets were added") {
		t.Error(text)
	}
	sets, _ := r.m.ValidatorSets(t.Context())
	if len(sets) != 21 || sets[20].Era != 1000 || sets[20].Session != 6000 || len(sets[20].Validators) != 3 {
		t.Errorf("%d sets, %+v", len(sets), sets[len(sets)-1])
	}
	if st := r.m.Network().Statistics[0]; st != (memory.EraStatistics{Era: 1000, At: r.w.Millis(), Listed: 6, Valid: 6, Active: 3, KYC: 3}) {
		t.Errorf("%+v", st)
	}
	if text := r.do(jobs.EraStats); !strings.Contains(text, "0 earlier sets") {
		t.Error(text)
	}
	r.do(jobs.Validity) // admits
	r.do(jobs.EraStats)
	ranks, _ := r.m.Rankings(t.Context())
	own := func(slot int) (n int) {
		for _, s := range sets {
			for _, a := range s.Validators {
				if a == r.w.List[slot-1].Stash {
					n++
				}
			}
		}
		return n
	}
	if ranks[2].ActiveEras != own(3) || ranks[0].ActiveEras <= own(1) || ranks[0].ActiveEras > 21 {
		t.Errorf("%d and %d active eras, alone %d and %d", ranks[2].ActiveEras, ranks[0].ActiveEras, own(3), own(1))
	}
	// While identities are out of reach, the numbers stay.
	r.w.State.Gaps = map[programme.Part]string{programme.PartIdentity: "no node answers"}
	r.w.Next(time.Hour)
	r.do(jobs.EraStats)
	after, _ := r.m.Rankings(t.Context())
	if after[0].ActiveEras != ranks[0].ActiveEras {
		t.Errorf("%d active eras, before %d", after[0].ActiveEras, ranks[0].ActiveEras)
	}
	r.w.State.ValidatorSet = nil
	r.w.Next(time.Hour)
	if _, err := r.bodies[jobs.EraStats](t.Context(), &jobs.Run{}); err == nil {
		t.Error("an empty validator set was believed")
	}
}

func TestEraPoints(t *testing.T) {
	r := newRig(t, 5, 1)
	if text := r.do(jobs.EraPoints); !strings.Contains(text, "83 eras were added") || !strings.Contains(text, "none of 1 eras") {
		t.Error(text)
	}
	n := r.m.Network()
	last := n.Totals[len(n.Totals)-1]
	list := n.Points[last.Era]
	var sum uint32
	for _, p := range list {
		sum += p.Points
	}
	if last.Era != 999 || last.Validators != len(list) || last.Total != sum || last.Average != float64(sum)/float64(len(list)) || last.Min > last.Max || float64(last.Min) > last.Median {
		t.Errorf("%+v %+v", last, list)
	}
	r.w.NextEra()
	if text := r.do(jobs.EraPoints); !strings.Contains(text, "points of 1 eras") {
		t.Error(text)
	}
}

func TestWhatCouldNotBeReadStays(t *testing.T) {
	r := newRig(t, 3, 1)
	r.do(jobs.Validity)
	r.w.State.Gaps = map[programme.Part]string{
		programme.PartIdentity: "x", programme.PartClaims: "x", programme.PartKeys: "x", programme.PartBackers: "x",
	}
	for slot := 1; slot <= 3; slot++ {
		c := r.w.Candidate(slot)
		c.Identity, c.Keys, c.Intention.Commission = nil, nil, 70_000_000
	}
	r.w.Next(time.Hour)
	for _, name := range []string{jobs.UnclaimedEras, jobs.SessionKey, jobs.NominatorStake} {
		if _, err := r.bodies[name](t.Context(), &jobs.Run{}); err == nil || !strings.Contains(err.Error(), "could not be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.do(jobs.ValidatorPref)
	for _, st := range r.standings() {
		if st.Chain.Identity == nil || len(st.Chain.Keys) == 0 || st.Chain.Intention.Commission != 70_000_000 {
			t.Errorf("%+v", st.Chain)
		}
	}
}

func TestPartsOfStandings(t *testing.T) {
	r := newRig(t, 4, 1)
	r.do(jobs.Validity)
	r.w.State.ValidatorSet = []programme.Address{r.w.List[1].Stash}
	r.w.Candidate(1).Unclaimed = []programme.UnclaimedEra{{Era: 990, Pages: 1}}
	r.w.Candidate(1).Points = nil
	r.w.Candidate(2).Keys = nil
	r.w.Next(time.Hour)
	for name, want := range map[string]string{
		jobs.ActiveValidator: "1 of 4 candidates are in", jobs.UnclaimedEras: "1 of 4", jobs.Inclusion: "3 of 4", jobs.SessionKey: "3 of 4", jobs.ValidatorPref: "4 of 4",
	} {
		if text := r.do(name); !strings.Contains(text, want) {
			t.Errorf("%s: %s", name, text)
		}
	}
	st := r.standings()
	if st[0].Active || !st[1].Active || len(st[0].Chain.Unclaimed) != 1 || st[0].Inclusion != 0 || len(st[1].Chain.Keys) != 0 {
		t.Errorf("%+v", st[:2])
	}
}

func TestStakes(t *testing.T) {
	r := newRig(t, 2, 1)
	r.do(jobs.NominatorStake)
	s := r.m.Network().Stakes
	if len(s) != 2 {
		t.Fatal(s)
	}
	for _, x := range s {
		active := x.Stash == r.w.List[0].Stash
		if active && (len(x.Active) != 1 || len(x.Waiting) != 1 || x.Total != roundstest.Tokens(6000) || x.Inactive != roundstest.Tokens(10)) ||
			!active && (len(x.Active) != 0 || len(x.Waiting) != 2 || !x.Total.IsZero() || x.Inactive != roundstest.Tokens(1510)) {
			t.Errorf("%+v", x)
		}
	}
}

func TestLocations(t *testing.T) {
	r := newRig(t, 4, 1)
	for slot, country := range map[int]string{1: "PT", 2: "PT", 3: "CH", 4: "None"} {
		l := *r.w.Known[slot].Location
		l.Country = country
		f := r.w.Known[slot]
		f.Location = &l
		r.w.Known[slot] = f
	}
	r.do(jobs.LocationStats)
	s := r.m.Network().Locations
	if s.Nodes != 3 || len(s.Countries) != 2 || s.Countries[0] != (programme.Place{Name: "PT", Nodes: 2}) || s.CountryVariance != 0.25 || s.Session != 6000 {
		t.Errorf("%+v", s)
	}
	if want := (s.CityVariance + s.RegionVariance + s.CountryVariance + s.ProviderVariance) / 4; math.Abs(want-s.Decentralisation) > 1e-12 {
		t.Error(s.Decentralisation)
	}
}

func TestMonitorTellsOthers(t *testing.T) {
	r := newRig(t, 1, 1)
	r.do(jobs.Monitor)
	r.do(jobs.Monitor)
	r.monitor.newest = "v1.8.0"
	r.do(jobs.Monitor)
	if fmt.Sprint(r.causes) != "[release release]" {
		t.Error(r.causes)
	}
	r.monitor.err = errors.New("503")
	if _, err := r.bodies[jobs.Monitor](t.Context(), &jobs.Run{}); err == nil {
		t.Error("no error")
	}
}

func TestStaleNominations(t *testing.T) {
	r := newRig(t, 3, 2)
	r.w.State.Nominators[0].SubmittedIn = 992
	r.w.State.Nominators[1].SubmittedIn = 991
	r.w.Next(time.Minute)
	for range 2 {
		if text := r.do(jobs.Stale); !strings.HasPrefix(text, "1 of 2") {
			t.Error(text)
		}
	}
	if a := r.m.Alerts(); len(a) != 1 || a[0].Nominator != r.w.Own[1].Address || a[0].Code != work.AlertStale {
		t.Errorf("%+v", a)
	}
}

func TestForcedOnce(t *testing.T) {
	r := newRig(t, 5, 1)
	r.w.State.Nominators[0].SubmittedIn = 1000
	r.w.Next(time.Minute)
	if text := r.do(jobs.Scorekeeper); !strings.Contains(text, "no nominator is due") {
		t.Error(text)
	}
	r.Force = true
	r.do(jobs.Scorekeeper)
	if len(r.m.Rounds()) != 1 || r.Force {
		t.Errorf("%d rounds", len(r.m.Rounds()))
	}
}

func TestCleanUp(t *testing.T) {
	r := newRig(t, 12, 2)
	if text := r.do(jobs.CleanUp); text != "nothing is old enough to be deleted" {
		t.Errorf("result %q", text)
	}
	r.Keep = memory.DefaultRetention()
	r.m.Cleaned = []memory.Cleaned{{What: "records", Rows: 3}, {What: "scores"}, {What: "alerts", Rows: 1}}
	if text := r.do(jobs.CleanUp); text != "deleted 3 records, 1 alerts" {
		t.Errorf("result %q", text)
	}
	if r.m.Kept != r.Keep {
		t.Errorf("cleaned by %+v", r.m.Kept)
	}
}
