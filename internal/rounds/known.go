package rounds

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Outside is what sources beyond the chains have told and what is kept of it.
type Outside interface {
	Locations(ctx context.Context, network string) ([]outside.Located, error)
	Release(ctx context.Context, network string) (r outside.Release, ok bool, err error)
	Remotes(ctx context.Context, network string) ([]outside.Remote, error)
	SourceHealth(ctx context.Context, network, name string) (h outside.Health, ok bool, err error)
}

// Presence is what was seen of the candidates' nodes, by slot, and how far that can be relied on. Package presence has it.
type Presence func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error)

// Known reads the facts that others keep in the database. It is the [Sources] of a process that shares its work.
type Known struct {
	Network  string
	Outside  Outside
	Presence Presence // nil: presence is not watched
	// Remote is the form of a Kusama stash under which an answer about it is kept; nil: no other instance is asked.
	Remote func(stash string) (string, error)
	// MaxLocation, MaxRelease and MaxRemote are the ages after which what is known counts as unknown.
	MaxLocation, MaxRelease, MaxRemote programme.Millis
}

// Facts implements [Sources].
func (k *Known) Facts(ctx context.Context, now programme.Millis, candidates []programme.Candidate) (*Facts, error) {
	f := &Facts{Schema: FactsSchema, Network: k.Network, At: now, Sources: map[programme.SourceName]SourceFacts{}}
	facts := make(map[int]*programme.Facts, len(candidates))
	for _, c := range candidates {
		facts[c.Slot] = &programme.Facts{}
	}
	for _, part := range []func(context.Context, programme.Millis, []programme.Candidate, *Facts, map[int]*programme.Facts) error{
		k.presence, k.locations, k.release, k.remotes,
	} {
		if err := part(ctx, now, candidates, f, facts); err != nil {
			return nil, err
		}
	}
	for _, c := range candidates {
		f.Candidates = append(f.Candidates, CandidateFacts{Slot: c.Slot, Facts: *facts[c.Slot]})
	}
	return f, nil
}

func (k *Known) presence(ctx context.Context, now programme.Millis, _ []programme.Candidate, f *Facts, facts map[int]*programme.Facts) error {
	if k.Presence == nil {
		return nil
	}
	source, seen, err := k.Presence(ctx, now)
	if err != nil {
		return fmt.Errorf("read presence: %w", err)
	}
	f.Sources[programme.SourceTelemetry] = SourceFacts{State: source.State, At: source.At, Detail: source.Detail, Blind: source.Blind}
	for slot, p := range seen {
		if c := facts[slot]; c != nil {
			c.Presence = p
		}
	}
	return nil
}

func (k *Known) locations(ctx context.Context, now programme.Millis, _ []programme.Candidate, f *Facts, facts map[int]*programme.Facts) error {
	if err := k.state(ctx, programme.SourceLocation, f); err != nil {
		return err
	}
	list, err := k.Outside.Locations(ctx, k.Network)
	if err != nil {
		return fmt.Errorf("read locations: %w", err)
	}
	for _, l := range list {
		if c := facts[l.Slot]; c != nil && l.Place.Known() && fresh(l.At, now, k.MaxLocation) {
			c.Location = &programme.Location{
				City: l.Place.City, Region: l.Place.Region, Country: l.Place.Country, Provider: l.Place.Provider, ASN: l.Place.ASN, At: l.At,
			}
		}
	}
	return nil
}

func (k *Known) release(ctx context.Context, now programme.Millis, _ []programme.Candidate, f *Facts, _ map[int]*programme.Facts) error {
	if err := k.state(ctx, programme.SourceRelease, f); err != nil {
		return err
	}
	r, ok, err := k.Outside.Release(ctx, k.Network)
	if err != nil {
		return fmt.Errorf("read release: %w", err)
	}
	if ok && fresh(r.At, now, k.MaxRelease) {
		f.Release = &programme.Release{Name: r.Name, PublishedAt: r.Grace()}
	}
	return nil
}

func (k *Known) remotes(ctx context.Context, now programme.Millis, candidates []programme.Candidate, f *Facts, facts map[int]*programme.Facts) error {
	if k.Remote == nil {
		return nil
	}
	if err := k.state(ctx, programme.SourceRemote, f); err != nil {
		return err
	}
	list, err := k.Outside.Remotes(ctx, k.Network)
	if err != nil {
		return fmt.Errorf("read ranks of the other network: %w", err)
	}
	answers := make(map[string]programme.RemoteRank, len(list))
	for _, r := range list {
		answers[r.Stash] = r.Answer
	}
	for _, c := range candidates {
		if c.KusamaStash == "" {
			continue
		}
		stash, err := k.Remote(c.KusamaStash)
		if err != nil {
			continue // no address: nothing can be known of it
		}
		if a, ok := answers[stash]; ok && fresh(a.At, now, k.MaxRemote) {
			facts[c.Slot].Remote = &a
		}
	}
	return nil
}

// state tells how a source is doing; it is left out when nothing has been written down about it.
func (k *Known) state(ctx context.Context, name programme.SourceName, f *Facts) error {
	h, ok, err := k.Outside.SourceHealth(ctx, k.Network, string(name))
	if err != nil {
		return fmt.Errorf("read the state of the source %s: %w", name, err)
	}
	if ok {
		f.Sources[name] = SourceFacts{State: h.State, At: h.Good, Detail: h.Detail}
	}
	return nil
}

// fresh reports whether a value is young enough; 0 accepts any age.
func fresh(at, now, most programme.Millis) bool { return at > 0 && (most == 0 || now-at <= most) }
