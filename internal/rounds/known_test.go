package rounds

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

func TestKnownJoinsWhatOthersKeep(t *testing.T) {
	list := []programme.Candidate{
		{Slot: 1, Stash: programme.Address(account(7, 2)), KusamaStash: account(1, 2)}, {Slot: 2, Stash: "b"}, {Slot: 3, Stash: "c"},
	}
	db := &told{
		locations: []outside.Located{
			// The same account in the form of another network.
			{Slot: 1, Stash: programme.Address(account(7, 42)), Place: outside.Place{City: "Lisbon", Country: "PT", ASN: 5}, At: now - 10},
			{Slot: 9, Stash: "z", Place: outside.Place{City: "Rome"}, At: now}, // not asked for
		},
		release: &outside.Release{Name: "v1.2.3", Published: 5, FirstSeen: 7, At: now},
		remotes: []outside.Remote{{Stash: account(1, 2), Answer: programme.RemoteRank{Found: true, Rank: 9, At: now}}},
		healths: []outside.Health{
			{Name: "location", State: programme.SourceOK, Good: now - 1, Tried: now - 1},
			{Name: "release", State: programme.SourceDown, Good: 3, Tried: now, Detail: "403"},
		},
	}
	blind := errors.New("the feed's memory is gone")
	var seeErr error
	k := Known{
		Outside: Outside{Network: "polkadot", LocationAge: 100, ReleaseAge: 100, RemoteAge: 100}, Store: db,
		Presence: func(_ context.Context, at programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
			return programme.Source{State: programme.SourceOK, At: at, Blind: []programme.Interval{{From: 1, To: 2}}},
				map[int]*programme.Presence{1: {FirstSeen: 4, LastSeen: 5}, 8: {FirstSeen: 5, LastSeen: 5}}, seeErr
		},
	}
	got, err := k.Facts(t.Context(), now, list)
	if err != nil {
		t.Fatal(err)
	}
	want := &Facts{
		Schema: FactsSchema, Network: "polkadot", At: now, Release: &programme.Release{Name: "v1.2.3", PublishedAt: 7},
		Sources: map[programme.SourceName]SourceFacts{
			"telemetry": {State: "ok", At: now, Blind: []programme.Interval{{From: 1, To: 2}}}, "location": {State: "ok", At: now - 1},
			"release": {State: "down", At: 3, Detail: "403"}, "remote-rank": {State: "absent", Detail: "it was not asked yet"},
		},
		Candidates: []CandidateFacts{
			{Slot: 1, Facts: programme.Facts{
				Presence: &programme.Presence{FirstSeen: 4, LastSeen: 5},
				Location: &programme.Location{City: "Lisbon", Country: "PT", ASN: 5, At: now - 10},
				Remote:   &programme.RemoteRank{Found: true, Rank: 9, At: now},
			}},
			// They were listed a moment ago.
			{Slot: 2, Facts: programme.Facts{Presence: &programme.Presence{Pending: true}}},
			{Slot: 3, Facts: programme.Facts{Presence: &programme.Presence{Pending: true}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	db.err = errors.New("the database is busy")
	if _, err := k.Facts(t.Context(), now, list); !errors.Is(err, db.err) {
		t.Error(err)
	}
	db.err, seeErr = nil, blind
	if _, err := k.Facts(t.Context(), now, list); !errors.Is(err, blind) {
		t.Error(err)
	}
	k.Presence = nil
	if got, err := k.Facts(t.Context(), now, list); err != nil || len(got.Sources) != 3 {
		t.Errorf("presence that is not watched: %v, %v", got, err)
	}
}
