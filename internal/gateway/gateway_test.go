package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

// counted is data that knows its versions only.
// elsewhereURL finds what a page would load from another site.
var elsewhereURL = regexp.MustCompile(`(?:src|href)="(?:https?:)?//`)

type counted struct {
	Data
	version atomic.Int64
	asked   chan struct{}
	fail    atomic.Bool
}

// Versions answers with what there is when it is asked, once somebody has noticed that it was.
func (c *counted) Versions(ctx context.Context) (Versions, error) {
	defer func() {
		if c.asked != nil {
			select {
			case c.asked <- struct{}{}:
			case <-ctx.Done():
			}
		}
	}()
	if c.fail.Load() {
		return nil, errors.New("database is gone: secret-password")
	}
	return Versions{"s": c.version.Load()}, nil
}

type echoed struct {
	Name string `json:"name"`
}

func plain(t *testing.T, d Data, change func(*Options)) *Gateway {
	t.Helper()
	o := Options{Data: d, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Swagger: true}
	if change != nil {
		change(&o)
	}
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	get[struct {
		Name string `path:"name"`
	}, echoed](g, route{id: "echo", path: "/echo/{name}/Once", subjects: []memory.Subject{"s"}}, func(_ context.Context, in *struct {
		Name string `path:"name"`
	}) (any, error) {
		switch in.Name {
		case "fail":
			return nil, errors.New("dial tcp 10.9.8.7: secret-password")
		case "panic":
			panic("secret-password")
		case "wrong":
			return nil, problem(http.StatusBadRequest, "not like this")
		case "nobody":
			return nil, nil
		}
		return echoed{in.Name}, nil
	})
	return g
}

func ask(t *testing.T, h http.Handler, method, target string, headers ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resp := w.Result()
	return resp, string(body(t, resp))
}

func TestPathsAndMethods(t *testing.T) {
	g := plain(t, &counted{}, nil)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodGet, "/echo/a/Once", 200, `{"name":"a"}`},
		{http.MethodHead, "/echo/a/Once", 200, ""},
		{http.MethodGet, "/echo/a/Once/", 200, `{"name":"a"}`},
		{http.MethodGet, "/echo/a/Once///", 200, `{"name":"a"}`},
		{http.MethodGet, "/ECHO/Ab/once", 200, `{"name":"Ab"}`},
		{http.MethodGet, "/echo/a%2Fb/Once", 200, `{"name":"a/b"}`},
		{http.MethodGet, "/echo/nobody/Once", 204, ""},
		{http.MethodPost, "/echo/a/Once", 404, "Not Found"},
		{http.MethodDelete, "/echo/a/once", 404, "Not Found"},
		{http.MethodGet, "/echo//Once", 404, "Not Found"},
		{http.MethodGet, "/nowhere", 404, "Not Found"},
		{http.MethodHead, "/nowhere", 404, ""},
		{http.MethodGet, "//", 302, ""},
		{http.MethodOptions, "/echo/a/Once", 404, "Not Found"},
	} {
		r, got := ask(t, g, c.method, c.path)
		if c.status == 302 {
			got = ""
		}
		if r.StatusCode != c.status || got != c.body {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, r.StatusCode, got, c.status, c.body)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: headers %v", c.method, c.path, r.Header)
		}
	}
	for path, status := range map[string]int{"/api/v1/nothing": 404, "/" + strings.Repeat("a", 2000): 414} {
		if r, got := ask(t, g, http.MethodGet, path); r.StatusCode != status || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.20s: %d %s", path, r.StatusCode, got)
		}
	}
}

func TestErrorsTellNothingFromInside(t *testing.T) {
	var log strings.Builder
	g := plain(t, &counted{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for name, status := range map[string]int{"fail": 500, "panic": 500, "wrong": 400} {
		r, got := ask(t, g, http.MethodGet, "/echo/"+name+"/Once", "Origin", "https://a.example")
		if r.StatusCode != status || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", name, r.StatusCode, r.Header.Get("Content-Type"), got)
		}
		if strings.Contains(got, "secret") || strings.Contains(got, "10.9") {
			t.Errorf("%s: the answer tells %s", name, got)
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
			t.Errorf("%s: a page of another site cannot read the error", name)
		}
	}
	if n := strings.Count(log.String(), "secret-password"); n < 2 {
		t.Errorf("the log tells of %d failures:\n%s", n, log.String())
	}
}

func TestCrossOrigin(t *testing.T) {
	open := plain(t, &counted{}, nil)
	r, _ := ask(t, open, http.MethodOptions, "/echo/a/Once", "Origin", "https://a.example",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-one")
	h := r.Header
	if r.StatusCode != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "https://a.example" ||
		h.Get("Access-Control-Allow-Headers") != "x-one" || h.Get("Access-Control-Allow-Methods") != "GET,PUT,POST,PATCH,DELETE,HEAD,OPTIONS" {
		t.Errorf("preflight: %d %v", r.StatusCode, h)
	}
	closed := plain(t, &counted{}, func(o *Options) { o.Origins = []string{"https://a.example"} })
	for origin, want := range map[string]string{"https://a.example": "https://a.example", "https://b.example": "", "": ""} {
		r, _ := ask(t, closed, http.MethodGet, "/echo/a/Once", "Origin", origin)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %q: allowed %q, want %q", origin, got, want)
		}
	}
}

func TestCounters(t *testing.T) {
	g := plain(t, &counted{}, nil)
	for _, p := range []string{"/echo/a/Once", "/echo/b/once", "/echo/c/Once/", "/nowhere"} {
		ask(t, g, http.MethodGet, p)
	}
	if got := g.counters.counts(); got["/echo/{name}/Once"] != 3 || got[unrouted] != 1 || g.counters.total.Load() != 4 {
		t.Errorf("counted %v, %d in all", got, g.counters.total.Load())
	}
}

func TestGatewayFollowsTheData(t *testing.T) {
	d := &counted{asked: make(chan struct{})}
	g := plain(t, d, func(o *Options) { o.Poll = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	<-d.asked
	d.version.Store(3)
	g.Changed()
	<-d.asked
	d.fail.Store(true)
	g.Changed()
	<-d.asked // the answer before this one has been stored by now
	if v := *g.answers.versions.Load(); v["s"] != 3 {
		t.Errorf("the gateway knows %v", v)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestDescriptionAndItsPages(t *testing.T) {
	g := plain(t, &counted{}, nil)
	r, got := ask(t, g, http.MethodGet, "/openapi.json")
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(got, "{") {
		t.Fatalf("description: %d %.60s", r.StatusCode, got)
	}
	r, got = ask(t, g, http.MethodGet, "/swagger")
	if r.StatusCode != http.StatusOK || !strings.Contains(got, "swagger-ui-bundle.js") || elsewhereURL.MatchString(got) {
		t.Errorf("pages: %d, or something from elsewhere in it:\n%s", r.StatusCode, got)
	}
	if r, _ = ask(t, g, http.MethodGet, "/swagger/swagger-ui-bundle.js"); r.StatusCode != http.StatusOK {
		t.Errorf("script of the pages: %d", r.StatusCode)
	}
	off := plain(t, &counted{}, func(o *Options) { o.Swagger = false })
	if r, _ = ask(t, off, http.MethodGet, "/swagger"); r.StatusCode != http.StatusNotFound {
		t.Errorf("pages that are switched off: %d", r.StatusCode)
	}
}
