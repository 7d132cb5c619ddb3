package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/internal/store"
)

// Addresses of nodes, and texts by which they would be recognised in any form.
var (
	homes  = []string{"45.10.77.61", "2a00:1450:4001:7761::8", "45.10.77.63"}
	traces = []string{"45.10.77", "2a00:1450", "4001:7761", "2d0a4d", "LQpN", "2a00145040017761"}
)

// What nodes report from is looked up, and is in no log at the usual levels, no file and no answer of ours: what is not in
// the database no API can serve.
func TestAddressesAreNowhere(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	clock := fetchtest.NewClock()
	clock.Auto(func(d time.Duration) bool { return d < 10*time.Second }) // pauses, not time-outs
	services, err := simsources.Start(func() int64 { return clock.Now().UnixMilli() }, "polkadot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(services.Close)
	services.SetPlace(homes[0], simsources.Place{City: "Oslo", Region: "Oslo", Country: "NO", ASN: 64500, Provider: "Nordic Hosting AS"})
	feed, err := simfeed.Start(simfeed.Config{Label: "Polkadot", Genesis: [32]byte{7}, Now: func() int64 { return time.Now().UnixMilli() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(feed.Close)
	var candidates []presence.Candidate
	for i, a := range homes {
		name := fmt.Sprint("node-", i)
		feed.Join(simfeed.Node{Name: name, NetworkID: name, IP: a, City: "Oslo"})
		candidates = append(candidates, presence.Candidate{Slot: i + 1, Name: name})
	}
	var logged lockedBuffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelInfo}))
	cfg := loadConfig(t, fmt.Sprintf(`{"global": {"network": "polkadot", "candidatesUrl": "x"}, "telemetry": {"ipinfoToken": "token=x"},
		"location": {"ipinfoUrl": %q}, "prices": {"source": "off"}, "constraints": {"clientUpgrade": {"skip": true}, "kusamaRank": {"url": %q}}}`,
		services.Location(), services.Remote()))
	var outcomes []string
	s, err := OpenSources(t.Context(), cfg, SourcesOptions{Store: db, Clock: clock, KeyDir: dir,
		Observe: func(source string, outcome fetch.Kind, _ time.Duration) {
			outcomes = append(outcomes, source+" "+string(outcome))
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	transport := &http.Transport{}
	seen := make(chan []presence.Sighting, 100)
	w := presence.NewWatcher(presence.Options{
		Feeds: []string{feed.URL()}, Chains: []string{fmt.Sprintf("0x07%062x", 0)}, Grace: 5 * programme.Minute, Memory: db, Flush: 5 * time.Millisecond,
		HTTP: &http.Client{Transport: transport}, Logger: log, Sighted: func(s []presence.Sighting) { seen <- s },
	})
	w.SetCandidates(candidates)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var nodes []location.Node
	for len(nodes) < len(homes) {
		for _, x := range <-seen {
			nodes = append(nodes, location.Node{Slot: x.Slot, Stash: programme.Address(fmt.Sprint("stash ", x.Slot)), Name: x.Name, Addr: x.IP, City: x.Location.City})
		}
	}
	for i, n := range nodes {
		if n.Addr != netip.MustParseAddr(homes[i]) {
			t.Fatalf("sighted %v", nodes)
		}
	}
	if err := s.Location.Refresh(t.Context(), nodes); err != nil {
		log.Warn("not all nodes were located", "err", err)
	}
	services.Close() // from now on every look-up fails
	clock.Advance(72 * time.Hour)
	err = s.Location.Refresh(t.Context(), nodes)
	if err == nil {
		t.Error("looked up without a service")
	}
	log.Warn("not all nodes were located", "err", err)
	health, err := json.Marshal(w.Health())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
	healths, err := db.SourceHealths(t.Context(), cfg.Network.Label)
	if err != nil {
		t.Fatal(err)
	}
	history, err := db.LocationHistory(t.Context(), cfg.Network.Label, 1, 10)
	if err != nil || len(history) == 0 {
		t.Fatalf("%v, %v", history, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	places := map[string][]byte{
		"log": logged.Bytes(), "health": health, "outcomes": []byte(strings.Join(outcomes, " ")),
		"health of sources": fmt.Appendf(nil, "%+v", healths), "locations": fmt.Appendf(nil, "%+v", history),
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		places["file "+f.Name()] = b
	}
	if len(places["file otv.db"]) == 0 || !bytes.Contains(places["file otv.db"], []byte("Nordic Hosting AS")) || !bytes.Contains(places["file otv.db"], []byte("node-2")) {
		t.Fatalf("the database was not looked at: %d files", len(files))
	}
	for _, where := range []string{"log", "health", "health of sources", "locations"} {
		if len(places[where]) == 0 {
			t.Errorf("there is no %s to look at", where)
		}
	}
	for where, b := range places {
		for _, trace := range traces {
			if bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(trace))) {
				t.Errorf("%s holds %s", where, trace)
			}
		}
		for _, a := range homes {
			if bytes.Contains(b, netip.MustParseAddr(a).AsSlice()) {
				t.Errorf("%s holds the bytes of %s", where, a)
			}
		}
	}
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}
