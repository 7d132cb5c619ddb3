package rpc

import (
	"context"
	"errors"
	"sync"
	"time"
)

// endpoint is one node of a pool with its connection, if any, and its record.
type endpoint struct {
	pool    *Pool
	address string
	name    string

	mu        sync.Mutex
	conn      *Conn    // the connection in use, nil when there is none
	last      *Conn    // the latest connection, kept when it is gone
	blamed    *Conn    // the connection whose end has been counted
	dialing   *dialing // a dial under way
	failures  int      // in a row
	lastErr   error
	lastErrAt time.Time
	coolUntil time.Time
	refused   error
	latency   time.Duration // moving average
}

// dialing is a dial that its callers share.
type dialing struct {
	done chan struct{}
	conn *Conn
	err  error
}

// Health is the record of an endpoint.
type Health struct {
	Endpoint    string // without credentials
	Connected   bool
	Failures    int // consecutive; 0 when healthy
	LastError   error
	LastErrorAt time.Time
	// CoolUntil is the time before which the endpoint is not asked; zero or past when it may be.
	CoolUntil time.Time
	// Refused is why the endpoint will never be used, such as being of another chain.
	Refused error
	// Latency is a moving average over its answers; 0 before the first.
	Latency time.Duration
}

func (e *endpoint) health() Health {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Health{
		Endpoint: e.name, Connected: e.alive() != nil, Failures: e.failures, LastError: e.lastErr,
		LastErrorAt: e.lastErrAt, CoolUntil: e.coolUntil, Refused: e.refused, Latency: e.latency,
	}
}

// alive returns the connection if it lives. That it broke under calls is counted here at the latest, before anybody can
// dial again: otherwise a node that accepts and breaks connections would be dialled without rest. Nodes also close
// connections that are not used, which is no failure. e.mu is held.
func (e *endpoint) alive() *Conn {
	if e.conn == nil {
		return nil
	}
	if err, busy := e.conn.ended(); err != nil {
		conn := e.conn
		e.conn = nil
		if busy {
			e.count(conn, err)
		}
	}
	return e.conn
}

// standing is what choosing an endpoint depends on.
type standing struct {
	connected bool
	failures  int
	coolUntil time.Time
	refused   error
}

func (e *endpoint) standing() standing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return standing{e.alive() != nil, e.failures, e.coolUntil, e.refused}
}

// succeeded notes an answer.
func (e *endpoint) succeeded(took time.Duration) (recovered bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	recovered = e.failures > 0
	e.failures = 0
	e.coolUntil = time.Time{}
	if e.latency == 0 {
		e.latency = took
	} else {
		e.latency += (took - e.latency) / 8
	}
	return recovered
}

// failed notes a failure of a connection, or of a dial when conn is nil.
func (e *endpoint) failed(conn *Conn, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count(conn, err)
}

// count puts the endpoint to rest for a while. Many calls fail together when a connection breaks or a limit is hit; only
// the first of them counts, otherwise the back-off would explode. e.mu is held.
func (e *endpoint) count(conn *Conn, err error) {
	cfg := &e.pool.cfg
	now := cfg.Clock.Now()
	if now.Before(e.coolUntil) || conn != nil && (conn != e.last || conn == e.blamed) {
		return
	}
	if conn != nil && conn.Err() != nil {
		e.blamed = conn
	}
	backoff := cfg.Backoff
	if IsRateLimited(err) {
		backoff = cfg.RateBackoff
	}
	e.failures++
	d := backoff.Delay(e.failures, cfg.Random)
	var h *HandshakeError
	if errors.As(err, &h) {
		d = max(d, h.RetryAfter)
	}
	e.lastErr, e.lastErrAt, e.coolUntil = err, now, now.Add(d)
	// It may cost nothing but time; a call that does fail returns the error.
	e.pool.log.Info("endpoint failed", "endpoint", e.name, "error", err, "rest", d.Round(time.Millisecond))
}

// broke notes that a connection is of no use any more, and takes it out of use, in one step: whoever finds none dials, and
// has to know by then that the endpoint is at rest.
func (e *endpoint) broke(conn *Conn, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count(conn, err)
	if conn == e.last {
		e.blamed = conn // what its other calls say of it is known
	}
	if e.conn == conn {
		e.conn = nil
	}
}

// errResting means that a connection was found broken after its endpoint had been chosen: choose again.
var errResting = errors.New("the endpoint has to rest")

// connect returns the live connection, or dials. All callers that wait share one dial, which does not end with any one
// caller's context but with its own timeout. An endpoint at rest is not dialled unless forced.
func (p *Pool) connect(ctx context.Context, e *endpoint, force bool) (*Conn, error) {
	e.mu.Lock()
	if conn := e.alive(); conn != nil {
		e.mu.Unlock()
		return conn, nil
	}
	d := e.dialing
	if d == nil {
		if !force && p.cfg.Clock.Now().Before(e.coolUntil) {
			e.mu.Unlock()
			return nil, errResting
		}
		if !p.begin() {
			e.mu.Unlock()
			return nil, ErrClosed
		}
		d = &dialing{done: make(chan struct{})}
		e.dialing = d
		go func() {
			defer p.wg.Done()
			p.dial(e, d)
		}()
	}
	e.mu.Unlock()
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dial opens a connection, lets it be admitted, and publishes the outcome.
func (p *Pool) dial(e *endpoint, d *dialing) {
	ctx, cancel := withTimeout(p.ctx, p.cfg.Clock, p.cfg.DialTimeout, &TimeoutError{After: p.cfg.DialTimeout})
	defer cancel()
	conn, err := dialConn(ctx, e.address, p.cfg.Options, p.transport)
	if err == nil && p.cfg.Admit != nil {
		if err = p.cfg.Admit(ctx, conn); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			conn.Close()
			conn = nil
		}
	}
	var refused *RefusedError
	e.mu.Lock()
	if errors.As(err, &refused) {
		if e.last != nil { // it was admitted before
			err, refused = refused.Err, nil
		} else {
			e.refused = refused.Err
		}
	}
	closed := p.ctx.Err() != nil
	if conn != nil && closed {
		err = ErrClosed
	} else {
		e.conn = conn
		if conn != nil {
			e.last = conn
		}
	}
	e.dialing = nil
	d.conn, d.err = conn, err
	if err != nil {
		d.conn = nil
	}
	e.mu.Unlock()
	if conn != nil && closed {
		conn.Close()
	}
	switch {
	case refused != nil:
		p.log.Warn("endpoint refused", "endpoint", e.name, "error", refused)
	case err != nil && !closed:
		e.failed(nil, err)
	case err == nil:
		p.log.Debug("endpoint connected", "endpoint", e.name)
	}
	close(d.done)
}
