package nominator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// observe gathers what a plan's next step depends on.
func (s *Service) observe(ctx context.Context, head plan.Head, p *plan.Plan) (plan.Observation, error) {
	o := plan.Observation{Head: head, Blacklisted: slices.Contains(s.Blacklist, p.CallHash)}
	var err error
	if o.May, err = s.permission(ctx, p.Nominator); err != nil {
		return o, err
	}
	if o.MayRemove, err = s.removalPermission(ctx, p.Nominator); err != nil {
		return o, err
	}
	if o.May.OK && p.Mode != plan.Removal && p.State != plan.Cancelling {
		if o.May, err = s.braked(ctx, p); err != nil {
			o.May = plan.Permission{Why: err.Error()} // a record that does not verify explains nothing
		}
	}
	b, err := s.Chain.Bonded(ctx, head, p.Nominator)
	if err != nil {
		return o, err
	}
	o.Targets, o.SubmittedIn = b.Targets, b.SubmittedIn
	if p.Tx != nil {
		if o.Tx, err = s.outcome(ctx, p); err != nil {
			return o, err
		}
	}
	if p.Mode != plan.Delayed && p.Mode != plan.Removal {
		return o, nil
	}
	if o.Heights, err = s.heights(ctx, head, p); err != nil {
		return o, err
	}
	if p.Mode == plan.Removal {
		return o, nil
	}
	return o, s.observeDelayed(ctx, head, p, &o)
}

func (s *Service) observeDelayed(ctx context.Context, head plan.Head, p *plan.Plan, o *plan.Observation) error {
	relations, err := s.Chain.Relations(ctx, head, p.Nominator)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if r.Delegate == p.Signer && r.Type == p.ProxyType {
			o.Relation = &r
			break
		}
	}
	call, err := s.Chain.Encode(ctx, head, Call{Kind: plan.KindNominate, Real: p.Nominator, Targets: p.Targets})
	if err != nil {
		return err
	}
	h := call.Hash()
	o.CallHash = hexOf(h[:])
	if len(o.Heights) > 0 && (p.Announcement == nil || p.Announcement.Clock == plan.ClockUnknown) {
		height := slices.Max(o.Heights)
		if p.Announcement != nil {
			height = p.Announcement.Height
		}
		a := Announcement{Real: p.Nominator, CallHash: p.CallHash, Height: height}
		if o.Clock, err = s.Chain.ClockOf(ctx, head, p.Signer, a); err != nil {
			// Not knowing is provided for; the reason is of use to the operator.
			s.Logger.Warn("the clock of the proxy pallet could not be found out", "nominator", p.Nominator, "error", err)
			o.Clock = plan.ClockUnknown
		}
	}
	if due(head, p, o) {
		o.Review, err = s.review(ctx, head, p, o.Targets)
	}
	return err
}

// due reports whether the plan may be executed in this step, so that its targets have to be judged: before, the candidate
// list need not be fetched.
func due(head plan.Head, p *plan.Plan, o *plan.Observation) bool {
	a := p.Announcement
	switch p.State {
	case plan.Announced, plan.Executable, plan.Executing:
	default:
		return false
	}
	if a == nil || o.Relation == nil {
		return false
	}
	clock := a.Clock
	if clock == plan.ClockUnknown {
		clock = o.Clock
	}
	now, ok := head.Now(clock)
	return ok && uint64(now) >= plan.ExecutableAt(a.Height, o.Relation.Delay)
}

// heights are those of the announcements of the plan's call, ascending.
func (s *Service) heights(ctx context.Context, at plan.Head, p *plan.Plan) ([]uint32, error) {
	a, err := s.Chain.Announcements(ctx, at, p.Signer)
	if err != nil {
		return nil, err
	}
	var out []uint32
	for _, e := range a.List {
		if e.Real == p.Nominator && e.CallHash == p.CallHash {
			out = append(out, e.Height)
		}
	}
	slices.Sort(out)
	return out, nil
}

// outcome is what is known of a plan's transaction.
func (s *Service) outcome(ctx context.Context, p *plan.Plan) (*plan.Outcome, error) {
	i, err := s.Store.Intent(ctx, p.Tx.Intent)
	if err != nil {
		return nil, err
	}
	o := &plan.Outcome{Stage: plan.Pending, Error: i.Error, Inner: i.Inner, Extrinsic: i.Hash}
	switch i.Status {
	case plan.Abandoned:
		o.Stage, o.Never = plan.Lost, i.Error
	case plan.Expired:
		o.Stage = plan.Lost
	case plan.Withheld:
		o.Pool = i.Error
	case plan.Done, plan.Failing:
		o.Stage = plan.Included
		s.after(ctx, p, &i, o)
	default:
		o.Pool = i.Error
		if h := s.watches[i.ID]; h != nil {
			if o.Pool = h.text; h.seen {
				o.Stage, o.Block = plan.Seen, h.block
			}
		}
	}
	return o, nil
}

// after reads the state at the end of the block that included a transaction. When that is not possible, for instance
// because the node has discarded the state, the plan waits, and the operator is told why.
func (s *Service) after(ctx context.Context, p *plan.Plan, i *plan.Intent, o *plan.Outcome) {
	o.Block = plan.Head{Number: i.Number, Hash: i.Block}
	err := func() error {
		at, err := s.Chain.HeadAt(ctx, i.Block)
		if err != nil {
			return err
		}
		b, err := s.Chain.Bonded(ctx, at, p.Nominator)
		if err != nil {
			return err
		}
		after := plan.After{Targets: b.Targets}
		if p.Mode == plan.Delayed || p.Mode == plan.Removal {
			if after.Heights, err = s.heights(ctx, at, p); err != nil {
				return err
			}
		}
		o.Block, o.After = at, &after
		return nil
	}()
	if err != nil && !errors.Is(err, context.Canceled) {
		s.Logger.Warn("the state after the transaction could not be read; an endpoint that keeps old states is needed if this goes on",
			"nominator", p.Nominator, "block", i.Number, "error", err)
	}
}

// review judges targets again, as the round would.
func (s *Service) review(ctx context.Context, head plan.Head, p *plan.Plan, current []programme.Address) (*plan.Review, error) {
	intentions, err := s.Chain.Validators(ctx, head, p.Targets)
	if err != nil {
		return nil, err
	}
	r := &plan.Review{}
	breach := func(format string, args ...any) { r.Breaches = append(r.Breaches, fmt.Sprintf(format, args...)) }
	for k, t := range p.Targets {
		switch in := intentions[k]; {
		case !in.Present:
			breach("%s has no intention to validate any more", t)
		case in.Blocked && !slices.Contains(current, t):
			breach("%s blocks nominations", t)
		case in.Commission > s.MaxCommission:
			breach("%s raised its commission to %s %%, %s %% is allowed", t, in.Commission.Percent(), s.MaxCommission.Percent())
		}
	}
	if s.Programme == nil {
		r.Unknown = append(r.Unknown, "there is no candidate list to compare with")
		return r, nil
	}
	standing, err := s.Programme.Standing(ctx)
	if err != nil {
		r.Unknown = append(r.Unknown, "the candidate list could not be read: "+err.Error())
		return r, nil //nolint:nilerr // not knowing is an answer
	}
	for _, t := range p.Targets {
		switch c, listed := standing[t]; {
		case !listed:
			breach("%s is no longer listed", t)
		case c.Suspended != "":
			breach("%s is suspended: %s", t, c.Suspended)
		}
	}
	return r, nil
}
