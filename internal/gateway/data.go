package gateway

import (
	"context"
	"errors"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// ErrNone is returned by [Data] where a single thing was asked for and there is none.
var ErrNone = errors.New("there is none")

// Versions counts the changes of every subject; a subject that is missing has never changed.
type Versions map[memory.Subject]int64

// Data is what the gateway reads. Lists without an order of their own come by slot, era, session or time, ascending.
type Data interface {
	// Versions counts the changes of every subject.
	Versions(ctx context.Context) (Versions, error)
	// Chain is what is known of the network; [ErrNone] before it was first read.
	Chain(ctx context.Context) (memory.Chain, error)

	// Candidates are all slots, those that left the list included.
	Candidates(ctx context.Context) ([]memory.Candidate, error)
	Standings(ctx context.Context) ([]memory.Standing, error)
	Rankings(ctx context.Context) ([]memory.Ranking, error)
	// Nodes are the presences of the slots' nodes.
	Nodes(ctx context.Context) ([]Node, error)
	// Places are the newest locations of the slots' nodes.
	Places(ctx context.Context) ([]Place, error)
	// NewestScores are the newest scores of all slots.
	NewestScores(ctx context.Context) ([]memory.Score, error)
	// NewestStakes are the stakes of the newest era of every stash.
	NewestStakes(ctx context.Context) ([]memory.Stake, error)

	// Score is that of a session, or the newest one.
	Score(ctx context.Context, stash programme.Address, session *programme.Session) (memory.Score, error)
	ScoreStatistics(ctx context.Context, session *programme.Session) (memory.ScoreStatistics, error)
	// Stake is that of an era, or of the newest one.
	Stake(ctx context.Context, stash programme.Address, era *programme.Era) (memory.Stake, error)
	// Stakes are the newest ones of a stash, newest first; a limit of 0 means all.
	Stakes(ctx context.Context, stash programme.Address, limit int) ([]memory.Stake, error)

	Nominators(ctx context.Context) ([]memory.Nominator, error)
	// Nominations are those of a nominator, or of all, newest first; a limit of 0 means all.
	Nominations(ctx context.Context, nominator programme.Address, limit int) ([]memory.Nomination, error)
	OpenPlans(ctx context.Context) ([]plan.Plan, error)
	Pauses(ctx context.Context) ([]plan.Pause, error)

	// EraTotals are those of the eras from one on.
	EraTotals(ctx context.Context, from programme.Era) ([]memory.EraTotal, error)
	// EraPoints are those of a stash, or of all, in the eras from one on.
	EraPoints(ctx context.Context, stash programme.Address, from programme.Era) ([]memory.EraPoints, error)
	EraStatistics(ctx context.Context) (memory.EraStatistics, error) // newest
	ValidatorSet(ctx context.Context) (memory.ValidatorSet, error)   // newest
	// ActiveEras counts the stored sets that hold a stash.
	ActiveEras(ctx context.Context, stash programme.Address) (int, error)
	Keys(ctx context.Context) ([]memory.SessionKeys, error)
	LocationStatistics(ctx context.Context, session *programme.Session) (memory.LocationStatistics, error)

	// Rewards hands out those of an account in a role, or in any, by era; it stops at an error of fn.
	Rewards(ctx context.Context, by RewardFilter, fn func(memory.Reward) error) error
	// RewardSums are one per account of a role, by what they got, most first.
	RewardSums(ctx context.Context, by RewardFilter) ([]RewardSum, error)
	BlockIndex(ctx context.Context) (memory.BlockIndex, error)
	Release(ctx context.Context) (programme.Release, error)
	Jobs(ctx context.Context) ([]memory.Job, error)
}

// RewardFilter selects rewards. Empty members select everything.
type RewardFilter struct {
	Validator programme.Address
	Account   programme.Address
	Role      string
}

// The roles of a reward.
const (
	RoleValidator = "validator"
	RoleNominator = "nominator"
)

// RewardSum sums up the rewards of one account.
type RewardSum struct {
	Account programme.Address
	Count   int
	Total   programme.Planck
	// The means over the rewards: the validator's stake and the least stake of the era in planck, the commission in perbill,
	// and the least stake as a percentage of the validator's.
	Stake, LeastStake, Commission, Efficiency float64
}

// Node is the presence of the nodes of a slot.
type Node struct {
	Slot      int
	FirstSeen programme.Millis // 0 = never
	// Gone is the beginning of the outage that runs, 0 when there is none.
	Gone programme.Millis
	// Offline is the time within the trailing window of the rules that counts against it.
	Offline        programme.Millis
	Live           int
	Implementation string
	Version        string
	Hardware       Hardware
}

// Hardware is what a node says of its machine. Empty and nil mean that it does not say.
type Hardware struct {
	CPU    string
	Memory uint64 // bytes
	Cores  uint32
	VM     *bool
}

// Place is where the node of a slot appears to be.
type Place struct {
	Slot    int
	Name    string
	Stash   programme.Address
	Session programme.Session // 0 when unknown
	VPN     *bool
	programme.Location
}
