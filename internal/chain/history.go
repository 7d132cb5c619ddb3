package chain

import (
	"context"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// Archive reads what a snapshot does not hold because no round needs it, all at one block: sets and points of past eras,
// the session keys of everybody, the accounts of identities.
type Archive struct {
	places *places
	book   *book
	// Clock is the time of the chains at the block.
	Clock Clock
}

// Clock is where the chains stand.
type Clock struct {
	Eras   programme.Eras
	Number uint32 // of the staking chain's block
	Hash   string // 0x hex
	Time   programme.Millis
}

// Archive opens the newest finalised block, or the one given as in [Request]. Its errors are those of [Chains.Snapshot].
func (c *Chains) Archive(ctx context.Context, at string) (*Archive, error) {
	l, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.choose(ctx, l, at)
	if err != nil {
		return nil, err
	}
	n, _, err := c.network(ctx, l, p)
	if err != nil {
		return nil, err
	}
	a := &Archive{places: p, book: newBook(n.SS58Prefix)}
	a.Clock, err = readClock(ctx, p)
	return a, err
}

func readClock(ctx context.Context, p *places) (Clock, error) {
	clock := Clock{Number: p.staking.Number, Hash: p.staking.Hash.String(), Time: p.stakingTime}
	var err error
	if clock.Eras, err = readEras(ctx, p.staking, p.session); err != nil {
		return clock, failed(ctx, "read the staking chain", err)
	}
	var index uint32
	if _, err := p.session.Get(ctx, "Session", "CurrentIndex", &index); err != nil {
		return clock, failed(ctx, "read the session chain", err)
	}
	clock.Eras.Session = programme.Session(index)
	return clock, nil
}

// ClockAt tells where the chains stood at a block of the staking chain, given as in [Request]; empty for the newest.
func (c *Chains) ClockAt(ctx context.Context, at string) (Clock, error) {
	l, err := c.locate(ctx)
	if err != nil {
		return Clock{}, err
	}
	p, err := c.choose(ctx, l, at)
	if err != nil {
		return Clock{}, err
	}
	return readClock(ctx, p)
}

// Follow tells fn where the chains stand at the newest finalised block and at every one after it, until ctx ends or fn
// fails. It may skip blocks.
func (c *Chains) Follow(ctx context.Context, fn func(context.Context, Clock) error) error {
	l, err := c.locate(ctx)
	if err != nil {
		return err
	}
	return l.staking.FollowFinalised(ctx, nil, func(substrate.Head) error {
		clock, err := c.ClockAt(ctx, "")
		if err != nil {
			return err
		}
		return fn(ctx, clock)
	})
}

// Validators are the members of an era's validator set, sorted. An empty list means that the chain does not know, or no
// longer.
func (a *Archive) Validators(ctx context.Context, era programme.Era) ([]programme.Address, error) {
	x, err := readExposures(ctx, a.places.staking, a.book, era, nil)
	if err != nil {
		return nil, failed(ctx, "read the validator set of an era", err)
	}
	list := make([]programme.Address, len(x.elected))
	for i, e := range x.elected {
		list[i] = e.Stash
	}
	return list, nil
}

// Points are the reward points of an era.
type Points struct {
	Total uint32
	// Of has those with more than zero.
	Of map[programme.Address]uint32
}

// Points reads the reward points of everybody in an era; nil when the chain has no entry for it.
func (a *Archive) Points(ctx context.Context, era programme.Era) (*Points, error) {
	var v rewardPoints
	found, err := a.places.staking.Get(ctx, "Staking", "ErasRewardPoints", &v, uint32(era))
	if err != nil {
		return nil, failed(ctx, "read the reward points of an era", err)
	}
	if !found {
		return nil, nil
	}
	p := &Points{Total: v.Total, Of: make(map[programme.Address]uint32, len(v.Individual))}
	for id, n := range v.Individual {
		if n > 0 {
			p.Of[a.book.address(id)] = n
		}
	}
	return p, nil
}

// Keys reads the next session keys of all accounts with the intention to validate. Accounts without keys are left out.
func (a *Archive) Keys(ctx context.Context) (map[programme.Address][]programme.SessionKey, error) {
	var ids []account
	err := each(ctx, a.places.staking, "Staking", "Validators", nil, func(keys []any, _ *preferences) error {
		id, err := keyAccount(keys, 0)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, failed(ctx, "read intentions", err)
	}
	found, err := readKeys(ctx, a.places.session, ids)
	if err != nil {
		return nil, failed(ctx, "read session keys", err)
	}
	out := make(map[programme.Address][]programme.SessionKey, len(found))
	for id, keys := range found {
		out[a.book.address(id)] = keys
	}
	return out, nil
}

// Subs reads the accounts under super-identities, sorted; those of an account without any are left out. It fails when
// the identity chain is out of reach.
func (a *Archive) Subs(ctx context.Context, supers []programme.Address) (map[programme.Address][]programme.Address, error) {
	if a.places.identity == nil {
		return nil, unavailable("read identities: %s", a.places.gap)
	}
	ids, err := accounts("super-identity", supers)
	if err != nil {
		return nil, err
	}
	out := map[programme.Address][]programme.Address{}
	err = many(ctx, a.places.identity, "Identity", "SubsOf", byAccount(ids), func(i int, v *subsOf) {
		if list := a.book.addresses(v.Accounts); len(list) > 0 {
			out[a.book.address(ids[i])] = slices.Clip(list)
		}
	})
	if err != nil {
		return nil, failed(ctx, "read identities", err)
	}
	return out, nil
}

// subsOf are a super-identity's accounts, with the deposit for them in front.
type subsOf struct {
	Accounts []account `scale:"1"`
}
