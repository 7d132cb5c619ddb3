package validity

import (
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Overridable says why a check cannot be given an answer by an operator; nil when it can. What the chain itself refuses
// no order changes: one nominated stash that is blocked makes staking.nominate fail for all targets
// (pallet-staking, BadTarget), and one that does not want to validate takes a seat from those who do.
func Overridable(code programme.Code, state programme.State) error {
	if !slices.ContainsFunc(rules[:], func(r rule) bool { return r.Code == code }) {
		return fmt.Errorf("there is no check %q", code)
	}
	switch {
	case state != programme.Pass && state != programme.Fail:
		return fmt.Errorf("the answer of %s can be made pass or fail, not %q", code, state)
	case state == programme.Pass && (code == programme.CodeBlocked || code == programme.CodeIntention):
		return fmt.Errorf("%s cannot be made pass: it is the validator's own word on chain", code)
	}
	return nil
}

// override puts an operator's answer in the place of the check's own, which stays in the verdict with all that it saw.
func override(o *programme.Override, v *programme.Verdict) {
	own := *v
	v.State, v.Overridden = o.State, own.State
	v.Detail = "An operator (" + o.Author + ") made this " + string(o.State) + " until " + o.Expires.String() + ": " + o.Reason + ". The check itself says " + string(own.State)
	if own.Detail != "" {
		v.Detail += ": " + own.Detail
	} else {
		v.Detail += "."
	}
	if own.State != o.State || own.Changes > 0 && own.Changes < o.Expires {
		v.Changes = o.Expires
	}
}
