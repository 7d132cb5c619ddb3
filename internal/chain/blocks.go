package chain

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
)

// places are the blocks at which a snapshot is read.
type places struct {
	staking, session *substrate.Block
	identity         *substrate.Block // nil: there is a gap
	gap              string           // why
	warnings         []string

	stakingTime, sessionTime, identityTime programme.Millis // of the blocks
}

// Blocks that belong together are close in time: an Asset Hub block and its relay parent, a staking block and the
// newest identities.
const (
	maxSkew      = programme.Hour        // beyond it the two chains do not belong together
	staleAfter   = 10 * programme.Minute // beyond it identities are called old
	maxHubBlocks = 4096                  // how far back a block is searched that a lagging relay chain node knows
)

// choose picks the blocks of a snapshot.
func (c *Chains) choose(ctx context.Context, l *location, at string) (*places, error) {
	staking, err := blockAt(ctx, l.staking, at)
	if err != nil {
		return nil, err
	}
	p := &places{staking: staking, session: staking}
	if l.moved() {
		if err := c.matchRelay(ctx, l, p, at != ""); err != nil {
			return nil, err
		}
	}
	if err := p.readTimes(ctx); err != nil {
		return nil, err
	}
	return p, c.matchIdentity(ctx, l, p)
}

// blockAt is the block a text names, which must be final: a number, a hash, or nothing for the newest.
func blockAt(ctx context.Context, client *substrate.Client, at string) (*substrate.Block, error) {
	head, err := client.Finalised(ctx)
	if err != nil {
		return nil, failed(ctx, "read the staking chain", err)
	}
	if at == "" {
		return head, nil
	}
	name := client.Chain().Name
	if digits, isHash := strings.CutPrefix(at, "0x"); isHash {
		raw, err := hex.DecodeString(digits)
		if err != nil || len(raw) != 32 {
			return nil, badRequest("block %q is neither a number nor a hash of 32 bytes (0x and 64 hexadecimal digits)", at)
		}
		b, err := client.BlockByHash(ctx, [32]byte(raw))
		if err != nil {
			return nil, failed(ctx, "read the staking chain", err)
		}
		if b.Number <= head.Number {
			canonical, err := client.BlockAt(ctx, b.Number)
			if err != nil {
				return nil, failed(ctx, "read the staking chain", err)
			}
			if canonical.Hash == b.Hash {
				return b, nil
			}
		}
		return nil, badRequest("block %s of %s is not final: the newest final block is %d", at, name, head.Number)
	}
	n, err := strconv.ParseUint(at, 10, 32)
	if err != nil {
		return nil, badRequest("block %q is neither a number nor a hash of 32 bytes (0x and 64 hexadecimal digits)", at)
	}
	if uint32(n) > head.Number {
		return nil, badRequest("block %d of %s is not final: the newest final block is %d", n, name, head.Number)
	}
	b, err := client.BlockAt(ctx, uint32(n))
	if err != nil {
		return nil, failed(ctx, "read the staking chain", err)
	}
	return b, nil
}

// matchRelay finds the relay chain's block on which the staking chain's block was built. When the relay chain's node is
// behind and any block will do, an earlier block of the staking chain is taken.
func (c *Chains) matchRelay(ctx context.Context, l *location, p *places, fixed bool) error {
	final, err := l.relay.Finalised(ctx)
	if err != nil {
		return failed(ctx, "read the relay chain", err)
	}
	parent, err := relayParent(ctx, p.staking)
	if err != nil {
		return failed(ctx, "read the staking chain", err)
	}
	if parent > final.Number {
		lag := unavailable("the node of %s is behind: its newest final block is %d, but block %d of %s was built on %d",
			l.relay.Chain().Name, final.Number, p.staking.Number, l.staking.Chain().Name, parent)
		if fixed {
			return lag
		}
		found, err := c.earlier(ctx, l.staking, p, func(b *substrate.Block) (bool, error) {
			n, err := relayParent(ctx, b)
			return n <= final.Number, err
		})
		if err != nil {
			return failed(ctx, "read the staking chain", err)
		}
		if !found {
			return lag
		}
		if parent, err = relayParent(ctx, p.staking); err != nil {
			return failed(ctx, "read the staking chain", err)
		}
	}
	if p.session, err = l.relay.BlockAt(ctx, parent); err != nil {
		return failed(ctx, "read the relay chain", err)
	}
	mode, err := stakingMode(ctx, p.session)
	if err != nil {
		return failed(ctx, "read the relay chain", err)
	}
	if mode != modeActive {
		return badRequest("block %d of %s is from before the staking of %s moved there: ask for a later one",
			p.staking.Number, l.staking.Chain().Name, l.relay.Chain().Name)
	}
	return nil
}

// earlier replaces the staking block by the newest one before it that fits.
func (c *Chains) earlier(ctx context.Context, client *substrate.Client, p *places, fits func(*substrate.Block) (bool, error)) (bool, error) {
	high := p.staking.Number
	low := uint32(1)
	if high > maxHubBlocks {
		low = high - maxHubBlocks
	}
	var found *substrate.Block
	_, ok, err := newestWhere(low, high, func(n uint32) (bool, error) {
		b, err := client.BlockAt(ctx, n)
		if err != nil {
			return false, err
		}
		yes, err := fits(b)
		if yes {
			found = b
		}
		return yes, err
	})
	if ok {
		p.staking = found
	}
	return ok, err
}

// readTimes reads the times of the staking and the session block and makes sure that they were made at about the same
// time. Nodes of different networks can agree in everything else.
func (p *places) readTimes(ctx context.Context) (err error) {
	if p.stakingTime, err = blockTime(ctx, p.staking); err != nil {
		return failed(ctx, "read the staking chain", err)
	}
	p.sessionTime = p.stakingTime
	if p.session == p.staking {
		return nil
	}
	if p.sessionTime, err = blockTime(ctx, p.session); err != nil {
		return failed(ctx, "read the relay chain", err)
	}
	if skew := max(p.stakingTime-p.sessionTime, p.sessionTime-p.stakingTime); skew > maxSkew {
		return unsuitable("block %d of %s is of %s, but the block %d of %s it names as its relay parent is of %s: %s and %s are of different networks",
			p.staking.Number, p.staking.Client().Chain().Name, p.stakingTime, p.session.Number, p.session.Client().Chain().Name, p.sessionTime,
			relayKey, assetHubKey)
	}
	return nil
}

// relayParent is the number of the relay chain's block on which a parachain's block was built.
func relayParent(ctx context.Context, b *substrate.Block) (uint32, error) {
	if b.Has("ParachainSystem", "LastRelayChainBlockNumber") {
		var n uint32
		found, err := b.Get(ctx, "ParachainSystem", "LastRelayChainBlockNumber", &n)
		if err != nil || found {
			return n, err
		}
	}
	var data struct{ RelayParentNumber uint32 }
	found, err := b.Get(ctx, "ParachainSystem", "ValidationData", &data)
	if err == nil && !found {
		err = fmt.Errorf("%s: block %d names no relay chain block", b.Client().Chain().Name, b.Number)
	}
	return data.RelayParentNumber, err
}

// matchIdentity finds the block at which identities are read. Only a wrong configuration is an error; everything else
// leaves a gap.
func (c *Chains) matchIdentity(ctx context.Context, l *location, p *places) error {
	if !l.people {
		if p.session.Has("Identity", "IdentityOf") {
			p.identity, p.identityTime = p.session, p.sessionTime
			return nil
		}
		p.gap = fmt.Sprintf("%s has no identities any more: set %s", describe(p.session), peopleKey)
		return nil
	}
	head, err := c.peopleHead(ctx)
	if err != nil {
		return gapOr(ctx, p, err)
	}
	if err := require(head, peopleKey, "Identity", "IdentityOf"); err != nil {
		return err
	}
	if err := sameNetwork(p.session, head, peopleKey); err != nil {
		return err
	}
	b, when, err := newestBefore(ctx, head.Client(), head, p.stakingTime)
	if err != nil {
		return gapOr(ctx, p, failed(ctx, "read the People chain", err))
	}
	p.identity, p.identityTime = b, when
	if p.stakingTime-when > staleAfter {
		p.warnings = append(p.warnings, fmt.Sprintf("identities are of %s, block %d of %s: its node is behind", when, b.Number, b.Client().Chain().Name))
	}
	return nil
}

func (c *Chains) peopleHead(ctx context.Context) (*substrate.Block, error) {
	client, err := c.connect(ctx, c.people)
	if err != nil {
		return nil, err
	}
	head, err := client.Finalised(ctx)
	if err != nil {
		return nil, failed(ctx, "read the People chain", err)
	}
	return head, nil
}

// gapOr turns the failure of the identity chain into a gap, unless the caller gave up.
func gapOr(ctx context.Context, p *places, err error) error {
	if ctx.Err() != nil {
		return err
	}
	p.identity, p.gap = nil, err.Error()
	return nil
}

// newestBefore is the newest block up to head that is not younger than limit. States that the node has discarded are of
// old blocks, so they count as old enough while searching.
func newestBefore(ctx context.Context, client *substrate.Client, head *substrate.Block, limit programme.Millis) (*substrate.Block, programme.Millis, error) {
	type found struct {
		block *substrate.Block
		when  programme.Millis
		err   error
	}
	var best found
	_, ok, err := newestWhere(min(1, head.Number), head.Number, func(n uint32) (bool, error) {
		b := head
		if n != head.Number {
			var err error
			if b, err = client.BlockAt(ctx, n); err != nil {
				if rpc.IsPruned(err) {
					best = found{err: err}
					return true, nil
				}
				return false, err
			}
		}
		when, err := blockTime(ctx, b)
		switch {
		case rpc.IsPruned(err):
			best = found{err: err}
			return true, nil
		case err != nil:
			return false, err
		case when <= limit:
			best = found{block: b, when: when}
			return true, nil
		}
		return false, nil
	})
	switch {
	case err != nil:
		return nil, 0, err
	case !ok:
		return nil, 0, fmt.Errorf("%s has no block as old as %s", client.Chain().Name, limit)
	case best.err != nil:
		return nil, 0, best.err
	}
	return best.block, best.when, nil
}
