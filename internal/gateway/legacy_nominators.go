package gateway

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// usualNominations is how many nominations are shown where no usable number is given.
const usualNominations = 30

func (g *Gateway) mountNominators() {
	subjects := append(populationSubjects(), memory.SubjectNominators, memory.SubjectNominations)
	get[noParams, []LegacyNominator](g, old("listNominators", "/nominators", "The programme's nominators, in the order of the configuration", subjects...),
		func(ctx context.Context, _ *noParams) (any, error) { return g.nominators(ctx, nil) })
	get[addressParam, LegacyNominator](g, old("getNominator", "/nominator/{address}", "One of the programme's nominators, by its stash", subjects...).orEmpty(),
		func(ctx context.Context, in *addressParam) (any, error) {
			found, err := g.nominators(ctx, &in.Address)
			if err != nil || len(found) == 0 {
				return nil, err
			}
			return found[0], nil
		})
	nominations := old("listNominations", "/nominations", "All finalised nominations, by time", memory.SubjectNominations, memory.SubjectChain)
	get[noParams, []LegacyNomination](g, nominations, func(ctx context.Context, _ *noParams) (any, error) {
		l, err := g.Data.Nominations(ctx)
		if err != nil {
			return nil, fmt.Errorf("read nominations: %w", err)
		}
		return g.legacyNominations(ctx, l)
	})
	of := old("listNominationsOf", "/nominations/{address}/{last}", "The last nominations of one nominator, newest first", subjects...)
	get[lastParams, []LegacyNomination](g, of, func(ctx context.Context, in *lastParams) (any, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		n, err := limit(in.Last)
		if err != nil || n == 0 {
			n = usualNominations
		}
		l, err := g.Data.NominationsOf(ctx, p.address(in.Address), n)
		if err != nil {
			return nil, fmt.Errorf("read nominations: %w", err)
		}
		return g.legacyNominations(ctx, l)
	})
	last := old("getLastNomination", "/lastnomination", "When the programme nominated last", memory.SubjectNominations)
	get[noParams, LegacyLastNomination](g, last, func(ctx context.Context, _ *noParams) (any, error) {
		l, err := g.Data.Nominations(ctx)
		if err != nil {
			return nil, fmt.Errorf("read nominations: %w", err)
		}
		out := LegacyLastNomination{ID: id("last nomination"), LastNominatedEraIndex: "0"}
		if len(l) > 0 {
			last := l[len(l)-1]
			out.LastNominatedEraIndex, out.When = fmt.Sprint(last.Era), int64(last.At)
			out.NextNomination = dayAfter(last.At)
		}
		return out, nil
	})
	open := old("listProxyTxs", "/proxytxs", "Announcements that wait to be executed", memory.SubjectPlans)
	get[noParams, []LegacyProxyTx](g, open, func(ctx context.Context, _ *noParams) (any, error) {
		plans, err := g.openPlans(ctx)
		if err != nil {
			return nil, fmt.Errorf("read plans: %w", err)
		}
		out := []LegacyProxyTx{}
		for i := range plans {
			if announced(&plans[i]) {
				out = append(out, proxyTx(&plans[i]))
			}
		}
		return out, nil
	})
	state := old("listNominatorStatus", "/nominators/status", "How the nominators are doing", append(subjects, memory.SubjectPlans)...)
	state.group = groupOperations
	get[noParams, []LegacyNominatorStatus](g, state, func(ctx context.Context, _ *noParams) (any, error) { return g.nominatorStatus(ctx) })
}

// announced reports whether a plan waits on chain.
func announced(p *plan.Plan) bool { return p.Announcement != nil && p.Mode == plan.Delayed }

func proxyTx(p *plan.Plan) LegacyProxyTx {
	return LegacyProxyTx{
		ID: id("plan", p.Round, p.Nominator), Number: p.Announcement.Height, Controller: string(p.Nominator),
		Targets: texts(p.Targets), CallHash: p.CallHash,
	}
}

// nominators are those of the configuration, or the one with a stash.
func (g *Gateway) nominators(ctx context.Context, stash *string) ([]LegacyNominator, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.Data.Nominators(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nominators: %w", err)
	}
	out := []LegacyNominator{}
	for _, n := range all {
		if n.Removed != 0 || stash != nil && n.Chain.Stash != p.address(*stash) {
			continue
		}
		l := LegacyNominator{
			ID: id("nominator", n.Address), Address: string(n.Address), Stash: string(n.Chain.Stash), Proxy: string(n.Proxy),
			Bonded: n.Chain.Bond.Active.Float64(), BondedPlanck: n.Chain.Bond.Active.String(), ProxyDelay: n.Delay,
			RewardDestination: n.Chain.Payee, Current: []LegacyTarget{}, LastNomination: int64(n.Last), CreatedAt: int64(n.Created),
		}
		for _, t := range n.Chain.Targets {
			target := LegacyTarget{Stash: string(t), Identity: p.identityOf(t)}
			if m := p.of(t); m != nil {
				target.Name = m.Name
			}
			l.Current = append(l.Current, target)
		}
		out = append(out, l)
	}
	return out, nil
}

// legacyNominations writes nominations as the old API does.
func (g *Gateway) legacyNominations(ctx context.Context, l []memory.Nomination) ([]LegacyNomination, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]LegacyNomination, len(l))
	for i, n := range l {
		out[i] = LegacyNomination{
			ID: id("nomination", n.Nominator, n.Block, n.Round), Address: string(n.Nominator), Era: uint32(n.Era), Validators: texts(n.Targets),
			Timestamp: int64(n.At), Bonded: tokens(n.Bonded, p.decimals), BlockHash: n.BlockHash,
		}
	}
	return out, nil
}

func texts(l []programme.Address) []string {
	out := make([]string, len(l))
	for i, a := range l {
		out[i] = string(a)
	}
	return out
}
