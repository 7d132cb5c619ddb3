package chain

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// windowEras is the number of complete eras whose points, claims and slashes are read.
const windowEras programme.Era = 84

// eraPoints are the reward points of a window of eras. An era without an entry on chain is in neither list: it is not
// known whether nobody earned points in it or whether it was not recorded.
type eraPoints struct {
	totals []programme.EraTotal
	of     map[account]map[programme.Era]uint32 // only stashes asked for, only more than zero
}

func readPoints(ctx context.Context, b *substrate.Block, from, to programme.Era, stashes map[account]bool) (*eraPoints, error) {
	p := &eraPoints{of: map[account]map[programme.Era]uint32{}}
	err := many(ctx, b, "Staking", "ErasRewardPoints", byEra(from, to), func(i int, v *rewardPoints) {
		era := from + programme.Era(i)
		p.totals = append(p.totals, programme.EraTotal{Era: era, Total: v.Total})
		for id, n := range v.Individual {
			if n == 0 || !stashes[id] {
				continue
			}
			if p.of[id] == nil {
				p.of[id] = map[programme.Era]uint32{}
			}
			p.of[id][era] = n
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// byEra are the keys of a map with an era as its key, for the eras in [from, to).
func byEra(from, to programme.Era) [][]any {
	var keys [][]any
	for e := from; e < to; e++ {
		keys = append(keys, []any{uint32(e)})
	}
	return keys
}

// readClaims finds the eras in [from, to) whose rewards are not all paid out, by stash and ascending. See claims.go.
func readClaims(ctx context.Context, b *substrate.Block, from, to programme.Era, stashes []account,
	points *eraPoints, bonds map[account]bonded) (map[account][]programme.UnclaimedEra, error) {
	rewarded := make([]bool, to-from)
	err := many(ctx, b, "Staking", "ErasValidatorReward", byEra(from, to), func(i int, _ *amount) { rewarded[i] = true })
	if err != nil {
		return nil, err
	}
	item := claimItem(b)
	due := newEraKeys(from, to)
	for _, s := range stashes {
		bond := bonds[s]
		if item == "" && bond.ledger == nil {
			continue // nothing can be paid to a stash without a ledger, nor is it known what was paid before
		}
		for era := from; era < to; era++ {
			if rewarded[era-from] && points.of[s][era] > 0 && !bond.claimed(era) {
				due.add(era, s)
			}
		}
	}
	if item == "" {
		out := map[account][]programme.UnclaimedEra{}
		for _, k := range due.list {
			out[k.stash] = append(out[k.stash], programme.UnclaimedEra{Era: k.era, Pages: 1})
		}
		return out, nil
	}
	return pagedClaims(ctx, b, item, due)
}

// pagedClaims compares the pages of the exposures with those that were claimed.
func pagedClaims(ctx context.Context, b *substrate.Block, item string, due *eraKeys) (map[account][]programme.UnclaimedEra, error) {
	paid := make([][]uint32, len(due.list))
	if err := many(ctx, b, "Staking", item, due.keys, func(i int, v *[]uint32) { paid[i] = *v }); err != nil {
		return nil, err
	}
	pages := make([]uint32, len(due.list))
	known := make([]bool, len(due.list))
	err := many(ctx, b, "Staking", "ErasStakersOverview", due.keys, func(i int, v *overview) {
		known[i], pages[i] = true, pageCount(v, false)
	})
	if err != nil {
		return nil, err
	}
	if b.Has("Staking", "ErasStakers") {
		var places []int
		var keys [][]any
		for i := range known {
			if !known[i] {
				places, keys = append(places, i), append(keys, due.keys[i])
			}
		}
		err := many(ctx, b, "Staking", "ErasStakers", keys, func(i int, _ *stake) { pages[places[i]] = pageCount(nil, true) })
		if err != nil {
			return nil, err
		}
	}
	out := map[account][]programme.UnclaimedEra{}
	for i, k := range due.list {
		if u, open := openEra(k.era, pages[i], paid[i]); open {
			out[k.stash] = append(out[k.stash], u)
		}
	}
	return out, nil
}

// claimItem is the item that holds claimed pages, under its name in metadata or the one in the pallet's source; empty
// in generation A.
func claimItem(b *substrate.Block) string {
	for _, item := range []string{"ClaimedRewards", "ErasClaimedRewards"} {
		if b.Has("Staking", item) {
			return item
		}
	}
	return ""
}

// eraKeys are keys of maps by era and stash. There may be a hundred thousand, so they share what they can.
type eraKeys struct {
	from  programme.Era
	eras  []any // boxed, from from on
	stash account
	boxed any // stash
	list  []slashKey
	keys  [][]any
	rest  []any
}

func newEraKeys(from, to programme.Era) *eraKeys {
	k := &eraKeys{from: from}
	for e := from; e < to; e++ {
		k.eras = append(k.eras, uint32(e))
	}
	return k
}

func (k *eraKeys) add(era programme.Era, stash account) {
	if k.boxed == nil || k.stash != stash {
		k.stash, k.boxed = stash, stash
	}
	if cap(k.rest)-len(k.rest) < 2 {
		k.rest = make([]any, 0, 2048)
	}
	n := len(k.rest)
	k.rest = append(k.rest, k.eras[era-k.from], k.boxed)
	k.keys = append(k.keys, k.rest[n:n+2:n+2])
	k.list = append(k.list, slashKey{era, stash})
}
