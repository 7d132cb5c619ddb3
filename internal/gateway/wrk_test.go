//go:build bench

package gateway_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/gateway/gatewaytest"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

// measured is a route under load. A path with %s is asked for every candidate in turn.
type measured struct {
	name, path string
	headers    []string
}

// floor is where the packed list of candidates is served by a handler that does nothing else: what the machine can send.
const floor = "/floor"

func measuredRoutes(tag string) []measured {
	gz := []string{"Accept-Encoding: gzip"}
	return []measured{
		{"list of candidates, gzip", "/candidates", gz},
		{"the same bytes from a handler that does nothing else", floor, nil},
		{"list of candidates, unchanged (304)", "/candidates", []string{"If-None-Match: " + tag}},
		{"list of nominators, gzip", "/nominators", gz},
		{"page of 100 candidates, gzip", gateway.V1 + "/candidates", gz},
		{"candidate", "/candidate/%s", nil},
		{"score", "/score/%s", nil},
		{"stake", "/nominatorstake/%s", nil},
		{"points of 84 eras, gzip", "/erapoints/%s", gz},
		{"explanation, gzip", gateway.V1 + "/candidates/%s/explain", gz},
	}
}

// TestWrk measures throughput and latency with wrk, server and wrk on the same cores: warm, with every answer kept, and
// cold, with none kept, so that each is built for its request.
func TestWrk(t *testing.T) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		t.Fatal(err)
	}
	const candidates = 1126
	seconds := os.Getenv("BENCH_SECONDS") // of each route; 4 unless set
	if seconds == "" {
		seconds = "4"
	}
	for _, kind := range []string{"SQLite", "PostgreSQL"} {
		t.Run(kind, func(t *testing.T) {
			target := filepath.Join(t.TempDir(), "otv.db")
			if kind == "PostgreSQL" {
				target = pgtest.URL(t)
			}
			s, err := store.Open(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			p, err := gatewaytest.New(t.Context(), s, candidates, 20)
			if err != nil {
				t.Fatal(err)
			}
			reading, err := store.OpenReadOnly(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = reading.Close() }()
			for _, mode := range []struct {
				name string
				kept int
			}{{"warm", 256 << 20}, {"cold", 1}} {
				g, err := gateway.New(gateway.Options{
					Data: reading, Logger: slog.New(slog.DiscardHandler), Now: p.World.Now, Rules: p.World.Rules(), Network: gatewaytest.Network, Kept: mode.kept,
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := g.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				r := &rig{p, g, t}
				began := time.Now()
				resp, body := r.ask("GET", "/candidates")
				took := time.Since(began).Round(time.Millisecond)
				_, packed := r.ask("GET", "/candidates", "Accept-Encoding", "gzip")
				// A node came or went, as every few seconds: only presence is read again.
				if err := p.Store.SavePresence(t.Context(), memory.PresenceBatch{Observer: memory.Observer{Seen: p.World.Millis()}}); err != nil {
					t.Fatal(err)
				}
				if err := g.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				began = time.Now()
				r.ask("GET", "/candidates")
				t.Logf("%s, %s: list of candidates after a change of presence: %v", kind, mode.name, time.Since(began).Round(time.Millisecond))
				t.Logf("%s, %s: first list of candidates: %v, %d KiB, %d KiB packed", kind, mode.name, took, len(body)>>10, len(packed)>>10)
				r.ask("GET", gateway.V1+"/candidates/1/explain") // reads the record, as a running gateway does ahead
				load(t, wrk, seconds, kind, mode.name, g, p, resp.Header.Get("ETag"), []byte(packed))
			}
		})
	}
}

var (
	perSecond = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	slowest   = regexp.MustCompile(`99%\s+([\d.]+\w+)`)
	median    = regexp.MustCompile(`50%\s+([\d.]+\w+)`)
	failures  = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)|Socket errors: .*`)
)

func load(t *testing.T, wrk, seconds, kind, mode string, g *gateway.Gateway, p *gatewaytest.Programme, tag string, packed []byte) {
	ctx, cancel := context.WithCancel(t.Context())
	bound := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == floor {
			w.Header().Set("Content-Length", strconv.Itoa(len(packed)))
			_, _ = w.Write(packed)
			return
		}
		g.ServeHTTP(w, r)
	})
	l := ops.Listener{
		Name: "api", Key: "server.port", Address: "127.0.0.1:0", Handler: handler, Logger: slog.New(slog.DiscardHandler), Bound: func(a net.Addr) { bound <- a },
	}
	go func() { ended <- l.Run(ctx, func() {}) }()
	address := (<-bound).String()
	var stashes []string
	for _, c := range p.World.List {
		if c.Slot != 3 { // it has left the list, and no round decides on it
			stashes = append(stashes, `"`+string(c.Stash)+`"`)
		}
	}
	for _, m := range measuredRoutes(tag) {
		script := filepath.Join(t.TempDir(), "route.lua")
		var lua strings.Builder
		fmt.Fprintf(&lua, "local stashes = {%s}\nlocal n = 0\n", strings.Join(stashes, ","))
		for _, h := range m.headers {
			name, value, _ := strings.Cut(h, ": ")
			fmt.Fprintf(&lua, "wrk.headers[%q] = [==[%s]==]\n", name, value)
		}
		path := strings.ReplaceAll(m.path, "%s", `" .. stashes[n % #stashes + 1] .. "`)
		fmt.Fprintf(&lua, "request = function()\n n = n + 1\n return wrk.format(nil, \"%s\")\nend\n", path)
		if err := os.WriteFile(script, []byte(lua.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"-t1", "-c32", "--latency", "-s", script, "http://" + address}
		if mode == "warm" && strings.Contains(m.path, "%s") { // every answer once
			if out, err := exec.CommandContext(t.Context(), wrk, append([]string{"-d1s"}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		out, err := exec.CommandContext(t.Context(), wrk, append([]string{"-d" + seconds + "s"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		one := func(r *regexp.Regexp) string {
			if found := r.FindSubmatch(out); found != nil {
				return string(found[len(found)-1])
			}
			return "?"
		}
		t.Logf("| %s | %s | %s | %s/s | %s | %s |%s", kind, mode, m.name, one(perSecond), one(median), one(slowest), failures.Find(out))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	runtime.GC()
}
