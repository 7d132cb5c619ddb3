package nominator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// reconcile compares the announcements on chain with the plans. Plans without an announcement are found when they are
// stepped.
func (s *Service) reconcile(ctx context.Context, head plan.Head) error {
	limits, err := s.Chain.Limits(ctx, head)
	if err != nil || !limits.Proxy {
		return err
	}
	var errs []error
	seen := map[programme.Address]bool{} // signers
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if !a.Proxy {
			continue
		}
		if a.Signer != "" && !seen[a.Signer] {
			seen[a.Signer] = true
			errs = append(errs, s.ours(ctx, head, a.Signer))
		}
		errs = append(errs, s.others(ctx, head, a))
	}
	return errors.Join(errs...)
}

// ours looks at the announcements of one of our signers.
func (s *Service) ours(ctx context.Context, head plan.Head, signer programme.Address) error {
	list, err := s.Chain.Announcements(ctx, head, signer)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range list.List {
		errs = append(errs, s.one(ctx, head, signer, a))
	}
	return errors.Join(errs...)
}

func (s *Service) one(ctx context.Context, head plan.Head, signer programme.Address, a Announcement) error {
	account := s.accounts[a.Real]
	if account == nil || account.Signer != signer {
		return s.raise(ctx, plan.Warning{
			Code: plan.AlertForeign, Subject: a.CallHash, Era: head.Era, Nominator: a.Real,
			Text: fmt.Sprintf("%s has announced the call %s for %s, which is none of our nominators; it is left alone", signer, a.CallHash, a.Real),
		})
	}
	known, err := s.Store.Plans(ctx, plan.Filter{Network: s.info.Genesis, Nominator: a.Real, CallHash: a.CallHash})
	if err != nil {
		return err
	}
	subject := fmt.Sprintf("%s at %d", a.CallHash, a.Height)
	warn := func(code, format string, args ...any) error {
		return s.raise(ctx, plan.Warning{Code: code, Subject: subject, Era: head.Era, Nominator: a.Real, Text: fmt.Sprintf(format, args...)})
	}
	if k := slices.IndexFunc(known, func(p plan.Plan) bool { return !p.State.Closed() && p.Signer == signer }); k >= 0 {
		// A removal takes all announcements of a call at once, so a second one stays as long as the plan needs the first.
		if own := known[k].Announcement; own != nil && a.Height > own.Height && known[k].Tx == nil {
			return warn(plan.AlertUnknown, "%s has announced the call %s for %s again, without a plan: the key may be stolen", signer, a.CallHash, a.Real)
		}
		return nil
	}
	switch {
	case slices.Contains(s.Blacklist, a.CallHash):
		if err := warn(plan.AlertBlacklisted, "the announcement %s of %s for %s is blacklisted and will be removed", a.CallHash, signer, a.Real); err != nil {
			return err
		}
		if s.Mode != ModeOff {
			_, err = s.remove(ctx, head, signer, a, "proxy.blacklistedAnnouncements", "its call hash is blacklisted", nil)
		}
	case len(known) > 0 && s.Mode != ModeOff:
		_, err = s.remove(ctx, head, signer, a, "reconciliation", "the plan it belongs to is closed", nil)
	default:
		if err := warn(plan.AlertUnknown, "%s has announced the call %s for %s, and no plan explains it: the key may be stolen", signer, a.CallHash, a.Real); err != nil {
			return err
		}
		if s.CancelUnknown && s.Mode != ModeOff {
			_, err = s.remove(ctx, head, signer, a, "proxy.cancelUnknown", "no plan explains it", nil)
		}
	}
	return err
}

// others looks for announcements for our nominator by other proxies, which we have no key to remove.
func (s *Service) others(ctx context.Context, head plan.Head, a *Account) error {
	relations, err := s.Chain.Relations(ctx, head, a.Nominator)
	if err != nil {
		return err
	}
	var errs []error
	seen := map[programme.Address]bool{a.Signer: true}
	for _, r := range relations {
		if seen[r.Delegate] || !slices.Contains(nominating, r.Type) {
			continue
		}
		seen[r.Delegate] = true
		list, err := s.Chain.Announcements(ctx, head, r.Delegate)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, e := range list.List {
			if e.Real == a.Nominator {
				errs = append(errs, s.raise(ctx, plan.Warning{
					Code: plan.AlertOtherProxy, Subject: fmt.Sprintf("%s at %d", e.CallHash, e.Height), Era: head.Era, Nominator: a.Nominator,
					Text: fmt.Sprintf("%s, a proxy of %s for which we have no key, has announced the call %s", r.Delegate, a.Nominator, e.CallHash),
				}))
			}
		}
	}
	return errors.Join(errs...)
}
