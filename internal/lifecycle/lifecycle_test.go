package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// journal collects what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) check(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if d := cmp.Diff(want, j.lines); d != "" {
		t.Errorf("what happened (-want +got):\n%s", d)
	}
}

// part is a component that writes down its start and stop.
func part(j *journal, name string) Component {
	return Component{name, func(ctx context.Context, ready func()) error {
		j.add("start %s", name)
		ready()
		<-ctx.Done()
		j.add("stop %s", name)
		return nil
	}}
}

func supervisor(components ...Component) *Supervisor {
	return &Supervisor{Components: components, Logger: slog.New(slog.DiscardHandler), Random: func() float64 { return 0 }}
}

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		slow := Component{"slow", func(ctx context.Context, ready func()) error {
			if !sleep(ctx, time.Minute) {
				return ctx.Err()
			}
			j.add("start slow")
			ready()
			<-ctx.Done()
			sleep(context.Background(), 10*time.Second) // the work under way
			j.add("stop slow")
			return ctx.Err()
		}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Minute, cancel)
		began := time.Now()
		if err := supervisor(part(&j, "a"), slow, part(&j, "b")).Run(ctx); err != nil {
			t.Error(err)
		}
		j.check(t, "start a", "start slow", "start b", "stop b", "stop slow", "stop a")
		if d := time.Since(began); d != 2*time.Minute+10*time.Second {
			t.Errorf("it took %s", d)
		}
	})
}

// A stop while a component is not ready yet keeps the next from being started.
func TestStopWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		never := Component{"never", func(ctx context.Context, _ func()) error {
			<-ctx.Done()
			j.add("stop never")
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := supervisor(part(&j, "a"), never, part(&j, "b")).Run(ctx); err != nil {
			t.Error(err)
		}
		j.check(t, "start a", "stop never", "stop a")
	})
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		began := time.Now()
		runs := 0
		weak := Component{"weak", func(_ context.Context, ready func()) error {
			runs++
			j.add("%s run %d", time.Since(began), runs)
			if runs < 5 {
				return errors.New("no luck")
			}
			if runs == 5 {
				ready()
				sleep(context.Background(), 5*time.Minute)
				return errors.New("lost it")
			}
			if runs == 6 {
				panic("a mistake")
			}
			return nil
		}}
		s := supervisor(weak, part(&j, "after"))
		s.MostWait = 4 * time.Second
		var events []string
		s.Watch = func(e Event) {
			if e.Component == "weak" && e.State != Starting {
				text, _, _ := strings.Cut(fmt.Sprint(e.Err), "\n")
				events = append(events, fmt.Sprintf("%s %d %v %s", e.State, e.Restarts, text, e.Retry.Sub(e.At).Round(time.Millisecond)*btoi(!e.Retry.IsZero())))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
		j.check(t, "0s run 1", "500ms run 2", "1.5s run 3", "3.5s run 4", "5.5s run 5", "start after", "5m6s run 6", "5m7s run 7", "stop after")
		want := []string{
			"failed 0 no luck 500ms", "failed 1 no luck 1s", "failed 2 no luck 2s", "failed 3 no luck 2s", "ready 4 <nil> 0s",
			"failed 4 lost it 500ms", "failed 5 unexpected failure (please report it): a mistake 1s", "stopped 6 <nil> 0s",
		}
		if d := cmp.Diff(want, events); d != "" {
			t.Error(d)
		}
	})
}

func btoi(b bool) time.Duration {
	if b {
		return 1
	}
	return 0
}

func TestPermanent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		reason := errors.New("port 3300 is taken")
		for name, c := range map[string]Component{
			"at once": {"api", func(context.Context, func()) error { return Permanent(reason) }},
			"later": {"api", func(_ context.Context, ready func()) error {
				ready()
				sleep(context.Background(), time.Minute)
				return fmt.Errorf("listen: %w", Permanent(reason))
			}},
		} {
			j.lines = nil
			err := supervisor(part(&j, "a"), c).Run(t.Context())
			if !errors.Is(err, reason) || !IsPermanent(err) || !strings.HasPrefix(err.Error(), "api: ") {
				t.Errorf("%s: %v", name, err)
			}
			j.check(t, "start a", "stop a")
		}
	})
}

func TestSlowStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		release := make(chan struct{})
		stuck := Component{"stuck", func(_ context.Context, ready func()) error {
			ready()
			<-release
			return nil
		}}
		s := supervisor(part(&j, "a"), stuck, part(&j, "b"))
		s.StopTimeout = 20 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err := s.Run(ctx)
		var slow *SlowStopError
		if !errors.As(err, &slow) || len(slow.Components) != 1 || slow.Components[0] != "stuck" || time.Since(began) != 80*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		close(release)
		synctest.Wait()
		j.check(t, "start a", "start b", "stop b", "stop a")
	})
}
