package remote

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
	"github.com/thousand-validators/otv/substrate/ss58"
)

func stash(n byte, prefix uint16) string { return ss58.EncodeAccount(prefix, [32]byte{n, 1}) }

func source(clock *fetchtest.Clock, m *fetchtest.Memory, url string) *Source {
	return New(Options{
		Network: "n", Client: fetch.New(fetch.Options{What: "ranks", Clock: clock, Rate: 1000, Burst: 1000, MaxBytes: MaxBytes}),
		URL: url, Prefix: 2, Lives: time.Hour, Confirm: 2 * time.Hour, Fresh: 3 * time.Hour, MaxAge: 24 * time.Hour, Store: m, Now: clock.Now,
	})
}

// Two entries of Polkadot's list carry the address form of Polkadot; Kusama's instance knows stashes in its own form only.
func TestNormalise(t *testing.T) {
	want := stash(7, 2)
	for _, text := range []string{stash(7, 0), stash(7, 42), want, " " + want + " "} {
		if got, err := Normalise(text, 2); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	if _, err := Normalise("HxNothing", 2); err == nil {
		t.Error("accepted what is no address")
	}
}

func TestNormaliseRealList(t *testing.T) {
	b, err := os.ReadFile("../../../../shared/candidates/polkadot.json")
	if err != nil {
		t.Skip("the public lists are not at hand")
	}
	var list struct {
		Candidates []struct {
			KusamaStash string `json:"kusamaStash"`
		} `json:"candidates"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range list.Candidates {
		if c.KusamaStash == "" {
			continue
		}
		got, err := Normalise(c.KusamaStash, 2)
		if err != nil {
			t.Errorf("%s: %v", c.KusamaStash, err)
		}
		if p, _, err := ss58.DecodeAccount(got); err != nil || p != 2 {
			t.Errorf("%s became %s", c.KusamaStash, got)
		}
		if got != c.KusamaStash {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d stashes were in another form, expected 2", n)
	}
}

func TestParse(t *testing.T) {
	s := stash(1, 2)
	tests := []struct {
		name, body string
		want       *programme.RemoteRank
		err        string
	}{
		{"new, valid", `{"stash":%q,"rank":212,"valid":true,"validity":[{"valid":true,"type":"ONLINE"}],"invalidityReasons":""}`, &programme.RemoteRank{Found: true, Valid: true, Rank: 212}, ""},
		{"new, invalid", `{"stash":%q,"rank":0,"valid":false,"validity":[{"valid":false,"type":"COMMISION"},{"valid":true,"type":"ONLINE"},{"type":"NEW"},{"valid":false,"type":"<b>"}]}`, &programme.RemoteRank{Found: true, Failing: []string{"COMMISION", "OTHER"}}, ""},
		{"not judged as a whole yet", `{"stash":%q,"rank":5,"validity":[{"valid":true,"type":"ONLINE"}]}`, &programme.RemoteRank{Found: true, Valid: true, Rank: 5}, ""},
		{"old, valid", `{"stash":%q,"rank":30,"invalidityReasons":""}`, &programme.RemoteRank{Found: true, Valid: true, Rank: 30}, ""},
		{"old, invalid", `{"stash":%q,"rank":30,"invalidityReasons":"offline"}`, &programme.RemoteRank{Found: true, Rank: 30, Failing: []string{"INVALID"}}, ""},
		{"the same stash in another form", strings.Replace(`{"stash":%q,"rank":1,"valid":true}`, "%q", `"`+stash(1, 0)+`"`, 1), &programme.RemoteRank{Found: true, Valid: true, Rank: 1}, ""},
		{"empty", " \n", nil, ""},
		{"null", "null", nil, ""},
		{"another stash", strings.Replace(`{"stash":%q,"rank":1,"valid":true}`, "%q", `"`+stash(2, 2)+`"`, 1), nil, "another stash"},
		{"no stash", `{"rank":1,"valid":true}`, nil, "another stash"},
		{"no rank", `{"stash":%q,"valid":true}`, nil, "rank"},
		{"negative rank", `{"stash":%q,"rank":-1,"valid":true}`, nil, "rank"},
		{"rank as a fraction", `{"stash":%q,"rank":1.5,"valid":true}`, nil, "no candidate"},
		{"no validity", `{"stash":%q,"rank":1}`, nil, "whether"},
		{"a list", `[]`, nil, "no candidate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse([]byte(strings.ReplaceAll(tt.body, "%q", `"`+s+`"`)), s)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// instance is another programme: ranks by stash; others it does not know.
func instance(t *testing.T, ranks map[string]int) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := strings.TrimPrefix(r.URL.Path, "/candidate/")
		*asked = append(*asked, who)
		rank, ok := ranks[who]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNoContent)
		case rank < 0:
			w.WriteHeader(http.StatusTeapot)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"stash":%q,"rank":%d,"valid":true}`, who, rank)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestRefreshAsksEachStashOnceAnHour(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	url, asked := instance(t, map[string]int{stash(1, 2): 120, stash(2, 2): 90})
	s := source(clock, m, url)
	list := []string{stash(1, 0), stash(1, 2), stash(2, 2), "no address"}
	want := []string{stash(1, 2), stash(2, 2)}
	for range 2 {
		if err := s.Refresh(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(*asked, want) {
		t.Errorf("asked for %v, want %v", *asked, want)
	}
	if h := m.Healths["n remote-rank"]; h.State != programme.SourceOK || !strings.Contains(h.Detail, "1 stashes in the candidate list are no addresses") {
		t.Errorf("health %+v", h)
	}
	clock.Advance(time.Hour)
	if err := s.Refresh(t.Context(), list); err != nil || len(*asked) != 4 {
		t.Errorf("after an hour: %v, %v", *asked, err)
	}
	a, err := s.Rank(t.Context(), stash(1, 42))
	if want := (programme.RemoteRank{Found: true, Valid: true, Rank: 120, At: sources.Millis(clock.Now())}); err != nil || !a.Known || !cmp.Equal(a.Value, want) {
		t.Errorf("%+v, %v", a, err)
	}
	clock.Advance(24*time.Hour + time.Millisecond)
	if a, err := s.Rank(t.Context(), stash(1, 2)); err != nil || a.Known {
		t.Errorf("after a day: %+v, %v", a, err)
	}
}

// The other instance answers the same for a stash that it does not know and for an error of its own.
func TestMissingIsBelievedLate(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	ranks := map[string]int{stash(1, 2): 120}
	url, _ := instance(t, ranks)
	s := source(clock, m, url)
	known := func() (found, known bool) {
		t.Helper()
		if err := s.Refresh(t.Context(), []string{stash(1, 2)}); err != nil {
			t.Fatal(err)
		}
		a, err := s.Rank(t.Context(), stash(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		return a.Value.Found, a.Known
	}
	if found, ok := known(); !found || !ok {
		t.Fatal("not found at first")
	}
	delete(ranks, stash(1, 2))
	clock.Advance(time.Hour)
	if found, ok := known(); !found || !ok {
		t.Error("one empty answer was believed")
	}
	clock.Advance(2 * time.Hour)
	if found, ok := known(); found || !ok {
		t.Errorf("after two hours of empty answers: found %v, known %v", found, ok)
	}
	ranks[stash(1, 2)] = 7
	clock.Advance(time.Hour)
	if found, ok := known(); !found || !ok {
		t.Error("it does not come back")
	}
}

func TestSingleFailuresAreARemark(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	url, _ := instance(t, map[string]int{stash(1, 2): 1, stash(2, 2): -1, stash(3, 2): 3})
	s := source(clock, m, url)
	if err := s.Refresh(t.Context(), []string{stash(1, 2), stash(2, 2), stash(3, 2)}); err != nil {
		t.Fatal(err)
	}
	if h := m.Healths["n remote-rank"]; h.State != programme.SourceOK || !strings.Contains(h.Detail, "1 of 3 stashes got no answer") || len(m.Answers) != 2 {
		t.Errorf("health %+v, %d answers", h, len(m.Answers))
	}
}

func TestTroubles(t *testing.T) {
	fetchtest.RunTroubles(t, 20*time.Second, func(t *testing.T, c *fetchtest.Case) {
		m := fetchtest.NewMemory()
		s := source(c.Clock, m, c.URL)
		var list []string
		for i := range 40 {
			list = append(list, stash(byte(i), 2))
		}
		err := s.Refresh(t.Context(), list)
		if !slices.Contains(c.Want, fetch.KindOf(err)) {
			t.Fatalf("error is %v, want %v", err, c.Want)
		}
		if n := c.Requests(); n > 40 { // five redirects for each of a few attempts at most
			t.Errorf("%d requests before it gave up", n)
		}
		h := m.Healths["n remote-rank"]
		if h.State != programme.SourceDown || h.Failures != 1 || h.Detail == "" || h.Retry == 0 || len(m.Answers) != 0 {
			t.Errorf("health %+v, %d answers", h, len(m.Answers))
		}
		if a, err := s.Rank(t.Context(), stash(0, 2)); err != nil || a.Known {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func FuzzCandidate(f *testing.F) {
	s := stash(1, 2)
	f.Add(fmt.Sprintf(`{"stash":%q,"rank":212,"valid":true,"validity":[{"valid":false,"type":"ONLINE"}],"invalidityReasons":""}`, s))
	f.Add(fmt.Sprintf(`{"stash":%q,"rank":1e2,"valid":null}`, s))
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := parse([]byte(body), s)
		if err != nil || r == nil {
			return
		}
		if !r.Found || r.Rank < 0 || r.Rank > maxRank || len(r.Failing) > maxFailing {
			t.Fatalf("accepted %+v", r)
		}
		for _, c := range r.Failing {
			if code(c) != c {
				t.Fatalf("accepted the check %q", c)
			}
		}
	})
}
