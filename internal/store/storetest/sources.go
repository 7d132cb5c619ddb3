package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Sources is what keeps the answers of outside sources.
type Sources interface {
	SaveLocation(ctx context.Context, l outside.Located) error
	Locations(ctx context.Context, network string) ([]outside.Located, error)
	LocationHistory(ctx context.Context, network string, slot, limit int) ([]outside.Located, error)
	Lookup(ctx context.Context, source, key string) (l outside.Lookup, ok bool, err error)
	SaveLookup(ctx context.Context, l outside.Lookup) error
	ForgetLookups(ctx context.Context, before programme.Millis) (int64, error)
	SpendRequest(ctx context.Context, source, month string, limit int64) (bool, error)
	Release(ctx context.Context, network string) (r outside.Release, ok bool, err error)
	SaveRelease(ctx context.Context, r outside.Release) error
	Remotes(ctx context.Context, network string) ([]outside.Remote, error)
	SaveRemote(ctx context.Context, r outside.Remote) error
	Prices(ctx context.Context, asset string, days []string) ([]outside.Price, error)
	SavePrices(ctx context.Context, prices []outside.Price) error
	SourceHealth(ctx context.Context, network, name string) (h outside.Health, ok bool, err error)
	SourceHealths(ctx context.Context, network string) ([]outside.Health, error)
	SaveSourceHealth(ctx context.Context, h outside.Health) error
}

// RunSources runs the suite of what keeps the answers of outside sources. Open is as in [Run].
func RunSources(t *testing.T, open func(t *testing.T) (s, again Sources)) {
	for name, test := range map[string]func(*testing.T, Sources, Sources){
		"locations":         locations,
		"look-ups":          lookups,
		"requests":          requests,
		"the newest client": release,
		"remote ranks":      remotes,
		"prices":            prices,
		"health of sources": healths,
	} {
		t.Run(name, func(t *testing.T) {
			s, again := open(t)
			test(t, s, again)
		})
	}
}

func locations(t *testing.T, s, again Sources) {
	yes := true
	a := outside.Located{
		Network: "n", Slot: 2, Stash: "s", Name: "node", Source: "ipinfo", Confidence: outside.Medium, Since: 10, At: 10,
		Place: outside.Place{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "P", ASN: 1<<32 - 1, VPN: &yes},
	}
	b := outside.Located{Network: "n", Slot: 1, Stash: "t", Name: "other", Source: "telemetry", Confidence: outside.Low, Since: 11, At: 11, Place: outside.Place{City: "Łódź"}}
	elsewhere := b
	elsewhere.Network = "m"
	for _, l := range []outside.Located{a, b, elsewhere} {
		check(t, s.SaveLocation(t.Context(), l))
	}
	same(t, must[[]outside.Located](t)(again.Locations(t.Context(), "n")), []outside.Located{b, a})
	confirmed := a
	confirmed.Since, confirmed.At, confirmed.Source = 99, 99, "mmdb"
	check(t, s.SaveLocation(t.Context(), confirmed))
	confirmed.Since = a.Since
	same(t, must[[]outside.Located](t)(again.Locations(t.Context(), "n")), []outside.Located{b, confirmed})
	moved := confirmed
	moved.Place.City, moved.Since, moved.At = "Bergen", 120, 120
	check(t, s.SaveLocation(t.Context(), moved))
	back := confirmed // the same place as at first is a new stay there
	back.Since, back.At = 130, 130
	check(t, s.SaveLocation(t.Context(), back))
	taken := back
	taken.Stash, taken.Since = "u", 140
	check(t, s.SaveLocation(t.Context(), taken))
	same(t, must[[]outside.Located](t)(again.Locations(t.Context(), "n")), []outside.Located{b, taken})
	same(t, must[[]outside.Located](t)(again.LocationHistory(t.Context(), "n", 2, 10)), []outside.Located{taken, back, moved, confirmed})
	same(t, must[[]outside.Located](t)(again.LocationHistory(t.Context(), "n", 2, 2)), []outside.Located{taken, back})
}

func lookups(t *testing.T, s, again Sources) {
	if _, ok, err := s.Lookup(t.Context(), "ipinfo", "k"); ok || err != nil {
		t.Fatal(ok, err)
	}
	no := false
	l := outside.Lookup{Source: "ipinfo", Key: "k", Found: true, Place: outside.Place{Country: "NO", VPN: &no}, At: 5, Retry: 100}
	check(t, s.SaveLookup(t.Context(), l))
	l = outside.Lookup{Source: "ipinfo", Key: "k", Found: true, Place: outside.Place{Country: "SE"}, At: 6, Retry: 50, Failures: 2}
	check(t, s.SaveLookup(t.Context(), l))
	other := outside.Lookup{Source: "other", Key: "k", Retry: 51}
	check(t, s.SaveLookup(t.Context(), other))
	got, ok, err := again.Lookup(t.Context(), "ipinfo", "k")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	same(t, got, l)
	if n, err := s.ForgetLookups(t.Context(), 51); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, ok, err := again.Lookup(t.Context(), "ipinfo", "k"); ok || err != nil {
		t.Fatal(ok, err)
	}
	if _, ok, err := again.Lookup(t.Context(), "other", "k"); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// Two processes together never make more requests than are allowed.
func requests(t *testing.T, s, again Sources) {
	const each, limit = 10, 15
	var made [2]int
	var wg sync.WaitGroup
	for i, s := range []Sources{s, again} {
		wg.Go(func() {
			for range each {
				ok, err := s.SpendRequest(t.Context(), "ipinfo", "2025-11", limit)
				if err != nil {
					t.Error(err)
				}
				if ok {
					made[i]++
				}
			}
		})
	}
	wg.Wait()
	same(t, made[0]+made[1], limit)
	for _, month := range []string{"2025-12", "2025-11"} {
		same(t, must[bool](t)(s.SpendRequest(t.Context(), "ipinfo", month, limit)), month == "2025-12")
	}
	same(t, must[bool](t)(s.SpendRequest(t.Context(), "ipinfo", "2025-11", 0)), true)
	same(t, must[bool](t)(s.SpendRequest(t.Context(), "other", "2025-11", 1)), true)
}

func release(t *testing.T, s, again Sources) {
	if _, ok, err := s.Release(t.Context(), "n"); ok || err != nil {
		t.Fatal(ok, err)
	}
	r := outside.Release{Network: "n", Tag: "polkadot-v1.2.3", Name: "v1.2.3", Published: 5, FirstSeen: 6, At: 7, Source: "github x", ETag: `W/"1"`}
	check(t, s.SaveRelease(t.Context(), r))
	r.Tag, r.Name, r.At = "polkadot-v1.2.4", "v1.2.4", 8
	check(t, s.SaveRelease(t.Context(), r))
	got, ok, err := again.Release(t.Context(), "n")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	same(t, got, r)
	if _, ok, err := again.Release(t.Context(), "m"); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func remotes(t *testing.T, s, again Sources) {
	r := outside.Remote{Network: "n", Stash: "H", Answer: programme.RemoteRank{Found: true, Rank: 5, Failing: []string{"ONLINE", "BEEFY"}, At: 5}}
	check(t, s.SaveRemote(t.Context(), r))
	same(t, must[[]outside.Remote](t)(again.Remotes(t.Context(), "n")), []outside.Remote{r})
	r.Answer = programme.RemoteRank{Found: true, Valid: true, Rank: 120, At: 6}
	check(t, s.SaveRemote(t.Context(), r))
	same(t, must[[]outside.Remote](t)(again.Remotes(t.Context(), "n")), []outside.Remote{r})
	same(t, len(must[[]outside.Remote](t)(again.Remotes(t.Context(), "m"))), 0)
}

func prices(t *testing.T, s, again Sources) {
	var many []outside.Price
	for i := range 1200 {
		many = append(many, outside.Price{Asset: "polkadot", Day: "2025-11-05", Currency: "c" + string(rune('a'+i/50)) + string(rune('a'+i%50)), Value: outside.Nano(i), Source: "x", At: 1})
	}
	check(t, s.SavePrices(t.Context(), many))
	same(t, len(must[[]outside.Price](t)(again.Prices(t.Context(), "polkadot", []string{"2025-11-05"}))), 1200)
	now := outside.Price{Asset: "polkadot", Currency: "usd", Value: 1<<63 - 1, Source: "coingecko", At: 2}
	check(t, s.SavePrices(t.Context(), []outside.Price{now}))
	now.Value, now.At = 4_200_000_000, 3
	check(t, s.SavePrices(t.Context(), []outside.Price{now}))
	same(t, must[[]outside.Price](t)(again.Prices(t.Context(), "polkadot", []string{""})), []outside.Price{now})
	same(t, len(must[[]outside.Price](t)(again.Prices(t.Context(), "kusama", []string{""}))), 0)
	same(t, len(must[[]outside.Price](t)(again.Prices(t.Context(), "polkadot", nil))), 0)
	check(t, s.SavePrices(t.Context(), nil))
}

func healths(t *testing.T, s, again Sources) {
	if _, ok, err := s.SourceHealth(t.Context(), "n", "prices"); ok || err != nil {
		t.Fatal(ok, err)
	}
	h := outside.Health{Network: "n", Name: "prices", State: programme.SourceDown, Detail: "no", Good: 1, Tried: 2, Failures: 3, Retry: 4}
	check(t, s.SaveSourceHealth(t.Context(), h))
	h.State, h.Detail, h.Failures = programme.SourceOK, "", 0
	check(t, s.SaveSourceHealth(t.Context(), h))
	other := outside.Health{Network: "n", Name: "location", State: programme.SourceOff}
	check(t, s.SaveSourceHealth(t.Context(), other))
	got, ok, err := again.SourceHealth(t.Context(), "n", "prices")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	same(t, got, h)
	same(t, must[[]outside.Health](t)(again.SourceHealths(t.Context(), "n")), []outside.Health{other, h})
	same(t, len(must[[]outside.Health](t)(again.SourceHealths(t.Context(), "m"))), 0)
	h.State = "well"
	if s.SaveSourceHealth(t.Context(), h) == nil {
		t.Error("a state that does not exist is kept")
	}
}
