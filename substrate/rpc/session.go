package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Request is one call through a pool.
type Request struct {
	Method string
	Params []any
	Result any // decoded into unless nil
	// Check looks at the decoded result; an error means that the node answered garbage, and another one is asked.
	Check func() error
	// Once forbids asking again after the request may have reached a node. For submissions.
	Once bool
	// Splittable returns timeouts and oversized answers to the caller at once, who will ask for less.
	Splittable bool
}

// Session is a sequence of calls that should see one node. It stays on one connection while that lives. Before it uses
// any other connection it verifies that the node there can answer.
type Session struct {
	pool   *Pool
	verify func(ctx context.Context, conn *Conn) error

	mu sync.Mutex
	on *Conn // verified
	at *endpoint
}

// Session starts a session. verify, which may be nil, is run on each connection before the session uses it; it returns an
// [UnknownBlockError] when the node there cannot serve the session.
func (p *Pool) Session(verify func(ctx context.Context, conn *Conn) error) *Session {
	return &Session{pool: p, verify: verify}
}

// Call asks any endpoint.
func (p *Pool) Call(ctx context.Context, result any, method string, params ...any) error {
	return p.Session(nil).Do(ctx, Request{Method: method, Params: params, Result: result})
}

// Do asks any endpoint.
func (p *Pool) Do(ctx context.Context, r Request) error { return p.Session(nil).Do(ctx, r) }

// Subscribe subscribes at any endpoint.
func (p *Pool) Subscribe(ctx context.Context, method, unsubscribe string, params ...any) (*Subscription, error) {
	return p.Session(nil).Subscribe(ctx, method, unsubscribe, params...)
}

// Call asks and decodes the answer into result unless that is nil.
func (s *Session) Call(ctx context.Context, result any, method string, params ...any) error {
	return s.Do(ctx, Request{Method: method, Params: params, Result: result})
}

// Do makes one call, as often and at as many endpoints as it takes. Errors are [*CallError].
func (s *Session) Do(ctx context.Context, r Request) error {
	return s.try(ctx, r.asked, r.Once, r.Splittable, func(ctx context.Context, conn *Conn) error {
		if err := conn.Call(ctx, r.Result, r.Method, r.Params...); err != nil {
			return err
		}
		if r.Check != nil {
			return r.Check()
		}
		return nil
	})
}

// Batch makes calls as one JSON-RPC batch. Errors of single calls are in the elements, except those that another endpoint
// or a smaller batch may cure.
func (s *Session) Batch(ctx context.Context, elems []BatchElem, splittable bool) error {
	asked := func() string {
		if len(elems) == 0 {
			return "an empty batch"
		}
		return fmt.Sprintf("batch of %d calls of %s", len(elems), elems[0].Method)
	}
	return s.try(ctx, asked, false, splittable, func(ctx context.Context, conn *Conn) error {
		for i := range elems {
			elems[i].Err = nil
		}
		if err := conn.Batch(ctx, elems); err != nil {
			return err
		}
		for i := range elems {
			if err := elems[i].Err; err != nil && kindOf(err) != kindAnswer {
				return err
			}
		}
		return nil
	})
}

// Subscribe starts a subscription and puts the session on its connection.
func (s *Session) Subscribe(ctx context.Context, method, unsubscribe string, params ...any) (*Subscription, error) {
	var sub *Subscription
	r := Request{Method: method, Params: params}
	err := s.try(ctx, r.asked, false, false, func(ctx context.Context, conn *Conn) (err error) {
		sub, err = conn.Subscribe(ctx, method, unsubscribe, params...)
		return err
	})
	return sub, err
}

// Endpoint names the endpoint the session is on, without credentials; empty before the first call.
func (s *Session) Endpoint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		return ""
	}
	return s.at.name
}

// asked is the request in a few words, for error texts.
func (r *Request) asked() string {
	parts := make([]string, len(r.Params))
	for i, p := range r.Params {
		parts[i] = shorten(fmt.Sprint(p), 80)
	}
	return r.Method + "(" + shorten(strings.Join(parts, ", "), 200) + ")"
}

// kind is what an error means for the next step.
type kind int

const (
	kindAnswer  kind = iota // the node's word; asking elsewhere gives the same
	kindRate                // slow down, ask elsewhere
	kindPruned              // another node may have it
	kindTooBig              // ask for less
	kindTimeout             // not answered, connection alive
	kindBroken              // the connection or the node is
)

func kindOf(err error) kind {
	var answered *Error
	var unknown *UnknownBlockError
	var timeout *TimeoutError
	var conn *ConnError
	var garbage *GarbageError
	switch {
	case IsRateLimited(err):
		return kindRate
	case IsTooBig(err):
		return kindTooBig
	case IsPruned(err), errors.As(err, &unknown):
		return kindPruned
	case errors.As(err, &answered):
		return kindAnswer
	case errors.As(err, &conn), errors.As(err, &garbage):
		return kindBroken
	case errors.As(err, &timeout):
		return kindTimeout
	case errors.Is(err, ErrClosed):
		return kindBroken // closed under our hands; a pool that is itself closed is noticed before asking again
	}
	return kindAnswer // parameters that cannot be encoded and the like
}

// try runs op on one connection after the other until it succeeds, or asking again makes no sense.
func (s *Session) try(ctx context.Context, asked func() string, once, splittable bool, op func(context.Context, *Conn) error) error {
	p := s.pool
	failure := &CallError{}
	fail := func(err error) error {
		failure.Asked, failure.Err = asked(), err
		return failure
	}
	excluded, failed := map[*endpoint]error{}, map[*endpoint]int{}
	for budget := 3 * p.cfg.Attempts; budget > 0; {
		if p.ctx.Err() != nil {
			return fail(ErrClosed)
		}
		if ctx.Err() != nil {
			return fail(context.Cause(ctx))
		}
		e, until := p.choose(s.preferred(), failed, excluded)
		if e == nil {
			if until.IsZero() { // none is left
				break
			}
			if err := p.rest(ctx, until); err != nil {
				return fail(err)
			}
			continue
		}
		start := p.cfg.Clock.Now()
		conn, err := s.connection(ctx, e)
		ran := err == nil
		if ran {
			err = op(ctx, conn)
		}
		if err == nil {
			if e.succeeded(p.cfg.Clock.Now().Sub(start)) {
				p.log.Info("endpoint recovered", "endpoint", e.name)
			}
			return nil
		}
		if errors.Is(err, errResting) {
			continue
		}
		failure.add(e.name, err)
		failed[e]++
		if ctx.Err() != nil {
			return fail(context.Cause(ctx))
		}
		budget -= 3
		if conn == nil {
			continue // a failed dial: noted by the dial, once for all who waited for it
		}
		switch kindOf(err) {
		case kindAnswer:
			return fail(nil)
		case kindTooBig:
			if splittable || isAnswer(err) {
				return fail(nil)
			}
			e.failed(conn, err)
		case kindPruned:
			excluded[e] = err
			s.leave(e)
		case kindRate:
			budget += 2
			e.failed(conn, err)
		case kindTimeout:
			e.failed(conn, err)
		case kindBroken:
			e.broke(conn, err)
			conn.closeFor(err)
		}
		if once && ran || splittable && IsTimeout(err) {
			return fail(nil)
		}
	}
	p.addRefused(failure)
	return fail(nil)
}

func (s *Session) preferred() *endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// isAnswer tells an error answered by the node from one of the connection.
func isAnswer(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// rest waits until an endpoint may be asked again, or the pool is closed.
func (p *Pool) rest(ctx context.Context, until time.Time) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(p.ctx, func() { cancel(ErrClosed) })
	defer stop()
	if sleepUntil(ctx, p.cfg.Clock, until) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// connection returns a connection of the endpoint that the session has verified. With an error it returns the connection
// that failed verification, or nil when there is none.
func (s *Session) connection(ctx context.Context, e *endpoint) (*Conn, error) {
	conn, err := s.pool.connect(ctx, e, false)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	verified := s.on == conn
	s.mu.Unlock()
	if !verified && s.verify != nil {
		if err := s.verify(ctx, conn); err != nil {
			return conn, err
		}
	}
	s.mu.Lock()
	s.on, s.at = conn, e
	s.mu.Unlock()
	return conn, nil
}

// leave makes the session forget an endpoint that cannot serve it.
func (s *Session) leave(e *endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == e {
		s.on, s.at = nil, nil
	}
}

// add notes an attempt; of several at one endpoint the last one counts.
func (e *CallError) add(endpoint string, err error) {
	for i := range e.Tried {
		if e.Tried[i].Endpoint == endpoint {
			e.Tried = append(e.Tried[:i], e.Tried[i+1:]...)
			break
		}
	}
	e.Tried = append(e.Tried, Attempt{endpoint, err})
}

// addRefused lists, first, the endpoints that were not asked because they had been refused earlier.
func (p *Pool) addRefused(failure *CallError) {
	tried := map[string]bool{}
	for _, a := range failure.Tried {
		tried[a.Endpoint] = true
	}
	for _, e := range p.endpoints {
		if err := e.standing().refused; err != nil && !tried[e.name] {
			failure.Tried = append([]Attempt{{e.name, err}}, failure.Tried...)
		}
	}
}
