package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// provider: the node's hosting provider is not banned. A missing location never fails. A location counts as long as
// no newer one is known, also while its source is down.
func provider(s *subject, v *programme.Verdict) {
	limits := &s.in.Rules.Limits
	if len(limits.BannedProviders) == 0 && len(limits.BannedASNs) == 0 {
		notApplicable(v, "No provider is banned.")
		return
	}
	if s.off(v, programme.SourceLocation) {
		return
	}
	loc := s.c.Location
	if loc == nil {
		s.nowhere(v)
		return
	}
	name := loc.Provider
	if !s.in.Rules.PlaceKnown(name) {
		name = ""
	}
	value := name
	if value == "" {
		value = "unknown"
	}
	switch {
	case s.in.Rules.ProviderBanned(name, loc.ASN):
		fail(v, value, "The node is hosted at "+value+", which the programme does not accept; it passes after it has moved and was located anew.")
	case name == "":
		pass(v, value, "The provider of the node is unknown.")
	default:
		pass(v, value, "")
	}
}

// nowhere answers for a node without a location: unknown when the source has trouble, else a pass with a remark.
func (s *subject) nowhere(v *programme.Verdict) {
	if ok, why := s.works(programme.SourceLocation); !ok {
		s.unknown(v, s.hold(), why)
		return
	}
	pass(v, "unknown", "The location of the node is unknown.")
}
