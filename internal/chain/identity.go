package chain

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// identities reads the registrations that count for stashes: the stash's own, or else that of its super-identity. The
// map has no entry for a stash that has neither.
func identities(ctx context.Context, b *substrate.Block, book *book, stashes []account) (map[account]*programme.Identity, error) {
	known := map[account]*registration{}
	if err := registrations(ctx, b, stashes, known); err != nil {
		return nil, err
	}
	var subs, parents []account
	supers := map[account]superOf{}
	for _, s := range stashes {
		if known[s] == nil {
			subs = append(subs, s)
		}
	}
	err := many(ctx, b, "Identity", "SuperOf", byAccount(subs), func(i int, v *superOf) {
		supers[subs[i]] = *v
		if known[v.Parent] == nil {
			parents = append(parents, v.Parent)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := registrations(ctx, b, unique(parents), known); err != nil {
		return nil, err
	}
	out := make(map[account]*programme.Identity, len(stashes))
	for _, s := range stashes {
		if r := known[s]; r != nil {
			out[s] = &programme.Identity{Display: dataText(r.Info.Display), Judgements: judgements(r)}
			continue
		}
		super, ok := supers[s]
		if !ok || known[super.Parent] == nil {
			continue
		}
		r := known[super.Parent]
		out[s] = &programme.Identity{
			Display:    dataText(r.Info.Display) + " / " + dataText(super.Name),
			Super:      book.address(super.Parent),
			Judgements: judgements(r),
		}
	}
	return out, nil
}

func registrations(ctx context.Context, b *substrate.Block, ids []account, into map[account]*registration) error {
	return many(ctx, b, "Identity", "IdentityOf", byAccount(ids), func(i int, v *registration) {
		r := *v
		into[ids[i]] = &r
	})
}

func judgements(r *registration) []programme.Judgement {
	var list []programme.Judgement
	for _, j := range r.Judgements {
		list = append(list, programme.Judgement{Registrar: j.Registrar, Kind: j.Kind})
	}
	return list
}
