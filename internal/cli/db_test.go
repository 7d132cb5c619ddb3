package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDB(t *testing.T) {
	dir := t.TempDir()
	db, copied := filepath.Join(dir, "otv.db"), filepath.Join(dir, "copy.db")
	expect := func(code int, parts string, args ...string) string {
		t.Helper()
		got, stdout, stderr := run(t, append([]string{"db"}, args...)...)
		if got != code || !strings.Contains(stdout+stderr, parts) {
			t.Errorf("%v: exit code %d, want %d\n%s%s", args, got, code, stdout, stderr)
		}
		return stdout
	}
	expect(ExitUsage, "--config DIR or --db FILE", "status")
	expect(ExitInput, "no such file", "status", "--db", db)
	expect(ExitInput, "no such file", "backup", copied, "--db", db)
	expect(ExitInput, "passwords must not stand on the command line", "check", "--db", "postgres://u:secret@127.0.0.1/x")
	expect(ExitOK, "ran 0001_nominating.sql", "migrate", "--db", db)
	expect(ExitOK, "is up to date", "migrate", "--db", db)
	expect(ExitOK, "the tables are those of this version", "status", "--db", db)
	expect(ExitOK, "is sound", "check", "--db", db)
	expect(ExitOK, "is a copy of", "backup", copied, "--db", db)
	expect(ExitInput, "already exists", "backup", copied, "--db", db)
	for _, args := range [][]string{{"migrate"}, {"status"}, {"check"}, {"backup", copied + "2"}} {
		out := expect(ExitOK, `"database"`, append(args, "--json", "--db", db)...)
		var v map[string]any
		if err := json.Unmarshal([]byte(out), &v); err != nil || v["database"] != db {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}

	// A page in the middle of the file is lost.
	b, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	for i := 16 * 4096; i < 40*4096; i++ {
		b[i] = 0xAA
	}
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(ExitFailed, "file: ", "check", "--db", copied)
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(ExitInput, "no database of this program", "check", "--db", text)
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(ExitFailed, "there are no tables of this program", "status", "--db", empty)
}
