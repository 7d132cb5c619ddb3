package nominator

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Look compares everything with the newest finalised block and moves it on: the fate of what was signed, the
// announcements on chain, and every open plan. It is all there is to do at start and after every block. Plans that
// cannot be looked at do not keep others from it; the errors are joined.
func (s *Service) Look(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look(ctx)
}

func (s *Service) look(ctx context.Context) error {
	head, err := s.head(ctx)
	if err != nil {
		return err
	}
	errs := []error{s.settle(ctx, head), s.reconcile(ctx, head)}
	open, err := s.Store.Plans(ctx, plan.Filter{Network: s.info.Genesis, Open: true})
	errs = append(errs, err)
	// The list has the newest first; the oldest is the one that has waited longest.
	for i := len(open) - 1; i >= 0; i-- {
		if err := s.step(ctx, head, open[i]); err != nil && !errors.Is(err, plan.ErrStale) {
			errs = append(errs, fmt.Errorf("plan of %s: %w", open[i].Nominator, err))
		}
	}
	return errors.Join(errs...)
}

// head is the newest finalised block, provided that it is not older than one that was seen before.
func (s *Service) head(ctx context.Context) (plan.Head, error) {
	intents, err := s.Store.Intents(ctx, plan.IntentFilter{Network: s.info.Genesis, Limit: 20})
	if err != nil {
		return plan.Head{}, err
	}
	for _, i := range intents {
		s.floor = max(s.floor, i.Scanned, i.Number)
	}
	head, err := s.Chain.Head(ctx)
	if err != nil {
		return head, fmt.Errorf("newest finalised block: %w", err)
	}
	if head.Number < s.floor {
		return head, fmt.Errorf("the node knows final blocks up to %d only, while %d is known to be final: it lags behind", head.Number, s.floor)
	}
	s.floor = head.Number
	return head, nil
}

// step moves one plan on.
func (s *Service) step(ctx context.Context, head plan.Head, p plan.Plan) error {
	o, err := s.observe(ctx, head, &p)
	if err != nil {
		return err
	}
	q, actions := plan.Step(p, o)
	var tx *order
	if kind := sends(actions); kind != "" {
		tx, err = s.prepare(ctx, head, q, kind)
		var no *refusal
		switch {
		case errors.As(err, &no):
			return s.hold(ctx, head, p, o, no.text)
		case err != nil:
			return err
		}
		q = tx.plan
	}
	err = s.advance(ctx, head, p, q, actions, tx)
	var obstacle *plan.Obstacle
	switch {
	case errors.As(err, &obstacle):
		return s.hold(ctx, head, p, o, obstacle.Text)
	case err != nil || tx == nil:
		return err
	}
	return s.dispatch(ctx, head, tx)
}

// hold is a step in which nothing may be signed, for the given reason.
func (s *Service) hold(ctx context.Context, head plan.Head, p plan.Plan, o plan.Observation, why string) error {
	o.May, o.MayRemove = plan.Permission{Why: why}, plan.Permission{Why: why}
	q, actions := plan.Step(p, o)
	return s.advance(ctx, head, p, q, actions, nil)
}

// advance stores a step with its history, its alerts and its intent.
func (s *Service) advance(ctx context.Context, head plan.Head, p, q plan.Plan, actions []plan.Action, tx *order) error {
	now := s.millis()
	c := plan.Change{Plan: q, At: now, Owner: s.Owner, Until: now + millisOf(s.Lease)}
	for _, a := range actions {
		switch a.Kind {
		case plan.Moved:
			c.Events = append(c.Events, plan.Event{Key: p.Key, At: now, From: a.From, To: a.To, Text: a.Text})
		case plan.Alert:
			k := warningKey{a.Code, p.Round, head.Era}
			if !s.raised[k] {
				c.Alerts = append(c.Alerts, plan.Warning{
					Network: s.info.Genesis, Code: a.Code, Subject: p.Round, Era: head.Era, Nominator: p.Nominator, Text: a.Text, At: now,
				})
			}
		}
	}
	before, after := BeforeAdvance, AfterAdvance
	if tx != nil {
		c.Intent = &tx.intent
		before, after = BeforeIntent, AfterIntent
	}
	if tx == nil && len(c.Events)+len(c.Alerts) == 0 && q.Note == p.Note && pool(&q) == pool(&p) && q.Delay == p.Delay && clockOf(&q) == clockOf(&p) {
		return nil
	}
	s.Fault(before)
	stored, err := s.Store.Advance(ctx, c)
	if err != nil {
		return err
	}
	s.Fault(after)
	if tx != nil {
		tx.plan = stored
	}
	for _, w := range c.Alerts {
		s.raised[warningKey{w.Code, w.Subject, w.Era}] = true
		s.Logger.Warn(w.Text, "alert", w.Code, "nominator", w.Nominator, "era", w.Era)
	}
	for _, e := range c.Events {
		s.Logger.Info("plan "+string(e.To), "nominator", p.Nominator, "from", e.From, "reason", e.Text, "round", p.Round)
	}
	return nil
}

func sends(actions []plan.Action) Kind {
	for _, a := range actions {
		if a.Kind == plan.Send {
			return a.Tx
		}
	}
	return ""
}

func pool(p *plan.Plan) string {
	if p.Tx == nil {
		return ""
	}
	return p.Tx.Intent + p.Tx.Pool
}

func clockOf(p *plan.Plan) plan.Clock {
	if p.Announcement == nil {
		return ""
	}
	return p.Announcement.Clock
}
