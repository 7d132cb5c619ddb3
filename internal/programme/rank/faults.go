package rank

import (
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Look is what one look at a finalised block says of a candidate, as far as faults are concerned.
type Look struct {
	Now programme.Millis // time of the block
	// Nominated says that the stash is among the on-chain targets of one of the programme's nominators.
	Nominated bool
	// Period is the number of the running nomination period, 0 before the first.
	Period int64
	// Release is the client release that is demanded.
	Release string
	// Verdicts are the newest answers with the looks at which they began.
	Verdicts []Answer
	// Slashes are those on chain; SlashesKnown is false when they could not be read. Those of eras before Admitted are
	// not the programme's business.
	Slashes      []programme.Slash
	SlashesKnown bool
	Admitted     programme.Era
}

// Answer is the answer of a check, and the first of the unbroken row of looks that gave it.
type Answer struct {
	programme.Verdict
	Since programme.Millis
}

// Faults are the faults of a look. Each has an id that names its occasion, so that a later look has the same one again
// rather than another. The condition of a check must have been there at two looks in a row, ten minutes apart; a check
// that is unknown in between begins anew, and is never a fault itself.
func (l *Look) Faults() []Event {
	var out []Event
	for _, s := range l.Slashes {
		if s.Era < l.Admitted || s.Own.IsZero() && s.Fraction == 0 {
			continue
		}
		out = append(out, l.fault(Slash, fmt.Sprintf("e%d", s.Era), fmt.Sprintf("slashed in era %d", s.Era)))
	}
	if !l.Nominated {
		return out
	}
	for _, a := range l.Verdicts {
		t := Type(a.Code)
		// An operator's word is no observation: it neither makes a fault nor leaves one standing.
		if a.State != programme.Fail || a.Own() != programme.Fail || !slices.Contains(Types(), t) || !t.NeedsNomination() || !Confirmed(a.Since, l.Now) {
			continue
		}
		once := fmt.Sprintf("p%d", l.Period)
		if t == ClientUpgrade {
			once = l.Release
		}
		out = append(out, l.fault(t, once, a.Detail))
	}
	return out
}

func (l *Look) fault(t Type, once, reason string) Event {
	return Event{ID: FaultID(t, once), When: l.Now, Kind: Fault, Type: t, Once: once, Reason: reason}
}

// FaultID is the id of the fault of a type on an occasion.
func FaultID(t Type, once string) string { return string(t) + "@" + once }

// Withdrawn are revocations of slashes that the chain no longer knows although it would still tell: governance has
// cancelled them. The look must begin at an era before theirs; a slash that stays recorded after it was cancelled looks
// like an applied one, and only an operator can know.
func (l *Look) Withdrawn(events []Event, from programme.Era) []Event {
	if !l.SlashesKnown {
		return nil
	}
	var out []Event
	for _, e := range events {
		var era programme.Era
		if e.Kind != Fault || e.Type != Slash {
			continue
		}
		if _, err := fmt.Sscanf(e.Once, "e%d", &era); err != nil || era <= from {
			continue
		}
		gone := !slices.ContainsFunc(l.Slashes, func(s programme.Slash) bool { return s.Era == era })
		taken := slices.ContainsFunc(events, func(o Event) bool { return o.Kind == Revocation && o.Revokes == e.ID })
		if gone && !taken {
			out = append(out, Event{
				ID: "revoke " + e.ID, When: l.Now, Kind: Revocation, Revokes: e.ID, Reason: fmt.Sprintf("the slash of era %d was cancelled on chain", era),
			})
		}
	}
	return out
}

// ActiveEras is the rank in the sense of the old backend: the number of eras whose validator set holds one of the
// accounts of a candidate's identity. Sets are by era.
func ActiveEras(sets []map[programme.Address]bool, accounts []programme.Address) int {
	n := 0
	for _, set := range sets {
		if slices.ContainsFunc(accounts, func(a programme.Address) bool { return set[a] }) {
			n++
		}
	}
	return n
}
