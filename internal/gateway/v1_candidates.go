package gateway

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Candidate is one candidate as it is now.
type Candidate struct {
	Slot      int                `json:"slot"`
	Name      string             `json:"name" doc:"name of its node on telemetry"`
	Stash     programme.Address  `json:"stash"`
	Listed    bool               `json:"listed"`
	Added     *time.Time         `json:"added"`
	Delisted  *time.Time         `json:"delisted,omitempty"`
	KYC       bool               `json:"kyc"`
	Validity  programme.Validity `json:"validity" enum:"valid,invalid,unknown"`
	LastValid *time.Time         `json:"lastValid" doc:"newest look at which it was valid"`
	LookedAt  *time.Time         `json:"lookedAt"`
	Failing   []programme.Code   `json:"failing" doc:"checks that count as failed"`
	Unknown   []programme.Code   `json:"unknown" doc:"checks that are unknown and hold no earlier answer"`
	Active    bool               `json:"active" doc:"in the session's validator set"`
	Position  int                `json:"position" doc:"in the order of scores, 0 when it is not ranked"`
	Score     *float64           `json:"score" doc:"newest total, null when it was never scored"`
	Session   programme.Session  `json:"session,omitempty" doc:"of the score"`
	Rank      int                `json:"rank"`
	Faults    int                `json:"faults"`
	Suspended *V1Suspension      `json:"suspended,omitempty"`
	Inclusion float64            `json:"inclusion"`
	Span      float64            `json:"spanInclusion"`

	Commission  string            `json:"commission,omitempty" doc:"percent, absent without an intention to validate"`
	Bonded      *programme.Planck `json:"bonded" doc:"own active bond, planck"`
	Destination string            `json:"rewardDestination,omitempty"`
	Identity    *V1Identity       `json:"identity"`
	Place       *V1Place          `json:"location"`
	Node        *V1Node           `json:"node" doc:"null when no node of the name was ever seen"`
	Stake       *V1Stake          `json:"stake"`
	Nominated   programme.Era     `json:"nominatedEra" doc:"era of the last nomination by the programme, 0 = never"`
	Matrix      []string          `json:"matrix"`
}

// V1Suspension tells since when and why a candidate is excluded.
type V1Suspension struct {
	Since  *time.Time `json:"since"`
	Reason string     `json:"reason"`
}

// V1Identity is an identity on chain.
type V1Identity struct {
	Display  string            `json:"display"`
	Super    programme.Address `json:"super,omitempty" doc:"account of the parent identity"`
	Verified bool              `json:"verified" doc:"judged Reasonable or KnownGood"`
}

// V1Place is where a node appears to be.
type V1Place struct {
	City       string     `json:"city,omitempty"`
	Region     string     `json:"region,omitempty"`
	Country    string     `json:"country,omitempty" doc:"ISO 3166 alpha-2"`
	Provider   string     `json:"provider,omitempty"`
	ASN        uint32     `json:"asn,omitempty"`
	Confidence string     `json:"confidence,omitempty"`
	Since      *time.Time `json:"since"`
	At         *time.Time `json:"at"`
}

// V1Node is the presence of a candidate's nodes.
type V1Node struct {
	Connections    int        `json:"connections"`
	FirstSeen      *time.Time `json:"firstSeen"`
	LastSeen       *time.Time `json:"lastSeen"`
	OfflineSince   *time.Time `json:"offlineSince"`
	Offline        int64      `json:"offlineMs" doc:"ms within the trailing window that count against it"`
	Implementation string     `json:"implementation,omitempty"`
	Version        string     `json:"version,omitempty"`
	Notices        []string   `json:"notices,omitempty"`
}

// V1Stake is the stake behind a candidate in an era.
type V1Stake struct {
	Era      programme.Era    `json:"era"`
	Total    programme.Planck `json:"total"`
	Inactive programme.Planck `json:"inactive"`
	Active   int              `json:"activeNominators"`
	Waiting  int              `json:"waitingNominators"`
}

// candidatesQuery selects candidates.
type candidatesQuery struct {
	Paging
	Validity string `query:"validity" enum:"valid,invalid,unknown"`
	Failing  string `query:"failing" maxLength:"40" doc:"code of a check that fails"`
	Active   string `query:"active" enum:"true,false"`
	Country  string `query:"country" maxLength:"2"`
	Provider string `query:"provider" maxLength:"100"`
	Search   string `query:"search" maxLength:"100" doc:"part of the name or of the identity"`
	Listed   string `query:"listed" enum:"true,false,any" default:"true"`
	Sort     string `query:"sort" enum:"slot,score,rank,name" default:"slot"`
}

func (g *Gateway) mountV1Candidates() {
	rt := v1("Candidates", "/candidates", "Candidates", populationSubjects()...)
	listing(g, rt, func(in *candidatesQuery) *Paging { return &in.Paging }, func(c *Candidate) string { return strconv.Itoa(c.Slot) },
		func(ctx context.Context, in *candidatesQuery) ([]Candidate, error) {
			p, err := g.population.get(ctx)
			if err != nil {
				return nil, err
			}
			var out []Candidate
			for i := range p.slots {
				if m := &p.slots[i]; in.wants(m, p) {
					out = append(out, p.v1(m))
				}
			}
			in.sort(out)
			return out, nil
		})
	one := v1("Candidate", "/candidates/{candidate}", "One candidate", populationSubjects()...)
	get[CandidateParam, Candidate](g, one, fromPopulation(g, func(p *population, in *CandidateParam) (any, error) {
		m, err := p.member(in.Candidate)
		if err != nil {
			return nil, err
		}
		return p.v1(m), nil
	}))
}

// wants reports whether a candidate is selected.
func (q *candidatesQuery) wants(m *member, p *population) bool {
	place := programme.Location{}
	if m.place != nil {
		place.Country, place.Provider = m.place.Place.Country, m.place.Place.Provider
	}
	is := func(text string, value bool) bool {
		return text == "" || text == "any" || text == strconv.FormatBool(value)
	}
	return is(q.Listed, m.Listed()) && is(q.Active, p.active[m.Stash]) &&
		(q.Validity == "" || q.Validity == string(m.validity())) &&
		(q.Country == "" || strings.EqualFold(q.Country, place.Country)) &&
		(q.Provider == "" || programme.SameName(q.Provider, place.Provider)) &&
		(q.Failing == "" || slices.Contains(m.checks(programme.Fail), programme.Code(strings.ToUpper(q.Failing)))) &&
		(q.Search == "" || contains(m.Name, q.Search) || m.identity() != nil && contains(m.identity().Display, q.Search))
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func (q *candidatesQuery) sort(l []Candidate) {
	points := func(c *Candidate) float64 {
		if c.Score == nil {
			return -1
		}
		return *c.Score
	}
	slices.SortStableFunc(l, func(a, b Candidate) int {
		switch q.Sort {
		case "score":
			return cmp.Compare(points(&b), points(&a))
		case "rank":
			return cmp.Compare(b.Rank, a.Rank)
		case "name":
			return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		return cmp.Compare(a.Slot, b.Slot)
	})
}

// validity is the outcome of the newest look; before the first it is unknown.
func (m *member) validity() programme.Validity {
	if m.standing == nil {
		return programme.Undecided
	}
	return m.standing.Validity
}

// checks are those whose answer counts as a state.
func (m *member) checks(state programme.State) []programme.Code {
	out := []programme.Code{}
	if m.standing == nil {
		return out
	}
	for _, v := range m.standing.Verdicts {
		if v.Effective() == state {
			out = append(out, v.Code)
		}
	}
	return out
}

// v1 writes a member.
func (p *population) v1(m *member) Candidate {
	c := Candidate{
		Slot: m.Slot, Name: m.Name, Stash: m.Stash, Listed: m.Listed(), Added: moment(m.Added), Delisted: moment(m.Delisted), KYC: m.KYC,
		Validity: m.validity(), Failing: m.checks(programme.Fail), Unknown: m.checks(programme.Unknown), Active: p.active[m.Stash],
		Nominated: p.nominated[m.Stash], Matrix: list(m.Matrix),
	}
	if s := m.score; s != nil {
		c.Score, c.Session = &s.Total, s.Session
	}
	if r := m.ranking; r != nil {
		c.Rank, c.Faults = r.Rank, r.Faults
		if r.Suspend != nil {
			c.Suspended = &V1Suspension{moment(r.Suspend.Since), r.Suspend.Reason}
		}
	}
	if s := m.standing; s != nil {
		c.LastValid, c.LookedAt, c.Position, c.Inclusion, c.Span = moment(s.LastValid), moment(s.At), s.Position, s.Inclusion, s.SpanInclusion
		if f := s.Chain; f != nil {
			c.Bonded, c.Destination = &f.Bond.Active, f.Payee
			if f.Intention.Present {
				c.Commission = f.Intention.Commission.Percent()
			}
		}
	}
	if i := m.identity(); i != nil {
		c.Identity = &V1Identity{Display: i.Display, Super: i.Super, Verified: len(judged(i)) > 0}
	}
	if l := m.place; l != nil {
		c.Place = &V1Place{
			City: l.Place.City, Region: l.Place.Region, Country: l.Place.Country, Provider: l.Place.Provider, ASN: l.Place.ASN,
			Confidence: string(l.Confidence), Since: moment(l.Since), At: moment(l.At),
		}
	}
	c.Node, c.Stake = m.v1Node(), v1Stake(m.stake)
	return c
}

func (m *member) v1Node() *V1Node {
	n := m.node
	if n == nil || n.FirstSeen == 0 {
		return nil
	}
	out := &V1Node{
		Connections: n.Live, FirstSeen: moment(n.FirstSeen), LastSeen: moment(n.LastSeen), OfflineSince: moment(n.Gone), Offline: int64(n.offline),
		Implementation: n.Implementation, Version: n.Version,
	}
	for _, notice := range n.Notices {
		out.Notices = append(out.Notices, notice.Text)
	}
	return out
}

func v1Stake(s *memory.Stake) *V1Stake {
	if s == nil {
		return nil
	}
	return &V1Stake{Era: s.Era, Total: s.Total, Inactive: s.Inactive, Active: len(s.Active), Waiting: len(s.Waiting)}
}

// judged are the judgements that verify an identity.
func judged(i *programme.Identity) []string {
	out := []string{}
	for _, j := range i.Judgements {
		if j.Kind == "Reasonable" || j.Kind == "KnownGood" {
			out = append(out, j.Kind)
		}
	}
	return out
}
