package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
)

func list(body []byte) error {
	var v []int
	return json.Unmarshal(body, &v)
}

func client(clock *fetchtest.Clock) *fetch.Client {
	return fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 1000, Secret: http.Header{"X-Token": {"s3cret"}}})
}

const timeout = 20 * time.Second

func TestTroubles(t *testing.T) {
	fetchtest.RunTroubles(t, timeout, func(t *testing.T, c *fetchtest.Case) {
		f := client(c.Clock)
		_, err := f.Get(t.Context(), fetch.Request{URL: c.URL + "/192.0.2.7?token=s3cret", Decode: list})
		kind := fetch.KindOf(err)
		if !slices.Contains(c.Want, kind) {
			t.Fatalf("error is %v (%s), want %v", err, kind, c.Want)
		}
		for _, secret := range []string{"s3cret", "192.0.2.7"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds %s: %v", secret, err)
			}
		}
		s := f.State()
		wantRequests := 3
		if kind == fetch.Limited || kind == fetch.Content || kind == fetch.Refused {
			wantRequests = 1
		}
		if s.Failures != wantRequests || s.Requests != int64(wantRequests) || s.Last == nil || !s.Good.IsZero() {
			t.Errorf("state %+v after %d requests, want %d", s, c.Requests(), wantRequests)
		}
		if want := fetchtest.Start.Add(time.Hour); c.Retry && !s.Retry.Equal(want) {
			t.Errorf("asked again from %s, want %s", s.Retry, want)
		}
		if c.Retry {
			before := c.Requests()
			_, err := f.Get(t.Context(), fetch.Request{URL: c.URL})
			if fetch.KindOf(err) != fetch.Open || c.Requests() != before || !strings.Contains(err.Error(), "asked for fewer requests") {
				t.Errorf("asked again too soon: %v", err)
			}
		}
	})
}

// scripted answers with one status after another, then with good ones.
func scripted(t *testing.T, codes ...int) (url string, seen func() int) {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		code := 200
		if n < len(codes) {
			code = codes[n]
		}
		n++
		if code == 429 {
			w.Header().Set("Retry-After", "7")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "[1]")
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int { s.Config.SetKeepAlivesEnabled(false); return n }
}

// get runs a request while the test moves the clock.
func get(t *testing.T, f *fetch.Client, url string) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := f.Get(t.Context(), fetch.Request{URL: url, Decode: list})
		done <- err
	}()
	return done
}

func TestTriesAgainAfterPausesThatDouble(t *testing.T) {
	clock := fetchtest.NewClock()
	url, _ := scripted(t, 500, 502, 429)
	f := fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 1000, Attempts: 4, Jitter: func() float64 { return 0.5 }})
	done := get(t, f, url)
	for _, pause := range []time.Duration{1250 * time.Millisecond, 2500 * time.Millisecond, 7 * time.Second} {
		clock.Await(t, pause)
		clock.Advance(pause)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s := f.State(); s.Failures != 0 || s.Requests != 4 || !s.Retry.IsZero() || !s.Good.Equal(clock.Now()) || s.Last != nil {
		t.Errorf("state %+v", s)
	}
}

func TestCircuitOpensAndClosesAgain(t *testing.T) {
	clock := fetchtest.NewClock()
	url, seen := scripted(t, 500, 500, 500, 500)
	f := fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 1000, Attempts: 1, Trip: 3})
	want := func(step string, kind fetch.Kind, requests int) {
		t.Helper()
		err := <-get(t, f, url)
		if got := fetch.KindOf(err); got != kind || f.State().Requests != int64(requests) {
			t.Fatalf("%s: %v after %d requests, want %q after %d", step, err, f.State().Requests, kind, requests)
		}
	}
	want("first", fetch.Failing, 1)
	want("second", fetch.Failing, 2)
	want("third opens it", fetch.Failing, 3)
	want("open", fetch.Open, 3)
	clock.Advance(time.Minute - 1)
	want("still open", fetch.Open, 3)
	clock.Advance(1)
	want("the probe fails", fetch.Failing, 4)
	clock.Advance(2*time.Minute - 1)
	want("open for twice as long", fetch.Open, 4)
	clock.Advance(1)
	want("the probe succeeds", "", 5)
	want("closed", "", 6)
	if seen() != 6 {
		t.Errorf("the server saw %d requests", seen())
	}
}

func TestOneProbeAtATime(t *testing.T) {
	clock := fetchtest.NewClock()
	arrived, leave := make(chan struct{}), make(chan struct{})
	first := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if first {
			first = false
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		close(arrived)
		<-leave
		_, _ = io.WriteString(w, "[1]")
	}))
	defer s.Close()
	f := fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 1000, Attempts: 1, Trip: 1})
	if err := <-get(t, f, s.URL); fetch.KindOf(err) != fetch.Failing {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	probe := get(t, f, s.URL)
	<-arrived
	if err := <-get(t, f, s.URL); fetch.KindOf(err) != fetch.Open {
		t.Errorf("beside the probe: %v", err)
	}
	close(leave)
	if err := <-probe; err != nil {
		t.Error(err)
	}
}

func TestRateIsKept(t *testing.T) {
	clock := fetchtest.NewClock()
	url, _ := scripted(t)
	f := fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 0.1, Burst: 2})
	for range 2 {
		if err := <-get(t, f, url); err != nil {
			t.Fatal(err)
		}
	}
	done := get(t, f, url)
	clock.Await(t, 10*time.Second)
	clock.Advance(10 * time.Second)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestConditionalRequests(t *testing.T) {
	clock := fetchtest.NewClock()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "[1]")
	}))
	defer s.Close()
	f := client(clock)
	a, err := f.Get(t.Context(), fetch.Request{URL: s.URL})
	if err != nil || a.Unchanged || a.ETag != `"v1"` || string(a.Body) != "[1]" {
		t.Fatalf("%+v, %v", a, err)
	}
	a, err = f.Get(t.Context(), fetch.Request{URL: s.URL, ETag: a.ETag, Decode: list})
	if err != nil || !a.Unchanged || a.ETag != `"v1"` {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestSecretsStayWithTheirHost(t *testing.T) {
	got := make(chan string, 2)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("X-Token")
		_, _ = io.WriteString(w, "[1]")
	}))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("X-Token")
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer s.Close()
	if _, err := client(fetchtest.NewClock()).Get(t.Context(), fetch.Request{URL: s.URL}); err != nil {
		t.Fatal(err)
	}
	if first := <-got; first != "s3cret" {
		t.Errorf("the host itself got %q", first)
	}
	if second := <-got; second != "" {
		t.Errorf("the other host got %q", second)
	}
}

// A caller that gives up says nothing about the source.
func TestGivingUpIsNoFailure(t *testing.T) {
	clock := fetchtest.NewClock()
	arrived := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	f := client(clock)
	done := make(chan error)
	go func() {
		_, err := f.Get(ctx, fetch.Request{URL: s.URL})
		done <- err
	}()
	<-arrived
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if s := f.State(); s.Failures != 0 {
		t.Errorf("state %+v", s)
	}
}

func TestOutcomesAreObserved(t *testing.T) {
	clock := fetchtest.NewClock()
	clock.Auto(func(d time.Duration) bool { return d != timeout })
	url, _ := scripted(t, 500, 404)
	var seen []fetch.Kind
	f := fetch.New(fetch.Options{What: "numbers", Clock: clock, Rate: 1000, Observe: func(k fetch.Kind, _ time.Duration) { seen = append(seen, k) }})
	for range 2 {
		_, _ = f.Get(t.Context(), fetch.Request{URL: url}) // outcomes are what this is about
	}
	if want := []fetch.Kind{fetch.Failing, fetch.NotFound, fetch.OK}; !slices.Equal(seen, want) {
		t.Errorf("outcomes %v, want %v", seen, want)
	}
}

func TestUnusableAddress(t *testing.T) {
	_, err := client(fetchtest.NewClock()).Get(t.Context(), fetch.Request{URL: "http://\x00/s3cret"})
	if fetch.KindOf(err) != fetch.Refused || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("error is %v", err)
	}
}
