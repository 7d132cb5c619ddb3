package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

type rankEventRow struct {
	bun.BaseModel `bun:"table:rank_events,alias:re"`
	Seq           int64 `bun:",pk,autoincrement"`
	Slot          int64
	ID            string `bun:"id"`
	At            int64
	Kind          string
	Rank          int64
	Type          string
	Once          string
	Revokes       string
	Reason        string
	Author        string
	Era           int64
}

func (r *rankEventRow) event() (memory.RankEvent, error) {
	return memory.RankEvent{
		Slot: int(r.Slot), Author: r.Author, Era: programme.Era(r.Era),
		Event: rank.Event{
			ID: r.ID, When: programme.Millis(r.At), Kind: rank.Kind(r.Kind), Rank: int(r.Rank), Type: rank.Type(r.Type), Once: r.Once,
			Revokes: r.Revokes, Reason: r.Reason,
		},
	}, nil
}

// RankEvents lists the events of all slots in the order in which they were stored.
func (s *Store) RankEvents(ctx context.Context) ([]memory.RankEvent, error) {
	return list(ctx, s.from(ctx), "rank events", func(q *bun.SelectQuery) { q.Order("seq") }, (*rankEventRow).event)
}

// RankDuties lists the events of all slots but the good ones, in the order in which they were stored. An index of its own
// keeps that fast when there are hundreds of thousands of good ones.
func (s *Store) RankDuties(ctx context.Context) ([]memory.RankEvent, error) {
	return list(ctx, s.from(ctx), "rank events", func(q *bun.SelectQuery) { q.Where("kind <> 'good'").Order("seq") }, (*rankEventRow).event)
}

// RankEventsOf lists the events of one slot in the order in which they were stored.
func (s *Store) RankEventsOf(ctx context.Context, slot int) ([]memory.RankEvent, error) {
	return list(ctx, s.from(ctx), "rank events", func(q *bun.SelectQuery) { q.Where("slot = ?", slot).Order("seq") }, (*rankEventRow).event)
}

// AddRankEvents adds events, which are never changed. Those whose id the slot has already are left out.
func (s *Store) AddRankEvents(ctx context.Context, all []memory.RankEvent) error {
	rows := make([]rankEventRow, len(all))
	for i, e := range all {
		rows[i] = rankEventRow{
			Slot: int64(e.Slot), ID: e.ID, At: int64(e.When), Kind: string(e.Kind), Rank: int64(e.Rank), Type: string(e.Type), Once: e.Once,
			Revokes: e.Revokes, Reason: e.Reason, Author: e.Author, Era: int64(e.Era),
		}
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := add(ctx, tx, rows)
		if err != nil || n == 0 {
			return err
		}
		return bump(ctx, tx, memory.SubjectRanks)
	})
	if err != nil {
		return fmt.Errorf("store rank events: %w", err)
	}
	return nil
}

type rankingRow struct {
	bun.BaseModel   `bun:"table:rankings,alias:rk"`
	Slot            int64 `bun:",pk"`
	Rank            int64
	Faults          int64
	Halvings        int64
	SuspendedSince  *int64
	SuspendedReason string
	ActiveEras      int64
	Updated         int64
}

func (r *rankingRow) ranking() (memory.Ranking, error) {
	out := memory.Ranking{
		Slot: int(r.Slot), ActiveEras: int(r.ActiveEras), Updated: programme.Millis(r.Updated),
		State: rank.State{Rank: int(r.Rank), Faults: int(r.Faults), Halvings: int(r.Halvings)},
	}
	if r.SuspendedSince != nil {
		out.Suspend = &programme.Suspension{Since: programme.Millis(*r.SuspendedSince), Reason: r.SuspendedReason}
	}
	return out, nil
}

// Rankings lists what the events of the slots come to, by slot.
func (s *Store) Rankings(ctx context.Context) ([]memory.Ranking, error) {
	return list(ctx, s.from(ctx), "rankings", func(q *bun.SelectQuery) { q.Order("slot") }, (*rankingRow).ranking)
}

// SaveRankings puts rankings in the place of those of the same slots.
func (s *Store) SaveRankings(ctx context.Context, all []memory.Ranking) error {
	rows := make([]rankingRow, len(all))
	for i, r := range all {
		rows[i] = rankingRow{
			Slot: int64(r.Slot), Rank: int64(r.Rank), Faults: int64(r.Faults), Halvings: int64(r.Halvings), ActiveEras: int64(r.ActiveEras), Updated: int64(r.Updated),
		}
		if r.Suspend != nil {
			since := int64(r.Suspend.Since)
			rows[i].SuspendedSince, rows[i].SuspendedReason = &since, r.Suspend.Reason
		}
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, rows); err != nil || len(rows) == 0 {
			return err
		}
		return bump(ctx, tx, memory.SubjectRanks)
	})
	if err != nil {
		return fmt.Errorf("store rankings: %w", err)
	}
	return nil
}
