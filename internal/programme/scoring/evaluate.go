// Package scoring gives every valid candidate its score: the weighted sum of fifteen factors, most of them the
// candidate's place within the range of all valid candidates, times a random multiplier in [1, 1.15).
//
//	inputs ── figures of each member ──> Measure ──> ranges ──> Score of each member
//
// Scores favour candidates that are rarely active, long known, rarely nominated, well staked by themselves and
// by others, and that run where and what few others run. docs/rules.md explains every factor.
//
// All values are 64-bit floats, nothing is rounded, and the order of every addition is fixed, so that a score is
// the same to the last bit everywhere.
package scoring

import (
	"fmt"
	"math"

	"github.com/thousand-validators/otv/internal/programme"
)

// Evaluate scores the members, who are the valid candidates by slot. The scores are in the order of the members; the
// statistics are the ranges they were scored against. Draw gives the random number of a stash, in [0, 1).
func Evaluate(in *programme.Inputs, members []*programme.CandidateInput, draw func(programme.Address) float64) ([]programme.Score, []programme.Statistics, error) {
	w := &in.Rules.Weights
	for i, v := range weights(w) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("score candidates: the weight of %s is not a number", factors[i].Factor)
		}
	}
	figures := gather(in, members)
	ranges := Measure(figures)
	scores := make([]programme.Score, len(members))
	parts := make([]programme.Contribution, len(members)*factorCount)
	for i, m := range members {
		u := draw(m.Stash)
		if !(u >= 0 && u < 1) {
			return nil, nil, fmt.Errorf("score candidates: the draw of %s is %v, which is not in [0, 1)", m.Stash, u)
		}
		room := parts[i*factorCount : (i+1)*factorCount : (i+1)*factorCount]
		scores[i] = ranges.score(room, in.Rules.Limits.MainClient, w, &figures[i], u)
		if total := scores[i].Total; math.IsNaN(total) || math.IsInf(total, 0) {
			return nil, nil, fmt.Errorf("score candidates: the score of slot %d is not a finite number", m.Slot)
		}
	}
	return scores, ranges.Statistics(w), nil
}

// gather collects the figures of every member from the inputs.
func gather(in *programme.Inputs, members []*programme.CandidateInput) []Figures {
	chain := make(map[programme.Address]*programme.ChainCandidate, len(in.Snapshot.Candidates))
	for i := range in.Snapshot.Candidates {
		chain[in.Snapshot.Candidates[i].Stash] = &in.Snapshot.Candidates[i]
	}
	state := map[programme.SourceName]programme.Source{}
	for _, s := range in.Sources {
		state[s.Name] = s
	}
	telemetry := state[programme.SourceTelemetry]
	eras := newEraWindow(in)
	stakes := backing(in, members, chain)
	figures := make([]Figures, len(members))
	for i, m := range members {
		f, cc := &figures[i], chain[m.Stash]
		*f = Figures{
			Inclusion: Missing(), SpanInclusion: Missing(), Faults: Missing(), Rank: Missing(), Discovered: Missing(),
			Nominated: Missing(), Bonded: Missing(), Offline: Missing(), NominatorStake: stakes[i],
		}
		if cc != nil {
			f.Inclusion, f.SpanInclusion = eras.shares(cc.Points)
			f.Bonded = cc.Bond.Active.Float64()
			f.Unclaimed = len(cc.Unclaimed)
			if !in.Rules.Switches.NominatedByProgramme {
				f.Nominated = float64(lastEra(cc.Points))
			}
		}
		if p := m.Presence; p != nil && telemetry.State != programme.SourceOff {
			f.Discovered = float64(p.FirstSeen)
			f.Offline = float64(in.Rules.OfflineTime(p, telemetry, in.Now))
			f.Client = p.Implementation
		}
		if h := m.History; h != nil && state[programme.SourceHistory].State != programme.SourceOff {
			f.Rank, f.Faults = float64(h.Rank), float64(h.Faults)
			if in.Rules.Switches.NominatedByProgramme {
				f.Nominated = float64(h.NominatedEra)
			}
		}
		location := m.Location
		if state[programme.SourceLocation].State == programme.SourceOff {
			location = nil
		}
		f.SetPlaces(&in.Rules, location)
	}
	return figures
}

// maxWindow bounds the windows of eras; a chain needs centuries for that many.
const maxWindow = 1 << 16

// eraWindow is the range of eras in which reward points count as activity: [first, end), its recent part
// [spanFirst, end).
type eraWindow struct {
	first, spanFirst, end int64
	known                 []bool // whether the points of the eras from begin() on were read
	any                   bool
	inclusion, span       float64 // divisors
}

func (w *eraWindow) begin() int64 { return min(w.first, w.spanFirst) }

func newEraWindow(in *programme.Inputs) eraWindow {
	limits := &in.Rules.Limits
	end := int64(in.Snapshot.Eras.Active)
	if !in.Rules.Switches.CompleteEras {
		end++
	}
	w := eraWindow{
		first: end - min(int64(limits.InclusionEras), maxWindow), spanFirst: end - min(int64(limits.SpanEras), maxWindow),
		end: end, inclusion: float64(limits.InclusionEras), span: float64(limits.SpanEras),
	}
	if _, gap := in.Snapshot.Gaps[programme.PartPoints]; gap {
		return w
	}
	w.known = make([]bool, end-w.begin())
	for _, e := range in.Snapshot.PointEras {
		if n := int64(e.Era); n >= w.begin() && n < end {
			w.known[n-w.begin()], w.any = true, true
		}
	}
	return w
}

// shares are the shares of the two windows in which the points are above zero. An era that was not read counts as
// one without points, for everybody alike; without any era both are missing.
func (w *eraWindow) shares(points map[programme.Era]uint32) (inclusion, span float64) {
	if !w.any {
		return Missing(), Missing()
	}
	begin := w.begin()
	var all, recent int
	for era, n := range points {
		e := int64(era)
		if n == 0 || e < begin || e >= w.end || !w.known[e-begin] {
			continue
		}
		if e >= w.first {
			all++
		}
		if e >= w.spanFirst {
			recent++
		}
	}
	return share(all, w.inclusion), share(recent, w.span)
}

func share(n int, of float64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / of
}

// lastEra is the newest era with points, 0 when there is none.
func lastEra(points map[programme.Era]uint32) programme.Era {
	var last programme.Era
	for era, n := range points {
		if n > 0 {
			last = max(last, era)
		}
	}
	return last
}
