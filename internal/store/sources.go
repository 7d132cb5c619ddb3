package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

type releaseRow struct {
	bun.BaseModel `bun:"table:source_releases,alias:release"`
	Network       string `bun:",pk"`
	Tag           string
	Name          string
	Published     int64
	FirstSeen     int64
	At            int64
	Source        string
	ETag          string `bun:"etag"`
}

// Release reads the newest client release that is known for a network.
func (s *Store) Release(ctx context.Context, network string) (r outside.Release, ok bool, err error) {
	var row releaseRow
	err = s.from(ctx).NewSelect().Model(&row).Where("network = ?", network).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read client release: %w", explain(err))
	}
	return outside.Release{
		Network: row.Network, Tag: row.Tag, Name: row.Name, Published: programme.Millis(row.Published),
		FirstSeen: programme.Millis(row.FirstSeen), At: programme.Millis(row.At), Source: row.Source, ETag: row.ETag,
	}, true, nil
}

// SaveRelease keeps the newest client release of a network in place of the one before it.
func (s *Store) SaveRelease(ctx context.Context, r outside.Release) error {
	row := releaseRow{
		Network: r.Network, Tag: r.Tag, Name: r.Name, Published: int64(r.Published), FirstSeen: int64(r.FirstSeen), At: int64(r.At),
		Source: r.Source, ETag: r.ETag,
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, ok, err := s.Release(ctx, r.Network)
		if err != nil {
			return err
		}
		if err := replaceRow(ctx, tx, &row, "network", "tag", "name", "published", "first_seen", "at", "source", "etag"); err != nil {
			return err
		}
		if ok && before.Name == r.Name && before.Grace() == r.Grace() {
			return nil // only looked at again
		}
		return bump(ctx, tx, memory.SubjectReleases)
	})
	if err != nil {
		return fmt.Errorf("store client release: %w", err)
	}
	return nil
}

type remoteRow struct {
	bun.BaseModel `bun:"table:source_remotes,alias:remote"`
	Network       string `bun:",pk"`
	Stash         string `bun:",pk"`
	Found         bool
	Valid         bool
	Rank          int64
	Failing       string
	At            int64
}

// Remotes lists what the other instance of the programme said of stashes.
func (s *Store) Remotes(ctx context.Context, network string) ([]outside.Remote, error) {
	var rows []remoteRow
	if err := s.from(ctx).NewSelect().Model(&rows).Where("network = ?", network).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list ranks on the other network: %w", explain(err))
	}
	out := make([]outside.Remote, len(rows))
	for i, r := range rows {
		var failing []string
		if err := json.Unmarshal([]byte(r.Failing), &failing); err != nil {
			return nil, fmt.Errorf("read rank of %s on the other network: %w", r.Stash, err)
		}
		out[i] = outside.Remote{Network: r.Network, Stash: r.Stash, Answer: programme.RemoteRank{
			Found: r.Found, Valid: r.Valid, Rank: int(r.Rank), Failing: failing, At: programme.Millis(r.At),
		}}
	}
	return out, nil
}

// SaveRemote keeps what the other instance said of a stash in place of what it said before.
func (s *Store) SaveRemote(ctx context.Context, r outside.Remote) error {
	failing, err := json.Marshal(r.Answer.Failing)
	if err != nil {
		return fmt.Errorf("store rank on the other network: %w", err)
	}
	row := remoteRow{
		Network: r.Network, Stash: r.Stash, Found: r.Answer.Found, Valid: r.Answer.Valid, Rank: int64(r.Answer.Rank), Failing: string(failing),
		At: int64(r.Answer.At),
	}
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		return replaceRow(ctx, tx, &row, "network, stash", "found", "valid", "rank", "failing", "at")
	})
	if err != nil {
		return fmt.Errorf("store rank on the other network: %w", err)
	}
	return nil
}

type priceRow struct {
	bun.BaseModel `bun:"table:source_prices,alias:price"`
	Asset         string `bun:",pk"`
	Day           string `bun:",pk"`
	Currency      string `bun:",pk"`
	Value         int64
	Source        string
	At            int64
}

// Prices lists what is known of an asset on the given days.
func (s *Store) Prices(ctx context.Context, asset string, days []string) ([]outside.Price, error) {
	if len(days) == 0 {
		return nil, nil
	}
	var rows []priceRow
	err := s.from(ctx).NewSelect().Model(&rows).Where("asset = ? AND day IN (?)", asset, bun.In(days)).Order("day", "currency").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list prices: %w", explain(err))
	}
	out := make([]outside.Price, len(rows))
	for i, r := range rows {
		out[i] = outside.Price{Asset: r.Asset, Day: r.Day, Currency: r.Currency, Value: outside.Nano(r.Value), Source: r.Source, At: programme.Millis(r.At)}
	}
	return out, nil
}

// pricesAtOnce bounds the rows of one statement.
const pricesAtOnce = 500

// SavePrices keeps prices; newer ones replace those of the same asset, day and currency.
func (s *Store) SavePrices(ctx context.Context, prices []outside.Price) error {
	rows := make([]priceRow, len(prices))
	for i, p := range prices {
		rows[i] = priceRow{Asset: p.Asset, Day: p.Day, Currency: p.Currency, Value: int64(p.Value), Source: p.Source, At: int64(p.At)}
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		for len(rows) > 0 {
			part := rows[:min(len(rows), pricesAtOnce)]
			rows = rows[len(part):]
			if err := replaceRow(ctx, tx, &part, "asset, day, currency", "value", "source", "at"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store prices: %w", err)
	}
	return nil
}

type healthRow struct {
	bun.BaseModel `bun:"table:source_health,alias:health"`
	Network       string `bun:",pk"`
	Name          string `bun:",pk"`
	State         string
	Detail        string
	Good          int64
	Tried         int64
	Failures      int64
	Retry         int64
}

func (r *healthRow) health() outside.Health {
	return outside.Health{
		Network: r.Network, Name: r.Name, State: programme.SourceState(r.State), Detail: r.Detail, Good: programme.Millis(r.Good),
		Tried: programme.Millis(r.Tried), Failures: int(r.Failures), Retry: programme.Millis(r.Retry),
	}
}

// SourceHealth reads how a source is doing.
func (s *Store) SourceHealth(ctx context.Context, network, name string) (h outside.Health, ok bool, err error) {
	var row healthRow
	err = s.from(ctx).NewSelect().Model(&row).Where("network = ? AND name = ?", network, name).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return h, false, nil
	}
	if err != nil {
		return h, false, fmt.Errorf("read state of the source %s: %w", name, explain(err))
	}
	return row.health(), true, nil
}

// SourceHealths lists how the sources of a network are doing.
func (s *Store) SourceHealths(ctx context.Context, network string) ([]outside.Health, error) {
	var rows []healthRow
	if err := s.from(ctx).NewSelect().Model(&rows).Where("network = ?", network).Order("name").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list states of sources: %w", explain(err))
	}
	out := make([]outside.Health, len(rows))
	for i := range rows {
		out[i] = rows[i].health()
	}
	return out, nil
}

// SaveSourceHealth keeps how a source is doing.
func (s *Store) SaveSourceHealth(ctx context.Context, h outside.Health) error {
	row := healthRow{
		Network: h.Network, Name: h.Name, State: string(h.State), Detail: h.Detail, Good: int64(h.Good), Tried: int64(h.Tried),
		Failures: int64(h.Failures), Retry: int64(h.Retry),
	}
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, ok, err := s.SourceHealth(ctx, h.Network, h.Name)
		if err != nil {
			return err
		}
		if err := replaceRow(ctx, tx, &row, "network, name", "state", "detail", "good", "tried", "failures", "retry"); err != nil {
			return err
		}
		if ok && before.State == h.State && before.Detail == h.Detail {
			return nil
		}
		return bump(ctx, tx, memory.SubjectSources)
	})
	if err != nil {
		return fmt.Errorf("store state of the source %s: %w", h.Name, err)
	}
	return nil
}
