package app

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/ss58"
)

func loadConfig(t testing.TB, main string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.MainFile), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(dir, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// All sources as a configuration sets them up, from the services through the database into the facts of a round.
func TestSourcesFromServicesToARound(t *testing.T) {
	clock := fetchtest.NewClock()
	clock.Auto(func(d time.Duration) bool { return d < 10*time.Second }) // pauses, not time-outs
	services, err := simsources.Start(func() int64 { return clock.Now().UnixMilli() }, "polkadot")
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	there := func(prefix uint16) string { return ss58.EncodeAccount(prefix, [32]byte{7}) }
	services.AddRelease(simsources.Release{Tag: "polkadot-v1.15.2", Published: 1_700_000_000_000})
	services.SetPlace("45.10.0.1", simsources.Place{City: "Oslo", Region: "Oslo", Country: "NO", ASN: 64500, Provider: "Nordic Hosting AS"})
	services.SetRank(there(2), simsources.Rank{Rank: 120, Valid: true})
	cfg := loadConfig(t, fmt.Sprintf(`{"global": {"network": "polkadot", "candidatesUrl": "x"}, "telemetry": {"ipinfoToken": "token=x"},
		"location": {"ipinfoUrl": %q}, "prices": {"url": %q, "currencies": ["usd"]},
		"constraints": {"clientUpgrade": {"releasesUrl": %q}, "kusamaRank": {"url": %q}}}`,
		services.Location(), services.Prices(), services.GitHub(), services.Remote()))
	db := openStore(t)
	outcomes := map[string]int{}
	s, err := OpenSources(t.Context(), cfg, SourcesOptions{Store: db, Clock: clock, KeyDir: t.TempDir(),
		Observe: func(source string, outcome fetch.Kind, _ time.Duration) { outcomes[source+" "+string(outcome)]++ }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := []programme.Candidate{{Slot: 1, Name: "node", Stash: "stash", KusamaStash: there(0)}, {Slot: 2, Name: "other", Stash: "else"}}
	for name, refresh := range map[string]func() error{
		"location": func() error {
			return s.Location.Refresh(t.Context(), []location.Node{{Slot: 1, Name: "node", Stash: "stash", Addr: netip.MustParseAddr("45.10.0.1")}, {Slot: 2, Name: "other", Stash: "else", City: "Lima"}})
		},
		"release": func() error { return s.Release.Refresh(t.Context()) },
		"remote":  func() error { return s.Remote.Refresh(t.Context(), []string{list[0].KusamaStash}) },
		"prices":  func() error { return s.Prices.Refresh(t.Context()) },
		"days":    func() error { _, err := s.Prices.Backfill(t.Context(), []string{"2025-11-01"}); return err },
	} {
		if err := refresh(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if want := map[string]int{"location ok": 1, "github ok": 1, "remote ok": 1, "prices ok": 2}; !cmp.Equal(outcomes, want) {
		t.Errorf("requests: %v, want %v", outcomes, want)
	}
	price, err := s.Prices.Price(t.Context(), "2025-11-01", "usd")
	if err != nil || price.Value.String() != "5" {
		t.Errorf("price %+v, %v", price, err)
	}
	rules, err := cfg.Rules("")
	if err != nil {
		t.Fatal(err)
	}
	now := sources.Millis(clock.Now())
	part, err := OutsideFacts(cfg, rules.Limits, list, now).Part(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := rounds.Merge("polkadot", now, part)
	if err != nil {
		t.Fatal(err)
	}
	at := facts.Candidates[0].Location.At
	want := []rounds.CandidateFacts{
		{Slot: 1, Facts: programme.Facts{
			Location: &programme.Location{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Nordic Hosting AS", ASN: 64500, At: at},
			Remote:   &programme.RemoteRank{Found: true, Valid: true, Rank: 120, At: facts.Candidates[0].Remote.At},
		}},
		{Slot: 2, Facts: programme.Facts{Location: &programme.Location{City: "Lima", At: facts.Candidates[1].Location.At}}},
	}
	if d := cmp.Diff(want, facts.Candidates); d != "" {
		t.Error(d)
	}
	for name, f := range facts.Sources {
		if f.State != programme.SourceOK || f.At == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if facts.Release == nil || facts.Release.Name != "v1.15.2" {
		t.Errorf("release %+v", facts.Release)
	}
}

func TestSourcesThatAreOff(t *testing.T) {
	cfg := loadConfig(t, `{"global": {"network": "kusama", "candidatesUrl": "x"}, "location": {"sources": []}, "prices": {"source": "off"}, "constraints": {"clientUpgrade": {"skip": true}}}`)
	db := openStore(t)
	s, err := OpenSources(t.Context(), cfg, SourcesOptions{Store: db, Clock: fetchtest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	if s.Location != nil || s.Release != nil || s.Remote != nil || s.Prices != nil {
		t.Errorf("%+v", s)
	}
	healths, err := db.SourceHealths(t.Context(), cfg.Network.Label)
	if err != nil || len(healths) != 3 {
		t.Fatalf("%+v, %v", healths, err)
	}
	for _, h := range healths {
		if h.State != programme.SourceOff || h.Detail == "" {
			t.Errorf("%+v", h)
		}
	}
}
