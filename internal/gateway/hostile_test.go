package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/ops"
)

// pieces are what hostile paths and queries are made of.
var pieces = []string{
	"..", ".", "%2e%2e", "%00", "\x7f", "%ff%fe", "'", "\"", "--", ";", "<script>", "${jndi:ldap://x}", "{{7*7}}", "%25", "🜁", "é", "*", "?", "#", "&", "=",
	"/", "//", "\\", " ", "+", "null", "NaN", "-1", "0", "1e309", "18446744073709551616", "99999999999999999999999", "true", "[]", "%0d%0aSet-Cookie:a=b",
	"admin", "latest", "sha256:", "csv", "json", "1000", "1001", "MDoxMjM", "select", "union", "0x00",
}

// hostile makes a path that might do harm.
func hostile(rnd *rand.Rand, known []string) string {
	junk := func() string {
		var b strings.Builder
		for range 1 + rnd.IntN(4) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		if rnd.IntN(40) == 0 {
			b.WriteString(strings.Repeat("A", 1+rnd.IntN(20_000)))
		}
		return b.String()
	}
	path := known[rnd.IntN(len(known))]
	parts := strings.Split(path, "/")
	switch rnd.IntN(6) {
	case 0:
		parts[rnd.IntN(len(parts))] = junk()
	case 1:
		parts[len(parts)-1] = junk()
	case 2:
		parts = append(parts, junk())
	case 3:
		parts = []string{"", junk(), junk()}
	}
	path = strings.Join(parts, "/")
	if rnd.IntN(2) == 0 {
		names := []string{"limit", "cursor", "fields", "format", "sort", "validity", "round", "validator", "account", "fromEra", "group", "listed", junk()}
		var query []string
		for range 1 + rnd.IntN(4) {
			query = append(query, names[rnd.IntN(len(names))]+"="+junk())
		}
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// knownPaths are where harm might be done.
func knownPaths(r *rig) []string {
	var out []string
	for _, c := range contracts() {
		out = append(out, c.path)
	}
	for _, e := range examples(r) {
		out = append(out, gateway.V1+e)
	}
	return append(out, "/", "/swagger", "/openapi.json", "/metrics", "/healthcheck", "/status", "/assets/x")
}

// hostileGateway keeps few answers, so that growth shows.
func hostileGateway(t testing.TB, r *rig, logged *strings.Builder) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(gateway.Options{
		Data: r.Store, Logger: slog.New(slog.NewTextHandler(logged, nil)), Now: r.World.Now, Rules: r.World.Rules(), Swagger: true, Network: "Kusama",
		Kept: 4 << 20, Crowd: 64,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHostileRequests(t *testing.T) {
	r := reader(t)
	var logged strings.Builder
	g := hostileGateway(t, r, &logged)
	known := knownPaths(r)
	const all = 10_000
	before := uint64(0)
	rnd := rand.New(rand.NewPCG(1, 2))
	methods := []string{"GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "TRACE", "PROPFIND", "G\xffT"}
	for i := range all {
		if i == all/2 {
			before = heap()
		}
		path := hostile(rnd, known)
		u, err := url.ParseRequestURI(path)
		if err != nil { // net/http would not pass it on either
			u = &url.URL{Path: "/" + path}
		}
		req := &http.Request{
			Method: methods[rnd.IntN(len(methods))], URL: u, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "x",
			RemoteAddr: fmt.Sprintf("192.0.2.%d:1", rnd.IntN(250)), Body: http.NoBody, RequestURI: path,
		}
		for _, name := range []string{"If-None-Match", "Accept-Encoding", "Origin", "X-Forwarded-For", "Accept", "Range", "Access-Control-Request-Method"} {
			if rnd.IntN(4) == 0 {
				req.Header.Set(name, pieces[rnd.IntN(len(pieces))])
			}
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, req.WithContext(t.Context()))
		if w.Code >= 500 {
			t.Errorf("%s %.200q: %d %.200s", req.Method, path, w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "json") && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %.200q: no JSON: %.200s", req.Method, path, w.Body)
		}
		if w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%.200q sets a cookie", path)
		}
	}
	if after := heap(); after > before+6<<20 {
		t.Errorf("the second half of the requests took %d KiB for good", (after-before)>>10)
	}
	if logged.Len() > 0 {
		t.Errorf("errors were logged: %.2000s", logged.String())
	}
}

// Bytes that are no HTTP, bodies that never come, readers that do not read, and many connections at once: on a real
// listener, with the bounds that it has in service.
func TestHostileConnections(t *testing.T) {
	r := reader(t)
	leaks := goleak.IgnoreCurrent()
	var logged strings.Builder
	g := hostileGateway(t, r, &logged)
	ctx, cancel := context.WithCancel(t.Context())
	bound := make(chan net.Addr, 1)
	l := ops.Listener{
		Name: "api", Key: "server.port", Address: "127.0.0.1:0", Handler: g, Logger: slog.New(slog.DiscardHandler), Bound: func(a net.Addr) { bound <- a },
	}
	ended := make(chan error, 2)
	go func() { ended <- l.Run(ctx, func() {}) }()
	go func() { ended <- g.Run(ctx) }()
	address := (<-bound).String()
	known := knownPaths(r)
	var wg sync.WaitGroup
	var slow []net.Conn
	for i := range 300 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(3, uint64(i)))
		path := strings.Map(func(c rune) rune {
			if c <= ' ' {
				return '_'
			}
			return c
		}, hostile(rnd, known))
		switch i % 6 {
		case 0: // never sends the end of its headers
			_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n", path)
			slow = append(slow, conn)
			continue
		case 1: // announces a body and sends a byte of it
			_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx", path)
			slow = append(slow, conn)
			continue
		case 2: // listens and never reads
			_, _ = fmt.Fprint(conn, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
			slow = append(slow, conn)
			continue
		}
		wg.Go(func() {
			defer func() { _ = conn.Close() }()
			if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
			switch i % 6 {
			case 3: // is no HTTP at all
				junk := make([]byte, 2000)
				for j := range junk {
					junk[j] = byte(rnd.Uint32())
				}
				_, _ = conn.Write(append(junk, "\r\n\r\n"...))
			case 4: // has too large headers
				_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\nConnection: close\r\n\r\n", strings.Repeat("x", 100_000))
			default:
				_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return // cut off, which is an answer too
			}
			defer func() { _ = resp.Body.Close() }()
			_, _ = io.Copy(io.Discard, resp.Body)
			if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != http.StatusHTTPVersionNotSupported {
				t.Errorf("%.100s: %s", path, resp.Status)
			}
		})
	}
	wg.Wait()
	// Whoever behaves is served meanwhile.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/candidates", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("an honest client: %v", err)
	}
	_ = resp.Body.Close()
	for _, c := range slow {
		_ = c.Close()
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if logged.Len() > 0 {
		t.Errorf("errors were logged: %.1000s", logged.String())
	}
	goleak.VerifyNone(t, leaks)
}

// FuzzParameters looks for paths and queries that bring the gateway down.
func FuzzParameters(f *testing.F) {
	for _, c := range contracts() {
		f.Add(c.path, "")
	}
	for _, q := range []string{"limit=3&cursor=MDox", "fields=slot,name&format=csv", "sort=score&listed=any&search=%ff", "fromEra=1&toEra=-1&validator=x"} {
		f.Add(gateway.V1+"/candidates", q)
		f.Add(gateway.V1+"/rewards", q)
	}
	var once sync.Once
	var g *gateway.Gateway
	f.Fuzz(func(t *testing.T, path, query string) {
		once.Do(func() { g = hostileGateway(t, reader(t), &strings.Builder{}) })
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		u := &url.URL{Path: path, RawQuery: query}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, (&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.1:1", Body: http.NoBody}).WithContext(t.Context()))
		if w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("Content-Type"), "json") && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("no JSON: %.200s", w.Body)
		}
	})
}
