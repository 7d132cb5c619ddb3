package programme

import (
	"slices"
	"strings"
	"unicode"
)

// NonePlace is what a failed location lookup of the old backend stored in place of a name.
const NonePlace = "None"

// Folded is text in the form in which names of places and providers are compared: without surrounding white
// space and in lower case.
func Folded(s string) string {
	return strings.ToLower(strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' }))
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
	if provider == "" || len(r.Limits.BannedProviders) == 0 {
		return false
	}
	folded := Folded(provider)
	return slices.ContainsFunc(r.Limits.BannedProviders, func(b string) bool { return Folded(b) == folded })
}
