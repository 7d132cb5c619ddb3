package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// errInView is a mistake of the caller.
var errInView = errors.New("nothing can be written while a view is read")

// View runs fn, in which every read with the context that fn is given sees the database as it is at the beginning of the
// first of them, whatever is written meanwhile. What belongs together is read together this way. The context must not leave
// fn, nor be used by two goroutines at once. A view holds a connection: fn must not wait for anything outside.
func (s *Store) View(ctx context.Context, fn func(ctx context.Context) error) error {
	if tx, ok := ctx.Value(inTx{}).(*transaction); ok && tx.store == s {
		return fn(ctx)
	}
	opts := &sql.TxOptions{ReadOnly: true}
	if s.dialect == PostgreSQL {
		opts.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.read.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin to read: %w", explain(err))
	}
	// There is nothing to commit, and the connection goes back either way.
	defer func() { _ = tx.Rollback() }()
	return fn(context.WithValue(ctx, inTx{}, &transaction{Tx: tx, store: s, view: true}))
}

// viewed reads one thing with several queries that belong together.
func viewed[T any](ctx context.Context, s *Store, what string, read func(ctx context.Context, db bun.IDB) (T, error)) (T, error) {
	var out T
	err := s.View(ctx, func(ctx context.Context) (err error) {
		out, err = read(ctx, s.from(ctx))
		return err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("read %s: %w", what, err)
	}
	return out, nil
}
