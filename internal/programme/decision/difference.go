package decision

import (
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
)

// Carry keeps of a record what the next round needs to know of it.
func Carry(r *Record) *programme.Previous {
	p := &programme.Previous{Digest: r.Digest, Now: r.Inputs.Now, ActiveEra: r.Inputs.Snapshot.Eras.Active}
	for i := range r.Decision.Candidates {
		c := &r.Decision.Candidates[i]
		pc := programme.PreviousCandidate{Slot: c.Slot, Stash: c.Stash, Validity: c.Validity, Position: c.Position}
		for _, v := range c.Verdicts {
			switch own := v.Own(); { // what an operator says ends with the override, so it is not handed on
			case own != programme.Unknown:
				pc.Definite = append(pc.Definite, programme.DefiniteAnswer{Code: v.Code, State: own, At: v.At})
			case v.Held != "":
				pc.Definite = append(pc.Definite, programme.DefiniteAnswer{Code: v.Code, State: v.Held, At: v.HeldAt})
			}
		}
		p.Candidates = append(p.Candidates, pc)
	}
	for i := range r.Decision.Nominators {
		n := &r.Decision.Nominators[i]
		p.Nominators = append(p.Nominators, programme.PreviousNominator{Address: n.Address, Targets: n.Targets})
	}
	return p
}

// difference compares a decision with the record before it; nil without one. A slot that changed its stash counts
// as another candidate.
func difference(in *programme.Inputs, d *programme.Decision) *programme.Difference {
	if in.Previous == nil {
		return nil
	}
	out := &programme.Difference{Digest: in.Previous.Digest}
	before := previousBySlot(in.Previous)
	flips := map[programme.Code]*programme.CheckFlip{}
	var codes []programme.Code
	for i := range d.Candidates {
		c := &d.Candidates[i]
		p := before[c.Slot]
		delete(before, c.Slot)
		if p == nil || p.Stash != c.Stash {
			out.Listed = append(out.Listed, c.Slot)
			continue
		}
		if p.Validity != c.Validity {
			switch c.Validity {
			case programme.Valid:
				out.NowValid = append(out.NowValid, c.Slot)
			case programme.Invalid:
				out.NowInvalid = append(out.NowInvalid, c.Slot)
			default:
				out.NowUnknown = append(out.NowUnknown, c.Slot)
			}
		}
		for _, v := range c.Verdicts {
			f := flips[v.Code]
			if f == nil {
				f = &programme.CheckFlip{Code: v.Code}
				flips[v.Code] = f
				codes = append(codes, v.Code)
			}
			flip(f, p.Definite, v)
		}
	}
	for i := range in.Previous.Candidates {
		if slot := in.Previous.Candidates[i].Slot; before[slot] != nil {
			out.Delisted = append(out.Delisted, slot)
		}
	}
	for _, code := range codes {
		if f := flips[code]; f.ToFail+f.ToPass+f.Unknown > 0 {
			out.Checks = append(out.Checks, *f)
		}
	}
	out.Nominations = targetFlips(in.Previous.Nominators, d.Nominators)
	return out
}

func previousBySlot(p *programme.Previous) map[int]*programme.PreviousCandidate {
	out := make(map[int]*programme.PreviousCandidate, len(p.Candidates))
	for i := range p.Candidates {
		out[p.Candidates[i].Slot] = &p.Candidates[i]
	}
	return out
}

// flip counts a change of a check's own answer: what is compared is what was seen of the world.
func flip(f *programme.CheckFlip, definite []programme.DefiniteAnswer, v programme.Verdict) {
	own := v.Own()
	for _, a := range definite {
		switch {
		case a.Code != v.Code:
		case own == programme.Unknown:
			f.Unknown++
		case own == programme.Fail && a.State != programme.Fail:
			f.ToFail++
		case own != programme.Fail && a.State == programme.Fail:
			f.ToPass++
		}
	}
}

// targetFlips compares the plans of the nominators that are due with what they were given before.
func targetFlips(before []programme.PreviousNominator, after []programme.NominatorDecision) []programme.TargetFlip {
	var out []programme.TargetFlip
	for i := range after {
		n := &after[i]
		if !n.Due {
			continue
		}
		for _, p := range before {
			if p.Address != n.Address {
				continue
			}
			if added, removed := changes(p.Targets, n.Targets); len(added)+len(removed) > 0 {
				out = append(out, programme.TargetFlip{Address: n.Address, Added: added, Removed: removed})
			}
		}
	}
	return out
}

// The brakes, by the name under which they appear in a decision.
const (
	BrakeFlips    = "flips"
	BrakeUnknown  = "unknown"
	BrakeEligible = "eligible"
)

// brakes says whether the world looks wrong: a tripped brake leaves the decision as it is and forbids acting on it.
func brakes(in *programme.Inputs, d *programme.Decision) []programme.Brake {
	limits := in.Rules.Brakes
	return []programme.Brake{flipBrake(in, d), unknownBrake(limits, d), eligibleBrake(limits, d)}
}

func flipBrake(in *programme.Inputs, d *programme.Decision) programme.Brake {
	limits := in.Rules.Brakes
	b := programme.Brake{Name: BrakeFlips, Limit: max(share(d.Counts.Listed, limits.MaxFlips), limits.MinFlips)}
	switch {
	case limits.MaxFlips == 0:
		b.Detail = "switched off"
	case in.Previous == nil:
		b.Detail = "no previous record to compare with"
	default:
		b.Value = flipped(in, d)
		b.Tripped = b.Value > b.Limit
		b.Detail = fmt.Sprintf("%d candidates changed their validity since the previous record, %d may", b.Value, b.Limit)
	}
	return b
}

// flipped counts the candidates whose validity is another than in the record before. To be found valid after nothing had been
// known is no change of the world: it is how every programme begins, and how every outage of a source ends. To be found
// invalid then may be one, or a source that lies after it was gone, so it counts.
func flipped(in *programme.Inputs, d *programme.Decision) int {
	before := previousBySlot(in.Previous)
	n := 0
	for i := range d.Candidates {
		c := &d.Candidates[i]
		p := before[c.Slot]
		if p == nil || p.Stash != c.Stash || p.Validity == c.Validity || p.Validity == programme.Undecided && c.Validity == programme.Valid {
			continue
		}
		n++
	}
	return n
}

func unknownBrake(limits programme.Brakes, d *programme.Decision) programme.Brake {
	b := programme.Brake{Name: BrakeUnknown, Limit: share(d.Counts.Listed, limits.MaxUnknown)}
	if limits.MaxUnknown == 0 {
		b.Detail = "switched off"
		return b
	}
	counts := map[programme.Code]int{}
	var worst programme.Code
	for i := range d.Candidates {
		if d.Candidates[i].Validity != programme.Undecided {
			continue // whatever the answer were, it would not change the outcome
		}
		for _, v := range d.Candidates[i].Verdicts {
			if v.Effective() != programme.Unknown {
				continue
			}
			counts[v.Code]++
			if n := counts[v.Code]; n > b.Value {
				b.Value, worst = n, v.Code
			}
		}
	}
	b.Tripped = b.Value > b.Limit
	b.Detail = fmt.Sprintf("no candidate is undecided for want of an answer, %d may be", b.Limit)
	if b.Value > 0 {
		b.Detail = fmt.Sprintf("%d of %d candidates are undecided because %s is unknown, %d may be", b.Value, d.Counts.Listed, worst, b.Limit)
	}
	return b
}

func eligibleBrake(limits programme.Brakes, d *programme.Decision) programme.Brake {
	b := programme.Brake{Name: BrakeEligible, Value: d.Counts.Valid, Limit: limits.MinEligible}
	b.Tripped = b.Value < b.Limit
	b.Detail = fmt.Sprintf("%d candidates are eligible, at least %d must be", b.Value, b.Limit)
	return b
}

// share is percent of n, rounded down.
func share(n, percent int) int { return n * percent / 100 }

// Tripped lists the brakes of a decision that forbid acting on it.
func Tripped(d *programme.Decision) []programme.Brake {
	var out []programme.Brake
	for _, b := range d.Brakes {
		if b.Tripped {
			out = append(out, b)
		}
	}
	return out
}
