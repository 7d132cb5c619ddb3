package store

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

type inTx struct{}

// Atomic runs fn in one transaction, which is committed when fn returns nil. Every method of the store that is called
// with the context that fn is given takes part in it, and so does whatever uses tx: a queue stores its jobs together
// with what causes them. The context must not leave fn, nor be used by two goroutines at once.
//
// One transaction writes at a time, over all processes: on SQLite by its nature, on PostgreSQL by a lock that is held
// from the beginning. What fn reads stays as it is until fn has ended. It must not wait for anything outside.
func (s *Store) Atomic(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx.Tx) })
}

// transact runs fn in the transaction that the context is in, or in a new one that holds the write lock from its
// beginning.
func (s *Store) transact(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if tx, ok := ctx.Value(inTx{}).(*transaction); ok && tx.store == s {
		if tx.view {
			return errInView
		}
		return fn(ctx, tx.Tx)
	}
	if s.readOnly {
		return ErrReadOnly
	}
	return explain(s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lock(ctx, tx); err != nil {
			return err
		}
		return fn(context.WithValue(ctx, inTx{}, &transaction{Tx: tx, store: s}), tx)
	}))
}

type transaction struct {
	bun.Tx
	store *Store
	view  bool // it only reads
}

// lock makes writers take turns. Rules that look before they write (one set of targets per nominator and era, one
// transaction per key) hold because nobody writes in between.
func (s *Store) lock(ctx context.Context, tx bun.Tx) error {
	if s.dialect != PostgreSQL {
		return nil // the transaction has begun with it
	}
	// Two programmes may live in two schemas of one database.
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('otv write ' || current_schema(), 0))")
	return err
}

// from is where a method reads: in the transaction or view that the context is in, or what was committed last.
func (s *Store) from(ctx context.Context) bun.IDB {
	if tx, ok := ctx.Value(inTx{}).(*transaction); ok && tx.store == s {
		return tx.Tx
	}
	return s.read
}

// affected reports whether a statement changed any row.
func affected(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
