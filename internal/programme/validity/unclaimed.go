package validity

import (
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// oldestAllowed is the oldest era whose rewards may still be open; it may lie before the first era.
func oldestAllowed(in *programme.Inputs) int64 {
	return int64(in.Snapshot.Eras.Active) - int64(in.Rules.Limits.UnclaimedEras)
}

func unclaimedLimit(in *programme.Inputs) string {
	return "nothing open before era " + strconv.FormatInt(max(oldestAllowed(in), 0), 10)
}

// unclaimed: no era older than the threshold has rewards that are not fully paid out.
func unclaimed(s *subject, v *programme.Verdict) {
	if s.in.Rules.Limits.SkipUnclaimed {
		notApplicable(v, "The check is switched off.")
		return
	}
	if !s.read(v, programme.PartClaims) {
		return
	}
	limit := oldestAllowed(s.in)
	var late []programme.Era
	for _, u := range s.chain.Unclaimed {
		if int64(u.Era) < limit {
			late = append(late, u.Era)
		}
	}
	if len(late) == 0 {
		value := "nothing open"
		if n := len(s.chain.Unclaimed); n > 0 {
			value = plural(n, "open era")
		}
		pass(v, value, "")
		return
	}
	list := eras(late)
	fail(v, list, "The rewards of "+list+" are not fully paid out; only era "+strconv.FormatInt(limit, 10)+" and later ones may be open. It passes once they are paid out, which anybody can do.")
}

// shownEras is how many eras a verdict names.
const shownEras = 8

func eras(list []programme.Era) string {
	list = slices.Sorted(slices.Values(list))
	parts := make([]string, 0, min(len(list), shownEras))
	for _, e := range list[:min(len(list), shownEras)] {
		parts = append(parts, strconv.FormatUint(uint64(e), 10))
	}
	noun := "era "
	if len(list) > 1 {
		noun = "eras "
	}
	text := noun + strings.Join(parts, ", ")
	if more := len(list) - len(parts); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}
