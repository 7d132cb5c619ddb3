package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type nominatorRow struct {
	bun.BaseModel `bun:"table:nominators,alias:no"`
	Address       string `bun:",pk"`
	Place         int64
	Entry         string
	Chain         string
	Created       int64
	Updated       int64
	Removed       int64
	Last          int64
}

func (r *nominatorRow) nominator() (memory.Nominator, error) {
	n := memory.Nominator{
		Order: int(r.Place), Created: programme.Millis(r.Created), Updated: programme.Millis(r.Updated), Removed: programme.Millis(r.Removed), Last: programme.Millis(r.Last),
	}
	err := errors.Join(parse("nominator", r.Entry, &n.Nominator), parse("nominator on chain", r.Chain, &n.Chain))
	return n, err
}

// Nominators lists the programme's nominators in the order of the configuration, those that left it at the end.
func (s *Store) Nominators(ctx context.Context) ([]memory.Nominator, error) {
	return list(ctx, s.from(ctx), "nominators", func(q *bun.SelectQuery) { q.OrderExpr("removed <> 0, place, created") }, (*nominatorRow).nominator)
}

// SaveNominators stores the configured nominators as a look saw them. Those that are missing have left the configuration.
// When they first appeared and when they last nominated is kept.
func (s *Store) SaveNominators(ctx context.Context, all []memory.Nominator) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		var have []nominatorRow
		if err := tx.NewSelect().Model(&have).Scan(ctx); err != nil {
			return err
		}
		before := make(map[string]nominatorRow, len(have))
		for _, r := range have {
			before[r.Address] = r
		}
		var rows []nominatorRow
		var now int64
		for i := range all {
			n := &all[i]
			row := nominatorRow{
				Address: string(n.Address), Place: int64(n.Order), Created: int64(n.Created), Updated: int64(n.Updated), Removed: int64(n.Removed), Last: int64(n.Last),
			}
			now = max(now, row.Updated)
			var err error
			if row.Entry, err = text(n.Nominator); err != nil {
				return err
			}
			if row.Chain, err = text(n.Chain); err != nil {
				return err
			}
			old, known := before[row.Address]
			delete(before, row.Address)
			if known {
				row.Created, row.Last = old.Created, max(old.Last, row.Last)
			} else if err := appear(ctx, tx, &row); err != nil {
				return err
			}
			if !known || row != old {
				rows = append(rows, row)
			}
		}
		for _, old := range before {
			if old.Removed == 0 {
				old.Removed = max(now, old.Updated, 1)
				rows = append(rows, old)
			}
		}
		if len(rows) == 0 {
			return nil
		}
		if err := put(ctx, tx, rows); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectNominators)
	})
	if err != nil {
		return fmt.Errorf("store nominators: %w", err)
	}
	return nil
}

// appear fills in what a nominator has that was not there before.
func appear(ctx context.Context, tx bun.Tx, row *nominatorRow) error {
	if row.Created == 0 {
		row.Created = row.Updated
	}
	var last int64
	err := tx.NewSelect().Model((*nominationRow)(nil)).ColumnExpr("coalesce(max(at), 0)").Where("nominator = ?", row.Address).Scan(ctx, &last)
	row.Last = max(row.Last, last)
	return err
}

type nominationRow struct {
	bun.BaseModel `bun:"table:nominations,alias:nm"`
	Seq           int64 `bun:",pk,autoincrement"`
	Nominator     string
	Era           int64
	At            int64
	Block         int64
	BlockHash     string
	Targets       string
	Bonded        string
	Round         string
}

func (r *nominationRow) nomination() (memory.Nomination, error) {
	bonded, err := amount("bonded", r.Bonded)
	n := memory.Nomination{
		Nominator: programme.Address(r.Nominator), Era: programme.Era(r.Era), At: programme.Millis(r.At), Block: uint32(r.Block), BlockHash: r.BlockHash,
		Bonded: bonded, Round: r.Round,
	}
	err = errors.Join(err, parse("targets", r.Targets, &n.Targets))
	return n, err
}

// Nominations lists all final nominations in the order in which they came.
func (s *Store) Nominations(ctx context.Context) ([]memory.Nomination, error) {
	return list(ctx, s.from(ctx), "nominations", func(q *bun.SelectQuery) { q.Order("seq") }, (*nominationRow).nomination)
}

// NominationsOf lists the final nominations of a nominator, or of all when it is empty, newest first; a limit of 0 means
// all.
func (s *Store) NominationsOf(ctx context.Context, nominator programme.Address, limit int) ([]memory.Nomination, error) {
	return list(ctx, s.from(ctx), "nominations", func(q *bun.SelectQuery) {
		q.Order("seq DESC")
		if nominator != "" {
			q.Where("nominator = ?", string(nominator))
		}
		if limit > 0 {
			q.Limit(limit)
		}
	}, (*nominationRow).nomination)
}

// SaveNomination stores a final nomination. The same nominator in the same block is the same one.
func (s *Store) SaveNomination(ctx context.Context, n memory.Nomination) error {
	targets := n.Targets
	if targets == nil {
		targets = []programme.Address{}
	}
	of, err := text(targets)
	if err != nil {
		return fmt.Errorf("store nomination: %w", err)
	}
	row := nominationRow{
		Nominator: string(n.Nominator), Era: int64(n.Era), At: int64(n.At), Block: int64(n.Block), BlockHash: n.BlockHash, Targets: of,
		Bonded: n.Bonded.String(), Round: n.Round,
	}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		added, err := add(ctx, tx, []nominationRow{row})
		if err != nil || added == 0 {
			return err
		}
		_, err = tx.NewUpdate().Model((*nominatorRow)(nil)).Set("last = ?", row.At).Where("address = ? AND last < ?", row.Nominator, row.At).Exec(ctx)
		if err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectNominations, memory.SubjectNominators)
	})
	if err != nil {
		return fmt.Errorf("store nomination of %s: %w", n.Nominator, err)
	}
	return nil
}
