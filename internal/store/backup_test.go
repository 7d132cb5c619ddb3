package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// content is every row of every table, as text.
func content(t testing.TB, s *Store) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, table := range must[[]string](t)(s.tables(t.Context())) {
		rows, err := s.read.QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
		check(t, err)
		columns, err := rows.Columns()
		check(t, err)
		out[table] = []string{}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			check(t, rows.Scan(into...))
			var line strings.Builder
			for i, c := range columns {
				fmt.Fprintf(&line, "%s=%v ", c, values[i])
			}
			out[table] = append(out[table], line.String())
		}
		check(t, errors.Join(rows.Err(), rows.Close()))
		slices.Sort(out[table])
	}
	return out
}

// A copy that is made while others write holds one moment of what they write, and a database made of it goes on.
func TestBackupOfARunningDatabase(t *testing.T) {
	file := copyFile(t)
	s := open(t, file)
	fillUp(t, s)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wrote := make(chan struct{}, 1000)
	wg.Go(func() {
		for i := 10; ctx.Err() == nil; i++ { // a candidate and its entry belong together
			if err := s.SaveCandidates(ctx, []memory.Candidate{candidate(i)}); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			select {
			case wrote <- struct{}{}:
			default:
			}
		}
	})
	<-wrote
	care := must[*Store](t)(OpenForCare(t.Context(), file))
	defer care.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	check(t, care.Backup(t.Context(), copied))
	<-wrote
	stop()
	wg.Wait()
	b := open(t, copied)
	if n, m := len(must[[]memory.Candidate](t)(b.Candidates(t.Context()))), count(t, b, "candidate_entries"); n < 2 || n != m {
		t.Errorf("%d candidates and %d entries", n, m)
	}
	if c := must[*Checked](t)(b.Check(t.Context())); len(c.Findings) > 0 {
		t.Errorf("the copy: %v", c.Findings)
	}
	check(t, b.SaveCandidates(t.Context(), []memory.Candidate{candidate(5)}))
	info, err := os.Stat(copied)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}

	// Now that nobody writes, everything is the same.
	again := filepath.Join(t.TempDir(), "again.db")
	check(t, s.Backup(t.Context(), again))
	same(t, content(t, open(t, again)), content(t, s))
}

func count(t testing.TB, s *Store, table string) (n int) {
	t.Helper()
	check(t, s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

// fillUp puts something into most tables.
func fillUp(t testing.TB, s *Store) {
	t.Helper()
	ctx := t.Context()
	check(t, s.SaveCandidates(ctx, []memory.Candidate{candidate(1), candidate(2)}))
	check(t, s.SaveStandings(ctx, []memory.Standing{standing(1, 1000)}))
	check(t, s.SaveScores(ctx, []memory.Score{score(1, 60, 5)}, memory.ScoreStatistics{Session: 60, At: 60}))
	check(t, s.SavePresence(ctx, memory.PresenceBatch{Observer: memory.Observer{Seen: 7}, Outages: []memory.Outage{{Slot: 1}}}))
	check(t, s.SaveStakes(ctx, []memory.Stake{{Stash: "a", Era: 1, Total: programme.PlanckFromParts(1, 2)}}))
	check(t, s.SavePayouts(ctx, []memory.Reward{{Payout: memory.Payout{Validator: "a", Era: 1}, Account: "a", Role: memory.RoleValidator}}))
	check(t, s.SaveDocument(ctx, plan.Document{Digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", Kind: plan.DocumentOrder, Bytes: []byte("{}")}))
}

func TestBackupOverwritesNothing(t *testing.T) {
	s := open(t, copyFile(t))
	dir := t.TempDir()
	file := filepath.Join(dir, "there")
	check(t, os.WriteFile(file, []byte("mine"), 0o600))
	if err := s.Backup(t.Context(), file); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a file: %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(dir, "nowhere", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a folder that is not there: %v", err)
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, []byte("mine")) {
		t.Errorf("the file is %q (%v)", b, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func TestPostgresIsBackedUpByItsOwnTools(t *testing.T) {
	if err := openPostgres(t).Backup(t.Context(), filepath.Join(t.TempDir(), "x")); !errors.Is(err, ErrNoBackup) || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("error is %v", err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		s := open(t, name)
		fillUp(t, s)
		found := func(kinds ...string) {
			t.Helper()
			c := must[*Checked](t)(s.Check(t.Context()))
			var got []string
			for _, f := range c.Findings {
				got = append(got, f.Kind)
			}
			if !slices.Equal(got, kinds) {
				t.Errorf("found %v, want %v", c.Findings, kinds)
			}
		}
		damage := func(query string) {
			t.Helper()
			if _, err := s.write.Exec(query); err != nil {
				t.Fatal(err)
			}
		}
		found()
		damage("UPDATE standings SET verdicts = 'x'")
		found("rows")
		damage("UPDATE records SET digest = 'sha256:0'")
		found("record", "rows")
		if s.dialect == SQLite {
			s.write.SetMaxOpenConns(1)
			damage("PRAGMA foreign_keys(0)")
			damage("DELETE FROM payouts")
			damage("PRAGMA foreign_keys(1)")
			found("references", "record", "rows")
		}
		damage("DROP INDEX verdict_changes_at")
		c := must[*Checked](t)(s.Check(t.Context()))
		if len(c.Findings) != 1 || !strings.Contains(c.Findings[0].Text, "the index verdict_changes_at of verdict_changes is missing") {
			t.Errorf("found %v", c.Findings)
		}
		damage("DELETE FROM schema_migrations WHERE name LIKE '0010%'")
		found("tables")
	})
}
