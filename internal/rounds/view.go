package rounds

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// View is a look at the world: everything a round would be decided from, and what it would decide. Nobody changes it.
type View struct {
	Inputs   *programme.Inputs // frozen
	Decision *programme.Decision
	// Staking is the block it was looked at.
	Staking programme.ChainBlock

	taken   time.Time // when the snapshot was read
	stashes []programme.Address
}

// Snapshot are the chain facts.
func (v *View) Snapshot() *programme.Snapshot { return &v.Inputs.Snapshot }

// View looks at the world. A snapshot that is not older than the given age is used again; other facts are always the
// newest. Callers that come together share one reading of the chains. Progress, unless nil, is told how that goes.
func (s *Service) View(ctx context.Context, age time.Duration, progress func(chain.Progress)) (*View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.Memory.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	candidates := listed(all)
	snapshot, taken, stashes, err := s.snapshot(ctx, age, candidates, progress)
	if err != nil {
		return nil, err
	}
	v, err := s.look(ctx, snapshot, candidates, false)
	if err != nil {
		return nil, err
	}
	v.taken, v.stashes = taken, stashes
	s.view = v
	return v, nil
}

// snapshot is the one of the last view, or a new one. One of another session than the newest block is too old whatever
// its age: what a new session or era causes is done because of what is new in it.
func (s *Service) snapshot(ctx context.Context, age time.Duration, candidates []programme.Candidate, progress func(chain.Progress)) (
	*programme.Snapshot, time.Time, []programme.Address, error) {
	stashes := make([]programme.Address, len(candidates))
	for i, c := range candidates {
		stashes[i] = c.Stash
	}
	slices.Sort(stashes)
	if v := s.view; v != nil && slices.Equal(v.stashes, stashes) {
		if since := s.Now().Sub(v.taken); since >= 0 && since <= age {
			clock, err := s.Chain.ClockAt(ctx, "")
			if err == nil && clock.Eras.Session == v.Snapshot().Eras.Session && clock.Eras.Active == v.Snapshot().Eras.Active {
				return v.Snapshot(), v.taken, stashes, nil
			}
		}
	}
	req := chain.Request{Candidates: stashes, Progress: progress}
	for _, n := range s.Nominators(genericPrefix) { // accounts are asked for in any form
		req.Nominators = append(req.Nominators, n.Address)
	}
	taken := s.Now()
	snapshot, err := s.Chain.Snapshot(ctx, req)
	return snapshot, taken, stashes, err
}

// genericPrefix is the address prefix that belongs to no network.
const genericPrefix = 42

// look decides what a round would.
func (s *Service) look(ctx context.Context, snapshot *programme.Snapshot, candidates []programme.Candidate, force bool) (*View, error) {
	staking, ok := block(snapshot, programme.RoleStaking)
	if !ok {
		return nil, fmt.Errorf("look at the world: the snapshot names no block of the staking chain")
	}
	facts, err := s.facts(ctx, snapshot, staking, candidates)
	if err != nil {
		return nil, err
	}
	m := Material{
		Rules: s.Rules, Snapshot: snapshot, Candidates: reencoded(candidates, snapshot.Network.SS58Prefix),
		Nominators: s.Nominators(snapshot.Network.SS58Prefix), Facts: facts, Telemetry: s.Telemetry, Release: s.Release, Force: force,
	}
	if m.Overrides, err = s.Memory.CheckOverrides(ctx, staking.Time); err != nil {
		return nil, err
	}
	open, err := s.Memory.Plans(ctx, plan.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	for i := range m.Nominators {
		m.Nominators[i].Open = slices.ContainsFunc(open, func(p plan.Plan) bool {
			return p.Nominator == m.Nominators[i].Address && p.Mode != plan.Removal
		})
	}
	if m.Previous, err = s.previous(ctx, snapshot, staking); err != nil {
		return nil, err
	}
	in, err := Gather(m)
	if err != nil {
		return nil, err
	}
	standings, err := s.Memory.Standings(ctx)
	if err != nil {
		return nil, err
	}
	in.Previous = remembered(in.Previous, standings, in.Candidates, in.Now)
	frozen, err := decision.Freeze(in)
	if err != nil {
		return nil, err
	}
	d, err := decision.Evaluate(frozen)
	if err != nil {
		return nil, err
	}
	return &View{Inputs: frozen, Decision: d, Staking: staking}, nil
}

// reencoded writes stashes as addresses of a network. One that is no address stays as it is; nothing is known of it.
func reencoded(list []programme.Candidate, prefix uint16) []programme.Candidate {
	out := slices.Clone(list)
	for i := range out {
		if a, err := chain.Reencode(out[i].Stash, prefix); err == nil {
			out[i].Stash = a
		}
	}
	return out
}

// facts are what the sources tell, with what the programme itself remembers.
func (s *Service) facts(ctx context.Context, snapshot *programme.Snapshot, staking programme.ChainBlock, candidates []programme.Candidate) (*Facts, error) {
	facts, err := s.Sources.Facts(ctx, staking.Time, candidates)
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	known := map[int]*CandidateFacts{}
	out := &Facts{Schema: FactsSchema, Network: snapshot.Network.Name, At: staking.Time, Sources: map[programme.SourceName]SourceFacts{}}
	if facts != nil {
		out.Release, out.Candidates = facts.Release, slices.Clone(facts.Candidates)
		for name, f := range facts.Sources {
			out.Sources[name] = f
		}
	}
	for i := range out.Candidates {
		known[out.Candidates[i].Slot] = &out.Candidates[i]
	}
	history, err := s.history(ctx)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	out.Sources[programme.SourceHistory] = SourceFacts{State: programme.SourceOK, At: staking.Time}
	var more []CandidateFacts
	for _, c := range candidates {
		h := history(c.Slot, c.Stash)
		if f := known[c.Slot]; f != nil {
			f.History = h
			continue
		}
		more = append(more, CandidateFacts{Slot: c.Slot, Facts: programme.Facts{History: h}})
	}
	out.Candidates = append(out.Candidates, more...)
	return out, nil
}

// history gives what is remembered of a slot: its rank in the configured sense, faults, suspension, and the era of the
// last finalised nomination of its stash by the programme.
func (s *Service) history(ctx context.Context) (func(int, programme.Address) *programme.History, error) {
	rankings, err := s.Memory.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	nominations, err := s.Memory.Nominations(ctx)
	if err != nil {
		return nil, err
	}
	ranks := make(map[int]*memory.Ranking, len(rankings))
	for i := range rankings {
		ranks[rankings[i].Slot] = &rankings[i]
	}
	eras := map[programme.Address]programme.Era{}
	for _, n := range nominations {
		for _, t := range n.Targets {
			key := generic(t)
			eras[key] = max(eras[key], n.Era)
		}
	}
	return func(slot int, stash programme.Address) *programme.History {
		h := &programme.History{NominatedEra: eras[generic(stash)]}
		if r := ranks[slot]; r != nil {
			h.Rank, h.Faults, h.Suspended = r.Rank, r.Faults, r.Suspend
			if s.RankMode == config.RankActiveEras {
				h.Rank = r.ActiveEras
			}
		}
		return h
	}, nil
}

// generic writes an address in the form that belongs to no network, so that it can be compared.
func generic(a programme.Address) programme.Address {
	if b, err := chain.Reencode(a, genericPrefix); err == nil {
		return b
	}
	return a
}

// previous is about the round held last; nil before the first, and for a block before it.
func (s *Service) previous(ctx context.Context, snapshot *programme.Snapshot, staking programme.ChainBlock) (*Before, error) {
	last, ok, err := s.Memory.NewestRound(ctx, snapshot.Network.Genesis)
	if err != nil || !ok || last.At > staking.Time {
		return nil, err
	}
	return s.remains(ctx, last.Digest)
}

// remains reads a stored record, which was verified before it was stored. What is needed of the newest one is kept: every look
// asks for it, and the whole record is large.
func (s *Service) remains(ctx context.Context, digest string) (*Before, error) {
	if b := s.before.Load(); b != nil && b.Digest == digest {
		return b, nil
	}
	doc, err := s.Memory.Document(ctx, digest)
	if err != nil {
		return nil, err
	}
	r, err := decision.Read(doc.Bytes)
	if err != nil {
		return nil, err
	}
	b := Remains(r)
	s.before.Store(b)
	return b, nil
}

// remembered adds to what the last record keeps the definite answers that were given since, by looks between rounds:
// they may stand in for unknown ones as well. Without any record there is nothing to compare with, but there may be
// answers.
func remembered(p *programme.Previous, standings []memory.Standing, candidates []programme.CandidateInput, now programme.Millis) *programme.Previous {
	if p == nil {
		return nil
	}
	byStash := map[int]programme.Address{}
	for i := range candidates {
		byStash[candidates[i].Slot] = candidates[i].Stash
	}
	seen := bySlot(standings)
	out := *p
	out.Candidates = slices.Clone(p.Candidates)
	for i := range out.Candidates {
		c := &out.Candidates[i]
		st := seen[c.Slot]
		if st == nil || st.At > now || byStash[c.Slot] != c.Stash || st.Chain == nil || generic(st.Chain.Stash) != generic(c.Stash) {
			continue
		}
		c.Definite = newer(c.Definite, st.Verdicts)
	}
	return &out
}

// newer replaces definite answers by younger ones.
func newer(have []programme.DefiniteAnswer, verdicts []memory.Verdict) []programme.DefiniteAnswer {
	out := slices.Clone(have)
	for _, v := range verdicts {
		a := programme.DefiniteAnswer{Code: v.Code, State: v.Own(), At: v.At}
		if a.State == programme.Unknown {
			if v.Held == "" {
				continue
			}
			a.State, a.At = v.Held, v.HeldAt
		}
		i := slices.IndexFunc(out, func(o programme.DefiniteAnswer) bool { return o.Code == a.Code })
		switch {
		case i < 0:
			out = append(out, a)
		case a.At > out[i].At:
			out[i] = a
		}
	}
	return out
}
