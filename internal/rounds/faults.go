package rounds

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

// Judge records what a view says of the duties of candidates: their admission, faults that are confirmed, and slashes
// that were taken back; and computes the rankings anew. The view must have been shown before (see [Service.Show]),
// because a condition counts from the first of the looks in a row that found it.
func (s *Service) Judge(ctx context.Context, v *View) (faults int, err error) {
	var news []Event
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		standings, err := s.Memory.Standings(ctx)
		if err != nil {
			return err
		}
		duties, err := s.duties(ctx)
		if err != nil {
			return err
		}
		period, err := s.period(ctx)
		if err != nil {
			return err
		}
		fresh := v.faults(bySlot(standings), duties, period)
		for i := range fresh {
			if e := &fresh[i]; e.Kind == rank.Fault || e.Kind == rank.Revocation {
				faults++
				news = append(news, v.news(e))
			}
		}
		if err := s.Memory.AddRankEvents(ctx, fresh); err != nil {
			return err
		}
		suspended, err := s.rerank(ctx, v.Snapshot().Network.Genesis, v.Snapshot().Eras.Active, slotsOf(fresh), nil)
		news = append(news, suspended...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("record faults: %w", err)
	}
	for _, e := range news {
		s.Event(e)
	}
	return faults, nil
}

// duties are the events by slot, without the good ones: an admission tells from when on slashes count, and what has been
// recorded of a fault keeps it from being recorded again.
func (s *Service) duties(ctx context.Context) (map[int][]rank.Event, error) {
	list, err := s.Memory.RankDuties(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int][]rank.Event{}
	for _, e := range list {
		out[e.Slot] = append(out[e.Slot], e.Event)
	}
	return out, nil
}

// events are all events of a slot.
func (s *Service) events(ctx context.Context, slot int) ([]rank.Event, error) {
	list, err := s.Memory.RankEventsOf(ctx, slot)
	if err != nil {
		return nil, err
	}
	out := make([]rank.Event, len(list))
	for i := range list {
		out[i] = list[i].Event
	}
	return out, nil
}

// slotsOf are the slots that events are about.
func slotsOf(list []memory.RankEvent) map[int]bool {
	out := map[int]bool{}
	for i := range list {
		out[list[i].Slot] = true
	}
	return out
}

// period is the number of the running nomination period, 0 before the first.
func (s *Service) period(ctx context.Context) (int64, error) {
	list, err := s.Memory.Periods(ctx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[len(list)-1].Number, nil
}

// faults are the events of a view that are not recorded yet.
func (v *View) faults(standings map[int]*memory.Standing, known map[int][]rank.Event, period int64) []memory.RankEvent {
	snapshot := v.Snapshot()
	era := snapshot.Eras.Active
	nominated := map[programme.Address]bool{}
	for i := range snapshot.Nominators {
		for _, t := range snapshot.Nominators[i].Targets {
			nominated[t] = true
		}
	}
	chain := make(map[programme.Address]*programme.ChainCandidate, len(snapshot.Candidates))
	for i := range snapshot.Candidates {
		chain[snapshot.Candidates[i].Stash] = &snapshot.Candidates[i]
	}
	_, gap := snapshot.Gaps[programme.PartSlashes]
	release := ""
	if v.Inputs.Release != nil {
		release = v.Inputs.Release.Name
	}
	var out []memory.RankEvent
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		events := known[c.Slot]
		add := func(e rank.Event) {
			for _, have := range events {
				if have.ID == e.ID {
					return
				}
			}
			events = append(events, e)
			out = append(out, memory.RankEvent{Slot: c.Slot, Event: e, Era: era})
		}
		if len(events) == 0 {
			add(rank.Event{ID: seedID(era), When: v.Staking.Time, Kind: rank.Seed, Reason: "admitted to the programme"})
		}
		look := rank.Look{
			Now: v.Staking.Time, Nominated: nominated[c.Stash], Period: period, Release: release, Admitted: admitted(events),
			SlashesKnown: !gap && chain[c.Stash] != nil,
		}
		if f := chain[c.Stash]; f != nil {
			look.Slashes = f.Slashes
		}
		if st := standings[c.Slot]; st != nil && st.At == v.Staking.Time {
			for _, a := range st.Verdicts {
				look.Verdicts = append(look.Verdicts, rank.Answer(a))
			}
		}
		for _, e := range look.Faults() {
			add(e)
		}
		for _, e := range look.Withdrawn(events, slashesFrom(snapshot)) {
			add(e)
		}
	}
	return out
}

// seedID names an admission after its era, which tells from when on slashes count.
func seedID(era programme.Era) string { return fmt.Sprintf("seed e%d", era) }

// admitted is the era of the newest admission.
func admitted(events []rank.Event) programme.Era {
	var newest programme.Era
	for _, e := range events {
		var era programme.Era
		if e.Kind != rank.Seed {
			continue
		}
		if _, err := fmt.Sscanf(e.ID, "seed e%d", &era); err == nil {
			newest = max(newest, era)
		}
	}
	return newest
}

// slashesFrom is the first era whose slashes the chain still tells for certain: the staking pallet keeps them for the
// time of bonding, which is longer than a quarter of the eras it keeps everything else of.
func slashesFrom(s *programme.Snapshot) programme.Era {
	keeps := programme.Era(s.Eras.HistoryDepth / 4)
	if s.Eras.Active < keeps {
		return 0
	}
	return s.Eras.Active - keeps
}

// news is what people are told of an event.
func (v *View) news(e *memory.RankEvent) Event {
	name := fmt.Sprintf("slot %d", e.Slot)
	for i := range v.Decision.Candidates {
		if c := &v.Decision.Candidates[i]; c.Slot == e.Slot {
			name = c.Name
		}
	}
	if e.Kind == rank.Revocation {
		return Event{EventRevoked, fmt.Sprintf("%d %s", e.Slot, e.Revokes), e.Era, fmt.Sprintf("%s: a fault was taken back: %s", name, e.Reason)}
	}
	return Event{EventFault, fmt.Sprintf("%d %s", e.Slot, e.ID), e.Era, fmt.Sprintf("%s has a fault (%s): %s", name, e.Type, e.Reason)}
}

// Offline records that a chain of a network (genesis hash) reported stashes as offline in a session. It counts once per
// session, and for slots that are listed only.
func (s *Service) Offline(ctx context.Context, network string, session programme.Session, era programme.Era, at programme.Millis, stashes []programme.Address) error {
	all, err := s.Memory.Candidates(ctx)
	if err != nil {
		return err
	}
	reported := map[programme.Address]bool{}
	for _, a := range stashes {
		reported[generic(a)] = true
	}
	once := fmt.Sprintf("s%d", session)
	var list []memory.RankEvent
	for _, c := range listed(all) {
		if reported[generic(c.Stash)] {
			list = append(list, memory.RankEvent{Slot: c.Slot, Era: era, Event: rank.Event{
				ID: rank.FaultID(rank.OfflineEvent, once), When: at, Kind: rank.Fault, Type: rank.OfflineEvent, Once: once,
				Reason: fmt.Sprintf("reported as offline by the chain in session %d", session),
			}})
		}
	}
	var news []Event
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		err := s.Memory.AddRankEvents(ctx, list)
		if err == nil {
			news, err = s.rerank(ctx, network, era, slotsOf(list), nil)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record reports of the chain: %w", err)
	}
	for _, e := range news {
		s.Event(e)
	}
	return nil
}

// Order is what an operator does to a rank: it revokes a fault (named by its id), or lifts the suspension.
type Order struct {
	Slot           int
	Revoke         string // empty: lift
	Author, Reason string
	Network        string
	Era            programme.Era
}

// ErrNothingToForgive means that an order is about a fault or a suspension that is not there, or not any more.
var ErrNothingToForgive = errors.New("there is nothing to forgive")

// Forgive carries out an operator's order; the rank is computed anew from the events.
func (s *Service) Forgive(ctx context.Context, o Order) error {
	now := s.millis()
	e := rank.Event{ID: fmt.Sprintf("lift %d", now), When: now, Kind: rank.Lift, Reason: o.Reason}
	if o.Revoke != "" {
		e.ID, e.Kind, e.Revokes = "revoke "+o.Revoke, rank.Revocation, o.Revoke
	}
	err := s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		events, err := s.events(ctx, o.Slot)
		if err != nil {
			return err
		}
		if err := forgivable(events, o.Revoke); err != nil {
			return err
		}
		if _, _, err := rank.Fold(append(events, e)); err != nil {
			return err
		}
		if err := s.Memory.AddRankEvents(ctx, []memory.RankEvent{{Slot: o.Slot, Event: e, Author: o.Author, Era: o.Era}}); err != nil {
			return err
		}
		_, err = s.rerank(ctx, o.Network, o.Era, map[int]bool{o.Slot: true}, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("change the rank of slot %d: %w", o.Slot, err)
	}
	return nil
}

// forgivable looks for the fault among a slot's events, or for a suspension where none is named.
func forgivable(events []rank.Event, fault string) error {
	if fault == "" {
		state, _, err := rank.Fold(events)
		if err == nil && state.Suspend == nil {
			err = fmt.Errorf("%w: it is not suspended", ErrNothingToForgive)
		}
		return err
	}
	switch {
	case !slices.ContainsFunc(events, func(e rank.Event) bool { return e.Kind == rank.Fault && e.ID == fault }):
		return fmt.Errorf("%w: it has no fault %q", ErrNothingToForgive, fault)
	case slices.ContainsFunc(events, func(e rank.Event) bool { return e.Kind == rank.Revocation && e.Revokes == fault }):
		return fmt.Errorf("%w: the fault %q was taken back before", ErrNothingToForgive, fault)
	}
	return nil
}

// rerank computes the rankings of slots that have fresh events, and of those that have none yet, from all their events.
// The numbers of active eras are kept unless they are given. It returns who is suspended now and was not before.
func (s *Service) rerank(ctx context.Context, network string, era programme.Era, fresh map[int]bool, active map[int]int) ([]Event, error) {
	before, err := s.Memory.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	old := map[int]memory.Ranking{}
	for _, r := range before {
		old[r.Slot] = r
	}
	var list []memory.Ranking
	var news []Event
	for _, slot := range affected(old, fresh, active) {
		r := old[slot]
		r.Slot, r.Updated = slot, s.millis()
		if n, ok := active[slot]; ok {
			r.ActiveEras = n
		}
		if _, known := old[slot]; !known || fresh[slot] {
			events, err := s.events(ctx, slot)
			if err != nil {
				return nil, err
			}
			if len(events) == 0 {
				continue // it was not admitted yet
			}
			if r.State, _, err = rank.Fold(events); err != nil {
				// One slot whose events contradict each other keeps its rank, and the others are not kept waiting.
				if err := s.alert(ctx, EventFault, contrary(network, era, slot, err)); err != nil {
					return nil, err
				}
				continue
			}
		}
		if r.Suspend != nil && old[slot].Suspend == nil {
			news = append(news, Event{EventSuspended, fmt.Sprint(slot), era, fmt.Sprintf("slot %d is suspended: %s", slot, r.Suspend.Reason)})
		}
		if same(old[slot], r) {
			continue
		}
		list = append(list, r)
	}
	return news, s.Memory.SaveRankings(ctx, list)
}

// affected are the slots whose ranking may have changed, ascending.
func affected(old map[int]memory.Ranking, fresh map[int]bool, active map[int]int) []int {
	slots := maps.Clone(fresh)
	if slots == nil {
		slots = map[int]bool{}
	}
	for slot, n := range active {
		if r, known := old[slot]; !known || r.ActiveEras != n {
			slots[slot] = true
		}
	}
	return slices.Sorted(maps.Keys(slots))
}

// Rerank puts the given numbers of active eras, by slot, into the rankings.
func (s *Service) Rerank(ctx context.Context, v *View, active map[int]int) error {
	var news []Event
	err := s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		var err error
		news, err = s.rerank(ctx, v.Snapshot().Network.Genesis, v.Snapshot().Eras.Active, nil, active)
		return err
	})
	if err != nil {
		return fmt.Errorf("compute ranks: %w", err)
	}
	for _, e := range news {
		s.Event(e)
	}
	return nil
}

func same(a, b memory.Ranking) bool {
	return a.Updated != 0 && a.Rank == b.Rank && a.Faults == b.Faults && a.Halvings == b.Halvings && a.ActiveEras == b.ActiveEras &&
		(a.Suspend == nil) == (b.Suspend == nil) && (a.Suspend == nil || *a.Suspend == *b.Suspend)
}

func contrary(network string, era programme.Era, slot int, err error) plan.Warning {
	return plan.Warning{
		Network: network, Code: AlertContrary, Subject: fmt.Sprint(slot), Era: era,
		Text: fmt.Sprintf("the rank of slot %d cannot be computed: %v", slot, err),
	}
}

// Suspended are the stashes of the list, each with the reason of its suspension, empty for those without one.
func (s *Service) Suspended(ctx context.Context) (map[programme.Address]string, error) {
	all, err := s.Memory.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	rankings, err := s.Memory.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	reasons := map[int]string{}
	for _, r := range rankings {
		if r.Suspend != nil {
			reasons[r.Slot] = r.Suspend.Reason
		}
	}
	out := map[programme.Address]string{}
	for _, c := range listed(all) {
		out[c.Stash] = reasons[c.Slot]
	}
	return out, nil
}
