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

func schema(t testing.TB, base string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	run := func(ctx context.Context, query string) {
		c, err := pgx.Connect(ctx, base)
		if err == nil {
			_, err = c.Exec(ctx, query)
			_ = c.Close(ctx)
		}
		if err != nil {
			t.Errorf("pgtest: %v", err)
		}
	}
	run(t.Context(), "CREATE SCHEMA "+name)
	t.Cleanup(func() { run(context.Background(), "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
