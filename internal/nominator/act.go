package nominator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Proposal is what became of one nominator's share of a record.
type Proposal struct {
	Nominator programme.Address `json:"nominator"`
	// Plan is the stored plan, nil when there is none, for the reason in Refused.
	Plan    *plan.Plan `json:"plan,omitempty"`
	Created bool       `json:"created"`
	Refused string     `json:"refused,omitempty"`
	// Exhibit shows the transaction that comes first, nil when it could not be made.
	Exhibit *Exhibit `json:"exhibit,omitempty"`
}

// Outcome of proposing a record.
type Outcome struct {
	Digest    string     `json:"digest"`
	Braked    []string   `json:"braked,omitempty"`
	Proposals []Proposal `json:"proposals"`
}

// ErrRecord means that a record cannot be acted on at all; the text says why.
var ErrRecord = errors.New("the record cannot be acted on")

// Propose verifies a record, stores it, and makes a plan for each nominator that it gives targets, or only for the given
// one. Nothing is signed. Each nominator whose plan is not possible comes with the reason.
func (s *Service) Propose(ctx context.Context, record []byte, only programme.Address) (*Outcome, error) {
	if s.Mode == ModeOff {
		return nil, fmt.Errorf("%w: act.mode is off", ErrRecord)
	}
	r, err := decision.Verify(record)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	var e explanation
	e.fill(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	head, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case e.genesis != s.info.Genesis:
		return nil, fmt.Errorf("%w: it was made on the chain with the genesis hash %s, this one is %s (%s)", ErrRecord, e.genesis, s.info.Name, s.info.Genesis)
	case e.era != head.Era:
		return nil, fmt.Errorf("%w: it was decided in era %d, the active one is %d; plan a new round", ErrRecord, e.era, head.Era)
	}
	b, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	s.Fault(BeforeRecord)
	if err := s.Store.SaveDocument(ctx, plan.Document{Digest: r.Digest, Kind: plan.DocumentRound, Bytes: b, Created: s.millis()}); err != nil {
		return nil, err
	}
	s.Fault(AfterRecord)
	out := &Outcome{Digest: r.Digest, Braked: e.brakes}
	for i := range r.Decision.Nominators {
		n := &r.Decision.Nominators[i]
		if only != "" && n.Address != only {
			continue
		}
		p := Proposal{Nominator: n.Address}
		if len(e.targets[n.Address]) == 0 {
			p.Refused = "the record gives it no targets: " + n.Reason
		} else if err := s.propose(ctx, head, r.Digest, n.Address, e.targets[n.Address], &p); err != nil {
			return out, fmt.Errorf("plan for %s: %w", n.Address, err)
		}
		out.Proposals = append(out.Proposals, p)
	}
	if only != "" && len(out.Proposals) == 0 {
		return out, fmt.Errorf("%w: it has no nominator %s", ErrRecord, only)
	}
	return out, nil
}

// propose makes the plan of one nominator.
func (s *Service) propose(ctx context.Context, head plan.Head, round string, nominator programme.Address, targets []programme.Address, out *Proposal) error {
	key := plan.Key{Round: round, Nominator: nominator}
	a := s.accounts[nominator]
	have, err := s.Store.Plan(ctx, key)
	switch {
	case err == nil:
		out.Plan = &have
		return s.presentAgain(ctx, head, a, &have, out)
	case !errors.Is(err, plan.ErrNotFound):
		return err
	case a == nil:
		out.Refused = fmt.Sprintf("%s is not configured as a nominator", nominator)
		return nil
	}
	w, err := s.world(ctx, head, a, targets)
	if err != nil {
		return err
	}
	now := s.millis()
	p := plan.Plan{
		Key: key, Network: s.info.Genesis, Stash: w.bonded.Stash, Signer: a.Signer, Mode: plan.Direct, Era: head.Era,
		Targets: slices.Clone(targets), State: plan.Planned, Reason: "decided by the round", Created: now, Updated: now,
	}
	overridden, err := s.Store.Overridden(ctx, s.info.Genesis, nominator, head.Era, plan.TargetsDigest(targets))
	if err != nil {
		return err
	}
	kind := plan.KindNominate
	if a.Proxy {
		r, _ := w.relation() // refuse says why there is none
		p.Mode, kind, p.ProxyType, p.Delay = plan.Proxy, plan.KindProxy, r.Type, r.Delay
		if r.Delay > 0 {
			p.Mode, kind = plan.Delayed, plan.KindAnnounce
		}
	}
	if out.Refused = w.refuse(&p, kind, overridden); out.Refused != "" {
		return nil
	}
	call, err := s.Chain.Encode(ctx, head, Call{Kind: plan.KindNominate, Real: nominator, Targets: targets})
	if err != nil {
		return err
	}
	h := call.Hash()
	p.Call, p.CallHash = call.Bytes(), hexOf(h[:])
	if err := s.present(ctx, head, w, &p, kind, out); err != nil || out.Refused != "" {
		return err
	}
	s.Fault(BeforeCreate)
	stored, created, err := s.Store.CreatePlan(ctx, p)
	if errors.Is(err, plan.ErrOpen) {
		out.Refused = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	s.Fault(AfterCreate)
	out.Plan, out.Created = &stored, created
	return nil
}

// presentAgain shows the first transaction of a plan that has sent nothing yet.
func (s *Service) presentAgain(ctx context.Context, head plan.Head, a *Account, p *plan.Plan, out *Proposal) error {
	if a == nil || p.State != plan.Planned {
		return nil
	}
	w, err := s.world(ctx, head, a, p.Targets)
	if err != nil {
		return err
	}
	kind := map[plan.Mode]Kind{plan.Direct: plan.KindNominate, plan.Proxy: plan.KindProxy, plan.Delayed: plan.KindAnnounce}[p.Mode]
	err = s.present(ctx, head, w, p, kind, out)
	out.Refused = "" // the plan waits for it, and says so
	return err
}

// present shows the first transaction of a plan with its fee, which needs no signature.
func (s *Service) present(ctx context.Context, head plan.Head, w *world, p *plan.Plan, kind Kind, out *Proposal) error {
	a := w.account
	if a.Key == nil {
		return nil
	}
	call, err := s.Chain.Encode(ctx, head, callOf(p, kind))
	if err != nil {
		return err
	}
	nonce, err := s.Chain.NextNonce(ctx, a.Signer)
	if err != nil {
		return err
	}
	draft, err := s.Chain.Draft(ctx, head, call, nonce, s.period(head))
	if err != nil {
		return err
	}
	fee, err := s.Chain.Fee(ctx, draft, a.Key.Public())
	if err != nil {
		return err
	}
	if out.Refused = w.afford(kind, fee); out.Refused != "" {
		return nil
	}
	e := s.exhibit(&order{intent: plan.Intent{Key: p.Key, Kind: kind, Signer: a.Signer, Nonce: nonce, Birth: draft.Birth, Period: draft.Period}, draft: draft, fee: fee})
	out.Exhibit = &e
	return nil
}

// AtRest reports whether the plans of a round need nothing but blocks: they are closed, wait for their delay, or wait
// for something that their notes tell.
func (s *Service) AtRest(ctx context.Context, round string) (bool, error) {
	open, err := s.Store.Plans(ctx, plan.Filter{Network: s.info.Genesis, Open: true})
	if err != nil {
		return false, err
	}
	for _, p := range open {
		if p.Round == round && p.Tx != nil {
			return false, nil
		}
		if p.Round == round && (p.State == plan.Planned || p.State == plan.Cancelling) && p.Note == "" {
			return false, nil
		}
	}
	return true, nil
}
