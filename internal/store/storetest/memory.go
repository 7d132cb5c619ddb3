package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Memory is what keeps rounds, nominators, eras, validators, stakes and rewards.
type Memory interface {
	Versions(ctx context.Context) (map[memory.Subject]int64, error)

	SaveRound(ctx context.Context, r memory.Round) error
	NewestRound(ctx context.Context, network string) (r memory.Round, ok bool, err error)
	Rounds(ctx context.Context, network string, limit int) ([]memory.Round, error)
	Round(ctx context.Context, number int64) (memory.Round, error)
	Periods(ctx context.Context) ([]memory.Period, error)
	SavePeriod(ctx context.Context, p memory.Period) error
	Nominators(ctx context.Context) ([]memory.Nominator, error)
	SaveNominators(ctx context.Context, all []memory.Nominator) error
	Nominations(ctx context.Context) ([]memory.Nomination, error)
	NominationsOf(ctx context.Context, nominator programme.Address, limit int) ([]memory.Nomination, error)
	SaveNomination(ctx context.Context, n memory.Nomination) error

	SaveEraPoints(ctx context.Context, total memory.EraTotal, all []memory.EraPoints) error
	EraTotals(ctx context.Context) ([]memory.EraTotal, error)
	EraTotalsFrom(ctx context.Context, from programme.Era) ([]memory.EraTotal, error)
	EraPoints(ctx context.Context, stash programme.Address, from programme.Era) ([]memory.EraPoints, error)
	SaveEraStatistics(ctx context.Context, st memory.EraStatistics) error
	EraStatistics(ctx context.Context) (memory.EraStatistics, error)
	EraStatisticsFrom(ctx context.Context, from programme.Era) ([]memory.EraStatistics, error)
	SaveChain(ctx context.Context, c memory.Chain) error
	Chain(ctx context.Context) (memory.Chain, error)
	SaveValidatorSet(ctx context.Context, v memory.ValidatorSet) error
	ValidatorSet(ctx context.Context) (memory.ValidatorSet, error)
	ValidatorSetsFrom(ctx context.Context, from programme.Era) ([]memory.ValidatorSet, error)
	SetEras(ctx context.Context, from programme.Era) ([]programme.Era, error)
	ActiveEras(ctx context.Context, accounts ...programme.Address) (int, error)
	ActiveErasOf(ctx context.Context, groups map[int][]programme.Address) (map[int]int, error)
	SaveSessionKeys(ctx context.Context, all []memory.SessionKeys) error
	SessionKeys(ctx context.Context) ([]memory.SessionKeys, error)
	SaveStakes(ctx context.Context, all []memory.Stake) error
	Stake(ctx context.Context, stash programme.Address, era *programme.Era) (memory.Stake, error)
	Stakes(ctx context.Context, stash programme.Address, limit int) ([]memory.Stake, error)
	NewestStakes(ctx context.Context) ([]memory.Stake, error)
	SaveLocationStatistics(ctx context.Context, st memory.LocationStatistics) error
	LocationStatistics(ctx context.Context, session *programme.Session) (memory.LocationStatistics, error)

	SavePayouts(ctx context.Context, rewards []memory.Reward) error
	Rewards(ctx context.Context, by memory.RewardFilter, fn func(memory.Reward) error) error
	RewardSums(ctx context.Context, by memory.RewardFilter) ([]memory.RewardSum, error)
	SaveBlockIndex(ctx context.Context, b memory.BlockIndex) error
	BlockIndex(ctx context.Context) (memory.BlockIndex, error)
}

// RunMemory runs the suite of what keeps rounds, nominators, eras, validators, stakes and rewards. Open is as in [Run].
func RunMemory(t *testing.T, open func(t *testing.T) (s, again Memory)) {
	for name, test := range map[string]func(*testing.T, Memory, Memory){
		"rounds are numbered once":            rounds,
		"two processes number rounds in turn": roundsRace,
		"periods":                             periods,
		"nominators come and go":              nominators,
		"nominations":                         nominations,
		"nothing is there at first":           nothing,
		"points of an era are replaced":       points,
		"statistics of eras":                  eraStatistics,
		"validator sets":                      validatorSets,
		"active eras by random sets":          activeEras,
		"session keys":                        sessionKeys,
		"stakes":                              stakes,
		"statistics of places":                places,
		"payouts are stored once":             payouts,
		"sums of rewards by random payouts":   rewardSums,
		"what is known of the chain":          known,
	} {
		t.Run(name, func(t *testing.T) {
			s, again := open(t)
			test(t, s, again)
		})
	}
}

// Changes runs fn and demands that it counts up exactly the given subjects, as another process sees it.
func Changes(t *testing.T, again interface {
	Versions(ctx context.Context) (map[memory.Subject]int64, error)
}, fn func() error, subjects ...memory.Subject,
) {
	t.Helper()
	before := must[map[memory.Subject]int64](t)(again.Versions(t.Context()))
	check(t, fn())
	after := must[map[memory.Subject]int64](t)(again.Versions(t.Context()))
	for _, s := range subjects {
		if after[s] <= before[s] {
			t.Errorf("%s was not counted up", s)
		}
		delete(before, s)
		delete(after, s)
	}
	same(t, after, before)
}

// missing demands that nothing was found.
func missing[T any](t *testing.T) func(v T, err error) {
	return func(v T, err error) {
		t.Helper()
		if !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("%+v, error %v", v, err)
		}
	}
}

func nothing(t *testing.T, s, _ Memory) {
	ctx := t.Context()
	missing[memory.Round](t)(s.Round(ctx, 1))
	missing[memory.EraStatistics](t)(s.EraStatistics(ctx))
	missing[memory.ValidatorSet](t)(s.ValidatorSet(ctx))
	missing[memory.Stake](t)(s.Stake(ctx, "a", nil))
	missing[memory.LocationStatistics](t)(s.LocationStatistics(ctx, nil))
	missing[memory.BlockIndex](t)(s.BlockIndex(ctx))
	missing[memory.Chain](t)(s.Chain(ctx))
	if _, ok, err := s.NewestRound(ctx, "n"); ok || err != nil {
		t.Error(ok, err)
	}
	for what, n := range map[string]int{
		"rounds": len(must[[]memory.Round](t)(s.Rounds(ctx, "", 0))), "periods": len(must[[]memory.Period](t)(s.Periods(ctx))),
		"nominators": len(must[[]memory.Nominator](t)(s.Nominators(ctx))), "nominations": len(must[[]memory.Nomination](t)(s.Nominations(ctx))),
		"totals": len(must[[]memory.EraTotal](t)(s.EraTotals(ctx))), "points": len(must[[]memory.EraPoints](t)(s.EraPoints(ctx, "", 0))),
		"sets": len(must[[]memory.ValidatorSet](t)(s.ValidatorSetsFrom(ctx, 0))), "stakes": len(must[[]memory.Stake](t)(s.NewestStakes(ctx))),
		"keys": len(must[[]memory.SessionKeys](t)(s.SessionKeys(ctx))), "sums": len(must[[]memory.RewardSum](t)(s.RewardSums(ctx, memory.RewardFilter{}))),
		"versions": len(must[map[memory.Subject]int64](t)(s.Versions(ctx))), "active": must[int](t)(s.ActiveEras(ctx)), "of a": must[int](t)(s.ActiveEras(ctx, "a")),
	} {
		if n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	check(t, s.Rewards(ctx, memory.RewardFilter{}, func(r memory.Reward) error { return fmt.Errorf("a reward: %+v", r) }))
}
