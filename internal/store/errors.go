package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What can be wrong with a database. Errors of this package wrap one of these when it applies.
var (
	ErrReadOnly    = errors.New("the database can only be read: check the permissions of its folder and file, or of its user")
	ErrFull        = errors.New("there is no room left on the disk of the database: make room; nothing of what failed was stored")
	ErrBusy        = errors.New("another program has kept the database locked for too long: end it, or try again")
	ErrDamaged     = errors.New("the database is damaged: restore the newest backup (otv db check tells more)")
	ErrNoDatabase  = errors.New("the file is no database of this program: name another file, or move it away")
	ErrUnreachable = errors.New("the database server is out of reach: check that it runs and that the URL is right; it is tried again")
	ErrRefused     = errors.New("the database server refuses the connection: check user, password and name of the database")
	ErrOutdated    = errors.New("the tables are those of an older version of the program: start it with the core role, or run otv db migrate")
)

// explain puts a clear sentence before what a driver says. The cause stays wrapped.
func explain(err error) error {
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	if kind == nil || errors.Is(err, kind) {
		return err
	}
	return explained{kind, err}
}

// explained is a failure with a clear sentence before what a driver says, all of it on one line.
type explained struct{ kind, cause error }

func (e explained) Error() string {
	return fmt.Sprintf("%v (%s)", e.kind, strings.Join(strings.Fields(e.cause.Error()), " "))
}

func (e explained) Unwrap() []error { return []error{e.kind, e.cause} }

func kindOf(err error) error {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return kindOfSQLite(lite.Code())
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return kindOfPostgres(pg.Code)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	var refused *pgconn.ConnectError
	var network net.Error
	var file *fs.PathError // its cause calls itself a network error
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	case errors.As(err, &file):
		return nil
	case errors.As(err, &refused), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err):
		return ErrUnreachable
	}
	return nil
}

func kindOfSQLite(code int) error {
	switch code & 0xff { // the rest says more precisely what
	case sqlite3.SQLITE_FULL:
		return ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return ErrReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_CORRUPT:
		return ErrDamaged
	case sqlite3.SQLITE_NOTADB:
		return ErrNoDatabase
	}
	return nil
}

// kindOfPostgres knows the classes and codes of the appendix "PostgreSQL Error Codes" of its manual.
func kindOfPostgres(code string) error {
	switch code {
	case "53100": // disk_full
		return ErrFull
	case "25006", "42501": // read_only_sql_transaction, insufficient_privilege
		return ErrReadOnly
	case "55P03", "40P01": // lock_not_available, deadlock_detected
		return ErrBusy
	case "28000", "28P01", "3D000": // invalid_authorization_specification, invalid_password, invalid_catalog_name
		return ErrRefused
	}
	if len(code) != 5 {
		return nil
	}
	switch code[:2] {
	case "08", "57", "53": // connection, operator intervention, too many connections
		if code == "57014" { // query_canceled
			return nil
		}
		return ErrUnreachable
	case "XX": // data_corrupted, index_corrupted, internal_error
		return ErrDamaged
	}
	return nil
}

// missingTable reports whether a query failed because it names a table that does not exist.
func missingTable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "42P01" // undefined_table
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && strings.Contains(lite.Error(), "no such table")
}
