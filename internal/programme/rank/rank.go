// Package rank computes a candidate's rank, faults and suspension from its history of events. Nothing is ever updated
// in place: a fault that is taken back is left out and everything after it is computed anew.
//
//	events, oldest first ──> Fold ──> rank, faults, halvings, suspension
//
// A good nomination period raises the rank by one. A fault halves it. A slash, or the fifth halving, suspends the
// candidate until an operator lifts the suspension; it starts again with rank 0 then.
package rank

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// maxHalvings is the number of halvings that suspends.
const maxHalvings = 5

// Kind says what an event is.
type Kind string

// The kinds of events.
const (
	Seed       Kind = "seed"       // admission, or a rank taken over from elsewhere
	Good       Kind = "good"       // a nomination period without a fault
	Fault      Kind = "fault"      // a breach of duty
	Revocation Kind = "revocation" // an operator, or governance, takes a fault back
	Lift       Kind = "lift"       // an operator lifts a suspension
)

// Type names a kind of fault.
type Type string

// The faults. Those that are named like a check need its condition to be confirmed (see [Confirmed]) and count only
// while the programme nominates the candidate.
const (
	Slash         Type = "SLASH"         // reported or applied against the stash; once per slash era
	OfflineEvent  Type = "OFFLINE_EVENT" // reported by the chain; once per session
	LostIntention Type = Type(programme.CodeIntention)
	Commission    Type = Type(programme.CodeCommission)
	SelfStake     Type = Type(programme.CodeSelfStake)
	OfflineTime   Type = Type(programme.CodeOfflineTime)
	ClientUpgrade Type = Type(programme.CodeClientUpgrade) // once per release; the other four once per period
)

// Types lists all faults.
func Types() []Type {
	return []Type{Slash, OfflineEvent, LostIntention, Commission, SelfStake, OfflineTime, ClientUpgrade}
}

// NeedsNomination reports whether a fault counts only while the programme nominates the candidate.
func (t Type) NeedsNomination() bool { return t != Slash && t != OfflineEvent }

// Event is one thing that happened to a candidate. Which members matter depends on the kind.
type Event struct {
	ID   string           `json:"id"` // unique among the candidate's events
	When programme.Millis `json:"when"`
	Kind Kind             `json:"kind"`
	Rank int              `json:"rank,omitempty"` // of a seed
	Type Type             `json:"type,omitempty"` // of a fault
	// Once names the occasion that a fault is counted once for: its era, session, period or release.
	Once string `json:"once,omitempty"`
	// Revokes is the fault that a revocation takes back.
	Revokes string `json:"revokes,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// State is what the events add up to.
type State struct {
	Rank     int                   `json:"rank"`
	Faults   int                   `json:"faults"`   // counted and not revoked, since ever
	Halvings int                   `json:"halvings"` // since the admission or the last lift
	Suspend  *programme.Suspension `json:"suspended,omitempty"`
}

// Step is an event with its effect.
type Step struct {
	Event
	Before, After int
	// Counts says that the event had its effect: it was not revoked, not a repetition, and did not fall into a
	// suspension.
	Counts bool
}

// Fold replays the events in the order of their moments. An error means that they contradict each other.
func Fold(events []Event) (State, []Step, error) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.When, b.When) })
	revoked, err := revocations(events)
	if err != nil {
		return State{}, nil, fmt.Errorf("replay events: %w", err)
	}
	var s State
	steps := make([]Step, len(events))
	occasions := map[string]bool{}
	for i, e := range events {
		step := &steps[i]
		step.Event, step.Before = e, s.Rank
		step.Counts = s.apply(e, revoked, occasions)
		step.After = s.Rank
	}
	return s, steps, nil
}

// revocations checks the events and finds the faults that are taken back.
func revocations(events []Event) (map[string]bool, error) {
	faults := map[string]bool{}
	seen := map[string]bool{}
	revoked := map[string]bool{}
	for _, e := range events {
		if e.ID == "" || seen[e.ID] {
			return nil, fmt.Errorf("the event id %q is empty or repeated", e.ID)
		}
		seen[e.ID] = true
		switch e.Kind {
		case Seed:
			if e.Rank < 0 {
				return nil, fmt.Errorf("event %s seeds the negative rank %d", e.ID, e.Rank)
			}
		case Fault:
			if !slices.Contains(Types(), e.Type) {
				return nil, fmt.Errorf("event %s is a fault of the unknown type %q", e.ID, e.Type)
			}
			faults[e.ID] = true
		case Revocation:
			if !faults[e.Revokes] {
				return nil, fmt.Errorf("event %s revokes %q, which is no earlier fault", e.ID, e.Revokes)
			}
			revoked[e.Revokes] = true
		case Good, Lift:
		default:
			return nil, fmt.Errorf("event %s is of the unknown kind %q", e.ID, e.Kind)
		}
	}
	return revoked, nil
}

// apply lets one event have its effect and reports whether it had one.
func (s *State) apply(e Event, revoked, occasions map[string]bool) bool {
	switch e.Kind {
	case Seed:
		*s = State{Rank: e.Rank}
		clear(occasions)
	case Good:
		if s.Suspend != nil {
			return false
		}
		s.Rank++
	case Fault:
		return s.fault(e, revoked, occasions)
	case Lift:
		if s.Suspend == nil {
			return false
		}
		s.Rank, s.Halvings, s.Suspend = 0, 0, nil
	}
	return true
}

func (s *State) fault(e Event, revoked, occasions map[string]bool) bool {
	occasion := string(e.Type) + "\x00" + e.Once
	repeated := e.Once != "" && occasions[occasion]
	occasions[occasion] = true
	// An occasion whose fault was taken back is forgiven as a whole.
	if revoked[e.ID] || repeated || s.Suspend != nil {
		return false
	}
	s.Rank /= 2
	s.Faults++
	s.Halvings++
	switch {
	case e.Type == Slash:
		s.Suspend = &programme.Suspension{Since: e.When, Reason: reason(e, "slashed")}
	case s.Halvings >= maxHalvings:
		s.Suspend = &programme.Suspension{Since: e.When, Reason: reason(e, fmt.Sprintf("%d faults", s.Halvings))}
	}
	return true
}

func reason(e Event, why string) string {
	if e.Reason == "" {
		return why
	}
	return why + ": " + e.Reason
}
