package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// pointEras is how many eras the old API shows points of.
const pointEras = 84

// totalsParams select what the totals of eras come with.
type totalsParams struct {
	Validators string `query:"validators" doc:"false leaves out the points of every validator"`
}

func (g *Gateway) mountPoints() {
	subjects := []memory.Subject{memory.SubjectPoints, memory.SubjectChain}
	get[addressParam, []LegacyEraPoints](g, old("listEraPoints", "/erapoints/{address}", "Points of a validator in the last 84 eras", subjects...),
		func(ctx context.Context, in *addressParam) (any, error) {
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			t, err := g.totals.get(ctx)
			if err != nil {
				return nil, err
			}
			l, err := g.Data.EraPoints(ctx, own(c, in.Address), t.from)
			out := make([]LegacyEraPoints, len(l))
			for i := range l {
				out[i] = legacyPoints(&l[i])
				out[i].V = new(int)
			}
			return out, err
		})
	get[totalsParams, []LegacyTotalEraPoints](g, old("listTotalEraPoints", "/totalerapoints", "Points of the last 84 eras", subjects...),
		func(ctx context.Context, in *totalsParams) (any, error) {
			t, err := g.totals.get(ctx)
			if err != nil {
				return nil, err
			}
			byEra := map[programme.Era][]LegacyEraPoints{}
			if in.Validators != "false" {
				all, err := g.Data.EraPoints(ctx, "", t.from)
				if err != nil {
					return nil, fmt.Errorf("read points: %w", err)
				}
				for i := range all {
					byEra[all[i].Era] = append(byEra[all[i].Era], legacyPoints(&all[i]))
				}
			}
			out := make([]LegacyTotalEraPoints, len(t.all))
			for i, t := range t.all {
				out[i] = LegacyTotalEraPoints{
					ID: id("era", t.Era), TotalEraPoints: t.Total, Era: uint32(t.Era), Median: t.Median, Average: t.Average, Max: t.Max, Min: t.Min,
					ValidatorsEraPoints: list(byEra[t.Era]),
				}
			}
			return out, nil
		})
	get[noParams, []LegacyEraStats](g, old("listEraStats", "/erastats", "Numbers of candidates in the newest era, one entry at most", memory.SubjectEras),
		func(ctx context.Context, _ *noParams) (any, error) {
			s, err := g.Data.EraStatistics(ctx)
			if errors.Is(err, ErrNone) {
				return []LegacyEraStats{}, nil
			}
			return []LegacyEraStats{{
				ID: id("era statistics", s.Era), When: int64(s.At), Era: uint32(s.Era), TotalNodes: s.Listed, Valid: s.Valid, Active: s.Active, KYC: s.KYC,
			}}, err
		})
}

// eraTotals are the sums of the eras that the old API shows, with the first of them.
type eraTotals struct {
	all  []memory.EraTotal
	from programme.Era
}

// readTotals reads them from the database.
func (g *Gateway) readTotals(ctx context.Context) (eraTotals, error) {
	all, err := g.Data.EraTotalsFrom(ctx, 0)
	if err != nil || len(all) == 0 {
		return eraTotals{}, err
	}
	var t eraTotals
	if newest := all[len(all)-1].Era; newest >= pointEras {
		t.from = newest - pointEras + 1
	}
	for len(all) > 0 && all[0].Era < t.from {
		all = all[1:]
	}
	t.all = all
	return t, nil
}

func legacyPoints(p *memory.EraPoints) LegacyEraPoints {
	return LegacyEraPoints{ID: id("points", p.Era, p.Stash), Era: uint32(p.Era), Address: string(p.Stash), EraPoints: p.Points}
}
