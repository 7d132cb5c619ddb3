package eval

import (
	"math"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
)

// runStats computes one number list. Both rule sets share the statistics.
func runStats(report *Report, id string, n node) {
	n.object("id", "size", "input", "stats", "varianceInInputOrder", "varianceSorted", "meanInInputOrder",
		"standardDeviationInInputOrder", "direct", "probes")
	var input []float64
	largest := 0.0
	for _, item := range n.get("input").needed().items() {
		f := item.number()
		if math.IsNaN(f) {
			item.fail("is %s, expected a number", describe(item))
		}
		input = append(input, f)
		largest = max(largest, math.Abs(f))
	}
	sorted := slices.Sorted(slices.Values(input))
	result := tree{
		"id": id, "size": float64(len(input)), "stats": summary(scoring.Summarise(sorted)),
		"varianceInInputOrder": num(scoring.Variance(input)), "varianceSorted": num(scoring.Variance(sorted)),
		"meanInInputOrder": num(scoring.Mean(input)), "standardDeviationInInputOrder": num(scoring.Deviation(input)),
		"probes": probes(n.get("probes"), sorted),
	}
	if len(input) < 2 {
		result["direct"] = direct(sorted)
	}
	if n.r.err != nil {
		return
	}
	report.Cases = append(report.Cases, Case{ID: id, Result: result})
	if !n.get("stats").present() {
		report.Unchecked++
		return
	}
	report.compare(id, without(n.plain(), "input"), result, largest)
}

// summary writes the ranges of a list.
func summary(s programme.Statistics) tree {
	return tree{
		"absoluteMin": num(s.AbsoluteMin), "absoluteMax": num(s.AbsoluteMax),
		"q10": num(s.Q10), "q25": num(s.Q25), "q50": num(s.Q50), "q75": num(s.Q75), "q90": num(s.Q90),
		"mean": num(s.Mean), "standardDeviation": num(s.StandardDeviation),
	}
}

// direct are the single functions without the guards of the summary: the extremes of nothing are not a number, its
// quantiles do not exist.
func direct(sorted []float64) tree {
	quantile := func(q float64) any {
		if len(sorted) == 0 {
			return "undefined"
		}
		return num(scoring.Quantile(sorted, q))
	}
	low, high := math.NaN(), math.NaN()
	if len(sorted) > 0 {
		low, high = sorted[0], sorted[len(sorted)-1]
	}
	return tree{
		"absMin": num(low), "absMax": num(high), "q10": quantile(0.1), "q50": quantile(0.5), "q90": quantile(0.9),
		"median": quantile(0.5), "mean": num(scoring.Mean(sorted)), "std": num(scoring.Deviation(sorted)),
	}
}

// probes scales single values. The plain function, which has no guard for an empty list, gives not-a-number there.
func probes(list node, sorted []float64) []any {
	out := []any{}
	for _, p := range list.items() {
		p.object("label", "value", "scaled", "scaledDefined")
		v := p.get("value").number()
		scaled := math.NaN()
		if len(sorted) > 0 {
			scaled = scoring.Scale(sorted, v, 0.10, 0.90)
		}
		defined := []any{}
		for _, d := range p.get("scaledDefined").items() {
			d.object("low", "high", "result")
			low, high := d.get("low").needed().number(), d.get("high").needed().number()
			if !(low >= 0 && low <= 1 && high >= 0 && high <= 1) {
				d.fail("quantiles lie between 0 and 1")
				return out
			}
			defined = append(defined, tree{"low": num(low), "high": num(high), "result": num(scoring.Scale(sorted, v, low, high))})
		}
		out = append(out, tree{"label": p.get("label").text(), "value": p.get("value").plain(), "scaled": num(scaled), "scaledDefined": defined})
	}
	return out
}
