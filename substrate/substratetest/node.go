// Package substratetest is a Substrate node in the own process, in the manner of net/http/httptest. It serves blocks with
// their states over the JSON-RPC methods that reading a chain needs, and misbehaves on demand, one named fault at a time.
//
//	node := substratetest.NewNode(t, substratetest.NodeConfig{Metadata: blob, SpecName: "westend", SpecVersion: 9320})
//	node.Put("Staking", "Validators", map[string]any{"commission": 0, "blocked": false}, stash)
//	client, err := substrate.Dial(ctx, substrate.Config{Endpoints: []string{node.URL()}})
//
// The node is deterministic: block hashes follow from the configuration, faults count requests, and nothing depends on
// time. Where nodes in the field differ, it does what the Polkadot SDK's node does.
package substratetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// NodeConfig describes a chain at its first block.
type NodeConfig struct {
	Chain      string         // answer to system_chain; "Test" by default
	Properties map[string]any // answer to system_properties; prefix 42, 12 decimals, UNIT by default
	Genesis    [32]byte       // hash of block 0; derived from Chain when zero
	// The runtime of block 0.
	SpecName                        string // "test" by default
	SpecVersion, TransactionVersion uint32 // 1 by default
	Metadata                        []byte // raw blob, as state_getMetadata returns it; may be empty
	// Metadatas are the blobs offered through the runtime API Metadata version 2, by metadata version. Empty means that
	// the runtime has version 1 of that API.
	Metadatas map[uint32][]byte
	// State of block 0, by raw storage key.
	State map[string][]byte
}

// Runtime is the code of a chain from some block on.
type Runtime struct {
	SpecName                        string
	SpecVersion, TransactionVersion uint32
	Metadata                        []byte
	Metadatas                       map[uint32][]byte

	parsed *metadata.Metadata // of Metadata; nil when that is empty
}

// Node is a running node.
type Node struct {
	chain      string
	properties map[string]any
	listener   *gate
	inside     *inside
	server     *http.Server
	serving    sync.WaitGroup // until the server has stopped

	mu        sync.Mutex
	blocks    []*Block // canonical chain by number
	byHash    map[[32]byte]*Block
	finalised int
	forgotten int // blocks whose states are gone for good
	conns     map[*conn]struct{}
	nextSub   uint64
	handlers  map[string]Handler
	calls     map[string]RuntimeCall
	counts    map[string]int
	faults    faults
	handling  sync.WaitGroup

	accepted atomic.Int64
}

// TB is the part of testing.TB that NewNode needs.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// TestNode is a node that belongs to a test: it fails the test instead of returning errors.
type TestNode struct {
	*Node
	t TB
}

// NewNode starts a node that is closed with the test.
func NewNode(t TB, cfg NodeConfig) *TestNode {
	t.Helper()
	n, err := Start(cfg)
	if err != nil {
		t.Fatalf("start the test node: %v", err)
	}
	t.Cleanup(n.Close)
	return &TestNode{n, t}
}

// Start starts a node on a free port of the loopback interface.
func Start(cfg NodeConfig) (*Node, error) {
	if cfg.Chain == "" {
		cfg.Chain = "Test"
	}
	if cfg.Properties == nil {
		cfg.Properties = map[string]any{"ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT"}
	}
	if cfg.Genesis == ([32]byte{}) {
		cfg.Genesis = hash.Blake2b256([]byte("genesis of " + cfg.Chain))
	}
	rt := &Runtime{
		SpecName: cfg.SpecName, SpecVersion: cfg.SpecVersion, TransactionVersion: cfg.TransactionVersion,
		Metadata: cfg.Metadata, Metadatas: cfg.Metadatas,
	}
	if err := rt.prepare(&Runtime{SpecName: "test", SpecVersion: 1, TransactionVersion: 1}); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on the loopback interface: %w", err)
	}
	n := &Node{
		chain: cfg.Chain, properties: cfg.Properties, listener: &gate{Listener: l}, inside: newInside(l.Addr()),
		byHash: map[[32]byte]*Block{}, conns: map[*conn]struct{}{}, handlers: map[string]Handler{},
		calls: map[string]RuntimeCall{}, counts: map[string]int{},
	}
	n.faults.init()
	n.addGenesis(cfg.Genesis, rt, cfg.State)
	n.server = &http.Server{
		Handler: http.HandlerFunc(n.accept), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	for _, l := range []net.Listener{n.listener, n.inside} {
		n.serving.Go(func() { _ = n.server.Serve(l) }) // always ends with an error: closed
	}
	return n, nil
}

// prepare fills in what is missing from an older runtime and parses the metadata.
func (r *Runtime) prepare(old *Runtime) error {
	if r.SpecName == "" {
		r.SpecName = old.SpecName
	}
	if r.SpecVersion == 0 {
		r.SpecVersion = old.SpecVersion
	}
	if r.TransactionVersion == 0 {
		r.TransactionVersion = old.TransactionVersion
	}
	if r.Metadata == nil && r.Metadatas == nil {
		r.Metadata, r.Metadatas, r.parsed = old.Metadata, old.Metadatas, old.parsed
	}
	blob := r.Metadata
	for v := uint32(16); len(blob) == 0 && v >= 14; v-- {
		blob = r.Metadatas[v]
	}
	if r.parsed != nil || len(blob) == 0 {
		return nil
	}
	m, err := metadata.Parse(blob)
	if err != nil {
		return fmt.Errorf("read the metadata of %s %d: %w", r.SpecName, r.SpecVersion, err)
	}
	r.parsed = m
	return nil
}

// URL is the node's address, ws://127.0.0.1:port.
func (n *Node) URL() string { return "ws://" + n.listener.Addr().String() }

// Close stops the node, ends its connections and waits for its goroutines.
func (n *Node) Close() {
	_ = n.server.Close() // a second close is harmless
	n.serving.Wait()
	n.CutAll()
	n.faults.stop()
	n.handling.Wait()
}

// Accepted is the number of WebSocket connections opened so far.
func (n *Node) Accepted() int { return int(n.accepted.Load()) }

// Count is the number of requests received for a method so far, whatever became of them.
func (n *Node) Count(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts[method]
}

// gate is a listener that can refuse everybody.
type gate struct {
	net.Listener
	shut atomic.Bool
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil || !g.shut.Load() {
			return c, err
		}
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return nil, err
		}
	}
}
