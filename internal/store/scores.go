package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type scoreRow struct {
	bun.BaseModel `bun:"table:scores,alias:sc"`
	Slot          int64 `bun:",pk"`
	Session       int64 `bun:",pk"`
	Stash         string
	Era           int64
	At            int64
	Total         float64
	Aggregate     float64
	Randomness    float64
	Parts         []byte
}

func (r *scoreRow) score() (memory.Score, error) {
	sc := memory.Score{
		Slot: int(r.Slot), Stash: programme.Address(r.Stash), Session: programme.Session(r.Session), Era: programme.Era(r.Era), At: programme.Millis(r.At),
		Score: programme.Score{Total: r.Total, Aggregate: r.Aggregate, Randomness: r.Randomness},
	}
	err := unpackJSON("parts of a score", r.Parts, &sc.Parts)
	return sc, err
}

type statisticsRow struct {
	bun.BaseModel `bun:"table:score_statistics,alias:ss"`
	Session       int64 `bun:",pk"`
	Era           int64
	At            int64
	Packed        []byte
}

func (r *statisticsRow) statistics() (memory.ScoreStatistics, error) {
	var st memory.ScoreStatistics
	err := unpackJSON("score statistics", r.Packed, &st)
	st.Session, st.At = programme.Session(r.Session), programme.Millis(r.At)
	return st, err
}

// SaveScores stores scores and the statistics behind them. They take the place of those of the same slots in the same
// session; a slot that has no score any more keeps the one it had.
func (s *Store) SaveScores(ctx context.Context, all []memory.Score, st memory.ScoreStatistics) error {
	var p packer
	rows := make([]scoreRow, len(all))
	of := statisticsRow{Session: int64(st.Session), At: int64(st.At)}
	var err error
	for i := range all {
		sc := &all[i]
		rows[i] = scoreRow{
			Slot: int64(sc.Slot), Session: int64(sc.Session), Stash: string(sc.Stash), Era: int64(sc.Era), At: int64(sc.At),
			Total: sc.Total, Aggregate: sc.Aggregate, Randomness: sc.Randomness,
		}
		if rows[i].Parts, err = p.pack(sc.Parts); err != nil {
			return fmt.Errorf("store score of slot %d: %w", sc.Slot, err)
		}
		of.Era = max(of.Era, int64(sc.Era))
	}
	if of.Packed, err = p.pack(&st); err != nil {
		return fmt.Errorf("store score statistics: %w", err)
	}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := put(ctx, tx, rows); err != nil {
			return err
		}
		if err := put(ctx, tx, []statisticsRow{of}); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectScores)
	})
	if err != nil {
		return fmt.Errorf("store scores: %w", err)
	}
	return nil
}

// NewestScores lists the newest score of every slot that has one, by slot.
func (s *Store) NewestScores(ctx context.Context) ([]memory.Score, error) {
	out, err := list(ctx, s.from(ctx), "newest scores", newestOf("scores", "sc", "slot", "session"), (*scoreRow).score)
	slices.SortFunc(out, func(a, b memory.Score) int { return cmp.Compare(a.Slot, b.Slot) })
	return out, err
}

// Score reads the score of a stash in a session, or its newest one when session is nil; [ErrNotFound] when there is none.
func (s *Store) Score(ctx context.Context, stash programme.Address, session *programme.Session) (memory.Score, error) {
	return first(ctx, s.from(ctx), fmt.Sprintf("score of %s", stash), func(q *bun.SelectQuery) {
		q.Where("stash = ?", string(stash)).Order("session DESC")
		if session != nil {
			q.Where("session = ?", int64(*session))
		}
	}, (*scoreRow).score)
}

// ScoresOf lists the scores of a slot, newest first; a limit of 0 means all.
func (s *Store) ScoresOf(ctx context.Context, slot, limit int) ([]memory.Score, error) {
	return list(ctx, s.from(ctx), "scores of a slot", func(q *bun.SelectQuery) {
		q.Where("slot = ?", slot).Order("session DESC")
		if limit > 0 {
			q.Limit(limit)
		}
	}, (*scoreRow).score)
}

// ScoreStatistics reads the statistics of a session, or the newest ones when session is nil; [ErrNotFound] when there are
// none.
func (s *Store) ScoreStatistics(ctx context.Context, session *programme.Session) (memory.ScoreStatistics, error) {
	return first(ctx, s.from(ctx), "score statistics", func(q *bun.SelectQuery) {
		q.Order("session DESC")
		if session != nil {
			q.Where("session = ?", int64(*session))
		}
	}, (*statisticsRow).statistics)
}
