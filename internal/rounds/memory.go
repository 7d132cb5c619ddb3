package rounds

import (
	"context"
	"database/sql"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Memory is what the programme remembers, as far as rounds and what is shown between them are concerned. Methods that
// are called with the context of Atomic take part in its transaction.
type Memory interface {
	Atomic(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error

	// Candidates are all slots that were ever listed, by slot. SaveCandidates replaces the given ones and keeps what they
	// were before.
	Candidates(ctx context.Context) ([]memory.Candidate, error)
	SaveCandidates(ctx context.Context, list []memory.Candidate) error
	// Standings are the newest ones, by slot. SaveStandings replaces the given ones and keeps how answers and validity
	// changed.
	Standings(ctx context.Context) ([]memory.Standing, error)
	SaveStandings(ctx context.Context, list []memory.Standing) error
	// DefiniteValidities are the newest of valid and invalid that each slot has been, by slot.
	DefiniteValidities(ctx context.Context) (map[int]programme.Validity, error)
	// CheckOverrides are the answers of operators to checks that expire after a moment, by slot.
	CheckOverrides(ctx context.Context, now programme.Millis) ([]memory.Override, error)
	// SaveScores replaces those of the same session.
	SaveScores(ctx context.Context, list []memory.Score, s memory.ScoreStatistics) error

	// RankDuties are the events of all slots but the good ones, of which there are hundreds of thousands after a year.
	// RankEventsOf are all of one slot. AddRankEvents leaves out those whose id the slot has already.
	RankDuties(ctx context.Context) ([]memory.RankEvent, error)
	RankEventsOf(ctx context.Context, slot int) ([]memory.RankEvent, error)
	AddRankEvents(ctx context.Context, list []memory.RankEvent) error
	Rankings(ctx context.Context) ([]memory.Ranking, error)
	SaveRankings(ctx context.Context, list []memory.Ranking) error

	// Periods and Nominations are in the order in which they came. A nomination is the same when block and nominator are.
	Periods(ctx context.Context) ([]memory.Period, error)
	SavePeriod(ctx context.Context, p memory.Period) error
	Nominations(ctx context.Context) ([]memory.Nomination, error)
	SaveNomination(ctx context.Context, n memory.Nomination) error
	// ValidatorSetsFrom are the newest sets of the eras from one on, ascending.
	ValidatorSetsFrom(ctx context.Context, from programme.Era) ([]memory.ValidatorSet, error)

	// NewestRound is the round held last on a network (genesis hash); ok is false before the first. SaveRound numbers it.
	NewestRound(ctx context.Context, network string) (r memory.Round, ok bool, err error)
	SaveRound(ctx context.Context, r memory.Round) error
	SaveDocument(ctx context.Context, d plan.Document) error
	Document(ctx context.Context, digest string) (plan.Document, error)
	Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error)
	RaiseAlert(ctx context.Context, w plan.Warning) (fresh bool, err error)
}

// bySlot indexes standings.
func bySlot(list []memory.Standing) map[int]*memory.Standing {
	out := make(map[int]*memory.Standing, len(list))
	for i := range list {
		out[list[i].Slot] = &list[i]
	}
	return out
}

// listed are the slots that are in the list.
func listed(all []memory.Candidate) []programme.Candidate {
	var out []programme.Candidate
	for i := range all {
		if all[i].Listed() {
			out = append(out, all[i].Candidate)
		}
	}
	return out
}
