package rounds

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// OutsideStore is what a round reads of outside sources.
type OutsideStore interface {
	Locations(ctx context.Context, network string) ([]outside.Located, error)
	Release(ctx context.Context, network string) (r outside.Release, ok bool, err error)
	Remotes(ctx context.Context, network string) ([]outside.Remote, error)
	SourceHealths(ctx context.Context, network string) ([]outside.Health, error)
}

// Outside says which facts of outside sources a round wants.
type Outside struct {
	Network    string
	Now        programme.Millis
	Candidates []programme.Candidate
	// The ages after which a value counts as unknown.
	LocationAge, ReleaseAge, RemoteAge programme.Millis
	// Set are states that the configuration decides: switched off, or not set up. They outrank what was observed.
	Set map[programme.SourceName]programme.Source
}

// idle is how old the newest attempt may be before a source counts as not being asked at all: whoever asks has stopped.
const idle = 6 * programme.Hour

// Part reads the locations, the client release and the ranks on the other network, each with the state of its source.
// What is too old is left out, so that the checks that need it answer unknown when the source does not deliver.
func (o Outside) Part(ctx context.Context, s OutsideStore) (Part, error) {
	fail := func(err error) (Part, error) { return Part{}, fmt.Errorf("read facts of outside sources: %w", err) }
	p := Part{Candidates: map[int]programme.Facts{}}
	healths, err := s.SourceHealths(ctx, o.Network)
	if err != nil {
		return fail(err)
	}
	for _, name := range []programme.SourceName{programme.SourceLocation, programme.SourceRelease, programme.SourceRemote} {
		p.Sources = append(p.Sources, o.state(name, healths))
	}
	if r, ok, err := s.Release(ctx, o.Network); err != nil {
		return fail(err)
	} else if ok && o.Now-r.At <= o.ReleaseAge {
		p.Release = &programme.Release{Name: r.Name, PublishedAt: r.Grace()}
	}
	locations, err := s.Locations(ctx, o.Network)
	if err != nil {
		return fail(err)
	}
	where := make(map[int]*outside.Located, len(locations))
	for i := range locations {
		where[locations[i].Slot] = &locations[i]
	}
	remotes, err := s.Remotes(ctx, o.Network)
	if err != nil {
		return fail(err)
	}
	ranks := make(map[[32]byte]*programme.RemoteRank, len(remotes))
	for i := range remotes {
		if _, id, err := ss58.DecodeAccount(remotes[i].Stash); err == nil {
			ranks[id] = &remotes[i].Answer
		}
	}
	for _, c := range o.Candidates {
		var f programme.Facts
		// A location belongs to the slot and the stash: what was known of the operator before is not known of this one.
		if l := where[c.Slot]; l != nil && sameAccount(l.Stash, c.Stash) && o.Now-l.At <= o.LocationAge {
			f.Location = &programme.Location{
				City: l.Place.City, Region: l.Place.Region, Country: l.Place.Country, Provider: l.Place.Provider, ASN: l.Place.ASN, At: l.At,
			}
		}
		if _, id, err := ss58.DecodeAccount(c.KusamaStash); c.KusamaStash != "" && err == nil {
			if r := ranks[id]; r != nil && o.Now-r.At <= o.RemoteAge {
				f.Remote = r
			}
		}
		if f != (programme.Facts{}) {
			p.Candidates[c.Slot] = f
		}
	}
	return p, nil
}

// state is the state of a source as a round sees it.
func (o Outside) state(name programme.SourceName, healths []outside.Health) programme.Source {
	if set, ok := o.Set[name]; ok {
		set.Name = name
		return set
	}
	for _, h := range healths {
		if h.Name != string(name) {
			continue
		}
		s := programme.Source{Name: name, State: h.State, At: h.Good}
		if h.State != programme.SourceOK {
			s.Detail = h.Detail
		} else if o.Now-h.Tried > idle {
			s.State, s.Detail = programme.SourceDown, fmt.Sprintf("nobody has asked it since %s", h.Tried)
		}
		return s
	}
	return programme.Source{Name: name, State: programme.SourceAbsent, Detail: "it was not asked yet"}
}

// sameAccount compares accounts whatever the form of their addresses.
func sameAccount(a, b programme.Address) bool {
	if a == b {
		return true
	}
	_, x, errA := ss58.DecodeAccount(string(a))
	_, y, errB := ss58.DecodeAccount(string(b))
	return errA == nil && errB == nil && x == y
}
