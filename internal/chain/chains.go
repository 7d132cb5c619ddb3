package chain

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/thousand-validators/otv/substrate"
)

// Config says which chains to talk to and what is expected of them.
type Config struct {
	// Relay are nodes of the relay chain, or of the only chain.
	Relay []string
	// AssetHub are nodes of the chain with staking; needed once staking has left the relay chain.
	AssetHub []string
	// People are nodes of the chain with identities; when empty, the relay chain's identities count.
	People []string

	// Network is the name of the network expected, for messages; Genesis is the hash (0x hex) of its relay chain's
	// first block, empty when any will do.
	Network, Genesis string
	// Decimals and Symbol of the token, zero when not known: a node that does not state them is believed to have these.
	Decimals int
	Symbol   string
	// Prefixes are the address prefixes that the network may have; empty when any will do.
	Prefixes []uint16

	Logger *slog.Logger // nil: no log
	// Client is the base of every chain's client: time-outs, clock, limits. Endpoints, logger and expected types are filled in.
	Client substrate.Config
}

// The keys of the configuration that messages send people to.
const (
	relayKey    = "global.apiEndpoints"
	assetHubKey = "global.apiAssetHubEndpoints"
	peopleKey   = "global.apiPeopleEndpoints"
)

// Chains are the connections to the chains of one network. Asset Hub and the People chain are connected to when they
// are first needed.
type Chains struct {
	cfg Config
	log *slog.Logger

	relay, assetHub, people *line
}

// line is a connection that is made when it is first needed.
type line struct {
	role, key string
	endpoints []string
	ignored   []string // pallets of which nothing is read there

	mu     sync.Mutex
	client *substrate.Client
}

// Open connects to the relay (or only) chain, makes sure that it is the expected one, and finds out where staking is.
func Open(ctx context.Context, cfg Config) (*Chains, error) {
	c := &Chains{
		cfg: cfg, log: cfg.Logger,
		relay:    &line{role: "relay chain", key: relayKey, endpoints: cfg.Relay, ignored: ignoredOnRelay},
		assetHub: &line{role: "Asset Hub", key: assetHubKey, endpoints: cfg.AssetHub, ignored: ignoredOnAssetHub},
		people:   &line{role: "People chain", key: peopleKey, endpoints: cfg.People, ignored: ignoredOnPeople},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if _, err := c.locate(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends all connections.
func (c *Chains) Close() {
	for _, l := range []*line{c.relay, c.assetHub, c.people} {
		l.mu.Lock()
		if l.client != nil {
			l.client.Close()
			l.client = nil
		}
		l.mu.Unlock()
	}
}

// connect returns the client of a line, connected. The error says which chain failed.
func (c *Chains) connect(ctx context.Context, l *line) (*substrate.Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		return l.client, nil
	}
	if len(l.endpoints) == 0 {
		return nil, unsuitable("no endpoint of the %s is configured: set %s", l.role, l.key)
	}
	expected, err := expectations(l.ignored)
	if err != nil {
		return nil, err
	}
	cfg := c.cfg.Client
	cfg.Expect = expected
	cfg.Endpoints, cfg.Logger, cfg.Label = l.endpoints, c.log.With("role", l.role), "the "+l.role
	if l == c.relay && c.cfg.Genesis != "" {
		if cfg.Genesis, err = substrate.ParseHash(c.cfg.Genesis); err != nil {
			return nil, badRequest("the genesis hash %q of %s is not one: %w", c.cfg.Genesis, c.expected(), err)
		}
	}
	client, err := substrate.Dial(ctx, cfg)
	var wrong *substrate.WrongChainError
	switch {
	case errors.As(err, &wrong) && ctx.Err() == nil:
		return nil, unsuitable("wrong network: the configuration is for %s, but %w", c.expected(), wrong)
	case err != nil && ctx.Err() == nil:
		return nil, kinded(err) // it says what failed
	case err != nil:
		return nil, failed(ctx, "connect to the "+l.role, err)
	}
	l.client = client
	return client, nil
}

func (c *Chains) expected() string {
	if c.cfg.Network == "" {
		return "another network"
	}
	return c.cfg.Network
}
