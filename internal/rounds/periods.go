package rounds

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

// Track writes down nominations that took effect since it was called last, lets them open and close nomination periods,
// and settles the ranks of closed ones. What is not known yet is waited for; call it again.
func (s *Service) Track(ctx context.Context, v *View) (settled int, err error) {
	fresh, err := s.nominations(ctx, v)
	if err != nil {
		return 0, fmt.Errorf("record nominations: %w", err)
	}
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		for _, n := range fresh {
			if err := s.nominate(ctx, n); err != nil {
				return err
			}
		}
		settled, err = s.settle(ctx, v)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("settle nomination periods: %w", err)
	}
	return settled, nil
}

// nominations are those that succeeded and are not written down, in the order in which they took effect.
func (s *Service) nominations(ctx context.Context, v *View) ([]memory.Nomination, error) {
	known, err := s.Memory.Nominations(ctx)
	if err != nil {
		return nil, err
	}
	plans, err := s.Memory.Plans(ctx, plan.Filter{})
	if err != nil {
		return nil, err
	}
	bonds := map[programme.Address]programme.Planck{}
	for i := range v.Snapshot().Nominators {
		n := &v.Snapshot().Nominators[i]
		bonds[n.Address] = n.Bond.Active
	}
	var out []memory.Nomination
	for i := range plans {
		p := &plans[i]
		if p.State != plan.Succeeded || p.Mode == plan.Removal || p.Effect == nil || slices.ContainsFunc(known, func(n memory.Nomination) bool {
			return n.Nominator == p.Nominator && n.BlockHash == p.Effect.Hash
		}) {
			continue
		}
		n := memory.Nomination{
			Nominator: p.Nominator, Era: p.Era, At: p.Updated, Block: p.Effect.Number, BlockHash: p.Effect.Hash,
			Targets: slices.Clone(p.Targets), Bonded: bonds[p.Nominator], Round: p.Round,
		}
		clock, err := s.Chain.ClockAt(ctx, p.Effect.Hash)
		switch {
		case err == nil:
			n.Era, n.At = clock.Eras.Active, clock.Time
		case ctx.Err() != nil:
			return nil, ctx.Err()
		default:
			// The node has discarded the block's state. The era of the plan and the moment it was settled stand in for it.
			s.Logger.Warn("the era of a nomination could not be read, that of its round stands in", "nominator", n.Nominator, "block", n.Block, "error", err)
		}
		out = append(out, n)
	}
	slices.SortStableFunc(out, func(a, b memory.Nomination) int { return int(int64(a.Block) - int64(b.Block)) })
	return out, nil
}

// nominate writes a nomination down. The first one of a round closes the running period and opens the next, unless the
// period was opened in the same era.
func (s *Service) nominate(ctx context.Context, n memory.Nomination) error {
	before, err := s.Memory.Nominations(ctx)
	if err != nil {
		return err
	}
	if err := s.Memory.SaveNomination(ctx, n); err != nil {
		return err
	}
	joins := slices.ContainsFunc(before, func(o memory.Nomination) bool { return o.Round == n.Round })
	if joins {
		return nil
	}
	periods, err := s.Memory.Periods(ctx)
	if err != nil {
		return err
	}
	next := memory.Period{Number: 1, Opened: n.Era, At: n.At}
	if len(periods) > 0 {
		last := periods[len(periods)-1]
		if n.Era <= last.Opened {
			return nil
		}
		last.Closed = n.Era
		if err := s.Memory.SavePeriod(ctx, last); err != nil {
			return err
		}
		next.Number = last.Number + 1
	}
	all, err := s.Memory.Candidates(ctx)
	if err != nil {
		return err
	}
	suspended, err := s.suspendedSlots(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Listed() && !suspended[all[i].Slot] {
			next.Slots = append(next.Slots, all[i].Slot)
		}
	}
	return s.Memory.SavePeriod(ctx, next)
}

func (s *Service) suspendedSlots(ctx context.Context) (map[int]bool, error) {
	list, err := s.Memory.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	for _, r := range list {
		out[r.Slot] = r.Suspend != nil
	}
	return out, nil
}

// settle gives the candidates of closed periods what they have earned, as far as it is known.
func (s *Service) settle(ctx context.Context, v *View) (settled int, err error) {
	periods, err := s.Memory.Periods(ctx)
	if err != nil {
		return 0, err
	}
	fresh := map[int]bool{}
	for i := 0; i+1 < len(periods); i++ {
		p := periods[i]
		if p.Settled != 0 {
			continue
		}
		e := evaluation{Service: s, view: v, period: p, closed: periods[i+1].At}
		if err := e.load(ctx); err != nil {
			return settled, err
		}
		var waiting []int
		var raised []memory.RankEvent
		for _, slot := range p.Slots {
			switch e.effect(slot) {
			case rank.Defer:
				waiting = append(waiting, slot)
			case rank.Raise:
				raised = append(raised, memory.RankEvent{Slot: slot, Era: p.Closed, Event: rank.Event{
					ID: fmt.Sprintf("period %d", p.Number), When: e.closed, Kind: rank.Good,
					Reason: fmt.Sprintf("active in the eras %d to %d without a fault", p.Opened, p.Closed-1),
				}})
			}
		}
		settled += len(p.Slots) - len(waiting)
		maps.Copy(fresh, slotsOf(raised))
		if err := s.Memory.AddRankEvents(ctx, raised); err != nil {
			return settled, err
		}
		if p.Slots = waiting; len(waiting) == 0 {
			p.Settled = v.Staking.Time
		}
		if err := s.Memory.SavePeriod(ctx, p); err != nil {
			return settled, err
		}
	}
	if settled == 0 {
		return 0, nil
	}
	_, err = s.rerank(ctx, v.Snapshot().Network.Genesis, v.Snapshot().Eras.Active, fresh, nil)
	return settled, err
}

// evaluation settles one period.
type evaluation struct {
	*Service
	view   *View
	period memory.Period
	closed programme.Millis

	stashes   map[int]programme.Address
	standings map[int]*memory.Standing
	definite  map[int]programme.Validity
	duties    map[int][]rank.Event
	suspended map[int]bool
	sets      map[programme.Era]map[programme.Address]bool
	points    map[programme.Address]map[programme.Era]uint32
}

func (e *evaluation) load(ctx context.Context) error {
	all, err := e.Memory.Candidates(ctx)
	if err != nil {
		return err
	}
	prefix := e.view.Snapshot().Network.SS58Prefix
	e.stashes = map[int]programme.Address{}
	for i := range all {
		e.stashes[all[i].Slot] = reencoded([]programme.Candidate{all[i].Candidate}, prefix)[0].Stash
	}
	standings, err := e.Memory.Standings(ctx)
	if err != nil {
		return err
	}
	e.standings = bySlot(standings)
	if e.definite, err = e.Memory.DefiniteValidities(ctx); err != nil {
		return err
	}
	if e.duties, err = e.Service.duties(ctx); err != nil {
		return err
	}
	if e.suspended, err = e.suspendedSlots(ctx); err != nil {
		return err
	}
	sets, err := e.Memory.ValidatorSetsFrom(ctx, e.period.Opened)
	if err != nil {
		return err
	}
	e.sets = map[programme.Era]map[programme.Address]bool{}
	for _, s := range sets {
		if s.Era >= e.period.Closed {
			continue
		}
		e.sets[s.Era] = map[programme.Address]bool{}
		for _, a := range s.Validators {
			e.sets[s.Era][a] = true
		}
	}
	e.points = map[programme.Address]map[programme.Era]uint32{}
	for i := range e.view.Snapshot().Candidates {
		c := &e.view.Snapshot().Candidates[i]
		e.points[c.Stash] = c.Points
	}
	return nil
}

// effect is what the period does to a slot. Points prove activity where the set is not stored; that there are none proves
// nothing.
func (e *evaluation) effect(slot int) rank.Effect {
	if e.suspended[slot] {
		return rank.None
	}
	stash := e.stashes[slot]
	active := rank.Period{Opened: e.period.Opened, Closed: e.period.Closed}.Active(func(era programme.Era) (in, known bool) {
		if e.points[stash][era] > 0 {
			return true, true
		}
		set, known := e.sets[era]
		return set[stash], known
	})
	c := rank.Closing{Active: active, Verdict: programme.Undecided, Waited: e.view.Staking.Time - e.closed, Faulted: e.faulted(slot)}
	if st := e.standings[slot]; st != nil {
		c.Verdict, c.Definite = st.Validity, e.definite[slot]
	}
	return c.Effect()
}

// faulted reports whether a fault was recorded in the period and not taken back.
func (e *evaluation) faulted(slot int) bool {
	events := e.duties[slot]
	return slices.ContainsFunc(events, func(f rank.Event) bool {
		return f.Kind == rank.Fault && f.When >= e.period.At && f.When < e.closed &&
			!slices.ContainsFunc(events, func(r rank.Event) bool { return r.Kind == rank.Revocation && r.Revokes == f.ID })
	})
}
