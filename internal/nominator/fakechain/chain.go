package fakechain

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Config describes a chain.
type Config struct {
	// Parachain takes the metadata of Asset Hub Polkadot, else that of Westend. RelayClock makes the proxy pallet count
	// relay chain blocks, as it does there.
	Parachain, RelayClock bool
	// OnPoll is called when a client asks for the finalised head, before the answer.
	OnPoll func(*Chain)
	// Lag is how many blocks finality is behind.
	Lag int
	// NoDryRun makes the node not know system_dryRun.
	NoDryRun bool
}

// Effect is a nomination that a call made, in a block that may have been discarded since.
type Effect struct {
	Stash   ID
	Targets []ID
	Era     uint32
	Number  uint32
	Hash    [32]byte // of the extrinsic
}

// Chain is a running chain. Its methods may be called from many goroutines.
type Chain struct {
	node                              *substratetest.Node
	md                                *metadata.Metadata
	genesis                           [32]byte
	spec, txVersion                   uint32
	parachain, relayClock, flatWeight bool
	lag                               int
	onPoll                            func(*Chain)
	base, factor                      uint64
	maxNominations                    int

	mu        sync.Mutex
	blocks    []*block // canonical, by number
	finalised int
	forks     int
	pool      []*tx
	effects   []Effect // of the call that is being run
	submitted []Submission
}

type block struct {
	hash    [32]byte
	state   *State
	storage map[string][]byte
	txs     []*tx
	effects []Effect
}

// Submission is an extrinsic that a client handed over.
type Submission struct {
	Hash [32]byte
	// Foreign says that it came from Send.
	Foreign bool
	// Refused is why the pool did not take it; empty when it did.
	Refused string
	Call    string
	Sender  ID
}

// Blob reads a metadata blob of the repository's test data.
func Blob(name string) ([]byte, error) {
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		return nil, fmt.Errorf("the folder of the test data is not known")
	}
	f, err := os.Open(filepath.Join(filepath.Dir(self), "..", "..", "..", "substrate", "testdata", "metadata", name+".scale.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// New starts a chain at block 0 with nobody on it.
func New(cfg Config) (*Chain, error) {
	c := &Chain{
		parachain: cfg.Parachain, relayClock: cfg.RelayClock, lag: cfg.Lag, onPoll: cfg.OnPoll,
		spec: 9320, txVersion: 14, maxNominations: 16,
	}
	name, node := "westend-9320.v14", substratetest.NodeConfig{Chain: "Fake Westend", SpecName: "westend"}
	if cfg.Parachain {
		name, node = "asset-hub-polkadot-2000000.v15", substratetest.NodeConfig{Chain: "Fake Hub", SpecName: "statemint"}
		c.spec, c.txVersion = 2_000_000, 15
	}
	blob, err := Blob(name)
	if err != nil {
		return nil, fmt.Errorf("fake chain: %w", err)
	}
	if c.md, err = metadata.Parse(blob); err != nil {
		return nil, fmt.Errorf("fake chain: %w", err)
	}
	node.Metadatas = map[uint32][]byte{uint32(c.md.Version): blob}
	if c.md.Version == 14 {
		node.Metadata, node.Metadatas = blob, nil
	}
	c.genesis = hash.Blake2b256([]byte(node.Chain))
	node.Genesis, node.SpecVersion, node.TransactionVersion = c.genesis, c.spec, c.txVersion
	if c.node, err = substratetest.Start(node); err != nil {
		return nil, fmt.Errorf("fake chain: %w", err)
	}
	if err := c.constants(); err != nil {
		c.node.Close()
		return nil, fmt.Errorf("fake chain: %w", err)
	}
	c.blocks = []*block{{hash: c.genesis, state: newState(), storage: map[string][]byte{}}}
	if cfg.Parachain {
		c.blocks[0].state.Relay = 10_000
	}
	c.handle(cfg)
	return c, nil
}

// constants reads the deposits from the metadata, and finds out the form of weights.
func (c *Chain) constants() error {
	for name, to := range map[string]*uint64{"AnnouncementDepositBase": &c.base, "AnnouncementDepositFactor": &c.factor} {
		k, err := c.md.Constant("Proxy", name)
		if err != nil {
			return err
		}
		if len(k.Value) < 8 {
			return fmt.Errorf("the constant Proxy.%s has %d bytes", name, len(k.Value))
		}
		*to = binary.LittleEndian.Uint64(k.Value)
	}
	try := [][]event{{{"System", "ExtrinsicSuccess", map[string]any{"dispatch_info": c.dispatchInfo()}}}}
	_, _, err := c.encodeEvents(try)
	if err != nil {
		c.flatWeight = true
		try[0][0].fields["dispatch_info"] = c.dispatchInfo()
		_, _, err = c.encodeEvents(try)
	}
	return err
}

// Close stops the node.
func (c *Chain) Close() { c.node.Close() }

// URL is the node's address.
func (c *Chain) URL() string { return c.node.URL() }

// Node gives access to the node, for its faults.
func (c *Chain) Node() *substratetest.Node { return c.node }

// Genesis is the hash of block 0, 0x hex.
func (c *Chain) Genesis() string { return "0x" + hex.EncodeToString(c.genesis[:]) }

// Edit changes the state from outside, as a block of its own that is final at once, together with all before it.
func (c *Chain) Edit(fn func(*State)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.build(fn, nil); err != nil {
		return err
	}
	return c.finalise(len(c.blocks) - 1)
}

// Block makes a block of whatever in the pool is ready and pick, if not nil, lets through, and finalises the one that is
// Lag blocks behind.
func (c *Chain) Block(pick func(Submission) bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.build(nil, pick); err != nil {
		return err
	}
	return c.finalise(len(c.blocks) - 1 - c.lag)
}

// SetMaxNominations changes how many targets the runtime takes.
func (c *Chain) SetMaxNominations(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maxNominations = n
}

// SetLag changes how many blocks finality is behind from the next block on.
func (c *Chain) SetLag(blocks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lag = blocks
}

// Fork discards the newest blocks that are not final, at most n. What they held goes back to the pool.
func (c *Chain) Fork(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = min(n, len(c.blocks)-1-c.finalised)
	if n <= 0 {
		return
	}
	c.forks++
	for range n {
		b := c.blocks[len(c.blocks)-1]
		c.blocks = c.blocks[:len(c.blocks)-1]
		for _, t := range b.txs {
			c.pool = append(c.pool, t)
			c.tell(t, map[string]any{"retracted": "0x" + hex.EncodeToString(b.hash[:])})
		}
	}
	c.node.Rewind(uint32(len(c.blocks) - 1))
}

// Drop empties the pool and tells the senders with the given word: dropped, invalid, or nothing when empty.
func (c *Chain) Drop(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.pool {
		if word != "" {
			c.tell(t, word)
		}
	}
	c.pool = nil
}

// State is a copy of the state after the finalised block, and its number.
func (c *Chain) State() (*State, uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.blocks[c.finalised].state.clone(), uint32(c.finalised)
}

// HashBehind is the hash of the final block so many blocks behind the newest one, 0x hex; empty for 0.
func (c *Chain) HashBehind(n uint32) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 {
		return ""
	}
	h := c.blocks[max(0, c.finalised-int(n))].hash
	return "0x" + hex.EncodeToString(h[:])
}

// Effects are the nominations in final blocks.
func (c *Chain) Effects() []Effect {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Effect
	for _, b := range c.blocks[:c.finalised+1] {
		out = append(out, b.effects...)
	}
	return out
}

// Submitted lists everything that was ever handed over.
func (c *Chain) Submitted() []Submission {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.submitted)
}

// Pooled is the number of transactions that wait.
func (c *Chain) Pooled() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pool)
}

// build adds a block. c.mu is held.
func (c *Chain) build(edit func(*State), pick func(Submission) bool) error {
	parent := c.blocks[len(c.blocks)-1]
	number := uint32(len(c.blocks))
	b := &block{state: parent.state.clone()}
	if c.parachain {
		b.state.Relay += 1 + number%2
	}
	if edit != nil {
		edit(b.state)
	}
	var events [][]event
	for _, t := range slices.Clone(c.pool) {
		switch reason := c.valid(b.state, number, t); {
		case reason == "future":
			continue
		case reason != "":
			c.pool = slices.DeleteFunc(c.pool, func(o *tx) bool { return o == t })
			c.tell(t, "invalid")
			continue
		case pick != nil && !pick(t.Submission):
			continue
		}
		c.effects = nil
		events = append(events, c.apply(b.state, t, number))
		for i := range c.effects {
			c.effects[i].Hash = t.Hash
		}
		b.effects = append(b.effects, c.effects...)
		b.txs = append(b.txs, t)
		c.pool = slices.DeleteFunc(c.pool, func(o *tx) bool { return o == t })
	}
	return c.seal(b, parent, events)
}

// apply executes a transaction: the fee is paid in any case, the rest only when the call succeeds.
func (c *Chain) apply(s *State, t *tx, number uint32) []event {
	a := s.Accounts[t.Sender]
	a.Nonce, a.Free = a.Nonce+1, a.Free-Fee
	s.Accounts[t.Sender] = a
	events := []event{{"TransactionPayment", "TransactionFeePaid", map[string]any{"who": t.Sender, "actual_fee": uint64(Fee), "tip": 0}}}
	trial := s.clone()
	var inside []event
	failed := c.run(trial, t.Sender, t.args, t.Call, number, &inside)
	if failed != nil {
		c.effects = nil
		return append(events, event{"System", "ExtrinsicFailed", map[string]any{"dispatch_error": c.dispatchError(failed), "dispatch_info": c.dispatchInfo()}})
	}
	*s = *trial
	return append(append(events, inside...), event{"System", "ExtrinsicSuccess", map[string]any{"dispatch_info": c.dispatchInfo()}})
}

// seal writes the block into the node.
func (c *Chain) seal(b, parent *block, events [][]event) error {
	var err error
	if b.storage, err = c.write(b.state); err != nil {
		return fmt.Errorf("fake chain: write the state: %w", err)
	}
	key, value, err := c.encodeEvents(events)
	if err != nil {
		return fmt.Errorf("fake chain: write the events: %w", err)
	}
	b.storage[string(key)] = value
	var body [][]byte
	for _, t := range b.txs {
		body = append(body, t.bytes)
	}
	sealed, err := c.node.NewBlock(substratetest.BlockOptions{
		Extrinsics: body, Unfinalised: true, Salt: fmt.Sprint(c.forks), Changes: changes(parent.storage, b.storage),
	})
	if err != nil {
		return err
	}
	b.hash = sealed.Hash
	c.blocks = append(c.blocks, b)
	for _, t := range b.txs {
		c.tell(t, map[string]any{"inBlock": "0x" + hex.EncodeToString(b.hash[:])})
	}
	return nil
}

// finalise moves finality forward.
func (c *Chain) finalise(number int) error {
	if number <= c.finalised {
		return nil
	}
	for n := c.finalised + 1; n <= number; n++ {
		for _, t := range c.blocks[n].txs {
			c.tell(t, map[string]any{"finalized": "0x" + hex.EncodeToString(c.blocks[n].hash[:])})
		}
	}
	c.finalised = number
	return c.node.Finalise(uint32(number))
}
