package validity

import (
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

func identityLimit(*programme.Inputs) string { return "judged Reasonable or KnownGood" }

// identity: the stash, or its super-identity, is registered, and at least one registrar judged it Reasonable or
// KnownGood.
func identity(s *subject, v *programme.Verdict) {
	if s.in.Rules.Limits.SkipIdentity {
		notApplicable(v, "The check is switched off.")
		return
	}
	v.At = s.idx.identityAt
	if !s.read(v, programme.PartIdentity) {
		return
	}
	id := s.chain.Identity
	if id == nil {
		fail(v, "none", "The stash has no on-chain identity, neither of its own nor as a sub-identity; it passes once one is set and verified by a registrar.")
		return
	}
	for _, j := range id.Judgements {
		if j.Kind == "Reasonable" || j.Kind == "KnownGood" {
			pass(v, j.Kind, "")
			return
		}
	}
	kinds := make([]string, len(id.Judgements))
	for i, j := range id.Judgements {
		kinds[i] = j.Kind
	}
	value := "no judgement"
	if len(kinds) > 0 {
		value = strings.Join(kinds, ", ")
	}
	of := "The identity"
	if id.Super != "" {
		of = "The super-identity " + string(id.Super)
	}
	fail(v, value, of+" is not verified by any registrar; it passes with a judgement Reasonable or KnownGood.")
}
