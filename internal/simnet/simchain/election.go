package simchain

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// voter is a nominator with what it can give.
type voter struct {
	who     Account
	active  uint64
	targets []Account
}

// elect chooses the validators of an era and writes their exposures. The stake of a nominator counts for each of its
// targets in equal parts; those with the most behind them win, and then share it in equal parts. Only stashes that keep
// tells to may win; nil keeps all.
func (w *work) elect(era uint32, keep func(Account) bool) []Account {
	own, behind := map[Account]uint64{}, map[Account]uint64{}
	preferences := map[Account]prefs{}
	for _, v := range all[prefs](w.view, "Staking", "Validators") {
		stash := v.account(0)
		l, f := w.ledger(stash)
		if f != nil || keep != nil && !keep(stash) {
			continue
		}
		preferences[stash], own[stash], behind[stash] = v.value, l.Active, l.Active
	}
	voters := w.voters(preferences)
	for _, n := range voters {
		for _, t := range n.targets {
			behind[t] += n.active / uint64(len(n.targets))
		}
	}
	winners := slices.SortedFunc(maps.Keys(behind), func(a, b Account) int {
		return cmp.Or(cmp.Compare(behind[b], behind[a]), bytes.Compare(a[:], b[:]))
	})
	count, _ := read[uint32](w.view, "Staking", "ValidatorCount")
	winners = winners[:min(len(winners), int(count))]
	support := map[Account][]individual{}
	for _, v := range winners {
		support[v] = nil
	}
	for _, n := range voters {
		elected := slices.DeleteFunc(slices.Clone(n.targets), func(t Account) bool { _, ok := support[t]; return !ok })
		for i, t := range elected {
			part := n.active / uint64(len(elected))
			if i == 0 {
				part += n.active % uint64(len(elected))
			}
			support[t] = append(support[t], individual{n.who, part})
		}
	}
	w.expose(era, winners, own, support, preferences)
	w.write(era, "Staking", "CurrentEra")
	return winners
}

// voters are the nominators whose targets include candidates, with those targets only, each once.
func (w *work) voters(candidates map[Account]prefs) []voter {
	var list []voter
	for _, n := range all[nominations](w.view, "Staking", "Nominators") {
		v := voter{who: n.account(0)}
		for _, t := range n.value.Targets {
			if _, ok := candidates[t]; ok && !slices.Contains(v.targets, t) {
				v.targets = append(v.targets, t)
			}
		}
		if l, f := w.ledger(v.who); f == nil && len(v.targets) > 0 && l.Active > 0 {
			v.active = l.Active
			list = append(list, v)
		}
	}
	return list
}

// expose writes the exposures of an era in pages.
func (w *work) expose(era uint32, winners []Account, own map[Account]uint64, support map[Account][]individual, preferences map[Account]prefs) {
	sum := uint64(0)
	for _, v := range winners {
		o := overview{Total: own[v], Own: own[v], NominatorCount: uint32(len(support[v]))}
		for chunk := range slices.Chunk(support[v], int(w.params.ExposurePage)) {
			p := exposurePage{Others: chunk}
			for _, i := range chunk {
				p.PageTotal += i.Value
			}
			w.write(p, "Staking", "ErasStakersPaged", era, v, o.PageCount)
			o.PageCount, o.Total = o.PageCount+1, o.Total+p.PageTotal
		}
		w.write(o, "Staking", "ErasStakersOverview", era, v)
		w.write(preferences[v], "Staking", "ErasValidatorPrefs", era, v)
		sum += o.Total
	}
	w.write(sum, "Staking", "ErasTotalStake", era)
}
