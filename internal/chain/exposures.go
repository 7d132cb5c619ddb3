package chain

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// exposures are the elected validators of an era and the stake behind those asked for.
type exposures struct {
	elected []programme.Elected
	of      map[account]*programme.Exposure
}

// readExposures reads the exposures of an era. Where the paged form exists it counts; the old form counts where it is
// the only one, and in the era during which a chain changed to the paged form.
func readExposures(ctx context.Context, b *substrate.Block, book *book, era programme.Era, stashes map[account]bool) (*exposures, error) {
	if b.Has("Staking", "ErasStakersOverview") {
		x, err := pagedExposures(ctx, b, book, era, stashes)
		if err != nil || len(x.elected) > 0 || !b.Has("Staking", "ErasStakers") {
			return x, err
		}
	}
	return unpagedExposures(ctx, b, book, era, stashes)
}

func unpagedExposures(ctx context.Context, b *substrate.Block, book *book, era programme.Era, stashes map[account]bool) (*exposures, error) {
	x := &exposures{of: map[account]*programme.Exposure{}}
	err := each(ctx, b, "Staking", "ErasStakers", []any{uint32(era)}, func(keys []any, v *unpagedExposure) error {
		id, err := keyAccount(keys, 1)
		if err != nil {
			return err
		}
		x.elected = append(x.elected, programme.Elected{Stash: book.address(id), Total: v.Total.Planck})
		if stashes[id] {
			e := &programme.Exposure{Total: v.Total.Planck, Own: v.Own.Planck}
			addBackings(e, v.Others, book)
			sortBackings(e)
			x.of[id] = e
		}
		return nil
	})
	sortElected(x.elected)
	return x, err
}

func pagedExposures(ctx context.Context, b *substrate.Block, book *book, era programme.Era, stashes map[account]bool) (*exposures, error) {
	x := &exposures{of: map[account]*programme.Exposure{}}
	type page struct {
		stash account
		index uint32
	}
	var pages []page
	err := each(ctx, b, "Staking", "ErasStakersOverview", []any{uint32(era)}, func(keys []any, v *overview) error {
		id, err := keyAccount(keys, 1)
		if err != nil {
			return err
		}
		x.elected = append(x.elected, programme.Elected{Stash: book.address(id), Total: v.Total.Planck})
		if !stashes[id] {
			return nil
		}
		x.of[id] = &programme.Exposure{Total: v.Total.Planck, Own: v.Own.Planck}
		if v.PageCount > maxPages {
			return fmt.Errorf("%s has an exposure of %d pages in era %d, at most %d are believable", book.address(id), v.PageCount, era, maxPages)
		}
		for i := range v.PageCount {
			pages = append(pages, page{id, i})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortElected(x.elected)
	keys := make([][]any, len(pages))
	for i, p := range pages {
		keys[i] = []any{uint32(era), p.stash, p.index}
	}
	got := make([]bool, len(pages))
	err = many(ctx, b, "Staking", "ErasStakersPaged", keys, func(i int, v *exposurePage) {
		got[i] = true
		addBackings(x.of[pages[i].stash], v.Others, book)
	})
	if err != nil {
		return nil, err
	}
	if i := slices.Index(got, false); i >= 0 {
		return nil, fmt.Errorf("page %d of the exposure of %s in era %d is missing", pages[i].index, book.address(pages[i].stash), era)
	}
	for _, e := range x.of {
		sortBackings(e)
	}
	return x, nil
}

// maxPages bounds the pages of one exposure; with 64 to 512 nominators in each, none has more than a few hundred.
const maxPages = 1 << 14

func addBackings(e *programme.Exposure, others []individual, book *book) {
	for _, o := range others {
		e.Others = append(e.Others, programme.Backing{Who: book.address(o.Who), Value: o.Value.Planck})
	}
}

// sortBackings sorts by nominator and joins what one nominator has on several pages.
func sortBackings(e *programme.Exposure) {
	slices.SortFunc(e.Others, func(a, b programme.Backing) int { return cmp.Compare(a.Who, b.Who) })
	joined := e.Others[:0]
	for _, o := range e.Others {
		if n := len(joined); n > 0 && joined[n-1].Who == o.Who {
			joined[n-1].Value = joined[n-1].Value.Add(o.Value)
			continue
		}
		joined = append(joined, o)
	}
	e.Others = joined
}

func sortElected(list []programme.Elected) {
	slices.SortFunc(list, func(a, b programme.Elected) int { return cmp.Compare(a.Stash, b.Stash) })
}
