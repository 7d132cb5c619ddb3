package store

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uptrace/bun"
)

var update = flag.Bool("update", false, "rewrite the dumps of the tables after each migration")

// upTo makes the tables of the version that ended with a migration.
func upTo(t *testing.T, target string, list []migration) *Store {
	t.Helper()
	s := must[*Store](t)(connect(t.Context(), target, false))
	t.Cleanup(func() { check(t, s.Close()) })
	_, err := s.write.ExecContext(t.Context(), "CREATE TABLE schema_migrations (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, at BIGINT NOT NULL DEFAULT 5)")
	check(t, err)
	for _, m := range list {
		check(t, s.transact(t.Context(), m.run))
	}
	return s
}

// dump is the tables as SQLite has them, in the order in which they were made.
func dump(t *testing.T, s *Store) (text string, tables []string) {
	t.Helper()
	var rows []struct{ Type, Name, SQL string }
	check(t, s.read.NewRaw("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid").Scan(t.Context(), &rows))
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.SQL + ";\n")
		if r.Type == "table" && r.Name != "schema_migrations" {
			tables = append(tables, r.Name)
		}
	}
	return b.String(), tables
}

// The tables after each migration are written down: a script that has been released is not edited.
func TestTablesAfterEachMigration(t *testing.T) {
	list, err := migrations(SQLite)
	check(t, err)
	for i := range list {
		text, _ := dump(t, upTo(t, newFile(t), list[:i+1]))
		file := filepath.Join("testdata", "schema", list[i].name)
		if *update {
			check(t, os.MkdirAll(filepath.Dir(file), 0o750))
			check(t, os.WriteFile(file, []byte(text), 0o600))
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != text {
			t.Errorf("after %s the tables are not those of %s (error %v)", list[i].name, file, err)
		}
	}
}

// A filled database of every earlier version holds the same afterwards, on both kinds.
func TestUpgradeKeepsEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	full := open(t, copyFile(t))
	fillUp(t, full)
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		for i := range must[[]migration](t)(migrations(SQLite)) {
			lite, err := migrations(SQLite)
			check(t, err)
			_, tables := dump(t, upTo(t, newFile(t), lite[:i+1]))
			name := target(t)
			d := SQLite
			if IsURL(name) {
				d = PostgreSQL
			}
			list, err := migrations(d)
			check(t, err)
			s := upTo(t, name, list[:i+1])
			for _, table := range tables {
				pour(t, full, s, table)
			}
			before := content(t, s)
			s2 := open(t, name)
			after := content(t, s2)
			for _, table := range tables {
				same(t, after[table], before[table])
				if len(after[table]) != count(t, full, table) {
					t.Errorf("%d rows of %s", len(after[table]), table)
				}
			}
			if st := must[*Status](t)(s2.Status(t.Context())); st.State != Current {
				t.Errorf("after %s the state is %s", list[i].name, st.State)
			}
		}
	})
}

// pour copies the rows of a table.
func pour(t *testing.T, from, to *Store, table string) {
	t.Helper()
	rows, err := from.read.QueryContext(t.Context(), "SELECT * FROM "+table)
	check(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	check(t, err)
	types, err := rows.ColumnTypes()
	check(t, err)
	err = to.transact(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			for i := range values {
				if n, ok := values[i].(int64); ok && types[i].DatabaseTypeName() == "BOOLEAN" {
					values[i] = n != 0
				}
			}
			marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(columns, ", "), marks), values...); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	check(t, err)
}
