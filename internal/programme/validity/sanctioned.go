package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// sanctioned: neither the country nor the region of the node is on a list. Each is looked at on its own; by the old
// rule both must be known. A missing location never fails.
func sanctioned(s *subject, v *programme.Verdict) {
	limits := &s.in.Rules.Limits
	if limits.SkipSanctioned {
		notApplicable(v, "The check is switched off.")
		return
	}
	if len(limits.SanctionedCountries) == 0 && len(limits.SanctionedRegions) == 0 {
		notApplicable(v, "No area is on the list of sanctions.")
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
	known := func(name string) string {
		if s.in.Rules.PlaceKnown(name) {
			return name
		}
		return ""
	}
	country, region := known(loc.Country), known(loc.Region)
	value := area(country, region)
	listed := (country != "" && programme.ListedName(limits.SanctionedCountries, country)) ||
		(region != "" && programme.ListedName(limits.SanctionedRegions, region))
	if !s.in.Rules.Switches.GeoSeparately && (country == "" || region == "") {
		listed = false
	}
	switch {
	case listed:
		fail(v, value, "The node appears to be in "+value+", which is on the list of sanctions; it passes after it has moved and was located anew.")
	case country == "":
		pass(v, value, "The country of the node is unknown.")
	default:
		pass(v, value, "")
	}
}

func area(country, region string) string {
	switch {
	case country == "" && region == "":
		return "unknown"
	case region == "":
		return country
	case country == "":
		return region
	}
	return region + ", " + country
}
