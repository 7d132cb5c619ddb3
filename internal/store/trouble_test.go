package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

// told demands one clear sentence: the kind of trouble once, and nothing doubled.
func told(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error is %v, want %v", err, kind)
	}
	if n := strings.Count(err.Error(), kind.Error()); n != 1 || strings.Contains(err.Error(), "\n") {
		t.Errorf("said %d times: %v", n, err)
	}
}

// candidates demands that exactly these slots are stored, each with one entry.
func candidates(t *testing.T, s *Store, n int) {
	t.Helper()
	if got, entries := len(must[[]memory.Candidate](t)(s.Candidates(t.Context()))), count(t, s, "candidate_entries"); got != n || entries != n {
		t.Errorf("%d candidates and %d entries, want %d", got, entries, n)
	}
}

func TestDiskFull(t *testing.T) {
	s := open(t, copyFile(t))
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(0)}))
	var pages int
	check(t, s.write.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := s.write.Exec("PRAGMA max_page_count(" + strconv.Itoa(pages+3) + ")")
	check(t, err)
	var many []memory.Candidate
	for i := range 2000 {
		many = append(many, candidate(i+1))
	}
	told(t, s.SaveCandidates(t.Context(), many), ErrFull)
	candidates(t, s, 1) // nothing of what failed
	_, err = s.write.Exec("PRAGMA max_page_count(1000000)")
	check(t, err)
	check(t, s.SaveCandidates(t.Context(), many)) // there is room again
	candidates(t, s, 2001)
}

func TestDiskFullOnPostgres(t *testing.T) {
	s := openPostgres(t)
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(0)}))
	_, err := s.write.Exec(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT ON candidate_entries EXECUTE FUNCTION full_disk()`)
	check(t, err)
	told(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}), ErrFull)
	candidates(t, s, 1)
	_, err = s.write.Exec("DROP TRIGGER full_disk ON candidate_entries")
	check(t, err)
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}))
	candidates(t, s, 2)
}

func TestLockedFile(t *testing.T) {
	file := copyFile(t)
	s, other := open(t, file), open(t, file)
	for _, db := range []*Store{s, other} {
		_, err := db.write.Exec("PRAGMA busy_timeout(1)")
		check(t, err)
	}
	check(t, other.Atomic(t.Context(), func(context.Context, *sql.Tx) error {
		told(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}), ErrBusy)
		candidates(t, s, 0) // readers do not wait
		return nil
	}))
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}))
	candidates(t, other, 1)
}

func TestCorruptFile(t *testing.T) {
	file := copyFile(t)
	b, err := os.ReadFile(file)
	check(t, err)
	for i := 4096; i < len(b); i++ {
		b[i] ^= 0x5A
	}
	check(t, os.WriteFile(file, b, 0o600))
	_, err = Open(t.Context(), file)
	told(t, err, ErrDamaged)
}

func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	if os.Getuid() == 0 {
		dir = "/sys" // root may write everywhere else
	} else {
		check(t, os.Chmod(dir, 0o500))
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	}
	_, err := Open(t.Context(), filepath.Join(dir, "otv.db"))
	told(t, err, ErrReadOnly)
}

// What is named is no database, or is not there.
func TestWrongTargets(t *testing.T) {
	dir := t.TempDir()
	for _, open := range []func(context.Context, string) (*Store, error){Open, OpenReadOnly, OpenForCare} {
		if _, err := open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "it is a folder: name a file in it") {
			t.Errorf("a folder: %v", err)
		}
		if _, err := open(t.Context(), "mysql://x/y"); err == nil || !strings.Contains(err.Error(), "mysql databases are not supported") {
			t.Errorf("another kind: %v", err)
		}
		s, err := open(t.Context(), "postgres://ada:secret@127.0.0.1:1/otv")
		if err == nil { // a connection is made when it is needed
			err = s.Ping(t.Context())
			check(t, s.Close())
		}
		told(t, err, ErrUnreachable)
		if strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
	for _, open := range []func(context.Context, string) (*Store, error){OpenReadOnly, OpenForCare} {
		if _, err := open(t.Context(), filepath.Join(dir, "none.db")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "otv run makes it") {
			t.Errorf("no file: %v", err)
		}
	}
}

// The server is lost like by a loss of power, in the middle of a transaction too, and comes back: nothing is lost that
// was stored, nothing is there that was not, and the same handle goes on.
func TestServerGoesAwayAndComesBack(t *testing.T) {
	server := pgtest.New(t)
	s := open(t, server.URL()+"&synchronous_commit=on") // a server in use has that
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(0)}))
	err := s.Atomic(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
		check(t, s.SaveCandidates(ctx, []memory.Candidate{candidate(1)}))
		server.Kill()
		return s.SaveCandidates(ctx, []memory.Candidate{candidate(2)})
	})
	told(t, err, ErrUnreachable)
	told(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(3)}), ErrUnreachable)
	check(t, server.Start())
	// Connections that broke are found out one by one.
	for range connections + 1 {
		if err = s.Ping(t.Context()); err == nil {
			break
		}
	}
	check(t, err)
	candidates(t, s, 1)
	check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}))
	candidates(t, s, 2)
}
