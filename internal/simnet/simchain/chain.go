package simchain

import (
	"fmt"
	"sync"

	"github.com/thousand-validators/otv/internal/simnet/tally"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Config describes a chain.
type Config struct {
	Role     Role
	Name     string // for people, answer to system_chain
	SpecName string
	Params   Params
	Decimals int
	Symbol   string
	Genesis  Genesis
	// Seed tells networks apart: everything drawn depends on it.
	Seed uint64
	// Start is the time of block 0, in ms.
	Start uint64
	// Lag is how many blocks finality is behind.
	Lag int
	// KeepStates is how many blocks behind the final one can be read; 0 is all.
	KeepStates int
	// Up tells whether a validator produces blocks; nil: all do.
	Up func(Account) bool
}

// Chain is a running chain. Its methods may be called from many goroutines.
type Chain struct {
	cfg     Config
	node    *substratetest.Node
	genesis [32]byte

	mu        sync.Mutex
	rt        *runtime // executes the next block
	blocks    []*block // by number
	byHash    map[[32]byte]*block
	finalised int
	stuck     bool                  // finality
	held      bool                  // the pool
	cutting   tally.Tally[struct{}] // see TakeAndCut
	forks     uint32
	pool      []*transaction
	next      *runtime // an upgrade that the next block enacts
	shift     uint8
	offences  []Offence
}

// block is a block with all that is needed to build on it or to build it again.
type block struct {
	hash, root [32]byte
	rt         *runtime // that read its state
	state      *substratetest.State
	in         Inbox
	txs        []*transaction
	out        Outbox
	nominated  []Nominated
}

// Inbox is what the world tells a chain with a block.
type Inbox struct {
	Time uint64 // ms
	// Relay is the newest relay chain block known, with the hash of its state; parachains only.
	Relay    uint32
	Reports  []SessionReport
	Offences []Offence
	Set      *ValidatorSet
}

// Outbox is what a block tells other chains. It counts when the block is final.
type Outbox struct {
	Reports  []SessionReport
	Offences []Offence
	Set      *ValidatorSet
}

// Start starts a chain at block 0, on a free port of the loopback interface.
func Start(cfg Config) (*Chain, error) {
	rt, err := newRuntime(cfg.Role, cfg.Params, cfg.SpecName, specVersion, txVersion, 0)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.Name, err)
	}
	c := &Chain{cfg: cfg, rt: rt, byHash: map[[32]byte]*block{}}
	if c.cfg.Up == nil {
		c.cfg.Up = func(Account) bool { return true }
	}
	w := c.work(&block{rt: rt, state: new(substratetest.State)}, Inbox{Time: cfg.Start})
	w.number, w.random = 0, cfg.Seed
	w.populate(cfg.Genesis)
	w.write(cfg.Start, "Timestamp", "Now")
	w.write(map[string]any{"spec_version": uint32(specVersion), "spec_name": cfg.SpecName}, "System", "LastRuntimeUpgrade")
	if w.err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.Name, w.err)
	}
	root := w.root(hash.Blake2b256(scale.AppendU64([]byte(cfg.Name), cfg.Seed)), 0)
	c.genesis = hash.Blake2b256(root[:])
	state := map[string][]byte{}
	w.tree.Scan(func(k string, v []byte) bool { state[k] = v; return true })
	c.node, err = substratetest.Start(substratetest.NodeConfig{
		Chain: cfg.Name, Properties: map[string]any{"ss58Format": cfg.Params.SS58Prefix, "tokenDecimals": cfg.Decimals, "tokenSymbol": cfg.Symbol},
		Genesis: c.genesis, SpecName: cfg.SpecName, SpecVersion: specVersion, TransactionVersion: txVersion,
		Metadata: rt.node.Metadata, Metadatas: rt.node.Metadatas, State: state,
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.Name, err)
	}
	c.add(&block{hash: c.genesis, root: root, rt: rt, state: w.tree, in: Inbox{Time: cfg.Start}})
	c.serve()
	return c, nil
}

// Versions of the first runtime; upgrades count on.
const (
	specVersion = 2_000_001
	txVersion   = 27
)

func (c *Chain) add(b *block) {
	c.blocks = append(c.blocks, b)
	c.byHash[b.hash] = b
}

// Close stops the node.
func (c *Chain) Close() { c.node.Close() }

// URL is the node's address, ws://127.0.0.1:port.
func (c *Chain) URL() string { return c.node.URL() }

// Node gives access to the node, for its faults.
func (c *Chain) Node() *substratetest.Node { return c.node }

// Genesis is the hash of block 0.
func (c *Chain) Genesis() [32]byte { return c.genesis }

// Params are the chain's constants.
func (c *Chain) Params() Params { return c.cfg.Params }

// work starts a block on top of another one.
func (c *Chain) work(parent *block, in Inbox) *work {
	return &work{
		view: newView(parent.rt, parent.state.Copy()), chain: c, role: c.cfg.Role, params: c.cfg.Params,
		number: uint32(len(c.blocks)), now: in.Time, relay: in.Relay, phase: codec.Variant{Name: "Initialization"},
		random: c.cfg.Seed ^ seedOf(parent.hash),
	}
}

// Build makes the next block, finalises the one that is Lag blocks behind, and returns what has become final with it.
func (c *Chain) Build(in Inbox) (Outbox, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.build(in); err != nil {
		return Outbox{}, fmt.Errorf("%s: build block %d: %w", c.cfg.Name, len(c.blocks), err)
	}
	if c.stuck {
		return Outbox{}, nil
	}
	return c.finalise(len(c.blocks) - 1 - c.cfg.Lag)
}

// build adds a block. c.mu is held.
func (c *Chain) build(in Inbox) error {
	parent := c.blocks[len(c.blocks)-1]
	w := c.work(parent, in)
	if c.rt != parent.rt { // the code that the parent put in place reads the same state
		w.view = newView(c.rt, parent.state.Copy())
		w.write(map[string]any{"spec_version": c.rt.node.SpecVersion, "spec_name": c.rt.node.SpecName}, "System", "LastRuntimeUpgrade")
	}
	b := &block{in: in}
	w.write(w.number, "System", "Number")
	w.write(parent.hash, "System", "ParentHash")
	w.write(parent.hash, "System", "BlockHash", w.number-1)
	if w.number > blockHashCount+1 { // the hash of block 0 stays
		w.remove("System", "BlockHash", w.number-1-blockHashCount)
	}
	w.initialise(in, c.offences)
	var body [][]byte
	var commitment []byte
	inherents, err := w.inherents(parent)
	if err != nil {
		return err
	}
	for _, x := range inherents {
		body, commitment = append(body, x), append(commitment, x...)
	}
	for _, t := range c.ready(w) {
		w.phase = applying(len(body))
		w.apply(t)
		b.txs = append(b.txs, t)
		body, commitment = append(body, t.bytes), append(commitment, t.unsigned...)
	}
	w.phase = codec.Variant{Name: "Finalization"}
	w.write(len(body), "System", "ExtrinsicCount")
	if c.next != nil {
		w.emit("System", "CodeUpdated", nil)
	}
	w.write(encodeEvents(w), "System", "Events")
	w.write(len(w.events), "System", "EventCount")
	if w.err != nil {
		return w.err
	}
	return c.seal(b, parent, w, body, hash.Blake2b256(commitment))
}

// seal hands the block to the node. c.mu is held.
func (c *Chain) seal(b, parent *block, w *work, body [][]byte, extrinsicsRoot [32]byte) error {
	b.root, b.state, b.out, b.rt = w.root(parent.root, c.forks), w.tree, w.out, c.rt
	b.nominated = w.nominated
	o := substratetest.BlockOptions{
		Extrinsics: body, Unfinalised: true, State: w.tree.Copy(), StateRoot: b.root, ExtrinsicsRoot: extrinsicsRoot, KeepStates: c.cfg.KeepStates,
	}
	if c.next != nil {
		o.Upgrade = &c.next.node
	}
	sealed, err := c.node.NewBlock(o)
	if err != nil {
		return err
	}
	b.hash = sealed.Hash
	c.offences = nil
	c.add(b)
	if c.next != nil {
		c.rt, c.next = c.next, nil
	}
	if old := len(c.blocks) - 1 - keptBlocks; old >= 0 && c.cfg.KeepStates > 0 {
		delete(c.byHash, c.blocks[old].hash)
		c.blocks[old] = &block{hash: c.blocks[old].hash}
	}
	for _, t := range b.txs {
		c.drop(t)
		t.included = append(t.included, b.hash)
		c.tell(t, map[string]any{"inBlock": hexOf(b.hash[:])})
	}
	return nil
}

// keptBlocks is how many blocks a chain with a limit on states keeps in a form that can be built on.
const keptBlocks = 300

// initialise is what happens before any extrinsic.
func (w *work) initialise(in Inbox, offences []Offence) {
	if w.role.parachain() {
		w.write(in.Relay, "ParachainSystem", "LastRelayChainBlockNumber")
		w.write(map[string]any{
			"parent_head": codec.Bytes{}, "relay_parent_number": in.Relay, "relay_parent_storage_root": [32]byte{}, "max_pov_size": 5 << 20,
		}, "ParachainSystem", "ValidationData")
	}
	if w.role == RoleHub {
		w.processOffences()
		for _, o := range in.Offences {
			w.receiveOffence(o)
		}
		for _, r := range in.Reports {
			w.receiveReport(r)
		}
	}
	if !w.role.sessions() {
		return
	}
	w.write(w.now/w.params.BlockTime, "Babe", "CurrentSlot")
	if in.Set != nil {
		w.receiveSet(*in.Set)
	}
	if uint64(w.number)%w.params.SessionBlocks == 0 {
		w.rotate()
	}
	for _, o := range offences {
		w.commit(o)
	}
	w.author(w.chain.cfg.Up)
}

// inherents are the unsigned extrinsics that every block begins with.
func (w *work) inherents(*block) ([][]byte, error) {
	w.write(w.now, "Timestamp", "Now")
	calls := []func() (extrinsic.RuntimeCall, error){
		func() (extrinsic.RuntimeCall, error) { return extrinsic.Call(w.rt.md, "Timestamp", "set", w.now) },
	}
	if w.role.parachain() {
		data, _ := read[any](w.view, "ParachainSystem", "ValidationData")
		calls = append(calls, func() (extrinsic.RuntimeCall, error) {
			return extrinsic.Call(w.rt.md, "ParachainSystem", "set_validation_data", data)
		})
	}
	var list [][]byte
	for i, make := range calls {
		c, err := make()
		if err != nil {
			return nil, err
		}
		list = append(list, scale.AppendBytes(nil, append([]byte{bareVersion}, c.Bytes()...)))
		w.phase = applying(i)
		w.emit("System", "ExtrinsicSuccess", map[string]any{"dispatch_info": dispatchInfo("Mandatory", "No")})
	}
	return list, nil
}

// bareVersion is the first byte of unsigned extrinsics.
const bareVersion = 4

func applying(i int) codec.Variant {
	return codec.Variant{Name: "ApplyExtrinsic", Fields: []codec.Field{{Value: uint32(i)}}}
}

// finalise moves finality forward and collects what the final blocks tell. c.mu is held.
func (c *Chain) finalise(number int) (Outbox, error) {
	var out Outbox
	if number <= c.finalised {
		return out, nil
	}
	for n := c.finalised + 1; n <= number; n++ {
		b := c.blocks[n]
		out.Reports, out.Offences = append(out.Reports, b.out.Reports...), append(out.Offences, b.out.Offences...)
		if b.out.Set != nil {
			out.Set = b.out.Set
		}
		for _, t := range b.txs {
			c.tell(t, map[string]any{"finalized": hexOf(b.hash[:])})
		}
	}
	c.finalised = number
	return out, c.node.Finalise(uint32(number))
}
