package simchain

import (
	"errors"
	"fmt"
)

// Audit compares what the newest state says in several places: balances with the issuance, bonds with what is locked or
// held, counters with maps, exposures with their pages and with the stake of nominators.
func (c *Chain) Audit() error {
	var err error
	c.look(func(w *work) {
		problems := []error{w.auditIssuance()}
		if w.role.staking() {
			problems = append(problems, w.auditStakes(), w.auditCounters())
			active, _ := w.eras()
			problems = append(problems, w.auditExposures(active.Index))
		}
		err = errors.Join(append(problems, w.err)...)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.cfg.Name, err)
	}
	return nil
}

func (w *work) auditIssuance() error {
	sum := uint64(0)
	for _, a := range all[accountInfo](w.view, "System", "Account") {
		sum += a.value.Data.Free + a.value.Data.Reserved
	}
	if issued, _ := read[uint64](w.view, "Balances", "TotalIssuance"); issued != sum {
		return fmt.Errorf("accounts have %d, issued are %d", sum, issued)
	}
	return nil
}

func (w *work) auditStakes() error {
	for _, l := range all[ledger](w.view, "Staking", "Ledger") {
		stash, sum := l.value.Stash, l.value.Active
		for _, c := range l.value.Unlocking {
			sum += c.Value
		}
		if sum != l.value.Total {
			return fmt.Errorf("the ledger of %x has %d in total and %d in parts", stash, l.value.Total, sum)
		}
		held := uint64(0)
		if w.role == RoleHub {
			type hold struct{ Amount uint64 }
			list, _ := read[[]hold](w.view, "Balances", "Holds", stash)
			for _, h := range list {
				held += h.Amount
			}
		} else {
			list, _ := read[[]balanceLock](w.view, "Balances", "Locks", stash)
			for _, h := range list {
				held += h.Amount
			}
		}
		if held != l.value.Total {
			return fmt.Errorf("%x has bonded %d, held are %d", stash, l.value.Total, held)
		}
	}
	return nil
}

func (w *work) auditCounters() error {
	for counter, have := range map[string]int{
		"CounterForValidators": len(all[prefs](w.view, "Staking", "Validators")), "CounterForNominators": len(all[nominations](w.view, "Staking", "Nominators")),
	} {
		if n, _ := read[uint32](w.view, "Staking", counter); int(n) != have {
			return fmt.Errorf("counter Staking.%s is %d, the map has %d entries", counter, n, have)
		}
	}
	return nil
}

// auditExposures also makes sure that nobody backs with more than it can ever have had.
func (w *work) auditExposures(era uint32) error {
	sum, given := uint64(0), map[Account]uint64{}
	for _, o := range all[overview](w.view, "Staking", "ErasStakersOverview", era) {
		total, count, stash := o.value.Own, uint32(0), o.account(1)
		given[stash] += o.value.Own
		pages := all[exposurePage](w.view, "Staking", "ErasStakersPaged", era, stash)
		for _, p := range pages {
			part := uint64(0)
			for _, n := range p.value.Others {
				part += n.Value
				given[n.Who] += n.Value
			}
			if part != p.value.PageTotal || len(p.value.Others) > int(w.params.ExposurePage) {
				return fmt.Errorf("a page of %x in era %d has %d by %d nominators, stated are %d", stash, era, part, len(p.value.Others), p.value.PageTotal)
			}
			total, count = total+part, count+uint32(len(p.value.Others))
		}
		if total != o.value.Total || count != o.value.NominatorCount || len(pages) != int(o.value.PageCount) {
			return fmt.Errorf("the exposure of %x in era %d is %+v, its pages have %d by %d", stash, era, o.value, total, count)
		}
		sum += total
	}
	if stated, _ := read[uint64](w.view, "Staking", "ErasTotalStake", era); stated != sum {
		return fmt.Errorf("era %d has a stake of %d, stated are %d", era, sum, stated)
	}
	for who, n := range given {
		a, _ := w.account(who)
		if n > a.Data.Free+a.Data.Reserved {
			return fmt.Errorf("%x backs with %d in era %d and has %d", who, n, era, a.Data.Free+a.Data.Reserved)
		}
	}
	return nil
}
