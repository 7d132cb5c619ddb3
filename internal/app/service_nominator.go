package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/keys"
)

// nominatorPart is the name of what acts for the nominators on the health board.
const nominatorPart = "nominator"

// runNominator acts for the nominators while this process leads: it looks at the chain at start and at every finalised
// block, whatever act.mode says; that decides what a look may do.
func (p *process) runNominator(ctx context.Context, ready func()) error {
	ready()
	if len(p.cfg.Nominators) == 0 {
		p.board.Set(nominatorPart, health.Off, "no nominators are configured")
	}
	return p.lead.hold(ctx, func(ctx context.Context) error {
		c, err := p.chains.get(ctx)
		if err != nil {
			return err
		}
		return p.nominate(ctx, c)
	})
}

func (p *process) nominate(ctx context.Context, c *chain.Chains) (err error) {
	client, err := c.Staking(ctx)
	if err != nil {
		return err
	}
	rules, err := p.cfg.Rules("")
	if err != nil {
		return lifecycle.Permanent(input(err))
	}
	on := onchain.New(client)
	var pairs []*keys.Pair
	defer func() {
		for _, k := range pairs {
			k.Wipe()
		}
	}()
	accounts, err := Act{Keys: p.Keys, Password: p.Password}.accounts(ctx, p.cfg, on, &pairs)
	var wrong *InputError
	switch {
	case errors.As(err, &wrong):
		return lifecycle.Permanent(err)
	case err != nil:
		return err
	}
	s, err := nominator.New(nominator.Settings{
		Chain: on, Store: p.database.get(), Accounts: accounts, Mode: nominator.Mode(p.cfg.Act), Consent: true,
		Programme: stored{p.database.get(), on.Info().Prefix}, MaxCommission: rules.Limits.MaxCommission,
		Blacklist: p.cfg.Proxy.BlacklistedAnnouncements, CancelUnknown: p.cfg.Proxy.CancelUnknown,
		Now: p.Now, Random: p.Random, Logger: p.log.With("component", "nominator"), Show: p.exhibit,
	})
	if err != nil {
		return lifecycle.Permanent(input(err))
	}
	p.nominator.set(s)
	defer func() {
		p.nominator.clear()
		s.Close()
	}()
	var open map[plan.Key]bool
	err = s.Run(ctx, func(ctx context.Context) (bool, error) {
		open = p.looked(ctx, on.Info().Genesis, len(accounts), open)
		return false, nil
	})
	if err != nil && ctx.Err() == nil {
		p.board.Set(nominatorPart, health.Down, err.Error())
	}
	return err
}

// exhibit counts what is signed.
func (p *process) exhibit(x nominator.Exhibit) {
	if x.Hash != "" && x.Kind.Nominates() {
		p.metrics.Nomination(string(x.Nominator))
	}
}

// looked tells how many plans are open after a look at the chain, and has a new round looked for when one was closed.
func (p *process) looked(ctx context.Context, genesis string, accounts int, before map[plan.Key]bool) map[plan.Key]bool {
	list, err := p.database.get().Plans(ctx, plan.Filter{Network: genesis, Open: true})
	if err != nil {
		if ctx.Err() == nil {
			p.board.Set(nominatorPart, health.Degraded, err.Error())
		}
		return before
	}
	open := map[plan.Key]bool{}
	for i := range list {
		open[list[i].Key] = true
	}
	if accounts > 0 {
		p.board.Set(nominatorPart, health.OK, fmt.Sprintf("%d nominators, %d open plans, act.mode %s; looked at %s",
			accounts, len(open), p.cfg.Act, p.Now().UTC().Format(time.RFC3339)))
	}
	for k := range before {
		if open[k] {
			continue
		}
		if err := p.trigger(ctx, jobs.OnPlan); err != nil && ctx.Err() == nil {
			p.log.Error("a plan was closed, and jobs could not be asked for; their schedules make up for it", "error", err)
		}
		break
	}
	return open
}
