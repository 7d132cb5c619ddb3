package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

func openPostgres(t testing.TB) *Store { return open(t, pgtest.URL(t)) }

func order(text string) plan.Order { return plan.Order{Author: "me", Reason: text, At: 1} }

func TestAtomicIsAllOrNothing(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		s, again := open(t, name), open(t, name)
		pauses := func(ctx context.Context, s *Store) int {
			t.Helper()
			list, err := s.Pauses(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		failure := errors.New("no")
		try := func(result error) error {
			return s.Atomic(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				for _, n := range []string{"", "n"} {
					if _, err := s.Pause(ctx, plan.Pause{Nominator: "x", Order: order(n + "r")}); err != nil {
						return err
					}
				}
				if _, err := s.Pause(ctx, plan.Pause{Order: order("all")}); err != nil {
					return err
				}
				var seen int
				if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pauses").Scan(&seen); err != nil || seen != 2 {
					t.Errorf("the transaction itself sees %d pauses (%v)", seen, err)
				}
				if n := pauses(ctx, s); n != 2 {
					t.Errorf("a method in the transaction sees %d pauses", n)
				}
				if n := pauses(ctx, again); n != 0 {
					t.Errorf("another process sees %d pauses", n)
				}
				return result
			})
		}
		if err := try(failure); !errors.Is(err, failure) {
			t.Errorf("error is %v", err)
		}
		if n := pauses(t.Context(), again); n != 0 {
			t.Errorf("%d pauses are left of what failed", n)
		}
		if err := try(nil); err != nil {
			t.Error(err)
		}
		if n := pauses(t.Context(), again); n != 2 {
			t.Errorf("%d pauses are stored", n)
		}
	})
}

// A transaction inside another one is part of it.
func TestAtomicNests(t *testing.T) {
	both(t, func(t *testing.T, s, _ *Store) {
		err := s.Atomic(t.Context(), func(ctx context.Context, outer *sql.Tx) error {
			return s.Atomic(ctx, func(_ context.Context, inner *sql.Tx) error {
				if outer != inner {
					t.Error("there are two transactions")
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Nobody writes between what a transaction has read and what it writes, in whatever process.
func TestWritersTakeTurns(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		s, again := open(t, name), open(t, name)
		entered, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
		first := true
		go func() {
			done <- s.Atomic(t.Context(), func(context.Context, *sql.Tx) error {
				close(entered)
				<-leave
				first = false
				return nil
			})
		}()
		<-entered
		go func() {
			done <- again.Atomic(t.Context(), func(context.Context, *sql.Tx) error {
				if first { // the race detector looks on
					t.Error("two wrote at once")
				}
				return nil
			})
		}()
		// Readers do not wait.
		if _, err := again.Pauses(t.Context()); err != nil {
			t.Error(err)
		}
		close(leave)
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestPostgresPoolIsForPostgres(t *testing.T) {
	if _, err := open(t, newFile(t)).PostgresPool(t.Context()); err == nil {
		t.Error("a pool of connections to SQLite")
	}
	s := openPostgres(t)
	p, err := s.PostgresPool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var n int
	if err := p.QueryRow(t.Context(), "SELECT count(*) FROM pauses").Scan(&n); err != nil {
		t.Error(err)
	}
}
