package memory

import (
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

// Candidate is a slot of the candidate list with its newest entry. Slots that have left the list stay, with Delisted set.
type Candidate struct {
	programme.Candidate
	Added    programme.Millis // when the slot first appeared
	Updated  programme.Millis // when the entry last changed
	Delisted programme.Millis // when it left the list, 0 while it is listed
}

// Listed reports whether the slot is in the list.
func (c *Candidate) Listed() bool { return c.Delisted == 0 }

// Entry is one version of a slot's entry; a slot has a new one when its name, stash or any other member changes, and when
// it leaves the list (Listed false) or comes back.
type Entry struct {
	programme.Candidate
	From   programme.Millis
	Listed bool
}

// Standing is how a candidate stands: what the newest look at the world said. A look is a round or a refresh between rounds.
type Standing struct {
	Slot     int
	At       programme.Millis // time of the staking chain's block that was looked at
	Block    uint32           // its number
	Validity programme.Validity
	// LastValid is the newest look at which it was valid, 0 = never.
	LastValid programme.Millis
	Verdicts  []Verdict // in the order of the catalogue of checks
	// Chain is what the chains said of its stash; nil before the first look. Exposure and Points are left out: they are in
	// [Stake] and [EraPoints].
	Chain *programme.ChainCandidate
	// Active tells whether the stash is in the session's validator set.
	Active bool
	// Inclusion and SpanInclusion are the shares of complete eras with points, of the two windows of the rules.
	Inclusion, SpanInclusion float64
	Position                 int // in the order of scores, 0 when it is not ranked
}

// Verdict is the newest answer of a check with the moment at which this answer began.
type Verdict struct {
	programme.Verdict
	Since programme.Millis
}

// VerdictChange is one line of the history of a check: from At on, until the next line, the answer was State.
type VerdictChange struct {
	Slot   int
	Code   programme.Code
	At     programme.Millis
	State  programme.State
	Detail string
	Value  string
	Limit  string
}

// ValidityChange is one line of the history of a candidate's validity.
type ValidityChange struct {
	Slot     int
	At       programme.Millis
	Validity programme.Validity
}

// Score is the score of a candidate in a session; the newest of a session replaces the one before it.
type Score struct {
	Slot    int
	Stash   programme.Address
	Session programme.Session
	Era     programme.Era
	At      programme.Millis
	programme.Score
}

// ScoreStatistics are the ranges of all factors behind the scores of a session.
type ScoreStatistics struct {
	Session programme.Session
	At      programme.Millis
	Factors []programme.Statistics
	// Values are the figures of the scored candidates by factor, ascending, which only the old API shows.
	Values map[programme.Factor][]float64
	// Weights of all factors, those without statistics included.
	Weights map[programme.Factor]float64
}

// Override is an operator's answer to a check of a slot, as long as the slot has the stash. The newest order about a check
// is the one that counts.
type Override struct {
	Slot  int               `json:"slot"`
	Stash programme.Address `json:"stash"`
	programme.Override
}

// RankEvent is one event in the life of a slot; the rank is the fold over them (package rank).
type RankEvent struct {
	Slot int
	rank.Event
	Author string // an operator's name, empty for the programme itself
	Era    programme.Era
}

// Ranking is what the events of a slot come to, kept beside them for readers.
type Ranking struct {
	Slot int
	rank.State
	// ActiveEras counts the stored eras whose validator set holds an account of the candidate's identity: the rank of the old
	// backend.
	ActiveEras int
	Updated    programme.Millis
}
