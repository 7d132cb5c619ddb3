package decision

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// failing is a population with the index of a candidate that only one check keeps from being valid.
func failing(t *testing.T) (programme.Inputs, int, programme.Code) {
	t.Helper()
	in := population(11, 120, 200, 2)
	d := decided(t, in).Decision
	for i := range d.Candidates {
		var bad []programme.Verdict
		for _, v := range d.Candidates[i].Verdicts {
			if s := v.Effective(); s == programme.Fail || s == programme.Unknown {
				bad = append(bad, v)
			}
		}
		if len(bad) == 1 && bad[0].State == programme.Fail && bad[0].Code != programme.CodeBlocked && bad[0].Code != programme.CodeIntention {
			return in, i, bad[0].Code
		}
	}
	t.Fatal("nobody fails one check only")
	return in, 0, ""
}

func order(in *programme.Inputs, code programme.Code, s programme.State) programme.Override {
	return programme.Override{Code: code, State: s, Author: "ada", Reason: "appeal granted", At: in.Now - 5, Expires: in.Now + programme.Day}
}

// verdictOf is a candidate's answer to a check.
func verdictOf(t *testing.T, c *programme.CandidateDecision, code programme.Code) *programme.Verdict {
	t.Helper()
	i := slices.IndexFunc(c.Verdicts, func(v programme.Verdict) bool { return v.Code == code })
	if i < 0 {
		t.Fatalf("no answer of %s", code)
	}
	return &c.Verdicts[i]
}

func TestOverridesAreInputsOfTheRecord(t *testing.T) {
	in, i, code := failing(t)
	without := encoded(t, decided(t, in))
	if bytes.Contains(without, []byte("overrid")) {
		t.Error("a record without overrides speaks of them")
	}
	// In whatever order they were given.
	in.Candidates[i].Overrides = []programme.Override{order(&in, code, programme.Pass), order(&in, "BEEFY", programme.Pass), order(&in, "SUSPENDED", programme.Pass)}
	in.Candidates[i].Overrides = slices.CompactFunc(in.Candidates[i].Overrides, func(a, b programme.Override) bool { return a.Code == b.Code })
	b := encoded(t, decided(t, in))
	slices.Reverse(in.Candidates[i].Overrides)
	if !bytes.Equal(b, encoded(t, decided(t, in))) {
		t.Error("the order in which overrides are given makes a difference")
	}
	r, err := Verify(b)
	if err != nil {
		t.Fatal(err)
	}
	c := &r.Decision.Candidates[i]
	if c.Validity != programme.Valid || c.Score == nil || verdictOf(t, c, code).Own() != programme.Fail {
		t.Errorf("%s %+v", c.Validity, verdictOf(t, c, code))
	}
	// Neither the order nor its author can be taken out or exchanged.
	for _, change := range [][2]string{{`"author":"ada"`, `"author":"bob"`}, {"appeal granted", "appeal Granted"}, {`"state":"pass"}`, `"state":"fail"}`}} {
		if _, err := Verify(bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)); err == nil {
			t.Errorf("verified with %s", change[1])
		}
	}
}

// What an operator says ends with the override: the next round knows the check's own answer only.
func TestOverridesAreNotHandedOn(t *testing.T) {
	in, i, code := failing(t)
	in.Candidates[i].Overrides = []programme.Override{order(&in, code, programme.Pass)}
	first := decided(t, in)
	p := Carry(first)
	k := slices.IndexFunc(p.Candidates[i].Definite, func(a programme.DefiniteAnswer) bool { return a.Code == code })
	if k < 0 || p.Candidates[i].Definite[k].State != programme.Fail {
		t.Errorf("%+v", p.Candidates[i])
	}
	in.Previous = p
	if d := decided(t, in).Decision.Difference; len(d.Checks) > 0 || len(d.NowInvalid) > 0 {
		t.Errorf("with the same override again: %+v", d)
	}
	in.Candidates[i].Overrides = nil
	d := decided(t, in).Decision
	if diff := d.Difference; len(diff.Checks) > 0 || !slices.Equal(diff.NowInvalid, []int{d.Candidates[i].Slot}) {
		t.Errorf("after it: %+v", diff)
	}
	if d.Candidates[i].Validity != programme.Invalid {
		t.Error("it counts although it is over")
	}
}

func TestOverridesThatMustNotCount(t *testing.T) {
	in, i, code := failing(t)
	good := order(&in, code, programme.Pass)
	for text, change := range map[string]func(o *programme.Override){
		"expired at":          func(o *programme.Override) { o.Expires = in.Now },
		"no author":           func(o *programme.Override) { o.Author = "" },
		"no reason":           func(o *programme.Override) { o.Reason = "" },
		"pass or fail":        func(o *programme.Override) { o.State = programme.Unknown },
		"there is no check":   func(o *programme.Override) { o.Code = "X" },
		"cannot be made pass": func(o *programme.Override) { o.Code = programme.CodeBlocked },
	} {
		bad := good
		change(&bad)
		in.Candidates[i].Overrides = []programme.Override{bad}
		if _, err := Decide(in); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: error is %v", text, err)
		}
	}
	in.Candidates[i].Overrides = []programme.Override{good, good}
	if _, err := Decide(in); err == nil || !strings.Contains(err.Error(), "two are of") {
		t.Errorf("twice: error is %v", err)
	}
}

func TestAdviceOnOverrides(t *testing.T) {
	in, i, code := failing(t)
	in.Candidates[i].Overrides = []programme.Override{order(&in, code, programme.Pass)}
	d := &decided(t, in).Decision
	advice := func() string {
		for _, a := range Advise(d, d.Candidates[i].Slot) {
			if a.Code == code {
				return a.Text
			}
		}
		return ""
	}
	if text := advice(); !strings.HasPrefix(text, "It passes until ") || !strings.Contains(text, "appeal granted") {
		t.Errorf("%q", text)
	}
	in.Candidates[i].Overrides = []programme.Override{order(&in, code, programme.Fail)}
	d = &decided(t, in).Decision
	if text := advice(); !strings.HasPrefix(text, "An operator (ada) made this fail") {
		t.Errorf("%q", text)
	}
}

// A nominator is due at once for a target over the commission limit, but not because an operator says so or that it is not.
func TestOverridesMakeNobodyDue(t *testing.T) {
	d := &programme.Decision{Candidates: []programme.CandidateDecision{{Stash: "a", Verdicts: []programme.Verdict{{Code: programme.CodeCommission, State: programme.Fail}}}}}
	v := &d.Candidates[0].Verdicts[0]
	if unfitTarget(d, "a") == "" {
		t.Error("a target over the limit is fit")
	}
	v.Overridden = programme.Pass
	if text := unfitTarget(d, "a"); text != "" {
		t.Error(text)
	}
	v.State, v.Overridden = programme.Pass, programme.Fail
	if text := unfitTarget(d, "a"); text != "" {
		t.Error(text)
	}
}
