package decision

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

// For a whole population: whoever is not nominated is told why, and whoever is, that nothing is missing.
func TestEverybodyIsAdvised(t *testing.T) {
	r := decided(t, population(7, 300, 2_000, 4))
	d := &r.Decision
	kinds := map[AdviceKind]int{}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		list := Advise(d, c.Slot)
		for _, a := range list {
			kinds[a.Kind]++
			if a.Text == "" || strings.HasPrefix(a.Text, " ") || strings.Contains(a.Text, "  ") {
				t.Errorf("slot %d: %q", c.Slot, a.Text)
			}
		}
		has := func(kind AdviceKind, code programme.Code) bool {
			return slices.ContainsFunc(list, func(a Advice) bool { return a.Kind == kind && a.Code == code })
		}
		for _, v := range c.Verdicts {
			if v.State == programme.Fail && !has(AdviceCheck, v.Code) {
				t.Errorf("slot %d: nothing about the failing check %s", c.Slot, v.Code)
			}
			if v.State == programme.Unknown && v.Held == "" && !has(AdviceSource, v.Code) {
				t.Errorf("slot %d: nothing about the unknown check %s", c.Slot, v.Code)
			}
		}
		if got := has(AdviceNothing, ""); got != (c.Nominator != "") {
			t.Errorf("slot %d with nominator %q: %+v", c.Slot, c.Nominator, list)
		}
		if got := has(AdviceScore, ""); got != (c.Validity == programme.Valid && c.Nominator == "") {
			t.Errorf("slot %d, %s: %+v", c.Slot, c.Validity, list)
		}
	}
	if kinds[AdviceCheck] == 0 || kinds[AdviceSource] == 0 || kinds[AdviceScore] == 0 || kinds[AdviceFactor] == 0 || kinds[AdviceNothing] == 0 {
		t.Errorf("the population has no use for some kinds: %v", kinds)
	}
	if Advise(d, -1) != nil {
		t.Error("advice for a slot that does not exist")
	}
}

// What is said of the places before a candidate is true: when that many become invalid, it is nominated.
func TestAdviceOnPlacesIsTrue(t *testing.T) {
	in := population(7, 300, 2_000, 4)
	d := &decided(t, in).Decision
	last := lastSeat(d)
	i := slices.IndexFunc(d.Candidates, func(c programme.CandidateDecision) bool { return last != nil && c.Position == last.Position+2 })
	if i < 0 {
		t.Fatal("nobody is placed after the last seat")
	}
	c := d.Candidates[i]
	text := Advise(d, c.Slot)
	if !slices.ContainsFunc(text, func(a Advice) bool { return strings.Contains(a.Text, "or 2 candidates before it to become invalid") }) {
		t.Fatalf("%+v", text)
	}
	given := map[programme.Address]bool{}
	ranked := make([]programme.Address, 0, len(d.Candidates))
	for pos := 3; pos <= c.Position; pos++ { // without the first two
		for k := range d.Candidates {
			if d.Candidates[k].Position == pos {
				ranked = append(ranked, d.Candidates[k].Stash)
			}
		}
	}
	for _, s := range ranked[:last.Position] {
		given[s] = true
	}
	if !given[c.Stash] {
		t.Error("two fewer before it would not be enough")
	}
}

func TestAdvice(t *testing.T) {
	score := func(total float64) *programme.Score {
		return &programme.Score{Total: total, Parts: []programme.Contribution{
			{Factor: programme.FactorInclusion, Weight: 220, Points: 20}, {Factor: programme.FactorProvider, Weight: 100, Points: 25, Note: "unknown provider"},
			{Factor: programme.FactorBonded, Weight: 50, Points: 50}, {Factor: programme.FactorUnclaimed, Weight: 10, Points: -30}, {Factor: programme.FactorRank, Weight: 5, Points: 4},
		}}
	}
	base := func() *programme.Decision {
		return &programme.Decision{
			Candidates: []programme.CandidateDecision{
				{Slot: 1, Stash: "a", Validity: programme.Valid, Score: score(500), Position: 1, Nominator: "n"},
				{Slot: 2, Stash: "b", Validity: programme.Valid, Score: score(420.5), Position: 2},
				{Slot: 3, Stash: "c", Validity: programme.Invalid, Verdicts: []programme.Verdict{
					{Code: programme.CodeKusamaRank, State: programme.Unknown, Source: programme.SourceRemote, Detail: "It does not deliver.", Held: programme.Pass, Changes: 1000},
					{Code: programme.CodeBeefy, State: programme.Unknown, Source: programme.SourceChain, Detail: "Not read."},
					{Code: programme.CodeCommission, State: programme.Fail, Value: "20 %", Limit: "at most 15 %", Detail: "It is too high."},
					{Code: programme.CodeConnectionTime, State: programme.Fail, Value: "first seen x", Limit: "known for 7 d", Changes: 86_400_000},
					{Code: programme.CodeClientUpgrade, State: programme.Pass, Changes: 5000, Detail: "Release v2 must run."},
				}},
			},
			Nominators: []programme.NominatorDecision{{Address: "n", Due: true, Number: 1}},
			Brakes:     []programme.Brake{{Name: "maxFlips"}, {Name: "minEligible", Tripped: true, Detail: "too few."}},
		}
	}
	brake := Advice{Kind: AdviceBrake, Text: "The brake minEligible holds, so nobody is nominated from this round, whatever it says of this candidate: too few."}
	factors := []Advice{
		{Kind: AdviceFactor, Text: "inclusion brings 20.00 points and could bring 200.00 more, before the random multiplier."},
		{Kind: AdviceFactor, Text: "provider brings 25.00 points and could bring 75.00 more (unknown provider), before the random multiplier."},
		{Kind: AdviceFactor, Text: "unclaimed brings -30.00 points and could bring 30.00 more, before the random multiplier."},
	}
	idle := base()
	idle.Nominators[0].Due, idle.Candidates[0].Nominator, idle.Brakes = false, "", nil
	full := base()
	full.Nominators[0].Number, full.Candidates[0].Nominator, full.Brakes = 0, "", nil
	tests := []struct {
		name string
		d    *programme.Decision
		slot int
		want []Advice
	}{
		{"nominated", base(), 1, []Advice{brake, {Kind: AdviceNothing, Text: "It gets a nomination from n in this round."}}},
		{"too few points", base(), 2, append([]Advice{brake, {Kind: AdviceScore, Text: "It has 420.50 points at position 2; the last of 1 seats went to position 1 with 500.00 points. It needs 79.50 points more, or one candidate before it to become invalid."}}, factors...)},
		{"checks", base(), 3, []Advice{
			brake,
			{Kind: AdviceCheck, Code: programme.CodeCommission, Text: "Seen: 20 %. Passes with: at most 15 %. It is too high."},
			{Kind: AdviceCheck, Code: programme.CodeConnectionTime, Text: "Seen: first seen x. Passes with: known for 7 d. It passes by itself from 1970-01-02T00:00:00Z, if nothing else happens.", At: 86_400_000},
			{Kind: AdviceSource, Code: programme.CodeBeefy, Text: "It is decided once the source chain tells. Not read."},
			{Kind: AdviceSource, Code: programme.CodeKusamaRank, Text: "It counts as pass until 1970-01-01T00:00:01Z only, unless the source remote-rank tells before.", At: 1000},
			{Kind: AdviceCheck, Code: programme.CodeClientUpgrade, Text: "It passes until 1970-01-01T00:00:05Z only. Release v2 must run.", At: 5000},
		}},
		{"nobody is due", idle, 2, append([]Advice{
			{Kind: AdviceSeat, Text: "No nominator is due; the next round in which one is may nominate it."},
			{Kind: AdviceScore, Text: "It stands at position 2 of 2 with 420.50 points."},
		}, factors...)},
		{"no seats", full, 2, []Advice{{Kind: AdviceSeat, Text: "The nominators that are due have no seat to give."}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Advise(tt.d, tt.slot)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
