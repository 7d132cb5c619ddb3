package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/substrate"
)

// lookEvery is how often the connections to the chains are looked at, for health and metrics. No node is asked.
const lookEvery = 2 * time.Second

// The waits between attempts to connect, while no node of a chain answers.
const (
	firstConnectWait = time.Second
	mostConnectWait  = time.Minute
)

// chainsHandle are the connected chains, for components that can wait for them.
type chainsHandle struct {
	mu     sync.Mutex
	chains *chain.Chains
	up     chan struct{} // closed when they are connected for the first time
	links  map[string]linkState
}

// linkState is since when a chain is connected, and to which node.
type linkState struct {
	endpoint string
	since    time.Time
}

func (h *chainsHandle) init() {
	h.up, h.links = make(chan struct{}), map[string]linkState{}
}

func (h *chainsHandle) set(c *chain.Chains) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.chains = c
	if c != nil {
		select {
		case <-h.up:
		default:
			close(h.up)
		}
	}
}

// get waits until the chains are connected for the first time. What is asked of them later fails, and is to be tried
// again, while no node answers.
func (h *chainsHandle) get(ctx context.Context) (*chain.Chains, error) {
	select {
	case <-h.up:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.chains == nil {
		return nil, errors.New("the chains are not connected any more")
	}
	return h.chains, nil
}

// connection is what /healthcheck tells: how the relay, or only, chain is connected.
func (h *chainsHandle) connection() health.Connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	l, ok := h.links["relay"]
	return health.Connection{Connected: ok, Endpoint: l.endpoint, Since: l.since}
}

// chainPart is the name of a chain on the health board.
func chainPart(name string) string { return "chain " + name }

// runChains connects to the chains in the background and watches the connections, which mend themselves.
func (p *process) runChains(ctx context.Context, ready func()) error {
	for name, endpoints := range map[string][]string{"relay": p.cfg.Chains.Relay, "asset-hub": p.cfg.Chains.AssetHub, "people": p.cfg.Chains.People} {
		if len(endpoints) > 0 {
			p.board.Add(chainPart(name), false)
			p.metrics.Chain(name, false)
		}
	}
	ready()
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	p.chains.set(c)
	defer func() {
		p.chains.set(nil)
		c.Close()
	}()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		p.look(c)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// connect tries until the chains are there. That they are of another network than configured ends the process.
func (p *process) connect(ctx context.Context) (*chain.Chains, error) {
	last := ""
	for wait := firstConnectWait; ; wait = min(2*wait, mostConnectWait) {
		c, err := chain.Open(ctx, chain.Config{
			Relay: p.cfg.Chains.Relay, AssetHub: p.cfg.Chains.AssetHub, People: p.cfg.Chains.People,
			Network: p.cfg.Network.Name, Genesis: p.cfg.Network.Genesis,
			Decimals: p.cfg.Network.Decimals, Symbol: p.cfg.Network.Symbol, Logger: p.log.With("component", "chain"),
		})
		var wrong *substrate.WrongChainError
		switch {
		case err == nil:
			return c, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &wrong):
			return nil, lifecycle.Permanent(input(err))
		}
		p.board.Set(chainPart("relay"), health.Down, err.Error())
		if text := err.Error(); text != last { // the same words once are enough
			p.log.Error("the chains are not connected; it is tried until they are", "error", err)
			last = text
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// look puts the state of the connections on the board.
func (p *process) look(c *chain.Chains) {
	for _, k := range c.Links() {
		state, text := health.OK, k.Endpoint
		switch {
		case k.Connected:
			for _, n := range k.Nodes {
				if n.Refused != nil {
					state, text = health.Degraded, fmt.Sprintf("%s; not used: %s: %v", k.Endpoint, n.Endpoint, n.Refused)
				}
			}
		case k.Nodes == nil:
			state, text = health.Starting, "not needed yet"
		case k.Trouble() == "":
			// A node may end a connection that is not used; the next request makes a new one.
			state, text = health.OK, "idle"
		default:
			state, text = health.Down, k.Trouble()
		}
		p.board.Set(chainPart(k.Name), state, text)
		p.metrics.Chain(k.Name, k.Connected)
		p.chains.note(k, p.Now())
	}
}

// note remembers since when a chain is connected.
func (h *chainsHandle) note(k chain.Link, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch old, was := h.links[k.Name]; {
	case !k.Connected:
		delete(h.links, k.Name)
	case !was || old.endpoint != k.Endpoint:
		h.links[k.Name] = linkState{k.Endpoint, now}
	}
}
