package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type roundRow struct {
	bun.BaseModel `bun:"table:rounds,alias:ro"`
	Number        int64 `bun:",pk"`
	Digest        string
	Network       string
	At            int64
	Block         int64
	BlockHash     string
	Era           int64
	Session       int64
	Counts        string
	Tripped       string
	Previous      string
	Created       int64
}

func (r *roundRow) round() (memory.Round, error) {
	out := memory.Round{
		Digest: r.Digest, Number: r.Number, Network: r.Network, At: programme.Millis(r.At), Block: uint32(r.Block), BlockHash: r.BlockHash,
		Era: programme.Era(r.Era), Session: programme.Session(r.Session), Previous: r.Previous, Created: programme.Millis(r.Created),
	}
	err := errors.Join(parse("counts of a round", r.Counts, &out.Counts), parse("brakes of a round", r.Tripped, &out.Tripped))
	return out, err
}

// SaveRound stores a round under the next number; a round that is stored already stays as it is.
func (s *Store) SaveRound(ctx context.Context, r memory.Round) error {
	row := roundRow{
		Digest: r.Digest, Network: r.Network, At: int64(r.At), Block: int64(r.Block), BlockHash: r.BlockHash, Era: int64(r.Era),
		Session: int64(r.Session), Previous: r.Previous, Created: int64(r.Created),
	}
	var err error
	if row.Counts, err = text(r.Counts); err != nil {
		return fmt.Errorf("store round: %w", err)
	}
	if row.Tripped, err = text(r.Tripped); err != nil {
		return fmt.Errorf("store round: %w", err)
	}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		known, err := tx.NewSelect().Model((*roundRow)(nil)).Where("digest = ?", r.Digest).Exists(ctx)
		if err != nil || known {
			return err
		}
		if err := tx.NewSelect().Model((*roundRow)(nil)).ColumnExpr("coalesce(max(number), 0) + 1").Scan(ctx, &row.Number); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectRounds)
	})
	if err != nil {
		return fmt.Errorf("store round: %w", err)
	}
	return nil
}

// NewestRound reads the round that was held last on a network (genesis hash); ok is false before the first.
func (s *Store) NewestRound(ctx context.Context, network string) (r memory.Round, ok bool, err error) {
	all, err := s.Rounds(ctx, network, 1)
	if err != nil || len(all) == 0 {
		return r, false, err
	}
	return all[0], true, nil
}

// Rounds lists rounds, newest first; a limit of 0 means all, an empty network every one.
func (s *Store) Rounds(ctx context.Context, network string, limit int) ([]memory.Round, error) {
	return list(ctx, s.from(ctx), "rounds", func(q *bun.SelectQuery) {
		q.Order("number DESC")
		if network != "" {
			q.Where("network = ?", network)
		}
		if limit > 0 {
			q.Limit(limit)
		}
	}, (*roundRow).round)
}

// Round reads one round by its number; [ErrNotFound] when there is none.
func (s *Store) Round(ctx context.Context, number int64) (memory.Round, error) {
	return first(ctx, s.from(ctx), fmt.Sprintf("round %d", number), func(q *bun.SelectQuery) { q.Where("number = ?", number) }, (*roundRow).round)
}

type periodRow struct {
	bun.BaseModel `bun:"table:periods,alias:pe"`
	Number        int64 `bun:",pk"`
	Opened        int64
	At            int64
	Closed        int64
	Settled       int64
	Slots         string
}

// Periods lists the nomination periods, oldest first.
func (s *Store) Periods(ctx context.Context) ([]memory.Period, error) {
	return list(ctx, s.from(ctx), "periods", func(q *bun.SelectQuery) { q.Order("number") }, func(r *periodRow) (memory.Period, error) {
		p := memory.Period{
			Number: r.Number, Opened: programme.Era(r.Opened), At: programme.Millis(r.At), Closed: programme.Era(r.Closed), Settled: programme.Millis(r.Settled),
		}
		err := parse("slots of a period", r.Slots, &p.Slots)
		return p, err
	})
}

// SavePeriod stores a period, or puts it in the place of the one with its number.
func (s *Store) SavePeriod(ctx context.Context, p memory.Period) error {
	slots, err := text(p.Slots)
	if err != nil {
		return fmt.Errorf("store period: %w", err)
	}
	row := periodRow{Number: p.Number, Opened: int64(p.Opened), At: int64(p.At), Closed: int64(p.Closed), Settled: int64(p.Settled), Slots: slots}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, []periodRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectRanks)
	})
	if err != nil {
		return fmt.Errorf("store period: %w", err)
	}
	return nil
}
