package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// placeColumns are the columns of a place.
type placeColumns struct {
	City     string
	Region   string
	Country  string
	Provider string
	ASN      int64 `bun:"asn"`
	VPN      *bool `bun:"vpn"`
}

func columnsOf(p outside.Place) placeColumns {
	return placeColumns{City: p.City, Region: p.Region, Country: p.Country, Provider: p.Provider, ASN: int64(p.ASN), VPN: p.VPN}
}

func (c placeColumns) place() outside.Place {
	return outside.Place{City: c.City, Region: c.Region, Country: c.Country, Provider: c.Provider, ASN: uint32(c.ASN), VPN: c.VPN}
}

type locationRow struct {
	bun.BaseModel `bun:"table:source_locations,alias:location"`
	Seq           int64 `bun:",pk,autoincrement"`
	Network       string
	Slot          int64
	Stash         string
	Name          string
	placeColumns  `bun:",embed"`
	Source        string
	Confidence    string
	Since         int64
	At            int64
	Replaced      int64
}

func (r *locationRow) located() outside.Located {
	return outside.Located{
		Network: r.Network, Slot: int(r.Slot), Stash: programme.Address(r.Stash), Name: r.Name, Place: r.place(), Source: r.Source,
		Confidence: outside.Confidence(r.Confidence), Since: programme.Millis(r.Since), At: programme.Millis(r.At),
	}
}

// SaveLocation makes a location the present one of its slot. The one before it becomes history when stash or place
// differ, and is only confirmed otherwise.
func (s *Store) SaveLocation(ctx context.Context, l outside.Located) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := locationRow{
			Network: l.Network, Slot: int64(l.Slot), Stash: string(l.Stash), Name: l.Name, placeColumns: columnsOf(l.Place), Source: l.Source,
			Confidence: string(l.Confidence), Since: int64(l.Since), At: int64(l.At),
		}
		var before locationRow
		err := tx.NewSelect().Model(&before).Where("network = ? AND slot = ? AND replaced = 0", l.Network, l.Slot).Scan(ctx)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case before.Stash == row.Stash && before.place().Same(l.Place):
			row.Seq, row.Since = before.Seq, before.Since
			_, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx)
			return err
		default:
			if _, err := tx.NewUpdate().Model((*locationRow)(nil)).Set("replaced = ?", max(row.Since, 1)).Where("seq = ?", before.Seq).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectLocations)
	})
	if err != nil {
		return fmt.Errorf("store location of slot %d: %w", l.Slot, err)
	}
	return nil
}

// Locations lists the present location of every slot of a network, by slot.
func (s *Store) Locations(ctx context.Context, network string) ([]outside.Located, error) {
	return s.locations(ctx, func(q *bun.SelectQuery) {
		q.Where("network = ? AND replaced = 0", network).Order("slot")
	})
}

// LocationHistory lists where the node of a slot was, the newest first.
func (s *Store) LocationHistory(ctx context.Context, network string, slot, limit int) ([]outside.Located, error) {
	return s.locations(ctx, func(q *bun.SelectQuery) {
		q.Where("network = ? AND slot = ?", network, slot).Order("seq DESC").Limit(limit)
	})
}

func (s *Store) locations(ctx context.Context, which func(*bun.SelectQuery)) ([]outside.Located, error) {
	var rows []locationRow
	q := s.from(ctx).NewSelect().Model(&rows)
	which(q)
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list locations: %w", explain(err))
	}
	out := make([]outside.Located, len(rows))
	for i := range rows {
		out[i] = rows[i].located()
	}
	return out, nil
}

type lookupRow struct {
	bun.BaseModel `bun:"table:source_lookups,alias:lookup"`
	Source        string `bun:",pk"`
	Key           string `bun:",pk"`
	Found         bool
	placeColumns  `bun:",embed"`
	At            int64
	Retry         int64
	Failures      int64
}

// Lookup reads what a source said of an address, by its keyed hash.
func (s *Store) Lookup(ctx context.Context, source, key string) (l outside.Lookup, ok bool, err error) {
	var r lookupRow
	err = s.from(ctx).NewSelect().Model(&r).Where("source = ? AND key = ?", source, key).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	if err != nil {
		return l, false, fmt.Errorf("read look-up of a location: %w", explain(err))
	}
	return outside.Lookup{
		Source: r.Source, Key: r.Key, Found: r.Found, Place: r.place(), At: programme.Millis(r.At), Retry: programme.Millis(r.Retry), Failures: int(r.Failures),
	}, true, nil
}

// SaveLookup keeps what a source said of an address.
func (s *Store) SaveLookup(ctx context.Context, l outside.Lookup) error {
	row := lookupRow{
		Source: l.Source, Key: l.Key, Found: l.Found, placeColumns: columnsOf(l.Place), At: int64(l.At), Retry: int64(l.Retry), Failures: int64(l.Failures),
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		return replaceRow(ctx, tx, &row, "source, key", "found", "city", "region", "country", "provider", "asn", "vpn", "at", "retry", "failures")
	})
	if err != nil {
		return fmt.Errorf("store look-up of a location: %w", err)
	}
	return nil
}

// ForgetLookups deletes what was said of addresses that nobody has asked about since a moment.
func (s *Store) ForgetLookups(ctx context.Context, before programme.Millis) (n int64, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*lookupRow)(nil)).Where("retry < ?", int64(before)).Exec(ctx)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget look-ups of locations: %w", err)
	}
	return n, nil
}

type requestsRow struct {
	bun.BaseModel `bun:"table:source_requests,alias:requests"`
	Source        string `bun:",pk"`
	Month         string `bun:",pk"`
	Made          int64
}

// SpendRequest counts one request of a source in a month, unless limit (0 = none) is reached.
func (s *Store) SpendRequest(ctx context.Context, source, month string, limit int64) (ok bool, err error) {
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row requestsRow
		err := tx.NewSelect().Model(&row).Where("source = ? AND month = ?", source, month).Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if ok = limit <= 0 || row.Made < limit; !ok {
			return nil
		}
		return replaceRow(ctx, tx, &requestsRow{Source: source, Month: month, Made: row.Made + 1}, "source, month", "made")
	})
	if err != nil {
		return false, fmt.Errorf("count requests of %s: %w", source, err)
	}
	return ok, nil
}

// replaceRow inserts a row, or replaces the named columns of the one with the same key.
func replaceRow(ctx context.Context, tx bun.Tx, row any, key string, columns ...string) error {
	q := tx.NewInsert().Model(row).On("CONFLICT (" + key + ") DO UPDATE")
	for _, c := range columns {
		q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
	}
	_, err := q.Exec(ctx)
	return err
}
