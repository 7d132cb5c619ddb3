package gateway

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// ErrNone is wrapped by what [Data] returns where a single thing was asked for and there is none.
var ErrNone = plan.ErrNotFound

// Versions counts the changes of every subject; a subject that is missing has never changed.
type Versions = map[memory.Subject]int64

// Data is what the gateway reads. Package store has it. Lists come by slot, era, session or time, ascending, unless a
// method says otherwise; a limit of 0 means all; the network of
// rounds is its genesis hash, that of locations, releases and healths of sources the name of [Options.Network].
type Data interface {
	// Versions counts the changes of every subject.
	Versions(ctx context.Context) (Versions, error)
	// View runs fn, whose reads with the context it is given all see the same state of the database.
	View(ctx context.Context, fn func(ctx context.Context) error) error
	// Chain is what is known of the network; [ErrNone] before it was first read.
	Chain(ctx context.Context) (memory.Chain, error)

	Population
	Rounds

	// Score is that of a session, or the newest one.
	Score(ctx context.Context, stash programme.Address, session *programme.Session) (memory.Score, error)
	ScoreStatistics(ctx context.Context, session *programme.Session) (memory.ScoreStatistics, error)
	// Stake is that of an era, or of the newest one.
	Stake(ctx context.Context, stash programme.Address, era *programme.Era) (memory.Stake, error)
	// Stakes are the newest ones of a stash, newest first.
	Stakes(ctx context.Context, stash programme.Address, limit int) ([]memory.Stake, error)

	EraTotalsFrom(ctx context.Context, from programme.Era) ([]memory.EraTotal, error)
	// EraPoints are those of a stash, or of all, in the eras from one on.
	EraPoints(ctx context.Context, stash programme.Address, from programme.Era) ([]memory.EraPoints, error)
	EraStatistics(ctx context.Context) (memory.EraStatistics, error) // newest
	EraStatisticsFrom(ctx context.Context, from programme.Era) ([]memory.EraStatistics, error)
	// ActiveEras counts the eras whose stored set holds any of the accounts.
	ActiveEras(ctx context.Context, accounts ...programme.Address) (int, error)
	SessionKeys(ctx context.Context) ([]memory.SessionKeys, error)
	LocationStatistics(ctx context.Context, session *programme.Session) (memory.LocationStatistics, error)

	// Rewards hands out the selected ones by era; it stops at an error of fn.
	Rewards(ctx context.Context, by memory.RewardFilter, fn func(memory.Reward) error) error
	// RewardSums are one per account and role, greatest total first.
	RewardSums(ctx context.Context, by memory.RewardFilter) ([]memory.RewardSum, error)
	BlockIndex(ctx context.Context) (memory.BlockIndex, error)
	Release(ctx context.Context, network string) (r outside.Release, ok bool, err error)
	SourceHealths(ctx context.Context, network string) ([]outside.Health, error)
}

// Population is what is known of the candidates as they are now, and of their past.
type Population interface {
	// Candidates are all slots, those that left the list included.
	Candidates(ctx context.Context) ([]memory.Candidate, error)
	Standings(ctx context.Context) ([]memory.Standing, error)
	Rankings(ctx context.Context) ([]memory.Ranking, error)
	// PresenceSince is what the observer knows of the time since a moment.
	PresenceSince(ctx context.Context, from programme.Millis) (memory.PresenceHistory, error)
	// Locations are the newest ones of the slots' nodes.
	Locations(ctx context.Context, network string) ([]outside.Located, error)
	NewestScores(ctx context.Context) ([]memory.Score, error)
	// NewestStakes are the stakes of the newest era of every stash.
	NewestStakes(ctx context.Context) ([]memory.Stake, error)
	// ValidatorSet is the newest one.
	ValidatorSet(ctx context.Context) (memory.ValidatorSet, error)

	Entries(ctx context.Context, slot int) ([]memory.Entry, error)
	// The changes of verdicts and validity come newest first.
	VerdictChanges(ctx context.Context, slot, limit int) ([]memory.VerdictChange, error)
	ValidityChanges(ctx context.Context, slot, limit int) ([]memory.ValidityChange, error)
	ScoresOf(ctx context.Context, slot, limit int) ([]memory.Score, error) // newest first
	LocationHistory(ctx context.Context, network string, slot, limit int) ([]outside.Located, error)
	RankEventsOf(ctx context.Context, slot int) ([]memory.RankEvent, error)
}

// Rounds is what was decided, and what became of it.
type Rounds interface {
	// Rounds are newest first.
	Rounds(ctx context.Context, network string, limit int) ([]memory.Round, error)
	Round(ctx context.Context, number int64) (memory.Round, error)
	Document(ctx context.Context, digest string) (plan.Document, error)

	Nominators(ctx context.Context) ([]memory.Nominator, error)
	Nominations(ctx context.Context) ([]memory.Nomination, error)
	// NominationsOf are those of a nominator, newest first.
	NominationsOf(ctx context.Context, nominator programme.Address, limit int) ([]memory.Nomination, error)
	// Plans are newest first.
	Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error)
	Plan(ctx context.Context, key plan.Key) (plan.Plan, error)
	History(ctx context.Context, key plan.Key) ([]plan.Event, error)
	Pauses(ctx context.Context) ([]plan.Pause, error)
}
