package decision

import (
	"fmt"
	"strconv"

	"github.com/thousand-validators/otv/internal/programme"
)

// explain tells every candidate who nominates it, or the one thing that stands between it and a nomination.
func explain(d *programme.Decision, ranked []int, given map[programme.Address]programme.Address) {
	var last *programme.CandidateDecision // holder of the last seat
	due := 0
	for i := range d.Nominators {
		if d.Nominators[i].Due {
			due++
		}
	}
	for _, i := range ranked {
		c := &d.Candidates[i]
		if n, ok := given[c.Stash]; ok {
			c.Nominator = n
			last = c
		}
	}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		switch c.Validity {
		case programme.Valid:
			c.Reason = validReason(c, last, len(given), due, len(ranked))
		case programme.Invalid:
			c.Reason = verdictReason(c.Verdicts, programme.Fail)
		default:
			c.Reason = verdictReason(c.Verdicts, programme.Unknown)
		}
	}
}

// validReason is written for a thousand candidates in a round, so it does without fmt.
func validReason(c, last *programme.CandidateDecision, seats, due, ranked int) string {
	place := "position " + strconv.Itoa(c.Position) + " of " + strconv.Itoa(ranked) + " with " + points(c.Score.Total) + " points: "
	switch {
	case c.Nominator != "":
		return place + "nominated"
	case due == 0:
		return place + "no nominator is due in this round"
	case last == nil:
		return place + "the nominators that are due have no seat to give"
	}
	return place + "the last of " + strconv.Itoa(seats) + " seats went to slot " + strconv.Itoa(last.Slot) + " for " + points(last.Score.Total) +
		" points, " + points(last.Score.Total-c.Score.Total) + " more than this candidate has"
}

func points(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// verdictReason is the first check with the given answer in the order of the catalogue, and how many more have it.
func verdictReason(verdicts []programme.Verdict, state programme.State) string {
	var first *programme.Verdict
	more := 0
	for i := range verdicts {
		if verdicts[i].Effective() != state {
			continue
		}
		if first == nil {
			first = &verdicts[i]
		} else {
			more++
		}
	}
	if first == nil {
		return ""
	}
	text := string(first.Code)
	if state == programme.Unknown {
		text += " unknown"
	}
	if first.Detail != "" {
		text += ": " + first.Detail
	}
	if more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}
