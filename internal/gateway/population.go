package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// population is everything that is known of the candidates, put together once per change. Half of all routes look
// something up in it.
type population struct {
	chain     memory.Chain
	decimals  int
	slots     []member // by slot, those that left the list included
	stash     map[programme.Address]int
	set       memory.ValidatorSet        // the newest
	active    map[programme.Address]bool // its members
	nominated map[programme.Address]programme.Era
	families  map[programme.Address][]*member // listed members by their super-identity
	// rankIsActiveEras shows the old backend's rank: eras in the validator set.
	rankIsActiveEras bool
}

// member is one slot.
type member struct {
	memory.Candidate
	standing *memory.Standing
	ranking  *memory.Ranking
	node     *node
	place    *outside.Located
	score    *memory.Score
	stake    *memory.Stake
}

// node is the presence of the nodes of a slot.
type node struct {
	memory.Presence
	// offline is the time within the trailing window of the rules that counts against it, as of the observer's last word.
	offline programme.Millis
}

// populationSubjects are what a population is made of.
func populationSubjects() []memory.Subject {
	return []memory.Subject{
		memory.SubjectChain, memory.SubjectCandidates, memory.SubjectStandings, memory.SubjectRanks, memory.SubjectPresence,
		memory.SubjectLocations, memory.SubjectScores, memory.SubjectStakes, memory.SubjectValidators, memory.SubjectNominations,
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

// gather reads a population, all of it as it is at one moment.
func (g *Gateway) gather(ctx context.Context) (p *population, err error) {
	err = g.Data.View(ctx, func(ctx context.Context) error {
		p, err = g.collect(ctx)
		return err
	})
	return p, err
}

func (g *Gateway) collect(ctx context.Context) (*population, error) {
	chain, err := g.Data.Chain(ctx)
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("read the network: %w", err)
	}
	slots, err := g.Data.Candidates(ctx)
	if err != nil {
		return nil, fmt.Errorf("read candidates: %w", err)
	}
	p := &population{
		chain: chain, decimals: chain.Decimals, slots: make([]member, len(slots)), rankIsActiveEras: g.RankIsActiveEras,
		stash: make(map[programme.Address]int, len(slots)), active: map[programme.Address]bool{},
		nominated: map[programme.Address]programme.Era{}, families: map[programme.Address][]*member{},
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
		attach(ctx, "presence", g.nodes, bySlot, func(m *member, v *node) int { m.node = v; return v.Slot }),
		attach(ctx, "locations", func(ctx context.Context) ([]outside.Located, error) { return g.Data.Locations(ctx, g.Network) },
			bySlot, func(m *member, v *outside.Located) int { m.place = v; return v.Slot }),
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
	if p.set, err = g.Data.ValidatorSet(ctx); err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("read the validator set: %w", err)
	}
	for _, v := range p.set.Validators {
		p.active[v] = true
	}
	nominations, err := g.Data.Nominations(ctx)
	if err != nil {
		return nil, fmt.Errorf("read nominations: %w", err)
	}
	for _, n := range nominations {
		for _, t := range n.Targets {
			p.nominated[t] = max(p.nominated[t], n.Era)
		}
	}
	for _, m := range p.listed() {
		if i := m.identity(); i != nil && i.Super != "" {
			p.families[i.Super] = append(p.families[i.Super], m)
		}
	}
	return p, nil
}

// identity is what the chain holds of the member's identity.
func (m *member) identity() *programme.Identity {
	if m.standing == nil || m.standing.Chain == nil {
		return nil
	}
	return m.standing.Chain.Identity
}

// nodes are the presences of all slots, with their offline time.
func (g *Gateway) nodes(ctx context.Context) ([]node, error) {
	last, err := g.Data.PresenceSince(ctx, programme.Millis(g.Now().UnixMilli())-g.Rules.Limits.OfflineWindow)
	if err != nil {
		return nil, err
	}
	now := last.Observer.Seen
	facts := presence.Report(&last, now)
	out := make([]node, len(last.Slots))
	for i, s := range last.Slots {
		out[i].Presence = s
		if p := facts.Candidates[s.Slot]; p != nil {
			out[i].offline = g.Rules.OfflineTime(p, facts.Source, now)
		}
	}
	return out, nil
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
