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
	sources    [6]programme.Source // by position, see slot
	now        programme.Millis
	chainAt    programme.Millis
	identityAt programme.Millis
	blind      []programme.Interval // of telemetry
	limits     []string
	exempt     map[string]bool // client implementations
	required   *semver.Version // newest release, nil when there is none or its name is no version
}

// NewIndex builds the index of a round.
func NewIndex(in *programme.Inputs) *Index {
	x := &Index{
		chain:    make(map[programme.Address]*programme.ChainCandidate, len(in.Snapshot.Candidates)),
		previous: map[int]*programme.PreviousCandidate{},
		now:      in.Now, chainAt: in.Now, identityAt: in.Now,
		exempt: make(map[string]bool, len(in.Rules.Limits.ExemptClients)),
		limits: make([]string, len(rules)),
	}
	for i := range in.Snapshot.Candidates {
		x.chain[in.Snapshot.Candidates[i].Stash] = &in.Snapshot.Candidates[i]
	}
	for i := range x.sources {
		x.sources[i].State = programme.SourceAbsent
	}
	x.sources[slot(programme.SourceChain)].State = programme.SourceOK
	for _, s := range in.Sources {
		if i := slot(s.Name); i >= 0 {
			x.sources[i] = s
		}
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
	x.blind = x.source(programme.SourceTelemetry).Blindness(in.Now)
	for i := range rules {
		if f := rules[i].limit; f != nil {
			x.limits[i] = f(in)
		}
	}
	return x
}

// slot is the position of a source in the index, -1 for a name that no check knows.
func slot(name programme.SourceName) int {
	switch name {
	case programme.SourceChain:
		return 0
	case programme.SourceTelemetry:
		return 1
	case programme.SourceLocation:
		return 2
	case programme.SourceRelease:
		return 3
	case programme.SourceRemote:
		return 4
	case programme.SourceHistory:
		return 5
	}
	return -1
}

// source is the state of a source. The chain counts as delivering unless the inputs say otherwise, because the
// snapshot comes from it; any other source that is not named is absent.
func (x *Index) source(name programme.SourceName) *programme.Source { return &x.sources[slot(name)] }

// at is the moment for which values of a source hold: the block's time for the chain, the newest good value for
// telemetry, now for what is looked up when it is needed.
func (x *Index) at(name programme.SourceName) programme.Millis {
	switch name {
	case programme.SourceChain:
		return x.chainAt
	case programme.SourceTelemetry:
		if s := x.source(name); s.State == programme.SourceOK && s.At > 0 && s.At < x.now {
			return s.At
		}
	}
	return x.now
}
