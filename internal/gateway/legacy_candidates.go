package gateway

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func (g *Gateway) mountCandidates() {
	everything := populationSubjects()
	byTotal := func(a, b *LegacyCandidate) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.SlotID, b.SlotID))
	}
	byRank := func(a, b *LegacyCandidate) int {
		return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(a.SlotID, b.SlotID))
	}
	get[addressParam, LegacyCandidate](g, old("getCandidate", "/candidate/{address}", "One candidate", everything...).orEmpty(),
		fromPopulation(g, func(p *population, in *addressParam) (any, error) {
			m := p.named(in.Address)
			if m == nil {
				return nil, nil
			}
			return p.candidate(m), nil
		}))
	for _, c := range []struct {
		id, path, summary string
		wanted            func(*member) bool
		order             func(a, b *LegacyCandidate) int
	}{
		{"listCandidates", "/candidates", "All candidates, by total score", nil, byTotal},
		{"listCandidatesByRank", "/candidates/rank", "All candidates, by rank", nil, byRank},
		{"listValidCandidates", "/candidates/valid", "Valid candidates, by slot", (*member).valid, nil},
		{"listInvalidCandidates", "/candidates/invalid", "Candidates that are not valid, by slot", func(m *member) bool { return !m.valid() }, nil},
	} {
		get[noParams, []LegacyCandidate](g, old(c.id, c.path, c.summary, everything...),
			fromPopulation(g, func(p *population, _ *noParams) (any, error) {
				out := []*LegacyCandidate{}
				for _, m := range p.listed() {
					if c.wanted == nil || c.wanted(m) {
						out = append(out, p.candidate(m))
					}
				}
				if c.order != nil {
					slices.SortFunc(out, c.order)
				}
				return out, nil
			}))
	}
}

// candidate writes a member as the old API does.
func (p *population) candidate(m *member) *LegacyCandidate {
	c := &LegacyCandidate{
		SlotID: m.Slot, KYC: m.KYC, Name: m.Name, Stash: string(m.Stash), KusamaStash: m.KusamaStash, Matrix: list(m.Matrix),
		UnclaimedEras: []uint32{}, Validity: []LegacyValidity{}, Valid: m.valid(), Total: m.total(), Score: legacyScore(m.score),
		Nominations: p.nominations(m), NominatedAt: uint32(p.nominated[m.Stash]),
	}
	if r := m.ranking; r != nil {
		c.Rank, c.Faults = r.Rank, r.Faults
		if p.rankIsActiveEras {
			c.Rank = r.ActiveEras
		}
	}
	if m.standing != nil {
		p.stand(c, m)
	}
	if n := m.node; n != nil {
		c.DiscoveredAt, c.OfflineSince, c.OfflineAccumulated = int64(n.FirstSeen), int64(n.Gone), int64(n.offline)
		c.Implementation, c.Version = n.Implementation, n.Version
		c.CPU, c.Memory, c.CoreCount, c.VM = hardware(n.Hardware)
	}
	if l := m.place; l != nil {
		c.Location, c.Region, c.Country, c.Provider = l.Place.City, l.Place.Region, l.Place.Country, l.Place.Provider
	}
	return c
}

// stand fills in what the newest look said.
func (p *population) stand(c *LegacyCandidate, m *member) {
	s := m.standing
	c.Inclusion, c.SpanInclusion = s.Inclusion, s.SpanInclusion
	active := p.active[m.Stash]
	c.Active = &active
	for _, v := range s.Verdicts {
		c.Validity = append(c.Validity, legacyValidity(m.Slot, v))
	}
	f := s.Chain
	if f == nil {
		return
	}
	if f.Intention.Present {
		share := percent(f.Intention.Commission)
		c.Commission = &share
	}
	bonded := tokens(f.Bond.Active, p.decimals)
	c.Bonded, c.RewardDestination = &bonded, f.Payee
	for _, u := range f.Unclaimed {
		c.UnclaimedEras = append(c.UnclaimedEras, uint32(u.Era))
	}
	c.Identity = p.identity(m.Stash, f.Identity)
	if c.Identity != nil {
		c.Identity.ID = id("identity", c.Identity.Address)
	}
}

// legacyValidity says of a check whether it stands in the way. One that is unknown and holds no earlier answer does, as it
// does in a round; the text tells it apart.
func legacyValidity(slot int, v memory.Verdict) LegacyValidity {
	out := LegacyValidity{ID: id("validity", slot, v.Code), Type: string(v.Code), Updated: int64(v.At)}
	switch v.Effective() {
	case programme.Pass, programme.NotApplicable:
		out.Valid = true
	default:
		out.Details = v.Detail
		if out.Details == "" {
			out.Details = string(v.Code)
		}
	}
	return out
}

// identity writes an identity as the old API does. The accounts under it are those of other candidates: the chain's own list
// of them is not read.
func (p *population) identity(stash programme.Address, i *programme.Identity) *LegacyIdentity {
	if i == nil {
		return nil
	}
	out := &LegacyIdentity{Name: i.Display, Address: string(stash), SubIdentities: []LegacySubIdentity{}, Judgements: []string{}, Display: i.Display}
	if i.Super != "" {
		out.Address = string(i.Super)
		out.Name, _, _ = strings.Cut(i.Display, " / ")
		for _, m := range p.families[i.Super] {
			_, sub, _ := strings.Cut(m.identity().Display, " / ")
			out.SubIdentities = append(out.SubIdentities, LegacySubIdentity{ID: id("sub", m.Stash), Name: sub, Address: string(m.Stash)})
		}
	}
	for _, j := range i.Judgements {
		if j.Kind == "Reasonable" || j.Kind == "KnownGood" {
			out.Judgements = append(out.Judgements, j.Kind)
			out.Verified = true
		}
	}
	return out
}

// identityOf is the identity of an account if it is a candidate's, without the document's key.
func (p *population) identityOf(stash programme.Address) *LegacyIdentity {
	m := p.of(stash)
	if m == nil {
		return nil
	}
	return p.identity(stash, m.identity())
}

func (p *population) nominations(m *member) LegacyNominations {
	s := m.stake
	if s == nil {
		return LegacyNominations{}
	}
	total, inactive := tokens(s.Total, p.decimals), tokens(s.Inactive, p.decimals)
	active, waiting := len(s.Active), len(s.Waiting)
	return LegacyNominations{TotalStake: &total, InactiveStake: &inactive, ActiveNominators: &active, InactiveNominators: &waiting}
}

// hardware writes the hardware of a node as text, which is how the old API has it.
func hardware(h memory.Hardware) (cpu, size, cores string, vm *bool) {
	if h.Memory > 0 {
		size = strconv.FormatUint(h.Memory, 10)
	}
	if h.Cores > 0 {
		cores = strconv.FormatUint(h.Cores, 10)
	}
	return h.CPU, size, cores, h.VM
}

// legacyScore writes a score as the old API does: one member per factor.
func legacyScore(s *memory.Score) *LegacyScore {
	if s == nil {
		return nil
	}
	out := &LegacyScore{
		Updated: int64(s.At), Session: uint32(s.Session), Address: string(s.Stash),
		Total: s.Total, Aggregate: s.Aggregate, Randomness: s.Randomness,
	}
	for _, c := range s.Parts {
		if part := out.part(c.Factor); part != nil {
			*part = c.Points
		}
	}
	return out
}

// part is the member of a factor.
func (s *LegacyScore) part(f programme.Factor) *float64 {
	return map[programme.Factor]*float64{
		programme.FactorInclusion: &s.Inclusion, programme.FactorSpanInclusion: &s.SpanInclusion, programme.FactorFaults: &s.Faults,
		programme.FactorDiscovered: &s.Discovered, programme.FactorNominated: &s.Nominated, programme.FactorRank: &s.Rank,
		programme.FactorUnclaimed: &s.Unclaimed, programme.FactorBonded: &s.Bonded, programme.FactorLocation: &s.Location,
		programme.FactorRegion: &s.Region, programme.FactorCountry: &s.Country, programme.FactorProvider: &s.Provider,
		programme.FactorOffline: &s.Offline, programme.FactorNominatorStake: &s.NominatorStake, programme.FactorClient: &s.Client,
	}[f]
}
