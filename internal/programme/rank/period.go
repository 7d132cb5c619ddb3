package rank

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// Times of the rules about periods and faults.
const (
	// confirmAfter is how far apart two looks must be that both see the condition of a fault.
	confirmAfter = 10 * programme.Minute
	// patience is how long the closing of a period waits for a verdict that is unknown.
	patience = programme.Day
)

// Period is a nomination period in active eras: it opens with the first finalised nomination of a round and closes
// when the next round opens one. Every complete era belongs to exactly one period.
type Period struct {
	Opened programme.Era `json:"opened"` // first era of the period
	Closed programme.Era `json:"closed"` // first era of the next one
}

// Empty reports whether the next round came in the same era, so that the period goes on.
func (p Period) Empty() bool { return p.Closed <= p.Opened }

// Active answers whether a stash was active in at least one era of the period: pass when it was, fail when it was in
// none, unknown when an era is not known in which it may have been. Member says for an era whether the stash
// was in the validator set, and whether that set is known.
func (p Period) Active(member func(programme.Era) (in, known bool)) programme.State {
	answer := programme.Fail
	for e := p.Opened; e < p.Closed; e++ {
		in, known := member(e)
		switch {
		case known && in:
			return programme.Pass
		case !known:
			answer = programme.Unknown
		}
	}
	return answer
}

// Effect is what the closing of a period does to a candidate.
type Effect string

// The effects.
const (
	Raise Effect = "raise" // rank + 1
	None  Effect = "none"
	Defer Effect = "defer" // ask again later
)

// Closing is what is known of a candidate when a period closes.
type Closing struct {
	Active  programme.State // see Period.Active
	Faulted bool            // a fault was recorded in the period; it acted when it was recorded
	Verdict programme.Validity
	// Definite is the last verdict that was valid or invalid; it stands in for an unknown one when waiting was
	// in vain.
	Definite programme.Validity
	Waited   programme.Millis // since the closing
}

// Effect decides. Only an active, valid candidate without a fault rises. Missing data is never inactivity: an unknown
// set of validators is waited for, an unknown verdict for a day.
func (c Closing) Effect() Effect {
	verdict := c.Verdict
	if verdict != programme.Valid && verdict != programme.Invalid && c.Waited >= patience {
		verdict = c.Definite
	}
	switch {
	case c.Faulted, c.Active == programme.Fail, verdict == programme.Invalid:
		return None
	case c.Active != programme.Pass, verdict != programme.Valid:
		return Defer
	}
	return Raise
}

// Confirmed reports whether the condition of a fault, seen at two consecutive looks at finalised blocks, is a fault.
func Confirmed(first, second programme.Millis) bool { return second-first >= confirmAfter }
