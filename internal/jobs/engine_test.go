package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEverythingRunsOnceAtStartInOrder(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		var mu sync.Mutex
		var begun []string
		ended := map[string]bool{}
		bodies := map[string]Body{}
		for _, j := range Catalogue() {
			bodies[j.Name] = func(_ context.Context, r *Run) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				for _, name := range j.After {
					if !ended[name] {
						t.Errorf("%s begins before %s has ended", j.Name, name)
					}
				}
				begun = append(begun, j.Name)
				ended[j.Name] = true
				return "did it", nil
			}
		}
		r := newRig(t, options(open(t, target), bodies))
		r.begin()
		r.ranAll()
		mu.Lock()
		defer mu.Unlock()
		if len(begun) != len(atStart()) || slices.Contains(begun, ClearOffline) || slices.Contains(begun, CleanUp) {
			t.Errorf("%d jobs ran: %v", len(begun), begun)
		}
		s := r.state(Score)
		if s.Status != Finished || s.RunCount != 1 || s.Result != "did it" || s.Progress != 100 || s.Cause != AtStart || s.ExecutedAt == 0 || s.Owner != "" || s.Frequency == "" {
			t.Errorf("%+v", s)
		}
	})
}

// gate is a body that tells when it begins and ends when it is let.
type gate struct {
	begun, open chan struct{}
	inside, max atomic.Int32
}

func newGate() *gate { return &gate{begun: make(chan struct{}, 100), open: make(chan struct{}, 100)} }

func (g *gate) body(ctx context.Context, _ *Run) (string, error) {
	n := g.inside.Add(1)
	defer g.inside.Add(-1)
	for {
		m := g.max.Load()
		if n <= m || g.max.CompareAndSwap(m, n) {
			break
		}
	}
	g.begun <- struct{}{}
	select {
	case <-g.open:
		return "through", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Two processes, any number of causes: a job never overlaps with itself, and what happens while it runs makes it run
// once more.
func TestOneAtATimeAndNothingMissed(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		g := newGate()
		o := options(open(t, target), map[string]Body{EraPoints: g.body})
		a := newRig(t, o)
		o.DB = open(t, target)
		b := newRig(t, o)
		both := []*rig{a, b}
		for _, r := range both {
			r.idle()
			if err := r.client.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.client.StopAndCancel(context.Background()) })
		}
		ask := func() {
			for _, r := range both {
				if err := r.Request(t.Context(), OnEra, EraPoints); err != nil {
					t.Fatal(err)
				}
			}
		}
		ask()
		<-g.begun
		ask() // while it runs
		ask()
		g.open <- struct{}{}
		<-g.begun // once more, by whichever process
		g.open <- struct{}{}
		limit := time.After(time.Minute)
		for {
			x, y := a.signal(), b.signal()
			if a.state(EraPoints).RunCount >= 2 {
				break
			}
			select {
			case <-x:
			case <-y:
			case <-limit:
				t.Fatalf("never ended: %+v", a.state(EraPoints))
			}
		}
		if n := g.max.Load(); n != 1 {
			t.Errorf("%d runs at once", n)
		}
		if s := a.state(EraPoints); s.RunCount != 2 || s.Wanted != "" {
			t.Errorf("%+v", s)
		}
	})
}

func (r *rig) signal() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.news
}

// A job that is asked for again and again does not keep those waiting that come after it.
func TestNobodyStarves(t *testing.T) {
	var clock atomic.Int64
	g := newGate()
	o := options(open(t, t.TempDir()+"/otv.db"), map[string]Body{EraStats: g.body})
	o.Now = func() time.Time { return time.UnixMilli(1_700_000_000_000 + clock.Add(1)) }
	r := newRig(t, o)
	r.idle()
	if err := r.client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.client.StopAndCancel(context.Background()) })
	ask := func(name string) {
		t.Helper()
		if err := r.Request(t.Context(), ByOperator, name); err != nil {
			t.Fatal(err)
		}
	}
	ask(EraStats)
	<-g.begun
	ask(LocationStats)
	ask(EraStats) // once more, after the other was asked for
	g.open <- struct{}{}
	<-g.begun // the second time
	r.ran(LocationStats, 1)
	if n := r.state(EraStats).RunCount; n != 1 {
		t.Errorf("it waited for %d runs", n)
	}
	close(g.open)
	r.ran(EraStats, 2)
}

func TestAFailureIsTriedAgainAndKeepsNobodyWaiting(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		var tries atomic.Int32
		letGo := make(chan struct{})
		o := options(open(t, target), map[string]Body{Monitor: func(_ context.Context, r *Run) (string, error) {
			if tries.Add(1) == 1 {
				return "", errors.New("the server answers 503")
			}
			<-letGo
			return "found v1.2.3", nil
		}})
		r := newRig(t, o)
		r.begin()
		r.ran(Validity, 1) // although Monitor has only failed until now
		close(letGo)
		r.ran(Monitor, 1)
		s := r.state(Monitor)
		if s.Status != Finished || s.Error != "" || s.RunCount != 2 || s.Attempt != 2 || s.Result != "found v1.2.3" {
			t.Errorf("%+v", s)
		}
	})
}

func TestAttemptsAreBounded(t *testing.T) {
	var tries atomic.Int32
	r := newRig(t, options(open(t, t.TempDir()+"/otv.db"), map[string]Body{Monitor: func(context.Context, *Run) (string, error) {
		if tries.Add(1)%2 == 0 {
			panic("broken")
		}
		return "", errors.New("never works")
	}}))
	r.begin()
	r.until("all attempts", func(e []Event) bool { return count(e, Monitor, Errored) == usualAttempts })
	r.ranAllBut(Monitor)
	s := r.state(Monitor)
	if s.Status != Errored || s.Error != "never works" || s.RunCount != usualAttempts {
		t.Errorf("%+v", s)
	}
	// The next cause gets attempts of its own.
	if err := r.Request(t.Context(), ByOperator, Monitor); err != nil {
		t.Fatal(err)
	}
	r.until("another attempt", func(e []Event) bool { return count(e, Monitor, Errored) > usualAttempts })
}

func (r *rig) ranAllBut(name string) {
	r.t.Helper()
	for _, j := range atStart() {
		if j != name {
			r.ran(j, 1)
		}
	}
}

func TestProgressIsVisibleWhileItRuns(t *testing.T) {
	letGo := make(chan struct{})
	r := newRig(t, options(open(t, t.TempDir()+"/otv.db"), map[string]Body{Validity: func(_ context.Context, r *Run) (string, error) {
		r.Progress(1, 4, "blue-node")
		<-letGo
		return "", nil
	}}))
	r.begin()
	r.until("progress, told and stored", func(e []Event) bool {
		n := 0
		for _, x := range e {
			if x.Job == Validity && x.Progress == 25 {
				n++
			}
		}
		return n >= 2
	})
	if s := r.state(Validity); s.Status != Running || s.Iteration != "blue-node" || !strings.Contains(s.Owner, "/1") {
		t.Errorf("%+v", s)
	}
	close(letGo)
	r.ran(Validity, 1)
}

func TestCancel(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		g := newGate()
		r := newRig(t, options(open(t, target), map[string]Body{BlockData: g.body}))
		r.begin()
		<-g.begun
		if err := r.CancelJob(t.Context(), BlockData); err != nil {
			t.Fatal(err)
		}
		r.until("the end of the run", func(e []Event) bool { return count(e, BlockData, Errored) == 1 })
		if s := r.state(BlockData); s.Status != Errored || s.Error != errCancelled.Error() || s.Wanted != "" {
			t.Errorf("%+v", s)
		}
		if err := r.CancelJob(t.Context(), "DanceJob"); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	})
}

func TestATimeoutSaysSo(t *testing.T) {
	g := newGate()
	r := newRig(t, options(open(t, t.TempDir()+"/otv.db"), map[string]Body{Stale: g.body}))
	r.byName[Stale].Timeout = time.Millisecond
	r.begin()
	r.until("the end of the run", func(e []Event) bool { return count(e, Stale, Errored) >= 1 })
	if s := r.state(Stale); !strings.Contains(s.Error, "it took longer than 1ms") {
		t.Errorf("%+v", s)
	}
}

func TestStopGivesJobsBack(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		g := newGate()
		o := options(open(t, target), map[string]Body{BlockData: g.body})
		a := newRig(t, o)
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-g.begun
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := a.Stop(over); err != nil {
			t.Fatal(err)
		}
		if s := a.state(BlockData); s.Status != Started || s.RunCount != 0 {
			t.Errorf("after the stop: %+v", s)
		}
		b := newRig(t, o)
		b.begin()
		<-g.begun
		close(g.open)
		b.ran(BlockData, 1)
		if s := b.state(BlockData); s.RunCount < 1 || s.Attempt != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestSwitchedOff(t *testing.T) {
	o := options(open(t, t.TempDir()+"/otv.db"), nil)
	for i := range o.Plans {
		o.Plans[i].Enabled = o.Plans[i].Key != "nominator"
	}
	r := newRig(t, o)
	r.begin()
	r.ranAllBut(NominatorStake)
	if s := r.state(NominatorStake); s.Status != NotRunning || s.RunCount != 0 {
		t.Errorf("%+v", s)
	}
	if err := r.Request(t.Context(), ByOperator, NominatorStake); err != nil {
		t.Fatal(err)
	}
	r.ran(NominatorStake, 1)
}

// Two processes with the same schedules: one of them follows them.
func TestSchedulesComeOnce(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		done := make(chan struct{}, 100)
		o := options(open(t, target), map[string]Body{Monitor: func(_ context.Context, r *Run) (string, error) {
			if r.Cause == BySchedule {
				done <- struct{}{}
			}
			return "", nil
		}})
		for i := range o.Plans {
			if o.Plans[i].Key == "monitor" {
				o.Plans[i].Cron = "* * * * * *"
			}
		}
		a := newRig(t, o)
		a.begin()
		o.DB = open(t, target)
		b := newRig(t, o)
		b.begin()
		for range 3 {
			<-done
		}
		if x, y := a.scheduled.Load(), b.scheduled.Load(); x > 0 && y > 0 || x+y < 3 {
			t.Errorf("one process followed the schedule %d times, the other %d times", x, y)
		}
	})
}

func TestSchedules(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := parse("0 */3 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	c := clocked{s, func() time.Time { return now }}
	if got := c.Next(now); !got.Equal(time.Date(2026, 1, 2, 3, 6, 0, 0, time.UTC)) {
		t.Error(got)
	}
	now = now.AddDate(1, 0, 0) // the clock jumps: what was missed is not made up for
	if got := c.Next(now.AddDate(-1, 0, 0)); !got.Equal(time.Date(2027, 1, 2, 3, 6, 0, 0, time.UTC)) {
		t.Error(got)
	}
	o := options(open(t, t.TempDir()+"/otv.db"), nil)
	for _, bad := range []Plan{{Key: "monitor", Cron: "every day", Enabled: true}, {Key: "dance", Cron: "* * * * * *"}} {
		o.Plans = []Plan{bad}
		if _, err := New(o); err == nil {
			t.Errorf("accepted %+v", bad)
		}
	}
}
