package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

type pauseRow struct {
	bun.BaseModel `bun:"table:pauses"`
	Seq           int64 `bun:",pk,autoincrement"`
	Nominator     string
	Author        string
	Reason        string
	At            int64
	Ended         *int64
	EndedBy       *string
	EndedReason   *string
}

// Pause stops signing for a nominator, or for all when it names none. A pause that runs already stays as it is, set
// being false then.
func (s *Store) Pause(ctx context.Context, p plan.Pause) (set bool, err error) {
	row := pauseRow{Nominator: string(p.Nominator), Author: p.Author, Reason: p.Reason, At: int64(p.At)}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if set, err = affected(tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)); err != nil || !set {
			return err
		}
		return bump(ctx, tx, memory.SubjectPlans)
	})
	if err != nil {
		return false, fmt.Errorf("store pause: %w", err)
	}
	return set, nil
}

// Resume ends the pause of a nominator, or the one of all. It is [plan.ErrNotFound] when there is none.
func (s *Store) Resume(ctx context.Context, p plan.Pause) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		ended, err := affected(tx.NewUpdate().Model((*pauseRow)(nil)).
			Set("ended = ?, ended_by = ?, ended_reason = ?", int64(p.At), p.Author, p.Reason).
			Where("nominator = ? AND ended IS NULL", string(p.Nominator)).Exec(ctx))
		if err == nil && !ended {
			err = plan.ErrNotFound
		}
		if err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectPlans)
	})
	if err != nil {
		return fmt.Errorf("store end of pause: %w", err)
	}
	return nil
}

// Pauses lists the pauses that run.
func (s *Store) Pauses(ctx context.Context) ([]plan.Pause, error) {
	var rows []pauseRow
	if err := s.from(ctx).NewSelect().Model(&rows).Where("ended IS NULL").Order("seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list pauses: %w", explain(err))
	}
	out := make([]plan.Pause, len(rows))
	for i, r := range rows {
		out[i] = plan.Pause{Nominator: programme.Address(r.Nominator), Order: plan.Order{Author: r.Author, Reason: r.Reason, At: programme.Millis(r.At)}}
	}
	return out, nil
}

type overrideRow struct {
	bun.BaseModel `bun:"table:overrides"`
	Seq           int64 `bun:",pk,autoincrement"`
	Network       string
	Nominator     string
	Era           int64
	Targets       string
	Author        string
	Reason        string
	At            int64
	Intent        *string
}

// AddOverride permits a set of targets although the nominator has had one in the era.
func (s *Store) AddOverride(ctx context.Context, o plan.Override) error {
	row := overrideRow{
		Network: o.Network, Nominator: string(o.Nominator), Era: int64(o.Era), Targets: o.Targets,
		Author: o.Author, Reason: o.Reason, At: int64(o.At),
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectPlans)
	})
	if err != nil {
		return fmt.Errorf("store override: %w", err)
	}
	return nil
}

// Overridden reports whether an operator has permitted a set of targets, and it was not used yet.
func (s *Store) Overridden(ctx context.Context, network string, nominator programme.Address, era programme.Era, targets string) (bool, error) {
	seq, err := override(ctx, s.from(ctx), &plan.Intent{Network: network, Key: plan.Key{Nominator: nominator}, Era: era, Targets: targets})
	if err != nil {
		return false, fmt.Errorf("read overrides: %w", explain(err))
	}
	return seq != 0, nil
}

// override finds one that fits the intent and is not used up, 0 when there is none.
func override(ctx context.Context, db bun.IDB, i *plan.Intent) (int64, error) {
	var seq []int64
	err := db.NewSelect().Model((*overrideRow)(nil)).Column("seq").
		Where("network = ? AND nominator = ? AND era = ? AND targets = ?", i.Network, string(i.Nominator), int64(i.Era), i.Targets).
		Where("intent IS NULL OR intent IN (SELECT id FROM intents WHERE status IN (?))",
			bun.In([]string{string(plan.Abandoned), string(plan.Expired), string(plan.Failing)})).
		Order("seq").Limit(1).Scan(ctx, &seq)
	if err != nil || len(seq) == 0 {
		return 0, err
	}
	return seq[0], nil
}

type alertRow struct {
	bun.BaseModel `bun:"table:alerts"`
	Seq           int64 `bun:",pk,autoincrement"`
	Network       string
	Code          string
	Subject       string
	Era           int64
	Nominator     string
	Text          string
	At            int64
	Last          int64
	Count         int64
}

// RaiseAlert stores an alert, or counts a repetition; fresh tells which.
func (s *Store) RaiseAlert(ctx context.Context, w plan.Warning) (fresh bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if fresh, err = raise(ctx, tx, w); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectPlans)
	})
	if err != nil {
		return false, fmt.Errorf("store alert: %w", err)
	}
	return fresh, nil
}

func raise(ctx context.Context, tx bun.Tx, w plan.Warning) (fresh bool, err error) {
	row := alertRow{
		Network: w.Network, Code: w.Code, Subject: w.Subject, Era: int64(w.Era), Nominator: string(w.Nominator), Text: w.Text,
		At: int64(w.At), Last: int64(w.At), Count: 1,
	}
	_, err = tx.NewInsert().Model(&row).
		On("CONFLICT (network, code, subject, era) DO UPDATE").
		Set("last = EXCLUDED.last, count = ?TableAlias.count + 1, text = EXCLUDED.text").Returning("count").Exec(ctx)
	return row.Count == 1, err
}

// Alerts lists alerts of a network, the newest first.
func (s *Store) Alerts(ctx context.Context, network string, limit int) ([]plan.Warning, error) {
	var rows []alertRow
	q := s.from(ctx).NewSelect().Model(&rows).Order("last DESC", "seq DESC").Limit(limit)
	if network != "" {
		q.Where("network = ?", network)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list alerts: %w", explain(err))
	}
	out := make([]plan.Warning, len(rows))
	for i, r := range rows {
		out[i] = plan.Warning{
			Network: r.Network, Code: r.Code, Subject: r.Subject, Era: programme.Era(r.Era), Nominator: programme.Address(r.Nominator),
			Text: r.Text, At: programme.Millis(r.At), Last: programme.Millis(r.Last), Count: int(r.Count),
		}
	}
	return out, nil
}
