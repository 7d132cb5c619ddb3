package memory

import "github.com/thousand-validators/otv/internal/programme"

// Retention says for how long what is written again and again is kept; 0 means for ever. What is not named here is always
// kept. docs/store.md has the rules in words.
type Retention struct {
	Records   programme.Millis // records of rounds of which no plan was made
	Scores    programme.Millis // scores of every session, with their statistics
	EraScores programme.Millis // scores of the newest session of every era, with their statistics
	Changes   programme.Millis // lines in the history of verdicts and validity
	Stakes    programme.Millis // stakes behind candidates, by era
	Eras      programme.Millis // points and validator sets of eras
	Places    programme.Millis // statistics of places, and where nodes were before
	Alerts    programme.Millis // since they were last raised
	Rewards   programme.Millis // rewards by account; their payouts and sums stay
}

// DefaultRetention is what is kept unless the configuration says otherwise.
func DefaultRetention() Retention {
	return Retention{
		Records: 90 * programme.Day, Scores: 14 * programme.Day, EraScores: 180 * programme.Day, Changes: 365 * programme.Day,
		Stakes: 7 * programme.Day, Eras: 120 * programme.Day, Places: 180 * programme.Day, Alerts: 90 * programme.Day,
	}
}

// Cleaned says how many rows of a kind were deleted because they were too old.
type Cleaned struct {
	What string
	Rows int64
}
