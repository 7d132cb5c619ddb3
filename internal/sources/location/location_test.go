package location

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
)

// scripted is a source that says what the test wants.
type scripted struct {
	local  bool
	places map[netip.Addr]outside.Place
	err    error
	asked  []netip.Addr
}

func (s *scripted) Name() string { return "scripted" }
func (s *scripted) Local() bool  { return s.local }
func (s *scripted) Locate(_ context.Context, a netip.Addr) (outside.Place, error) {
	s.asked = append(s.asked, a)
	if s.err != nil {
		return outside.Place{}, s.err
	}
	p, ok := s.places[a]
	if !ok {
		return outside.Place{}, ErrNotFound
	}
	return p, nil
}

var (
	oslo   = outside.Place{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Nordic Hosting AS", ASN: 64500}
	lisbon = outside.Place{City: "Lisbon", Region: "Lisboa", Country: "PT", Provider: "Acme", ASN: 64501}
	addr1  = netip.MustParseAddr("8.8.4.4")
	addr2  = netip.MustParseAddr("2a00:1450:4001::8")
)

func locator(clock *fetchtest.Clock, m *fetchtest.Memory, s ...Source) *Locator {
	return New(Options{
		Network: "n", Sources: s, FeedCity: true, Key: Key{1}, Lifetime: 48 * time.Hour, Fresh: time.Hour, MaxAge: 30 * 24 * time.Hour,
		Store: m, Now: clock.Now,
	})
}

func node(slot int, a netip.Addr) Node {
	return Node{Slot: slot, Name: fmt.Sprintf("node-%d", slot), Stash: programme.Address(fmt.Sprintf("stash-%d", slot)), Addr: a}
}

func refresh(t *testing.T, l *Locator, nodes ...Node) {
	t.Helper()
	if err := l.Refresh(t.Context(), nodes); err != nil {
		t.Fatal(err)
	}
}

func TestAnswersAreRemembered(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{places: map[netip.Addr]outside.Place{addr1: oslo}}
	l := locator(clock, m, s)
	refresh(t, l, node(1, addr1), node(2, addr2))
	want := outside.Located{
		Network: "n", Slot: 1, Stash: "stash-1", Name: "node-1", Place: oslo, Source: "scripted", Confidence: outside.Medium,
		Since: sources.Millis(clock.Now()), At: sources.Millis(clock.Now()),
	}
	if d := cmp.Diff(map[int]outside.Located{1: want}, m.Places); d != "" {
		t.Error(d)
	}
	clock.Advance(24*time.Hour - 1)
	refresh(t, l, node(1, addr1), node(2, addr2))
	if len(s.asked) != 2 {
		t.Errorf("asked %d times", len(s.asked))
	}
	clock.Advance(1) // what was not found is tried again after a day, what was found after two
	refresh(t, l, node(1, addr1), node(2, addr2))
	if !slices.Equal(s.asked[2:], []netip.Addr{addr2}) {
		t.Errorf("asked for %v", s.asked[2:])
	}
	clock.Advance(24 * time.Hour)
	refresh(t, l, node(1, addr1))
	if got := m.Places[1]; len(s.asked) != 4 || got.Since != want.Since || got.At != sources.Millis(clock.Now()) {
		t.Errorf("asked %d times, %+v", len(s.asked), got)
	}
}

func TestUnusedLookupsAreForgotten(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	l := locator(clock, m, &scripted{places: map[netip.Addr]outside.Place{addr1: oslo, addr2: lisbon}})
	refresh(t, l, node(1, addr1))
	clock.Advance(32*24*time.Hour + time.Millisecond) // two days of life and thirty of rest
	refresh(t, l, node(1, addr2))
	if _, ok := m.Lookups[[2]string{"scripted", l.o.Key.Name(addr1)}]; ok || len(m.Lookups) != 1 {
		t.Errorf("remembered: %v", m.Lookups)
	}
}

// Nothing that is stored, said or kept names an address.
func TestAddressesAreNotKept(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{places: map[netip.Addr]outside.Place{addr1: oslo, addr2: lisbon}}
	l := locator(clock, m, s)
	refresh(t, l, node(1, addr1), node(2, addr2))
	s.err = errors.New("broken")
	clock.Advance(72 * time.Hour)
	err := l.Refresh(t.Context(), []Node{node(1, addr1), node(2, addr2)})
	text := fmt.Sprintf("%+v %v", m, err)
	for _, a := range []string{addr1.String(), addr2.String(), "8.8.4", "2a00:1450", fmt.Sprintf("%x", addr1.AsSlice())} {
		if strings.Contains(text, a) {
			t.Errorf("%s is in %s", a, text)
		}
	}
	if (Key{1}).Name(addr1) == (Key{2}).Name(addr1) || len((Key{1}).Name(addr1)) != 32 {
		t.Error("the name of an address does not depend on the key")
	}
	if (Key{1}).Name(netip.MustParseAddr("::ffff:8.8.4.4")) != (Key{1}).Name(addr1) {
		t.Error("the same address in another form has another name")
	}
	if (Key{1}).Name(netip.MustParseAddr("2a00:1450:4001::9")) != (Key{1}).Name(addr2) || (Key{1}).Name(netip.MustParseAddr("2a00:1450:4001:1::8")) == (Key{1}).Name(addr2) {
		t.Error("IPv6 addresses are not named by their network")
	}
}

func TestFailuresKeepTheLastGoodLocation(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{places: map[netip.Addr]outside.Place{addr1: oslo}}
	l := locator(clock, m, s)
	refresh(t, l, node(1, addr1))
	good := m.Places[1]
	s.err = &fetch.Error{What: "locations", Host: "h", Kind: fetch.Unreachable, Err: errors.New("no connection")}
	feed := node(1, addr1)
	feed.City = "Bergen"
	// Two days later the service fails: 1 min, 2 min, 4 min ... until it is tried again.
	clock.Advance(48 * time.Hour)
	for i, wait := range []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute} {
		clock.Advance(wait - min(wait, 1))
		if i > 0 {
			_ = l.Refresh(t.Context(), []Node{feed}) // too early
		}
		clock.Advance(min(wait, 1))
		if err := l.Refresh(t.Context(), []Node{feed}); err == nil || !strings.Contains(err.Error(), "1 of 1 nodes could not be looked up") {
			t.Errorf("error %v", err)
		}
		if len(s.asked) != 2+i {
			t.Errorf("step %d: asked %d times", i, len(s.asked))
		}
	}
	if d := cmp.Diff(good, m.Places[1]); d != "" {
		t.Errorf("the last good location changed: %s", d)
	}
	if h := m.Healths["n location"]; h.State != programme.SourceDown || h.Good != good.At || h.Failures != 7 {
		t.Errorf("health %+v", h)
	}
	if a, err := l.Where(t.Context(), 1); err != nil || !a.Known || a.Age < 48*programme.Hour {
		t.Errorf("%+v, %v", a, err)
	}
	clock.Advance(30 * 24 * time.Hour)
	if a, err := l.Where(t.Context(), 1); err != nil || a.Known {
		t.Errorf("after a month: %+v, %v", a, err)
	}
	s.err = nil
	refresh(t, l, feed)
	if got := m.Places[1]; got.At != sources.Millis(clock.Now()) || got.Since != good.Since {
		t.Errorf("%+v", got)
	}
}

// A source that is not to be asked now says nothing about an address.
func TestTroubleOfTheSourceIsNotHeldAgainstAnAddress(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{err: &fetch.Error{Kind: fetch.Open, Retry: clock.Now().Add(time.Minute), Err: errors.New("open")}}
	l := locator(clock, m, s)
	if err := l.Refresh(t.Context(), []Node{node(1, addr1)}); err == nil {
		t.Fatal("no error")
	}
	if len(m.Lookups) != 0 {
		t.Errorf("remembered %+v", m.Lookups)
	}
}

func TestMovesBecomeHistory(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{local: true, places: map[netip.Addr]outside.Place{addr1: oslo, addr2: lisbon}}
	l := locator(clock, m, s)
	refresh(t, l, node(1, addr1))
	clock.Advance(time.Hour - time.Millisecond)
	refresh(t, l, node(1, addr1))
	if m.Confirmed != 1 || len(m.Lookups) != 0 || len(m.Spent) != 0 {
		t.Errorf("%d writes within an hour, %d look-ups remembered, %v spent on a local source", m.Confirmed, len(m.Lookups), m.Spent)
	}
	clock.Advance(time.Hour)
	refresh(t, l, node(1, addr2))
	if got := m.Places[1]; len(m.Past) != 1 || !m.Past[0].Place.Same(oslo) || !got.Place.Same(lisbon) || got.Since != got.At {
		t.Errorf("past %+v, now %+v", m.Past, got)
	}
	clock.Advance(time.Hour)
	other := node(1, addr2)
	other.Stash = "another"
	refresh(t, l, other)
	if got := m.Places[1]; got.Stash != "another" || got.Since != got.At {
		t.Errorf("the slot's new stash inherits: %+v", got)
	}
}

func TestQuota(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{places: map[netip.Addr]outside.Place{addr1: oslo, addr2: lisbon}}
	l := locator(clock, m, s)
	l.o.Monthly = 1
	refresh(t, l, node(1, addr1), node(2, addr2)) // half of them is not yet a failure of the source
	if h := m.Healths["n location"]; len(s.asked) != 1 || !strings.Contains(h.Detail, "requests of this month are used up") {
		t.Errorf("asked %v, health %+v", s.asked, h)
	}
	clock.Advance(11 * 24 * time.Hour) // December; the one that was never located comes first
	_ = l.Refresh(t.Context(), []Node{node(1, addr1), node(2, addr2)})
	if !slices.Equal(s.asked[1:], []netip.Addr{addr2}) {
		t.Errorf("asked for %v", s.asked[1:])
	}
	if _, ok := m.Places[2]; !ok {
		t.Error("slot 2 was not located")
	}
}

func TestNotPublicIsNeverAsked(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{}
	l := locator(clock, m, s)
	for _, text := range []string{
		"10.1.2.3", "192.168.0.1", "172.16.9.9", "127.0.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
		"192.0.2.1", "198.51.100.1", "203.0.113.7", "198.18.0.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1",
		"2001:db8::1", "3fff::1", "64:ff9b::1", "2002:a01:203::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "4000::1",
	} {
		if a := netip.MustParseAddr(text); Public(a) {
			t.Errorf("%s counts as public", text)
		} else {
			refresh(t, l, node(1, a))
		}
	}
	refresh(t, l, Node{Slot: 1})
	if len(s.asked) != 0 {
		t.Errorf("asked for %v", s.asked)
	}
	for _, a := range []netip.Addr{addr1, addr2, netip.MustParseAddr("::ffff:8.8.4.4")} {
		if !Public(a) {
			t.Errorf("%s does not count as public", a)
		}
	}
}

func TestSourcesFillEachOther(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	city := &scripted{local: true, places: map[netip.Addr]outside.Place{addr1: {City: "Oslo", Country: "NO"}}}
	all := &scripted{places: map[netip.Addr]outside.Place{addr1: {City: "Bergen", Region: "Vestland", Country: "NO", Provider: "P", ASN: 5}}}
	l := locator(clock, m, city, all)
	refresh(t, l, node(1, addr1))
	want := outside.Place{City: "Oslo", Region: "Vestland", Country: "NO", Provider: "P", ASN: 5}
	if got := m.Places[1]; !got.Place.Same(want) || got.Source != "scripted+scripted" {
		t.Errorf("%+v", got)
	}
	feed := node(2, netip.Addr{})
	feed.City = "Tromsø"
	refresh(t, l, feed)
	if got := m.Places[2]; got.Place.City != "Tromsø" || got.Confidence != outside.Low || got.Source != "telemetry" {
		t.Errorf("%+v", got)
	}
	l.o.FeedCity = false
	feed.Slot = 3
	refresh(t, l, feed)
	if _, ok := m.Places[3]; ok {
		t.Error("the feed's city was taken although it is not wanted")
	}
}

func TestStoreFailuresEndARefresh(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	m.Err = errors.New("no database")
	if err := locator(clock, m, &scripted{}).Refresh(t.Context(), []Node{node(1, addr1)}); !errors.Is(err, m.Err) {
		t.Errorf("error %v", err)
	}
}

func TestTroubles(t *testing.T) {
	fetchtest.RunTroubles(t, 20*time.Second, func(t *testing.T, c *fetchtest.Case) {
		m := fetchtest.NewMemory()
		s := &IPInfo{Client: fetch.New(fetch.Options{What: "locations", Clock: c.Clock, Rate: 1000, Burst: 1000, MaxBytes: MaxAnswer, Secret: Secret("t0ken")}), Base: c.URL, Plan: PlanLegacy}
		l := locator(c.Clock, m, s)
		before := outside.Located{Network: "n", Slot: 1, Stash: "stash-1", Place: oslo, Source: "ipinfo", Confidence: outside.Medium, Since: 1, At: sources.Millis(fetchtest.Start) - 1000}
		m.Places[1] = before
		var nodes []Node
		for i := range 50 {
			nodes = append(nodes, node(i, netip.AddrFrom4([4]byte{8, 8, byte(i), 1})))
		}
		err := l.Refresh(t.Context(), nodes)
		if err == nil || !slices.Contains(append(c.Want, fetch.Open), fetch.KindOf(err)) {
			t.Fatalf("error is %v, want %v", err, c.Want)
		}
		if strings.Contains(err.Error(), "8.8.") || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("the error tells too much: %v", err)
		}
		if n := c.Requests(); n > 40 {
			t.Errorf("%d requests before it gave up", n)
		}
		if d := cmp.Diff(map[int]outside.Located{1: before}, m.Places); d != "" {
			t.Errorf("locations: %s", d)
		}
		if h := m.Healths["n location"]; h.State != programme.SourceDown || h.Failures != 1 || !strings.Contains(h.Detail, "50 of 50 nodes could not be looked up") {
			t.Errorf("health %+v", h)
		}
	})
}

func TestLoadKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a, err := LoadKey(dir)
	if err != nil || a == (Key{}) {
		t.Fatal(a, err)
	}
	b, err := LoadKey(dir)
	if err != nil || a != b {
		t.Errorf("another key the second time: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error %v", err)
	}
	c, err := LoadKey("")
	d, err2 := LoadKey("")
	if err != nil || err2 != nil || c == d {
		t.Error("keys without a folder are not random")
	}
}

// checkPlace demands names that can be kept.
func checkPlace(t *testing.T, p outside.Place) {
	t.Helper()
	for _, s := range []string{p.City, p.Region, p.Provider} {
		if name(s) != s {
			t.Fatalf("the name %q", s)
		}
	}
	if country(p.Country) != p.Country {
		t.Fatalf("the country %q", p.Country)
	}
}
