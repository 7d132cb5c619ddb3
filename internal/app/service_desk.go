package app

import (
	"context"
	"errors"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/rounds"
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
	c, err := p.database.get().Chain(ctx)
	if err != nil {
		return err
	}
	err = r.Forgive(ctx, rounds.Order{Slot: slot, Revoke: fault, Author: author, Reason: reason, Network: c.Genesis, Era: c.Eras.Active})
	if errors.Is(err, rounds.ErrNothingToForgive) {
		return ops.Unknown("%s", err)
	}
	return err
}
