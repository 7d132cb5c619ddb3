package substratetest

import (
	"context"
	"sync"
	"time"
)

// Clock is a clock that stands still until it is advanced. It fits substrate/rpc.Clock.
type Clock struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever a timer is set
	now     time.Time
	timers  []*timer
}

type timer struct {
	at time.Time
	d  time.Duration
	f  func()
}

// NewClock makes a clock that stands at the given time.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now, changed: make(chan struct{})}
}

// Now is the time the clock stands at.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc calls f when the clock has been advanced by d.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), d: d, f: f}
	c.timers = append(c.timers, t)
	close(c.changed)
	c.changed = make(chan struct{})
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.take(t)
	}
}

// take removes a timer. c.mu is held.
func (c *Clock) take(t *timer) bool {
	for i, other := range c.timers {
		if other == t {
			c.timers = append(c.timers[:i], c.timers[i+1:]...)
			return true
		}
	}
	return false
}

// Advance moves the clock on and calls what is due, in the order of time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	end := c.now.Add(d)
	for {
		var next *timer
		for _, t := range c.timers {
			if !t.at.After(end) && (next == nil || t.at.Before(next.at)) {
				next = t
			}
		}
		if next == nil {
			break
		}
		c.take(next)
		if next.at.After(c.now) {
			c.now = next.at
		}
		c.mu.Unlock()
		next.f()
		c.mu.Lock()
	}
	if end.After(c.now) { // another one may have advanced it further meanwhile
		c.now = end
	}
	c.mu.Unlock()
}

// WaitTimer waits until a timer of exactly the duration d is set, which says that somebody has begun to wait that long.
func (c *Clock) WaitTimer(ctx context.Context, d time.Duration) error {
	return c.WaitAny(ctx, func(set time.Duration) bool { return set == d })
}

// WaitAny waits until a timer is set whose duration is as wanted.
func (c *Clock) WaitAny(ctx context.Context, wanted func(time.Duration) bool) error {
	for {
		c.mu.Lock()
		for _, t := range c.timers {
			if wanted(t.d) {
				c.mu.Unlock()
				return nil
			}
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
