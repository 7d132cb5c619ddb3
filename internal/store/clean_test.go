package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

const (
	now = 1_000 * programme.Day
	old = now - 2*programme.Day
)

// clean deletes what is older than a day by the given rules, and demands that a second run finds nothing.
func clean(t *testing.T, s *Store, keep memory.Retention) map[string]int64 {
	t.Helper()
	check(t, s.SaveChain(t.Context(), memory.Chain{Updated: now}))
	out := map[string]int64{}
	for run := range 2 {
		var told []string
		list, err := s.Clean(t.Context(), keep, func(_, _ int, what string) { told = append(told, what) })
		check(t, err)
		for _, c := range list {
			if !slices.Contains(told, c.What) {
				t.Errorf("%s was not told", c.What)
			}
			if run == 0 && c.Rows > 0 {
				out[c.What] = c.Rows
			}
			if run == 1 && c.Rows > 0 {
				t.Errorf("%d %s are deleted by the second run", c.Rows, c.What)
			}
		}
	}
	return out
}

func TestCleanRecords(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		document := func(digest string, kind plan.DocumentKind, at programme.Millis) {
			t.Helper()
			check(t, s.SaveDocument(ctx, plan.Document{Digest: digest, Kind: kind, Bytes: []byte(digest), Created: at}))
		}
		document("unused", plan.DocumentRound, old)
		document("planned", plan.DocumentRound, old)
		document("order", plan.DocumentOrder, old)
		document("newest of n", plan.DocumentRound, old)
		document("newest of m", plan.DocumentRound, old+1)
		document("young", plan.DocumentRound, now-1)
		for _, r := range []memory.Round{{Digest: "unused", Network: "n"}, {Digest: "newest of m", Network: "m"}, {Digest: "newest of n", Network: "n"}} {
			check(t, s.SaveRound(ctx, r))
		}
		_, _, err := s.CreatePlan(ctx, plan.Plan{Key: plan.Key{Round: "planned", Nominator: "x"}, Network: "n", Mode: plan.Direct, State: plan.Planned})
		check(t, err)
		changes(t, again, func() error {
			same(t, clean(t, s, memory.Retention{Records: programme.Day}), map[string]int64{"records": 1})
			return nil
		}, memory.SubjectRounds, memory.SubjectChain)
		_, err = again.Document(ctx, "unused")
		if !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("the record: %v", err)
		}
		for _, digest := range []string{"planned", "order", "newest of n", "newest of m", "young"} {
			if _, err := again.Document(ctx, digest); err != nil {
				t.Error(err)
			}
		}
		if n := len(must[[]memory.Round](t)(again.Rounds(ctx, "", 0))); n != 3 {
			t.Errorf("%d rounds are left", n)
		}
	})
}

func TestCleanScores(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		// Sessions 0 to 17 in eras 0 to 2, one every 6 hours, the newest now. Slot 2 has had no score since session 3.
		for session := range programme.Session(18) {
			at := now - programme.Millis(17-session)*6*programme.Hour
			a, b := score(1, session, 1), score(2, session, 2)
			a.At, b.At = at, at
			list := []memory.Score{a, b}
			if session > 3 {
				list = list[:1]
			}
			check(t, s.SaveScores(ctx, list, memory.ScoreStatistics{Session: session, At: at}))
		}
		sessions := func(slot int) (out []programme.Session) {
			for session := range programme.Session(18) {
				if _, err := again.Score(ctx, programme.Address(fmt.Sprint("stash", slot)), &session); err == nil {
					out = append(out, session)
				}
			}
			return out
		}
		statistics := func() (out []programme.Session) {
			for session := range programme.Session(18) {
				if _, err := again.ScoreStatistics(ctx, &session); err == nil {
					out = append(out, session)
				}
			}
			return out
		}
		// A day has four sessions; before, the last one of every era.
		clean(t, s, memory.Retention{Scores: programme.Day, EraScores: 3 * programme.Day})
		same(t, sessions(1), []programme.Session{5, 11, 13, 14, 15, 16, 17})
		same(t, sessions(2), []programme.Session{3}) // its newest
		same(t, statistics(), []programme.Session{5, 11, 13, 14, 15, 16, 17})
		clean(t, s, memory.Retention{EraScores: 2 * programme.Day})
		same(t, sessions(1), []programme.Session{11, 13, 14, 15, 16, 17})
		same(t, sessions(2), []programme.Session{3})
		check(t, s.SaveChain(ctx, memory.Chain{Updated: now + 100*programme.Day}))
		if list, err := s.Clean(ctx, memory.Retention{Scores: 1, EraScores: 1}, nil); err != nil {
			t.Error(list, err)
		}
		same(t, sessions(1), []programme.Session{17})
		same(t, statistics(), []programme.Session{17})
	})
}

func TestCleanHistory(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		look := func(slot int, at programme.Millis, v programme.Validity, states ...programme.State) {
			t.Helper()
			st := memory.Standing{Slot: slot, At: at, Validity: v}
			for i, state := range states {
				code := []programme.Code{programme.CodeOnline, programme.CodeIdentity}[i]
				st.Verdicts = append(st.Verdicts, memory.Verdict{Since: at, Verdict: programme.Verdict{Code: code, State: state, At: at}})
			}
			check(t, s.SaveStandings(ctx, []memory.Standing{st}))
		}
		look(1, old, programme.Valid, programme.Pass, programme.Pass)
		look(1, old+1, programme.Invalid, programme.Fail, programme.Pass)
		look(1, now-1, programme.Valid, programme.Pass, programme.Pass)
		look(2, old, programme.Valid, programme.Pass)
		same(t, clean(t, s, memory.Retention{Changes: programme.Day}), map[string]int64{"changes of verdicts": 2, "changes of validity": 2})
		at := func(list []memory.VerdictChange) (out []programme.Millis) {
			for _, v := range list {
				out = append(out, v.At)
			}
			return out
		}
		// The answer about the identity has not changed since.
		same(t, at(must[[]memory.VerdictChange](t)(again.VerdictChanges(ctx, 1, 0))), []programme.Millis{now - 1, old})
		same(t, at(must[[]memory.VerdictChange](t)(again.VerdictChanges(ctx, 2, 0))), []programme.Millis{old})
		if n := len(must[[]memory.ValidityChange](t)(again.ValidityChanges(ctx, 2, 0))); n != 1 {
			t.Errorf("%d validities", n)
		}
	})
}

func TestCleanEras(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		for era := range programme.Era(6) {
			at := now - programme.Millis(5-era)*programme.Day
			check(t, s.SaveEraStatistics(ctx, memory.EraStatistics{Era: era, At: at}))
			check(t, s.SaveEraPoints(ctx, memory.EraTotal{Era: era}, []memory.EraPoints{{Era: era, Stash: "a", Points: 1}}))
			check(t, s.SaveValidatorSet(ctx, memory.ValidatorSet{Era: era, At: now, Validators: []programme.Address{"a"}}))
			check(t, s.SaveStakes(ctx, []memory.Stake{{Stash: "a", Era: era, Updated: at}, {Stash: programme.Address(fmt.Sprint("b", era)), Era: era, Updated: at}}))
			check(t, s.SaveLocationStatistics(ctx, memory.LocationStatistics{Session: programme.Session(era), At: at}))
		}
		check(t, s.SavePeriod(ctx, memory.Period{Number: 1, Opened: 0, Closed: 3, Settled: 1}))
		check(t, s.SavePeriod(ctx, memory.Period{Number: 2, Opened: 3}))
		keep := memory.Retention{Eras: programme.Day, Stakes: 2 * programme.Day, Places: 3 * programme.Day}
		same(t, clean(t, s, keep), map[string]int64{"points": 3, "validator sets": 3, "stakes": 3, "statistics of places": 2})
		same(t, must[[]programme.Era](t)(again.SetEras(ctx, 0)), []programme.Era{3, 4, 5})
		if n := must[int](t)(again.ActiveEras(ctx, "a")); n != 6 {
			t.Errorf("active in %d eras", n)
		}
		if n := len(must[[]memory.EraTotal](t)(again.EraTotals(ctx))); n != 6 {
			t.Errorf("%d totals", n)
		}
		if n := len(must[[]memory.Stake](t)(again.NewestStakes(ctx))); n != 7 { // b0 to b5 and a
			t.Errorf("%d newest stakes", n)
		}
		// Without running periods, the time alone decides. The newest set stays in any case.
		check(t, s.SavePeriod(ctx, memory.Period{Number: 2, Opened: 3, Closed: 4, Settled: 9}))
		same(t, clean(t, s, memory.Retention{Eras: programme.Day}), map[string]int64{"points": 1, "validator sets": 1})
		check(t, s.SaveChain(ctx, memory.Chain{Updated: now + 99*programme.Day}))
		_, err := s.Clean(ctx, memory.Retention{Eras: 1}, nil)
		check(t, err)
		same(t, must[[]programme.Era](t)(again.SetEras(ctx, 0)), []programme.Era{5})
	})
}

func TestCleanTheRest(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		for i, city := range []string{"Oslo", "Bergen", "Tromsø"} {
			check(t, s.SaveLocation(ctx, outside.Located{Network: "n", Slot: 1, Place: outside.Place{City: city}, Confidence: outside.Low, Since: old + programme.Millis(i)*13*programme.Hour}))
		}
		for code, at := range map[string]programme.Millis{"a": old, "b": now} {
			_, err := s.RaiseAlert(ctx, plan.Warning{Network: "n", Code: code, At: at})
			check(t, err)
		}
		reward := func(era programme.Era, at programme.Millis) memory.Reward {
			return memory.Reward{Payout: memory.Payout{Validator: "v", Era: era, At: at}, Account: "x", Role: memory.RoleNominator, Amount: programme.NewPlanck(5)}
		}
		check(t, s.SavePayouts(ctx, []memory.Reward{reward(1, old), reward(2, now)}))
		same(t, clean(t, s, memory.Retention{Places: programme.Day, Alerts: programme.Day}), map[string]int64{"former locations": 1, "alerts": 1})
		same(t, clean(t, s, memory.Retention{Rewards: programme.Day}), map[string]int64{"rewards": 1})
		check(t, s.SavePayouts(ctx, []memory.Reward{reward(1, old)})) // its block is searched again
		if n := len(must[[]memory.Reward](t)(rewards(ctx, again, memory.RewardFilter{}))); n != 1 {
			t.Errorf("%d rewards", n)
		}
		if sums := must[[]memory.RewardSum](t)(again.RewardSums(ctx, memory.RewardFilter{})); len(sums) != 1 || sums[0].Count != 2 || sums[0].Total != programme.NewPlanck(10) {
			t.Errorf("sums %+v", sums)
		}
		if n := len(must[[]outside.Located](t)(again.LocationHistory(ctx, "n", 1, 9))); n != 2 {
			t.Errorf("%d places", n)
		}
	})
}

// Nothing is deleted of a young database, nor where everything is kept for ever, nor before anything is known of the chain.
func TestCleanNothing(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		check(t, s.SaveEraStatistics(ctx, memory.EraStatistics{Era: 1, At: 1}))
		check(t, s.SaveEraPoints(ctx, memory.EraTotal{Era: 1}, []memory.EraPoints{{Era: 1, Stash: "a"}}))
		changes(t, again, func() error {
			list, err := s.Clean(ctx, memory.Retention{Eras: 1}, nil)
			same(t, len(list), 0)
			return err
		})
		changes(t, again, func() error {
			same(t, clean(t, s, memory.Retention{}), map[string]int64{})
			check(t, s.SaveChain(ctx, memory.Chain{Updated: programme.Day}))
			_, err := s.Clean(ctx, memory.DefaultRetention(), nil)
			return err
		}, memory.SubjectChain)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.Clean(ended, memory.DefaultRetention(), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
}
