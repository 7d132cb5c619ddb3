package app

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// troubled is a programme whose sources all ask one server, which misbehaves. What they told before is in the database.
type troubled struct {
	t       *testing.T
	world   *roundstest.World
	clock   *fetchtest.Clock
	store   SourceStore
	sources *Sources
	outside rounds.Outside
	facts   rounds.OutsideStore
}

// remoteStash is the stash of slot 1 on the other network.
var remoteStash = ss58.EncodeAccount(2, [32]byte{9})

func newTroubled(t *testing.T, c *fetchtest.Case) *troubled {
	t.Helper()
	cfg := loadConfig(t, fmt.Sprintf(`{"global": {"network": "polkadot", "candidatesUrl": "x"},
		"telemetry": {"ipinfoToken": "token=x", "blacklistedProviders": ["Banned Hosting"]},
		"location": {"ipinfoUrl": %q}, "prices": {"url": %q, "currencies": ["usd"]},
		"constraints": {"clientUpgrade": {"releasesUrl": %q}, "kusamaRank": {"url": %q}}}`, c.URL, c.URL, c.URL, c.URL))
	db := openStore(t)
	s, err := OpenSources(t.Context(), cfg, SourcesOptions{Store: db, Clock: c.Clock, KeyDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	x := &troubled{t: t, world: roundstest.NewWorld(3, 1), clock: c.Clock, store: db, sources: s, facts: db}
	x.world.State.Network.Name = "polkadot"
	x.world.List[0].KusamaStash = remoteStash
	x.outside = OutsideFacts(cfg, x.world.Rules().Limits, x.world.List, 0)
	// What was good two hours ago: a banned provider, an old client and a low rank there, all of slot 1.
	good := x.now() - 2*programme.Hour
	ctx := t.Context()
	for _, err := range []error{
		db.SaveLocation(ctx, outside.Located{
			Network: cfg.Network.Label, Slot: 1, Stash: x.world.List[0].Stash, Name: "node-0", Place: outside.Place{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Banned Hosting"},
			Source: "ipinfo", Confidence: outside.Medium, Since: good, At: good,
		}),
		db.SaveRelease(ctx, outside.Release{Network: cfg.Network.Label, Name: "v1.8.0", Tag: "polkadot-v1.8.0", Published: good - programme.Week, FirstSeen: good - programme.Week, At: good}),
		db.SaveRemote(ctx, outside.Remote{Network: cfg.Network.Label, Stash: remoteStash, Answer: programme.RemoteRank{Found: true, Valid: true, Rank: 3, At: good}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return x
}

func (x *troubled) now() programme.Millis { return sources.Millis(x.clock.Now()) }

// refresh asks all sources, which all fail.
func (x *troubled) refresh() {
	x.t.Helper()
	ctx := x.t.Context()
	for name, err := range map[string]error{
		"location": x.sources.Location.Refresh(ctx, []location.Node{{Slot: 1, Stash: x.world.List[0].Stash, Name: "node-0", Addr: netip.MustParseAddr("45.10.77.1")}}),
		"release":  x.sources.Release.Refresh(ctx),
		"remote":   x.sources.Remote.Refresh(ctx, []string{remoteStash}),
		"prices":   x.sources.Prices.Refresh(ctx),
	} {
		switch {
		case err == nil:
			x.t.Errorf("%s: nothing is wrong", name)
		case strings.Contains(err.Error(), "45.10.77"):
			x.t.Errorf("%s: an address is told: %v", name, err)
		}
	}
}

// judge decides a round after the given time, and gives the verdicts of slot 1.
func (x *troubled) judge(after time.Duration) map[programme.Code]programme.Verdict {
	x.t.Helper()
	x.world.Next(x.clock.Now().Add(after).Sub(x.world.Now()))
	o := x.outside
	o.Now = x.world.Millis()
	part, err := o.Part(x.t.Context(), x.facts)
	if err != nil {
		x.t.Fatal(err)
	}
	seen := rounds.Part{Sources: []programme.Source{{Name: programme.SourceTelemetry, State: programme.SourceOK, At: o.Now}}, Candidates: map[int]programme.Facts{
		1: {Presence: &programme.Presence{FirstSeen: 1, LastSeen: o.Now, Live: 1, Implementation: "Parity Polkadot", Version: "1.7.0"}},
	}}
	facts, err := rounds.Merge("polkadot", o.Now, part, seen)
	if err != nil {
		x.t.Fatal(err)
	}
	rules := x.world.Rules()
	rules.Limits.BannedProviders = []string{"Banned Hosting"}
	in, err := rounds.Gather(rounds.Material{Rules: rules, Snapshot: &x.world.State, Candidates: x.world.List, Nominators: x.world.Own, Facts: facts, Telemetry: true})
	if err != nil {
		x.t.Fatal(err)
	}
	d, err := decision.Evaluate(&in)
	if err != nil {
		x.t.Fatal(err)
	}
	out := map[programme.Code]programme.Verdict{}
	for _, c := range d.Candidates {
		if c.Slot == 1 {
			for _, v := range c.Verdicts {
				out[v.Code] = v
			}
		}
	}
	return out
}

// Whatever is wrong with a source: what it told last counts until it is too old, then the check is unknown, and the health
// says so in one sentence.
func TestVerdictsWhileSourcesHaveTrouble(t *testing.T) {
	fetchtest.RunTroubles(t, 20*time.Second, func(t *testing.T, c *fetchtest.Case) {
		x := newTroubled(t, c)
		x.refresh()
		healths, err := x.facts.SourceHealths(t.Context(), x.outside.Network)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, h := range healths {
			found[h.Name] = true
			if h.State != programme.SourceDown || h.Failures != 1 || h.Detail == "" || strings.Contains(h.Detail, "\n") || len(h.Detail) > 400 || strings.Contains(h.Detail, "45.10.77") {
				t.Errorf("health %+v", h)
			}
		}
		for _, name := range []string{"location", "release", "remote-rank", "prices"} {
			if !found[name] {
				t.Errorf("%s has no health: %v", name, found)
			}
		}
		want := func(when string, v map[programme.Code]programme.Verdict, states ...programme.State) {
			t.Helper()
			for i, code := range []programme.Code{programme.CodeProvider, programme.CodeClientUpgrade, programme.CodeKusamaRank} {
				if v[code].State != states[i] || v[code].State == programme.Unknown && v[code].Detail == "" {
					t.Errorf("%s: %s is %+v, want %s", when, code, v[code], states[i])
				}
			}
		}
		want("while the last values count", x.judge(0), programme.Fail, programme.Fail, programme.Fail)
		want("two days later", x.judge(48*time.Hour), programme.Fail, programme.Fail, programme.Unknown)
		want("eight days later", x.judge(8*24*time.Hour), programme.Fail, programme.Unknown, programme.Unknown)
		want("a month later", x.judge(31*24*time.Hour), programme.Unknown, programme.Unknown, programme.Unknown)
	})
}
