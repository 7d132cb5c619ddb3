package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type checkOverrideRow struct {
	bun.BaseModel `bun:"table:check_overrides,alias:co"`
	Slot          int64  `bun:",pk"`
	Code          string `bun:",pk"`
	Stash         string
	State         string
	Author        string
	Reason        string
	At            int64
	Expires       int64
}

// SaveCheckOverride puts an operator's answer to a check of a slot in the place of the one before.
func (s *Store) SaveCheckOverride(ctx context.Context, o memory.Override) error {
	row := checkOverrideRow{
		Slot: int64(o.Slot), Code: string(o.Code), Stash: string(o.Stash), State: string(o.State), Author: o.Author, Reason: o.Reason,
		At: int64(o.At), Expires: int64(o.Expires),
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, []checkOverrideRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectOverrides)
	})
	if err != nil {
		return fmt.Errorf("store override of a check: %w", err)
	}
	return nil
}

// EndCheckOverride takes the answer of an operator to a check of a slot away; [ErrNotFound] when there is none that
// expires after the given moment.
func (s *Store) EndCheckOverride(ctx context.Context, slot int, code programme.Code, now programme.Millis) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		ended, err := affected(tx.NewDelete().Model((*checkOverrideRow)(nil)).
			Where("slot = ? AND code = ? AND expires > ?", slot, string(code), int64(now)).Exec(ctx))
		if err == nil && !ended {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectOverrides)
	})
	if err != nil {
		return fmt.Errorf("end override of %s for slot %d: %w", code, slot, err)
	}
	return nil
}

// CheckOverrides lists the answers of operators to checks that expire after the given moment, by slot and code.
func (s *Store) CheckOverrides(ctx context.Context, now programme.Millis) ([]memory.Override, error) {
	return list(ctx, s.from(ctx), "overrides of checks", func(q *bun.SelectQuery) { q.Where("expires > ?", int64(now)).Order("slot", "code") },
		func(r *checkOverrideRow) (memory.Override, error) {
			return memory.Override{Slot: int(r.Slot), Stash: programme.Address(r.Stash), Override: programme.Override{
				Code: programme.Code(r.Code), State: programme.State(r.State), Author: r.Author, Reason: r.Reason,
				At: programme.Millis(r.At), Expires: programme.Millis(r.Expires),
			}}, nil
		})
}
