package nominator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// world is what the chain says about one nominator and what it is to nominate.
type world struct {
	info       Info
	head       plan.Head
	account    *Account
	bonded     Bonded
	relations  []plan.Relation
	announced  Announcements
	balance    Balance // of the signer
	limits     Limits
	intentions []programme.Intention // of the targets, in their order
}

// world reads everything that could stand in the way of a transaction.
func (s *Service) world(ctx context.Context, head plan.Head, a *Account, targets []programme.Address) (*world, error) {
	w := &world{info: s.info, head: head, account: a}
	var err error
	if w.limits, err = s.Chain.Limits(ctx, head); err != nil {
		return nil, err
	}
	if w.bonded, err = s.Chain.Bonded(ctx, head, a.Nominator); err != nil {
		return nil, err
	}
	if len(targets) > 0 {
		if w.intentions, err = s.Chain.Validators(ctx, head, targets); err != nil {
			return nil, err
		}
	}
	if a.Signer == "" {
		return w, nil
	}
	if w.balance, err = s.Chain.Balance(ctx, head, a.Signer); err != nil {
		return nil, err
	}
	if !a.Proxy || !w.limits.Proxy {
		return w, nil
	}
	if w.relations, err = s.Chain.Relations(ctx, head, a.Nominator); err != nil {
		return nil, err
	}
	w.announced, err = s.Chain.Announcements(ctx, head, a.Signer)
	return w, err
}

// The types of proxies that may nominate, the least powerful first.
var nominating = []string{"Staking", "NonTransfer", "Any"}

// relation finds the proxy relation to nominate through. The text says why there is none. The pallet takes the first
// entry of the delegate and the type, so only that counts.
func (w *world) relation() (plan.Relation, string) {
	a := w.account
	if !w.limits.Proxy {
		return plan.Relation{}, fmt.Sprintf("%s has no proxies: the nominator %s must sign itself", w.info.Name, a.Nominator)
	}
	var usable []plan.Relation
	var delegates []string
	for _, t := range nominating {
		i := slices.IndexFunc(w.relations, func(r plan.Relation) bool { return r.Delegate == a.Signer && r.Type == t })
		if i >= 0 {
			usable = append(usable, w.relations[i])
		}
	}
	for _, r := range w.relations {
		delegates = append(delegates, fmt.Sprintf("%s (%s, %d blocks)", r.Delegate, r.Type, r.Delay))
	}
	switch {
	case len(w.relations) == 0:
		return plan.Relation{}, fmt.Sprintf("the account of the configured key, %s, is no proxy of %s, which has none at all", a.Signer, a.Nominator)
	case len(usable) == 0:
		return plan.Relation{}, fmt.Sprintf("the account of the configured key, %s, is no proxy of %s that may nominate; its proxies are %s", a.Signer, a.Nominator, strings.Join(delegates, ", "))
	case a.Delay == nil:
		return usable[0], ""
	}
	for _, r := range usable {
		if r.Delay == *a.Delay {
			return r, ""
		}
	}
	return plan.Relation{}, fmt.Sprintf("the configured delay of %d blocks for %s is not that on chain: %s", *a.Delay, a.Nominator, strings.Join(delegates, ", "))
}

// refuse says why a plan must not be acted on; empty when nothing is in the way.
func (w *world) refuse(p *plan.Plan, kind Kind, overridden bool) string {
	n := w.account.Nominator
	switch {
	case !w.bonded.OK:
		return fmt.Sprintf("%s is not bonded on %s: it controls no staking ledger", n, w.info.Name)
	case w.bonded.Active.Cmp(w.limits.MinNominatorBond) < 0:
		return fmt.Sprintf("%s has %s bonded, the chain demands %s of a nominator", n, w.amount(w.bonded.Active), w.amount(w.limits.MinNominatorBond))
	case w.account.Signer == "":
		return fmt.Sprintf("there is no key for %s", n)
	case !w.account.Proxy && w.account.Signer != n:
		return fmt.Sprintf("the configured key is that of %s, not of the nominator %s", w.account.Signer, n)
	}
	if text := w.refuseTargets(p.Targets); text != "" {
		return text
	}
	if len(w.bonded.Targets) > 0 && w.bonded.SubmittedIn >= w.head.Era && !overridden {
		return fmt.Sprintf("%s has nominated in era %d already: its targets were set in the planned era %d, the active one is %d", n, w.bonded.SubmittedIn, w.bonded.SubmittedIn, w.head.Era)
	}
	if !w.account.Proxy {
		return ""
	}
	r, text := w.relation()
	switch {
	case text != "":
		return text
	case p.ProxyType != "" && r.Type != p.ProxyType:
		return fmt.Sprintf("the plan of %s uses a proxy of type %s, the chain now has %s", n, p.ProxyType, r.Type)
	case p.Mode == plan.Proxy && r.Delay > 0:
		return fmt.Sprintf("the plan of %s is for a proxy without delay, the chain now has one of %d blocks", n, r.Delay)
	case kind == plan.KindAnnounce && uint64(len(w.announced.List)) >= uint64(w.limits.MaxPending):
		return fmt.Sprintf("%s has %d announcements pending, more are not allowed", w.account.Signer, len(w.announced.List))
	}
	return ""
}

func (w *world) refuseTargets(targets []programme.Address) string {
	n := w.account.Nominator
	switch {
	case len(targets) == 0:
		return fmt.Sprintf("there are no targets for %s", n)
	case w.limits.MaxNominations > 0 && uint64(len(targets)) > uint64(w.limits.MaxNominations):
		return fmt.Sprintf("%s has %d targets, the runtime takes at most %d", n, len(targets), w.limits.MaxNominations)
	}
	seen := map[programme.Address]bool{}
	for i, t := range targets {
		switch in := w.intentions[i]; {
		case seen[t]:
			return fmt.Sprintf("the target %s of %s is there twice", t, n)
		case !in.Present:
			return fmt.Sprintf("the target %s of %s has no intention to validate", t, n)
		case in.Blocked && !slices.Contains(w.bonded.Targets, t):
			return fmt.Sprintf("the target %s of %s blocks nominations", t, n)
		}
		seen[t] = true
	}
	return ""
}

// afford says what the signer lacks for a transaction; empty when it has enough.
func (w *world) afford(kind Kind, fee programme.Planck) string {
	need, what := fee, "the fee of "+w.amount(fee)
	if kind == plan.KindAnnounce {
		total := w.limits.AnnouncementBase
		for range len(w.announced.List) + 1 {
			total = total.Add(w.limits.AnnouncementFactor)
		}
		deposit := total.Sub(w.announced.Deposit)
		need, what = need.Add(deposit), what+" and the deposit of "+w.amount(deposit)
	}
	if w.balance.Usable.Cmp(need) >= 0 {
		return ""
	}
	return fmt.Sprintf("%s can spend %s, but needs %s for %s", w.account.Signer, w.amount(w.balance.Usable), w.amount(need), what)
}

func (w *world) amount(p programme.Planck) string {
	return p.Tokens(w.info.Decimals) + " " + w.info.Symbol
}
