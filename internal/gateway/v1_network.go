package gateway

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Network is a network that the programme runs on.
type Network struct {
	Name       string       `json:"name"`
	Chain      string       `json:"chain" doc:"of staking, as it calls itself"`
	Genesis    string       `json:"genesis"`
	SS58Prefix uint16       `json:"ss58Prefix"`
	Decimals   int          `json:"decimals"`
	Symbol     string       `json:"symbol"`
	Eras       V1Clock      `json:"eras"`
	Limits     V1Limits     `json:"limits"`
	Blocks     []ChainBlock `json:"blocks" doc:"newest look, by role: staking, session, identity"`
	Candidates V1Counts     `json:"candidates"`
	Updated    *time.Time   `json:"updated"`
}

// V1Clock is the staking clock.
type V1Clock struct {
	Active         programme.Era     `json:"active"`
	ActiveStart    *time.Time        `json:"activeStart"`
	Planned        programme.Era     `json:"planned"`
	Session        programme.Session `json:"session"`
	SessionsPerEra uint32            `json:"sessionsPerEra"`
	EraMs          int64             `json:"eraMs" doc:"nominal length"`
}

// V1Limits are bounds of the runtime.
type V1Limits struct {
	MaxNominations   uint32           `json:"maxNominations"`
	MinNominatorBond programme.Planck `json:"minNominatorBond"`
	MinValidatorBond programme.Planck `json:"minValidatorBond"`
}

// ChainBlock is the block of a chain that was looked at.
type ChainBlock struct {
	Role    string     `json:"role"`
	Chain   string     `json:"chain"`
	Runtime string     `json:"runtime"`
	Number  uint32     `json:"number"`
	Hash    string     `json:"hash"`
	At      *time.Time `json:"at"`
}

// V1Counts counts candidates.
type V1Counts struct {
	Listed  int `json:"listed"`
	Valid   int `json:"valid"`
	Invalid int `json:"invalid"`
	Unknown int `json:"unknown"`
	Active  int `json:"active"`
}

// EraLine sums up an era.
type EraLine struct {
	Era        programme.Era `json:"era"`
	Points     uint32        `json:"points"`
	Validators int           `json:"validators" doc:"with points"`
	Median     float64       `json:"medianPoints"`
	Average    float64       `json:"averagePoints"`
	Max        uint32        `json:"maxPoints"`
	Min        uint32        `json:"minPoints"`
	Candidates *EraCounts    `json:"candidates" doc:"null when nobody looked in that era"`
}

// EraCounts counts candidates in an era.
type EraCounts struct {
	At     *time.Time `json:"at"`
	Listed int        `json:"listed"`
	Valid  int        `json:"valid"`
	Active int        `json:"active"`
	KYC    int        `json:"kyc"`
}

// Validator is an account with the intention to validate, or one that had it.
type Validator struct {
	Stash   programme.Address `json:"stash"`
	Active  bool              `json:"active" doc:"in the newest validator set"`
	Slot    *int              `json:"slot" doc:"of the candidate, null when it is none"`
	Keys    map[string]string `json:"keys" doc:"next session keys by name, 0x hex"`
	Updated *time.Time        `json:"updated"`
}

// Locations counts nodes by place.
type Locations struct {
	Session          programme.Session `json:"session"`
	At               *time.Time        `json:"at"`
	Nodes            int               `json:"nodes"`
	Cities           []programme.Place `json:"cities" doc:"those with most nodes first"`
	Regions          []programme.Place `json:"regions"`
	Countries        []programme.Place `json:"countries"`
	Providers        []programme.Place `json:"providers"`
	CityVariance     float64           `json:"cityVariance"`
	RegionVariance   float64           `json:"regionVariance"`
	CountryVariance  float64           `json:"countryVariance"`
	ProviderVariance float64           `json:"providerVariance"`
	Mean             float64           `json:"concentration" doc:"mean of the four variances: the larger, the more concentrated"`
}

func (g *Gateway) mountNetworks() {
	type query struct{ Paging }
	listing(g, v1("Networks", "/networks", "The network of this programme", populationSubjects()...), func(in *query) *Paging { return &in.Paging },
		func(n *Network) string { return n.Genesis },
		func(ctx context.Context, _ *query) ([]Network, error) {
			p, err := g.population.get(ctx)
			if err != nil || p.chain.Genesis == "" {
				return nil, err
			}
			return []Network{p.network()}, nil
		})
}

func (p *population) network() Network {
	c := &p.chain
	n := Network{
		Name: c.Name, Chain: c.Chain, Genesis: c.Genesis, SS58Prefix: c.SS58Prefix, Decimals: c.Decimals, Symbol: c.Symbol, Updated: moment(c.Updated),
		Eras:   V1Clock{c.Eras.Active, moment(c.Eras.ActiveStart), c.Eras.Planned, c.Eras.Session, c.Eras.SessionsPerEra, int64(c.Eras.EraLength)},
		Limits: V1Limits{c.Limits.MaxNominations, c.Limits.MinNominatorBond, c.Limits.MinValidatorBond},
	}
	for _, b := range c.Blocks {
		n.Blocks = append(n.Blocks, ChainBlock{b.Role, b.Chain, fmt.Sprintf("%s-%d", b.SpecName, b.SpecVersion), b.Number, b.Hash, moment(b.Time)})
	}
	for _, m := range p.listed() {
		n.Candidates.Listed++
		switch m.validity() {
		case programme.Valid:
			n.Candidates.Valid++
		case programme.Invalid:
			n.Candidates.Invalid++
		default:
			n.Candidates.Unknown++
		}
		if p.active[m.Stash] {
			n.Candidates.Active++
		}
	}
	return n
}

type (
	eraParam struct {
		Era uint32 `path:"era"`
	}
	validatorsQuery struct {
		Paging
		Active string `query:"active" enum:"true,false"`
	}
	validatorParam struct {
		Validator string `path:"validator" maxLength:"100" doc:"a stash, in any SS58 form"`
	}
	locationsQuery struct {
		Session uint32 `query:"session" doc:"without it the newest"`
	}
)

func (g *Gateway) mountEras() {
	type query struct{ Paging }
	eras := []memory.Subject{memory.SubjectPoints, memory.SubjectEras}
	listing(g, v1("Eras", "/eras", "Eras with their points and numbers of candidates, newest first", eras...), func(in *query) *Paging { return &in.Paging },
		func(e *EraLine) string { return fmt.Sprint(e.Era) },
		func(ctx context.Context, _ *query) ([]EraLine, error) { return g.eras(ctx, 0) })
	get[eraParam, EraLine](g, v1("Era", "/eras/{era}", "One era", eras...), func(ctx context.Context, in *eraParam) (any, error) {
		all, err := g.eras(ctx, programme.Era(in.Era))
		if err != nil {
			return nil, err
		}
		for i := range all {
			if uint32(all[i].Era) == in.Era {
				return all[i], nil
			}
		}
		return nil, absent("nothing is known of era %d", in.Era)
	})
	validators := []memory.Subject{memory.SubjectValidators, memory.SubjectCandidates, memory.SubjectChain}
	listing(g, v1("Validators", "/validators", "Accounts with the intention to validate", validators...), func(in *validatorsQuery) *Paging { return &in.Paging },
		func(v *Validator) string { return string(v.Stash) },
		func(ctx context.Context, in *validatorsQuery) ([]Validator, error) {
			all, err := g.validators(ctx)
			return slices.DeleteFunc(all, func(v Validator) bool { return in.Active != "" && in.Active != strconv.FormatBool(v.Active) }), err
		})
	get[validatorParam, Validator](g, v1("Validator", "/validators/{validator}", "One validator", validators...), func(ctx context.Context, in *validatorParam) (any, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		all, err := g.validators(ctx)
		if err != nil {
			return nil, err
		}
		for i := range all {
			if all[i].Stash == p.address(in.Validator) {
				return all[i], nil
			}
		}
		return nil, absent("%s has no intention to validate", shown(in.Validator))
	})
	get[locationsQuery, Locations](g, v1("Locations", "/locations", "Nodes of candidates and of the validator set by place", memory.SubjectLocations), func(ctx context.Context, in *locationsQuery) (any, error) {
		var session *programme.Session
		if in.Session != 0 {
			s := programme.Session(in.Session)
			session = &s
		}
		s, err := g.Data.LocationStatistics(ctx, session)
		if noSuch(err) {
			return nil, absent("nobody has counted the places of that session")
		}
		return Locations{
			s.Session, moment(s.At), s.Nodes, list(s.Cities), list(s.Regions), list(s.Countries), list(s.Providers), s.CityVariance,
			s.RegionVariance, s.CountryVariance, s.ProviderVariance, s.Decentralisation,
		}, err
	})
}

// eras are the eras from one on, newest first.
func (g *Gateway) eras(ctx context.Context, from programme.Era) ([]EraLine, error) {
	totals, err := g.Data.EraTotalsFrom(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("read eras: %w", err)
	}
	statistics, err := g.Data.EraStatisticsFrom(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("read eras: %w", err)
	}
	lines := map[programme.Era]*EraLine{}
	line := func(era programme.Era) *EraLine {
		if lines[era] == nil {
			lines[era] = &EraLine{Era: era}
		}
		return lines[era]
	}
	for _, t := range totals {
		*line(t.Era) = EraLine{Era: t.Era, Points: t.Total, Validators: t.Validators, Median: t.Median, Average: t.Average, Max: t.Max, Min: t.Min}
	}
	for _, s := range statistics {
		line(s.Era).Candidates = &EraCounts{moment(s.At), s.Listed, s.Valid, s.Active, s.KYC}
	}
	out := make([]EraLine, 0, len(lines))
	for _, l := range lines {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b EraLine) int { return int(int64(b.Era) - int64(a.Era)) })
	return out, nil
}

func (g *Gateway) validators(ctx context.Context) ([]Validator, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.Data.SessionKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read session keys: %w", err)
	}
	out := make([]Validator, len(all))
	for i := range all {
		out[i] = Validator{Stash: all[i].Stash, Active: p.active[all[i].Stash], Keys: map[string]string{}, Updated: moment(all[i].Updated)}
		if m := p.of(all[i].Stash); m != nil {
			out[i].Slot = &m.Slot
		}
		for _, k := range all[i].Keys {
			out[i].Keys[k.Name] = k.Key
		}
	}
	return out, nil
}
