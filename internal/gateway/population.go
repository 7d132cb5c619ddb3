package gateway

import (
	"context"
	"errors"
	"fmt"

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
	slots     []member                   // by slot, those that left the list included
	stash     map[programme.Address]int  // positions in slots, of those that are listed
	slot      map[int]int                // positions in slots
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
	v, err := g.Data.Versions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the versions of the data: %w", err)
	}
	chain, err := g.Data.Chain(ctx)
	if err != nil && !errors.Is(err, ErrNone) {
		return nil, fmt.Errorf("read the network: %w", err)
	}
	have := &g.parts // of the population before; the view builds one at a time
	slots, err := have.candidates.get(ctx, "candidates", v, memory.SubjectCandidates, g.Data.Candidates)
	if err != nil {
		return nil, err
	}
	p := &population{
		chain: chain, decimals: chain.Decimals, slots: make([]member, len(slots)), rankIsActiveEras: g.RankIsActiveEras,
		stash: make(map[programme.Address]int, len(slots)), slot: make(map[int]int, len(slots)), active: map[programme.Address]bool{},
		nominated: map[programme.Address]programme.Era{}, families: map[programme.Address][]*member{},
	}
	for i, c := range slots { // they come by slot
		p.slots[i].Candidate = c
		p.slot[c.Slot] = i
		if c.Listed() && c.Stash != "" {
			p.stash[c.Stash] = i
		}
	}
	standings, err1 := have.standings.get(ctx, "standings", v, memory.SubjectStandings, g.Data.Standings)
	rankings, err2 := have.rankings.get(ctx, "ranks", v, memory.SubjectRanks, g.Data.Rankings)
	nodes, err3 := g.nodes(ctx)
	locations, err4 := have.locations.get(ctx, "locations", v, memory.SubjectLocations, func(ctx context.Context) ([]outside.Located, error) {
		return g.Data.Locations(ctx, g.Network)
	})
	scores, err5 := have.scores.get(ctx, "scores", v, memory.SubjectScores, g.Data.NewestScores)
	stakes, err6 := have.stakes.get(ctx, "stakes", v, memory.SubjectStakes, g.Data.NewestStakes)
	set, err7 := have.set.get(ctx, "the validator set", v, memory.SubjectValidators, g.newestSet)
	nominations, err8 := have.nominations.get(ctx, "nominations", v, memory.SubjectNominations, g.Data.Nominations)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
		return nil, err
	}
	attach(p, standings, func(s *memory.Standing) int { return s.Slot }, func(m *member, s *memory.Standing) { m.standing = s })
	attach(p, rankings, func(r *memory.Ranking) int { return r.Slot }, func(m *member, r *memory.Ranking) { m.ranking = r })
	attach(p, nodes, func(n *node) int { return n.Slot }, func(m *member, n *node) { m.node = n })
	attach(p, locations, func(l *outside.Located) int { return l.Slot }, func(m *member, l *outside.Located) { m.place = l })
	attach(p, scores, func(s *memory.Score) int { return s.Slot }, func(m *member, s *memory.Score) { m.score = s })
	for i := range stakes {
		if m := p.of(stakes[i].Stash); m != nil {
			m.stake = &stakes[i]
		}
	}
	p.set = set
	for _, a := range p.set.Validators {
		p.active[a] = true
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

// newestSet is the newest validator set, empty before the first.
func (g *Gateway) newestSet(ctx context.Context) (memory.ValidatorSet, error) {
	set, err := g.Data.ValidatorSet(ctx)
	if errors.Is(err, ErrNone) {
		return memory.ValidatorSet{}, nil
	}
	return set, err
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
		return nil, fmt.Errorf("read presence: %w", err)
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

// attach gives facts to the slots that they are about.
func attach[T any](p *population, list []T, slot func(*T) int, set func(*member, *T)) {
	for i := range list {
		if at, ok := p.slot[slot(&list[i])]; ok {
			set(&p.slots[at], &list[i])
		}
	}
}
