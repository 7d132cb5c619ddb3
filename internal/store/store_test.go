package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store/pgtest"
	"github.com/thousand-validators/otv/internal/store/storetest"
)

func open(t testing.TB, target string) *Store {
	t.Helper()
	s, err := Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// databases runs a test on each kind of database; target gives it an empty one.
func databases(t *testing.T, test func(t *testing.T, target func(t testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newFile) })
	t.Run("postgresql", func(t *testing.T) { test(t, pgtest.URL) })
}

// made is like databases for a test that does not care how the tables came to be.
func made(t *testing.T, test func(t *testing.T, target func(t testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, copyFile) })
	t.Run("postgresql", func(t *testing.T) {
		test(t, func(t testing.TB) string { return pgtest.Made(t, fill) })
	})
}

// both runs a test on an empty database of each kind. Again is another handle on the same one, as another process has it.
func both(t *testing.T, test func(t *testing.T, s, again *Store)) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		test(t, open(t, name), open(t, name))
	})
}

// fill makes the tables of a database.
func fill(target string) error {
	s, err := Open(context.Background(), target)
	if err != nil {
		return err
	}
	return s.Close()
}

// pattern is a file with the tables and nothing in them.
var pattern = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "otv-store-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "otv.db")
	if err := fill(file); err != nil {
		return nil, err
	}
	return os.ReadFile(file) // closing it has moved everything there
})

func copyFile(t testing.TB) string {
	t.Helper()
	b, err := pattern()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "otv.db")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "otv.db") }

func TestConformance(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		storetest.Run(t, func(t *testing.T) (a, b storetest.Store) {
			name := target(t)
			return open(t, name), open(t, name)
		})
	})
}

func TestOpenKeepsTheFilePrivateAndDurable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a folder", "otv 1%.db")
	s := open(t, file)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v", info.Mode())
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

func TestOpenSaysWhatIsWrongWithTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "otv.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file that is no database: %v", err)
	}
}

// The database itself refuses to forget or to rewrite what money moved for.
func TestHistoryAndIntentsCannotBeRewritten(t *testing.T) {
	made(t, testFixed)
}

func testFixed(t *testing.T, target func(t testing.TB) string) {
	s := open(t, target(t))
	ctx := t.Context()
	if err := s.SaveDocument(ctx, plan.Document{Digest: "d", Kind: plan.DocumentRound, Bytes: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	p, _, err := s.CreatePlan(ctx, plan.Plan{Key: plan.Key{Round: "d", Nominator: "n"}, Network: "w", Signer: "s", Mode: plan.Direct, State: plan.Planned})
	if err != nil {
		t.Fatal(err)
	}
	i := plan.Intent{ID: "i", Key: p.Key, Kind: plan.KindNominate, Network: "w", Signer: "s", Period: 64, Status: plan.Prepared}
	if _, err := s.Advance(ctx, plan.Change{Plan: p, Intent: &i}); err != nil {
		t.Fatal(err)
	}
	i.Status, i.Hash, i.Extrinsic = plan.Signed, "0x1", []byte{1}
	if err := s.UpdateIntent(ctx, i, plan.Prepared); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"UPDATE plan_events SET text = 'x'", "DELETE FROM plan_events", "DELETE FROM intents",
		"UPDATE intents SET nonce = 9", "UPDATE intents SET targets = 'x'", "UPDATE intents SET payload = 'x'",
		"UPDATE intents SET hash = '0x2'", "UPDATE intents SET extrinsic = NULL",
		"INSERT INTO plans SELECT 99, 'unknown', nominator, network, stash, signer, mode, era, targets, proxy_type, delay, call, call_hash, state, 1, reason, note, announcement, tx, operator, effect, attempts, replan, created, updated, version FROM plans",
	} {
		if _, err := s.write.Exec(q); err == nil {
			t.Errorf("possible: %s", q)
		} else if strings.Contains(err.Error(), "syntax") || strings.Contains(err.Error(), "no such") {
			t.Errorf("%s: %v", q, err)
		}
	}
}
