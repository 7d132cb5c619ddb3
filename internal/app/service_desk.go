package app

import (
	"context"
	"errors"
	"slices"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/store"
)

// errNoEngine means that this process asks for no jobs.
var errNoEngine = errors.New("this process does no jobs: send the order to the admin listener of one with the core or worker role")

// desk takes operators' orders.
func (p *process) desk() *ops.Desk {
	return &ops.Desk{
		Book: func() (ops.Book, error) {
			if db := p.database.get(); db != nil {
				return db, nil
			}
			return nil, errors.New("the database is not open")
		},
		Rerun: p.rerun, Forgive: p.forgive, Now: p.Now,
	}
}

func (p *process) rerun(ctx context.Context, job string) error {
	engine, ok := p.engine.now()
	if !ok {
		return errNoEngine
	}
	err := engine.Request(ctx, jobs.ByOperator, job)
	if errors.Is(err, jobs.ErrUnknown) {
		return ops.Unknown("there is no job %q", job)
	}
	return err
}

// forgive revokes a fault, or lifts a suspension where none is named.
func (p *process) forgive(ctx context.Context, slot int, fault, author, reason string) error {
	r, err := p.newRounds()
	if err != nil {
		return err
	}
	db := p.database.get()
	if err := forgivable(ctx, db, slot, fault); err != nil {
		return err
	}
	c, err := db.Chain(ctx)
	if err != nil {
		return err
	}
	return r.Forgive(ctx, rounds.Order{Slot: slot, Revoke: fault, Author: author, Reason: reason, Network: c.Genesis, Era: c.Eras.Active})
}

// forgivable reports a slot without the fault, or without any suspension when none is named.
func forgivable(ctx context.Context, db *store.Store, slot int, fault string) error {
	if fault != "" {
		events, err := db.RankEventsOf(ctx, slot)
		is := func(test func(e memory.RankEvent) bool) bool { return slices.ContainsFunc(events, test) }
		switch {
		case err != nil:
			return err
		case !is(func(e memory.RankEvent) bool { return e.Kind == rank.Fault && e.ID == fault }):
			return ops.Unknown("slot %d has no fault %q", slot, fault)
		case is(func(e memory.RankEvent) bool { return e.Kind == rank.Revocation && e.Revokes == fault }):
			return ops.Unknown("the fault %q of slot %d was taken back before", fault, slot)
		}
		return nil
	}
	rankings, err := db.Rankings(ctx)
	if err == nil && !slices.ContainsFunc(rankings, func(r memory.Ranking) bool { return r.Slot == slot && r.Suspend != nil }) {
		err = ops.Unknown("slot %d is not suspended", slot)
	}
	return err
}
