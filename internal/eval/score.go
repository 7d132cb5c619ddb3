package eval

import (
	"math"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
)

// runPopulation measures a population once and scores it with every setting of weights.
func runPopulation(report *Report, id string, n node) {
	p := readPopulation(n, report.Profile)
	if n.r.err != nil {
		return
	}
	fresh, stored := p.measure(report.Profile)
	used := p.latest(fresh, stored)
	ranges := tree{"metadata": nil}
	if stored {
		ranges["metadata"] = fresh.tree()
	}
	if p.hasEarlier {
		earlier := make([]any, len(p.earlier))
		for i, e := range p.earlier {
			earlier[i] = e.tree()
		}
		ranges["earlierMetadata"] = earlier
	}
	report.Cases = append(report.Cases, Case{ID: id + "/ranges", Result: ranges})
	if want, ok := wantedRanges(n); ok {
		report.compare(id+"/ranges", want, ranges, 0)
	} else {
		report.Unchecked++
	}
	seen := map[string]bool{}
	for i, run := range n.get("runs").items() {
		run.object("id", "scoreConfig", "random", "effectiveWeights", "returned", "metadataStored", "storedWeights",
			"metadataUsedSession", "randomDraws", "candidatesTried", "candidatesFailed", "scores", "scoresOutsideSet")
		runID := run.get("id").text()
		if seen[runID] {
			run.get("id").fail("%q is the id of an earlier run", runID)
		}
		seen[runID] = true
		result := p.run(run, used, stored, i == 0)
		if n.r.err != nil {
			return
		}
		report.Cases = append(report.Cases, Case{ID: id + "/" + runID, Result: result})
		if !run.get("returned").present() {
			report.Unchecked++
			continue
		}
		report.compare(id+"/"+runID, without(run.plain(), "scoreConfig", "random"), result, 0)
	}
}

// wantedRanges are the ranges a file states. The weights stored with earlier ranges are not computed here.
func wantedRanges(n node) (tree, bool) {
	if !n.get("metadata").present() {
		return nil, false
	}
	want := tree{"metadata": n.get("metadata").plain()}
	if n.get("earlierMetadata").present() {
		list := []any{}
		for _, e := range n.get("earlierMetadata").items() {
			list = append(list, without(e.plain(), "weights"))
		}
		want["earlierMetadata"] = list
	}
	return want, true
}

// measure computes the ranges of the valid candidates and says whether they are stored. The old backend did not
// store them without a session index or without a valid candidate, and the store refused ranges with a value that is
// not a number.
func (p *population) measure(profile programme.Profile) (storedRanges, bool) {
	var figures []scoring.Figures
	spoilt := false
	for _, m := range p.members {
		if m.valid {
			figures = append(figures, m.figures)
			spoilt = spoilt || m.spoilt
		}
	}
	s := storedRanges{session: loose(p.session), updated: p.now, ranges: scoring.Measure(figures)}
	if profile == programme.ProfileProgramme {
		return s, len(figures) > 0
	}
	return s, truthy(p.session) && len(figures) > 0 && !spoilt
}

// latest picks the ranges that are scored against: those with the latest time. Ranges of the same session replace
// older ones. The programme's rules know no stored ranges: a round always uses its own.
func (p *population) latest(fresh storedRanges, stored bool) *storedRanges {
	if p.rules.Profile == programme.ProfileProgramme {
		if !stored {
			return nil
		}
		return &fresh
	}
	var best *storedRanges
	for i := range p.earlier {
		e := &p.earlier[i]
		if stored && e.session == fresh.session {
			continue
		}
		if best == nil || e.updated > best.updated {
			best = e
		}
	}
	if stored && (best == nil || fresh.updated >= best.updated) {
		best = &fresh
	}
	return best
}

// run scores the population with one setting.
func (p *population) run(n node, used *storedRanges, stored, first bool) tree {
	w, effective := readWeights(n.get("scoreConfig"), p.rules.Switches.ZeroWeight)
	result := tree{
		"id": n.get("id").text(), "effectiveWeights": effective, "returned": true, "metadataStored": stored,
		"storedWeights": nil, "metadataUsedSession": nil,
	}
	if stored {
		result["storedWeights"] = storedWeights(&w)
	}
	if used != nil {
		result["metadataUsedSession"] = num(used.session)
	}
	d := readDraws(n)
	rows := []any{}
	position := map[string]int{}
	tried, scored := 0, 0
	for i := range p.members {
		m := &p.members[i]
		if !m.valid {
			continue
		}
		tried++
		if used == nil {
			continue
		}
		scored++
		row := p.row(m, used, &w, d.of(m.slot))
		if d.sequence {
			row["draw"] = num(d.of(m.slot))
		}
		// The old store filed one score per stash and session: a later candidate with the stash replaces the row.
		if at, ok := position[m.stash]; ok && p.rules.Profile == programme.ProfileReference {
			rows[at] = row
			continue
		}
		position[m.stash] = len(rows)
		rows = append(rows, row)
	}
	result["randomDraws"], result["candidatesTried"] = float64(scored), float64(tried)
	result["candidatesFailed"], result["scores"] = float64(tried-scored), rows
	if outside := p.outside(used, &w); first && len(outside) > 0 {
		result["scoresOutsideSet"] = outside
	}
	return result
}

// outside scores the candidates that are not valid against the same ranges, without a draw.
func (p *population) outside(used *storedRanges, w *programme.Weights) []any {
	var rows []any
	for i := range p.members {
		if m := &p.members[i]; !m.valid && used != nil {
			rows = append(rows, p.row(m, used, w, 0))
		}
	}
	return rows
}

// row is a stored score.
func (p *population) row(m *member, used *storedRanges, w *programme.Weights, draw float64) tree {
	s := used.ranges.Score(p.rules.Limits.MainClient, w, &m.figures, draw)
	row := tree{
		"slotId": num(m.slot), "stash": m.stash, "aggregate": num(s.Aggregate), "randomness": num(s.Randomness),
		"total": num(s.Total),
	}
	if math.IsNaN(s.Total) {
		row["total"] = 0.0
	}
	if used.session != loose(p.session) && !math.IsNaN(used.session) {
		row["session"] = num(used.session)
	}
	for _, part := range s.Parts {
		row[string(part.Factor)] = num(part.Points)
	}
	return row
}

// draws are the random numbers of a run: one for all, or one per candidate, which the file's rows carry.
type draws struct {
	sequence bool
	constant float64
	bySlot   map[float64]float64
}

func readDraws(n node) draws {
	random := n.get("random").object("mode", "value", "seed")
	d := draws{bySlot: map[float64]float64{}}
	switch mode := random.get("mode").text(); mode {
	case "", "constant":
		if random.get("value").given() {
			d.constant = draw(random.get("value"))
		}
	case "sequence":
		d.sequence = true
		if !n.get("scores").present() {
			random.fail("a sequence of draws needs the scores that carry them")
		}
		for _, row := range n.get("scores").items() {
			d.bySlot[row.get("slotId").number()] = draw(row.get("draw").needed())
		}
	default:
		random.get("mode").fail("%q is neither constant nor sequence", mode)
	}
	return d
}

func draw(n node) float64 {
	f := n.number()
	if !(f >= 0 && f < 1) {
		n.fail("%s is not in [0, 1)", describe(n))
		return 0
	}
	return f
}

// of is the draw of a slot. A candidate whose score was replaced has no row; its draw does not matter.
func (d draws) of(slot float64) float64 {
	if d.sequence {
		return d.bySlot[slot]
	}
	return d.constant
}
