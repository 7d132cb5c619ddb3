package decision

import (
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// The brake on changes counts every change of a validity but one: from undecided to valid.
func TestFlippedCountsWhatHasChanged(t *testing.T) {
	all := []programme.Validity{programme.Valid, programme.Invalid, programme.Undecided}
	for _, before := range all {
		for _, now := range all {
			for stash, same := range map[programme.Address]bool{"stash": true, "another one": false} {
				in := &programme.Inputs{Previous: &programme.Previous{Candidates: []programme.PreviousCandidate{{Slot: 1, Stash: stash, Validity: before}}}}
				d := &programme.Decision{Candidates: []programme.CandidateDecision{{Slot: 1, Stash: "stash", Validity: now}, {Slot: 2, Stash: "new", Validity: now}}}
				want := 0
				if same && before != now && (before != programme.Undecided || now == programme.Invalid) {
					want = 1
				}
				if got := flipped(in, d); got != want {
					t.Errorf("%s was %s and is %s: %d flips, want %d", stash, before, now, got, want)
				}
			}
		}
	}
}
