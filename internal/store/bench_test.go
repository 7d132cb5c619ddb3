package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Sizes of Kusama.
const (
	benchCandidates = 1126
	benchBackers    = 20
)

// year fills a database with what a year leaves under the usual retention, thinned: scores of 14 days by session and 180 by
// era would be 500,000 rows; every tenth session is here, which is enough for queries to show what they read.
func year(b *testing.B, s *Store) {
	b.Helper()
	ctx := context.Background()
	var slots []memory.Candidate
	var standings []memory.Standing
	for i := range benchCandidates {
		slots = append(slots, candidate(i))
		standings = append(standings, standing(i, 1000))
	}
	check(b, s.SaveCandidates(ctx, slots))
	check(b, s.SaveStandings(ctx, standings))
	for session := range programme.Session(100) {
		var list []memory.Score
		for i := range benchCandidates {
			list = append(list, score(i, session, float64(i)))
		}
		check(b, s.SaveScores(ctx, list, memory.ScoreStatistics{Session: session, At: programme.Millis(session)}))
	}
	var set []programme.Address
	for i := range 1000 {
		set = append(set, programme.Address(fmt.Sprintf("%048d", i)))
	}
	for era := range programme.Era(1461) {
		if era%4 == 0 {
			check(b, s.SaveRound(ctx, round(int(era))))
			check(b, s.SaveEraStatistics(ctx, memory.EraStatistics{Era: era}))
		}
		if era >= 1461-100 {
			check(b, s.SaveValidatorSet(ctx, memory.ValidatorSet{Era: era, Validators: set}))
		}
		if era >= 1461-7 {
			check(b, s.SaveStakes(ctx, benchStakes(era)))
		}
	}
}

func round(n int) memory.Round { return memory.Round{Digest: fmt.Sprint("sha256:", n), Network: "n"} }

func benchStakes(era programme.Era) []memory.Stake {
	var list []memory.Stake
	for i := range benchCandidates {
		k := memory.Stake{Stash: programme.Address(fmt.Sprint("stash", i)), Era: era, Total: programme.PlanckFromParts(uint64(i), 1)}
		for j := range benchBackers {
			k.Waiting = append(k.Waiting, programme.Backing{Who: programme.Address(fmt.Sprintf("%048d", i*j)), Value: programme.NewPlanck(uint64(j))})
		}
		list = append(list, k)
	}
	return list
}

func BenchmarkYear(b *testing.B) {
	file := copyFile(b)
	s := open(b, file)
	year(b, s)
	ctx := context.Background()
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			again, err := Open(ctx, file)
			check(b, err)
			check(b, again.Ping(ctx))
			check(b, again.Close())
		}
	})
	at := programme.Millis(1000)
	b.Run("sweep unchanged", func(b *testing.B) {
		for b.Loop() {
			at++
			check(b, s.SaveStandings(ctx, sweep(at, programme.Pass)))
		}
	})
	b.Run("sweep changed", func(b *testing.B) {
		for b.Loop() {
			at++
			check(b, s.SaveStandings(ctx, sweep(at, []programme.State{programme.Fail, programme.Pass}[at%2])))
		}
	})
	for _, read := range []struct {
		name string
		run  func() error
	}{
		{"versions", func() error { _, err := s.Versions(ctx); return err }},
		{"candidates", func() error { _, err := s.Candidates(ctx); return err }},
		{"standings", func() error { _, err := s.Standings(ctx); return err }},
		{"newest scores", func() error { _, err := s.NewestScores(ctx); return err }},
		{"newest stakes", func() error { _, err := s.NewestStakes(ctx); return err }},
		{"one score", func() error { _, err := s.Score(ctx, "stash7", nil); return err }},
		{"one stake", func() error { _, err := s.Stake(ctx, "stash7", nil); return err }},
		{"rounds", func() error { _, err := s.Rounds(ctx, "n", 50); return err }},
		{"changes of verdicts", func() error { _, err := s.VerdictChanges(ctx, 7, 50); return err }},
		{"active eras of all", func() error {
			groups := map[int][]programme.Address{}
			for i := range benchCandidates {
				groups[i] = []programme.Address{programme.Address(fmt.Sprintf("%048d", i))}
			}
			_, err := s.ActiveErasOf(ctx, groups)
			return err
		}},
	} {
		b.Run(read.name, func(b *testing.B) {
			for b.Loop() {
				check(b, read.run())
			}
		})
	}
}

// sweep is a look at all candidates, at which one answer is state.
func sweep(at programme.Millis, state programme.State) []memory.Standing {
	var list []memory.Standing
	for i := range benchCandidates {
		st := standing(i, at)
		st.Verdicts[0].State = state
		list = append(list, st)
	}
	return list
}

// A record of Kusama's size is 12 MB.
func BenchmarkRecord(b *testing.B) {
	s := open(b, copyFile(b))
	ctx := context.Background()
	var text []byte
	for i := 0; len(text) < 12<<20; i++ {
		text = fmt.Appendf(text, `{"account":"%048d","value":"%d"},`, i*7919, i*104729)
	}
	n := 0
	b.Run("store", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			n++
			check(b, s.SaveDocument(ctx, plan.Document{Digest: fmt.Sprint(n), Kind: plan.DocumentRound, Bytes: text}))
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			_, err := s.Document(ctx, "1")
			check(b, err)
		}
	})
}
