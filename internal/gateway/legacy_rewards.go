package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

func (g *Gateway) mountRewards() {
	subjects := []memory.Subject{memory.SubjectRewards, memory.SubjectChain}
	by := func(address string, validator bool, c *memory.Chain) memory.RewardFilter {
		if validator {
			return memory.RewardFilter{Validator: own(*c, address), Asset: g.PriceAsset}
		}
		return memory.RewardFilter{Account: own(*c, address), Asset: g.PriceAsset}
	}
	for _, r := range []struct {
		id, path, summary string
		validator         bool
	}{
		{"listRewardsOfValidator", "/rewards/validator/{address}", "Rewards of a validator and its nominators, by era", true},
		{"listRewardsOfNominator", "/rewards/nominator/{address}", "Rewards that an account was paid, by era", false},
	} {
		long[addressParam, LegacyReward](g, old(r.id, r.path, r.summary, subjects...), func(ctx context.Context, in *addressParam, add func(LegacyReward) error) error {
			c, err := g.network(ctx)
			if err != nil {
				return err
			}
			return g.Data.Rewards(ctx, by(in.Address, r.validator, &c), func(r memory.Reward) error { return add(legacyReward(&r, c.Decimals)) })
		})
	}
	get[addressParam, LegacyValidatorTotal](g, old("getRewardTotalOfValidator", "/rewards/validator/{address}/total", "Sum of a validator's own rewards", subjects...),
		func(ctx context.Context, in *addressParam) (any, error) {
			s, c, err := g.rewardSum(ctx, in.Address, memory.RoleValidator)
			return LegacyValidatorTotal{Validator: in.Address, Total: tokens(s.Total, c.Decimals), RewardCount: s.Count}, err
		})
	get[addressParam, LegacyRewardStats](g, old("getRewardStatsOfValidator", "/rewards/validator/{address}/stats", "Averages over a validator's own rewards", subjects...),
		func(ctx context.Context, in *addressParam) (any, error) {
			s, c, err := g.rewardSum(ctx, in.Address, memory.RoleValidator)
			out := LegacyRewardStats{Total: tokens(s.Total, c.Decimals), RewardCount: s.Count}
			if s.Count > 0 {
				stake := mean(s.Stake, c.Decimals)
				out.AvgEfficiency, out.AvgStake = &s.Efficiency, &stake
			}
			return out, err
		})
	get[addressParam, LegacyNominatorTotal](g, old("getRewardTotalOfNominator", "/rewards/nominator/{address}/total", "Sum of an account's rewards as a nominator", subjects...),
		func(ctx context.Context, in *addressParam) (any, error) {
			s, c, err := g.rewardSum(ctx, in.Address, memory.RoleNominator)
			return LegacyNominatorTotal{Total: tokens(s.Total, c.Decimals), RewardCount: s.Count}, err
		})
	g.mountRewardLists()
}

// mountRewardLists mounts the sums of all accounts.
func (g *Gateway) mountRewardLists() {
	subjects := append(populationSubjects(), memory.SubjectRewards)
	get[noParams, []LegacyValidatorSum](g, old("listRewardTotalsOfValidators", "/rewards/validators/total", "Sums of the own rewards of all validators, greatest first", subjects...),
		func(ctx context.Context, _ *noParams) (any, error) {
			return sums(ctx, g, memory.RoleValidator, func(p *population, s *memory.RewardSum) LegacyValidatorSum {
				return LegacyValidatorSum{Validator: string(s.Account), Total: tokens(s.Total, p.decimals), Identity: p.identityOf(s.Account)}
			})
		})
	get[noParams, []LegacyNominatorSum](g, old("listRewardTotalsOfNominators", "/rewards/nominators/total", "Sums of the rewards of all nominators, greatest first", subjects...),
		func(ctx context.Context, _ *noParams) (any, error) {
			return sums(ctx, g, memory.RoleNominator, func(p *population, s *memory.RewardSum) LegacyNominatorSum {
				return LegacyNominatorSum{Nominator: string(s.Account), Total: tokens(s.Total, p.decimals), Identity: p.identityOf(s.Account)}
			})
		})
	get[noParams, []LegacyRewardLine](g, old("listRewardStatsOfValidators", "/rewards/validators/stats", "Averages over the own rewards of all validators, most efficient first", subjects...),
		func(ctx context.Context, _ *noParams) (any, error) {
			l, err := sums(ctx, g, memory.RoleValidator, func(p *population, s *memory.RewardSum) LegacyRewardLine {
				return LegacyRewardLine{
					Validator: string(s.Account), NumRewards: s.Count, TotalRewards: tokens(s.Total, p.decimals), AvgEfficiency: s.Efficiency,
					AvgStake: mean(s.Stake, p.decimals), AvgEraMinStake: mean(s.LeastStake, p.decimals), AvgCommission: s.Commission / 1e7,
					Identity: p.identityOf(s.Account),
				}
			})
			slices.SortFunc(l, func(a, b LegacyRewardLine) int {
				return cmp.Or(cmp.Compare(b.AvgEfficiency, a.AvgEfficiency), cmp.Compare(a.Validator, b.Validator))
			})
			return l, err
		})
}

// rewardSum is the sum of an account in a role, zero when it has no rewards.
func (g *Gateway) rewardSum(ctx context.Context, address, role string) (memory.RewardSum, memory.Chain, error) {
	c, err := g.network(ctx)
	if err != nil {
		return memory.RewardSum{}, c, err
	}
	l, err := g.Data.RewardSums(ctx, memory.RewardFilter{Account: own(c, address), Role: role})
	if err != nil {
		return memory.RewardSum{}, c, fmt.Errorf("read sums of rewards: %w", err)
	}
	if len(l) == 0 {
		return memory.RewardSum{}, c, nil
	}
	return l[0], c, nil
}

// sums are the sums of all accounts in a role, greatest first.
func sums[T any](ctx context.Context, g *Gateway, role string, line func(*population, *memory.RewardSum) T) ([]T, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	l, err := g.Data.RewardSums(ctx, memory.RewardFilter{Role: role})
	if err != nil {
		return nil, fmt.Errorf("read sums of rewards: %w", err)
	}
	out := make([]T, len(l))
	for i := range l {
		l[i].Account = p.address(string(l[i].Account))
		out[i] = line(p, &l[i])
	}
	return out, nil
}

func legacyReward(r *memory.Reward, decimals int) LegacyReward {
	out := LegacyReward{
		Role: r.Role, Exposure: tokens(r.Exposure, decimals), TotalStake: tokens(r.Stake, decimals), Commission: percent(r.Commission),
		ExposurePercentage: share(r.Exposure.Float64(), r.Stake.Float64()), Era: uint32(r.Era), Validator: string(r.Validator),
		Nominator: string(r.Account), RewardAmount: tokens(r.Amount, decimals), RewardDestination: r.Destination,
		ErasMinStake: tokens(r.LeastStake, decimals), ValidatorStakeEfficiency: share(r.LeastStake.Float64(), r.Stake.Float64()),
		BlockHash: r.BlockHash, BlockNumber: r.Block, Timestamp: int64(r.At), Date: day(r.At),
	}
	amount := out.RewardAmount
	out.CHF, out.USD, out.EUR = amount*r.Prices["chf"], amount*r.Prices["usd"], amount*r.Prices["eur"]
	return out
}
