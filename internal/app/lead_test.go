package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// errLost is why a lease of a test ends.
var errLost = errors.New("the lease was lost")

// led is a leadership with something that is done under it.
type led struct {
	leadership
	runs   atomic.Int32 // that have begun
	inside atomic.Int32 // that are going on
	ended  chan error
	finish chan struct{} // lets a run end that was told to
}

// hold has something done whenever the process leads, until ctx ends. What it does takes until finish says so.
func hold(ctx context.Context) *led {
	l := &led{ended: make(chan error, 1), finish: make(chan struct{}, 10)}
	l.init()
	go func() {
		l.ended <- l.hold(ctx, func(ctx context.Context) error {
			l.runs.Add(1)
			l.inside.Add(1)
			defer l.inside.Add(-1)
			<-ctx.Done()
			<-l.finish
			return context.Cause(ctx)
		})
	}()
	return l
}

// Work is done while the process leads and at no other time; with the lease it is told to stop, and the lease is not
// given back before it has.
func TestLeadershipHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := hold(ctx)
		wants := func(when string, leads, decided bool, runs, inside int32) {
			t.Helper()
			synctest.Wait()
			haveLeads, haveDecided, _ := l.state()
			if haveLeads != leads || haveDecided != decided || l.runs.Load() != runs || l.inside.Load() != inside {
				t.Errorf("%s: leads %v, decided %v, %d runs, %d inside", when, haveLeads, haveDecided, l.runs.Load(), l.inside.Load())
			}
		}
		wants("at first", false, false, 0, 0)
		_, _, changed := l.state()
		l.standBy()
		select {
		case <-changed:
		default:
			t.Error("nobody was told that another process leads")
		}
		wants("another process leads", false, true, 0, 0)
		_, _, changed = l.state()
		l.standBy() // says nothing new
		select {
		case <-changed:
			t.Error("the same was told twice")
		default:
		}

		for turn := int32(1); turn <= 2; turn++ {
			lease, lose := context.WithCancelCause(t.Context())
			l.begin(lease)
			wants("it leads", true, true, turn, 1)
			lose(errLost)
			given := make(chan struct{})
			go func() {
				l.end()
				close(given)
			}()
			wants("the lease is lost", false, true, turn, 1)
			select {
			case <-given:
				t.Error("the lease was given back while something was still done under it")
			default:
			}
			l.finish <- struct{}{}
			<-given
			wants("the lease was given back", false, true, turn, 0)
		}

		cancel()
		if err := <-l.ended; !errors.Is(err, context.Canceled) || l.runs.Load() != 2 {
			t.Errorf("%v after %d runs", err, l.runs.Load())
		}
	})
}

// What ends by itself while the process leads is not begun again, and its error is passed on; neither is it when the
// process stops.
func TestLeadershipPassesOnErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l leadership
		l.init()
		l.begin(t.Context())
		broken := errors.New("broken")
		runs := 0
		if err := l.hold(t.Context(), func(context.Context) error { runs++; return broken }); !errors.Is(err, broken) || runs != 1 {
			t.Errorf("%v after %d runs", err, runs)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := l.hold(ctx, func(ctx context.Context) error {
			runs++
			cancel()
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, context.Canceled) || runs != 2 {
			t.Errorf("%v after %d runs", err, runs)
		}
		l.end() // waits for nobody
	})
}

// Of two processes that take turns under one lease, never two act at once.
func TestLeadershipHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var acting, most atomic.Int32
		var a, b leadership
		turns := make(chan *leadership, 100)
		for _, l := range []*leadership{&a, &b} {
			l.init()
			go func() {
				_ = l.hold(t.Context(), func(ctx context.Context) error {
					if n := acting.Add(1); n > most.Load() {
						most.Store(n)
					}
					turns <- l
					<-ctx.Done()
					acting.Add(-1)
					return ctx.Err()
				})
			}()
		}
		for turn := range 6 {
			l := []*leadership{&a, &b}[turn%2]
			lease, give := context.WithCancel(t.Context())
			l.begin(lease)
			if got := <-turns; got != l {
				t.Fatal("the other one acts")
			}
			give()
			l.end() // after this another process may have the lease
			if n := acting.Load(); n != 0 {
				t.Fatalf("%d still act after the lease was given back", n)
			}
		}
		if most.Load() != 1 {
			t.Errorf("%d acted at once", most.Load())
		}
	})
}

// A handle gives what is there at once, lets others wait for what is not, and gives the newest.
func TestHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h handle[int]
		if v, there := h.now(); there {
			t.Error(v)
		}
		stopped := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stopped)
		if _, err := h.get(ctx); !errors.Is(err, stopped) {
			t.Error(err)
		}
		got := make(chan int, 3)
		wait := func() {
			v, err := h.get(t.Context())
			if err != nil {
				t.Error(err)
			}
			got <- v
		}
		go wait()
		go wait()
		synctest.Wait()
		if len(got) != 0 {
			t.Error("nothing was there, and it did not wait")
		}
		h.set(7)
		if a, b := <-got, <-got; a != 7 || b != 7 {
			t.Error(a, b)
		}
		h.set(8)
		if v, there := h.now(); v != 8 || !there {
			t.Error(v, there)
		}
		h.clear()
		if v, there := h.now(); v != 0 || there {
			t.Error(v, there)
		}
		go wait()
		synctest.Wait()
		if len(got) != 0 {
			t.Error("what was taken away was given")
		}
		h.set(9)
		if v := <-got; v != 9 {
			t.Error(v)
		}
	})
}
