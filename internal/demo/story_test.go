package demo

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

func TestStory(t *testing.T) {
	nominators := []programme.Address{"N1", "N2"}
	candidate := func(slot int, name string) memory.Candidate {
		return memory.Candidate{Candidate: programme.Candidate{Slot: slot, Name: name, Stash: programme.Address("S" + name)}}
	}
	standing := func(slot int, v programme.Validity, active bool, failed ...programme.Verdict) memory.Standing {
		s := memory.Standing{Slot: slot, Block: 1, Validity: v, Active: active, Verdicts: []memory.Verdict{{Verdict: programme.Verdict{State: programme.Pass}}}}
		for _, f := range failed {
			f.State = programme.Fail
			s.Verdicts = append(s.Verdicts, memory.Verdict{Verdict: f})
		}
		return s
	}
	chain := func(era programme.Era, block uint32) *memory.Chain {
		return &memory.Chain{Eras: programme.Eras{Active: era, Session: 7}, Blocks: []programme.ChainBlock{{Role: programme.RoleSession, Number: block}}}
	}
	announced := func(s plan.State, reason string) plan.Plan {
		return plan.Plan{
			Key: plan.Key{Round: "R", Nominator: "N2"}, Mode: plan.Delayed, Delay: 10, State: s, Reason: reason, Targets: []programme.Address{"Sa", "Sx"},
			Announcement: &plan.Announcement{Height: 100, Clock: plan.ClockRelay},
		}
	}
	var empty facts
	first := facts{
		candidates: []memory.Candidate{candidate(1, "a"), candidate(2, "b"), candidate(3, "c")},
		standings:  []memory.Standing{standing(1, programme.Valid, true), standing(2, programme.Invalid, false), {Slot: 3}},
		scores:     []memory.Score{{Slot: 1, Session: 7, Score: programme.Score{Total: 12.4}}},
		chain:      chain(5, 101),
		plans:      []plan.Plan{announced(plan.Announced, "announced at height 100"), {Key: plan.Key{Round: "R", Nominator: "N1"}, Mode: plan.Direct, State: plan.Planned, Targets: []programme.Address{"Sa"}}},
	}
	second := first
	second.standings = []memory.Standing{
		standing(1, programme.Invalid, false, programme.Verdict{Code: programme.CodeCommission, Detail: "It is 25 %, at most 10 % is allowed; it passes once it is lowered."}),
		standing(2, programme.Valid, true), standing(3, programme.Undecided, false),
	}
	second.chain = chain(6, 120)
	second.plans = slices.Clone(first.plans)
	second.plans[0] = announced(plan.Succeeded, "2 targets nominated in block 9")
	second.plans[1].State, second.plans[1].Reason = plan.Failed, "no"
	second.rankings = []memory.Ranking{{Slot: 1, State: rank.State{Rank: 2}}}
	third := second
	third.rankings = []memory.Ranking{{Slot: 1, State: rank.State{Rank: 1}}}
	for _, c := range []struct {
		name        string
		before, now *facts
		want        []string
	}{
		{"nothing", &empty, &empty, nil},
		{"first look", &empty, &first, []string{
			"3 candidates appear in the list: a, b, c",
			"sees era 5, session 7",
			"checks 2 candidates: 1 valid, 1 not",
			"scores 1 candidates in session 7; best: a 12",
			"nominator 1 (direct) is to nominate 1 candidates: a",
			"nominator 2 (delayed) has announced its nomination: announced at height 100; executable from block 112 on, 11 blocks to wait",
			"active validators now: a",
		}},
		{"the same", &first, &first, nil},
		{"second look", &first, &second, []string{
			"sees era 6, session 7",
			"a fails: COMMISION (It is 25 %, at most 10 % is allowed)",
			"b passes all checks now",
			"checks 1 candidates: 0 valid, 0 not, not everything is known yet of 1",
			"nominator 1 (direct): failed, no",
			"nominator 2 (delayed) has nominated: 2 targets nominated in block 9",
			"active validators now: b",
			"not active any more: a",
			"rank goes up: a 0 to 2",
		}},
		{"third look", &second, &third, []string{"rank goes down: a 2 to 1"}},
	} {
		if d := cmp.Diff(c.want, story(c.before, c.now, nominators)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestGist(t *testing.T) {
	for s, want := range map[string]string{
		"It is 17.9 s old; it passes later.": "It is 17.9 s old", "One. Two.": "One", "None (really)": "None", "Whole.": "Whole",
	} {
		if got := gist(s); got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
	if got := some([]string{"1", "2", "3", "4", "5", "6", "7", "8"}); got != "1, 2, 3, 4, 5, 6 and 2 more" {
		t.Error(got)
	}
}
