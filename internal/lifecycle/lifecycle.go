// Package lifecycle starts the components of a process in order, keeps them running, and stops them in reverse order
// within a bound.
//
// A component that ends with an error is started again after a wait that doubles; the others go on meanwhile. An
// error marked with [Permanent] ends the process, because trying again would not help: a port that is taken, a
// database that cannot be read, a configuration that contradicts the chain.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Component is a part of the process that works until it is told to stop.
type Component struct {
	Name string
	// Run works until ctx ends, finishes what it has begun, and returns. It calls ready, once or more often, as soon as
	// the components after it can rely on it; what merely waits for something outside is ready at once. An error
	// before ctx ends has it started again, unless it is permanent. Without an error it is done and stays so.
	Run func(ctx context.Context, ready func()) error
}

// Supervisor runs components. Components and Logger are required; zero values of the others mean the defaults.
type Supervisor struct {
	Components []Component // in the order of their start
	// StopTimeout bounds the stop of all components together; 30 s.
	StopTimeout time.Duration
	// FirstWait is the wait before the first new start; it doubles up to MostWait. A component that ran for
	// LongRun starts again with FirstWait. Defaults: 1 s, 1 min, 5 min.
	FirstWait, MostWait, LongRun time.Duration
	// Random spreads the waits so that components do not come back all at once: a number in [0, 1).
	Random func() float64
	Now    func() time.Time
	Logger *slog.Logger
	// Watch is told of every change, from several goroutines.
	Watch func(Event)
}

// State is what a component is doing.
type State string

// The states of a component.
const (
	Starting State = "starting"
	Ready    State = "ready"
	Failed   State = "failed" // it ended with an error; see [Event.Retry]
	Stopping State = "stopping"
	Stopped  State = "stopped"
)

// Event is a change of a component.
type Event struct {
	Component string
	State     State
	At        time.Time
	// Err is why it failed; Retry is when it is started again, zero when it is not.
	Err   error
	Retry time.Time
	// Restarts counts the new starts so far.
	Restarts int
}

// permanentError is an error that a new start would not mend.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks an error that ends the process. Nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether an error was marked with [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

// SlowStopError says which components were still busy when the time for stopping was over.
type SlowStopError struct {
	Timeout    time.Duration
	Components []string
}

func (e *SlowStopError) Error() string {
	return fmt.Sprintf("not stopped within %s: %s; what they had under way is taken up again by the next start", e.Timeout, strings.Join(e.Components, ", "))
}

func (s *Supervisor) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&s.StopTimeout, 30*time.Second)
	set(&s.FirstWait, time.Second)
	set(&s.MostWait, time.Minute)
	set(&s.LongRun, 5*time.Minute)
	if s.Random == nil {
		s.Random = rand.Float64
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Watch == nil {
		s.Watch = func(Event) {}
	}
}

// running is a component that was started.
type running struct {
	Component
	cancel context.CancelFunc
	ready  chan struct{} // closed when it is ready for the first time
	done   chan struct{} // closed when it has ended for good
}

// Run starts every component once the one before it is ready, and returns when ctx ended, or a component failed
// permanently, and all of them have stopped. The error is the permanent failure, or a [SlowStopError], or both.
func (s *Supervisor) Run(ctx context.Context) error {
	s.defaults()
	// Components outlive ctx: they are cancelled one after another.
	base := context.WithoutCancel(ctx)
	ended := make(chan error, len(s.Components))
	var started []*running
	var failure error
	for _, c := range s.Components {
		r := &running{Component: c, ready: make(chan struct{}), done: make(chan struct{})}
		var own context.Context
		own, r.cancel = context.WithCancel(base)
		started = append(started, r)
		go s.supervise(own, r, ended)
		select {
		case <-r.ready:
		case <-ctx.Done():
		case failure = <-ended:
		}
		if failure != nil || ctx.Err() != nil {
			break
		}
	}
	if failure == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case failure = <-ended:
		}
	}
	return errors.Join(failure, s.stop(started))
}

// grace is what each of the remaining components gets when the time for stopping is over.
const grace = time.Second

// stop ends components in reverse order. When the time is over it waits for none of them any longer than a moment.
func (s *Supervisor) stop(started []*running) error {
	limit := time.NewTimer(s.StopTimeout)
	defer limit.Stop()
	var slow []string
	for _, r := range slices.Backward(started) {
		r.cancel()
		select {
		case <-r.done:
		case <-limit.C:
			slow = append(slow, r.Name)
			limit.Reset(grace)
		}
	}
	if slow != nil {
		return &SlowStopError{Timeout: s.StopTimeout, Components: slow}
	}
	return nil
}

// supervise runs a component until its context ends, it is done, or it failed permanently.
func (s *Supervisor) supervise(ctx context.Context, r *running, ended chan<- error) {
	defer close(r.done)
	var once sync.Once
	wait, restarts := s.FirstWait, 0
	event := func(state State) Event {
		return Event{Component: r.Name, State: state, At: s.Now(), Restarts: restarts}
	}
	stopping := context.AfterFunc(ctx, func() { s.Watch(event(Stopping)) })
	defer stopping()
	for {
		s.Watch(event(Starting))
		began := s.Now()
		err := run(ctx, r.Component, func() {
			once.Do(func() { close(r.ready) })
			if ctx.Err() == nil {
				s.Watch(event(Ready))
			}
		})
		e := event(Stopped)
		if ctx.Err() != nil || err == nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				s.Logger.Warn("stopped with an error", "component", r.Name, "error", err)
			}
			once.Do(func() { close(r.ready) })
			s.Watch(e)
			return
		}
		e.State, e.Err = Failed, err
		if IsPermanent(err) {
			s.Watch(e)
			ended <- fmt.Errorf("%s: %w", r.Name, err)
			return
		}
		if s.Now().Sub(began) >= s.LongRun {
			wait = s.FirstWait
		}
		// Between half and the whole of the wait.
		pause := wait/2 + time.Duration(s.Random()*float64(wait/2))
		e.Retry = e.At.Add(pause)
		s.Watch(e)
		s.Logger.Error("failed; it is started again", "component", r.Name, "error", err, "wait", pause)
		if !sleep(ctx, pause) {
			s.Watch(event(Stopped))
			return
		}
		wait, restarts = min(2*wait, s.MostWait), restarts+1
	}
}

// run runs a component and turns a panic in it into an error: one part's mistake must not end the others in the middle
// of their work.
func run(ctx context.Context, c Component, ready func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unexpected failure (please report it): %v\n%s", p, debug.Stack())
		}
	}()
	return c.Run(ctx, ready)
}

// sleep waits, and reports whether it could to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
