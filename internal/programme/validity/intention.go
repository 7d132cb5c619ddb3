package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// intention: the stash is in the staking pallet's list of accounts that want to validate, elected or not. An empty
// list means that it could not be read; by the old rule everybody passes then.
func intention(s *subject, v *programme.Verdict) {
	if s.in.Snapshot.IntentionCount == 0 {
		if s.in.Rules.Switches.EmptyIntentionsUnknown {
			s.unknown(v, s.hold(), "The chain's list of validators came back empty.")
		} else {
			pass(v, "", "The chain's list of validators is empty, so nobody was checked.")
		}
		return
	}
	if !s.read(v, "") {
		return
	}
	if s.chain.Intention.Present {
		pass(v, "declared", "")
		return
	}
	fail(v, "not declared", "The stash "+string(s.c.Stash)+" has not declared that it wants to validate (it chilled, was removed, or never did); it passes after a validate call.")
}
