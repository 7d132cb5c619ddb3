package store

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestMigrationsRunOnceAndAreNotEdited(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		open(t, name)
		s := open(t, name)
		list, err := s.Migrations(t.Context())
		if err != nil || len(list) == 0 || slices.ContainsFunc(list, func(m Migration) bool { return m.Applied < 1_700_000_000_000 }) {
			t.Fatalf("migrations %v, error %v", list, err)
		}
		if _, err := s.write.Exec("UPDATE schema_migrations SET checksum = 'x'"); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), "in another form") {
			t.Errorf("an edited migration: %v", err)
		}
	})
}

func TestOpenRefusesADatabaseOfANewerProgram(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		s := open(t, name)
		if _, err := s.write.Exec("INSERT INTO schema_migrations (name, checksum) VALUES ('9999_future.sql', 'x')"); err != nil {
			t.Fatal(err)
		}
		for kind, open := range map[string]func() (*Store, error){
			"open":           func() (*Store, error) { return Open(t.Context(), name) },
			"open read-only": func() (*Store, error) { return OpenReadOnly(t.Context(), name) },
		} {
			if _, err := open(); err == nil || !strings.Contains(err.Error(), "newer version") {
				t.Errorf("%s a newer database: %v", kind, err)
			}
		}
	})
}

func TestProcessesMigrateInTurn(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				s, err := Open(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// A script that fails half-way leaves nothing behind.
func TestMigrationIsAllOrNothing(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		s := open(t, target(t))
		m := migration{name: "9000_broken.sql", script: "CREATE TABLE half (a TEXT); INSERT INTO nowhere VALUES (1);", checksum: "x"}
		if err := s.transact(t.Context(), m.run); err == nil {
			t.Fatal("the script ran")
		}
		if _, err := s.write.Exec("SELECT * FROM half"); !missingTable(err) {
			t.Errorf("the table of the first half: %v", err)
		}
		m.script = "CREATE TABLE half (a TEXT);"
		if err := s.transact(t.Context(), m.run); err != nil {
			t.Error(err)
		}
	})
}

func TestOpenReadOnly(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		if _, err := OpenReadOnly(t.Context(), name); !errors.Is(err, os.ErrNotExist) && !errors.Is(err, ErrOutdated) {
			t.Errorf("nothing there: %v", err)
		}
		s := open(t, name)
		r, err := OpenReadOnly(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.write.Exec("DELETE FROM pauses"); !errors.Is(explain(err), ErrReadOnly) {
			t.Errorf("a change: %v", err)
		}
		if err := r.transact(t.Context(), nil); !errors.Is(err, ErrReadOnly) {
			t.Errorf("a transaction: %v", err)
		}
		if err := r.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.write.Exec("DELETE FROM schema_migrations"); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenReadOnly(t.Context(), name); !errors.Is(err, ErrOutdated) {
			t.Errorf("an older database: %v", err)
		}
	})
}

// column is one column of a table, with its type in the terms of both databases.
type column struct{ Table, Name, Type string }

// Both databases have the same tables with the same columns.
func TestTablesAreTheSameOnBoth(t *testing.T) {
	lite, pg := columns(t, open(t, newFile(t))), columns(t, openPostgres(t))
	if len(lite) < 20 {
		t.Fatalf("only %d columns were found", len(lite))
	}
	if d := gocmp.Diff(lite, pg); d != "" {
		t.Errorf("-sqlite +postgresql:\n%s", d)
	}
}

func columns(t *testing.T, s *Store) []column {
	query := `SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	if s.dialect == PostgreSQL {
		query = `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()`
	}
	rows, err := s.read.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	same := map[string]string{"integer": "bigint", "blob": "bytea"}
	var out []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.Table, &c.Name, &c.Type); err != nil {
			t.Fatal(err)
		}
		c.Type = strings.ToLower(c.Type)
		c.Type = cmp.Or(same[c.Type], c.Type)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out, func(a, b column) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name)) })
	return out
}

func TestOtherDatabasesAreRefused(t *testing.T) {
	for _, target := range []string{"mysql://host/db", "mongodb://localhost:27017/otv"} {
		if _, err := Open(t.Context(), target); err == nil || !strings.Contains(err.Error(), "not supported") {
			t.Errorf("%s: %v", target, err)
		}
	}
	for target, want := range map[string]string{
		"postgres://u:secret@127.0.0.1/db":          "postgres://u:xxxxx@127.0.0.1/db",
		"postgresql://h/db?password=secret&user=u":  "postgresql://h/db?password=xxxxx&user=u",
		filepath.Join("a", "otv.db"):                filepath.Join("a", "otv.db"),
		"postgres://u@127.0.0.1/db?sslmode=disable": "postgres://u@127.0.0.1/db?sslmode=disable",
		"postgres://u:secret@[::bad/db":             "at an unreadable URL",
	} {
		if got := Name(target); got != want {
			t.Errorf("%s is shown as %s, want %s", target, got, want)
		}
	}
}
