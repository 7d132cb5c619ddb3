package simulate_test

import (
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet/simchain"
)

// settled: once nothing has been broken for long enough, everything has come to rest, and chain and database agree.
func (r *run) settled() error {
	plans, intents, err := r.open()
	if err != nil {
		return err
	}
	for _, i := range intents {
		if i.Created < r.now()-programme.Millis(24*6_000) {
			return broken("the fate of the intent %s (%s) is not settled: %s", i.ID, i.Kind, i.Status)
		}
	}
	for _, p := range plans {
		if p.State == plan.Planned && p.Tx == nil || p.Updated > r.now()-programme.Millis(30*6_000) {
			continue
		}
		return broken("the plan of %s (%s) has not come to rest: %s, %s %s", p.Nominator, p.Mode, p.State, p.Reason, p.Note)
	}
	all, err := r.db.Plans(r.ctx, plan.Filter{})
	if err != nil {
		return err
	}
	last := map[programme.Address]uint32{} // block of the newest final nomination
	for _, e := range r.effects() {
		last[r.address(e.Stash)] = e.Number
		ours := slices.ContainsFunc(all, func(p plan.Plan) bool {
			return p.State == plan.Succeeded && r.isOf(e, &p) || !p.State.Closed()
		})
		if !ours {
			return broken("the nomination of %s in block %d has no plan that succeeded", r.address(e.Stash), e.Number)
		}
	}
	if r.mode() != nominator.ModeAct {
		return nil
	}
	for _, n := range r.net.Nominators() {
		if n.Delay == 0 || r.acting == nil {
			continue
		}
		if err := r.announcements(r.address(n.Signer), plans); err != nil {
			return err
		}
	}
	if len(last) == 0 {
		return broken("nobody has nominated in %d steps", r.step)
	}
	for _, n := range r.net.Nominators() {
		if n.Delay > 0 && r.is.shared && !slices.ContainsFunc(r.net.Staking().Announcements(n.Signer), func(a simchain.Announcement) bool {
			return a.Real == r.net.Stranger()
		}) {
			return broken("the announcement for somebody outside the programme was removed")
		}
		under := slices.ContainsFunc(plans, func(p plan.Plan) bool {
			return p.Nominator == programme.Address(n.Address()) && p.State != plan.Planned
		})
		// With few candidates the banned call may be what is decided again and again.
		banned := slices.ContainsFunc(all, func(p plan.Plan) bool {
			return p.Nominator == programme.Address(n.Address()) && p.State == plan.Cancelled && p.Created > r.now()-2*eraTime && slices.Contains(r.blacklist, p.CallHash)
		})
		if last[programme.Address(n.Address())] == 0 && !n.Unbonded && !under && !banned { // after breaches it may be late
			return broken("%s has never nominated", n.Address())
		}
	}
	for _, c := range r.net.Chains() {
		if err := c.Audit(); err != nil {
			return fmt.Errorf("the simulated network contradicts itself: %w", err)
		}
	}
	return nil
}

// announcements: what is announced on chain belongs to an open plan.
func (r *run) announcements(signer programme.Address, open []plan.Plan) error {
	head, err := r.acting.Chain.Head(r.ctx)
	if err != nil {
		return nil //nolint:nilerr // the machine is busy; other seeds look
	}
	list, err := r.acting.Chain.Announcements(r.ctx, head, signer)
	if err != nil {
		return nil //nolint:nilerr // the same
	}
	for _, a := range list.List {
		if a.Real == r.address(r.net.Stranger()) {
			continue // it is none of our business
		}
		if !slices.ContainsFunc(open, func(p plan.Plan) bool { return p.CallHash == a.CallHash }) {
			return broken("the announcement %s at %d has no open plan", a.CallHash, a.Height)
		}
	}
	return nil
}
