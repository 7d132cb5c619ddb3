package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// suspended: no suspension stands against the candidate. Only an operator lifts one.
func suspended(s *subject, v *programme.Verdict) {
	if !s.in.Rules.Switches.Suspension {
		notApplicable(v, "The rule set knows no suspension.")
		return
	}
	if s.off(v, programme.SourceHistory) {
		return
	}
	if h := s.c.History; h != nil && h.Suspended != nil {
		fail(v, "suspended", "Suspended since "+h.Suspended.Since.String()+because(h.Suspended.Reason)+"; only an operator of the programme lifts it.")
		return
	}
	if ok, why := s.works(programme.SourceHistory); !ok {
		s.unknown(v, s.hold(), why)
		return
	}
	pass(v, "no", "")
}
