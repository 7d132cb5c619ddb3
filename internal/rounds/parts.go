package rounds

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Part is what one supplier knows: presence, outside sources, the programme's own history. Members that it does not
// supply are nil.
type Part struct {
	Sources    []programme.Source
	Release    *programme.Release
	Candidates map[int]programme.Facts // by slot
}

// Merge makes facts of parts, at the moment for which they speak. No two parts may supply the same source, nor the
// same member of a candidate's facts: which of them counted would depend on their order.
func Merge(network string, at programme.Millis, parts ...Part) (*Facts, error) {
	f := &Facts{Schema: FactsSchema, Network: network, At: at, Sources: map[programme.SourceName]SourceFacts{}}
	all := map[int]programme.Facts{}
	for _, p := range parts {
		for _, s := range p.Sources {
			if _, twice := f.Sources[s.Name]; twice {
				return nil, fmt.Errorf("merge facts: the source %s is supplied twice", s.Name)
			}
			f.Sources[s.Name] = SourceFacts{State: s.State, At: s.At, Detail: s.Detail, Blind: s.Blind}
		}
		if p.Release != nil {
			if f.Release != nil {
				return nil, fmt.Errorf("merge facts: the release is supplied twice")
			}
			f.Release = p.Release
		}
		for slot, add := range p.Candidates {
			have := all[slot]
			err := ""
			member(&have.Presence, add.Presence, "presence", &err)
			member(&have.Location, add.Location, "location", &err)
			member(&have.Remote, add.Remote, "rank on the other network", &err)
			member(&have.History, add.History, "history", &err)
			if err != "" {
				return nil, fmt.Errorf("merge facts: the %s of slot %d is supplied twice", err, slot)
			}
			all[slot] = have
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(all)) {
		f.Candidates = append(f.Candidates, CandidateFacts{Slot: slot, Facts: all[slot]})
	}
	return f, f.check()
}

// member takes over one member of a candidate's facts.
func member[T any](have **T, add *T, name string, twice *string) {
	switch {
	case add == nil:
	case *have != nil:
		*twice = name
	default:
		*have = add
	}
}
