package simchain

import (
	"slices"

	"github.com/thousand-validators/otv/substrate/hash"
)

// SessionKeys makes session keys of a stash that nobody has the secrets of; generation makes them others.
func SessionKeys(stash Account, generation uint32) map[string]any {
	out := map[string]any{}
	for _, name := range []string{"grandpa", "babe", "para_validator", "para_assignment", "authority_discovery"} {
		out[name] = keyOf(stash, generation, name)
	}
	beefy := keyOf(stash, generation, "beefy")
	out["beefy"] = append([]byte{2}, beefy...)
	return out
}

func keyOf(stash Account, generation uint32, name string) []byte {
	sum := hash.Blake2b256(append(append([]byte(name), stash[:]...), byte(generation), byte(generation>>8), byte(generation>>16)))
	return sum[:]
}

func (w *work) setKeys(origin Account, a args) *Failure {
	info, ok := w.account(origin)
	if !ok {
		return &Failure{"Session", "NoAccount"}
	}
	if w.role == RoleOne {
		if _, ok := read[Account](w.view, "Staking", "Bonded", origin); !ok {
			return &Failure{"Session", "NoAssociatedValidatorId"}
		}
	}
	if _, had := read[any](w.view, "Session", "NextKeys", origin); !had {
		info.Consumers++
		w.setAccount(origin, info)
	}
	w.write(a.get("keys"), "Session", "NextKeys", origin)
	return nil
}

func (w *work) purgeKeys(origin Account, _ args) *Failure {
	if _, ok := read[any](w.view, "Session", "NextKeys", origin); !ok {
		return &Failure{"Session", "NoKeys"}
	}
	w.remove("Session", "NextKeys", origin)
	info, _ := w.account(origin)
	info.Consumers -= min(1, info.Consumers)
	w.setAccount(origin, info)
	return nil
}

// queue makes validators with keys the next ones to be in charge.
func (w *work) queue(stashes []Account) {
	list := []queuedKeys{}
	for _, s := range stashes {
		if keys, ok := read[any](w.view, "Session", "NextKeys", s); ok {
			list = append(list, queuedKeys{s, keys})
		}
	}
	w.write(list, "Session", "QueuedKeys")
	w.write(true, "Session", "QueuedChanged")
}

// takeOver puts the queued validators in charge.
func (w *work) takeOver() {
	list, _ := read[[]queuedKeys](w.view, "Session", "QueuedKeys")
	ids := make([]Account, len(list))
	for i, q := range list {
		ids[i] = q.Who
	}
	w.write(ids, "Session", "Validators")
	w.write([]any{}, "Session", "DisabledValidators")
	w.write(false, "Session", "QueuedChanged")
}

// rotate ends the session. It is called in the first block of the next one.
func (w *work) rotate() {
	index, _ := read[uint32](w.view, "Session", "CurrentIndex")
	next := index + 1
	w.write(next, "Session", "CurrentIndex")
	w.write(uint64(next), "Babe", "EpochIndex")
	w.takeOver()
	w.emit("Session", "NewSession", map[string]any{"session_index": next})
	if w.role == RoleRelay {
		w.rotateRelay(index)
		return
	}
	switch elapsed := next - w.eraSession(); {
	case elapsed+1 == w.params.SessionsPerEra:
		active, _ := w.eras()
		w.queue(w.elect(active.Index+1, w.hasKeys))
		w.emit("Staking", "StakersElected", nil)
	case elapsed >= w.params.SessionsPerEra:
		_, planned := w.eras()
		w.startEra(planned, next)
	}
}

func (w *work) hasKeys(stash Account) bool {
	_, ok := read[any](w.view, "Session", "NextKeys", stash)
	return ok
}

// rotateRelay reports the ended session and queues the validators that Asset Hub has sent.
func (w *work) rotateRelay(ended uint32) {
	r := SessionReport{End: ended}
	for _, p := range all[uint32](w.view, "StakingAhClient", "ValidatorPoints") {
		r.Points = append(r.Points, pointsOf{p.account(0), p.value})
	}
	slices.SortFunc(r.Points, func(a, b pointsOf) int { return slices.Compare(a.Who[:], b.Who[:]) })
	w.removeAll("StakingAhClient", "ValidatorPoints")
	if era, ok := read[uint32](w.view, "StakingAhClient", "NextSessionChangesValidators"); ok {
		r.Activated = &Activation{w.now, era}
		w.write(ended+1, "StakingAhClient", "ValidatorSetAppliedAt")
		w.remove("StakingAhClient", "NextSessionChangesValidators")
	}
	if set, ok := read[validatorSet](w.view, "StakingAhClient", "ValidatorSet"); ok {
		w.queue(set.Stashes)
		w.emit("Session", "NewQueued", nil)
		w.write(set.Era, "StakingAhClient", "NextSessionChangesValidators")
		w.remove("StakingAhClient", "ValidatorSet")
	}
	w.out.Reports = append(w.out.Reports, r)
}

// receiveSet takes the validators of an era from Asset Hub.
func (w *work) receiveSet(s ValidatorSet) {
	w.write(validatorSet(s), "StakingAhClient", "ValidatorSet")
	w.emit("StakingAhClient", "ValidatorSetReceived", map[string]any{
		"id": s.Era, "new_validator_set_count": len(s.Stashes), "prune_up_to": nil, "leftover": false,
	})
}

// author gives points for the block: those who are up earn them, the author most.
func (w *work) author(up func(Account) bool) {
	ids, _ := read[[]Account](w.view, "Session", "Validators")
	if len(ids) == 0 {
		return
	}
	var earned []pointsOf
	for i := range ids {
		// A slot of a validator that is down is filled by the next one.
		id := ids[(uint64(i)+uint64(w.number))%uint64(len(ids))]
		if !up(id) {
			continue
		}
		switch {
		case len(earned) == 0:
			earned = append(earned, pointsOf{id, 20})
		case w.draw(3) == 0:
			earned = append(earned, pointsOf{id, 20 * uint32(1+w.draw(3))})
		}
	}
	if w.role == RoleOne {
		active, _ := w.eras()
		w.addPoints(active.Index, earned)
		return
	}
	for _, e := range earned {
		n, _ := read[uint32](w.view, "StakingAhClient", "ValidatorPoints", e.Who)
		w.write(n+e.Points, "StakingAhClient", "ValidatorPoints", e.Who)
	}
}
