// Package rounds holds nomination rounds: it gathers everything a round is decided from, freezes it, and lets the
// rules decide. What is gathered here is all that can influence a decision; the rules see nothing else.
package rounds

import (
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Material is what a round is made of, as the adapters deliver it.
type Material struct {
	Rules      programme.Rules
	Snapshot   *programme.Snapshot
	Candidates []programme.Candidate
	Nominators []programme.Nominator
	Facts      *Facts // nil: nothing but the chains is known
	// Overrides are what operators answer to checks and has not expired. What is about a stash that the slot does not have
	// any more is left out.
	Overrides []memory.Override
	// Telemetry says whether the configuration has presence watched; when not, and when the facts do not speak of
	// it either, its checks do not apply.
	Telemetry bool
	// Release is a version forced by the configuration; it outranks the one in the facts.
	Release  *programme.Release
	Previous *Before
	Force    bool
}

// Before is what a round needs to know of the one before it.
type Before struct {
	Network programme.Network
	programme.Previous
}

// Remains is what is needed of a record by the round after it.
func Remains(r *decision.Record) *Before {
	return &Before{r.Inputs.Snapshot.Network, *decision.Carry(r)}
}

// Gather puts the inputs of a round together.
func Gather(m Material) (programme.Inputs, error) {
	staking, ok := block(m.Snapshot, programme.RoleStaking)
	if !ok {
		return programme.Inputs{}, fmt.Errorf("gather inputs: the snapshot names no block of the staking chain")
	}
	in := programme.Inputs{
		Now: staking.Time, Seed: staking.Hash, Rules: m.Rules, Snapshot: *m.Snapshot,
		Nominators: m.Nominators, Release: m.Release, Force: m.Force,
	}
	if m.Facts != nil {
		if m.Facts.Network != m.Snapshot.Network.Name {
			return programme.Inputs{}, fmt.Errorf("gather inputs: the facts are about %s, the chain is %s", m.Facts.Network, m.Snapshot.Network.Name)
		}
		if in.Release == nil {
			in.Release = m.Facts.Release
		}
	}
	facts := map[int]programme.Facts{}
	if m.Facts != nil {
		for _, c := range m.Facts.Candidates {
			facts[c.Slot] = c.Facts
		}
	}
	for _, c := range m.Candidates {
		ci := programme.CandidateInput{Candidate: c, Facts: facts[c.Slot]}
		for _, o := range m.Overrides {
			if o.Slot == c.Slot && generic(o.Stash) == generic(c.Stash) {
				ci.Overrides = append(ci.Overrides, o.Override)
			}
		}
		in.Candidates = append(in.Candidates, ci)
	}
	in.Sources = sources(m, staking.Time, in.Release)
	if m.Previous != nil {
		if m.Previous.Network.Genesis != m.Snapshot.Network.Genesis {
			return programme.Inputs{}, fmt.Errorf("gather inputs: the previous record is of another network (%s)", m.Previous.Network.Name)
		}
		if m.Previous.Now > in.Now {
			return programme.Inputs{}, fmt.Errorf("gather inputs: the previous record is younger (%s) than this round's block (%s)", m.Previous.Now, in.Now)
		}
		in.Previous = &m.Previous.Previous
	}
	return in, nil
}

// sources states for every source whether it delivers. What nothing supplies is absent, and the checks that need
// it are unknown; what the operator switched off does not apply. A programme that keeps no history yet has
// suspended nobody, so history counts as switched off until something supplies it.
func sources(m Material, now programme.Millis, release *programme.Release) []programme.Source {
	absent := func(name programme.SourceName, detail string) programme.Source {
		return programme.Source{Name: name, State: programme.SourceAbsent, Detail: detail}
	}
	telemetry := absent(programme.SourceTelemetry, "no presence data was supplied")
	if !m.Telemetry {
		telemetry = programme.Source{Name: programme.SourceTelemetry, State: programme.SourceOff, Detail: "telemetry.enable is false"}
	}
	rel := absent(programme.SourceRelease, "no client release was supplied")
	if release != nil {
		rel = programme.Source{Name: programme.SourceRelease, State: programme.SourceOK, At: now}
		if m.Facts != nil && !release.Forced {
			rel.At = m.Facts.At
		}
	}
	f := m.Facts
	if m.Release == nil {
		rel = f.state(programme.SourceRelease, rel)
	}
	return []programme.Source{
		{Name: programme.SourceChain, State: programme.SourceOK, At: now},
		f.state(programme.SourceTelemetry, telemetry),
		f.state(programme.SourceLocation, absent(programme.SourceLocation, "no locations were supplied")),
		rel,
		f.state(programme.SourceRemote, absent(programme.SourceRemote, "no ranks of another network were supplied")),
		f.state(programme.SourceHistory, programme.Source{Name: programme.SourceHistory, State: programme.SourceOff, Detail: "no history is kept"}),
	}
}

func block(s *programme.Snapshot, role string) (programme.ChainBlock, bool) {
	if s == nil {
		return programme.ChainBlock{}, false
	}
	for _, b := range s.Blocks {
		if b.Role == role {
			return b, true
		}
	}
	return programme.ChainBlock{}, false
}
