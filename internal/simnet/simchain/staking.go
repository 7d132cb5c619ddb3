package simchain

import "slices"

func stakingError(name string) *Failure { return &Failure{"Staking", name} }

// eras are the active and the planned era.
func (w *work) eras() (active activeEra, planned uint32) {
	active, _ = read[activeEra](w.view, "Staking", "ActiveEra")
	planned, _ = read[uint32](w.view, "Staking", "CurrentEra")
	return active, planned
}

// ledger of a controller. Controllers are their own stashes here, as they are for everybody who bonded since 2023.
func (w *work) ledger(id Account) (ledger, *Failure) {
	l, ok := read[ledger](w.view, "Staking", "Ledger", id)
	if !ok {
		return l, stakingError("NotController")
	}
	return l, nil
}

func (w *work) setLedger(l ledger) { w.write(l, "Staking", "Ledger", l.Stash) }

func (w *work) bond(origin Account, a args) *Failure {
	if _, ok := read[Account](w.view, "Staking", "Bonded", origin); ok {
		return stakingError("AlreadyBonded")
	}
	info, _ := w.account(origin)
	value := min(a.amount("value"), w.bondable(info))
	if value < w.params.ExistentialDeposit {
		return stakingError("InsufficientBond")
	}
	if f := w.stake(origin, 0, value); f != nil {
		return f
	}
	info, _ = w.account(origin)
	info.Consumers++
	w.setAccount(origin, info)
	w.write(origin, "Staking", "Bonded", origin)
	w.write(a.payee("payee"), "Staking", "Payee", origin)
	w.setLedger(ledger{Stash: origin, Total: value, Active: value})
	w.emit("Staking", "Bonded", map[string]any{"stash": origin, "amount": value})
	return nil
}

// bondable is how much more an account can bond.
func (w *work) bondable(a accountInfo) uint64 {
	if w.role == RoleHub {
		return w.usable(a)
	}
	return a.Data.Free - min(a.Data.Free, a.Data.Frozen)
}

func (w *work) bondExtra(origin Account, a args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return stakingError("NotStash")
	}
	info, _ := w.account(origin)
	extra := min(a.amount("max_additional"), w.bondable(info))
	return w.addBond(l, extra)
}

func (w *work) addBond(l ledger, extra uint64) *Failure {
	if f := w.stake(l.Stash, l.Total, l.Total+extra); f != nil {
		return f
	}
	l.Total, l.Active = l.Total+extra, l.Active+extra
	w.setLedger(l)
	w.emit("Staking", "Bonded", map[string]any{"stash": l.Stash, "amount": extra})
	return nil
}

func (w *work) unbond(origin Account, a args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	value := min(a.amount("value"), l.Active)
	if value == 0 {
		return nil
	}
	if len(l.Unlocking) >= maxUnlocking {
		return stakingError("NoMoreChunks")
	}
	rest := l.Active - value
	if rest < w.params.ExistentialDeposit {
		value, rest = l.Active, 0
	}
	least := uint64(0)
	if _, ok := read[nominations](w.view, "Staking", "Nominators", l.Stash); ok {
		least = w.params.MinNominatorBond
	} else if _, ok := read[prefs](w.view, "Staking", "Validators", l.Stash); ok {
		least = w.params.MinValidatorBond
	}
	if rest < least {
		return stakingError("InsufficientBond")
	}
	_, planned := w.eras()
	until := planned + w.params.BondingDuration
	l.Active = rest
	if n := len(l.Unlocking); n > 0 && l.Unlocking[n-1].Era == until {
		l.Unlocking[n-1].Value += value
	} else {
		l.Unlocking = append(l.Unlocking, chunk{value, until})
	}
	w.setLedger(l)
	w.emit("Staking", "Unbonded", map[string]any{"stash": l.Stash, "amount": value})
	return nil
}

func (w *work) withdrawUnbonded(origin Account, _ args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	_, planned := w.eras()
	old := l.Total
	l.Unlocking = slices.DeleteFunc(l.Unlocking, func(c chunk) bool {
		if c.Era > planned {
			return false
		}
		l.Total -= min(c.Value, l.Total)
		return true
	})
	if l.Total == old {
		return nil
	}
	if f := w.stake(l.Stash, old, l.Total); f != nil {
		return f
	}
	w.emit("Staking", "Withdrawn", map[string]any{"stash": l.Stash, "amount": old - l.Total})
	if l.Total >= w.params.ExistentialDeposit || len(l.Unlocking) > 0 {
		w.setLedger(l)
		return nil
	}
	w.stopStaking(l.Stash)
	for _, item := range []string{"Bonded", "Payee", "Ledger"} {
		w.remove("Staking", item, l.Stash)
	}
	info, _ := w.account(l.Stash)
	info.Consumers -= min(1, info.Consumers)
	w.setAccount(l.Stash, info)
	return nil
}

func (w *work) validate(origin Account, a args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	if l.Active < w.params.MinValidatorBond {
		return stakingError("InsufficientBond")
	}
	p := toPrefs(a)
	least, _ := read[uint32](w.view, "Staking", "MinCommission")
	if p.Commission < least || p.Commission > whole {
		return stakingError("CommissionTooLow")
	}
	w.setValidator(l.Stash, p)
	w.emit("Staking", "ValidatorPrefsSet", map[string]any{"stash": l.Stash, "prefs": p})
	return nil
}

func toPrefs(a args) prefs {
	v, _ := a.get("prefs").(interface{ Get(string) (any, bool) })
	if v == nil {
		return prefs{}
	}
	commission, _ := v.Get("commission")
	blocked, _ := v.Get("blocked")
	b, _ := blocked.(bool)
	return prefs{uint32(toAmount(commission)), b}
}

// setValidator makes a stash a validator, and no nominator.
func (w *work) setValidator(stash Account, p prefs) {
	if _, ok := read[nominations](w.view, "Staking", "Nominators", stash); ok {
		w.remove("Staking", "Nominators", stash)
		w.count("CounterForNominators", -1)
	}
	if _, ok := read[prefs](w.view, "Staking", "Validators", stash); !ok {
		w.count("CounterForValidators", 1)
	}
	w.write(p, "Staking", "Validators", stash)
}

func (w *work) count(item string, by int) {
	n, _ := read[uint32](w.view, "Staking", item)
	w.write(uint32(int(n)+by), "Staking", item)
}

func (w *work) nominate(origin Account, a args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	targets := a.accounts("targets")
	switch {
	case l.Active < w.params.MinNominatorBond:
		return stakingError("InsufficientBond")
	case len(targets) == 0:
		return stakingError("EmptyTargets")
	case len(targets) > int(w.params.MaxNominations):
		return stakingError("TooManyTargets")
	}
	old, was := read[nominations](w.view, "Staking", "Nominators", l.Stash)
	for _, t := range targets {
		p, _ := read[prefs](w.view, "Staking", "Validators", t)
		if p.Blocked && !slices.Contains(old.Targets, t) {
			return stakingError("BadTarget")
		}
	}
	if !was {
		w.count("CounterForNominators", 1)
	}
	if _, ok := read[prefs](w.view, "Staking", "Validators", l.Stash); ok {
		w.remove("Staking", "Validators", l.Stash)
		w.count("CounterForValidators", -1)
	}
	active, planned := w.eras()
	w.write(nominations{Targets: targets, SubmittedIn: planned}, "Staking", "Nominators", l.Stash)
	w.nominated = append(w.nominated, Nominated{Number: w.number, Stash: l.Stash, Targets: targets, Era: active.Index})
	return nil
}

func (w *work) chill(origin Account, _ args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	if w.stopStaking(l.Stash) {
		w.emit("Staking", "Chilled", map[string]any{"stash": l.Stash})
	}
	return nil
}

// stopStaking takes a stash out of both maps; false when it was in neither.
func (w *work) stopStaking(stash Account) bool {
	_, validates := read[prefs](w.view, "Staking", "Validators", stash)
	if validates {
		w.remove("Staking", "Validators", stash)
		w.count("CounterForValidators", -1)
	}
	_, nominates := read[nominations](w.view, "Staking", "Nominators", stash)
	if nominates {
		w.remove("Staking", "Nominators", stash)
		w.count("CounterForNominators", -1)
	}
	return validates || nominates
}

func (w *work) setPayee(origin Account, a args) *Failure {
	l, f := w.ledger(origin)
	if f != nil {
		return f
	}
	w.write(a.payee("payee"), "Staking", "Payee", l.Stash)
	return nil
}
