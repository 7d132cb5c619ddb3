package lease

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// each runs a test on both databases. Open opens the database once more, as another process does.
func each(t *testing.T, fn func(t *testing.T, open func() *store.Store)) {
	run := func(name string, target func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			to := target(t)
			fn(t, func() *store.Store {
				s, err := store.Open(t.Context(), to)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return s
			})
		})
	}
	run("sqlite", func(t *testing.T) string { return filepath.Join(t.TempDir(), "otv.db") })
	run("postgresql", func(t *testing.T) string { return pgtest.URL(t) })
}

// Several processes want the same: never two have it, and all get it.
func TestNeverTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, open func() *store.Store) {
		var inside, turns atomic.Int32
		var g errgroup.Group
		for i := range 4 {
			l := &Lease{DB: open(), Name: "core", Owner: fmt.Sprint(i), Silence: 2 * time.Second}
			g.Go(func() error {
				for range 2 {
					err := l.Hold(t.Context(), func(context.Context) error {
						if inside.Add(1) != 1 {
							return errors.New("two at once")
						}
						turns.Add(1)
						inside.Add(-1)
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil || turns.Load() != 8 {
			t.Error(err, turns.Load())
		}
	})
}

// A holder that died is replaced after its silence, not before.
func TestTakeOver(t *testing.T) {
	each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		dead := &Lease{DB: s, Name: "core", Owner: "dead", Silence: 500 * time.Millisecond}
		if err := dead.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := dead.take(t.Context()); !got || err != nil {
			t.Fatal(got, err)
		}
		var waited []string
		l := &Lease{DB: open(), Name: "core", Owner: "next", Silence: 500 * time.Millisecond, Waiting: func(o string) { waited = append(waited, o) }}
		began := time.Now()
		if err := l.Hold(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 500*time.Millisecond || len(waited) < 3 || waited[0] != "dead" {
			t.Errorf("after %s, %q", took, waited)
		}
		if got, err := dead.take(t.Context()); !got || err != nil {
			t.Error("the lease was not given back", err)
		}
	})
}

// A holder whose lease is taken is told, and waits for it again.
func TestLost(t *testing.T) {
	each(t, func(t *testing.T, open func() *store.Store) {
		l := &Lease{DB: open(), Name: "core", Owner: "first", Silence: time.Second}
		thief := &Lease{DB: open(), Name: "core", Owner: "thief", Silence: time.Second}
		if err := thief.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		l.Waiting = func(owner string) {
			if owner == "thief" {
				cancel()
			}
		}
		runs := 0
		err := l.Hold(ctx, func(ctx context.Context) error {
			runs++
			_, err := thief.db.NewUpdate().Model((*row)(nil)).Set("owner = 'thief'").Where("name = 'core'").Exec(ctx)
			if err != nil {
				return err
			}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), ErrLost) {
				t.Error(context.Cause(ctx))
			}
			return context.Cause(ctx)
		})
		if !errors.Is(err, context.Canceled) || runs != 1 {
			t.Error(err, runs)
		}
		var now row
		if err := thief.db.NewSelect().Model(&now).Scan(t.Context()); err != nil || now.Owner != "thief" {
			t.Error("the thief's lease was touched", now, err)
		}
	})
}

// A holder whose database is gone stops by itself before anybody could take over.
func TestDatabaseGone(t *testing.T) {
	server := pgtest.New(t)
	s, err := store.Open(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	l := &Lease{DB: s, Name: "core", Owner: "a", Silence: 2 * time.Second}
	ctx, cancel := context.WithCancel(t.Context())
	err = l.Hold(ctx, func(own context.Context) error {
		server.Stop()
		began := time.Now()
		<-own.Done()
		if took := time.Since(began); took > l.Silence || !errors.Is(context.Cause(own), ErrLost) {
			t.Errorf("told after %s: %v", took, context.Cause(own))
		}
		cancel()
		return nil
	})
	if !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := l.Hold(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}
