package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if d := gocmp.Diff(want, got, gocmp.Comparer(func(a, b programme.Planck) bool { return a == b })); d != "" {
		t.Fatalf("-want +got:\n%s", d)
	}
}

// changes runs fn and demands that it counts up exactly the given subjects, for every process to see.
func changes(t *testing.T, again *Store, fn func() error, subjects ...memory.Subject) {
	t.Helper()
	before := must[map[memory.Subject]int64](t)(again.Versions(t.Context()))
	check(t, fn())
	after := must[map[memory.Subject]int64](t)(again.Versions(t.Context()))
	for _, s := range subjects {
		if after[s] <= before[s] {
			t.Errorf("%s was not counted up", s)
		}
		delete(before, s)
		delete(after, s)
	}
	if !maps.Equal(before, after) {
		t.Errorf("versions went from %v to %v", before, after)
	}
}

func candidate(slot int) memory.Candidate {
	return memory.Candidate{
		Candidate: programme.Candidate{
			Slot: slot, Name: fmt.Sprintf("nödé %d", slot), Stash: programme.Address(fmt.Sprint("stash", slot)), KusamaStash: "k", SkipSelfStake: true, KYC: true,
			Matrix: []string{"@a:b.c", "@d:e.f"},
		},
		Added: 100, Updated: 100,
	}
}

func TestCandidates(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		a, b := candidate(2), candidate(0)
		b.Matrix, b.KusamaStash = nil, ""
		save := func(list ...memory.Candidate) func() error {
			return func() error { return s.SaveCandidates(ctx, list) }
		}
		changes(t, again, save(a, b), memory.SubjectCandidates)
		same(t, must[[]memory.Candidate](t)(again.Candidates(ctx)), []memory.Candidate{b, a})
		changes(t, again, save(a, b)) // nothing is new
		changes(t, again, save())

		// A slot changes its stash, leaves the list, and comes back under another name.
		a2 := a
		a2.Stash, a2.Updated, a2.Added = "other", 200, 0
		changes(t, again, save(a2), memory.SubjectCandidates)
		a2.Added = 100
		a3 := a2
		a3.Delisted = 300
		check(t, save(a3)())
		a4 := a3
		a4.Delisted, a4.Updated, a4.Name = 0, 400, "new name"
		check(t, save(a4)())
		same(t, must[[]memory.Candidate](t)(again.Candidates(ctx)), []memory.Candidate{b, a4})
		same(t, must[[]memory.Entry](t)(again.Entries(ctx, 2)), []memory.Entry{
			{Candidate: a.Candidate, From: 100, Listed: true}, {Candidate: a2.Candidate, From: 200, Listed: true},
			{Candidate: a3.Candidate, From: 300}, {Candidate: a4.Candidate, From: 400, Listed: true},
		})
		if got := must[[]memory.Entry](t)(again.EntriesOf(ctx, "other")); len(got) != 3 || got[0].From != 200 {
			t.Errorf("entries of the second stash: %+v", got)
		}
	})
}

func standing(slot int, at programme.Millis) memory.Standing {
	return memory.Standing{
		Slot: slot, At: at, Block: uint32(at), Validity: programme.Valid, LastValid: at, Active: true, Inclusion: 0.25, SpanInclusion: 1.0 / 3, Position: 7,
		Verdicts: []memory.Verdict{
			{Since: 1000, Verdict: programme.Verdict{Code: programme.CodeOnline, State: programme.Pass, Source: programme.SourceTelemetry, At: at}},
			{Since: 1000, Verdict: programme.Verdict{Code: programme.CodeIdentity, State: programme.Unknown, Detail: "it is out of reach", Value: "?", Limit: "!",
				Source: programme.SourceChain, At: at - 5, Changes: 9, Held: programme.Pass, HeldAt: 8}},
		},
		Chain: &programme.ChainCandidate{
			Stash: "s", Intention: programme.Intention{Present: true, Commission: 5}, Bond: programme.Bond{Bonded: true, Total: programme.PlanckFromParts(1, 7)},
			Keys: []programme.SessionKey{{Name: "beefy", Key: "0x1"}}, Unclaimed: []programme.UnclaimedEra{{Era: 3, Pages: 2, Claimed: []uint32{0}}},
		},
	}
}

func TestStandings(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		read := func() []memory.Standing { t.Helper(); return must[[]memory.Standing](t)(again.Standings(ctx)) }
		save := func(list ...memory.Standing) func() error { return func() error { return s.SaveStandings(ctx, list) } }
		a, b := standing(1, 1000), memory.Standing{Slot: 0, At: 1000, Block: 1000, Validity: programme.Undecided}
		changes(t, again, save(a, b), memory.SubjectStandings)
		same(t, read(), []memory.Standing{b, a})
		same(t, must[memory.Standing](t)(again.Standing(ctx, 1)), a)
		if _, err := again.Standing(ctx, 9); !errors.Is(err, ErrNotFound) {
			t.Errorf("nobody's standing: %v", err)
		}
		changes(t, again, save(a, b))

		// A later look that sees the same moves the moments only.
		a = standing(1, 2000)
		changes(t, again, save(a), memory.SubjectStandings)
		same(t, read(), []memory.Standing{b, a})
		lines := must[[]memory.VerdictChange](t)(again.VerdictChanges(ctx, 1, 0))
		if len(lines) != 2 {
			t.Fatalf("history %+v", lines)
		}
		same(t, lines[0], memory.VerdictChange{Slot: 1, Code: programme.CodeIdentity, At: 1000, State: programme.Unknown, Detail: "it is out of reach", Value: "?", Limit: "!"})

		// An answer changes, and the validity with it. What was exposed and earned is kept elsewhere.
		c := standing(1, 3000)
		c.Validity, c.LastValid = programme.Invalid, 2000
		c.Verdicts[0].State, c.Verdicts[0].Since, c.Verdicts[0].Detail = programme.Fail, 3000, "gone"
		c.Chain.Points, c.Chain.Exposure = map[programme.Era]uint32{1: 2}, &programme.Exposure{}
		check(t, save(c)())
		c.Chain.Points, c.Chain.Exposure = nil, nil
		same(t, read(), []memory.Standing{b, c})
		lines = must[[]memory.VerdictChange](t)(again.VerdictChanges(ctx, 1, 1))
		same(t, lines, []memory.VerdictChange{{Slot: 1, Code: programme.CodeOnline, At: 3000, State: programme.Fail, Detail: "gone"}})
		if n := len(must[[]memory.VerdictChange](t)(again.VerdictChanges(ctx, 1, 0))); n != 3 {
			t.Errorf("%d lines of history", n)
		}

		// Undecided leaves the last definite validity; a look that sees the same after it moves no moment of validity.
		d := c
		d.Validity, d.At = programme.Undecided, 4000
		check(t, save(d)())
		e := d
		e.At, e.Block = 5000, 5000
		check(t, save(e)())
		if got := read()[1]; got.LastValid != 2000 || got.At != 5000 {
			t.Errorf("last valid at %d, seen at %d", got.LastValid, got.At)
		}
		same(t, must[map[int]programme.Validity](t)(again.DefiniteValidities(ctx)), map[int]programme.Validity{1: programme.Invalid})
		same(t, must[[]memory.ValidityChange](t)(again.ValidityChanges(ctx, 1, 0)), []memory.ValidityChange{
			{Slot: 1, At: 4000, Validity: programme.Undecided}, {Slot: 1, At: 3000, Validity: programme.Invalid}, {Slot: 1, At: 1000, Validity: programme.Valid},
		})
	})
}

func score(slot int, session programme.Session, total float64) memory.Score {
	return memory.Score{
		Slot: slot, Stash: programme.Address(fmt.Sprint("stash", slot)), Session: session, Era: programme.Era(session / 6), At: programme.Millis(session),
		Score: programme.Score{Total: total, Aggregate: 1.0 / 3, Randomness: 1.1, Parts: []programme.Contribution{
			{Factor: programme.FactorInclusion, Value: 0.1, Scaled: 0.2, Weight: 220, Points: 44.00000000000001},
			{Factor: programme.FactorLocation, Note: "no place is known"},
		}},
	}
}

func TestScores(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		st := memory.ScoreStatistics{
			Session: 60, At: 60, Factors: []programme.Statistics{{Factor: programme.FactorBonded, Count: 2, Mean: 1e20, Places: []programme.Place{{Name: "Oslo", Nodes: 2}}}},
			Values: map[programme.Factor][]float64{programme.FactorBonded: {1, 2.5}}, Weights: map[programme.Factor]float64{programme.FactorBonded: 50},
		}
		changes(t, again, func() error { return s.SaveScores(ctx, []memory.Score{score(1, 60, 5), score(2, 60, 6)}, st) }, memory.SubjectScores)
		// Later in the session one of them has no score any more, and the other another one.
		check(t, s.SaveScores(ctx, []memory.Score{score(1, 60, 7)}, st))
		next := st
		next.Session, next.At, next.Values = 61, 61, nil
		check(t, s.SaveScores(ctx, []memory.Score{score(1, 61, 8)}, next))
		same(t, must[[]memory.Score](t)(again.NewestScores(ctx)), []memory.Score{score(1, 61, 8), score(2, 60, 6)})
		session := programme.Session(60)
		same(t, must[memory.Score](t)(again.Score(ctx, "stash1", &session)), score(1, 60, 7))
		same(t, must[memory.Score](t)(again.Score(ctx, "stash1", nil)), score(1, 61, 8))
		same(t, must[memory.ScoreStatistics](t)(again.ScoreStatistics(ctx, &session)), st)
		same(t, must[memory.ScoreStatistics](t)(again.ScoreStatistics(ctx, nil)), next)
		for limit, want := range map[int][]memory.Score{
			0: {score(1, 61, 8), score(1, 60, 7)}, 1: {score(1, 61, 8)}, 2: {score(1, 61, 8), score(1, 60, 7)}, 9: {score(1, 61, 8), score(1, 60, 7)},
		} {
			same(t, must[[]memory.Score](t)(again.ScoresOf(ctx, 1, limit)), want)
		}
		same(t, must[[]memory.Score](t)(again.ScoresOf(ctx, 2, 0)), []memory.Score{score(2, 60, 6)})
		same(t, must[[]memory.Score](t)(again.ScoresOf(ctx, 3, 0)), []memory.Score{})
		session = 7
		_, err := again.Score(ctx, "stash1", &session)
		_, err2 := again.ScoreStatistics(ctx, &session)
		if !errors.Is(err, ErrNotFound) || !errors.Is(err2, ErrNotFound) {
			t.Errorf("errors are %v and %v", err, err2)
		}
	})
}

func TestRanks(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		event := func(slot int, id string, kind rank.Kind) memory.RankEvent {
			return memory.RankEvent{Slot: slot, Era: 9, Author: "me", Event: rank.Event{
				ID: id, When: 5, Kind: kind, Rank: 3, Type: rank.Slash, Once: "era 9", Revokes: "x", Reason: "because",
			}}
		}
		all := []memory.RankEvent{event(2, "seed", rank.Seed), event(1, "seed", rank.Seed), event(2, "f", rank.Fault)}
		changes(t, again, func() error { return s.AddRankEvents(ctx, all) }, memory.SubjectRanks)
		twice := event(2, "f", rank.Fault)
		twice.Reason = "another"
		changes(t, again, func() error { return s.AddRankEvents(ctx, []memory.RankEvent{twice}) })
		same(t, must[[]memory.RankEvent](t)(again.RankEvents(ctx)), all)
		check(t, s.AddRankEvents(ctx, []memory.RankEvent{event(3, "period 1", rank.Good)}))
		same(t, must[[]memory.RankEvent](t)(again.RankDuties(ctx)), all)
		same(t, must[[]memory.RankEvent](t)(again.RankEventsOf(ctx, 2)), []memory.RankEvent{all[0], all[2]})
		for _, q := range []string{"UPDATE rank_events SET rank = 100", "DELETE FROM rank_events"} {
			if _, err := s.write.Exec(q); err == nil {
				t.Errorf("possible: %s", q)
			}
		}

		a := memory.Ranking{Slot: 1, State: rank.State{Rank: 4, Faults: 2, Halvings: 1, Suspend: &programme.Suspension{Since: 5, Reason: "slashed"}}, ActiveEras: 212, Updated: 6}
		b := memory.Ranking{Slot: 0, State: rank.State{Rank: 1}}
		changes(t, again, func() error { return s.SaveRankings(ctx, []memory.Ranking{a, b}) }, memory.SubjectRanks)
		same(t, must[[]memory.Ranking](t)(again.Rankings(ctx)), []memory.Ranking{b, a})
		a.Suspend = nil
		check(t, s.SaveRankings(ctx, []memory.Ranking{a}))
		same(t, must[[]memory.Ranking](t)(again.Rankings(ctx)), []memory.Ranking{b, a})
	})
}

func TestActions(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		a := memory.Action{At: 1, Author: "me", Verb: "revoke", Subject: "slot 3", Reason: "governance", Detail: "{}"}
		changes(t, again, func() error { return s.AddAction(ctx, a) }, memory.SubjectActions)
		b := a
		b.Subject = "nominator"
		check(t, s.AddAction(ctx, b))
		a.Seq, b.Seq = 1, 2
		same(t, must[[]memory.Action](t)(again.Actions(ctx, "", 0)), []memory.Action{b, a})
		same(t, must[[]memory.Action](t)(again.Actions(ctx, "slot 3", 0)), []memory.Action{a})
		same(t, must[[]memory.Action](t)(again.Actions(ctx, "", 1)), []memory.Action{b})
		if s.AddAction(ctx, memory.Action{Verb: "x"}) == nil {
			t.Error("nobody did something")
		}
		if _, err := s.write.Exec("DELETE FROM actions"); err == nil {
			t.Error("what operators did can be forgotten")
		}
	})
}

// What a transaction did before it failed is not counted.
func TestVersionsGoBackWithWhatFailed(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		failure := errors.New("no")
		changes(t, again, func() error {
			err := s.Atomic(t.Context(), func(ctx context.Context, _ *sql.Tx) error {
				return errors.Join(s.SaveCandidates(ctx, []memory.Candidate{candidate(1)}), failure)
			})
			if !errors.Is(err, failure) {
				return fmt.Errorf("error is %w", err)
			}
			return nil
		})
		if n := len(must[[]memory.Candidate](t)(again.Candidates(t.Context()))); n != 0 {
			t.Errorf("%d candidates are left", n)
		}
	})
}
