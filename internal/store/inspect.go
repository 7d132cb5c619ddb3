package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// OpenForCare opens a database as [OpenReadOnly] does, whatever version of the program its tables are of: to look at it,
// to back it up, and to check it.
func OpenForCare(ctx context.Context, target string) (*Store, error) {
	s, err := connect(ctx, target, true)
	if err == nil {
		err = s.read.PingContext(ctx)
	}
	if err == nil {
		// Nothing of a file is read before it is asked for something.
		_, err = s.read.ExecContext(ctx, "SELECT count(*) FROM "+s.catalogue())
	}
	if errors.Is(explain(err), ErrDamaged) {
		err = nil // a check tells more
	}
	return opened(s, target, err)
}

// catalogue is the table of the database's own that lists tables.
func (s *Store) catalogue() string {
	if s.dialect == PostgreSQL {
		return "pg_tables"
	}
	return "sqlite_schema"
}

// Status is what a database is and holds.
type Status struct {
	Database   string      `json:"database"` // file, or URL without its password
	Dialect    Dialect     `json:"dialect"`
	Version    string      `json:"version"` // of the database software
	Size       int64       `json:"size"`    // bytes on the disk, log included
	State      string      `json:"state"`   // [Current], [Outdated], [Newer], [Edited] or [Foreign]
	Migrations []Migration `json:"migrations"`
	Unknown    []string    `json:"unknown,omitempty"` // migrations that this version of the program does not know
	Tables     []Table     `json:"tables"`
}

// Table is how many rows a table has.
type Table struct {
	Name string `json:"name"`
	Rows int64  `json:"rows"`
}

// What the tables of a database are to this version of the program.
const (
	Current  = "current"
	Outdated = "outdated" // of an older version
	Newer    = "newer"    // of a newer version
	Edited   = "edited"   // a migration has run on it in another form
	Foreign  = "foreign"  // it has none of this program's
)

// Status tells what the database is and holds, in whatever version.
func (s *Store) Status(ctx context.Context) (*Status, error) {
	out := &Status{Database: s.name, Dialect: s.dialect}
	err := s.View(ctx, func(ctx context.Context) error { return s.status(ctx, out) })
	if err != nil {
		return nil, fmt.Errorf("look at the database: %w", explain(err))
	}
	return out, nil
}

func (s *Store) status(ctx context.Context, out *Status) error {
	db := s.from(ctx)
	list, err := migrations(s.dialect)
	if err != nil {
		return err
	}
	tables, err := s.tables(ctx)
	if err != nil {
		return err
	}
	have := map[string]migrationRow{}
	if slices.Contains(tables, "schema_migrations") {
		if have, err = applied(ctx, s); err != nil {
			return err
		}
	}
	out.State = Current
	if len(have) == 0 {
		out.State = Foreign
	}
	for _, m := range list {
		row, ok := have[m.name]
		out.Migrations = append(out.Migrations, Migration{Name: m.name, Applied: row.At})
		switch {
		case !ok && out.State == Current:
			out.State = Outdated
		case ok && row.Checksum != m.checksum:
			out.State = Edited
		}
		delete(have, m.name)
	}
	for name := range have {
		out.State, out.Unknown = Newer, append(out.Unknown, name)
	}
	slices.Sort(out.Unknown)
	for _, name := range tables {
		t := Table{Name: name}
		if err := db.NewSelect().TableExpr("?", bun.Ident(name)).ColumnExpr("count(*)").Scan(ctx, &t.Rows); err != nil {
			return err
		}
		out.Tables = append(out.Tables, t)
	}
	if s.dialect == PostgreSQL {
		if err := db.QueryRowContext(ctx, "SHOW server_version").Scan(&out.Version); err != nil {
			return err
		}
		return db.QueryRowContext(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind = 'r'`).Scan(&out.Size)
	}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(s.name + suffix); err == nil {
			out.Size += info.Size()
		}
	}
	return db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&out.Version)
}

// tables lists the tables, those of the queue included, by name.
func (s *Store) tables(ctx context.Context) ([]string, error) {
	query := "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if s.dialect == PostgreSQL {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	var out []string
	if err := s.from(ctx).NewRaw(query).Scan(ctx, &out); err != nil {
		return nil, err
	}
	slices.SortFunc(out, strings.Compare)
	return out, nil
}
