package chain

import (
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Payouts per era and validator, by generation:
//
//	A  the whole era at once; the ledger lists the eras that were paid
//	B  page by page; eras before the change are still listed in the ledger, as legacy claims
//	C  page by page; ledgers list nothing any more
//
// An era counts for a stash when its reward is set and the stash earned points in it, and only while the era is in
// the history: data of older eras may still lie around, but nothing can be claimed from it.

// historyWindow is the range [from, to) of eras whose points and claims are looked at: complete eras, at most size of
// them, and not older than what the chain keeps.
func historyWindow(e programme.Eras, size programme.Era) (from, to programme.Era) {
	to = e.Active
	if to > size {
		from = to - size
	}
	if kept := programme.Era(e.HistoryDepth); e.Planned > kept {
		from = max(from, e.Planned-kept)
	}
	return min(from, to), to
}

// pageCount is the number of pages in which the reward of an exposure is paid. A validator with own stake only has no
// page of nominators, but is paid all the same, as page 0. An exposure of the old form is paid at once. Without any
// exposure there is nothing to pay.
func pageCount(o *overview, unpaged bool) uint32 {
	switch {
	case o == nil && unpaged:
		return 1
	case o == nil:
		return 0
	case o.PageCount == 0 && !o.Own.IsZero():
		return 1
	}
	return o.PageCount
}

// openEra tells what of an era with that many pages is still to be claimed; ok is false when nothing is.
func openEra(era programme.Era, pages uint32, claimed []uint32) (u programme.UnclaimedEra, ok bool) {
	paid := make([]uint32, 0, len(claimed))
	for _, p := range claimed {
		if p < pages {
			paid = append(paid, p)
		}
	}
	slices.Sort(paid)
	paid = slices.Compact(paid)
	if uint64(len(paid)) >= uint64(pages) {
		return programme.UnclaimedEra{}, false
	}
	if len(paid) == 0 {
		paid = nil
	}
	return programme.UnclaimedEra{Era: era, Pages: pages, Claimed: paid}, true
}
