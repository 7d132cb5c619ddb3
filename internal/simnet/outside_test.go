package simnet_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/internal/sources/prices"
	"github.com/thousand-validators/otv/internal/sources/release"
	"github.com/thousand-validators/otv/internal/sources/remote"
)

// TestSourceClients: the programme's own clients read the outside services.
func TestSourceClients(t *testing.T) {
	n := start(t, simnet.Options{Seed: 6, Candidates: 12})
	e, c := n.Endpoints(), n.Candidates()[0]
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := fetch.New(fetch.Options{What: "simulated answers", Clock: fetchtest.NewClock(), Transport: transport, Rate: 1000, Burst: 1000})
	memory := fetchtest.NewMemory()

	for _, plan := range []location.Plan{location.PlanLegacy, location.PlanLite, location.PlanCore} {
		p, err := (&location.IPInfo{Client: client, Base: e.Location, Plan: plan}).Locate(t.Context(), netip.MustParseAddr(c.IP))
		if err != nil || p.Country != c.Place.Country || p.Provider != c.Place.Provider || p.ASN != c.Place.ASN {
			t.Errorf("%s: %+v, %v", plan, p, err)
		}
	}
	if !location.Public(netip.MustParseAddr(c.IP)) {
		t.Errorf("the address %s is none that would be looked up", c.IP)
	}

	pattern, err := release.NewPattern(`polkadot-v(?P<version>\d+\.\d+\.\d+)`, "")
	if err != nil {
		t.Fatal(err)
	}
	releases := release.New(release.Options{
		Network: "simnet", Client: client, URL: e.GitHub, Repository: "paritytech/polkadot-sdk", Pattern: pattern, Fresh: time.Hour, MaxAge: 1000 * time.Hour,
		Store: memory, Now: n.Now,
	})
	known := func() string {
		if err := releases.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, _, _ := memory.Release(t.Context(), "simnet")
		return r.Tag
	}
	if tag := known(); tag != "polkadot-v1.18.0" {
		t.Errorf("the newest release is %q", tag)
	}
	steps(t, n, 40)
	if tag := known(); tag != "polkadot-v1.19.0" {
		t.Errorf("later the newest release is %q", tag)
	}

	price := prices.New(prices.Options{
		Network: "simnet", Client: client, URL: e.Prices, Asset: e.Asset, Currencies: []string{"usd"}, Fresh: time.Hour, MaxAge: time.Hour, Store: memory, Now: n.Now,
		DaysPerRun: 5, History: 1000 * time.Hour,
	})
	if err := price.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	yesterday := n.Now().Add(-24 * time.Hour).UTC().Format(time.DateOnly)
	if _, err := price.Backfill(t.Context(), []string{yesterday}); err != nil {
		t.Error(err)
	}
	if list, err := memory.Prices(t.Context(), e.Asset, []string{"", yesterday}); err != nil || len(list) != 2 {
		t.Errorf("prices %v, %v", list, err)
	}

	other := remote.New(remote.Options{
		Network: "simnet", Client: client, URL: e.OtherNetwork, Prefix: 42, Lives: time.Hour, Fresh: time.Hour, MaxAge: time.Hour, Store: memory, Now: n.Now,
	})
	if err := other.Refresh(t.Context(), []string{c.Address()}); err != nil {
		t.Error(err)
	}
	if list, err := memory.Remotes(t.Context(), "simnet"); err != nil || len(list) != 1 || list[0].Answer.Rank == 0 {
		t.Errorf("ranks %+v, %v", list, err)
	}
}

// watcher counts what a feed shows.
type watcher struct {
	added, removed map[string]int
	names          map[uint64]string
	complete       chan struct{}
	changed        chan string
}

func (w *watcher) Opened(programme.Millis)         {}
func (w *watcher) Emptied(programme.Millis)        {}
func (w *watcher) Lost(programme.Millis, error)    {}
func (w *watcher) Complete(programme.Millis) error { close(w.complete); return nil }
func (w *watcher) Message(_ programme.Millis, m *feed.Message) error {
	switch m.Action {
	case feed.AddedNode:
		w.names[m.ID] = m.Node.Name
		w.added[m.Node.Name]++
	case feed.RemovedNode:
		w.removed[w.names[m.ID]]++
		w.changed <- w.names[m.ID]
	}
	return m.Malformed
}

// TestFeedClient: the programme's own client follows the feed and sees a node leave.
func TestFeedClient(t *testing.T) {
	n := start(t, simnet.Options{Seed: 6, Candidates: 12})
	e := n.Endpoints()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := &watcher{added: map[string]int{}, removed: map[string]int{}, names: map[uint64]string{}, complete: make(chan struct{}), changed: make(chan string, 100)}
	c := feed.Client{URL: e.Telemetry, Genesis: e.TelemetryChain, Timing: feed.DefaultTiming(), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	following, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); c.Follow(following, w) }()
	wait := func(what string, ready <-chan struct{}) {
		select {
		case <-ready:
		case <-ctx.Done():
			t.Fatalf("%s: nothing came", what)
		}
	}
	wait("snapshot", w.complete)
	id, ok := n.Feed.Find("sim-007")
	if !ok {
		t.Fatal("sim-007 is not there")
	}
	n.Feed.Leave(id)
	n.Feed.Flush()
	select {
	case name := <-w.changed:
		if name != "sim-007" {
			t.Errorf("%s has left", name)
		}
	case <-ctx.Done():
		t.Error("nobody has left")
	}
	stop()
	<-done
	if len(w.added) != 16 {
		t.Errorf("%d nodes: %v", len(w.added), w.added)
	}
}
