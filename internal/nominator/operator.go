package nominator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Orders name their author and reason.
func (s *Service) order(author, reason string) (plan.Order, error) {
	author, reason = strings.TrimSpace(author), strings.TrimSpace(reason)
	if author == "" || reason == "" {
		return plan.Order{}, errors.New("an order needs its author and a reason")
	}
	return plan.Order{Author: author, Reason: reason, At: s.millis()}, nil
}

// Pause stops signing for a nominator, or for all with an empty address. It reports false when a pause runs already.
func (s *Service) Pause(ctx context.Context, nominator programme.Address, author, reason string) (bool, error) {
	o, err := s.order(author, reason)
	if err != nil {
		return false, err
	}
	if nominator != "" && s.accounts[nominator] == nil {
		return false, fmt.Errorf("%s is not configured as a nominator", nominator)
	}
	return s.Store.Pause(ctx, plan.Pause{Nominator: nominator, Order: o})
}

// Resume ends a pause; [plan.ErrNotFound] when there is none.
func (s *Service) Resume(ctx context.Context, nominator programme.Address, author, reason string) error {
	o, err := s.order(author, reason)
	if err != nil {
		return err
	}
	return s.Store.Resume(ctx, plan.Pause{Nominator: nominator, Order: o})
}

// Override permits one more nomination of a nominator in the present era, with exactly the targets that a record gives
// it.
func (s *Service) Override(ctx context.Context, nominator programme.Address, era programme.Era, targets []programme.Address, author, reason string) error {
	o, err := s.order(author, reason)
	if err != nil {
		return err
	}
	return s.Store.AddOverride(ctx, plan.Override{Network: s.info.Genesis, Nominator: nominator, Era: era, Targets: plan.TargetsDigest(targets), Order: o})
}

// ErrNothing means that there is nothing to cancel.
var ErrNothing = errors.New("there is nothing to cancel")

// Cancel orders an end to the open plan of a nominator; an announcement is then removed by the next look. A transaction
// under way is not called back, but nothing follows it. With a call hash it is the announcement of that call that is
// removed, whether a plan explains it or not.
func (s *Service) Cancel(ctx context.Context, nominator programme.Address, callHash, author, reason string) (plan.Plan, error) {
	o, err := s.order(author, reason)
	if err != nil {
		return plan.Plan{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[nominator]
	if a == nil {
		return plan.Plan{}, fmt.Errorf("%s is not configured as a nominator", nominator)
	}
	open, err := s.Store.Plans(ctx, plan.Filter{Network: s.info.Genesis, Nominator: nominator, CallHash: callHash, Open: true})
	if err != nil {
		return plan.Plan{}, err
	}
	for _, p := range open {
		if p.Mode == plan.Removal && callHash == "" {
			continue
		}
		if p.Order == nil {
			p.Order = &o
		}
		text := fmt.Sprintf("%s orders to cancel: %s", o.Author, o.Reason)
		return s.Store.Advance(ctx, plan.Change{Plan: p, At: o.At, Events: []plan.Event{{Key: p.Key, At: o.At, From: p.State, To: p.State, Text: text}}})
	}
	if callHash == "" {
		return plan.Plan{}, fmt.Errorf("%w: %s has no open plan", ErrNothing, nominator)
	}
	return s.cancelOnChain(ctx, a, callHash, o)
}

// cancelOnChain orders the removal of an announcement that no open plan explains.
func (s *Service) cancelOnChain(ctx context.Context, a *Account, callHash string, o plan.Order) (plan.Plan, error) {
	head, err := s.head(ctx)
	if err != nil {
		return plan.Plan{}, err
	}
	list, err := s.Chain.Announcements(ctx, head, a.Signer)
	if err != nil {
		return plan.Plan{}, err
	}
	for _, e := range list.List {
		if e.Real == a.Nominator && e.CallHash == callHash {
			return s.remove(ctx, head, a.Signer, e, o.Author, o.Reason, &o)
		}
	}
	return plan.Plan{}, fmt.Errorf("%w: %s has announced no call %s for %s", ErrNothing, a.Signer, callHash, a.Nominator)
}
