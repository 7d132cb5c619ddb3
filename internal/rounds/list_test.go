package rounds_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/sources/candidates"
)

// server is a list behind a URL.
type server struct {
	body                atomic.Value
	requests, unchanged atomic.Int32
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	body := s.body.Load().(string)
	etag := fmt.Sprintf("\"%x\"", sha256.Sum256([]byte(body)))
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		s.unchanged.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write([]byte(body))
}

func entry(slot int, name string, account string) string {
	return fmt.Sprintf(`{"slotId": %d, "name": %q, "stash": %q, "kyc": false, "riotHandle": "@a:b.org"}`, slot, name, roundstest.Address("%s", account))
}

func listOf(entries ...string) string {
	return `{"candidates": [` + strings.Join(entries, ",\n") + `]}`
}

func TestRoster(t *testing.T) {
	s := &server{}
	web := httptest.NewServer(s)
	defer web.Close()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := roundstest.NewMemory()
	var events []rounds.Event
	r := rounds.Roster{
		Memory: m, Prefix: roundstest.Prefix, Genesis: roundstest.Genesis, Now: func() time.Time { return now },
		Source: candidates.NewLoader(candidates.Options{
			Location: web.URL, Network: candidates.Network{Label: "Kusama", Prefix: roundstest.Prefix}, Now: func() time.Time { return now },
		}),
		Event: func(e rounds.Event) { events = append(events, e) },
	}
	sync := func(body string) *rounds.Change {
		t.Helper()
		now = now.Add(time.Hour)
		s.body.Store(body)
		c, err := r.Sync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	slot := func(n int) memory.Candidate {
		t.Helper()
		all, _ := m.Candidates(t.Context())
		for _, c := range all {
			if c.Slot == n {
				return c
			}
		}
		t.Fatalf("no slot %d", n)
		return memory.Candidate{}
	}

	first := listOf(entry(1, "ada", "a"), entry(2, "bob", "b"))
	if c := sync(first); fmt.Sprint(c.Added) != "[ada bob]" || c.Stale != "" {
		t.Fatalf("%+v", c)
	}
	added := slot(1).Added
	if c := sync(first); !c.Empty() || s.unchanged.Load() != 1 {
		t.Fatalf("%+v, %d conditional answers", c, s.unchanged.Load())
	}

	// A rename and a new stash keep the slot.
	if c := sync(listOf(entry(1, "ada-the-second", "a2"), entry(2, "bob", "b"))); c.String() != "the candidate list changed; changed: ada-the-second" {
		t.Fatalf("%s", c)
	}
	if c := slot(1); c.Added != added || c.Updated == added || c.Stash != roundstest.Address("a2") {
		t.Errorf("%+v", c)
	}

	// A bad list changes nothing and is told once.
	for range 2 {
		c := sync(listOf(entry(1, "x", "x"), entry(1, "x", "x")))
		if !c.Empty() || !strings.Contains(c.Stale, "stands in") {
			t.Fatalf("%+v", c)
		}
	}
	alerts := m.Alerts()
	if len(alerts) != 1 || alerts[0].Code != rounds.AlertList || events[len(events)-1].Kind != rounds.EventListBad {
		t.Errorf("%+v", alerts)
	}

	// Leaving and coming back.
	if c := sync(listOf(entry(2, "bob", "b"))); fmt.Sprint(c.Removed) != "[ada-the-second]" {
		t.Fatalf("%+v", c)
	}
	gone := slot(1)
	if gone.Listed() || gone.Delisted != programme.Millis(now.UnixMilli()) || gone.Name != "ada-the-second" {
		t.Errorf("%+v", gone)
	}
	if c := sync(listOf(entry(2, "bob", "b"))); !c.Empty() {
		t.Errorf("%+v", c)
	}
	if c := sync(listOf(entry(1, "ada", "a"), entry(2, "bob", "b"))); fmt.Sprint(c.Added) != "[ada]" {
		t.Fatalf("%+v", c)
	}
	if c := slot(1); !c.Listed() || c.Added != added {
		t.Errorf("%+v", c)
	}
}

// With no list at all, what is stored stays.
func TestRosterWithoutAList(t *testing.T) {
	m := roundstest.NewMemory()
	have := []memory.Candidate{{Candidate: programme.Candidate{Slot: 1, Name: "ada"}}}
	if err := m.SaveCandidates(t.Context(), have); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no such host")
	r := rounds.Roster{Source: failing{broken}, Memory: m, Now: time.Now}
	if _, err := r.Sync(t.Context()); !errors.Is(err, broken) {
		t.Error(err)
	}
	after, _ := m.Candidates(t.Context())
	if diff := cmp.Diff(have, after); diff != "" || len(m.Alerts()) != 1 {
		t.Errorf("%s, alerts %+v", diff, m.Alerts())
	}
}

type failing struct{ err error }

func (f failing) Load(context.Context) (candidates.Result, error) { return candidates.Result{}, f.err }

func TestRosterRuns(t *testing.T) {
	m := roundstest.NewMemory()
	ctx, stop := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	list := candidates.Parse([]byte(listOf(entry(1, "ada", "a"))), candidates.Network{Label: "Kusama", Prefix: roundstest.Prefix})
	r := rounds.Roster{Source: fixed{list}, Memory: m, Prefix: roundstest.Prefix, Now: time.Now}
	err := r.Run(ctx, time.Millisecond, slog.New(slog.DiscardHandler), func(context.Context) error {
		stop(enough)
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

type fixed struct{ list *candidates.List }

func (f fixed) Load(context.Context) (candidates.Result, error) {
	return candidates.Result{List: f.list}, nil
}
