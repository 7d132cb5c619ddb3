package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

type lockRow struct {
	bun.BaseModel `bun:"table:signer_locks"`
	Network       string `bun:",pk"`
	Signer        string `bun:",pk"`
	Intent        string
	Owner         string
	Until         int64
}

// openStatuses are those of intents whose fate is not known.
var openStatuses = []string{string(plan.Prepared), string(plan.Signed), string(plan.Sent), string(plan.Withheld)}

// prepare stores the intent of a change when the guard lets it pass, and takes the key's lock.
func prepare(ctx context.Context, tx bun.Tx, c *plan.Change) error {
	i := c.Intent
	var standing []struct {
		intentRow
		Closed int
	}
	err := tx.NewSelect().Model((*intentRow)(nil)).ModelTableExpr("intents AS i").ColumnExpr("i.*, p.closed").
		Join("JOIN plans AS p ON p.round = i.round AND p.nominator = i.nominator").
		Where("i.network = ?", i.Network).
		Where("(i.nominator = ? AND i.era = ?) OR (i.status IN (?) AND (i.nominator = ? OR i.signer = ?))",
			string(i.Nominator), int64(i.Era), bun.In(openStatuses), string(i.Nominator), string(i.Signer)).
		Scan(ctx, &standing)
	if err != nil {
		return err
	}
	others := make([]plan.Standing, len(standing))
	for k := range standing {
		if others[k].Intent, err = standing[k].intent(); err != nil {
			return err
		}
		others[k].PlanOpen = standing[k].Closed == 0
	}
	var permit int64
	if o := plan.Guard(*i, others); o != nil {
		if o.Override {
			if permit, err = override(ctx, tx, i); err != nil {
				return err
			}
		}
		if permit == 0 {
			return o
		}
	}
	if _, err := tx.NewInsert().Model(newIntentRow(i)).Exec(ctx); err != nil {
		return err
	}
	if permit != 0 {
		if _, err := tx.NewUpdate().Model((*overrideRow)(nil)).Set("intent = ?", i.ID).Where("seq = ?", permit).Exec(ctx); err != nil {
			return err
		}
	}
	lock := lockRow{Network: i.Network, Signer: string(i.Signer), Intent: i.ID, Owner: c.Owner, Until: int64(c.Until)}
	_, err = tx.NewInsert().Model(&lock).Exec(ctx)
	return err
}

// UpdateIntent writes what became of an intent, provided that its status still is from; else it is [plan.ErrStale].
// What was intended never changes. When the fate is known, the key's lock is freed with it.
func (s *Store) UpdateIntent(ctx context.Context, i plan.Intent, from plan.Status) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := newIntentRow(&i)
		var scanned []int64
		if err := tx.NewSelect().Model((*intentRow)(nil)).Column("scanned").Where("id = ?", i.ID).Scan(ctx, &scanned); err != nil {
			return err
		}
		if len(scanned) == 1 {
			row.Scanned = max(row.Scanned, scanned[0])
		}
		res, err := tx.NewUpdate().Model(row).
			Column("status", "extrinsic", "hash", "scanned", "number", "block", "position", "fee", "error", "inner", "updated").
			Where("id = ? AND status = ?", i.ID, string(from)).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n != 1 {
			return plan.ErrStale
		}
		if err := bump(ctx, tx, memory.SubjectPlans); err != nil || i.Status.Open() {
			return err
		}
		_, err = tx.NewDelete().Model((*lockRow)(nil)).Where("network = ? AND signer = ? AND intent = ?", i.Network, string(i.Signer), i.ID).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("store intent %s: %w", i.ID, err)
	}
	return nil
}

// Intent reads one intent; [plan.ErrNotFound] when there is none.
func (s *Store) Intent(ctx context.Context, id string) (plan.Intent, error) {
	var row intentRow
	err := s.from(ctx).NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = plan.ErrNotFound
	}
	if err != nil {
		return plan.Intent{}, fmt.Errorf("intent %s: %w", id, explain(err))
	}
	return row.intent()
}

// Intents lists intents, the newest first.
func (s *Store) Intents(ctx context.Context, f plan.IntentFilter) ([]plan.Intent, error) {
	var rows []intentRow
	q := s.from(ctx).NewSelect().Model(&rows).Order("seq DESC")
	for column, value := range map[string]string{"network": f.Network, "signer": string(f.Signer), "nominator": string(f.Nominator), "round": f.Round} {
		if value != "" {
			q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if f.Open {
		q.Where("status IN (?)", bun.In(openStatuses))
	}
	if f.Limit > 0 {
		q.Limit(f.Limit)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list intents: %w", explain(err))
	}
	out := make([]plan.Intent, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].intent(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Lock reads a key's lock; [plan.ErrNotFound] when it is free.
func (s *Store) Lock(ctx context.Context, network string, signer programme.Address) (plan.Lock, error) {
	var row lockRow
	err := s.from(ctx).NewSelect().Model(&row).Where("network = ? AND signer = ?", network, string(signer)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = plan.ErrNotFound
	}
	if err != nil {
		return plan.Lock{}, fmt.Errorf("lock of %s: %w", signer, explain(err))
	}
	return plan.Lock{Network: row.Network, Signer: programme.Address(row.Signer), Intent: row.Intent, Owner: row.Owner, Until: programme.Millis(row.Until)}, nil
}
