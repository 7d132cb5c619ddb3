package simchain

import (
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Offence is misbehaviour of a validator.
type Offence struct {
	Stash    Account
	Fraction uint32 // perbill of the stake
}

// commit is an offence on the chain of the sessions.
func (w *work) commit(o Offence) {
	session, _ := read[uint32](w.view, "Session", "CurrentIndex")
	w.emit("Offences", "Offence", map[string]any{"kind": codec.Bytes("sim:equivocation"), "timeslot": codec.Bytes(scale.AppendU64(nil, uint64(session)))})
	ids, _ := read[[]Account](w.view, "Session", "Validators")
	index := slices.Index(ids, o.Stash)
	if w.role == RoleRelay {
		if index >= 0 {
			w.disable(index, []any{index, o.Fraction})
			w.emit("Session", "ValidatorDisabled", map[string]any{"validator": o.Stash})
		}
		w.out.Offences = append(w.out.Offences, o)
		return
	}
	if index >= 0 {
		w.disable(index, index)
	}
	active, _ := w.eras()
	s, ok := w.slashOf(active.Index, o)
	if !ok {
		return
	}
	w.emit("Staking", "SlashReported", map[string]any{"validator": o.Stash, "fraction": o.Fraction, "slash_era": active.Index})
	w.write(slashInEra{o.Fraction, s.Own}, "Staking", "ValidatorSlashInEra", active.Index, o.Stash)
	due := active.Index + w.params.SlashDeferDuration + 1
	list, _ := read[[]unapplied](w.view, "Staking", "UnappliedSlashes", due)
	w.write(append(list, s), "Staking", "UnappliedSlashes", due)
}

// disable adds a validator to the disabled ones, unless it is there.
func (w *work) disable(index int, entry any) {
	list, _ := read[[]any](w.view, "Session", "DisabledValidators")
	for _, e := range list {
		if pair, ok := e.([]any); ok && len(pair) > 0 {
			e = pair[0]
		}
		if toAmount(e) == uint64(index) {
			return
		}
	}
	w.write(append(list, entry), "Session", "DisabledValidators")
}

// slashOf computes what an offence costs those behind a validator in an era; false when it was not elected.
func (w *work) slashOf(era uint32, o Offence) (unapplied, bool) {
	view, ok := read[overview](w.view, "Staking", "ErasStakersOverview", era, o.Stash)
	s := unapplied{Validator: o.Stash, Own: mulDiv(view.Own, uint64(o.Fraction), whole)}
	for page := range view.PageCount {
		s.Others = append(s.Others, w.slashedPage(era, page, o)...)
	}
	return s, ok
}

func (w *work) slashedPage(era, page uint32, o Offence) []share {
	p, _ := read[exposurePage](w.view, "Staking", "ErasStakersPaged", era, o.Stash, page)
	var list []share
	for _, n := range p.Others {
		list = append(list, share{n.Who, mulDiv(n.Value, uint64(o.Fraction), whole)})
	}
	return list
}

// receiveOffence takes an offence from the relay chain and queues it.
func (w *work) receiveOffence(o Offence) {
	active, _ := w.eras()
	w.emit("StakingRcClient", "OffenceReceived", map[string]any{"slash_session": w.eraSession(), "offences_count": 1})
	w.emit("Staking", "OffenceReported", map[string]any{"offence_era": active.Index, "validator": o.Stash, "fraction": o.Fraction})
	if _, ok := read[overview](w.view, "Staking", "ErasStakersOverview", active.Index, o.Stash); !ok {
		return
	}
	w.write(offenceRecord{ReportedEra: active.Index, SlashFraction: o.Fraction}, "Staking", "OffenceQueue", active.Index, o.Stash)
	w.write([]uint32{active.Index}, "Staking", "OffenceQueueEras")
}

// processOffences computes the slashes of the offences that were queued in an earlier block.
func (w *work) processOffences() {
	for _, q := range all[offenceRecord](w.view, "Staking", "OffenceQueue") {
		era, stash := q.number(0), q.account(1)
		o := Offence{stash, q.value.SlashFraction}
		view, _ := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash)
		w.write(slashInEra{o.Fraction, view.Own}, "Staking", "ValidatorSlashInEra", era, stash)
		due := era + w.params.SlashDeferDuration
		for page := range pagesOf(view) {
			s := unapplied{Validator: stash, Others: w.slashedPage(era, page, o)}
			if page == 0 {
				s.Own = mulDiv(view.Own, uint64(o.Fraction), whole)
			}
			w.write(s, "Staking", "UnappliedSlashes", due, []any{stash, o.Fraction, page})
			w.emit("Staking", "SlashComputed", map[string]any{"offence_era": era, "slash_era": due, "offender": stash, "page": page})
		}
		w.remove("Staking", "OffenceQueue", era, stash)
		w.remove("Staking", "OffenceQueueEras")
	}
}

// applySlashes takes what is due in an era.
func (w *work) applySlashes(era uint32) {
	var due []unapplied
	if w.role == RoleHub {
		for _, s := range all[unapplied](w.view, "Staking", "UnappliedSlashes", era) {
			due = append(due, s.value)
		}
		w.removeAll("Staking", "UnappliedSlashes", era)
	} else {
		due, _ = read[[]unapplied](w.view, "Staking", "UnappliedSlashes", era)
		w.remove("Staking", "UnappliedSlashes", era)
	}
	for _, s := range due {
		w.slash(s.Validator, s.Own)
		for _, n := range s.Others {
			w.slash(n.Who, n.Value)
		}
	}
}

// slash takes bonded tokens away.
func (w *work) slash(stash Account, n uint64) {
	l, f := w.ledger(stash)
	n = min(n, l.Active)
	if f != nil || n == 0 || w.stake(stash, l.Total, l.Total-n) != nil {
		return
	}
	l.Total, l.Active = l.Total-n, l.Active-n
	w.setLedger(l)
	a, _ := w.account(stash)
	a.Data.Free -= min(n, a.Data.Free)
	w.setAccount(stash, a)
	w.burn(n)
	w.emit("Staking", "Slashed", map[string]any{"staker": stash, "amount": n})
	w.emit("Balances", "Slashed", map[string]any{"who": stash, "amount": n})
}
