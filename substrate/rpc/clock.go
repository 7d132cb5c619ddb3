package rpc

import (
	"context"
	"time"
)

// Clock is the source of time: the system's by default, a manual one in tests and simulations.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once after d, on any goroutine. stop prevents a call that has not started and reports
	// whether it did.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (SystemClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// sleepUntil waits until the clock shows a time, or until ctx ends.
func sleepUntil(ctx context.Context, clock Clock, until time.Time) error {
	woken := make(chan struct{})
	stop := clock.AfterFunc(until.Sub(clock.Now()), func() { close(woken) })
	defer stop()
	if !clock.Now().Before(until) { // the clock may have been advanced before the timer was set
		return ctx.Err()
	}
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withTimeout is context.WithTimeoutCause on an injected clock. A d of zero or less sets no limit.
func withTimeout(ctx context.Context, clock Clock, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() bool { return true }
	if d > 0 {
		stop = clock.AfterFunc(d, func() { cancel(cause) })
	}
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}
