package candidates

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server answers with what the test sets, and remembers the requests.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	handler http.HandlerFunc
	headers []http.Header
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.headers = append(s.headers, r.Header)
		handle := s.handler
		s.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// answer sets how requests are answered from now on.
func (s *server) answer(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

// header is that of the nth request; negative numbers count from the end.
func (s *server) header(n int) http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 {
		n += len(s.headers)
	}
	return s.headers[n]
}

// serve answers with a list and its validators, 304 to whoever has it.
func (s *server) serve(body, etag string) {
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
			w.Header().Set("Last-Modified", "Wed, 05 Nov 2025 12:00:00 GMT")
			if r.Header.Get("If-None-Match") == etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		_, _ = w.Write([]byte(body))
	})
}

// clock is a time that moves an hour with each reading.
func clock() func() time.Time {
	now := time.Date(2025, 11, 5, 0, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Hour)
		return now
	}
}

func newTestLoader(t *testing.T, location string, change func(*Options)) *Loader {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	o := Options{Location: location, Network: kusama, Transport: transport, Now: clock()}
	if change != nil {
		change(&o)
	}
	return NewLoader(o)
}

func mustLoad(t *testing.T, l *Loader) Result {
	t.Helper()
	r, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.CacheErr != nil {
		t.Fatal(r.CacheErr)
	}
	return r
}

func TestConditionalRequests(t *testing.T) {
	s := newServer(t)
	l := newTestLoader(t, s.URL, nil)
	s.serve(list(good(1)), `"one"`)
	r := mustLoad(t, l)
	if !r.Changed || r.Stale != nil || len(r.List.Entries) != 1 || s.header(0).Get("If-None-Match") != "" {
		t.Fatalf("first: %+v", r)
	}
	again := mustLoad(t, l)
	h := s.header(1)
	if h.Get("If-None-Match") != `"one"` || h.Get("If-Modified-Since") == "" {
		t.Errorf("second request is not conditional: %v", h)
	}
	if again.Changed || again.Stale != nil || again.Fetched != r.Fetched || !again.Confirmed.After(r.Confirmed) || again.List != r.List {
		t.Errorf("second: %+v", again)
	}
	s.serve(list(good(1), good(2)), `"two"`)
	third := mustLoad(t, l)
	if !third.Changed || len(third.List.Entries) != 2 || !third.Fetched.After(again.Confirmed) {
		t.Errorf("third: %+v", third)
	}
	s.serve(list(good(1), good(2)), "") // the same without validators
	if fourth := mustLoad(t, l); fourth.Changed || fourth.Fetched != third.Fetched || !fourth.Confirmed.After(third.Confirmed) {
		t.Errorf("fourth, of the same content: %+v", fourth)
	}
}

// badAnswers are what a source may do instead of delivering a good list, with the sentence it gives.
var badAnswers = []struct {
	name    string
	handler http.HandlerFunc
	want    string
}{
	{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "the server answers 500 Internal Server Error"},
	{"404", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, "the server answers 404 Not Found"},
	{"page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("\n<!doctype html><p>maintenance"))
	}, "the server answers with a web page instead of JSON (text/html)"},
	{"too great", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5000)) }, "it is greater than the limit of 4096 bytes"},
	{"cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	}, "unexpected EOF"},
	{"closed", func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = c.Close()
		}
	}, "EOF"},
	{"empty", func(http.ResponseWriter, *http.Request) {}, "is refused: line 1: it is not JSON: column 1: it is empty (L1)"},
	{"bad list", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(list(good(1, "kyc", "")))) }, "is refused: line 2: kyc is missing (L7)"},
	{"wrong network", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(list(good(1, "stash", quote(account(0, 1))))))
	}, "this is not a list for Kusama (address prefix 2): its only stash carries address prefix 0, that of Polkadot"},
	{"redirects for ever", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, "more than 5 redirects"},
	{"redirect to a file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	}, "a redirect to file"},
}

func TestBadAnswers(t *testing.T) {
	for _, c := range badAnswers {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			s.answer(c.handler)
			l := newTestLoader(t, s.URL, func(o *Options) { o.MaxBytes = 4096 })
			_, err := l.Load(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.URL) || strings.Contains(err.Error(), "\n") {
				t.Errorf("without a list before: %v", err)
			}
			s.serve(list(good(1)), `"one"`)
			first := mustLoad(t, l)
			s.answer(c.handler)
			r := mustLoad(t, l)
			if r.Stale == nil || !strings.Contains(r.Stale.Error(), c.want) || r.Changed || r.List != first.List {
				t.Fatalf("with a list before: %+v", r)
			}
			if !r.Stale.Since.Equal(first.Confirmed) {
				t.Errorf("stale since %v, want %v", r.Stale.Since, first.Confirmed)
			}
			s.serve(list(good(1)), `"one"`)
			if r := mustLoad(t, l); r.Stale != nil {
				t.Errorf("after recovery: %v", r.Stale)
			}
			if h := s.header(-1); h.Get("If-None-Match") != `"one"` {
				t.Error("the validators of the good list were lost")
			}
		})
	}
}

func TestTypedConditions(t *testing.T) {
	s := newServer(t)
	l := newTestLoader(t, s.URL, nil)
	s.serve(list(good(1)), "")
	mustLoad(t, l)
	s.serve(list(good(1, "kyc", "")), "")
	r := mustLoad(t, l)
	var refused *RefusedError
	if !errors.As(r.Stale, &refused) || len(refused.Findings) != 1 {
		t.Errorf("%v", r.Stale)
	}
}

func TestUnexpected304(t *testing.T) {
	s := newServer(t)
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	if _, err := newTestLoader(t, s.URL, nil).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "304 Not Modified") {
		t.Errorf("%v", err)
	}
}

func TestTimeout(t *testing.T) {
	s := newServer(t)
	for _, flush := range []bool{false, true} { // before and within the answer
		s.answer(func(w http.ResponseWriter, r *http.Request) {
			if flush {
				_, _ = w.Write([]byte("{"))
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		l := newTestLoader(t, s.URL, func(o *Options) { o.Timeout = 50 * time.Millisecond })
		if _, err := l.Load(t.Context()); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 50ms") {
			t.Errorf("flush %v: %v", flush, err)
		}
	}
}

// TestInterrupted: when the caller gives up, the last good list does not stand in.
func TestInterrupted(t *testing.T) {
	s := newServer(t)
	l := newTestLoader(t, s.URL, nil)
	s.serve(list(good(1)), "")
	mustLoad(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	s.answer(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := l.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestRedirectIsFollowed(t *testing.T) {
	s := newServer(t)
	s.answer(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/new" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		_, _ = w.Write([]byte(list(good(1))))
	})
	mustLoad(t, newTestLoader(t, s.URL, nil))
}

func TestRedirectAwayFromTLS(t *testing.T) {
	plain := newServer(t)
	plain.serve(list(good(1)), "")
	tls := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer tls.Close()
	l := newTestLoader(t, tls.URL, func(o *Options) { o.Transport = tls.Client().Transport })
	if _, err := l.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "a redirect from https to http") {
		t.Errorf("%v", err)
	}
}

func TestUnreachable(t *testing.T) {
	s := newServer(t)
	s.Close()
	l := newTestLoader(t, strings.Replace(s.URL, "http://", "http://user:hunter2@", 1), nil)
	if _, err := l.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.json")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cache := t.TempDir()
	l := newTestLoader(t, path, func(o *Options) { o.CacheDir = cache })
	if _, err := l.Load(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no file: %v", err)
	}
	write(list(good(1)))
	if r := mustLoad(t, l); !r.Changed || r.Stale != nil {
		t.Fatalf("%+v", r)
	}
	if r := mustLoad(t, l); r.Changed {
		t.Error("an untouched file counts as changed")
	}
	write(list(good(1))[:30])
	if r := mustLoad(t, l); r.Stale == nil || len(r.List.Entries) != 1 {
		t.Errorf("%+v", r)
	}
	if files, _ := os.ReadDir(cache); len(files) != 0 {
		t.Error("a file was copied to the cache")
	}
}
