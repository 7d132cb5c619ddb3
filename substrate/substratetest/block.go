package substratetest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tidwall/btree"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/storage"
)

// Block is a block with the state after it.
type Block struct {
	Number     uint32
	Hash       [32]byte
	Parent     [32]byte
	Extrinsics [][]byte // each with its length in front

	stateRoot, extrinsicsRoot [32]byte
	runtime                   *Runtime // the code in the state after the block
	state                     State
	pruned                    bool
}

// State is the storage after a block, by raw key. Copies of it are cheap and share what they have in common.
type State = btree.Map[string, []byte]

// BlockOptions say what is particular about a new block.
type BlockOptions struct {
	// Upgrade replaces the runtime. As on a real chain, this block's own data is still written by the old one: it is the
	// next block that the new code executes. Missing fields are taken from the old runtime.
	Upgrade    *Runtime
	Extrinsics [][]byte
	// Unfinalised leaves the finalised head where it is; Finalise moves it later.
	Unfinalised bool
	// Salt makes the hash differ from that of another block in the same place.
	Salt string
	// State, unless nil, takes the place of the parent's state; it must not be changed afterwards.
	State *State
	// Changes are put into the state of the block before anybody hears of it: raw keys; nil deletes.
	Changes map[string][]byte
	// StateRoot and ExtrinsicsRoot stand in the header, whose hash is the block's. They are commitments of whoever builds
	// the chain, not roots of tries; when zero, they follow from Salt and Extrinsics.
	StateRoot, ExtrinsicsRoot [32]byte
	// Aside makes a sibling of the head, which is announced like any block but never becomes part of the chain.
	Aside bool
	// KeepStates is how many blocks behind the final one keep their states; 0 keeps all.
	KeepStates int
}

func (n *Node) addGenesis(genesis [32]byte, rt *Runtime, state map[string][]byte) {
	b := &Block{Hash: genesis, runtime: rt}
	for k, v := range state {
		b.state.Set(k, bytes.Clone(v))
	}
	n.blocks, n.byHash[genesis] = []*Block{b}, b
}

// NewBlock adds a block on top of the head and tells the subscribers.
func (n *Node) NewBlock(o BlockOptions) (*Block, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	parent := n.head()
	if o.Aside {
		if len(n.blocks) < 2 {
			return nil, errors.New("block 0 has no sibling")
		}
		parent = n.blocks[len(n.blocks)-2]
	}
	b := &Block{
		Number: parent.Number + 1, Parent: parent.Hash, Extrinsics: o.Extrinsics, runtime: parent.runtime,
		stateRoot: o.StateRoot, extrinsicsRoot: o.ExtrinsicsRoot,
	}
	if b.stateRoot == ([32]byte{}) {
		b.stateRoot = hash.Blake2b256([]byte("state " + o.Salt))
	}
	if b.extrinsicsRoot == ([32]byte{}) {
		b.extrinsicsRoot = hash.Blake2b256(bytes.Join(o.Extrinsics, nil))
	}
	b.Hash = b.headerHash()
	if o.State != nil {
		b.state = *o.State
	} else {
		b.state = *parent.state.Copy()
	}
	if o.Upgrade != nil {
		rt := *o.Upgrade
		if err := rt.prepare(parent.runtime); err != nil {
			return nil, err
		}
		b.runtime = &rt
	}
	for k, v := range o.Changes {
		b.put(k, v)
	}
	n.byHash[b.Hash] = b
	n.publish("chain_allHead", header(b))
	if o.Aside {
		n.publish("chain_newHead", header(b))
		return b, nil
	}
	n.blocks = append(n.blocks, b)
	n.publish("chain_newHead", header(b))
	if o.Upgrade != nil {
		n.publish("state_runtimeVersion", b.runtime.version())
	}
	n.publishStorage(b)
	if !o.Unfinalised {
		n.finalise(len(n.blocks) - 1)
	}
	if o.KeepStates > 0 {
		n.forget(n.finalised - o.KeepStates)
	}
	return b, nil
}

// forget drops the states of blocks before the given one for good. Those before an earlier such block are gone already.
func (n *Node) forget(before int) {
	for ; n.forgotten < before; n.forgotten++ {
		b := n.blocks[n.forgotten]
		b.pruned, b.state = true, State{}
	}
}

// headerHash is BLAKE2b-256 of the encoded header: parent, number, roots and a digest without items.
func (b *Block) headerHash() [32]byte {
	out := scale.AppendCompact(append([]byte{}, b.Parent[:]...), uint64(b.Number))
	out = append(append(out, b.stateRoot[:]...), b.extrinsicsRoot[:]...)
	return hash.Blake2b256(append(out, 0))
}

// Finalise moves the finalised head forward to a block.
func (n *Node) Finalise(number uint32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(number) >= len(n.blocks) {
		return fmt.Errorf("block %d does not exist", number)
	}
	n.finalise(int(number))
	return nil
}

// finalise announces the new finalised head. As real nodes may, it skips the blocks in between.
func (n *Node) finalise(number int) {
	if number > n.finalised {
		n.finalised = number
		n.publish("chain_finalizedHead", header(n.blocks[number]))
	}
}

// Rewind takes away all blocks after the given one, as development nodes can. Nobody is told.
func (n *Node) Rewind(number uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.blocks) > int(number)+1 {
		delete(n.byHash, n.blocks[len(n.blocks)-1].Hash)
		n.blocks = n.blocks[:len(n.blocks)-1]
	}
	n.finalised = min(n.finalised, int(number))
}

// Retract takes blocks out of the chain as Rewind does, but they can still be asked for by their hashes, as on a node that
// saw another fork win. A final block cannot be retracted.
func (n *Node) Retract(number uint32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(number) < n.finalised || int(number) >= len(n.blocks) {
		return fmt.Errorf("the blocks after %d cannot be retracted: final is %d, the newest %d", number, n.finalised, len(n.blocks)-1)
	}
	n.blocks = n.blocks[:number+1]
	return nil
}

// Head is the latest block.
func (n *Node) Head() *Block {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.head()
}

func (n *Node) head() *Block { return n.blocks[len(n.blocks)-1] }

// BlockAt is the block of a number.
func (n *Node) BlockAt(number uint32) (*Block, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(number) >= len(n.blocks) {
		return nil, false
	}
	return n.blocks[number], true
}

// SetRaw changes the state of the head under a raw key; a nil value deletes.
func (n *Node) SetRaw(key, value []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.head().put(string(key), bytes.Clone(value))
}

// GetRaw reads the state of a block.
func (n *Node) GetRaw(b *Block, key []byte) ([]byte, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	v, ok := b.state.Get(string(key))
	return v, ok
}

func (b *Block) put(key string, value []byte) {
	if value == nil {
		b.state.Delete(key)
		return
	}
	b.state.Set(key, value)
}

// Metadata is that of the head.
func (n *Node) Metadata() *metadata.Metadata {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.head().runtime.parsed
}

// Set changes a storage item in the state of the head. The value, dynamic or Go, is encoded by the metadata.
func (n *Node) Set(pallet, item string, value any, keys ...any) error {
	key, encoded, err := n.Encode(pallet, item, value, keys...)
	if err != nil {
		return err
	}
	n.SetRaw(key, encoded)
	return nil
}

// Encode makes the raw key and value of a storage item by the head's metadata.
func (n *Node) Encode(pallet, item string, value any, keys ...any) (key, encoded []byte, err error) {
	entry, m, err := n.entry(pallet, item)
	if err != nil {
		return nil, nil, err
	}
	if len(keys) != len(entry.Keys) {
		return nil, nil, fmt.Errorf("%s.%s takes %d keys, not %d", pallet, item, len(entry.Keys), len(keys))
	}
	if key, err = storage.Key(m.Types, entry, keys...); err != nil {
		return nil, nil, fmt.Errorf("key of %s.%s: %w", pallet, item, err)
	}
	if encoded, err = codec.Encode(m.Types, entry.Value, value); err != nil {
		return nil, nil, fmt.Errorf("value of %s.%s: %w", pallet, item, err)
	}
	return key, encoded, nil
}

// Unset deletes a storage item from the state of the head.
func (n *Node) Unset(pallet, item string, keys ...any) error {
	entry, m, err := n.entry(pallet, item)
	if err != nil {
		return err
	}
	key, err := storage.Key(m.Types, entry, keys...)
	if err != nil {
		return fmt.Errorf("key of %s.%s: %w", pallet, item, err)
	}
	n.SetRaw(key, nil)
	return nil
}

func (n *Node) entry(pallet, item string) (*metadata.StorageEntry, *metadata.Metadata, error) {
	m := n.Metadata()
	if m == nil {
		return nil, nil, errors.New("the node has no metadata to encode with")
	}
	entry, err := m.Storage(pallet, item)
	return entry, m, err
}

// Put is Set that fails the test.
func (n *TestNode) Put(pallet, item string, value any, keys ...any) {
	n.t.Helper()
	if err := n.Set(pallet, item, value, keys...); err != nil {
		n.t.Fatalf("put into the test node: %v", err)
	}
}

// Mine is NewBlock that fails the test.
func (n *TestNode) Mine(o BlockOptions) *Block {
	n.t.Helper()
	b, err := n.NewBlock(o)
	if err != nil {
		n.t.Fatalf("add a block to the test node: %v", err)
	}
	return b
}
