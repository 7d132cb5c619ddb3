package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write *bun.DB // one connection: SQLite has one writer at a time
	read  *bun.DB
}

// busyTimeout is how long a process waits for another one's write, in milliseconds. No write takes long.
const busyTimeout = 20_000

// Open opens the database file, makes it when it does not exist, and brings its tables up to date.
func Open(ctx context.Context, file string) (*Store, error) {
	if err := private(file); err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, err)
	}
	s := &Store{}
	var err error
	if s.write, err = connect(file, "immediate", 1); err == nil {
		err = migrate(ctx, s.write)
	}
	if err == nil {
		s.read, err = connect(file, "deferred", 4)
	}
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", file, errors.Join(err, s.Close()))
	}
	return s, nil
}

// private makes the file, readable by its owner only: it tells what is going to be signed.
func private(file string) error {
	if dir := filepath.Dir(file); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// connect opens a pool of connections to the file. Each begins its transactions in the given way.
func connect(file, begin string, connections int) (*bun.DB, error) {
	q := url.Values{}
	for _, p := range []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout),
		"journal_mode(WAL)",
		"synchronous(FULL)", // a commit is on the disk before it returns, also after a power failure
		"foreign_keys(1)",
		"trusted_schema(0)",
	} {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", begin)
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	dsn := (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return bun.NewDB(db, sqlitedialect.New()), nil
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*bun.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// transact runs fn in a transaction that holds the write lock from its beginning.
func (s *Store) transact(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return s.write.RunInTx(ctx, nil, fn)
}
