package store

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Times that bound what a process may wait for, or make others wait for.
const (
	connectTimeout = 10 * time.Second
	// idleTimeout ends the session of a process that stopped in the middle of a transaction, so that the others can
	// go on.
	idleTimeout = time.Minute
)

// connections is the size of the pool of a process, unless the URL has pool_max_conns.
const connections = 8

// connectPostgres prepares a pool; a connection is made when it is needed.
func connectPostgres(target string, readOnly bool) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(target)
	if err != nil {
		return nil, fmt.Errorf("the URL of the database is not usable: %w", err)
	}
	if u, err := url.Parse(target); err == nil && !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = connections
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name":                    "otv",
		"timezone":                            "UTC",
		"lock_timeout":                        strconv.FormatInt(patience.Milliseconds(), 10),
		"idle_in_transaction_session_timeout": strconv.FormatInt(idleTimeout.Milliseconds(), 10),
	} {
		if cfg.ConnConfig.RuntimeParams[name] == "" {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	// bun writes values into the text of a query, so that preparing it would only cost a round trip.
	direct := cfg.ConnConfig.Copy()
	direct.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if readOnly {
		direct.RuntimeParams["default_transaction_read_only"] = "on"
	}
	db := stdlib.OpenDB(*direct)
	db.SetMaxOpenConns(int(cfg.MaxConns))
	db.SetMaxIdleConns(int(cfg.MaxConns))
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{dialect: PostgreSQL, name: Name(target), readOnly: readOnly, pool: cfg}
	s.write = bun.NewDB(db, pgdialect.New())
	s.read = s.write
	return s, nil
}

// Name is a target as it may be shown: a file's name, or a URL without its password.
func Name(target string) string {
	if !IsURL(target) {
		return target
	}
	u, err := url.Parse(target)
	if err != nil {
		return "at an unreadable URL"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
