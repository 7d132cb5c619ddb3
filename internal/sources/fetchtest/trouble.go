package fetchtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// Case is a source of trouble: a server that misbehaves, and a clock that makes the waiting short.
type Case struct {
	Name  string
	URL   string
	Clock *Clock
	// Want are the kinds of failure a client may report.
	Want []fetch.Kind
	// Retry says that the server asks to be left alone for an hour.
	Retry bool

	requests atomic.Int64
	sent     atomic.Int64
}

// Requests is how many requests the server has seen.
func (c *Case) Requests() int { return int(c.requests.Load()) }

// hugeSize is the answer without end, in bytes, and mostSent what a bounded client lets the server send of it: its
// own limit and what fits into the buffers of a connection, for each attempt.
const (
	hugeSize = 100 << 20
	mostSent = 64 << 20
	// mostMemory bounds what server and client together allocate for one case.
	mostMemory = 96 << 20
)

// RunTroubles runs a test against every kind of misbehaving server. Timeout is that of the client; all shorter and
// longer timers are due at once.
func RunTroubles(t *testing.T, timeout time.Duration, test func(t *testing.T, c *Case)) {
	text := func(status int, kind, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // the client may be gone
		}
	}
	kinds := func(k ...fetch.Kind) []fetch.Kind { return k }
	for _, tt := range []struct {
		name    string
		handler func(c *Case) http.HandlerFunc
		want    []fetch.Kind
		retry   bool
	}{
		{"slow to answer", func(c *Case) http.HandlerFunc {
			return func(_ http.ResponseWriter, r *http.Request) {
				c.Clock.Advance(timeout) // the request is here, so its timer is set
				<-r.Context().Done()
			}
		}, kinds(fetch.TimedOut), false},
		{"stops in the middle", func(c *Case) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, "[")
				_ = http.NewResponseController(w).Flush()
				c.Clock.Advance(timeout)
				<-r.Context().Done()
			}
		}, kinds(fetch.TimedOut), false},
		{"down", nil, kinds(fetch.Unreachable), false},
		{"failing", func(*Case) http.HandlerFunc { return text(503, "text/plain", "maintenance") }, kinds(fetch.Failing), false},
		{"limiting for an hour", func(*Case) http.HandlerFunc {
			return text(429, "application/json", "{}", "Retry-After", "3600")
		}, kinds(fetch.Limited), true},
		{"limiting as GitHub does", func(c *Case) http.HandlerFunc {
			return text(403, "application/json", "{}", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(Start.Add(time.Hour).Unix()))
		}, kinds(fetch.Limited), true},
		{"refusing", func(*Case) http.HandlerFunc { return text(401, "application/json", `{"error":"token"}`) }, kinds(fetch.Refused), false},
		{"a web page", func(*Case) http.HandlerFunc { return text(200, "text/html", "<html>please log in</html>") }, kinds(fetch.Content), false},
		{"a web page called JSON", func(*Case) http.HandlerFunc { return text(200, "application/json", " <!doctype html>") }, kinds(fetch.Content), false},
		{"a picture", func(*Case) http.HandlerFunc { return text(200, "image/png", "\x89PNG") }, kinds(fetch.Content), false},
		{"no JSON", func(*Case) http.HandlerFunc { return text(200, "application/json", "{]") }, kinds(fetch.Content), false},
		{"other JSON", func(*Case) http.HandlerFunc { return text(200, "application/json", `"hello"`) }, kinds(fetch.Content), false},
		{"deep JSON", func(*Case) http.HandlerFunc {
			return text(200, "application/json", strings.Repeat("[", 100_000))
		}, kinds(fetch.Content), false},
		{"shorter than it says", func(*Case) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, "[1")
			}
		}, kinds(fetch.Unreachable), false},
		{"not modified without being asked", func(*Case) http.HandlerFunc { return text(304, "", "") }, kinds(fetch.Content), false},
		{"redirecting for ever", func(*Case) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			}
		}, kinds(fetch.Unreachable), false},
		{"100 MB announced", func(c *Case) http.HandlerFunc { return c.huge(true) }, kinds(fetch.Content), false},
		{"100 MB", func(c *Case) http.HandlerFunc { return c.huge(false) }, kinds(fetch.Content), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Case{Name: tt.name, Clock: NewClock(), Want: tt.want, Retry: tt.retry}
			c.Clock.Auto(func(d time.Duration) bool { return d != timeout })
			var handler http.HandlerFunc
			if tt.handler != nil {
				handler = tt.handler(c)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.requests.Add(1)
				handler(w, r)
			}))
			t.Cleanup(server.Close)
			c.URL = server.URL
			if handler == nil {
				server.Close()
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			test(t, c)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > mostMemory {
				t.Errorf("%d bytes were allocated", n)
			}
			if n := c.sent.Load(); n > mostSent {
				t.Errorf("the server could send %d bytes", n)
			}
		})
	}
}

// huge sends 100 MB of white space, which is good JSON up to its end.
func (c *Case) huge(announced bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if announced {
			w.Header().Set("Content-Length", fmt.Sprint(hugeSize))
		}
		chunk := []byte(strings.Repeat(" ", 64<<10))
		for n := 0; n < hugeSize; n += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
			c.sent.Add(int64(len(chunk)))
		}
	}
}
