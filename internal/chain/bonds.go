package chain

import (
	"context"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
)

// bonded is the bond of a stash; ledger is nil when it has none.
type bonded struct {
	controller account
	ledger     *ledger
}

// claimed reports whether the ledger lists the reward of an era as paid.
func (b bonded) claimed(era programme.Era) bool {
	return b.ledger != nil && slices.Contains(b.ledger.Claimed, uint32(era))
}

// readBonds reads the bonds of stashes. The way is from the stash to its controller and from there to the ledger;
// a ledger that belongs to another stash does not count.
func readBonds(ctx context.Context, b *substrate.Block, stashes []account) (map[account]bonded, error) {
	var owners, controllers []account
	err := many(ctx, b, "Staking", "Bonded", byAccount(stashes), func(i int, controller *account) {
		owners, controllers = append(owners, stashes[i]), append(controllers, *controller)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[account]bonded, len(owners))
	err = many(ctx, b, "Staking", "Ledger", byAccount(controllers), func(i int, l *ledger) {
		if l.Stash == owners[i] {
			own := *l
			out[owners[i]] = bonded{controllers[i], &own}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readPayees reads the reward destinations of bonded stashes.
func readPayees(ctx context.Context, b *substrate.Block, book *book, stashes []account, bonds map[account]bonded) (map[account]string, error) {
	out := make(map[account]string, len(stashes))
	// Where the map has a default, no entry means the default, for whoever is bonded.
	if entry, err := b.Runtime().Metadata.Storage("Staking", "Payee"); err == nil && !entry.Optional {
		var d destination
		if err := codec.Unmarshal(b.Runtime().Metadata.Types, entry.Value, entry.Default, &d); err != nil {
			return nil, err
		}
		for id := range bonds {
			out[id] = payeeText(&d, book)
		}
	}
	err := many(ctx, b, "Staking", "Payee", byAccount(stashes), func(i int, d *destination) {
		out[stashes[i]] = payeeText(d, book)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// intentions are the entries of the validators map.
type intentions struct {
	count int // of the whole map
	of    map[account]programme.Intention
}

// readIntentions reads the whole map: it is hardly larger than the list of candidates, and its size is wanted too.
func readIntentions(ctx context.Context, b *substrate.Block, stashes map[account]bool) (*intentions, error) {
	x := &intentions{of: map[account]programme.Intention{}}
	err := each(ctx, b, "Staking", "Validators", nil, func(keys []any, v *preferences) error {
		id, err := keyAccount(keys, 0)
		if err != nil {
			return err
		}
		x.count++
		if stashes[id] {
			x.of[id] = programme.Intention{Present: true, Commission: programme.Perbill(v.Commission), Blocked: v.Blocked}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}
