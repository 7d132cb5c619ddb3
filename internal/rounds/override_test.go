package rounds_test

import (
	"slices"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
)

// overruled is an order about a slot that counts for a day.
func (r *rig) overruled(slot int, code programme.Code, s programme.State) memory.Override {
	return memory.Override{Slot: slot, Stash: r.w.List[slot-1].Stash, Override: programme.Override{
		Code: code, State: s, Author: "ada", Reason: "appeal granted", At: r.w.Millis(), Expires: r.w.Millis() + programme.Day,
	}}
}

func (r *rig) verdict(slot int, code programme.Code) memory.Verdict {
	r.t.Helper()
	st := r.standing(slot)
	i := slices.IndexFunc(st.Verdicts, func(v memory.Verdict) bool { return v.Code == code })
	if i < 0 {
		r.t.Fatalf("no answer of %s", code)
	}
	return st.Verdicts[i]
}

func TestOverridesCountUntilTheyExpire(t *testing.T) {
	r := newRig(t, 10, 1)
	r.w.Candidate(3).Intention.Commission = 500_000_000
	r.m.SetCheckOverrides(r.overruled(3, programme.CodeCommission, programme.Pass), r.overruled(4, programme.CodeProvider, programme.Fail))
	h := r.hold(false)
	rec := r.record(h.Digest)
	if got := rec.Inputs.Candidates[2].Overrides; len(got) != 1 || got[0].Author != "ada" {
		t.Errorf("the record has %+v", got)
	}
	if v := r.verdict(3, programme.CodeCommission); v.State != programme.Pass || v.Own() != programme.Fail {
		t.Errorf("%+v", v)
	}
	if a, b := r.standing(3).Validity, r.standing(4).Validity; a != programme.Valid || b != programme.Invalid {
		t.Errorf("%s %s", a, b)
	}
	r.w.Next(24*time.Hour - time.Second)
	r.look()
	if st := r.standing(3); st.Validity != programme.Valid {
		t.Error("it is over a second too early")
	}
	r.w.Next(time.Second)
	r.look()
	if a, b := r.standing(3).Validity, r.standing(4).Validity; a != programme.Invalid || b != programme.Valid {
		t.Errorf("after it: %s %s", a, b)
	}
	if v := r.verdict(3, programme.CodeCommission); v.State != programme.Fail || v.Overridden != "" || v.Since != r.w.Millis() {
		t.Errorf("%+v", v)
	}
}

func TestOverridesAreOfASlotWithItsStash(t *testing.T) {
	r := newRig(t, 10, 1)
	moved := r.overruled(4, programme.CodeProvider, programme.Fail)
	moved.Stash = roundstest.Address("whoever had the slot before")
	other := r.overruled(5, programme.CodeProvider, programme.Fail)
	other.Slot = 77
	r.m.SetCheckOverrides(moved, other)
	r.look()
	for _, slot := range []int{4, 5} {
		if st := r.standing(slot); st.Validity != programme.Valid {
			t.Errorf("slot %d is %s", slot, st.Validity)
		}
	}
}

// What an operator says is no observation: it makes no fault, and while an appeal is granted the condition makes none.
func TestOverridesMakeNoFaults(t *testing.T) {
	r := newRig(t, 10, 2)
	r.hold(false)
	r.succeed()
	r.look()
	slot := func(nominator int) int {
		return 1 + slices.IndexFunc(r.w.List, func(c programme.Candidate) bool { return c.Stash == r.w.State.Nominators[nominator].Targets[0] })
	}
	pardoned, accused := slot(0), slot(1)
	r.w.Candidate(pardoned).Intention.Commission = 900_000_000
	r.m.SetCheckOverrides(r.overruled(pardoned, programme.CodeCommission, programme.Pass), r.overruled(accused, programme.CodeCommission, programme.Fail))
	for range 3 {
		r.w.Next(10 * time.Minute)
		r.look()
	}
	if a, b := r.ranking(pardoned).Faults, r.ranking(accused).Faults; a != 0 || b != 0 {
		t.Errorf("%d and %d faults", a, b)
	}
	// When the check itself begins to fail under an operator's fail, that has to be seen twice as well.
	r.w.Candidate(accused).Intention.Commission = 900_000_000
	r.w.Next(10 * time.Minute)
	r.look()
	if n := r.ranking(accused).Faults; n != 0 {
		t.Errorf("%d faults at the first look", n)
	}
	r.w.Next(10 * time.Minute)
	r.look()
	if n := r.ranking(accused).Faults; n != 1 {
		t.Errorf("%d faults at the second look", n)
	}
}

// After an override, an unknown check holds what it said itself, not what the operator did.
func TestOverridesAreNotHeld(t *testing.T) {
	r := newRig(t, 10, 1)
	r.hold(false)
	r.succeed()
	r.w.Next(time.Minute)
	r.w.Candidate(3).Identity = nil
	r.m.SetCheckOverrides(r.overruled(3, programme.CodeIdentity, programme.Pass))
	r.look()
	if st := r.standing(3); st.Validity != programme.Valid {
		t.Fatalf("%+v", st)
	}
	r.m.SetCheckOverrides()
	r.w.Next(time.Minute)
	r.w.State.Gaps = map[programme.Part]string{programme.PartIdentity: "no node of the People chain answers"}
	r.look()
	if v := r.verdict(3, programme.CodeIdentity); v.State != programme.Unknown || v.Held != programme.Fail {
		t.Errorf("%+v", v)
	}
}
