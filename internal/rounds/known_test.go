package rounds_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/rounds"
)

// kept is what a database has of outside sources.
type kept struct {
	locations []outside.Located
	release   *outside.Release
	remotes   []outside.Remote
	health    map[string]outside.Health
	err       error
}

func (k *kept) Locations(context.Context, string) ([]outside.Located, error) {
	return k.locations, k.err
}
func (k *kept) Remotes(context.Context, string) ([]outside.Remote, error) { return k.remotes, k.err }
func (k *kept) Release(context.Context, string) (outside.Release, bool, error) {
	if k.release == nil {
		return outside.Release{}, false, k.err
	}
	return *k.release, true, k.err
}
func (k *kept) SourceHealth(_ context.Context, _, name string) (outside.Health, bool, error) {
	h, ok := k.health[name]
	return h, ok, k.err
}

func TestKnown(t *testing.T) {
	const now = programme.Millis(1_000_000)
	list := []programme.Candidate{{Slot: 1, KusamaStash: "K1"}, {Slot: 2, KusamaStash: "bad"}, {Slot: 3}}
	db := &kept{
		locations: []outside.Located{
			{Slot: 1, Place: outside.Place{City: "Lisbon", Country: "PT", ASN: 5}, At: now - 10},
			{Slot: 2, Place: outside.Place{City: "Bern"}, At: now - 101}, // too old
			{Slot: 3, Place: outside.Place{}, At: now},                   // nothing known
			{Slot: 9, Place: outside.Place{City: "Rome"}, At: now},       // not asked for
		},
		release: &outside.Release{Name: "v1.2.3", Published: 5, FirstSeen: 7, At: now},
		remotes: []outside.Remote{{Stash: "k1", Answer: programme.RemoteRank{Found: true, Rank: 9, At: now}}},
		health: map[string]outside.Health{
			"location": {State: programme.SourceOK, Good: now - 1}, "release": {State: programme.SourceDown, Good: 3, Detail: "403"},
		},
	}
	k := rounds.Known{
		Network: "polkadot", Outside: db, MaxLocation: 100, MaxRelease: 100, MaxRemote: 100,
		Presence: func(context.Context, programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
			return programme.Source{State: programme.SourceOK, At: now, Blind: []programme.Interval{{From: 1, To: 2}}},
				map[int]*programme.Presence{1: {FirstSeen: 4}, 8: {FirstSeen: 5}}, nil
		},
		Remote: func(s string) (string, error) {
			if s == "bad" {
				return "", errors.New("no address")
			}
			return "k1", nil
		},
	}
	got, err := k.Facts(t.Context(), now, list)
	if err != nil {
		t.Fatal(err)
	}
	want := &rounds.Facts{
		Schema: rounds.FactsSchema, Network: "polkadot", At: now, Release: &programme.Release{Name: "v1.2.3", PublishedAt: 7},
		Sources: map[programme.SourceName]rounds.SourceFacts{
			"telemetry": {State: "ok", At: now, Blind: []programme.Interval{{From: 1, To: 2}}}, "location": {State: "ok", At: now - 1},
			"release": {State: "down", At: 3, Detail: "403"},
		},
		Candidates: []rounds.CandidateFacts{
			{Slot: 1, Facts: programme.Facts{
				Presence: &programme.Presence{FirstSeen: 4}, Location: &programme.Location{City: "Lisbon", Country: "PT", ASN: 5, At: now - 10},
				Remote: &programme.RemoteRank{Found: true, Rank: 9, At: now},
			}},
			{Slot: 2}, {Slot: 3},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// A release that was not confirmed for too long is no longer demanded.
	db.release.At = now - 101
	if got, err = k.Facts(t.Context(), now, list); err != nil || got.Release != nil {
		t.Errorf("%+v %v", got.Release, err)
	}
	db.err = errors.New("the database is busy")
	if _, err := k.Facts(t.Context(), now, list); !errors.Is(err, db.err) {
		t.Error(err)
	}
}
