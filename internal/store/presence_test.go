package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store/storetest"
)

func TestPresenceConformance(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		storetest.RunPresence(t, func(t *testing.T) (a, b storetest.Presence) {
			name := target(t)
			return open(t, name), open(t, name)
		})
	})
}

// The observer writes every few seconds; only what tells something new is counted as a change.
func TestPresenceVersions(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		o := memory.Observer{Seen: 10, Feeds: []memory.Feed{{Key: "k", Nodes: 3, At: 10}}}
		save := func(b memory.PresenceBatch) func() error {
			return func() error { return s.SavePresence(t.Context(), b) }
		}
		changes(t, again, save(memory.PresenceBatch{Observer: o}), memory.SubjectPresence)
		o.Seen = 20
		o.Feeds = []memory.Feed{{Key: "k", Nodes: 4, At: 20}}
		changes(t, again, save(memory.PresenceBatch{Observer: o, Names: []memory.SeenName{{Name: "x"}}, Forget: 5}))
		changes(t, again, save(memory.PresenceBatch{Observer: o, Slots: []memory.Presence{{Slot: 1}}}), memory.SubjectPresence)
		changes(t, again, save(memory.PresenceBatch{Observer: o, DroppedBlind: []memory.Blind{{}}}), memory.SubjectPresence)
		o.Feeds = []memory.Feed{{Key: "k", Dark: 30}}
		changes(t, again, save(memory.PresenceBatch{Observer: o}), memory.SubjectPresence)
	})
}

func TestViewSeesOneMoment(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		count := func(ctx context.Context, s *Store) int {
			t.Helper()
			return len(must[[]memory.Candidate](t)(s.Candidates(ctx)))
		}
		check(t, s.SaveCandidates(t.Context(), []memory.Candidate{candidate(1)}))
		err := s.View(t.Context(), func(ctx context.Context) error {
			if n := count(ctx, s); n != 1 {
				t.Errorf("%d candidates", n)
			}
			check(t, again.SaveCandidates(t.Context(), []memory.Candidate{candidate(2)}))
			if n := count(t.Context(), s); n != 2 {
				t.Errorf("%d candidates beside the view", n)
			}
			if n := count(ctx, s); n != 1 {
				t.Errorf("%d candidates in the view after a change", n)
			}
			_, err := s.PresenceSince(ctx, 0) // a view inside the view is the same
			check(t, err)
			return s.SaveCandidates(ctx, nil)
		})
		if !errors.Is(err, errInView) {
			t.Errorf("writing in a view: %v", err)
		}
		// In a transaction, what it has written itself is seen.
		check(t, s.Atomic(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
			check(t, s.SaveCandidates(ctx, []memory.Candidate{candidate(3)}))
			return s.View(ctx, func(ctx context.Context) error {
				if n := count(ctx, s); n != 3 {
					t.Errorf("%d candidates in the transaction", n)
				}
				return nil
			})
		}))
	})
}

func TestViewOfAReadOnlyDatabase(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		name := target(t)
		s := open(t, name)
		check(t, s.SavePresence(t.Context(), memory.PresenceBatch{Observer: memory.Observer{Seen: 7}}))
		r := must[*Store](t)(OpenReadOnly(t.Context(), name))
		t.Cleanup(func() { check(t, r.Close()) })
		if h := must[memory.PresenceHistory](t)(r.PresenceSince(t.Context(), 0)); h.Observer.Seen != programme.Millis(7) {
			t.Errorf("seen %d", h.Observer.Seen)
		}
		for range 20 { // no connection is kept
			check(t, r.View(t.Context(), func(context.Context) error { return nil }))
		}
	})
}
