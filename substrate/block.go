package substrate

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// Block is a block of the chain, through which everything in the state after it is read.
type Block struct {
	Hash   Hash
	Number uint32
	Parent Hash

	client  *Client
	session *rpc.Session
	runtime *Runtime        // wrote the state
	code    *runtimeVersion // is in the state and runs calls
	codeAt  struct {
		sync.Mutex
		rt *Runtime
	}
}

// Head is the place of a block in the chain.
type Head struct {
	Number uint32
	Hash   Hash
	Parent Hash
}

// Runtime is the runtime that executed the block and wrote its state.
func (b *Block) Runtime() *Runtime { return b.runtime }

// NextRuntime is the runtime whose code the state after the block holds: it runs calls, and executes the next block. It
// differs from Runtime only in a block that enacts an upgrade.
func (b *Block) NextRuntime(ctx context.Context) (*Runtime, error) {
	b.codeAt.Lock()
	defer b.codeAt.Unlock()
	if b.codeAt.rt == nil {
		rt, err := b.client.loadRuntime(ctx, b.session, b.code, b.Hash)
		if err != nil {
			return nil, b.fail("runtime", err)
		}
		b.codeAt.rt = rt
	}
	return b.codeAt.rt, nil
}

// Head is the block's place in the chain.
func (b *Block) Head() Head { return Head{b.Number, b.Hash, b.Parent} }

// Client is the client the block was read with.
func (b *Block) Client() *Client { return b.client }

// Endpoint names the endpoint that the block is being read from, without credentials.
func (b *Block) Endpoint() string { return b.session.Endpoint() }

// Finalised is the finalised head.
func (c *Client) Finalised(ctx context.Context) (*Block, error) {
	var h Hash
	s, id := c.session()
	if err := s.Call(ctx, &h, "chain_getFinalizedHead"); err != nil {
		return nil, c.wrap("finalised head", err)
	}
	return c.open(ctx, s, id, h)
}

// Best is the head of the longest chain, which may yet be replaced.
func (c *Client) Best(ctx context.Context) (*Block, error) {
	var h Hash
	s, id := c.session()
	if err := s.Call(ctx, &h, "chain_getBlockHash"); err != nil {
		return nil, c.wrap("best head", err)
	}
	return c.open(ctx, s, id, h)
}

// BlockAt is the block of a number. Above the finalised head it may yet be replaced.
func (c *Client) BlockAt(ctx context.Context, number uint32) (*Block, error) {
	s, id := c.session()
	h, err := c.hashAt(ctx, s, number)
	if err != nil {
		return nil, err
	}
	return c.open(ctx, s, id, h)
}

// BlockByHash is the block of a hash.
func (c *Client) BlockByHash(ctx context.Context, h Hash) (*Block, error) {
	s, id := c.session()
	return c.open(ctx, s, id, h)
}

// hashAt asks for the hash of a block; endpoints that do not have it yet are passed over.
func (c *Client) hashAt(ctx context.Context, s *rpc.Session, number uint32) (Hash, error) {
	var h *Hash
	name := strconv.FormatUint(uint64(number), 10)
	err := s.Do(ctx, rpc.Request{
		Method: "chain_getBlockHash", Params: []any{number}, Result: &h,
		Check: func() error {
			if h == nil {
				return &rpc.UnknownBlockError{Block: name}
			}
			return nil
		},
	})
	if err != nil {
		return Hash{}, c.unknown(name, err)
	}
	return *h, nil
}

// unknown names the block in an error, as one that nobody knows if that is what the endpoints said.
func (c *Client) unknown(block string, err error) error {
	var u *rpc.UnknownBlockError
	if errors.As(err, &u) {
		return &UnknownBlockError{Chain: c.name(), Block: block, Err: err}
	}
	return c.wrap("block "+block, err)
}

// session starts a session that will only use nodes that know the block stored in id, once it is stored.
func (c *Client) session() (*rpc.Session, *atomic.Pointer[Head]) {
	id := &atomic.Pointer[Head]{}
	return c.pool.Session(func(ctx context.Context, conn *rpc.Conn) error {
		if head := id.Load(); head != nil {
			return knows(ctx, conn, head)
		}
		return nil
	}), id
}

// knows verifies that a node has a block. It asks by number first, because some development nodes must not be asked about
// hashes they do not know; a block that is not on the node's best chain may still be known by hash.
func knows(ctx context.Context, conn *rpc.Conn, head *Head) error {
	var h *Hash
	if err := conn.Call(ctx, &h, "chain_getBlockHash", head.Number); err != nil {
		return err
	}
	if h != nil && *h == head.Hash {
		return nil
	}
	unknown := &rpc.UnknownBlockError{Block: strconv.FormatUint(uint64(head.Number), 10) + " (" + head.Hash.Short() + ")"}
	if h == nil {
		return unknown // not there yet
	}
	var other *header
	if err := conn.Call(ctx, &other, "chain_getHeader", head.Hash); err != nil {
		return err
	}
	if other == nil {
		return unknown
	}
	return nil
}

// open reads a block's header and finds its runtime.
func (c *Client) open(ctx context.Context, s *rpc.Session, id *atomic.Pointer[Head], h Hash) (*Block, error) {
	var head *header
	err := s.Do(ctx, rpc.Request{
		Method: "chain_getHeader", Params: []any{h}, Result: &head,
		Check: func() error {
			if head == nil {
				return &rpc.UnknownBlockError{Block: h.String()}
			}
			return nil
		},
	})
	if err != nil {
		return nil, c.unknown(h.String(), err)
	}
	b := &Block{Hash: h, Number: uint32(head.Number), Parent: head.Parent, client: c, session: s}
	place := b.Head()
	id.Store(&place)
	if err := b.findRuntime(ctx); err != nil {
		return nil, b.fail("runtime", err)
	}
	return b, nil
}

// findRuntime finds the runtime that wrote the block's state: the one in the parent's state. As versions only rise, the
// parent need not be asked when an earlier block is known to hold the same code.
func (b *Block) findRuntime(ctx context.Context) error {
	c := b.client
	v, err := c.versionAt(ctx, b.session, b.Hash)
	if err != nil {
		return err
	}
	b.code = v
	wrote, at := v, b.Hash
	if b.Number > 0 && !c.runtimes.knownSince(v, b.Number-1) {
		if older, ok := c.parentVersion(ctx, b); ok {
			c.runtimes.learn(older, b.Number-1)
			if older.key() != v.key() {
				wrote, at = older, b.Parent
			}
		}
	}
	c.runtimes.learn(v, b.Number)
	b.runtime, err = c.loadRuntime(ctx, b.session, wrote, at)
	if err != nil {
		return err
	}
	if wrote == v {
		b.codeAt.rt = b.runtime
	}
	return nil
}

func (c *Client) versionAt(ctx context.Context, s *rpc.Session, at Hash) (*runtimeVersion, error) {
	v := &runtimeVersion{}
	err := s.Do(ctx, rpc.Request{
		Method: "state_getRuntimeVersion", Params: []any{at}, Result: v,
		Check: func() error {
			if v.SpecName == "" {
				return rpc.Garbage("a runtime version without a name")
			}
			return nil
		},
	})
	return v, err
}

// parentVersion is the version in the parent's state. It is not to be had where the node has pruned that state, or where
// numbers were skipped; the block's own version is the best guess then.
func (c *Client) parentVersion(ctx context.Context, b *Block) (*runtimeVersion, bool) {
	var h *Hash
	if err := b.session.Call(ctx, &h, "chain_getBlockHash", b.Number-1); err != nil || h == nil || *h != b.Parent {
		return nil, false
	}
	v, err := c.versionAt(ctx, b.session, b.Parent)
	if err != nil {
		c.log.Debug("no runtime version of the parent", "block", b.Number, "error", err)
		return nil, false
	}
	return v, true
}

func (r *runtimes) knownSince(v *runtimeVersion, number uint32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	since, ok := r.since[v.key()]
	return ok && since <= number
}

func (r *runtimes) learn(v *runtimeVersion, number uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.since == nil {
		r.since = map[runtimeKey]uint32{}
	}
	if since, ok := r.since[v.key()]; !ok || number < since {
		r.since[v.key()] = number
	}
}

// Timestamp is the time the block's author set, to the millisecond.
func (b *Block) Timestamp(ctx context.Context) (time.Time, error) {
	var ms uint64
	found, err := b.Get(ctx, "Timestamp", "Now", &ms)
	if err != nil {
		return time.Time{}, err
	}
	if !found || ms > 1<<53 {
		return time.Time{}, b.fail("Timestamp.Now", errors.New("the block has no time"))
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}
