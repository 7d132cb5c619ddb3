package nominator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// permission says whether something may be signed for a nominator now. It is asked when a step is decided, and again
// at the desk.
func (s *Service) permission(ctx context.Context, nominator programme.Address) (plan.Permission, error) {
	switch {
	case s.Mode != ModeAct:
		return plan.Permission{Why: fmt.Sprintf("act.mode is %s: nothing is signed", s.Mode)}, nil
	case !s.Consent:
		return plan.Permission{Why: "nothing is signed without consent (--yes)"}, nil
	}
	if a := s.accounts[nominator]; a == nil {
		return plan.Permission{Why: fmt.Sprintf("%s is not configured as a nominator", nominator)}, nil
	} else if a.Key == nil {
		return plan.Permission{Why: fmt.Sprintf("there is no key for %s", nominator)}, nil
	}
	pauses, err := s.Store.Pauses(ctx)
	if err != nil {
		return plan.Permission{}, err
	}
	for _, p := range pauses {
		if p.Nominator == "" || sameAccount(p.Nominator, nominator) {
			what := "everything is paused"
			if p.Nominator != "" {
				what = "the nominator is paused"
			}
			return plan.Permission{Why: fmt.Sprintf("%s by %s since %s: %s", what, p.Author, p.At, p.Reason)}, nil
		}
	}
	return plan.Permission{OK: true}, nil
}

// sameAccount compares two addresses of whatever network: a pause must work without asking the chain for its prefix.
func sameAccount(a, b programme.Address) bool {
	_, x, errA := ss58.DecodeAccount(string(a))
	_, y, errB := ss58.DecodeAccount(string(b))
	return errA == nil && errB == nil && x == y
}

// removalPermission is permission without the pauses: an operator who orders a removal wants it now.
func (s *Service) removalPermission(ctx context.Context, nominator programme.Address) (plan.Permission, error) {
	may, err := s.permission(ctx, nominator)
	if err != nil || may.OK || s.Mode != ModeAct || !s.Consent {
		return may, err
	}
	if a := s.accounts[nominator]; a == nil || a.Key == nil {
		return may, nil
	}
	return plan.Permission{OK: true}, nil
}

// explanation is a stored document after it was verified.
type explanation struct {
	kind plan.DocumentKind
	// targets are what a record gives each nominator, and era the era it was decided in.
	targets map[programme.Address][]programme.Address
	era     programme.Era
	genesis string
	brakes  []string
	order   *RemovalOrder
}

// explain reads a stored document and verifies it. A record is recomputed from its inputs, once for each process.
func (s *Service) explain(ctx context.Context, digest string) (*explanation, error) {
	if e := s.records[digest]; e != nil {
		return e, nil
	}
	d, err := s.Store.Document(ctx, digest)
	if errors.Is(err, plan.ErrNotFound) {
		return nil, fmt.Errorf("record %s: %w", digest, plan.ErrUnexplained)
	}
	if err != nil {
		return nil, err
	}
	e := &explanation{kind: d.Kind}
	switch d.Kind {
	case plan.DocumentRound:
		r, err := decision.Verify(d.Bytes)
		if err != nil {
			return nil, fmt.Errorf("stored record %s: %w", digest, err)
		}
		if r.Digest != digest {
			return nil, fmt.Errorf("stored record %s: it is the record %s", digest, r.Digest)
		}
		e.fill(r)
	case plan.DocumentOrder:
		if e.order, err = ReadRemovalOrder(d.Bytes); err != nil {
			return nil, fmt.Errorf("stored order %s: %w", digest, err)
		}
		if got := e.order.digest(); got != digest {
			return nil, fmt.Errorf("stored order %s: it is the order %s", digest, got)
		}
	default:
		return nil, fmt.Errorf("stored document %s: its kind %q is not known", digest, d.Kind)
	}
	s.records[digest] = e
	return e, nil
}

func (e *explanation) fill(r *decision.Record) {
	e.era = r.Inputs.Snapshot.Eras.Active
	e.targets = map[programme.Address][]programme.Address{}
	for _, n := range r.Decision.Nominators {
		if n.Due && len(n.Targets) > 0 {
			e.targets[n.Address] = n.Targets
		}
	}
	for _, b := range r.Inputs.Snapshot.Blocks {
		if b.Role == programme.RoleStaking {
			e.genesis = b.Genesis
		}
	}
	for _, b := range decision.Tripped(&r.Decision) {
		e.brakes = append(e.brakes, b.Name+" ("+b.Detail+")")
	}
}

// explains checks that the document behind a plan says what the plan does; the error says what is wrong.
func (s *Service) explains(ctx context.Context, p *plan.Plan, kind Kind) error {
	e, err := s.explain(ctx, p.Round)
	if err != nil {
		return err
	}
	if kind == plan.KindRemove && p.Mode != plan.Removal {
		return nil // whatever a record led to may be undone
	}
	switch {
	case p.Mode == plan.Removal && (e.order == nil || kind != plan.KindRemove):
		return fmt.Errorf("the document %s orders no removal: %w", p.Round, plan.ErrUnexplained)
	case p.Mode == plan.Removal:
		o := e.order
		if o.Network != p.Network || o.Nominator != p.Nominator || o.Signer != p.Signer || o.CallHash != p.CallHash {
			return fmt.Errorf("the order %s is about another announcement: %w", p.Round, plan.ErrUnexplained)
		}
		return nil
	case e.kind != plan.DocumentRound:
		return fmt.Errorf("the document %s decides no nominations: %w", p.Round, plan.ErrUnexplained)
	case e.genesis != p.Network:
		return fmt.Errorf("the record %s is about another chain: %w", p.Round, plan.ErrUnexplained)
	case e.era != p.Era || !slices.Equal(e.targets[p.Nominator], p.Targets):
		return fmt.Errorf("the record %s gives %s other targets than the plan: %w", p.Round, p.Nominator, plan.ErrUnexplained)
	}
	return nil
}

// braked says which brakes of the plan's record tripped.
func (s *Service) braked(ctx context.Context, p *plan.Plan) (plan.Permission, error) {
	e, err := s.explain(ctx, p.Round)
	if err != nil {
		return plan.Permission{}, err
	}
	if len(e.brakes) > 0 {
		return plan.Permission{Why: "brakes of the record tripped: " + e.brakes[0]}, nil
	}
	return plan.Permission{OK: true}, nil
}
