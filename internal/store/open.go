package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
)

// Dialect names a kind of database.
type Dialect string

// The databases.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect  Dialect
	name     string // for messages: the file, or the URL without its password
	write    *bun.DB
	read     *bun.DB // the same as write on PostgreSQL
	readOnly bool
	pool     *pgxpool.Config // PostgreSQL: how to connect
}

// Open opens a database and brings its tables up to date. The target is the name of a file, which is made when it does
// not exist, or the URL of a PostgreSQL database ("postgres://user:password@host/name"), which must exist.
func Open(ctx context.Context, target string) (*Store, error) {
	s, err := connect(ctx, target, false)
	if err == nil {
		err = migrate(ctx, s)
	}
	return opened(s, target, err)
}

// OpenReadOnly opens a database of which nothing is going to be changed. It must exist, with the tables this version
// of the program knows; an older one is [ErrOutdated].
func OpenReadOnly(ctx context.Context, target string) (*Store, error) {
	s, err := connect(ctx, target, true)
	if err == nil {
		err = current(ctx, s)
	}
	return opened(s, target, err)
}

func opened(s *Store, target string, err error) (*Store, error) {
	if err == nil {
		return s, nil
	}
	err = explain(err)
	if s != nil {
		err = errors.Join(err, s.Close())
	}
	return nil, fmt.Errorf("open database %s: %w", Name(target), err)
}

func connect(ctx context.Context, target string, readOnly bool) (*Store, error) {
	if IsURL(target) {
		return connectPostgres(target, readOnly)
	}
	if scheme, _, ok := strings.Cut(target, "://"); ok {
		return nil, fmt.Errorf("%s databases are not supported: name a postgres:// URL or a file", scheme)
	}
	return connectSQLite(ctx, target, readOnly)
}

// IsURL reports whether a target is the URL of a server, not the name of a file.
func IsURL(target string) bool {
	return strings.HasPrefix(target, "postgres://") || strings.HasPrefix(target, "postgresql://")
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil && s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// Dialect says which kind of database it is.
func (s *Store) Dialect() Dialect { return s.dialect }

// Name is the file, or the URL without its password.
func (s *Store) Name() string { return s.name }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return explain(s.read.PingContext(ctx)) }

// SQL is the pool through which the database is written, for a queue that keeps its jobs in the same database. On
// SQLite it has one connection, which every transaction of the store takes.
func (s *Store) SQL() *sql.DB { return s.write.DB }

// PostgresPool opens a pool of connections of its own to a PostgreSQL database, for a queue that waits for
// notifications. The caller closes it.
func (s *Store) PostgresPool(ctx context.Context) (*pgxpool.Pool, error) {
	if s.dialect != PostgreSQL {
		return nil, fmt.Errorf("database %s is not PostgreSQL", s.name)
	}
	p, err := pgxpool.NewWithConfig(ctx, s.pool.Copy())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", s.name, explain(err))
	}
	return p, nil
}
