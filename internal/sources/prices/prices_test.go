package prices

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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

func source(clock *fetchtest.Clock, m *fetchtest.Memory, url string) *Source {
	return New(Options{
		Network: "n", Client: fetch.New(fetch.Options{What: "prices", Clock: clock, Rate: 1000, Burst: 1000, MaxBytes: MaxBytes, Secret: Secret("key")}),
		URL: url, Asset: "polkadot", Currencies: []string{"chf", "usd"}, DaysPerRun: 2, History: 365 * 24 * time.Hour,
		Fresh: 6 * time.Hour, MaxAge: 24 * time.Hour, Store: m, Now: clock.Now,
	})
}

// gecko answers with the prices of days; those that are missing have no market data.
func gecko(t *testing.T, days map[string]string) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Cg-Demo-Api-Key") != "key" {
			t.Error("the key is missing")
		}
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/simple/price":
			if got := r.URL.Query().Get("ids") + " " + r.URL.Query().Get("vs_currencies"); got != "polkadot chf,usd" {
				t.Errorf("asked for %s", got)
			}
			_, _ = fmt.Fprint(w, `{"polkadot":{"chf":3.5,"usd":4.0125,"eur":9}}`)
		case "/coins/polkadot/history":
			day := r.URL.Query().Get("date")
			*asked = append(*asked, day)
			if market, ok := days[day]; ok {
				_, _ = fmt.Fprintf(w, `{"id":"polkadot","market_data":{"current_price":%s}}`, market)
				return
			}
			_, _ = fmt.Fprint(w, `{"id":"polkadot","symbol":"dot"}`)
		default:
			t.Errorf("request for %s", r.URL.Path)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func price(t *testing.T, s *Source, day, currency string) string {
	t.Helper()
	a, err := s.Price(t.Context(), day, currency)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Known {
		return "unknown"
	}
	return a.Value.String()
}

func TestNewestPrice(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	url, _ := gecko(t, nil)
	s := source(clock, m, url)
	if got := price(t, s, Now, "usd"); got != "unknown" {
		t.Errorf("before anything: %s", got)
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := price(t, s, Now, "usd"); got != "4.0125" {
		t.Errorf("newest: %s", got)
	}
	if got := price(t, s, Now, "eur"); got != "unknown" {
		t.Errorf("a currency that is not wanted: %s", got)
	}
	clock.Advance(24*time.Hour + time.Millisecond)
	if got := price(t, s, Now, "usd"); got != "unknown" {
		t.Errorf("after a day: %s", got)
	}
}

func TestBackfill(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	url, asked := gecko(t, map[string]string{"01-11-2025": `{"chf":2,"usd":2.5,"eur":1}`, "02-11-2025": `{"chf":3,"usd":0}`, "03-11-2025": `{"chf":4,"usd":5}`})
	s := source(clock, m, url)
	days := []string{"2025-11-01", "2025-11-02", "2025-11-03", "2025-11-04", "2025-11-04", "2025-12-21", "2023-01-01"}
	run := func(missing int, want ...string) {
		t.Helper()
		*asked = nil
		got, err := s.Backfill(t.Context(), days)
		if err != nil || got != missing || !slices.Equal(*asked, want) {
			t.Fatalf("%d missing (%v), asked for %v; want %d, %v", got, err, *asked, missing, want)
		}
	}
	run(2, "04-11-2025", "03-11-2025") // the newest first, two at a time, no future, nothing beyond the history
	run(0, "02-11-2025", "01-11-2025") // 4 November has no price, and is not asked for again today
	run(0, "02-11-2025")               // a price of nothing was a missing price
	clock.Advance(24 * time.Hour)
	run(0, "04-11-2025", "02-11-2025")
	for day, want := range map[string]string{"2025-11-01": "2.5", "2025-11-02": "unknown", "2025-11-03": "5", "2025-11-04": "unknown"} {
		if got := price(t, s, day, "usd"); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
	clock.Advance(1000 * 24 * time.Hour)
	if got := price(t, s, "2025-11-01", "chf"); got != "2" {
		t.Errorf("the price of a day became %s with time", got)
	}
	if _, err := s.Backfill(t.Context(), []string{"yesterday"}); err == nil {
		t.Error("accepted what is no day")
	}
}

func TestFile(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := source(clock, m, "")
	s.o.Client, s.o.File = nil, filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(s.o.File, []byte("# day, currency, price\n2019-01-01, CHF, 1.25\n\n2019-01-01,chf,1.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := price(t, s, "2019-01-01", "chf"); got != "1.5" {
		t.Errorf("got %s", got)
	}
	if n, err := s.Backfill(t.Context(), []string{"2019-01-02"}); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"2019-01-01,chf", "2019-13-01,chf,1", "2019-01-01,chf,-1", "2019-01-01,chf,0", "2019-01-01,c,1", strings.Repeat("x", 70_000)} {
		if _, err := parseFile([]byte(bad)); err == nil {
			t.Errorf("accepted %.40q", bad)
		}
	}
}

func TestTroubles(t *testing.T) {
	fetchtest.RunTroubles(t, 20*time.Second, func(t *testing.T, c *fetchtest.Case) {
		m := fetchtest.NewMemory()
		old := outside.Price{Asset: "polkadot", Currency: "usd", Value: 4e9, At: sources.Millis(fetchtest.Start) - 1000}
		if err := m.SavePrices(t.Context(), []outside.Price{old}); err != nil {
			t.Fatal(err)
		}
		s := source(c.Clock, m, c.URL)
		err := s.Refresh(t.Context())
		if !slices.Contains(c.Want, fetch.KindOf(err)) {
			t.Fatalf("error is %v, want %v", err, c.Want)
		}
		if h := m.Healths["n prices"]; h.State != programme.SourceDown || h.Failures != 1 || h.Detail == "" || (h.Retry != 0) != c.Retry {
			t.Errorf("health %+v", h)
		}
		if got := price(t, s, Now, "usd"); got != "4" {
			t.Errorf("the last good price became %s", got)
		}
		_, err = s.Backfill(t.Context(), []string{"2025-11-01"})
		if kind := fetch.KindOf(err); kind != fetch.Open && !slices.Contains(c.Want, kind) {
			t.Errorf("backfill: %v", err)
		}
	})
}

func TestParseCurrent(t *testing.T) {
	for body, want := range map[string]string{
		`{"kusama":{"usd":1}}`: "no price of polkadot", `{"polkadot":{"eur":1}}`: "no price of polkadot in chf, usd",
		`{"polkadot":{"usd":-1}}`: "price in usd", `{"polkadot":{"usd":"much"}}`: "no list", `{"polkadot":{"usd":null}}`: "no price",
	} {
		if _, err := parseCurrent([]byte(body), "polkadot", []string{"chf", "usd"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	got, err := parseCurrent([]byte(`{"polkadot":{"usd":3.1e-05}}`), "polkadot", []string{"chf", "usd"})
	if d := cmp.Diff([]outside.Price{{Currency: "usd", Value: 31_000, Source: "coingecko"}}, got); err != nil || d != "" {
		t.Error(err, d)
	}
}

func FuzzPrices(f *testing.F) {
	f.Add(`{"polkadot":{"usd":4.2,"chf":1e-7}}`)
	f.Add(`{"id":"polkadot","market_data":{"current_price":{"usd":4.2}}}`)
	f.Add("2025-11-01,usd,4.2\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func() ([]outside.Price, error){
			func() ([]outside.Price, error) { return parseCurrent([]byte(s), "polkadot", []string{"usd", "chf"}) },
			func() ([]outside.Price, error) { return parseDay([]byte(s), "polkadot", []string{"usd", "chf"}) },
			func() ([]outside.Price, error) { return parseFile([]byte(s)) },
		} {
			found, err := parse()
			for _, p := range found {
				if err != nil || p.Value <= 0 || !Currency(p.Currency) {
					t.Fatalf("%+v, %v", p, err)
				}
			}
		}
	})
}
