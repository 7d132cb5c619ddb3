package simchain

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/substrate/substratetest"
)

// errTooDeep means that final blocks would have to go.
var errTooDeep = errors.New("there are not so many blocks that are not final")

// Reorganise discards the newest depth blocks and builds as many others, and one more, in their place. What was in them
// goes back to the pool.
func (c *Chain) Reorganise(depth int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if depth < 1 || depth > len(c.blocks)-1-c.finalised {
		return fmt.Errorf("%s: re-organise %d blocks: %w", c.cfg.Name, depth, errTooDeep)
	}
	keep := len(c.blocks) - depth
	old := slices.Clone(c.blocks[keep:])
	if slices.ContainsFunc(old, func(b *block) bool { return b.rt != c.rt }) {
		return fmt.Errorf("%s: re-organise %d blocks: a runtime upgrade is among them", c.cfg.Name, depth)
	}
	c.blocks = c.blocks[:keep]
	if err := c.node.Retract(uint32(keep - 1)); err != nil {
		return err
	}
	c.forks++
	for _, b := range old {
		for _, t := range b.txs {
			c.tell(t, map[string]any{"retracted": hexOf(b.hash[:])})
			t.included = nil
			c.pool = append(c.pool, t)
		}
	}
	sortPool(c.pool)
	for _, b := range append(old, old[len(old)-1]) {
		in := b.in
		in.Time = max(in.Time, c.blocks[len(c.blocks)-1].in.Time+1)
		if len(c.blocks) == keep+depth { // the one more
			in = Inbox{Time: in.Time, Relay: in.Relay}
		}
		if err := c.build(in); err != nil {
			return err
		}
	}
	return nil
}

// Sibling makes a block beside the newest one, which is announced and never becomes part of the chain.
func (c *Chain) Sibling() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.blocks) < 2 {
		return nil
	}
	head := c.blocks[len(c.blocks)-1]
	c.forks++
	root := newView(head.rt, head.state).root(head.root, c.forks)
	b, err := c.node.NewBlock(substratetest.BlockOptions{State: head.state.Copy(), StateRoot: root, Unfinalised: true, Aside: true})
	if err == nil {
		c.byHash[b.Hash] = &block{hash: b.Hash, root: root, rt: head.rt, state: head.state, in: head.in}
	}
	return err
}

// HoldFinality stops finality, or lets it go on.
func (c *Chain) HoldFinality(hold bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stuck = hold
}

// Upgrade changes the runtime with the next block: the version counts on, and the indices of most pallets move.
func (c *Chain) Upgrade() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shift++
	rt, err := newRuntime(c.cfg.Role, c.cfg.Params, c.cfg.SpecName, c.rt.node.SpecVersion+1, txVersion, c.shift)
	if err != nil {
		return err
	}
	c.next = rt
	return nil
}

// HoldPool keeps transactions out of blocks, or lets them in again.
func (c *Chain) HoldPool(hold bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = hold
}

// DropPool empties the pool and tells the senders with a word; with none they are not told.
func (c *Chain) DropPool(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.pool {
		if word != "" {
			c.tell(t, word)
		}
	}
	c.pool = nil
}

// Offend makes a validator misbehave with the next block.
func (c *Chain) Offend(o Offence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offences = append(c.offences, o)
}
