package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// CreatePlan stores a new plan, or returns the one with the same key, created being false then. A plan of the same
// nominator that waits to be acted upon and has never signed anything gives way; any other open one is
// [plan.ErrOpen]. The document that explains the plan must be stored, else it is [plan.ErrUnexplained].
func (s *Store) CreatePlan(ctx context.Context, p plan.Plan) (stored plan.Plan, created bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if have, err := planOf(ctx, tx, p.Key); err == nil {
			stored = have
			return nil
		} else if !errors.Is(err, plan.ErrNotFound) {
			return err
		}
		known, err := tx.NewSelect().Table("records").Where("digest = ?", p.Round).Exists(ctx)
		if err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("%s: %w", p.Round, plan.ErrUnexplained)
		}
		if p.Mode == plan.Removal {
			if have, ok, err := openRemoval(ctx, tx, &p); err != nil || ok {
				stored = have
				return err
			}
		} else if err := giveWay(ctx, tx, &p); err != nil {
			return err
		}
		p.Version = 1
		row, err := newPlanRow(&p)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		stored, created = p, true
		if err := bump(ctx, tx, memory.SubjectPlans); err != nil {
			return err
		}
		return record(ctx, tx, []plan.Event{{Key: p.Key, At: p.Created, To: p.State, Text: p.Reason}})
	})
	if err != nil {
		return stored, false, fmt.Errorf("store plan of %s: %w", p.Nominator, err)
	}
	return stored, created, nil
}

// giveWay closes an untouched plan of the nominator in favour of p.
func giveWay(ctx context.Context, tx bun.Tx, p *plan.Plan) error {
	var rows []planRow
	if err := tx.NewSelect().Model(&rows).Where("network = ? AND nominator = ? AND closed = 0 AND mode <> ?", p.Network, string(p.Nominator), string(plan.Removal)).Scan(ctx); err != nil {
		return err
	}
	for i := range rows {
		old, err := rows[i].plan()
		if err != nil {
			return err
		}
		if old.State != plan.Planned || old.Tx != nil || old.Attempts > 0 {
			return fmt.Errorf("%w: the one of record %s is %s", plan.ErrOpen, old.Round, old.State)
		}
		e := plan.Event{Key: old.Key, At: p.Created, From: old.State, To: plan.Cancelled, Text: "superseded by record " + p.Round}
		old.State, old.Reason, old.Note, old.Updated = plan.Cancelled, e.Text, "", p.Created
		if err := replace(ctx, tx, &old); err != nil {
			return err
		}
		if err := record(ctx, tx, []plan.Event{e}); err != nil {
			return err
		}
	}
	return nil
}

func openRemoval(ctx context.Context, tx bun.Tx, p *plan.Plan) (plan.Plan, bool, error) {
	var rows []planRow
	err := tx.NewSelect().Model(&rows).Where("network = ? AND nominator = ? AND signer = ? AND call_hash = ? AND closed = 0 AND mode = ?",
		p.Network, string(p.Nominator), string(p.Signer), p.CallHash, string(plan.Removal)).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return plan.Plan{}, false, err
	}
	have, err := rows[0].plan()
	return have, true, err
}

// replace writes a plan over its version and counts the version up; [plan.ErrStale] when it has another one.
func replace(ctx context.Context, tx bun.Tx, p *plan.Plan) error {
	from := p.Version
	p.Version++
	row, err := newPlanRow(p)
	if err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(row).
		ExcludeColumn("seq", "round", "nominator", "network", "mode", "era", "targets", "created").
		Where("round = ? AND nominator = ? AND version = ?", p.Round, string(p.Nominator), from).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n != 1 {
		return plan.ErrStale
	}
	return nil
}

type eventRow struct {
	bun.BaseModel `bun:"table:plan_events"`
	Seq           int64 `bun:",pk,autoincrement"`
	Round         string
	Nominator     string
	At            int64
	FromState     string
	ToState       string
	Text          string
}

func record(ctx context.Context, tx bun.Tx, events []plan.Event) error {
	for _, e := range events {
		row := eventRow{Round: e.Round, Nominator: string(e.Nominator), At: int64(e.At), FromState: string(e.From), ToState: string(e.To), Text: e.Text}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Advance stores a step of a plan: the plan, its history, and the intent of what the step signs, all or nothing. The
// errors are [plan.ErrStale] when the plan is not what the step was made from, and a [*plan.Obstacle] when the intent
// must not be signed. It returns the plan with its new version.
func (s *Store) Advance(ctx context.Context, c plan.Change) (plan.Plan, error) {
	p := c.Plan
	p.Updated = c.At
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := replace(ctx, tx, &p); err != nil {
			return err
		}
		if err := record(ctx, tx, c.Events); err != nil {
			return err
		}
		for _, w := range c.Alerts {
			if _, err := raise(ctx, tx, w); err != nil {
				return err
			}
		}
		if err := bump(ctx, tx, memory.SubjectPlans); err != nil {
			return err
		}
		if c.Intent == nil {
			return nil
		}
		return prepare(ctx, tx, &c)
	})
	if err != nil {
		return c.Plan, fmt.Errorf("store plan of %s: %w", c.Plan.Nominator, err)
	}
	return p, nil
}

// Plan reads one plan; [plan.ErrNotFound] when there is none.
func (s *Store) Plan(ctx context.Context, key plan.Key) (plan.Plan, error) {
	p, err := planOf(ctx, s.from(ctx), key)
	if err != nil {
		return p, fmt.Errorf("plan of %s: %w", key.Nominator, explain(err))
	}
	return p, nil
}

func planOf(ctx context.Context, db bun.IDB, key plan.Key) (plan.Plan, error) {
	var row planRow
	err := db.NewSelect().Model(&row).Where("round = ? AND nominator = ?", key.Round, string(key.Nominator)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return plan.Plan{}, plan.ErrNotFound
	}
	if err != nil {
		return plan.Plan{}, err
	}
	return row.plan()
}

// Plans lists plans, the newest first.
func (s *Store) Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error) {
	var rows []planRow
	q := s.from(ctx).NewSelect().Model(&rows).Order("seq DESC")
	if f.Network != "" {
		q.Where("network = ?", f.Network)
	}
	if f.Nominator != "" {
		q.Where("nominator = ?", string(f.Nominator))
	}
	if f.Open {
		q.Where("closed = 0")
	}
	if f.CallHash != "" {
		q.Where("call_hash = ?", f.CallHash)
	}
	if f.Limit > 0 {
		q.Limit(f.Limit)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list plans: %w", explain(err))
	}
	out := make([]plan.Plan, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].plan(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// History lists what a plan went through, oldest first.
func (s *Store) History(ctx context.Context, key plan.Key) ([]plan.Event, error) {
	var rows []eventRow
	if err := s.from(ctx).NewSelect().Model(&rows).Where("round = ? AND nominator = ?", key.Round, string(key.Nominator)).Order("seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("history of the plan of %s: %w", key.Nominator, explain(err))
	}
	out := make([]plan.Event, len(rows))
	for i, r := range rows {
		out[i] = plan.Event{
			Key: plan.Key{Round: r.Round, Nominator: programme.Address(r.Nominator)}, At: programme.Millis(r.At),
			From: plan.State(r.FromState), To: plan.State(r.ToState), Text: r.Text,
		}
	}
	return out, nil
}
