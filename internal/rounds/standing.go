package rounds

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Show writes down how all candidates stand in a view. A candidate that was seen at a later block already is left alone.
// Who has left the list is not valid any more, whatever was known of it.
func (s *Service) Show(ctx context.Context, v *View) (shown int, err error) {
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		before, err := s.Memory.Standings(ctx)
		if err != nil {
			return err
		}
		old := bySlot(before)
		var list []memory.Standing
		for _, next := range v.standings() {
			last := old[next.Slot]
			delete(old, next.Slot)
			if last != nil && last.At > next.At {
				continue
			}
			succeed(&next, last)
			list = append(list, next)
		}
		for _, slot := range slices.Sorted(maps.Keys(old)) {
			if gone := *old[slot]; gone.Validity != programme.Invalid || gone.Position != 0 || gone.Active {
				gone.Validity, gone.Position, gone.Active, gone.At = programme.Invalid, 0, false, max(gone.At, v.Staking.Time)
				list = append(list, gone)
			}
		}
		shown = len(list)
		return s.Memory.SaveStandings(ctx, list)
	})
	if err != nil {
		return 0, fmt.Errorf("store how candidates stand: %w", err)
	}
	return shown, nil
}

// Amend writes down a part of how candidates stand in a view. Candidates of whom nothing is written down yet, or at a
// later block already, are left alone.
func (s *Service) Amend(ctx context.Context, v *View, put func(dst, src *memory.Standing)) (changed int, err error) {
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		before, err := s.Memory.Standings(ctx)
		if err != nil {
			return err
		}
		old := bySlot(before)
		var list []memory.Standing
		for _, src := range v.standings() {
			dst := old[src.Slot]
			if dst == nil || dst.At > src.At || dst.Chain == nil || src.Chain == nil || dst.Chain.Stash != src.Chain.Stash {
				continue
			}
			next := *dst
			facts := *dst.Chain
			next.Chain = &facts
			put(&next, &src)
			list = append(list, next)
		}
		changed = len(list)
		return s.Memory.SaveStandings(ctx, list)
	})
	if err != nil {
		return 0, fmt.Errorf("store how candidates stand: %w", err)
	}
	return changed, nil
}

// standings are those of a view, by slot.
func (v *View) standings() []memory.Standing {
	snapshot := v.Snapshot()
	facts := make(map[programme.Address]*programme.ChainCandidate, len(snapshot.Candidates))
	for i := range snapshot.Candidates {
		facts[snapshot.Candidates[i].Stash] = &snapshot.Candidates[i]
	}
	active := make(map[programme.Address]bool, len(snapshot.ValidatorSet))
	for _, a := range snapshot.ValidatorSet {
		active[a] = true
	}
	list := make([]memory.Standing, len(v.Decision.Candidates))
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		st := memory.Standing{
			Slot: c.Slot, At: v.Staking.Time, Block: v.Staking.Number, Validity: c.Validity, Active: active[c.Stash], Position: c.Position,
		}
		if c.Validity == programme.Valid {
			st.LastValid = st.At
		}
		for _, a := range c.Verdicts {
			st.Verdicts = append(st.Verdicts, memory.Verdict{Verdict: a, Since: st.At})
		}
		if f := facts[c.Stash]; f != nil {
			kept := *f
			kept.Exposure, kept.Points = nil, nil
			st.Chain = &kept
			st.Inclusion = v.share(f, v.Inputs.Rules.Limits.InclusionEras)
			st.SpanInclusion = v.share(f, v.Inputs.Rules.Limits.SpanEras)
		}
		list[i] = st
	}
	return list
}

// share is the part of the newest complete eras in which a candidate got points. By the old rule the running era counts
// among them.
func (v *View) share(c *programme.ChainCandidate, eras uint32) float64 {
	if eras == 0 {
		return 0
	}
	last := v.Snapshot().Eras.Active
	if v.Inputs.Rules.Switches.CompleteEras {
		last--
	}
	n := 0
	for era, points := range c.Points {
		if points > 0 && era <= last && uint32(last-era) < eras {
			n++
		}
	}
	return float64(n) / float64(eras)
}

// succeed takes over from the standing before what goes on: since when an answer is given, and when it was valid last.
func succeed(next, last *memory.Standing) {
	if last == nil || last.Chain != nil && next.Chain != nil && last.Chain.Stash != next.Chain.Stash {
		return
	}
	if next.LastValid == 0 {
		next.LastValid = last.LastValid
	}
	for i := range next.Verdicts {
		a := &next.Verdicts[i]
		for _, b := range last.Verdicts {
			if b.Code == a.Code && b.State == a.State && b.Own() == a.Own() {
				a.Since = b.Since
			}
		}
	}
}

// Score writes down the scores of a view and the figures behind them.
func (s *Service) Score(ctx context.Context, v *View) (scored int, err error) {
	session, era := v.Snapshot().Eras.Session, v.Snapshot().Eras.Active
	stats := memory.ScoreStatistics{
		Session: session, At: v.Staking.Time, Factors: v.Decision.Statistics,
		Values: map[programme.Factor][]float64{}, Weights: weights(v.Inputs.Rules.Weights),
	}
	var list []memory.Score
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		if c.Score == nil {
			continue
		}
		list = append(list, memory.Score{Slot: c.Slot, Stash: c.Stash, Session: session, Era: era, At: v.Staking.Time, Score: *c.Score})
		for _, p := range c.Score.Parts {
			stats.Values[p.Factor] = append(stats.Values[p.Factor], p.Value)
		}
	}
	for _, values := range stats.Values {
		slices.Sort(values)
	}
	if err := s.Memory.SaveScores(ctx, list, stats); err != nil {
		return 0, fmt.Errorf("store scores: %w", err)
	}
	return len(list), nil
}

func weights(w programme.Weights) map[programme.Factor]float64 {
	return map[programme.Factor]float64{
		programme.FactorInclusion: w.Inclusion, programme.FactorSpanInclusion: w.SpanInclusion, programme.FactorFaults: w.Faults,
		programme.FactorDiscovered: w.Discovered, programme.FactorNominated: w.Nominated, programme.FactorRank: w.Rank,
		programme.FactorUnclaimed: w.Unclaimed, programme.FactorBonded: w.Bonded, programme.FactorLocation: w.Location,
		programme.FactorRegion: w.Region, programme.FactorCountry: w.Country, programme.FactorProvider: w.Provider,
		programme.FactorOffline: w.Offline, programme.FactorNominatorStake: w.NominatorStake, programme.FactorClient: w.Client,
	}
}
