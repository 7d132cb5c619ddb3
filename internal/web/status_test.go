package web

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func get(s http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// golden compares a page with a file. The digests in the names of assets are left out: they are tested by themselves.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = regexp.MustCompile(`(/assets/\w+)-[0-9a-f]{12}`).ReplaceAllString(got, "$1")
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Error(d)
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		name       string
		simulation string
		world      func() (*world, health.Report)
	}{
		{"full.html", simulated, full},
		{"empty.html", "", func() (*world, health.Report) {
			return &world{}, health.Report{Missing: []string{"database: starting"}}
		}},
		{"paused.html", "", func() (*world, health.Report) {
			w, h := full()
			w.statusFacts.Pauses = []plan.Pause{{Order: plan.Order{Author: "bob", Reason: "maintenance", At: moment0 - 1000}}}
			w.Round.Tripped = []string{"sources", "flips"}
			w.statusFacts.Plans, w.statusFacts.Alerts, w.Sources = nil, nil, nil
			return w, h
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, h := c.world()
			s, err := site(w, h, c.simulation)
			if err != nil {
				t.Fatal(err)
			}
			r := get(s, "/status")
			body := r.Body.String()
			if r.Code != http.StatusOK || r.Header().Get("Content-Type") != "text/html; charset=utf-8" || r.Header().Get("Cache-Control") != "no-store" {
				t.Error(r.Code, r.Header())
			}
			golden(t, c.name, body)
			if strings.Contains(body, "Simulation") != (c.simulation != "") {
				t.Error("a simulation is called one, and nothing else is")
			}
			if strings.Contains(body, "<script>alert") || strings.Contains(body, "looks <odd>") {
				t.Error("text from outside has become markup")
			}
			if m := regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]*"|style="|<style|\son\w+="`).FindAllString(body, -1); m != nil {
				t.Errorf("something is loaded from elsewhere, or refused by the page's own policy: %q", m)
			}
			ids := map[string]bool{}
			for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(body, -1) {
				if ids[m[1]] {
					t.Errorf("the id %q is there twice", m[1])
				}
				ids[m[1]] = true
			}
		})
	}
}

// TestSinceTheLastLook: what has happened since the chain was looked at is told as far as it is known.
func TestSinceTheLastLook(t *testing.T) {
	w, h := full()
	for i := range w.statusFacts.Nominators {
		w.statusFacts.Nominators[i].Updated = moment0 - 60_000
	}
	w.statusFacts.Chain.Eras.ActiveStart = moment0 - w.statusFacts.Chain.Eras.EraLength
	s, err := site(w, h, "")
	if err != nil {
		t.Fatal(err)
	}
	body := get(s, "/status").Body.String()
	for _, want := range []string{"<summary>5 nominated on chain</summary>", "about to end", "100 % passed"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"<summary>4 nominated on chain</summary>", "ends in"} {
		if strings.Contains(body, not) {
			t.Errorf("the page has %q", not)
		}
	}
}

func TestFailureTellsNothing(t *testing.T) {
	w, h := full()
	w.err = errLost
	s, err := site(w, h, "")
	if err != nil {
		t.Fatal(err)
	}
	r := get(s, "/status")
	if r.Code != http.StatusServiceUnavailable || strings.Contains(r.Body.String(), "10.1.2.3") || !strings.Contains(r.Body.String(), "The log of the service says why") {
		t.Error(r.Code, r.Body)
	}
}

func TestAssets(t *testing.T) {
	w, h := full()
	s, err := site(w, h, "")
	if err != nil {
		t.Fatal(err)
	}
	body := get(s, "/status").Body.String()
	found := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(body, -1)
	kinds := map[string]int{}
	for _, m := range found {
		r := get(s, m[1])
		if r.Code != http.StatusOK || !strings.Contains(r.Header().Get("Cache-Control"), "immutable") || r.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Error(m[1], r.Code, r.Header())
		}
		kinds[r.Header().Get("Content-Type")]++
	}
	if kinds["text/css; charset=utf-8"] != 1 || kinds["text/javascript; charset=utf-8"] != 1 || kinds["image/svg+xml"] == 0 {
		t.Error(kinds)
	}
	for _, path := range []string{"/assets/otv.css", "/assets/", "/assets/..%2fdoc.go", "/nothing"} {
		if r := get(s, path); r.Code != http.StatusNotFound {
			t.Error(path, r.Code)
		}
	}
	policy := get(s, "/status").Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Error(policy)
	}
}

func TestWaits(t *testing.T) {
	w, h := full()
	s, err := site(w, h, "")
	if err != nil {
		t.Fatal(err)
	}
	announcement := func(height uint32, c plan.Clock) *plan.Plan {
		return &plan.Plan{Delay: 10, Announcement: &plan.Announcement{Height: height, Clock: c}}
	}
	now := time.UnixMilli(int64(moment0))
	for _, c := range []struct {
		name         string
		p            *plan.Plan
		percent      int
		left, blocks string
		unknown      bool
	}{
		// The relay chain was at 22,345 two seconds ago, so it is at 22,347; the announcement waits for 22,341 + 10 + 2.
		{name: "relay chain's blocks", p: announcement(22_341, plan.ClockRelay), percent: 50, left: "6 s", blocks: "6"},
		{name: "own blocks", p: announcement(12_347, plan.ClockOwn), percent: 0, left: "12 s", blocks: "12"},
		{name: "over", p: announcement(22_000, plan.ClockRelay), percent: 100, left: "0 s", blocks: "0"},
		{name: "in the future", p: announcement(22_400, plan.ClockRelay), percent: 0, left: "1 min 05 s", blocks: "65"},
		{name: "no clock", p: announcement(22_341, plan.ClockUnknown), unknown: true},
	} {
		v := s.waitOf(c.p, w.statusFacts.Chain, now)
		if c.unknown {
			if v != nil {
				t.Errorf("%s: %+v", c.name, v)
			}
			continue
		}
		if v == nil || v.Percent != c.percent || v.Time != c.left || v.Left != c.blocks {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", 61 * time.Second: "1 min 01 s", 3 * time.Hour: "3 h 00 min", 50 * time.Hour: "2 d 02 h",
		59*time.Minute + 59*time.Second + 700*time.Millisecond: "1 h 00 min",
	} {
		if got := span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := short("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"); got != "5Grwva…GKutQY" || short("short") != "short" {
		t.Error(got)
	}
}
