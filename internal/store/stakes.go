package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type stakeRow struct {
	bun.BaseModel `bun:"table:stakes,alias:sk"`
	Stash         string `bun:",pk"`
	Era           int64  `bun:",pk"`
	Total         string
	Inactive      string
	Backers       []byte
	Updated       int64
}

// backers are those behind a candidate.
type backers struct {
	Active  []programme.Backing `json:"active,omitempty"`
	Waiting []programme.Backing `json:"waiting,omitempty"`
}

func (r *stakeRow) stake() (memory.Stake, error) {
	total, err := amount("total stake", r.Total)
	inactive, err2 := amount("inactive stake", r.Inactive)
	var b backers
	err = errors.Join(err, err2, unpackJSON("backers", r.Backers, &b))
	return memory.Stake{
		Stash: programme.Address(r.Stash), Era: programme.Era(r.Era), Total: total, Inactive: inactive, Active: b.Active, Waiting: b.Waiting,
		Updated: programme.Millis(r.Updated),
	}, err
}

// SaveStakes stores the stakes behind candidates in the place of those of the same stash and era. What has not changed
// keeps its moment.
func (s *Store) SaveStakes(ctx context.Context, all []memory.Stake) error {
	var p packer
	rows := make([]stakeRow, len(all))
	for i := range all {
		k := &all[i]
		rows[i] = stakeRow{Stash: string(k.Stash), Era: int64(k.Era), Total: k.Total.String(), Inactive: k.Inactive.String(), Updated: int64(k.Updated)}
		var err error
		if rows[i].Backers, err = p.pack(backers{k.Active, k.Waiting}); err != nil {
			return fmt.Errorf("store stake of %s: %w", k.Stash, err)
		}
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		changed, err := changedStakes(ctx, tx, rows)
		if err != nil || len(changed) == 0 {
			return err
		}
		if err := put(ctx, tx, changed); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectStakes)
	})
	if err != nil {
		return fmt.Errorf("store stakes: %w", err)
	}
	return nil
}

func changedStakes(ctx context.Context, tx bun.Tx, rows []stakeRow) ([]stakeRow, error) {
	eras := map[int64]bool{}
	for i := range rows {
		eras[rows[i].Era] = true
	}
	type key struct {
		stash string
		era   int64
	}
	before := map[key]stakeRow{}
	for era := range eras {
		var have []stakeRow
		if err := tx.NewSelect().Model(&have).Where("era = ?", era).Scan(ctx); err != nil {
			return nil, err
		}
		for _, r := range have {
			before[key{r.Stash, r.Era}] = r
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r stakeRow) bool {
		old, ok := before[key{r.Stash, r.Era}]
		return ok && old.Total == r.Total && old.Inactive == r.Inactive && bytes.Equal(old.Backers, r.Backers)
	}), nil
}

// NewestStakes lists the stakes of the newest era of every stash.
func (s *Store) NewestStakes(ctx context.Context) ([]memory.Stake, error) {
	out, err := list(ctx, s.from(ctx), "newest stakes", newestOf("stakes", "sk", "stash", "era"), (*stakeRow).stake)
	slices.SortFunc(out, func(a, b memory.Stake) int { return cmp.Compare(a.Stash, b.Stash) })
	return out, err
}

// Stake reads the stake of a stash in an era, or in its newest one when era is nil; [ErrNotFound] when there is none.
func (s *Store) Stake(ctx context.Context, stash programme.Address, era *programme.Era) (memory.Stake, error) {
	return first(ctx, s.from(ctx), fmt.Sprintf("stake of %s", stash), func(q *bun.SelectQuery) {
		q.Where("stash = ?", string(stash)).Order("era DESC")
		if era != nil {
			q.Where("era = ?", int64(*era))
		}
	}, (*stakeRow).stake)
}

// Stakes lists the stakes of a stash, newest first; a limit of 0 means all.
func (s *Store) Stakes(ctx context.Context, stash programme.Address, limit int) ([]memory.Stake, error) {
	return list(ctx, s.from(ctx), "stakes", func(q *bun.SelectQuery) {
		q.Where("stash = ?", string(stash)).Order("era DESC")
		if limit > 0 {
			q.Limit(limit)
		}
	}, (*stakeRow).stake)
}

type placesRow struct {
	bun.BaseModel `bun:"table:location_statistics,alias:ls"`
	Session       int64 `bun:",pk"`
	At            int64
	Packed        []byte
}

// SaveLocationStatistics stores the counts of a session in the place of those it had.
func (s *Store) SaveLocationStatistics(ctx context.Context, st memory.LocationStatistics) error {
	var p packer
	row := placesRow{Session: int64(st.Session), At: int64(st.At)}
	var err error
	if row.Packed, err = p.pack(&st); err == nil {
		err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := put(ctx, tx, []placesRow{row}); err != nil {
				return err
			}
			return bump(ctx, tx, memory.SubjectLocations)
		})
	}
	if err != nil {
		return fmt.Errorf("store location statistics: %w", err)
	}
	return nil
}

// LocationStatistics reads the counts of a session, or the newest ones when session is nil; [ErrNotFound] when there are
// none.
func (s *Store) LocationStatistics(ctx context.Context, session *programme.Session) (memory.LocationStatistics, error) {
	return first(ctx, s.from(ctx), "location statistics", func(q *bun.SelectQuery) {
		q.Order("session DESC")
		if session != nil {
			q.Where("session = ?", int64(*session))
		}
	}, func(r *placesRow) (memory.LocationStatistics, error) {
		var st memory.LocationStatistics
		err := unpackJSON("location statistics", r.Packed, &st)
		return st, err
	})
}
