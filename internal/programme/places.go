package programme

import (
	"slices"
	"strings"
	"unicode"
)

// NonePlace is what a failed location lookup of the old backend stored in place of a name.
const NonePlace = "None"

// SameName reports whether two names of places or providers are the same: surrounding white space and capitals do
// not matter.
func SameName(a, b string) bool { return strings.EqualFold(trimmed(a), trimmed(b)) }

// ListedName reports whether a name is in a list.
func ListedName(list []string, name string) bool {
	name = trimmed(name)
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(trimmed(s), name) })
}

func trimmed(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' })
}

// PlaceKnown reports whether a place has a usable name.
func (r *Rules) PlaceKnown(name string) bool {
	return name != "" && (name != NonePlace || !r.Switches.NoneIsMissing)
}

// ProviderBanned reports whether the list of banned providers names this provider or its autonomous system. By
// the old rule only the exact text counts.
func (r *Rules) ProviderBanned(provider string, asn uint32) bool {
	if !r.Switches.ProviderFolded {
		return provider != "" && slices.Contains(r.Limits.BannedProviders, provider)
	}
	if asn != 0 && slices.Contains(r.Limits.BannedASNs, asn) {
		return true
	}
	return provider != "" && ListedName(r.Limits.BannedProviders, provider)
}
