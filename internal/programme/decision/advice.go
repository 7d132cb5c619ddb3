package decision

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// AdviceKind says what stands between a candidate and a nomination.
type AdviceKind string

// The kinds of advice.
const (
	AdviceBrake   AdviceKind = "brake"   // the whole round must not be acted on
	AdviceCheck   AdviceKind = "check"   // a check fails
	AdviceSource  AdviceKind = "source"  // a check is unknown: we must learn something first
	AdviceSeat    AdviceKind = "seat"    // no nominator has a seat to give
	AdviceScore   AdviceKind = "score"   // the score is too low for the seats there are
	AdviceFactor  AdviceKind = "factor"  // a part of the score with room to grow
	AdviceNothing AdviceKind = "nothing" // it is nominated
)

// Advice is one thing that would change what a round says of a candidate.
type Advice struct {
	Kind AdviceKind     `json:"kind"`
	Code programme.Code `json:"code,omitempty"` // of the check
	Text string         `json:"text"`
	// At is the moment at which it changes by itself; 0 = never.
	At programme.Millis `json:"at,omitempty"`
}

// shownFactors is how many parts of the score are named that have the most room.
const shownFactors = 3

// Advise tells what would change the decision about the candidate of a slot, the most pressing first; nil when the
// decision does not hold the slot.
func Advise(d *programme.Decision, slot int) []Advice {
	i := slices.IndexFunc(d.Candidates, func(c programme.CandidateDecision) bool { return c.Slot == slot })
	if i < 0 {
		return nil
	}
	c := &d.Candidates[i]
	var out []Advice
	for _, b := range d.Brakes {
		if b.Tripped {
			out = append(out, Advice{Kind: AdviceBrake, Text: fmt.Sprintf("The brake %s holds, so nobody is nominated from this round, whatever it says of this candidate: %s", b.Name, b.Detail)})
		}
	}
	out = append(out, checkAdvice(c)...)
	if c.Validity != programme.Valid {
		return out
	}
	return append(out, seatAdvice(d, c)...)
}

// checkAdvice tells what every check needs that does not pass.
func checkAdvice(c *programme.CandidateDecision) []Advice {
	var out []Advice
	for i := range c.Verdicts {
		v := &c.Verdicts[i]
		switch {
		case v.State == programme.Fail:
			out = append(out, Advice{Kind: AdviceCheck, Code: v.Code, Text: demand(v), At: v.Changes})
		case v.State == programme.Unknown && v.Held == "":
			out = append(out, Advice{Kind: AdviceSource, Code: v.Code, Text: "It is decided once the source " + string(v.Source) + " tells. " + v.Detail})
		case v.State == programme.Unknown && v.Held == programme.Fail:
			out = append(out, Advice{Kind: AdviceSource, Code: v.Code, Text: "It failed when it was last answered, at " + v.HeldAt.String() + ", and is judged anew once the source " + string(v.Source) + " tells. " + v.Detail, At: v.Changes})
		case v.State == programme.Unknown && v.Changes > 0:
			out = append(out, Advice{Kind: AdviceSource, Code: v.Code, Text: "It counts as " + string(v.Held) + " until " + v.Changes.String() + " only, unless the source " + string(v.Source) + " tells before.", At: v.Changes})
		case v.State == programme.Pass && v.Changes > 0:
			out = append(out, Advice{Kind: AdviceCheck, Code: v.Code, Text: "It passes until " + v.Changes.String() + " only. " + v.Detail, At: v.Changes})
		}
	}
	// What fails now comes before what may fail later.
	slices.SortStableFunc(out, func(a, b Advice) int { return cmp.Compare(urgency(c, &a), urgency(c, &b)) })
	return out
}

func urgency(c *programme.CandidateDecision, a *Advice) int {
	for i := range c.Verdicts {
		if v := &c.Verdicts[i]; v.Code == a.Code {
			switch v.Effective() {
			case programme.Fail:
				return 0
			case programme.Unknown:
				return 1
			}
		}
	}
	return 2
}

// demand is what a failing check wants to see.
func demand(v *programme.Verdict) string {
	if v.Overridden != "" {
		return v.Detail // what is seen and demanded does not matter while it counts
	}
	var parts []string
	if v.Value != "" {
		parts = append(parts, "Seen: "+v.Value+".")
	}
	if v.Limit != "" {
		parts = append(parts, "Passes with: "+v.Limit+".")
	}
	if v.Detail != "" {
		parts = append(parts, v.Detail)
	}
	if v.Changes > 0 && !strings.Contains(v.Detail, v.Changes.String()) {
		parts = append(parts, "It passes by itself from "+v.Changes.String()+", if nothing else happens.")
	}
	return strings.Join(parts, " ")
}

// seatAdvice tells a valid candidate what is missing to a nomination.
func seatAdvice(d *programme.Decision, c *programme.CandidateDecision) []Advice {
	if c.Nominator != "" {
		return []Advice{{Kind: AdviceNothing, Text: "It gets a nomination from " + string(c.Nominator) + " in this round."}}
	}
	due, seats := 0, 0
	for i := range d.Nominators {
		if d.Nominators[i].Due {
			due++
			seats += d.Nominators[i].Number
		}
	}
	last := lastSeat(d)
	switch {
	case due == 0:
		return append([]Advice{{Kind: AdviceSeat, Text: "No nominator is due; the next round in which one is may nominate it."}}, neededScore(d, c)...)
	case seats == 0 || last == nil:
		return []Advice{{Kind: AdviceSeat, Text: "The nominators that are due have no seat to give."}}
	}
	gap := last.Score.Total - c.Score.Total
	text := fmt.Sprintf("It has %s points at position %d; the last of %d seats went to position %d with %s points. It needs %s points more",
		points(c.Score.Total), c.Position, seats, last.Position, points(last.Score.Total), points(gap))
	if gap == 0 {
		text += ", or any at all: with equal points the lower slot comes first"
	}
	out := []Advice{{Kind: AdviceScore, Text: text + fmt.Sprintf(", or %s before it to become invalid.", ahead(c.Position-last.Position))}}
	return append(out, factorAdvice(c)...)
}

// neededScore says where a candidate stands while there is no seat to compare it with.
func neededScore(d *programme.Decision, c *programme.CandidateDecision) []Advice {
	ranked := 0
	for i := range d.Candidates {
		ranked = max(ranked, d.Candidates[i].Position)
	}
	return append([]Advice{{Kind: AdviceScore, Text: fmt.Sprintf("It stands at position %d of %d with %s points.", c.Position, ranked, points(c.Score.Total))}}, factorAdvice(c)...)
}

func ahead(n int) string {
	if n == 1 {
		return "one candidate"
	}
	return strconv.Itoa(n) + " candidates"
}

// lastSeat is the nominated candidate with the lowest position.
func lastSeat(d *programme.Decision) *programme.CandidateDecision {
	var last *programme.CandidateDecision
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Nominator != "" && (last == nil || c.Position > last.Position) {
			last = c
		}
	}
	return last
}

// factorAdvice names the parts of the score in which most is to be gained. What a part can bring at most is its weight.
func factorAdvice(c *programme.CandidateDecision) []Advice {
	type room struct {
		part *programme.Contribution
		gain float64
	}
	var rooms []room
	for i := range c.Score.Parts {
		p := &c.Score.Parts[i]
		gain := p.Weight - p.Points
		if p.Factor == programme.FactorUnclaimed || p.Points < 0 { // it subtracts, and brings nothing at best
			gain = -p.Points
		}
		if gain > 0.005 {
			rooms = append(rooms, room{p, gain})
		}
	}
	slices.SortStableFunc(rooms, func(a, b room) int { return cmp.Compare(b.gain, a.gain) })
	var out []Advice
	for _, r := range rooms[:min(len(rooms), shownFactors)] {
		text := fmt.Sprintf("%s brings %s points and could bring %s more", r.part.Factor, points(r.part.Points), points(r.gain))
		if r.part.Note != "" {
			text += " (" + r.part.Note + ")"
		}
		out = append(out, Advice{Kind: AdviceFactor, Text: text + ", before the random multiplier."})
	}
	return out
}
