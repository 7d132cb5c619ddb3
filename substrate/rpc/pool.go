package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Config describes a pool.
type Config struct {
	// Endpoints are ws:// or wss:// addresses of nodes of one chain; the first are preferred.
	Endpoints []string
	Options
	// Admit is run on every new connection before anything else is asked over it. A [RefusedError] takes the endpoint
	// out of the pool for good, unless it was admitted before; any other error counts as a failed dial. Nodes do not
	// change their chain, but what stands before them may lead to a wrong one for a while.
	Admit func(ctx context.Context, conn *Conn) error
	// Backoff is the wait after failures: 500 ms doubled up to 60 s.
	Backoff Backoff
	// RateBackoff is the wait after rate-limit answers: 2 s doubled up to 120 s.
	RateBackoff Backoff
	// Attempts is how often a call is tried over all endpoints before it fails: 3 and one for each endpoint.
	// Waiting for a rate limit counts a third.
	Attempts int
	Random   func() float64 // in [0, 1); for jitter
	Logger   *slog.Logger
}

// Pool asks several endpoints of one chain as if they were one. It connects when first asked.
type Pool struct {
	cfg       Config
	log       *slog.Logger
	transport *http.Transport
	endpoints []*endpoint

	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // guards closed and the start of goroutines
	closed bool
	wg     sync.WaitGroup

	sizers sizers
}

// NewPool checks the configuration; it does not connect.
func NewPool(cfg Config) (*Pool, error) {
	if len(cfg.Endpoints) == 0 {
		return nil, errors.New("no endpoint is given; name at least one ws:// or wss:// address")
	}
	cfg.Options = cfg.withDefaults()
	setDefault(&cfg.Backoff, Backoff{Base: 500 * time.Millisecond, Max: time.Minute})
	setDefault(&cfg.RateBackoff, Backoff{Base: 2 * time.Second, Max: 2 * time.Minute})
	setDefault(&cfg.Attempts, 3+len(cfg.Endpoints))
	if cfg.Random == nil {
		cfg.Random = systemRandom
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Pool{cfg: cfg, log: cfg.Logger, transport: newTransport(cfg.Options)}
	seen := map[string]bool{}
	for _, address := range cfg.Endpoints {
		name, err := ParseEndpoint(address)
		if err != nil {
			return nil, err
		}
		if seen[address] {
			return nil, fmt.Errorf("the endpoint %s is given twice", name)
		}
		seen[address] = true
		p.endpoints = append(p.endpoints, &endpoint{pool: p, address: address, name: name})
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// begin counts a goroutine in, unless the pool is closed.
func (p *Pool) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Add(1)
	}
	return !p.closed
}

// Close ends all connections and waits for their goroutines. Waiting calls fail with [ErrClosed].
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.wg.Wait()
	for _, e := range p.endpoints {
		e.mu.Lock()
		conn := e.conn
		e.conn = nil
		e.mu.Unlock()
		if conn != nil {
			conn.Close()
		}
	}
	p.transport.CloseIdleConnections()
}

// Health lists the endpoints in the order of the configuration.
func (p *Pool) Health() []Health {
	all := make([]Health, len(p.endpoints))
	for i, e := range p.endpoints {
		all[i] = e.health()
	}
	return all
}

// Probe connects to every endpoint that is not connected, whatever its cool-down, and returns their health.
func (p *Pool) Probe(ctx context.Context) []Health {
	var wg sync.WaitGroup
	for _, e := range p.endpoints {
		if e.standing().refused == nil {
			wg.Go(func() { _, _ = p.connect(ctx, e, true) }) // the outcome is in the health
		}
	}
	wg.Wait()
	return p.Health()
}

// choose picks the endpoint to ask next: the one that has failed the call least often, of those the preferred one if it is
// fit, else a connected one, else the one with the fewest failures. What an endpoint does to others says little: one that
// answers small questions well may fail at this one for ever. When all of them rest it returns when the first is fit
// again; the zero time means that none is left.
func (p *Pool) choose(prefer *endpoint, failed map[*endpoint]int, excluded map[*endpoint]error) (*endpoint, time.Time) {
	now := p.cfg.Clock.Now()
	var best *endpoint
	var bestState choice
	var soonest time.Time
	for _, e := range p.endpoints {
		if excluded[e] != nil {
			continue
		}
		s := e.standing()
		if s.refused != nil {
			continue
		}
		if now.Before(s.coolUntil) {
			if soonest.IsZero() || s.coolUntil.Before(soonest) {
				soonest = s.coolUntil
			}
			continue
		}
		if c := (choice{failed[e], e == prefer, s}); best == nil || c.before(bestState) {
			best, bestState = e, c
		}
	}
	return best, soonest
}

// choice is what an endpoint is chosen by.
type choice struct {
	failed    int // how often it has failed the call
	preferred bool
	standing
}

func (c choice) before(o choice) bool {
	switch {
	case c.failed != o.failed:
		return c.failed < o.failed
	case c.preferred != o.preferred:
		return c.preferred
	case c.connected != o.connected:
		return c.connected
	default:
		return c.failures < o.failures
	}
}
