// Package pgtest gives tests a PostgreSQL server of their own, thrown away after them: made by the programs of the
// Debian package postgresql, reached through a socket in a temporary folder, run by a user without privileges.
//
// A package whose tests use it has
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// and asks for a database with [URL]. The server is started when the first test asks.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Environment is the variable that says where the server comes from: empty for one of the tests' own, or none when it
// is not installed; "required" for one of their own, in any case; else the URL of a server that is used instead, as a user
// who may create schemas.
const Environment = "OTV_TEST_POSTGRES"

var shared struct {
	sync.Mutex
	server *Server
	err    error
	free   []string // databases that [Made] can give away again
}

// Run runs the tests of a package and stops the server after them.
func Run(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// URL is an empty database (a schema of the server) for one test. Without PostgreSQL the test is skipped, unless it is
// required.
func URL(t testing.TB) string {
	t.Helper()
	base := os.Getenv(Environment)
	if base == "" || base == "required" {
		base = own(t, base != "").URL()
	}
	return schema(t, base)
}

// own is the server that all tests of the package share.
func own(t testing.TB, required bool) *Server {
	t.Helper()
	if dir, err := programs(); err != nil {
		if required {
			t.Fatal(err)
		}
		t.Skip(err)
	} else {
		shared.Lock()
		defer shared.Unlock()
		if shared.server == nil && shared.err == nil {
			shared.server, shared.err = start(dir)
		}
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// Made is a database in which fill has made the tables, which takes long: after the test it is emptied and given to the
// next one. What fill has left in the tables stays. A test that changes tables uses [URL]. On a server that is not the
// tests' own, each is made anew.
func Made(t testing.TB, fill func(url string) error) string {
	t.Helper()
	base := os.Getenv(Environment)
	if base != "" && base != "required" {
		name := schema(t, base)
		if err := fill(name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	s := own(t, base != "")
	shared.Lock()
	defer shared.Unlock()
	var name string
	if n := len(shared.free); n > 0 {
		name, shared.free = shared.free[n-1], shared.free[:n-1]
	} else {
		name = s.database(newSchema(t, s.URL()))
		if err := fill(name); err != nil {
			t.Fatal(err)
		}
		run(t, t.Context(), name, note)
	}
	t.Cleanup(func() {
		run(t, context.Background(), name, empty)
		shared.Lock()
		defer shared.Unlock()
		shared.free = append(shared.free, name)
	})
	return name
}

// note writes down which tables have rows from the beginning, and empty deletes the rows of the others. Without triggers
// for a moment: some tables do not let go of anything.
const (
	note = `DO $$ DECLARE r record; full_ boolean; BEGIN
		CREATE TABLE pgtest_kept (name text);
		FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'pgtest_kept' LOOP
			EXECUTE format('SELECT EXISTS (SELECT FROM %I)', r.tablename) INTO full_;
			IF full_ THEN INSERT INTO pgtest_kept VALUES (r.tablename); END IF;
		END LOOP; END $$`
	empty = `DO $$ DECLARE r record; BEGIN
		SET LOCAL session_replication_role = replica;
		FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'pgtest_kept'
			AND tablename NOT IN (SELECT name FROM pgtest_kept) LOOP
			EXECUTE format('DELETE FROM %I', r.tablename);
		END LOOP;
		PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = current_schema();
		END $$`
)

func newName() string { return "test_" + strings.ToLower(rand.Text()) }

func run(t testing.TB, ctx context.Context, base, query string) {
	t.Helper()
	c, err := pgx.Connect(ctx, base)
	if err == nil {
		_, err = c.Exec(ctx, query)
		_ = c.Close(ctx)
	}
	if err != nil {
		t.Errorf("pgtest: %v", err)
	}
}

func newSchema(t testing.TB, base string) string {
	t.Helper()
	name := newName()
	run(t, t.Context(), base, "CREATE SCHEMA "+name)
	return name
}

func schema(t testing.TB, base string) string {
	t.Helper()
	name := newSchema(t, base)
	t.Cleanup(func() { run(t, context.Background(), base, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
