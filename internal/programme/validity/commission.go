package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

func commissionLimit(in *programme.Inputs) string {
	return "at most " + in.Rules.Limits.MaxCommission.Percent() + " %"
}

// commission: the validator's preferences keep at most the allowed share. Without an intention to validate there is
// no commission to look at; by the old rule it counts as 0.
func commission(s *subject, v *programme.Verdict) {
	if !s.read(v, "") {
		return
	}
	in := s.chain.Intention
	if !in.Present && s.in.Rules.Switches.CommissionOfValidators {
		s.unknown(v, s.hold(), "The stash does not validate, so it has no commission.")
		return
	}
	value := in.Commission.Percent() + " %"
	if limit := s.in.Rules.Limits.MaxCommission; in.Commission > limit {
		fail(v, value, "The commission is "+value+", at most "+limit.Percent()+" % is allowed; it passes once it is lowered.")
		return
	}
	pass(v, value, "")
}
