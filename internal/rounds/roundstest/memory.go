// Package roundstest has doubles for tests of rounds and of what works with them: a memory that forgets with the process,
// and a small world of chains and sources that a test changes as it likes.
package roundstest

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

// Memory keeps everything in maps. Its methods copy what they are given only as far as slices reach; nobody may change what
// was handed over.
type Memory struct {
	mu          sync.Mutex
	candidates  map[int]memory.Candidate
	standings   map[int]memory.Standing
	definite    map[int]programme.Validity
	scores      map[int]memory.Score
	statistics  memory.ScoreStatistics
	events      []memory.RankEvent
	rankings    map[int]memory.Ranking
	periods     map[int64]memory.Period
	nominations []memory.Nomination
	sets        map[programme.Era]memory.ValidatorSet
	rounds      []memory.Round
	documents   map[string]plan.Document
	plans       []plan.Plan
	alerts      []plan.Warning
	overrides   []memory.Override
	network     network

	// Cleaned is what Clean says it has deleted, and Kept the rules it was last called with.
	Cleaned []memory.Cleaned
	Kept    memory.Retention
}

// NewMemory makes an empty memory.
func NewMemory() *Memory {
	return &Memory{
		candidates: map[int]memory.Candidate{}, standings: map[int]memory.Standing{}, definite: map[int]programme.Validity{},
		scores: map[int]memory.Score{}, rankings: map[int]memory.Ranking{}, periods: map[int64]memory.Period{},
		sets: map[programme.Era]memory.ValidatorSet{}, documents: map[string]plan.Document{},
	}
}

// Atomic runs fn. There is no way back from what it did before it failed.
func (m *Memory) Atomic(ctx context.Context, fn func(context.Context, *sql.Tx) error) error {
	return fn(ctx, nil)
}

func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func locked[T any](m *Memory, fn func() T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn()
}

// Candidates implements rounds.Memory, as do the methods below.
func (m *Memory) Candidates(context.Context) ([]memory.Candidate, error) {
	return locked(m, func() []memory.Candidate { return sorted(m.candidates) }), nil
}

// CheckOverrides implements rounds.Memory.
func (m *Memory) CheckOverrides(_ context.Context, now programme.Millis) ([]memory.Override, error) {
	return locked(m, func() []memory.Override {
		return slices.DeleteFunc(slices.Clone(m.overrides), func(o memory.Override) bool { return o.Expires <= now })
	}), nil
}

// SetCheckOverrides makes what operators answer to checks what is given.
func (m *Memory) SetCheckOverrides(list ...memory.Override) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.overrides = slices.Clone(list)
}

// SaveCandidates stores candidates.
func (m *Memory) SaveCandidates(_ context.Context, list []memory.Candidate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range list {
		m.candidates[c.Slot] = c
	}
	return nil
}

// Standings reads standings.
func (m *Memory) Standings(context.Context) ([]memory.Standing, error) {
	return locked(m, func() []memory.Standing { return sorted(m.standings) }), nil
}

// SaveStandings stores standings.
func (m *Memory) SaveStandings(_ context.Context, list []memory.Standing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range list {
		m.standings[s.Slot] = s
		if s.Validity != programme.Undecided {
			m.definite[s.Slot] = s.Validity
		}
	}
	return nil
}

// DefiniteValidities reads the last definite validities.
func (m *Memory) DefiniteValidities(context.Context) (map[int]programme.Validity, error) {
	return locked(m, func() map[int]programme.Validity { return maps.Clone(m.definite) }), nil
}

// SaveScores stores scores.
func (m *Memory) SaveScores(_ context.Context, list []memory.Score, s memory.ScoreStatistics) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range list {
		m.scores[x.Slot] = x
	}
	m.statistics = s
	return nil
}

// Scores are the newest ones, by slot.
func (m *Memory) Scores() ([]memory.Score, memory.ScoreStatistics) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sorted(m.scores), m.statistics
}

// RankEvents reads events.
func (m *Memory) RankEvents(context.Context) ([]memory.RankEvent, error) {
	return locked(m, func() []memory.RankEvent { return slices.Clone(m.events) }), nil
}

// RankDuties reads events but the good ones.
func (m *Memory) RankDuties(context.Context) ([]memory.RankEvent, error) {
	return locked(m, func() []memory.RankEvent {
		return slices.DeleteFunc(slices.Clone(m.events), func(e memory.RankEvent) bool { return e.Kind == rank.Good })
	}), nil
}

// RankEventsOf reads the events of a slot.
func (m *Memory) RankEventsOf(_ context.Context, slot int) ([]memory.RankEvent, error) {
	return locked(m, func() []memory.RankEvent {
		return slices.DeleteFunc(slices.Clone(m.events), func(e memory.RankEvent) bool { return e.Slot != slot })
	}), nil
}

// AddRankEvents adds those that are not there yet.
func (m *Memory) AddRankEvents(_ context.Context, list []memory.RankEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range list {
		if !slices.ContainsFunc(m.events, func(o memory.RankEvent) bool { return o.Slot == e.Slot && o.ID == e.ID }) {
			m.events = append(m.events, e)
		}
	}
	return nil
}

// Rankings reads rankings.
func (m *Memory) Rankings(context.Context) ([]memory.Ranking, error) {
	return locked(m, func() []memory.Ranking { return sorted(m.rankings) }), nil
}

// SaveRankings stores rankings.
func (m *Memory) SaveRankings(_ context.Context, list []memory.Ranking) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range list {
		m.rankings[r.Slot] = r
	}
	return nil
}

// Periods reads periods.
func (m *Memory) Periods(context.Context) ([]memory.Period, error) {
	return locked(m, func() []memory.Period { return sorted(m.periods) }), nil
}

// SavePeriod stores a period.
func (m *Memory) SavePeriod(_ context.Context, p memory.Period) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.periods[p.Number] = p
	return nil
}

// Nominations reads nominations.
func (m *Memory) Nominations(context.Context) ([]memory.Nomination, error) {
	return locked(m, func() []memory.Nomination { return slices.Clone(m.nominations) }), nil
}

// SaveNomination adds a nomination that is not there yet.
func (m *Memory) SaveNomination(_ context.Context, n memory.Nomination) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.ContainsFunc(m.nominations, func(o memory.Nomination) bool { return o.Nominator == n.Nominator && o.BlockHash == n.BlockHash }) {
		m.nominations = append(m.nominations, n)
	}
	return nil
}

// ValidatorSets reads sets.
func (m *Memory) ValidatorSets(context.Context) ([]memory.ValidatorSet, error) {
	return locked(m, func() []memory.ValidatorSet { return sorted(m.sets) }), nil
}

// ValidatorSetsFrom reads the sets of the eras from one on.
func (m *Memory) ValidatorSetsFrom(_ context.Context, from programme.Era) ([]memory.ValidatorSet, error) {
	return locked(m, func() []memory.ValidatorSet {
		return slices.DeleteFunc(sorted(m.sets), func(s memory.ValidatorSet) bool { return s.Era < from })
	}), nil
}

// SetEras lists the eras from one on that have a set.
func (m *Memory) SetEras(ctx context.Context, from programme.Era) ([]programme.Era, error) {
	sets, err := m.ValidatorSetsFrom(ctx, from)
	var out []programme.Era
	for _, s := range sets {
		out = append(out, s.Era)
	}
	return out, err
}

// ActiveErasOf counts the eras in which any account of a group was in the set.
func (m *Memory) ActiveErasOf(ctx context.Context, groups map[int][]programme.Address) (map[int]int, error) {
	list, err := m.ValidatorSets(ctx)
	sets := make([]map[programme.Address]bool, len(list))
	for i, s := range list {
		sets[i] = map[programme.Address]bool{}
		for _, a := range s.Validators {
			sets[i][a] = true
		}
	}
	out := map[int]int{}
	for n, accounts := range groups {
		out[n] = rank.ActiveEras(sets, accounts)
	}
	return out, err
}

// SaveValidatorSet stores the set of an era.
func (m *Memory) SaveValidatorSet(_ context.Context, s memory.ValidatorSet) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets[s.Era] = s
	return nil
}

// NewestRound reads the newest round.
func (m *Memory) NewestRound(_ context.Context, network string) (memory.Round, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range slices.Backward(m.rounds) {
		if r.Network == network {
			return r, true, nil
		}
	}
	return memory.Round{}, false, nil
}

// Rounds are all rounds, oldest first.
func (m *Memory) Rounds() []memory.Round {
	return locked(m, func() []memory.Round { return slices.Clone(m.rounds) })
}

// SaveRound adds a round.
func (m *Memory) SaveRound(_ context.Context, r memory.Round) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Number = int64(len(m.rounds) + 1)
	m.rounds = append(m.rounds, r)
	return nil
}

// SaveDocument stores a document.
func (m *Memory) SaveDocument(_ context.Context, d plan.Document) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if have, ok := m.documents[d.Digest]; ok && !bytes.Equal(have.Bytes, d.Bytes) {
		return fmt.Errorf("another document is stored under %s", d.Digest)
	}
	m.documents[d.Digest] = d
	return nil
}

// Document reads a document.
func (m *Memory) Document(_ context.Context, digest string) (plan.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.documents[digest]
	if !ok {
		return d, plan.ErrNotFound
	}
	return d, nil
}

// Plans reads plans, newest first.
func (m *Memory) Plans(_ context.Context, f plan.Filter) ([]plan.Plan, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []plan.Plan
	for _, p := range slices.Backward(m.plans) {
		if !f.Open || !p.State.Closed() {
			out = append(out, p)
		}
	}
	return out, nil
}

// SetPlan adds a plan, or replaces the one of the same round and nominator.
func (m *Memory) SetPlan(p plan.Plan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.plans, func(o plan.Plan) bool { return o.Key == p.Key }); i >= 0 {
		m.plans[i] = p
		return
	}
	m.plans = append(m.plans, p)
}

// RaiseAlert stores an alert.
func (m *Memory) RaiseAlert(_ context.Context, w plan.Warning) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.alerts, func(o plan.Warning) bool {
		return o.Network == w.Network && o.Code == w.Code && o.Subject == w.Subject && o.Era == w.Era
	}) {
		return false, nil
	}
	m.alerts = append(m.alerts, w)
	return true, nil
}

// Alerts are all alerts, oldest first.
func (m *Memory) Alerts() []plan.Warning {
	return locked(m, func() []plan.Warning { return slices.Clone(m.alerts) })
}
