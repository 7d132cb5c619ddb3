package validity

import (
	"github.com/Masterminds/semver/v3"

	"github.com/thousand-validators/otv/internal/programme"
)

// Index holds what is looked up once per round for all candidates. It only reads the inputs, which must not change
// while it is in use; it can be used by several goroutines.
type Index struct {
	chain      map[programme.Address]*programme.ChainCandidate
	previous   map[int]*programme.PreviousCandidate
	sources    map[programme.SourceName]programme.Source
	now        programme.Millis
	chainAt    programme.Millis
	identityAt programme.Millis
	blind      []programme.Interval // of telemetry
	limits     []string
	countries  map[string]bool // sanctioned, folded
	regions    map[string]bool
	exempt     map[string]bool // client implementations
	required   *semver.Version // newest release, nil when there is none or its name is no version
}

// NewIndex builds the index of a round.
func NewIndex(in *programme.Inputs) *Index {
	x := &Index{
		chain:    make(map[programme.Address]*programme.ChainCandidate, len(in.Snapshot.Candidates)),
		sources:  make(map[programme.SourceName]programme.Source, len(in.Sources)),
		previous: map[int]*programme.PreviousCandidate{},
		now:      in.Now, chainAt: in.Now, identityAt: in.Now,
		countries: folded(in.Rules.Limits.SanctionedCountries),
		regions:   folded(in.Rules.Limits.SanctionedRegions),
		exempt:    make(map[string]bool, len(in.Rules.Limits.ExemptClients)),
		limits:    make([]string, len(rules)),
	}
	for i := range in.Snapshot.Candidates {
		x.chain[in.Snapshot.Candidates[i].Stash] = &in.Snapshot.Candidates[i]
	}
	for _, s := range in.Sources {
		x.sources[s.Name] = s
	}
	if in.Previous != nil {
		for i := range in.Previous.Candidates {
			x.previous[in.Previous.Candidates[i].Slot] = &in.Previous.Candidates[i]
		}
	}
	for _, b := range in.Snapshot.Blocks {
		switch {
		case b.Time == 0:
		case b.Role == programme.RoleStaking:
			x.chainAt = b.Time
		case b.Role == programme.RoleIdentity:
			x.identityAt = b.Time
		}
	}
	for _, e := range in.Rules.Limits.ExemptClients {
		x.exempt[e] = true
	}
	if in.Release != nil {
		x.required = parseRelease(in.Release.Name)
	}
	x.blind = x.sources[programme.SourceTelemetry].Blindness(in.Now)
	for i := range rules {
		if f := rules[i].limit; f != nil {
			x.limits[i] = f(in)
		}
	}
	return x
}

func folded(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, s := range list {
		out[programme.Folded(s)] = true
	}
	return out
}

// source is the state of a source. The chain counts as delivering unless the inputs say otherwise, because the
// snapshot comes from it; any other source that is not named is absent.
func (x *Index) source(name programme.SourceName) programme.Source {
	s, ok := x.sources[name]
	switch {
	case ok:
	case name == programme.SourceChain:
		s.State = programme.SourceOK
	default:
		s.State = programme.SourceAbsent
	}
	return s
}

// at is the moment for which values of a source hold: the block's time for the chain, the newest good value for
// telemetry, now for what is looked up when it is needed.
func (x *Index) at(name programme.SourceName) programme.Millis {
	switch name {
	case programme.SourceChain:
		return x.chainAt
	case programme.SourceTelemetry:
		if s := x.sources[name]; s.State == programme.SourceOK && s.At > 0 && s.At < x.now {
			return s.At
		}
	}
	return x.now
}
