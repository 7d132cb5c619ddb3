package jsontree

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name that an unknown one is probably meant to be: at most two letters off, one for short
// names, capitals aside.
func Nearest(name string, known []string) (string, bool) {
	if len(name) > 64 {
		return "", false
	}
	best, least := "", 3
	if len(name) < 4 {
		least = 2
	}
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}
