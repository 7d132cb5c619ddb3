package release

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

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
)

const oldTags = `polkadot-v\d+\.\d+\.\d+`

func pattern(t testing.TB, tag, notes string) *Pattern {
	t.Helper()
	p, err := NewPattern(tag, notes)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func source(t testing.TB, clock *fetchtest.Clock, m *fetchtest.Memory, url string) *Source {
	t.Helper()
	return New(Options{
		Network: "n", Client: fetch.New(fetch.Options{What: "client releases", Clock: clock, Rate: 1000, MaxBytes: MaxBytes}),
		URL: url, Repository: "paritytech/polkadot-sdk", Pattern: pattern(t, oldTags, ""), Fresh: time.Hour, MaxAge: 7 * 24 * time.Hour,
		Store: m, Now: clock.Now,
	})
}

func entry(tag, published, more string) string {
	return fmt.Sprintf(`{"tag_name":%q,"published_at":%q,"assets":[{"size":1}]%s}`, tag, published, more)
}

func listOf(entries ...string) []byte { return []byte("[" + strings.Join(entries, ",") + "]") }

func TestGreatest(t *testing.T) {
	now := fetchtest.Start
	tests := []struct {
		name, tag, notes string
		list             []byte
		want, err        string
	}{
		{"greatest, not newest", oldTags, "", listOf(entry("polkadot-v1.9.9", "2025-11-19T00:00:00Z", ""), entry("polkadot-v1.15.2", "2025-01-01T00:00:00Z", "")), "v1.15.2", ""},
		{"numbers, not text", oldTags, "", listOf(entry("polkadot-v1.9.0", "2025-01-01T00:00:00Z", ""), entry("polkadot-v1.10.0", "2025-01-01T00:00:00Z", "")), "v1.10.0", ""},
		{"the whole tag counts", oldTags, "", listOf(entry("polkadot-v1.9.0", "2025-01-01T00:00:00Z", ""), entry("polkadot-v2.0.0-rc1", "2025-01-01T00:00:00Z", ""), entry("x-polkadot-v3.0.0", "2025-01-01T00:00:00Z", "")), "v1.9.0", ""},
		{"alternatives are anchored too", oldTags + "|never", "", listOf(entry("polkadot-v1.9.0", "2025-01-01T00:00:00Z", ""), entry("polkadot-v2.0.0-rc1", "2025-01-01T00:00:00Z", "")), "v1.9.0", ""},
		{"no drafts, pre-releases or announcements", oldTags, "", listOf(
			entry("polkadot-v1.9.0", "2025-01-01T00:00:00Z", ""), entry("polkadot-v2.0.0", "2025-01-01T00:00:00Z", `,"draft":true`),
			entry("polkadot-v3.0.0", "2025-01-01T00:00:00Z", `,"prerelease":true`), `{"tag_name":"polkadot-v4.0.0","published_at":null}`,
			entry("polkadot-v5.0.0", "2025-11-20T13:00:01Z", "")), "v1.9.0", ""},
		{"named group", `polkadot-stable\d+-node(?P<version>v\d+\.\d+\.\d+)`, "", listOf(entry("polkadot-stable2509-nodev1.20.1", "2025-01-01T00:00:00Z", "")), "v1.20.1", ""},
		{"version in the title", `polkadot-stable\d+(-\d+)?`, `Node: v\d+\.\d+\.\d+`, listOf(entry("polkadot-stable2509-2", "2025-01-01T00:00:00Z", `,"name":"Polkadot stable2509-2, Node: v1.20.2"`)), "v1.20.2", ""},
		{"version in the notes", `polkadot-stable\d+(-\d+)?`, `Node: (?P<version>v\d+\.\d+\.\d+)`, listOf(
			entry("polkadot-stable2509-2", "2025-01-01T00:00:00Z", `,"name":"Polkadot stable2509-2","body":"rustc 1.84.1\nNode: v1.20.2\n"`),
			entry("polkadot-stable2412-9", "2025-02-01T00:00:00Z", `,"body":"Node: v1.17.9"`)), "v1.20.2", ""},
		{"no version anywhere", `polkadot-stable\d+`, "", listOf(entry("polkadot-stable2509", "2025-01-01T00:00:00Z", "")), "", "state no version"},
		{"no tag matches", oldTags, "", listOf(entry("other", "2025-01-01T00:00:00Z", "")), "", "none of 1 releases"},
		{"nothing listed", oldTags, "", []byte("[]"), "", "none of 0 releases"},
		{"no list", oldTags, "", []byte(`{"message":"Not Found"}`), "", "no list of releases"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, err := parse(tt.list)
			var got outside.Release
			if err == nil {
				got, _, err = pattern(t, tt.tag, tt.notes).greatest(list, now)
			}
			if tt.err == "" && (err != nil || got.Name != tt.want) {
				t.Errorf("%s, %v; want %s", got.Name, err, tt.want)
			}
			if tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
		})
	}
}

// github serves a list with an ETag.
func github(t *testing.T) (url string, set func(etag string, list []byte), conditional func() int) {
	t.Helper()
	var etag string
	var list []byte
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/repos/paritytech/polkadot-sdk/releases" || r.URL.Query().Get("per_page") == "" {
			t.Errorf("request for %s", r.URL)
		}
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			n++
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(list)
	}))
	t.Cleanup(s.Close)
	return s.URL, func(e string, l []byte) { etag, list = e, l }, func() int { return n }
}

func TestRefresh(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	url, set, conditional := github(t)
	s := source(t, clock, m, url)
	refresh := func() {
		t.Helper()
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	newest := func() programme.Release {
		t.Helper()
		a, err := s.Newest(t.Context())
		if err != nil || !a.Known {
			t.Fatalf("%+v, %v", a, err)
		}
		return a.Value
	}
	if a, err := s.Newest(t.Context()); err != nil || a.Known {
		t.Errorf("before anything: %+v, %v", a, err)
	}
	set(`"1"`, listOf(entry("polkadot-v1.15.2", "2025-01-01T00:00:00Z", "")))
	refresh()
	first := sources.Millis(clock.Now())
	if got, want := newest(), (programme.Release{Name: "v1.15.2", PublishedAt: first}); got != want {
		t.Errorf("%+v, want %+v: nobody could know of it before we saw it", got, want)
	}
	clock.Advance(time.Hour)
	refresh()
	if r := m.Releases["n"]; conditional() != 1 || r.At != sources.Millis(clock.Now()) || r.FirstSeen != first {
		t.Errorf("%d conditional requests, %+v", conditional(), r)
	}
	// A newer one that was published after we last looked.
	clock.Advance(time.Hour)
	set(`"2"`, listOf(entry("polkadot-v1.16.0", "2025-11-20T14:00:00Z", ""), entry("polkadot-v1.15.2", "2025-01-01T00:00:00Z", "")))
	refresh()
	if got := newest(); got.Name != "v1.16.0" || got.PublishedAt != sources.Millis(clock.Now()) {
		t.Errorf("%+v", got)
	}
	// It is withdrawn.
	clock.Advance(time.Hour)
	set(`"3"`, listOf(entry("polkadot-v1.15.2", "2025-01-01T00:00:00Z", "")))
	refresh()
	if got := newest(); got.Name != "v1.15.2" {
		t.Errorf("%+v", got)
	}
	// With another pattern the same list means something else, so its ETag does not count.
	before := conditional()
	s.o.Pattern = pattern(t, `polkadot-v1\.\d+\.\d+`, "")
	refresh()
	if conditional() != before {
		t.Error("the ETag of another pattern was used")
	}
	clock.Advance(7*24*time.Hour + time.Millisecond)
	if a, err := s.Newest(t.Context()); err != nil || a.Known || !strings.Contains(a.Why, "too old") {
		t.Errorf("after a week: %+v, %v", a, err)
	}
}

func TestTroubles(t *testing.T) {
	fetchtest.RunTroubles(t, 20*time.Second, func(t *testing.T, c *fetchtest.Case) {
		m := fetchtest.NewMemory()
		good := outside.Release{Network: "n", Name: "v1.15.2", Tag: "polkadot-v1.15.2", Published: 1, FirstSeen: 1, At: sources.Millis(fetchtest.Start)}
		m.Releases["n"] = good
		s := source(t, c.Clock, m, c.URL)
		err := s.Refresh(t.Context())
		if !slices.Contains(c.Want, fetch.KindOf(err)) {
			t.Fatalf("error is %v, want %v", err, c.Want)
		}
		if m.Releases["n"] != good {
			t.Errorf("the last good release became %+v", m.Releases["n"])
		}
		h := m.Healths["n release"]
		if h.State != programme.SourceDown || h.Failures != 1 || h.Detail == "" || h.Good != 0 || (h.Retry != 0) != c.Retry {
			t.Errorf("health %+v", h)
		}
		if a, err := s.Newest(t.Context()); err != nil || !a.Known || a.Value.Name != "v1.15.2" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestFile(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	file := filepath.Join(t.TempDir(), "releases.json")
	if err := os.WriteFile(file, listOf(entry("polkadot-v1.15.2", "2025-11-20T13:00:00Z", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) }))
	defer down.Close()
	for _, tt := range []struct{ name, remark string }{{"alone", ""}, {"stands in", "stands in: fetch client releases"}} {
		s := source(t, clock, m, down.URL)
		s.o.File = file
		if tt.remark == "" {
			s.o.Client = nil
		}
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(tt.name, err)
		}
		if r, h := m.Releases["n"], m.Healths["n release"]; r.Name != "v1.15.2" || h.State != programme.SourceOK || !strings.Contains(h.Detail, tt.remark) {
			t.Errorf("%s: %+v, %+v", tt.name, r, h)
		}
	}
	s := source(t, clock, m, down.URL)
	s.o.Client, s.o.File = nil, file+".missing"
	if err := s.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "read releases") {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzReleases(f *testing.F) {
	f.Add(string(listOf(entry("polkadot-v1.15.2", "2025-01-01T00:00:00Z", `,"body":"Node: v1.2.3"`))))
	f.Add(`[{"tag_name":"polkadot-stable2509","published_at":"2025-01-01T00:00:00Z","name":"Node: v99999999999999999999.0.0"}]`)
	f.Add(`[null,{}]`)
	p := pattern(f, oldTags+`|polkadot-stable\d+`, `Node: v\d+\.\d+\.\d+`)
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parse([]byte(s))
		if err != nil {
			return
		}
		r, _, err := p.greatest(list, fetchtest.Start)
		if err == nil && (!strings.HasPrefix(r.Name, "v") || r.Published <= 0 || strict(r.Name[1:]) == nil || len(r.Tag) > maxTag) {
			t.Fatalf("chose %+v", r)
		}
	})
}
