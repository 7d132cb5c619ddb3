package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Nominator is one of the programme's nominators.
type Nominator struct {
	Address     programme.Address   `json:"address" doc:"bonded account"`
	Stash       programme.Address   `json:"stash"`
	Proxy       programme.Address   `json:"proxy,omitempty" doc:"signing account when it acts through a proxy"`
	Delay       uint32              `json:"proxyDelay" doc:"blocks, as configured"`
	Bonded      bool                `json:"bonded"`
	Active      programme.Planck    `json:"active" doc:"active bond, planck"`
	Total       programme.Planck    `json:"total" doc:"whole bond, planck"`
	Destination string              `json:"rewardDestination,omitempty"`
	Targets     []programme.Address `json:"targets" doc:"on chain"`
	SubmittedIn programme.Era       `json:"submittedIn" doc:"era in which they were set, 0 = never"`
	Last        *time.Time          `json:"lastNomination" doc:"by the programme, finalised"`
	State       string              `json:"state"`
	Status      string              `json:"status" doc:"the same in a sentence"`
	Paused      *V1Pause            `json:"paused,omitempty"`
	Plan        *Plan               `json:"plan" doc:"the one that is not finished"`
	LookedAt    *time.Time          `json:"lookedAt"`
}

// V1Pause says since when nothing is signed, and why.
type V1Pause struct {
	At     *time.Time `json:"at"`
	Reason string     `json:"reason"`
	All    bool       `json:"all" doc:"of all nominators"`
}

// Plan is what shall happen, and what has happened, for a nominator because of a round.
type Plan struct {
	Round        string              `json:"round" doc:"digest of the record that explains it"`
	Nominator    programme.Address   `json:"nominator"`
	Stash        programme.Address   `json:"stash"`
	Mode         plan.Mode           `json:"mode" enum:"direct,proxy,delayed,removal"`
	Era          programme.Era       `json:"era"`
	Targets      []programme.Address `json:"targets"`
	State        plan.State          `json:"state"`
	Open         bool                `json:"open"`
	Reason       string              `json:"reason,omitempty"`
	Note         string              `json:"note,omitempty" doc:"what it waits for"`
	CallHash     string              `json:"callHash"`
	Delay        uint32              `json:"delay,omitempty" doc:"blocks"`
	Announcement *plan.Announcement  `json:"announcement,omitempty"`
	Effect       *plan.Effect        `json:"effect,omitempty" doc:"final block in which the nomination took effect"`
	Attempts     int                 `json:"attempts"`
	Created      *time.Time          `json:"created"`
	Updated      *time.Time          `json:"updated"`
	Events       []PlanEvent         `json:"events,omitempty" doc:"of a single plan only"`
}

// PlanEvent is a step of a plan.
type PlanEvent struct {
	At   *time.Time `json:"at"`
	From plan.State `json:"from"`
	To   plan.State `json:"to"`
	Text string     `json:"text"`
}

// Nomination is a finalised nomination.
type Nomination struct {
	Nominator programme.Address   `json:"nominator"`
	Era       programme.Era       `json:"era"`
	At        *time.Time          `json:"at"`
	Block     uint32              `json:"block"`
	BlockHash string              `json:"blockHash"`
	Targets   []programme.Address `json:"targets"`
	Bonded    programme.Planck    `json:"bonded" doc:"planck"`
	Round     string              `json:"round" doc:"digest of the record that explains it"`
}

type (
	nominatorParam struct {
		Nominator string `path:"nominator" maxLength:"100" doc:"bonded account or stash, in any SS58 form"`
	}
	ofNominator struct {
		Paging
		Nominator string `query:"nominator" maxLength:"100" doc:"bonded account"`
		Open      string `query:"open" enum:"true,false"`
	}
	nominationsQuery struct {
		Paging
		Nominator string `query:"nominator" maxLength:"100" doc:"bonded account"`
		Target    string `query:"target" maxLength:"100" doc:"a stash among the targets"`
	}
	planParams struct {
		Round     string `path:"round" maxLength:"80" doc:"digest of the record"`
		Nominator string `path:"nominator" maxLength:"100"`
	}
)

func (g *Gateway) mountV1Nominators() {
	subjects := append(populationSubjects(), memory.SubjectNominators, memory.SubjectPlans)
	type query struct{ Paging }
	listing(g, v1("Nominators", "/nominators", "The programme's nominators, in the order of the configuration", subjects...),
		func(in *query) *Paging { return &in.Paging }, func(n *Nominator) string { return string(n.Address) },
		func(ctx context.Context, _ *query) ([]Nominator, error) { return g.v1Nominators(ctx) })
	get[nominatorParam, Nominator](g, v1("Nominator", "/nominators/{nominator}", "One nominator", subjects...), func(ctx context.Context, in *nominatorParam) (any, error) {
		c, err := g.network(ctx)
		if err != nil {
			return nil, err
		}
		all, err := g.v1Nominators(ctx)
		if err != nil {
			return nil, err
		}
		for i := range all {
			if a := own(c, in.Nominator); all[i].Address == a || all[i].Stash == a {
				return all[i], nil
			}
		}
		return nil, absent("the programme has no nominator %s", shown(in.Nominator))
	})
	listing(g, v1("Plans", "/plans", "Plans of nominations, newest first", memory.SubjectPlans, memory.SubjectChain),
		func(in *ofNominator) *Paging { return &in.Paging }, func(p *Plan) string { return p.Round + string(p.Nominator) },
		func(ctx context.Context, in *ofNominator) ([]Plan, error) {
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			all, err := g.Data.Plans(ctx, plan.Filter{Nominator: own(c, in.Nominator), Open: in.Open == "true"})
			out := []Plan{}
			for i := range all {
				if in.Open != "false" || all[i].State.Closed() {
					out = append(out, v1Plan(&all[i]))
				}
			}
			return out, err
		})
	get[planParams, Plan](g, v1("Plan", "/plans/{round}/{nominator}", "One plan with its history", memory.SubjectPlans, memory.SubjectChain), g.onePlan)
	listing(g, v1("Nominations", "/nominations", "Finalised nominations, newest first", memory.SubjectNominations, memory.SubjectChain),
		func(in *nominationsQuery) *Paging { return &in.Paging }, func(n *Nomination) string { return fmt.Sprint(n.Block, n.Nominator) }, g.v1Nominations)
}

func (g *Gateway) v1Nominators(ctx context.Context) ([]Nominator, error) {
	states, err := g.nominatorStatus(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.Data.Nominators(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nominators: %w", err)
	}
	plans, err := g.openPlans(ctx)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	pauses, err := g.Data.Pauses(ctx)
	if err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	out := []Nominator{}
	for _, n := range all {
		if n.Removed != 0 {
			continue
		}
		c := &n.Chain
		l := Nominator{
			Address: n.Address, Stash: c.Stash, Proxy: n.Proxy, Delay: n.Delay, Bonded: c.Bond.Bonded, Active: c.Bond.Active, Total: c.Bond.Total,
			Destination: c.Payee, Targets: list(c.Targets), SubmittedIn: c.SubmittedIn, Last: moment(n.Last), LookedAt: moment(n.Updated),
		}
		for _, s := range states {
			if s.BondedAddress == string(n.Address) {
				l.State, l.Status = s.State, s.Status
			}
		}
		if p := of(plans, n.Address); p != nil {
			open := v1Plan(p)
			l.Plan = &open
		}
		for _, p := range pauses {
			if p.Nominator == "" || p.Nominator == n.Address {
				l.Paused = &V1Pause{moment(p.At), p.Reason, p.Nominator == ""}
			}
		}
		out = append(out, l)
	}
	return out, nil
}

// v1Plan writes a plan. Operators' names in reasons are theirs to give; what is signed is public on chain anyway.
func v1Plan(p *plan.Plan) Plan {
	return Plan{
		Round: p.Round, Nominator: p.Nominator, Stash: p.Stash, Mode: p.Mode, Era: p.Era, Targets: list(p.Targets), State: p.State,
		Open: !p.State.Closed(), Reason: p.Reason, Note: p.Note, CallHash: p.CallHash, Delay: p.Delay, Announcement: p.Announcement,
		Effect: p.Effect, Attempts: p.Attempts, Created: moment(p.Created), Updated: moment(p.Updated),
	}
}

func (g *Gateway) onePlan(ctx context.Context, in *planParams) (any, error) {
	c, err := g.network(ctx)
	if err != nil {
		return nil, err
	}
	key := plan.Key{Round: in.Round, Nominator: own(c, in.Nominator)}
	p, err := g.Data.Plan(ctx, key)
	if errors.Is(err, ErrNone) {
		return nil, absent("there is no plan of the round %s for %s", shown(in.Round), shown(in.Nominator))
	}
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	events, err := g.Data.History(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	out := v1Plan(&p)
	for _, e := range events {
		out.Events = append(out.Events, PlanEvent{moment(e.At), e.From, e.To, e.Text})
	}
	return out, nil
}

func (g *Gateway) v1Nominations(ctx context.Context, in *nominationsQuery) ([]Nomination, error) {
	c, err := g.network(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.Data.Nominations(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nominations: %w", err)
	}
	out := []Nomination{}
	for i := len(all) - 1; i >= 0; i-- {
		n := &all[i]
		wanted := in.Nominator == "" || n.Nominator == own(c, in.Nominator)
		if in.Target != "" {
			wanted = wanted && has(n.Targets, own(c, in.Target))
		}
		if wanted {
			out = append(out, Nomination{n.Nominator, n.Era, moment(n.At), n.Block, n.BlockHash, list(n.Targets), n.Bonded, n.Round})
		}
	}
	return out, nil
}

func has(l []programme.Address, a programme.Address) bool {
	for _, x := range l {
		if x == a {
			return true
		}
	}
	return false
}
