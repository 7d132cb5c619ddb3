package rounds

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// told is what a store of the test holds.
type told struct {
	locations []outside.Located
	release   *outside.Release
	remotes   []outside.Remote
	healths   []outside.Health
	err       error
}

func (s *told) Locations(context.Context, string) ([]outside.Located, error) {
	return s.locations, s.err
}
func (s *told) Release(context.Context, string) (outside.Release, bool, error) {
	if s.release == nil {
		return outside.Release{}, false, s.err
	}
	return *s.release, true, s.err
}
func (s *told) Remotes(context.Context, string) ([]outside.Remote, error) { return s.remotes, s.err }
func (s *told) SourceHealths(context.Context, string) ([]outside.Health, error) {
	return s.healths, s.err
}

func account(n byte, prefix uint16) string { return ss58.EncodeAccount(prefix, [32]byte{n}) }

func wanted(now programme.Millis) Outside {
	return Outside{
		Network: "polkadot", Now: now, LocationAge: 30 * programme.Day, ReleaseAge: 7 * programme.Day, RemoteAge: programme.Day,
		Candidates: []programme.Candidate{
			{Slot: 1, Stash: "a", KusamaStash: account(1, 2)}, {Slot: 2, Stash: "b", KusamaStash: account(2, 0)},
			{Slot: 3, Stash: "c", KusamaStash: "none"}, {Slot: 4, Stash: "d"},
		},
	}
}

const now = 1_000 * programme.Day

func TestOutsidePart(t *testing.T) {
	s := &told{
		locations: []outside.Located{
			{Slot: 1, Stash: "a", Place: outside.Place{City: "Oslo", Country: "NO", Provider: "P", ASN: 5}, At: now - 30*programme.Day},
			{Slot: 2, Stash: "b", Place: outside.Place{City: "Oslo"}, At: now - 30*programme.Day - 1}, // too old
			{Slot: 3, Stash: "other", Place: outside.Place{City: "Oslo"}, At: now},                    // of the stash before
		},
		release: &outside.Release{Name: "v1.2.3", Published: now - 9*programme.Day, FirstSeen: now - 8*programme.Day, At: now - 7*programme.Day},
		remotes: []outside.Remote{
			{Stash: account(1, 2), Answer: programme.RemoteRank{Found: true, Rank: 1, At: now - programme.Day - 1}}, // too old
			{Stash: account(2, 2), Answer: programme.RemoteRank{Found: true, Rank: 2, At: now - programme.Day}},
		},
		healths: []outside.Health{
			{Name: "location", State: programme.SourceDown, Detail: "no answer", Good: 5, Tried: now},
			{Name: "release", State: programme.SourceOK, Detail: "a remark", Good: now - idle, Tried: now - idle},
			{Name: "prices", State: programme.SourceDown},
		},
	}
	p, err := wanted(now).Part(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	want := Part{
		Sources: []programme.Source{
			{Name: "location", State: "down", At: 5, Detail: "no answer"},
			{Name: "release", State: "ok", At: now - idle},
			{Name: "remote-rank", State: "absent", Detail: "it was not asked yet"},
		},
		Release: &programme.Release{Name: "v1.2.3", PublishedAt: now - 8*programme.Day},
		Candidates: map[int]programme.Facts{
			1: {Location: &programme.Location{City: "Oslo", Country: "NO", Provider: "P", ASN: 5, At: now - 30*programme.Day}},
			2: {Remote: &programme.RemoteRank{Found: true, Rank: 2, At: now - programme.Day}},
		},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
	o := wanted(now + 1)
	o.Set = map[programme.SourceName]programme.Source{programme.SourceLocation: {State: programme.SourceOff, Detail: "location.sources is empty"}}
	p, err = o.Part(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if p.Release != nil || p.Sources[0].State != programme.SourceOff || p.Sources[0].Name != "location" {
		t.Errorf("a moment later: %+v", p)
	}
	if got := p.Sources[1]; got.State != programme.SourceDown || !strings.Contains(got.Detail, "nobody has asked it since") {
		t.Errorf("a source that nobody asks: %+v", got)
	}
	s.err = errors.New("no database")
	if _, err := o.Part(t.Context(), s); !errors.Is(err, s.err) {
		t.Errorf("error %v", err)
	}
}

func TestMerge(t *testing.T) {
	presence := Part{
		Sources:    []programme.Source{{Name: "telemetry", State: "ok", At: 9, Blind: []programme.Interval{{From: 1, To: 2}}}},
		Candidates: map[int]programme.Facts{2: {Presence: &programme.Presence{FirstSeen: 1, LastSeen: 2}}, 1: {Presence: &programme.Presence{FirstSeen: 1, LastSeen: 3}}},
	}
	sources := Part{
		Sources: []programme.Source{{Name: "location", State: "down", Detail: "x"}}, Release: &programme.Release{Name: "v1.0.0"},
		Candidates: map[int]programme.Facts{2: {Location: &programme.Location{City: "Oslo"}}},
	}
	f, err := Merge("polkadot", 10, presence, sources)
	if err != nil {
		t.Fatal(err)
	}
	want := &Facts{
		Schema: FactsSchema, Network: "polkadot", At: 10, Release: sources.Release,
		Sources: map[programme.SourceName]SourceFacts{
			"telemetry": {State: "ok", At: 9, Blind: []programme.Interval{{From: 1, To: 2}}}, "location": {State: "down", Detail: "x"},
		},
		Candidates: []CandidateFacts{
			{1, programme.Facts{Presence: &programme.Presence{FirstSeen: 1, LastSeen: 3}}},
			{2, programme.Facts{Presence: &programme.Presence{FirstSeen: 1, LastSeen: 2}, Location: &programme.Location{City: "Oslo"}}},
		},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Error(d)
	}
	for text, part := range map[string]Part{
		"the source location is supplied twice": {Sources: []programme.Source{{Name: "location", State: "ok"}}},
		"the release is supplied twice":         {Release: &programme.Release{}},
		"the location of slot 2":                {Candidates: map[int]programme.Facts{2: {Location: &programme.Location{}}}},
		"no such source":                        {Sources: []programme.Source{{Name: "weather", State: "ok"}}},
	} {
		if _, err := Merge("polkadot", 10, presence, sources, part); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}
