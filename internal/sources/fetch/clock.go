package fetch

import (
	"context"
	"time"
)

// Clock tells the time and calls back. Tests hold it still.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f once in d from now, in a goroutine of its own, unless it is stopped before.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now is the present moment.
func (SystemClock) Now() time.Time { return time.Now() }

// AfterFunc starts a timer.
func (SystemClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// wait returns after d, or with the cause when ctx ends before.
func wait(ctx context.Context, c Clock, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	done := make(chan struct{})
	stop := c.AfterFunc(d, func() { close(done) })
	defer stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
