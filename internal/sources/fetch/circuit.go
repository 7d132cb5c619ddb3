package fetch

import (
	"errors"
	"time"
)

// This is our own circuit breaker: the libraries for it read the clock of the machine, so that no test can hold them,
// and cannot be told how long the source itself asks to be left alone. See docs/decisions/010-outside-sources.md.

// admit asks whether a request may be made now. The first one after an open circuit is a probe: while it is under
// way, no other is made.
func (c *Client) admit() (probe bool, retry time.Time, err error) {
	now := c.o.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.state
	if now.Before(s.Retry) {
		return false, s.Retry, errors.New("it is not asked, because it " + c.trouble())
	}
	if s.Retry.IsZero() {
		return false, time.Time{}, nil
	}
	if c.probing {
		return false, s.Retry, errors.New("it is not asked, because another request is finding out whether it is back")
	}
	c.probing = true
	return true, time.Time{}, nil
}

// trouble says why the circuit is open. The caller holds the lock.
func (c *Client) trouble() string {
	if KindOf(c.state.Last) == Limited {
		return "asked for fewer requests"
	}
	return "has just failed several times"
}

// release gives a probe back that came to no answer because its caller gave up.
func (c *Client) release(probe bool) {
	if probe {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.probing = false
	}
}

// settle takes note of an outcome and returns the moment before which the source is not asked again.
func (c *Client) settle(probe bool, outcome Kind, err error, asked, begin time.Time) (retry time.Time) {
	now := c.o.Clock.Now()
	if c.o.Observe != nil {
		c.o.Observe(outcome, now.Sub(begin))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if probe {
		c.probing = false
	}
	s := &c.state
	s.Tried = now
	s.Requests++
	s.Last = err
	if outcome == OK || outcome == NotFound { // that it knows nothing is an answer
		s.Good, s.Failures, s.Retry, s.Last = now, 0, time.Time{}, nil
		return time.Time{}
	}
	s.Failures++
	switch {
	case outcome == Limited:
		s.Retry = later(now, asked, c.o.MaxOpenFor)
	case s.Failures >= c.o.Trip:
		open := c.o.OpenFor
		for i := c.o.Trip; i < s.Failures && open < c.o.MaxOpenFor; i++ {
			open *= 2
		}
		open = min(open, c.o.MaxOpenFor)
		s.Retry = now.Add(open + time.Duration(c.o.Jitter()*float64(open)/10))
	}
	return s.Retry
}

// later is the moment a source asked for, but not in the past, and not further away than most.
func later(now, asked time.Time, most time.Duration) time.Time {
	if asked.Before(now) {
		return now
	}
	if limit := now.Add(most); asked.After(limit) {
		return limit
	}
	return asked
}
