package eval

import (
	"math"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/selection"
)

// Most targets of a nominator in the old backend: by the name of the network.
const (
	maxTargetsKusama = 24
	maxTargetsOther  = 16
	skippedSeats     = 5
)

// runNumber computes one number of nominations.
func runNumber(report *Report, id string, n node) {
	n.object("id", "note", "network", "denom", "stash", "free", "reserved", "electedTotals", "electedLookupFails",
		"networkRecord", "expect")
	in := programme.Inputs{Rules: programme.DefaultRules(report.Profile)}
	in.Rules.Limits.MaxTargets = maxTargetsOther
	if strings.ToLower(n.get("network").text()) == "kusama" {
		in.Rules.Limits.MaxTargets = maxTargetsKusama
	}
	in.Snapshot.Network.Decimals = decimals(n.get("denom"))
	account := &programme.ChainNominator{Free: planck(n.get("free")), Reserved: planck(n.get("reserved"))}
	for _, item := range n.get("electedTotals").items() {
		if item.given() {
			in.Snapshot.Elected = append(in.Snapshot.Elected, programme.Elected{Total: planck(item)})
		}
	}
	record := n.get("networkRecord").text()
	fails := n.get("electedLookupFails").boolean()
	hasStash := n.get("stash").text() != ""
	if n.r.err != nil {
		return
	}
	c := Case{ID: id}
	counted := func() {
		var number int
		number, c.Why = selection.Number(&in, &programme.Nominator{}, account)
		c.Result = tree{"outcome": "result", "nominationNum": float64(number)}
	}
	unitless := !n.get("denom").given()
	switch {
	case fails:
		c.Result, c.Why = tree{"outcome": "error"}, "the list of elected validators could not be read"
	case report.Profile == programme.ProfileProgramme && (unitless || !hasStash):
		c.Result, c.Why = tree{"outcome": "error"}, "without the decimals and the stash nothing can be computed"
	case report.Profile == programme.ProfileProgramme:
		counted()
	case !hasStash:
		c.Result, c.Why = tree{"outcome": "number-instead-of-result", "value": 0.0}, "no stash"
	case record == "without-name":
		c.Result, c.Why = tree{"outcome": "error"}, "the record of the network has no name"
	case unitless:
		// Divided by nothing the balance is infinite or not a number, and the search is never entered.
		c.Result, c.Why = tree{"outcome": "result", "nominationNum": 2.0}, "the decimals are unknown"
	default:
		counted()
	}
	report.add(c, n.get("expect"), 0)
	if n.get("expect").get("outcome").text() == "does-not-terminate" {
		report.replace(id, bounded(&in), c.Result)
	}
}

// bounded is our documented answer where the old backend searched for ever, because the balance exceeds all seats
// together: every usable seat is counted.
func bounded(in *programme.Inputs) tree {
	usable := -skippedSeats
	for _, e := range in.Snapshot.Elected {
		if !e.Total.IsZero() {
			usable++
		}
	}
	usable = max(usable, 0)
	number := max(1, min(usable+int(math.Ceil(float64(usable)/20)), int(in.Rules.Limits.MaxTargets)))
	return tree{"outcome": "result", "nominationNum": float64(number)}
}

// replace compares the newest case with another expectation than the one in the file.
func (r *Report) replace(id string, want, got any) {
	kept := r.Mismatches[:0]
	for _, m := range r.Mismatches {
		if m.Case != id {
			kept = append(kept, m)
		}
	}
	r.Mismatches = kept
	r.compare(id, want, got, 0)
}

// decimals reads the number of planck per token, which is a power of ten.
func decimals(n node) int {
	if !n.given() {
		return 0
	}
	f := n.number()
	d := math.Round(math.Log10(f))
	if !(d >= 0 && d <= 30) || math.Pow10(int(d)) != f {
		n.fail("%s is not a power of ten", describe(n))
		return 0
	}
	return int(d)
}

// planck reads an amount, given as decimal text; nothing given is zero.
func planck(n node) programme.Planck {
	if !n.is(jsontree.String) {
		return programme.Planck{}
	}
	p, err := programme.ParsePlanck(n.v.Text)
	if err != nil {
		n.fail("%v", err)
	}
	return p
}
