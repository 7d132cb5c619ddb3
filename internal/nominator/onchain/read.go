package onchain

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate"
)

// amount takes balances of the chain.
type amount struct{ programme.Planck }

// SetU128 makes amount a destination for integers of up to 128 bits.
func (a *amount) SetU128(lo, hi uint64) { a.Planck = programme.PlanckFromParts(lo, hi) }

type nominations struct {
	Targets     [][32]byte
	SubmittedIn uint32
}

// Bonded reads the ledger that an account controls, and the nomination of its stash.
func (c *Chain) Bonded(ctx context.Context, at plan.Head, account programme.Address) (nominator.Bonded, error) {
	out := nominator.Bonded{Stash: account}
	b, err := c.block(ctx, at)
	if err != nil {
		return out, err
	}
	id, err := c.account(account)
	if err != nil {
		return out, err
	}
	var ledger struct {
		Stash  [32]byte
		Active amount
	}
	if out.OK, err = b.Get(ctx, "Staking", "Ledger", &ledger, id); err != nil || !out.OK {
		return out, err
	}
	out.Stash, out.Active = c.address(ledger.Stash), ledger.Active.Planck
	var n nominations
	found, err := b.Get(ctx, "Staking", "Nominators", &n, ledger.Stash)
	if err != nil || !found {
		return out, err
	}
	out.Targets, out.SubmittedIn = c.addresses(n.Targets), programme.Era(n.SubmittedIn)
	return out, nil
}

type relations struct {
	List []struct {
		Delegate  [32]byte
		ProxyType string
		Delay     uint32
	} `scale:"0"`
}

// Relations reads the proxies of an account in the order of the chain.
func (c *Chain) Relations(ctx context.Context, at plan.Head, real programme.Address) ([]plan.Relation, error) {
	b, err := c.block(ctx, at)
	if err != nil {
		return nil, err
	}
	id, err := c.account(real)
	if err != nil {
		return nil, err
	}
	var r relations
	if _, err := b.Get(ctx, "Proxy", "Proxies", &r, id); err != nil {
		return nil, err
	}
	var out []plan.Relation
	for _, e := range r.List {
		out = append(out, plan.Relation{Delegate: c.address(e.Delegate), Type: e.ProxyType, Delay: e.Delay})
	}
	return out, nil
}

type announcements struct {
	List []struct {
		Real     [32]byte
		CallHash [32]byte
		Height   uint32
	} `scale:"0"`
	Deposit amount `scale:"1"`
}

// Announcements reads those of a delegate.
func (c *Chain) Announcements(ctx context.Context, at plan.Head, delegate programme.Address) (nominator.Announcements, error) {
	b, err := c.block(ctx, at)
	if err != nil {
		return nominator.Announcements{}, err
	}
	id, err := c.account(delegate)
	if err != nil {
		return nominator.Announcements{}, err
	}
	var a announcements
	if _, err := b.Get(ctx, "Proxy", "Announcements", &a, id); err != nil {
		return nominator.Announcements{}, err
	}
	out := nominator.Announcements{Deposit: a.Deposit.Planck}
	for _, e := range a.List {
		out.List = append(out.List, nominator.Announcement{Real: c.address(e.Real), CallHash: hexOf(e.CallHash[:]), Height: e.Height})
	}
	return out, nil
}

type accountInfo struct {
	Data struct {
		Free, Reserved amount
		// Frozen replaced the two others.
		Frozen     amount `scale:"frozen,optional"`
		MiscFrozen amount `scale:"misc_frozen,optional"`
		FeeFrozen  amount `scale:"fee_frozen,optional"`
	}
}

// Balance reads what an account can spend on fees and deposits without dying. Frozen funds may count as reserved ones
// do on newer runtimes; they are left out on all, which errs on the safe side.
func (c *Chain) Balance(ctx context.Context, at plan.Head, account programme.Address) (nominator.Balance, error) {
	b, err := c.block(ctx, at)
	if err != nil {
		return nominator.Balance{}, err
	}
	id, err := c.account(account)
	if err != nil {
		return nominator.Balance{}, err
	}
	var info accountInfo
	if _, err := b.Get(ctx, "System", "Account", &info, id); err != nil {
		return nominator.Balance{}, err
	}
	var kept amount
	if err := b.Constant("Balances", "ExistentialDeposit", &kept); err != nil {
		return nominator.Balance{}, err
	}
	d := &info.Data
	keep := kept.Planck
	for _, frozen := range []amount{d.Frozen, d.MiscFrozen, d.FeeFrozen} {
		if frozen.Cmp(keep) > 0 {
			keep = frozen.Planck
		}
	}
	return nominator.Balance{Usable: d.Free.Sub(keep)}, nil
}

// Validators reads the intentions of stashes, in the order asked for.
func (c *Chain) Validators(ctx context.Context, at plan.Head, stashes []programme.Address) ([]programme.Intention, error) {
	b, err := c.block(ctx, at)
	if err != nil {
		return nil, err
	}
	keys := make([][]any, len(stashes))
	for i, s := range stashes {
		id, err := c.account(s)
		if err != nil {
			return nil, err
		}
		keys[i] = []any{id}
	}
	type preferences struct {
		Commission uint32
		Blocked    bool
	}
	form, err := substrate.StoragePlan[preferences](b.Runtime(), "Staking", "Validators")
	if err != nil {
		return nil, err
	}
	out := make([]programme.Intention, len(stashes))
	err = b.GetMany(ctx, "Staking", "Validators", keys, func(i int, value []byte, found bool) error {
		if !found {
			return nil
		}
		var p preferences
		if err := form.Unmarshal(value, &p); err != nil {
			return err
		}
		out[i] = programme.Intention{Present: true, Commission: programme.Perbill(p.Commission), Blocked: p.Blocked}
		return nil
	})
	return out, err
}

// Limits reads the runtime's bounds. A bound that the runtime does not tell is zero.
func (c *Chain) Limits(ctx context.Context, at plan.Head) (nominator.Limits, error) {
	var l nominator.Limits
	b, err := c.block(ctx, at)
	if err != nil {
		return l, err
	}
	if l.MaxNominations, err = maxNominations(ctx, b); err != nil {
		return l, err
	}
	var bond, kept amount
	if _, err := b.Get(ctx, "Staking", "MinNominatorBond", &bond); err != nil {
		return l, err
	}
	if err := b.Constant("Balances", "ExistentialDeposit", &kept); err != nil {
		return l, err
	}
	l.MinNominatorBond, l.ExistentialDeposit = bond.Planck, kept.Planck
	if l.Proxy = b.Has("Proxy", "Proxies") && b.Has("Proxy", "Announcements"); !l.Proxy {
		return l, nil
	}
	var base, factor amount
	for name, to := range map[string]any{
		"MaxPending": &l.MaxPending, "AnnouncementDepositBase": &base, "AnnouncementDepositFactor": &factor,
	} {
		if err := b.Constant("Proxy", name, to); err != nil {
			return l, err
		}
	}
	l.AnnouncementBase, l.AnnouncementFactor = base.Planck, factor.Planck
	return l, nil
}

func maxNominations(ctx context.Context, b *substrate.Block) (uint32, error) {
	var n uint32
	if b.HasCall("StakingApi", "nominations_quota") {
		// The quota may grow with the bond; that of nothing is the least.
		err := b.Call(ctx, "StakingApi", "nominations_quota", &n, programme.Planck{}.Big())
		return n, err
	}
	if !b.HasConstant("Staking", "MaxNominations") {
		return 0, nil
	}
	err := b.Constant("Staking", "MaxNominations", &n)
	return n, err
}

// ClockOf finds out which clock an announcement's height was read from. A chain that knows no relay chain has only its
// own. A height beyond the own number can only be the relay chain's. Else the block of that number must have made the
// announcement, or it is not the own clock.
func (c *Chain) ClockOf(ctx context.Context, at plan.Head, delegate programme.Address, a nominator.Announcement) (plan.Clock, error) {
	switch {
	case at.Relay == 0:
		return plan.ClockOwn, nil
	case a.Height > at.Number:
		return plan.ClockRelay, nil
	}
	b, err := c.client.BlockAt(ctx, a.Height)
	if err != nil {
		return plan.ClockUnknown, err
	}
	then, err := c.head(ctx, b)
	if err != nil {
		return plan.ClockUnknown, err
	}
	list, err := c.Announcements(ctx, then, delegate)
	if err != nil {
		return plan.ClockUnknown, err
	}
	switch made := slices.Contains(list.List, a); {
	case made && then.Relay != a.Height:
		return plan.ClockOwn, nil
	case !made && a.Height <= at.Relay:
		return plan.ClockRelay, nil
	}
	return plan.ClockUnknown, fmt.Errorf("the height %d of the announcement %s fits both clocks", a.Height, a.CallHash)
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }
