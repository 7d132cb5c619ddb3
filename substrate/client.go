package substrate

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/storage"
)

// Config describes a client. Only Endpoints is required.
type Config struct {
	// Endpoints are ws:// or wss:// addresses of nodes of the chain; the first are preferred.
	Endpoints []string
	// Label is the chain's name in error texts until the chain has told its own.
	Label string
	// Genesis, unless zero, is the hash block 0 must have. Otherwise the first endpoint that answers decides.
	Genesis Hash
	// Expect lists types that were known when the caller was written; see [Runtime.Mismatches].
	Expect []Expectation
	// RefuseChanged makes reads of items fail whose type is not among the expected ones.
	RefuseChanged bool

	Logger *slog.Logger
	Clock  rpc.Clock
	Random func() float64 // in [0, 1), for the jitter of waiting times
	Header http.Header    // sent with every handshake
	// Connect makes the connections that WebSockets run over; nil: TCP.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)

	CallTimeout  time.Duration // per request; 30 s
	DialTimeout  time.Duration // per connection; 15 s
	PingInterval time.Duration // 20 s; negative for none
	// HeadTimeout is after how much silence a follower of heads asks whether there was really nothing: 60 s.
	HeadTimeout time.Duration
	MaxMessage  int64 // bytes of one answer; 64 MiB
	MaxInFlight int   // requests of one connection waiting for answers; 32
	Attempts    int   // tries of one request over all endpoints; 3 and one for each endpoint
	Backoff     rpc.Backoff
	RateBackoff rpc.Backoff

	// PageSize is how many keys of a map are listed at once: 1000, the most that nodes allow.
	PageSize int
	// ChunkSize is with how many values per request a read starts: 256. It adapts from there, up to MaxChunk, 1000, and
	// so that an answer has about ChunkBytes, 4 MiB.
	ChunkSize, MaxChunk, ChunkBytes int
	// Chunks is how many chunks of one read may be on their way or waiting for the consumer: 4.
	Chunks int
}

// ChainInfo says what chain it is.
type ChainInfo struct {
	Name       string // as the node calls it: "Polkadot", "Westend"
	Genesis    Hash
	SS58Prefix uint16 // of addresses
	Decimals   int    // planck per token = 10^Decimals; 0 when the node does not say
	Symbol     string // of the token; empty when the node does not say
}

// Client reads one chain. Its methods may be used from many goroutines.
type Client struct {
	cfg   Config
	log   *slog.Logger
	clock rpc.Clock
	pool  *rpc.Pool
	chain ChainInfo // complete after Dial

	genesis struct {
		sync.Mutex
		hash  Hash
		known bool
	}
	runtimes runtimes
	refusals refusals

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Dial connects to the first endpoint that answers and learns what chain it is.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	c := &Client{cfg: cfg.withDefaults()}
	c.log, c.clock = c.cfg.Logger, c.cfg.Clock
	if cfg.Genesis != (Hash{}) {
		c.genesis.hash, c.genesis.known = cfg.Genesis, true
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	var err error
	c.pool, err = rpc.NewPool(rpc.Config{
		Endpoints: c.cfg.Endpoints,
		Options: rpc.Options{
			Clock: c.clock, CallTimeout: c.cfg.CallTimeout, DialTimeout: c.cfg.DialTimeout,
			PingInterval: c.cfg.PingInterval, MaxMessage: c.cfg.MaxMessage, MaxInFlight: c.cfg.MaxInFlight,
			Header: c.cfg.Header, Connect: c.cfg.Connect,
		},
		Admit: c.admit, Backoff: c.cfg.Backoff, RateBackoff: c.cfg.RateBackoff, Attempts: c.cfg.Attempts,
		Random: c.cfg.Random, Logger: c.log,
	})
	if err != nil {
		c.cancel()
		return nil, fmt.Errorf("connect to %s: %w", c.name(), err)
	}
	if err := c.meet(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("connect to %s: %w", c.name(), err)
	}
	return c, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = rpc.SystemClock{}
	}
	if cfg.HeadTimeout == 0 {
		cfg.HeadTimeout = time.Minute
	}
	if cfg.PageSize <= 0 || cfg.PageSize > maxPage {
		cfg.PageSize = maxPage
	}
	if cfg.ChunkSize <= 0 {
		cfg.ChunkSize = 256
	}
	if cfg.MaxChunk <= 0 {
		cfg.MaxChunk = 1000
	}
	if cfg.ChunkBytes <= 0 {
		cfg.ChunkBytes = 4 << 20
	}
	if cfg.Chunks <= 0 {
		cfg.Chunks = 4
	}
	return cfg
}

// maxPage is how many keys nodes list at once at most.
const maxPage = 1000

// Close ends all connections and waits for the client's goroutines.
func (c *Client) Close() {
	c.cancel()
	c.pool.Close()
	c.wg.Wait()
}

// Chain says what chain it is.
func (c *Client) Chain() ChainInfo { return c.chain }

// Health is the record of every endpoint.
func (c *Client) Health() []rpc.Health { return c.pool.Health() }

// Probe connects to every endpoint not connected yet and returns the record of all.
func (c *Client) Probe(ctx context.Context) []rpc.Health { return c.pool.Probe(ctx) }

// Pool gives access to the methods of the node that have no function here.
func (c *Client) Pool() *rpc.Pool { return c.pool }

// admit lets a connection into the pool if its chain is ours. The genesis hash is asked before anything else: some
// development nodes change it once they have been asked about a block they do not know.
func (c *Client) admit(ctx context.Context, conn *rpc.Conn) error {
	var genesis *Hash
	if err := conn.Call(ctx, &genesis, "chain_getBlockHash", 0); err != nil {
		return fmt.Errorf("ask for the genesis hash: %w", err)
	}
	if genesis == nil {
		return rpc.Garbage("no hash for block 0")
	}
	c.genesis.Lock()
	known := c.genesis.known
	c.genesis.Unlock()
	if !known {
		if err := confirm(ctx, conn, *genesis); err != nil {
			return err
		}
	}
	c.genesis.Lock()
	defer c.genesis.Unlock()
	if !c.genesis.known {
		c.genesis.hash, c.genesis.known = *genesis, true
	}
	if *genesis != c.genesis.hash {
		return &rpc.RefusedError{Err: &WrongChainError{Endpoint: conn.Name(), Got: *genesis, Want: c.genesis.hash}}
	}
	return nil
}

// unborn is what the state says of the hash of block 0 before there is a block 1.
var unborn = Hash(bytes.Repeat([]byte{69}, 32))

// confirm compares a genesis hash that is believed from now on with the one in the state, which no runtime forgets, because
// it is part of what is signed: pallet frame-system, BlockHash.
func confirm(ctx context.Context, conn *rpc.Conn, genesis Hash) error {
	prefix := storage.Prefix("System", "BlockHash")
	var number [4]byte // of block 0
	key, err := storage.AppendHashed(prefix[:], metadata.Twox64Concat, number[:])
	if err != nil {
		return err
	}
	var value *hexBytes
	if err := conn.Call(ctx, &value, "state_getStorage", toHex(key)); err != nil {
		return fmt.Errorf("ask the state for the genesis hash: %w", err)
	}
	if value == nil || len(*value) != len(genesis) {
		return nil // a chain without this pallet
	}
	if own := Hash(*value); own != genesis && own != unborn {
		return rpc.Garbage("block 0 is said to have the hash %s, in the state it is %s", genesis, own)
	}
	return nil
}

// meet learns the chain's name, its units, and its runtime at the finalised head.
func (c *Client) meet(ctx context.Context) error {
	var name string
	if err := c.pool.Call(ctx, &name, "system_chain"); err != nil {
		return err
	}
	var properties properties
	err := c.pool.Call(ctx, &properties, "system_properties")
	if err != nil && !rpc.IsMethodNotFound(err) {
		return err
	}
	c.genesis.Lock()
	c.chain = ChainInfo{Name: name, Genesis: c.genesis.hash, Decimals: properties.decimals(), Symbol: properties.symbol()}
	c.genesis.Unlock()
	head, err := c.Finalised(ctx)
	if err != nil {
		return err
	}
	// The runtime's own constant is what the chain goes by; the property is what a wallet is told.
	var prefix uint16
	switch {
	case head.HasConstant("System", "SS58Prefix"):
		if err := head.Constant("System", "SS58Prefix", &prefix); err != nil {
			return err
		}
	case properties.prefix() >= 0:
		prefix = uint16(properties.prefix()) // in range, prefix sees to it
	default:
		prefix = genericPrefix
	}
	c.chain.SS58Prefix = prefix
	return nil
}

// genericPrefix is the address prefix of chains that have none of their own.
const genericPrefix = 42
