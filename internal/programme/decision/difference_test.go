package decision

import (
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// The brake on changes counts what has changed, and not what was seen for the first time.
func TestFlippedCountsWhatHasChanged(t *testing.T) {
	const stash = programme.Address("stash")
	answer := func(s programme.State) []programme.Verdict {
		return []programme.Verdict{{Code: programme.CodeOnline, State: s}}
	}
	last := func(s programme.State) []programme.DefiniteAnswer {
		return []programme.DefiniteAnswer{{Code: programme.CodeOnline, State: s, At: 1}}
	}
	for name, tc := range map[string]struct {
		before programme.PreviousCandidate
		now    programme.CandidateDecision
		want   int
	}{
		"as it was": {
			programme.PreviousCandidate{Validity: programme.Valid, Definite: last(programme.Pass)},
			programme.CandidateDecision{Validity: programme.Valid, Verdicts: answer(programme.Pass)}, 0,
		},
		"turned bad": {
			programme.PreviousCandidate{Validity: programme.Valid, Definite: last(programme.Pass)},
			programme.CandidateDecision{Validity: programme.Invalid, Verdicts: answer(programme.Fail)}, 1,
		},
		"out of sight": {
			programme.PreviousCandidate{Validity: programme.Valid, Definite: last(programme.Pass)},
			programme.CandidateDecision{Validity: programme.Undecided, Verdicts: answer(programme.Unknown)}, 1,
		},
		"seen for the first time": {
			programme.PreviousCandidate{Validity: programme.Undecided},
			programme.CandidateDecision{Validity: programme.Valid, Verdicts: answer(programme.Pass)}, 0,
		},
		"bad when seen for the first time": {
			programme.PreviousCandidate{Validity: programme.Undecided},
			programme.CandidateDecision{Validity: programme.Invalid, Verdicts: answer(programme.Fail)}, 0,
		},
		"in sight again, as it was": {
			programme.PreviousCandidate{Validity: programme.Undecided, Definite: last(programme.Pass)},
			programme.CandidateDecision{Validity: programme.Valid, Verdicts: answer(programme.Pass)}, 0,
		},
		"turned bad while out of sight": {
			programme.PreviousCandidate{Validity: programme.Undecided, Definite: last(programme.Pass)},
			programme.CandidateDecision{Validity: programme.Invalid, Verdicts: answer(programme.Fail)}, 1,
		},
		"turned good while out of sight": {
			programme.PreviousCandidate{Validity: programme.Undecided, Definite: last(programme.Fail)},
			programme.CandidateDecision{Validity: programme.Valid, Verdicts: answer(programme.Pass)}, 1,
		},
		"another one": {
			programme.PreviousCandidate{Stash: "other", Validity: programme.Valid},
			programme.CandidateDecision{Validity: programme.Invalid, Verdicts: answer(programme.Fail)}, 0,
		},
	} {
		tc.now.Slot, tc.now.Stash, tc.before.Slot = 1, stash, 1
		if tc.before.Stash == "" {
			tc.before.Stash = stash
		}
		in := &programme.Inputs{Previous: &programme.Previous{Candidates: []programme.PreviousCandidate{tc.before}}}
		if got := flipped(in, &programme.Decision{Candidates: []programme.CandidateDecision{tc.now}}); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}
