package gateway

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func (g *Gateway) mountScores() {
	scores := []memory.Subject{memory.SubjectScores, memory.SubjectChain}
	one := func(ctx context.Context, address string, session *programme.Session) (any, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		stash := p.address(address)
		if m := p.of(stash); session == nil && m != nil && m.score != nil && m.score.Stash == stash {
			return legacyScore(m.score), nil
		}
		s, err := g.Data.Score(ctx, stash, session) // of another session, or of a stash that is not listed any more
		return orNothing(legacyScore(&s), err)
	}
	get[addressParam, LegacyScore](g, old("getScore", "/score/{address}", "Newest score of a candidate", scores...).orEmpty(),
		func(ctx context.Context, in *addressParam) (any, error) { return one(ctx, in.Address, nil) })
	get[sessionParams, LegacyScore](g, old("getScoreOfSession", "/score/{address}/{session}", "Score of a candidate in a session", scores...).orEmpty(),
		func(ctx context.Context, in *sessionParams) (any, error) {
			session, err := number[programme.Session]("the session", in.Session)
			if err != nil {
				return nil, err
			}
			return one(ctx, in.Address, &session)
		})
	statistics := func(ctx context.Context, session *programme.Session) (any, error) {
		s, err := g.Data.ScoreStatistics(ctx, session)
		return orNothing(legacyStatistics(&s), err)
	}
	get[noParams, LegacyScoreMetadata](g, old("getScoreMetadata", "/scoremetadata", "Ranges and weights behind the newest scores", memory.SubjectScores).orEmpty(),
		func(ctx context.Context, _ *noParams) (any, error) { return statistics(ctx, nil) })
	get[sessionParam, LegacyScoreMetadata](g, old("getScoreMetadataOfSession", "/scoremetadata/{session}", "Ranges and weights behind the scores of a session", memory.SubjectScores).orEmpty(),
		func(ctx context.Context, in *sessionParam) (any, error) {
			session, err := number[programme.Session]("the session", in.Session)
			if err != nil {
				return nil, err
			}
			return statistics(ctx, &session)
		})
}

// legacyStatistics writes the ranges behind scores as the old API does: one member per factor.
func legacyStatistics(s *memory.ScoreStatistics) LegacyScoreMetadata {
	ranges := map[programme.Factor]programme.Statistics{}
	for _, f := range s.Factors {
		ranges[f.Factor] = f
	}
	stats := func(f programme.Factor) LegacyStats {
		out := legacyRange(ranges[f])
		out.Values = list(s.Values[f])
		return out
	}
	places := func(f programme.Factor) LegacyPlaceStats {
		out := LegacyPlaceStats{LegacyStats: legacyRange(ranges[f]), Values: []LegacyPlace{}}
		for _, p := range ranges[f].Places {
			out.Values = append(out.Values, LegacyPlace{ID: id("place", s.Session, f, p.Name), Name: p.Name, NumberOfNodes: p.Nodes})
		}
		return out
	}
	return LegacyScoreMetadata{
		ID: id("statistics", s.Session), Session: uint32(s.Session), Updated: int64(s.At),
		BondedStats: stats(programme.FactorBonded), BondedWeight: s.Weights[programme.FactorBonded],
		FaultsStats: stats(programme.FactorFaults), FaultWeight: s.Weights[programme.FactorFaults],
		InclusionStats: stats(programme.FactorInclusion), InclusionWeight: s.Weights[programme.FactorInclusion],
		SpanInclusionStats: stats(programme.FactorSpanInclusion), SpanInclusionWeight: s.Weights[programme.FactorSpanInclusion],
		DiscoveredAtStats: stats(programme.FactorDiscovered), DiscoveredAtWeight: s.Weights[programme.FactorDiscovered],
		NominatedAtStats: stats(programme.FactorNominated), NominatedAtWeight: s.Weights[programme.FactorNominated],
		OfflineStats: stats(programme.FactorOffline), OfflineWeight: s.Weights[programme.FactorOffline],
		RankStats: stats(programme.FactorRank), RankWeight: s.Weights[programme.FactorRank],
		LocationStats: places(programme.FactorLocation), LocationWeight: s.Weights[programme.FactorLocation],
		RegionStats: places(programme.FactorRegion), RegionWeight: s.Weights[programme.FactorRegion],
		CountryStats: places(programme.FactorCountry), CountryWeight: s.Weights[programme.FactorCountry],
		ProviderStats: places(programme.FactorProvider), ProviderWeight: s.Weights[programme.FactorProvider],
		NominatorStakeStats: stats(programme.FactorNominatorStake), NominatorStakeWeight: s.Weights[programme.FactorNominatorStake],
		UnclaimedWeight: s.Weights[programme.FactorUnclaimed], ClientWeight: s.Weights[programme.FactorClient],
	}
}

func legacyRange(f programme.Statistics) LegacyStats {
	return LegacyStats{
		AbsoluteMin: f.AbsoluteMin, AbsoluteMax: f.AbsoluteMax, Q10: f.Q10, Q25: f.Q25, Q50: f.Q50, Q75: f.Q75, Q90: f.Q90,
		Mean: f.Mean, StandardDeviation: f.StandardDeviation,
	}
}
