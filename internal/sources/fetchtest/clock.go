// Package fetchtest provides what tests of outside sources need: a clock that moves only when it is told to, and
// servers that are slow, down, rate-limiting, lying or without end.
package fetchtest

import (
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// Clock stands still until it is moved. It is a [fetch.Clock].
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	timers  map[*timer]bool
	auto    func(d time.Duration) bool
	changed chan struct{} // closed and replaced whenever a timer is set
}

var _ fetch.Clock = (*Clock)(nil)

type timer struct {
	set time.Duration
	due time.Time
	f   func()
}

// Start is the first moment of every clock.
var Start = time.Date(2025, 11, 20, 12, 0, 0, 0, time.UTC)

// NewClock returns a clock at [Start].
func NewClock() *Clock {
	return &Clock{now: Start, timers: map[*timer]bool{}, changed: make(chan struct{})}
}

// Now is the clock's moment.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc sets a timer. One of the kind named to Auto is due at once, and the clock moves to its time.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{set: d, due: c.now.Add(d), f: f}
	if c.auto != nil && c.auto(d) {
		c.now = t.due
		go f()
		return func() {}
	}
	c.timers[t] = true
	close(c.changed)
	c.changed = make(chan struct{})
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
	}
}

// Auto says which timers are due as soon as they are set.
func (c *Clock) Auto(due func(d time.Duration) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.auto = due
}

// Advance moves the clock and runs what becomes due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for t := range c.timers {
		if !t.due.After(c.now) {
			delete(c.timers, t)
			go t.f()
		}
	}
}

// Await returns as soon as a timer of exactly the given length is set.
func (c *Clock) Await(t *testing.T, d time.Duration) {
	t.Helper()
	for {
		c.mu.Lock()
		for timer := range c.timers {
			if timer.set == d {
				c.mu.Unlock()
				return
			}
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("no timer of %s was set", d)
		}
	}
}
