package chain

import (
	"cmp"
	"context"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// readBackers finds the accounts that nominate at least one of the stashes, and their active bonds. Nominations can
// only be found by reading the whole map.
func readBackers(ctx context.Context, b *substrate.Block, book *book, stashes map[account]bool, count func(int)) ([]programme.Backer, error) {
	var ids []account
	var list []programme.Backer
	seen := 0
	err := each(ctx, b, "Staking", "Nominators", nil, func(keys []any, v *nominations) error {
		if seen++; seen%1000 == 0 {
			count(seen)
		}
		targets := slices.DeleteFunc(v.Targets, func(t account) bool { return !stashes[t] })
		if len(targets) == 0 {
			return nil
		}
		id, err := keyAccount(keys, 0)
		if err != nil {
			return err
		}
		ids = append(ids, id)
		list = append(list, programme.Backer{Stash: book.address(id), Targets: slices.Compact(book.addresses(targets))})
		return nil
	})
	if err != nil {
		return nil, err
	}
	count(seen)
	bonds, err := readBonds(ctx, b, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if l := bonds[id].ledger; l != nil {
			list[i].Active = l.Active.Planck
		}
	}
	slices.SortFunc(list, func(a, b programme.Backer) int { return cmp.Compare(a.Stash, b.Stash) })
	return list, nil
}

// readNominators reads what the chain says of the programme's own nominators, in the order of ids. The accounts are
// those that sign or are signed for, which on old chains may be controllers: then the ledger names the stash.
func readNominators(ctx context.Context, b *substrate.Block, book *book, ids []account) ([]programme.ChainNominator, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ledgers := map[account]*ledger{}
	err := many(ctx, b, "Staking", "Ledger", byAccount(ids), func(i int, l *ledger) {
		own := *l
		ledgers[ids[i]] = &own
	})
	if err != nil {
		return nil, err
	}
	bonds := map[account]bonded{} // by account asked for
	var stashes []account
	for _, id := range ids {
		if l := ledgers[id]; l != nil {
			bonds[id] = bonded{id, l}
		} else {
			stashes = append(stashes, id)
		}
	}
	viaController, err := readBonds(ctx, b, stashes)
	if err != nil {
		return nil, err
	}
	stashOf := make([]account, len(ids))
	byStash := map[account]bonded{}
	for i, id := range ids {
		bond, ok := bonds[id]
		if !ok {
			bond = viaController[id]
		}
		stashOf[i] = id
		if bond.ledger != nil {
			stashOf[i] = bond.ledger.Stash
			byStash[stashOf[i]] = bond
		}
	}
	list := make([]programme.ChainNominator, len(ids))
	for i, id := range ids {
		list[i] = programme.ChainNominator{Address: book.address(id), Stash: book.address(stashOf[i])}
		if bond, ok := byStash[stashOf[i]]; ok {
			list[i].Bond = toBond(book.address(bond.controller), bond.ledger)
		}
	}
	payees, err := readPayees(ctx, b, book, stashOf, byStash)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Payee = payees[stashOf[i]]
	}
	err = many(ctx, b, "Staking", "Nominators", byAccount(stashOf), func(i int, v *nominations) {
		list[i].Targets, list[i].SubmittedIn = book.addresses(v.Targets), programme.Era(v.SubmittedIn)
	})
	if err != nil {
		return nil, err
	}
	err = many(ctx, b, "System", "Account", byAccount(stashOf), func(i int, v *accountInfo) {
		list[i].Free, list[i].Reserved = v.Data.Free.Planck, v.Data.Reserved.Planck
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
