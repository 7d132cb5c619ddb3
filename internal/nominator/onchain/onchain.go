// Package onchain reads and writes the chain for package nominator, through the client of this project.
package onchain

import (
	"context"
	"fmt"
	"sync"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Chain is the chain that hosts staking and proxies. It implements [nominator.Chain].
type Chain struct {
	client *substrate.Client
	ex     *extrinsic.Client
	info   nominator.Info

	mu     sync.Mutex
	blocks []*substrate.Block // the ones used last
}

var _ nominator.Chain = (*Chain)(nil)

// keptBlocks is how many blocks are kept at hand; a look reads the head and, per plan, one block of the past.
const keptBlocks = 8

// New makes a Chain; closing the client stays with the caller.
func New(client *substrate.Client) *Chain {
	i := client.Chain()
	return &Chain{client: client, ex: extrinsic.NewClient(client), info: nominator.Info{
		Name: i.Name, Genesis: i.Genesis.String(), Prefix: i.SS58Prefix, Decimals: i.Decimals, Symbol: i.Symbol,
	}}
}

// Info identifies the chain.
func (c *Chain) Info() nominator.Info { return c.info }

// Head is the newest finalised block.
func (c *Chain) Head(ctx context.Context) (plan.Head, error) {
	b, err := c.client.Finalised(ctx)
	if err != nil {
		return plan.Head{}, err
	}
	return c.head(ctx, c.keep(b))
}

// HeadAt is a block of the past.
func (c *Chain) HeadAt(ctx context.Context, hash string) (plan.Head, error) {
	b, err := c.block(ctx, plan.Head{Hash: hash})
	if err != nil {
		return plan.Head{}, err
	}
	return c.head(ctx, b)
}

func (c *Chain) head(ctx context.Context, b *substrate.Block) (plan.Head, error) {
	h := plan.Head{Number: b.Number, Hash: b.Hash.String()}
	var active struct{ Index uint32 }
	found, err := b.Get(ctx, "Staking", "ActiveEra", &active)
	if err != nil {
		return h, err
	}
	if !found {
		return h, fmt.Errorf("%s has no active era at block %d: staking has not begun on it", c.info.Name, b.Number)
	}
	current := active.Index
	if _, err := b.Get(ctx, "Staking", "CurrentEra", &current); err != nil {
		return h, err
	}
	h.Era, h.Planned = programme.Era(active.Index), programme.Era(current)
	h.Relay, err = relayNumber(ctx, b)
	return h, err
}

// relayNumber is the newest relay chain block number that a parachain knows, 0 on other chains.
func relayNumber(ctx context.Context, b *substrate.Block) (uint32, error) {
	const pallet, item = "ParachainSystem", "LastRelayChainBlockNumber"
	if !b.Has(pallet, item) {
		return 0, nil
	}
	var n uint32
	_, err := b.Get(ctx, pallet, item, &n)
	return n, err
}

// Follow calls fn when a block becomes final.
func (c *Chain) Follow(ctx context.Context, fn func() error) error {
	return c.client.FollowFinalised(ctx, nil, func(substrate.Head) error { return fn() })
}

// block is the block at which something is read.
func (c *Chain) block(ctx context.Context, at plan.Head) (*substrate.Block, error) {
	h, err := substrate.ParseHash(at.Hash)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	for _, b := range c.blocks {
		if b.Hash == h {
			c.mu.Unlock()
			return b, nil
		}
	}
	c.mu.Unlock()
	b, err := c.client.BlockByHash(ctx, h)
	if err != nil {
		return nil, err
	}
	return c.keep(b), nil
}

func (c *Chain) keep(b *substrate.Block) *substrate.Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, have := range c.blocks {
		if have.Hash == b.Hash {
			return have
		}
	}
	c.blocks = append(c.blocks, b)
	if len(c.blocks) > keptBlocks {
		c.blocks = c.blocks[1:]
	}
	return b
}

// account is the account id of an address, which must be one of this chain.
func (c *Chain) account(a programme.Address) ([32]byte, error) {
	prefix, id, err := ss58.DecodeAccount(string(a))
	if err != nil {
		return id, err
	}
	if prefix != c.info.Prefix {
		return id, fmt.Errorf("the address %s has the prefix %d, %s has %d", a, prefix, c.info.Name, c.info.Prefix)
	}
	return id, nil
}

func (c *Chain) address(id [32]byte) programme.Address {
	return programme.Address(ss58.EncodeAccount(c.info.Prefix, id))
}

func (c *Chain) addresses(ids [][32]byte) []programme.Address {
	out := make([]programme.Address, len(ids))
	for i, id := range ids {
		out[i] = c.address(id)
	}
	return out
}
