package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type eraTotalRow struct {
	bun.BaseModel `bun:"table:era_totals,alias:et"`
	Era           int64 `bun:",pk"`
	Total         int64
	Validators    int64
	Median        float64
	Average       float64
	Most          int64
	Least         int64
}

func (r *eraTotalRow) total() (memory.EraTotal, error) {
	return memory.EraTotal{
		Era: programme.Era(r.Era), Total: uint32(r.Total), Validators: int(r.Validators), Median: r.Median, Average: r.Average,
		Max: uint32(r.Most), Min: uint32(r.Least),
	}, nil
}

type eraPointsRow struct {
	bun.BaseModel `bun:"table:era_points,alias:ep"`
	Stash         string `bun:",pk"`
	Era           int64  `bun:",pk"`
	Points        int64
}

// SaveEraPoints stores all points of an era with their total, in the place of those it had.
func (s *Store) SaveEraPoints(ctx context.Context, total memory.EraTotal, all []memory.EraPoints) error {
	row := eraTotalRow{
		Era: int64(total.Era), Total: int64(total.Total), Validators: int64(total.Validators), Median: total.Median, Average: total.Average,
		Most: int64(total.Max), Least: int64(total.Min),
	}
	rows := make([]eraPointsRow, len(all))
	for i, p := range all {
		rows[i] = eraPointsRow{Stash: string(p.Stash), Era: int64(p.Era), Points: int64(p.Points)}
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*eraPointsRow)(nil)).Where("era = ?", row.Era).Exec(ctx); err != nil {
			return err
		}
		if err := put(ctx, tx, rows); err != nil {
			return err
		}
		if err := put(ctx, tx, []eraTotalRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectPoints)
	})
	if err != nil {
		return fmt.Errorf("store points of era %d: %w", total.Era, err)
	}
	return nil
}

// EraTotals lists the totals of all eras whose points are stored, ascending.
func (s *Store) EraTotals(ctx context.Context) ([]memory.EraTotal, error) {
	return s.EraTotalsFrom(ctx, 0)
}

// EraTotalsFrom lists the totals of the eras from one on, ascending.
func (s *Store) EraTotalsFrom(ctx context.Context, from programme.Era) ([]memory.EraTotal, error) {
	return list(ctx, s.from(ctx), "era totals", func(q *bun.SelectQuery) { q.Where("era >= ?", int64(from)).Order("era") }, (*eraTotalRow).total)
}

// EraPoints lists the points of a stash, or of all when it is empty, in the eras from one on, by era.
func (s *Store) EraPoints(ctx context.Context, stash programme.Address, from programme.Era) ([]memory.EraPoints, error) {
	return list(ctx, s.from(ctx), "era points", func(q *bun.SelectQuery) {
		q.Where("era >= ?", int64(from)).Order("era")
		if stash != "" {
			q.Where("stash = ?", string(stash))
		}
	}, func(r *eraPointsRow) (memory.EraPoints, error) {
		return memory.EraPoints{Era: programme.Era(r.Era), Stash: programme.Address(r.Stash), Points: uint32(r.Points)}, nil
	})
}

type eraStatisticsRow struct {
	bun.BaseModel `bun:"table:era_statistics,alias:es"`
	Era           int64 `bun:",pk"`
	At            int64
	Listed        int64
	Valid         int64
	Active        int64
	KYC           int64 `bun:"kyc"`
}

// SaveEraStatistics stores the counts of an era, in the place of those it had.
func (s *Store) SaveEraStatistics(ctx context.Context, st memory.EraStatistics) error {
	row := eraStatisticsRow{
		Era: int64(st.Era), At: int64(st.At), Listed: int64(st.Listed), Valid: int64(st.Valid), Active: int64(st.Active), KYC: int64(st.KYC),
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, []eraStatisticsRow{row}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectEras)
	})
	if err != nil {
		return fmt.Errorf("store statistics of era %d: %w", st.Era, err)
	}
	return nil
}

func (r *eraStatisticsRow) statistics() (memory.EraStatistics, error) {
	return memory.EraStatistics{
		Era: programme.Era(r.Era), At: programme.Millis(r.At), Listed: int(r.Listed), Valid: int(r.Valid), Active: int(r.Active), KYC: int(r.KYC),
	}, nil
}

// EraStatistics reads the counts of the newest era; [ErrNotFound] before the first.
func (s *Store) EraStatistics(ctx context.Context) (memory.EraStatistics, error) {
	return first(ctx, s.from(ctx), "era statistics", func(q *bun.SelectQuery) { q.Order("era DESC") }, (*eraStatisticsRow).statistics)
}

// EraStatisticsFrom lists the counts of the eras from one on, ascending.
func (s *Store) EraStatisticsFrom(ctx context.Context, from programme.Era) ([]memory.EraStatistics, error) {
	return list(ctx, s.from(ctx), "era statistics", func(q *bun.SelectQuery) { q.Where("era >= ?", int64(from)).Order("era") }, (*eraStatisticsRow).statistics)
}

type chainRow struct {
	bun.BaseModel `bun:"table:chain,alias:ch"`
	ID            int64 `bun:"id,pk"`
	Known         string
	Updated       int64
}

// SaveChain stores what is known of the network.
func (s *Store) SaveChain(ctx context.Context, c memory.Chain) error {
	row := chainRow{ID: 1, Updated: int64(c.Updated)}
	var err error
	if row.Known, err = text(c); err == nil {
		err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := put(ctx, tx, []chainRow{row}); err != nil {
				return err
			}
			return bump(ctx, tx, memory.SubjectChain)
		})
	}
	if err != nil {
		return fmt.Errorf("store chain: %w", err)
	}
	return nil
}

// Chain reads what is known of the network; [ErrNotFound] before it was first read.
func (s *Store) Chain(ctx context.Context) (memory.Chain, error) {
	return first(ctx, s.from(ctx), "chain", func(*bun.SelectQuery) {}, func(r *chainRow) (memory.Chain, error) {
		var c memory.Chain
		err := parse("chain", r.Known, &c)
		return c, err
	})
}
