package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
)

// heads is a chain that fails once in the middle.
type heads struct{ parts [][]chain.Clock }

func (h *heads) Follow(ctx context.Context, fn func(context.Context, chain.Clock) error) error {
	if len(h.parts) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	part := h.parts[0]
	h.parts = h.parts[1:]
	for _, c := range part {
		if err := fn(ctx, c); err != nil {
			return err
		}
	}
	return errors.New("the node went away")
}

func TestWatch(t *testing.T) {
	at := func(era programme.Era, session programme.Session) chain.Clock {
		return chain.Clock{Eras: programme.Eras{Active: era, Session: session}}
	}
	h := &heads{[][]chain.Clock{{at(1, 10), at(1, 10), at(1, 11)}, {at(1, 11), at(2, 12)}, {at(2, 12)}}}
	ctx, stop := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	var got []string
	failed := false
	w := Watch{Heads: h, Logger: slog.New(slog.DiscardHandler), Pause: time.Microsecond, Trigger: func(_ context.Context, c Cause) error {
		if c == OnEra && !failed {
			failed = true
			return errors.New("the database is busy")
		}
		got = append(got, string(c))
		if len(h.parts) == 0 {
			stop(enough)
		}
		return nil
	}}
	if err := w.Run(ctx); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if want := "[block session block block era session block]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestNudge(t *testing.T) {
	done := make(chan struct{})
	n := NewNudge(time.Microsecond, func(context.Context) { done <- struct{}{} })
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		n.Run(ctx)
	}()
	n.Tell()
	<-done
	for range 100 {
		n.Tell() // together
	}
	<-done
	stop()
	select {
	case <-over:
	case <-done:
		<-over
	}
}

func TestBoard(t *testing.T) {
	databases(t, func(t *testing.T, target string) {
		r := newRig(t, options(open(t, target), nil))
		r.begin()
		r.ranAll()
		board, err := r.Board(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(board)
		defer server.Close()
		get := func(path string) (string, string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s %v", path, res.Status, err)
			}
			return string(b), res.Request.URL.Path
		}
		for _, path := range []string{"/jobs", "/jobs/", "/bull", "/bull/queue/x"} {
			if body, at := get(path); at != "/jobs/" || !strings.Contains(body, "<html") {
				t.Errorf("%s leads to %s", path, at)
			}
		}
		if body, _ := get("/jobs/api/jobs?state=completed&limit=100"); !strings.Contains(body, Validity) {
			t.Error(body)
		}
	})
}

func TestAbsentJobsSayWhy(t *testing.T) {
	o := options(open(t, t.TempDir()+"/otv.db"), nil)
	delete(o.Bodies, BlockData)
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), BlockData) {
		t.Errorf("a job without a body: %v", err)
	}
	o.Absent = map[string]string{BlockData: "no indexer is configured"}
	r := newRig(t, o)
	r.begin()
	r.ranAllBut(BlockData)
	for _, cause := range []Cause{ByOperator, BySchedule} {
		if err := r.Request(t.Context(), cause, BlockData); err != nil {
			t.Fatal(err)
		}
	}
	if s := r.state(BlockData); s.Status != NotRunning || s.Error != "no indexer is configured" || s.RunCount != 0 || s.Wanted != "" {
		t.Errorf("%+v", s)
	}
	// With an indexer it runs again.
	o.Absent, o.Bodies[BlockData] = nil, o.Bodies[Monitor]
	r.end()
	again := newRig(t, o)
	again.begin()
	again.ran(BlockData, 1)
}

// How many jobs one process gets through.
func BenchmarkThroughput(b *testing.B) {
	o := options(open(b, b.TempDir()+"/otv.db"), nil)
	o.Poll = time.Millisecond
	r := newRig(b, o)
	r.begin()
	r.ranAll()
	runs := 1
	for b.Loop() {
		if err := r.Request(b.Context(), ByOperator, Monitor, SessionKey, ValidatorPref, EraPoints); err != nil {
			b.Fatal(err)
		}
		runs++
		for _, name := range []string{Monitor, SessionKey, ValidatorPref, EraPoints} {
			r.ran(name, runs)
		}
	}
	b.ReportMetric(4*float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
