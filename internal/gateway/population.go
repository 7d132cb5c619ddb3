package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// population is everything that is known of the candidates, put together once per change. Half of all routes look
// something up in it.
type population struct {
	decimals int
	prefix   uint16
	slots    []member // by slot, those that left the list included
	stash    map[programme.Address]int
	active   map[programme.Address]bool // of the newest validator set
}

// member is one slot.
type member struct {
	memory.Candidate
	standing *memory.Standing
	ranking  *memory.Ranking
	node     *Node
	place    *Place
	score    *memory.Score
	stake    *memory.Stake
}

// populationSubjects are what a population is made of.
func populationSubjects() []memory.Subject {
	return []memory.Subject{
		memory.SubjectChain, memory.SubjectCandidates, memory.SubjectStandings, memory.SubjectRanks, memory.SubjectPresence,
		memory.SubjectLocations, memory.SubjectScores, memory.SubjectStakes, memory.SubjectValidators,
	}
}

// of finds a listed candidate by its stash.
func (p *population) of(stash programme.Address) *member {
	i, ok := p.stash[stash]
	if !ok {
		return nil
	}
	return &p.slots[i]
}

// listed are the members that are in the list.
func (p *population) listed() []*member {
	var out []*member
	for i := range p.slots {
		if p.slots[i].Listed() {
			out = append(out, &p.slots[i])
		}
	}
	return out
}

// valid reports whether the newest look found the candidate valid. One that was never looked at is not.
func (m *member) valid() bool {
	return m.Listed() && m.standing != nil && m.standing.Validity == programme.Valid
}

// total is the newest total score, 0 without one.
func (m *member) total() float64 {
	if m.score == nil {
		return 0
	}
	return m.score.Total
}

// gather reads a population.
func (g *Gateway) gather(ctx context.Context) (*population, error) {
	chain, err := g.Data.Chain(ctx)
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("read the network: %w", err)
	}
	slots, err := g.Data.Candidates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read candidates: %w", err)
	}
	p := &population{
		decimals: chain.Decimals, prefix: chain.SS58Prefix, slots: make([]member, len(slots)),
		stash: make(map[programme.Address]int, len(slots)), active: map[programme.Address]bool{},
	}
	bySlot := make(map[int]*member, len(slots))
	slices.SortFunc(slots, func(a, b memory.Candidate) int { return cmp.Compare(a.Slot, b.Slot) })
	for i, c := range slots {
		p.slots[i].Candidate = c
		bySlot[c.Slot] = &p.slots[i]
		if c.Listed() && c.Stash != "" {
			p.stash[c.Stash] = i
		}
	}
	if err := errors.Join(
		attach(ctx, "standings", g.Data.Standings, bySlot, func(m *member, v *memory.Standing) int { m.standing = v; return v.Slot }),
		attach(ctx, "ranks", g.Data.Rankings, bySlot, func(m *member, v *memory.Ranking) int { m.ranking = v; return v.Slot }),
		attach(ctx, "presence", g.Data.Nodes, bySlot, func(m *member, v *Node) int { m.node = v; return v.Slot }),
		attach(ctx, "locations", g.Data.Places, bySlot, func(m *member, v *Place) int { m.place = v; return v.Slot }),
		attach(ctx, "scores", g.Data.NewestScores, bySlot, func(m *member, v *memory.Score) int { m.score = v; return v.Slot }),
	); err != nil {
		return nil, err
	}
	stakes, err := g.Data.NewestStakes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read stakes: %w", err)
	}
	for i := range stakes {
		if m := p.of(stakes[i].Stash); m != nil {
			m.stake = &stakes[i]
		}
	}
	set, err := g.Data.ValidatorSet(ctx)
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("read the validator set: %w", err)
	}
	for _, v := range set.Validators {
		p.active[v] = true
	}
	return p, nil
}

// attach reads one kind of facts and gives each to its slot. Set is called once without a member to learn the slot.
func attach[T any](ctx context.Context, what string, read func(context.Context) ([]T, error), slots map[int]*member, set func(*member, *T) int) error {
	list, err := read(ctx)
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	for i := range list {
		var nobody member
		if m := slots[set(&nobody, &list[i])]; m != nil {
			set(m, &list[i])
		}
	}
	return nil
}
