package gateway

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/scoring"
)

// locationSource is what the old API names as the origin of every location.
const locationSource = "Telemetry"

func (g *Gateway) mountPlaces() {
	everything := populationSubjects()
	get[noParams, []LegacyValidatorLocations](g, old("listValidatorLocations", "/location/currentvalidatorset", "Where the validators of the newest set are, as far as they are candidates", everything...),
		fromPopulation(g, func(p *population, _ *noParams) (any, error) {
			out := make([]LegacyValidatorLocations, len(p.set.Validators))
			for i, v := range p.set.Validators {
				out[i] = LegacyValidatorLocations{Address: string(v), Locations: []LegacyValidatorSeat{}}
				if m := p.of(v); m != nil && m.place != nil {
					out[i].Locations = append(out[i].Locations, m.seat())
				}
			}
			return out, nil
		}))
	get[addressParam, LegacyLocation](g, old("getLocation", "/location/validator/{address}", "Where a candidate's node appears to be", everything...).orEmpty(),
		fromPopulation(g, func(p *population, in *addressParam) (any, error) {
			m := p.of(p.address(in.Address))
			if m == nil || m.place == nil {
				return nil, nil
			}
			out := LegacyLocation{ID: id("location", m.Slot), LegacyValidatorSeat: m.seat(), SlotID: m.Slot, VPN: m.place.Place.VPN}
			if m.node != nil {
				out.CPU, out.Memory, out.CoreCount, out.VM = hardware(m.node.Hardware)
			}
			return out, nil
		}))
	statistics := func(ctx context.Context, session *programme.Session) (any, error) {
		s, err := g.Data.LocationStatistics(ctx, session)
		return orNothing(legacyLocationStats(&s), err)
	}
	get[noParams, LegacyLocationStats](g, old("getLocationStats", "/locationstats", "Nodes by place in the newest session", memory.SubjectLocations).orEmpty(),
		func(ctx context.Context, _ *noParams) (any, error) { return statistics(ctx, nil) })
	get[noParams, LegacyValidStats](g, old("getValidLocationStats", "/locationstats/valid", "Nodes of valid candidates by place, with the points that a node there gets", everything...),
		fromPopulation(g, func(p *population, _ *noParams) (any, error) { return g.validPlaces(p), nil }))
	get[sessionParam, LegacyLocationStats](g, old("getLocationStatsOfSession", "/locationstats/{session}", "Nodes by place in a session", memory.SubjectLocations).orEmpty(),
		func(ctx context.Context, in *sessionParam) (any, error) {
			session, err := number[programme.Session]("the session", in.Session)
			if err != nil {
				return nil, err
			}
			return statistics(ctx, &session)
		})
}

// seat is a member's location. The session in which it was found is not kept.
func (m *member) seat() LegacyValidatorSeat {
	l := m.place
	return LegacyValidatorSeat{
		Name: m.Name, Address: string(m.Stash), City: l.Place.City, Region: l.Place.Region, Country: l.Place.Country, Provider: l.Place.Provider,
		Updated: int64(l.At), Source: locationSource,
	}
}

func legacyLocationStats(s *memory.LocationStatistics) LegacyLocationStats {
	places := func(kind string, l []programme.Place) []LegacyPlace {
		out := make([]LegacyPlace, len(l))
		for i, p := range l {
			out[i] = LegacyPlace{ID: id(kind, s.Session, p.Name), Name: p.Name, NumberOfNodes: p.Nodes}
		}
		return out
	}
	return LegacyLocationStats{
		TotalNodes: s.Nodes, Session: uint32(s.Session), Updated: int64(s.At),
		Locations: places("city", s.Cities), Regions: places("region", s.Regions), Countries: places("country", s.Countries),
		Providers: places("provider", s.Providers), LocationVariance: s.CityVariance, RegionVariance: s.RegionVariance,
		CountyVariance: s.CountryVariance, CountryVariance: s.CountryVariance, ProviderVarianceMistyped: s.ProviderVariance,
		ProviderVariance: s.ProviderVariance, Decentralization: s.Decentralisation,
	}
}

// validPlaces counts the nodes of valid candidates by place.
func (g *Gateway) validPlaces(p *population) LegacyValidStats {
	counts := [4]map[string]int{{}, {}, {}, {}}
	out := LegacyValidStats{}
	for _, m := range p.listed() {
		if !m.valid() || m.place == nil || !m.place.Place.Known() {
			continue
		}
		out.TotalNodes++
		l := &m.place.Place
		for i, name := range [4]string{l.City, l.Region, l.Country, l.Provider} {
			if g.Rules.PlaceKnown(name) {
				counts[i][name]++
			}
		}
	}
	w := g.Rules.Weights
	out.Locations, out.Regions = scored(counts[0], w.Location), scored(counts[1], w.Region)
	out.Countries, out.Providers = scored(counts[2], w.Country), scored(counts[3], w.Provider)
	return out
}

// scored are places, those with most nodes first, with the points that a node there gets.
func scored(counts map[string]int, weight float64) []LegacyScoredPlace {
	sorted := make([]float64, 0, len(counts))
	for _, n := range counts {
		sorted = append(sorted, float64(n))
	}
	slices.Sort(sorted)
	out := []LegacyScoredPlace{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		n := counts[name]
		out = append(out, LegacyScoredPlace{Name: name, NumberOfNodes: n, Score: (1 - scoring.Scale(sorted, float64(n), 0, 1)) * weight})
	}
	slices.SortStableFunc(out, func(a, b LegacyScoredPlace) int { return cmp.Compare(b.NumberOfNodes, a.NumberOfNodes) })
	return out
}
