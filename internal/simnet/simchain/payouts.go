package simchain

import "slices"

func (w *work) payoutStakers(_ Account, a args) *Failure {
	stash, era := a.account("validator_stash"), a.number("era")
	paid, _ := read[[]uint32](w.view, "Staking", "ClaimedRewards", era, stash)
	page := uint32(0)
	for slices.Contains(paid, page) {
		page++
	}
	if o, ok := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash); ok && page >= pagesOf(o) {
		return stakingError("AlreadyClaimed")
	}
	return w.payout(stash, era, page)
}

func (w *work) payoutStakersByPage(_ Account, a args) *Failure {
	return w.payout(a.account("validator_stash"), a.number("era"), a.number("page"))
}

// pagesOf is the number of pages in which an exposure is paid. Own stake alone is paid as page 0.
func pagesOf(o overview) uint32 {
	if o.PageCount == 0 && o.Own > 0 {
		return 1
	}
	return o.PageCount
}

// payout pays one page of an era's reward of a validator.
func (w *work) payout(stash Account, era, page uint32) *Failure {
	active, planned := w.eras()
	if era >= active.Index || planned > w.params.HistoryDepth && era < planned-w.params.HistoryDepth {
		return stakingError("InvalidEraToReward")
	}
	reward, ok := read[uint64](w.view, "Staking", "ErasValidatorReward", era)
	if !ok {
		return stakingError("InvalidEraToReward")
	}
	if _, ok := read[Account](w.view, "Staking", "Bonded", stash); !ok {
		return stakingError("NotStash")
	}
	o, ok := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash)
	if !ok || page >= pagesOf(o) {
		return stakingError("InvalidPage")
	}
	paid, _ := read[[]uint32](w.view, "Staking", "ClaimedRewards", era, stash)
	if slices.Contains(paid, page) {
		return stakingError("AlreadyClaimed")
	}
	w.write(append(paid, page), "Staking", "ClaimedRewards", era, stash)
	points, _ := read[eraPoints](w.view, "Staking", "ErasRewardPoints", era)
	own := uint32(0)
	for _, p := range points.Individual {
		if p.Who == stash {
			own = p.Points
		}
	}
	if own == 0 {
		return nil
	}
	part := mulDiv(reward, uint64(own), uint64(points.Total))
	p, _ := read[prefs](w.view, "Staking", "ErasValidatorPrefs", era, stash)
	commission := mulDiv(part, uint64(p.Commission), whole)
	started := map[string]any{"era_index": era, "validator_stash": stash}
	if w.role == RoleHub {
		started["page"], started["next"] = page, nil
		if page+1 < pagesOf(o) {
			started["next"] = page + 1
		}
	}
	w.emit("Staking", "PayoutStarted", started)
	others, _ := read[exposurePage](w.view, "Staking", "ErasStakersPaged", era, stash, page)
	// The commission is paid with the pages, each its share of the stake behind the validator.
	stake := others.PageTotal
	if page == 0 {
		stake += o.Own
		w.reward(stash, mulDiv(part-commission, o.Own, o.Total)+mulDiv(commission, stake, o.Total))
	} else {
		w.reward(stash, mulDiv(commission, stake, o.Total))
	}
	for _, n := range others.Others {
		w.reward(n.Who, mulDiv(part-commission, n.Value, o.Total))
	}
	return nil
}

// reward pays to where a stash wants its rewards.
func (w *work) reward(stash Account, n uint64) {
	dest, ok := read[payee](w.view, "Staking", "Payee", stash)
	if !ok || dest.Kind == "None" || n == 0 {
		return
	}
	to := stash
	if dest.Account != nil {
		to = *dest.Account
	}
	if w.mint(to, n) == 0 {
		return
	}
	if l, f := w.ledger(stash); f == nil && dest.Kind == "Staked" {
		if w.stake(stash, l.Total, l.Total+n) == nil {
			l.Total, l.Active = l.Total+n, l.Active+n
			w.setLedger(l)
		}
	}
	w.emit("Staking", "Rewarded", map[string]any{"stash": stash, "dest": dest, "amount": n})
}
