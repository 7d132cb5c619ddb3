// Package lease lets one process of several do what must not be done twice at once, through the database they share.
//
// The holder shows again and again that it is alive. Another process takes the lease when the holder was silent for too
// long, by that process's own clock, which it only reads forwards: clocks that differ or jump change nothing. A holder
// that cannot reach the database stops by itself before the others give up on it. A process that was frozen may believe
// for a moment that it still holds the lease; what must never happen twice is guarded by constraints of the database
// as well.
package lease

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/thousand-validators/otv/internal/store"
)

// Database is where leases are kept.
type Database interface {
	Dialect() store.Dialect
	SQL() *sql.DB
	Atomic(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error
}

// Lease is the right to do something, by name. DB, Name and Owner are required.
type Lease struct {
	DB   Database
	Name string
	// Owner names the process; no other has the name.
	Owner string
	// Silence is how long a holder may show nothing before it loses the lease; 15 s.
	Silence time.Duration
	Logger  *slog.Logger
	// Waiting, unless nil, is told who holds the lease while this process waits for it.
	Waiting func(owner string)

	db   *bun.DB
	seen sighting
}

// sighting is what was last seen of another holder, and when by this process's clock.
type sighting struct {
	row
	since time.Time
}

type row struct {
	bun.BaseModel `bun:"table:leases"`

	Name  string `bun:",pk"`
	Owner string
	Beat  int64 // goes up while the owner lives
}

const makeTable = `CREATE TABLE IF NOT EXISTS leases (name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, beat BIGINT NOT NULL)`

// ErrLost ends the context of what is done under a lease that was lost.
var ErrLost = errors.New("another process has taken over")

// Hold waits until the process has the lease, runs fn, and gives the lease back. The context of fn ends when ctx does,
// or with [ErrLost] as its cause; then Hold waits for the lease again. It returns what fn returns.
func (l *Lease) Hold(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	for {
		if err := l.wait(ctx); err != nil {
			return err
		}
		err, lost := l.held(ctx, fn)
		if !lost || ctx.Err() != nil {
			return err
		}
		l.Logger.Warn("the lease was lost; it is waited for again", "lease", l.Name, "reason", err)
	}
}

func (l *Lease) prepare(ctx context.Context) error {
	if l.Silence == 0 {
		l.Silence = 15 * time.Second
	}
	if l.Logger == nil {
		l.Logger = slog.New(slog.DiscardHandler)
	}
	if l.Waiting == nil {
		l.Waiting = func(string) {}
	}
	switch l.DB.Dialect() {
	case store.SQLite:
		l.db = bun.NewDB(l.DB.SQL(), sqlitedialect.New())
	case store.PostgreSQL:
		l.db = bun.NewDB(l.DB.SQL(), pgdialect.New())
	default:
		return fmt.Errorf("lease %s: no lease is possible on %s", l.Name, l.DB.Dialect())
	}
	err := l.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, makeTable)
		return err
	})
	if err != nil {
		return fmt.Errorf("lease %s: %w", l.Name, err)
	}
	return nil
}

// wait returns when the process has the lease.
func (l *Lease) wait(ctx context.Context) error {
	ticker := time.NewTicker(l.Silence / 5)
	defer ticker.Stop()
	for {
		got, err := l.take(ctx)
		switch {
		case got:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("lease %s: %w", l.Name, err)
		}
		l.Waiting(l.seen.Owner)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// take takes the lease when nobody has it, or its holder was silent for too long.
func (l *Lease) take(ctx context.Context) (got bool, err error) {
	err = l.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var now row
		err := l.db.NewSelect().Conn(tx).Model(&now).Where("name = ?", l.Name).Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		free := err != nil || now.Owner == l.Owner
		if !free {
			if l.seen.Owner != now.Owner || l.seen.Beat != now.Beat {
				l.seen = sighting{now, time.Now()}
			}
			if time.Since(l.seen.since) < l.Silence {
				return nil
			}
			l.Logger.Warn("the holder of a lease is silent; this process takes over", "lease", l.Name, "holder", now.Owner)
		}
		mine := &row{Name: l.Name, Owner: l.Owner, Beat: now.Beat + 1}
		_, err = l.db.NewInsert().Conn(tx).Model(mine).On("CONFLICT (name) DO UPDATE").
			Set("owner = EXCLUDED.owner").Set("beat = EXCLUDED.beat").Exec(ctx)
		got = err == nil
		return err
	})
	return got && err == nil, err
}

// held runs fn while the lease lasts, and gives it back. Lost says that it did not last.
func (l *Lease) held(ctx context.Context, fn func(ctx context.Context) error) (err error, lost bool) { //nolint:staticcheck // the error is that of fn
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		if err := l.keep(own); err != nil {
			cancel(err)
		}
	}()
	err = fn(own)
	cause := context.Cause(own)
	lost = errors.Is(cause, ErrLost)
	cancel(nil)
	<-kept
	if lost {
		return cause, true
	}
	// Also when ctx has ended: the next holder need not wait.
	last, free := context.WithTimeout(context.WithoutCancel(ctx), l.Silence/3)
	defer free()
	if _, released := l.db.NewDelete().Model((*row)(nil)).Where("name = ? AND owner = ?", l.Name, l.Owner).Exec(last); released != nil {
		l.Logger.Warn("a lease could not be given back; it lapses by itself", "lease", l.Name, "error", released)
	}
	return err, false
}

// keep shows that the process is alive until ctx ends. It fails when the lease is lost, or may soon be.
func (l *Lease) keep(ctx context.Context) error {
	ticker := time.NewTicker(l.Silence / 5)
	defer ticker.Stop()
	shown := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		began := time.Now()
		limited, cancel := context.WithTimeout(ctx, l.Silence/5)
		n, err := l.beat(limited)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && n == 0:
			return ErrLost
		case err == nil:
			shown = began
		case time.Since(shown) > l.Silence/2:
			return fmt.Errorf("%w, perhaps: the database does not answer: %w", ErrLost, err)
		}
	}
}

func (l *Lease) beat(ctx context.Context) (int64, error) {
	res, err := l.db.NewUpdate().Model((*row)(nil)).Set("beat = beat + 1").Where("name = ? AND owner = ?", l.Name, l.Owner).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
