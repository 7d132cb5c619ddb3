package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// entryColumns are the members of a list entry but its slot.
type entryColumns struct {
	Name          string
	Stash         string
	KusamaStash   string
	SkipSelfStake bool
	KYC           bool `bun:"kyc"`
	Matrix        string
}

func newEntryColumns(c *programme.Candidate) (entryColumns, error) {
	matrix := c.Matrix
	if matrix == nil {
		matrix = []string{}
	}
	list, err := text(matrix)
	return entryColumns{
		Name: c.Name, Stash: string(c.Stash), KusamaStash: c.KusamaStash, SkipSelfStake: c.SkipSelfStake, KYC: c.KYC, Matrix: list,
	}, err
}

func (e *entryColumns) candidate(slot int64) (programme.Candidate, error) {
	c := programme.Candidate{
		Slot: int(slot), Name: e.Name, Stash: programme.Address(e.Stash), KusamaStash: e.KusamaStash, SkipSelfStake: e.SkipSelfStake, KYC: e.KYC,
	}
	if err := parse("matrix", e.Matrix, &c.Matrix); err != nil {
		return c, err
	}
	if len(c.Matrix) == 0 {
		c.Matrix = nil
	}
	return c, nil
}

type candidateRow struct {
	bun.BaseModel `bun:"table:candidates,alias:c"`
	Slot          int64 `bun:",pk"`
	entryColumns  `bun:",embed"`
	Added         int64
	Updated       int64
	Delisted      int64
}

func (r *candidateRow) candidate() (memory.Candidate, error) {
	c, err := r.entryColumns.candidate(r.Slot)
	return memory.Candidate{Candidate: c, Added: programme.Millis(r.Added), Updated: programme.Millis(r.Updated), Delisted: programme.Millis(r.Delisted)}, err
}

type candidateEntryRow struct {
	bun.BaseModel `bun:"table:candidate_entries,alias:e"`
	Seq           int64 `bun:",pk,autoincrement"`
	Slot          int64
	At            int64
	Listed        bool
	entryColumns  `bun:",embed"`
}

// Candidates lists all slots that were ever in the list, by slot.
func (s *Store) Candidates(ctx context.Context) ([]memory.Candidate, error) {
	return list(ctx, s.from(ctx), "candidates", func(q *bun.SelectQuery) { q.Order("slot") }, (*candidateRow).candidate)
}

// SaveCandidates puts the given slots in the place of what they were, and keeps a line of what they were before. The moment
// of a line is that of the entry's update or, when it has left the list, of that.
func (s *Store) SaveCandidates(ctx context.Context, all []memory.Candidate) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		slots := make([]int64, len(all))
		for i := range all {
			slots[i] = int64(all[i].Slot)
		}
		before, err := stored(ctx, tx, "slot", slots, func(r *candidateRow) int64 { return r.Slot })
		if err != nil {
			return err
		}
		var rows []candidateRow
		var entries []candidateEntryRow
		for i := range all {
			c := &all[i]
			columns, err := newEntryColumns(&c.Candidate)
			if err != nil {
				return err
			}
			row := candidateRow{Slot: int64(c.Slot), entryColumns: columns, Added: int64(c.Added), Updated: int64(c.Updated), Delisted: int64(c.Delisted)}
			old, known := before[row.Slot]
			if known && row.Added == 0 {
				row.Added = old.Added
			}
			if known && old == row {
				continue
			}
			rows = append(rows, row)
			before[row.Slot] = row
			if known && old.entryColumns == columns && (old.Delisted == 0) == (row.Delisted == 0) {
				continue
			}
			e := candidateEntryRow{Slot: row.Slot, At: row.Updated, Listed: c.Listed(), entryColumns: columns}
			if !e.Listed {
				e.At = row.Delisted
			}
			entries = append(entries, e)
		}
		if len(rows) == 0 {
			return nil
		}
		if err := put(ctx, tx, rows); err != nil {
			return err
		}
		if _, err := add(ctx, tx, entries); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectCandidates)
	})
	if err != nil {
		return fmt.Errorf("store candidates: %w", err)
	}
	return nil
}

// Entries lists what a slot was, oldest first: its names and stashes succeed one another here.
func (s *Store) Entries(ctx context.Context, slot int) ([]memory.Entry, error) {
	return list(ctx, s.from(ctx), "entries of a candidate", func(q *bun.SelectQuery) { q.Where("slot = ?", slot).Order("seq") }, (*candidateEntryRow).entry)
}

// EntriesOf lists the entries, of whatever slot, that had a stash, oldest first.
func (s *Store) EntriesOf(ctx context.Context, stash programme.Address) ([]memory.Entry, error) {
	return list(ctx, s.from(ctx), "entries of a stash", func(q *bun.SelectQuery) { q.Where("stash = ?", string(stash)).Order("seq") }, (*candidateEntryRow).entry)
}

func (r *candidateEntryRow) entry() (memory.Entry, error) {
	c, err := r.candidate(r.Slot)
	return memory.Entry{Candidate: c, From: programme.Millis(r.At), Listed: r.Listed}, err
}
