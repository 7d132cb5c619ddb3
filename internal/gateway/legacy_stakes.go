package gateway

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func (g *Gateway) mountStakes() {
	subjects := []memory.Subject{memory.SubjectStakes, memory.SubjectChain}
	one := func(ctx context.Context, address string, era *programme.Era) (any, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		stash := p.address(address)
		if m := p.of(stash); era == nil && m != nil && m.stake != nil {
			return legacyStake(m.stake, p.decimals), nil
		}
		s, err := g.Data.Stake(ctx, stash, era) // of another era, or of a stash that is not listed any more
		return orNothing(legacyStake(&s, p.decimals), err)
	}
	get[addressParam, LegacyStake](g, old("getStake", "/nominatorstake/{address}", "Stake behind a validator in its newest era", subjects...).orEmpty(),
		func(ctx context.Context, in *addressParam) (any, error) { return one(ctx, in.Address, nil) })
	get[eraParams, LegacyStake](g, old("getStakeOfEra", "/nominatorstake/{address}/{era}", "Stake behind a validator in an era", subjects...).orEmpty(),
		func(ctx context.Context, in *eraParams) (any, error) {
			era, err := number[programme.Era]("the era", in.Era)
			if err != nil {
				return nil, err
			}
			return one(ctx, in.Address, &era)
		})
	get[limitParams, []LegacyStake](g, old("listStakes", "/nominatorstake/{address}/last/{limit}", "Stake behind a validator, newest era first", subjects...),
		func(ctx context.Context, in *limitParams) (any, error) {
			n, err := limit(in.Limit)
			if err != nil {
				return nil, err
			}
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			l, err := g.Data.Stakes(ctx, own(c, in.Address), n)
			out := make([]LegacyStake, len(l))
			for i := range l {
				out[i] = legacyStake(&l[i], c.Decimals)
			}
			return out, err
		})
}

func legacyStake(s *memory.Stake, decimals int) LegacyStake {
	backers := func(kind string, l []programme.Backing) []LegacyBacker {
		out := make([]LegacyBacker, len(l))
		for i, b := range l {
			out[i] = LegacyBacker{ID: id(kind, s.Stash, s.Era, b.Who), Address: string(b.Who), Bonded: tokens(b.Value, decimals)}
		}
		return out
	}
	return LegacyStake{
		ID: id("stake", s.Stash, s.Era), Validator: string(s.Stash), Era: uint32(s.Era), TotalStake: tokens(s.Total, decimals),
		InactiveStake: tokens(s.Inactive, decimals), ActiveNominators: backers("active", s.Active),
		InactiveNominators: backers("inactive", s.Waiting), Updated: int64(s.Updated),
	}
}
