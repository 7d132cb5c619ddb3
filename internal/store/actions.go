package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type actionRow struct {
	bun.BaseModel `bun:"table:actions,alias:ac"`
	Seq           int64 `bun:",pk,autoincrement"`
	At            int64
	Author        string
	Verb          string
	Subject       string
	Reason        string
	Detail        string
}

// AddAction writes down what an operator did; with what it did, when it is called in the same [Store.Atomic].
func (s *Store) AddAction(ctx context.Context, a memory.Action) error {
	row := actionRow{At: int64(a.At), Author: a.Author, Verb: a.Verb, Subject: a.Subject, Reason: a.Reason, Detail: a.Detail}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := add(ctx, tx, []actionRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectActions)
	})
	if err != nil {
		return fmt.Errorf("store action: %w", err)
	}
	return nil
}

// Actions lists what operators did, newest first; a limit of 0 means all, and an empty subject everything.
func (s *Store) Actions(ctx context.Context, subject string, limit int) ([]memory.Action, error) {
	return list(ctx, s.from(ctx), "actions", func(q *bun.SelectQuery) {
		q.Order("seq DESC")
		if subject != "" {
			q.Where("subject = ?", subject)
		}
		if limit > 0 {
			q.Limit(limit)
		}
	}, func(r *actionRow) (memory.Action, error) {
		return memory.Action{
			Seq: r.Seq, At: programme.Millis(r.At), Author: r.Author, Verb: r.Verb, Subject: r.Subject, Reason: r.Reason, Detail: r.Detail,
		}, nil
	})
}
