package gateway

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// The states of a nominator, as the old status page knows them.
const (
	stateReady    = "Ready to Nominate"
	stateAwaiting = "Awaiting Proxy Execution"
	stateNot      = "Not Nominating"
	stateAt       = "Nominating"
	stateDone     = "Nominated"
	stateStale    = "Stale"
)

// staleEras is how many eras after its last nomination a nominator is shown as stale.
const staleEras = 8

// blockTime is the time between two blocks that the old API counts with.
const blockTime = 6000 * programme.Millis(1)

// nominatorStatus tells how every nominator is doing, from facts alone.
func (g *Gateway) nominatorStatus(ctx context.Context) ([]LegacyNominatorStatus, error) {
	p, err := g.population.get(ctx)
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
	out := []LegacyNominatorStatus{}
	for i := range all {
		if n := &all[i]; n.Removed == 0 {
			out = append(out, g.status(p, n, of(plans, n.Address), pauses))
		}
	}
	return out, nil
}

// of is the newest open plan of a nominator, nil without one.
func of(plans []plan.Plan, nominator programme.Address) *plan.Plan {
	for i := len(plans) - 1; i >= 0; i-- {
		if plans[i].Nominator == nominator {
			return &plans[i]
		}
	}
	return nil
}

func (g *Gateway) status(p *population, n *memory.Nominator, open *plan.Plan, pauses []plan.Pause) LegacyNominatorStatus {
	c := &n.Chain
	signer := n.Proxy
	if signer == "" {
		signer = n.Address
	}
	out := LegacyNominatorStatus{
		BondedAddress: string(n.Address), StashAddress: string(c.Stash), BondedAmount: tokens(c.Bond.Active, p.decimals), IsBonded: c.Bond.Bonded,
		IsProxy: n.Proxy != "", ProxyDelay: n.Delay, ProxyAddress: string(signer), RewardDestination: c.Payee,
		LastNominationEra: uint32(c.SubmittedIn), CurrentTargets: []LegacyStatusTarget{}, ProxyTxs: []LegacyStatusProxyTx{},
		Updated: int64(n.Updated), DryRun: g.DryRun,
	}
	if len(c.Targets) == 0 {
		out.LastNominationEra = 0
	}
	for _, t := range c.Targets {
		out.CurrentTargets = append(out.CurrentTargets, p.target(t))
	}
	active := p.chain.Eras.Active
	enough := c.Bond.Bonded && c.Bond.Active.Cmp(g.Rules.Limits.MinNominatorBond) > 0
	since := programme.Era(0)
	if active > c.SubmittedIn {
		since = active - c.SubmittedIn
	}
	wait := max(g.Rules.Limits.EraBuffer, 1)
	out.ShouldNominate = enough && open == nil && (len(c.Targets) == 0 || since >= wait)
	out.Stale = enough && open == nil && len(c.Targets) > 0 && since > staleEras
	switch {
	case open != nil && announced(open):
		out.State, out.Status = stateAwaiting, planText(open)
		tx := p.statusTx(open)
		out.ProxyTxs, out.NextTargets = append(out.ProxyTxs, tx), texts(open.Targets)
		out.Updated = max(out.Updated, int64(open.Updated))
	case open != nil:
		out.State, out.Status, out.NextTargets = stateAt, planText(open), texts(open.Targets)
		out.Updated = max(out.Updated, int64(open.Updated))
	case out.Stale:
		out.State, out.Status = stateStale, fmt.Sprintf("nominated last in era %d, %d eras ago", c.SubmittedIn, since)
	case len(c.Targets) == 0:
		out.State, out.Status = stateNot, "there is no nomination on chain"
	case out.ShouldNominate:
		out.State, out.Status = stateReady, fmt.Sprintf("nominated last in era %d; due", c.SubmittedIn)
	default:
		out.State, out.Status = stateDone, fmt.Sprintf("idle since era %d", c.SubmittedIn)
	}
	for _, stop := range pauses {
		if stop.Nominator == "" || stop.Nominator == n.Address {
			out.Status += "; paused: " + stop.Reason
			break
		}
	}
	return out
}

// planText is what an open plan is at.
func planText(p *plan.Plan) string {
	text := string(p.State)
	if p.Note != "" {
		return text + ": " + p.Note
	}
	if p.Reason != "" {
		return text + ": " + p.Reason
	}
	return text
}

// statusTx is an announcement with the time that is left, by the clock that the delay counts in.
func (p *population) statusTx(o *plan.Plan) LegacyStatusProxyTx {
	tx := proxyTx(o)
	out := LegacyStatusProxyTx{ID: tx.ID, Number: tx.Number, Controller: tx.Controller, CallHash: tx.CallHash, Targets: []LegacyStatusTarget{}}
	for _, t := range o.Targets {
		out.Targets = append(out.Targets, p.target(t))
	}
	role := programme.RoleStaking
	if o.Announcement.Clock == plan.ClockRelay {
		role = programme.RoleSession
	}
	for _, b := range p.chain.Blocks {
		if left := int64(o.Announcement.Height) + int64(o.Delay) - int64(b.Number); b.Role == role && left > 0 {
			out.ExecutionTime = left * int64(blockTime)
		}
	}
	return out
}
