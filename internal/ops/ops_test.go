package ops

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/lifecycle"
)

// start runs a listener and returns its address and a function that stops it.
func start(t *testing.T, l *Listener) (addr string, stop func() error) {
	t.Helper()
	bound := make(chan string, 1)
	l.Bound = func(a net.Addr) { bound <- a.String() }
	l.Logger = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	ready := make(chan struct{})
	go func() { ended <- l.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
		return <-bound, func() error { cancel(); return <-ended }
	case err := <-ended:
		cancel()
		t.Fatal(err)
		return "", nil
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// A request that is being answered when the listener stops is answered to its end, and counted.
func TestListenerDrains(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	var status int
	l := &Listener{Name: "api", Address: "127.0.0.1:0", Count: func(_ string, s int, _ time.Duration) { status = s },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(inside)
			<-release
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "whole")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		})}
	addr, stop := start(t, l)
	answer := make(chan string, 1)
	go func() {
		_, body := get(t, "http://"+addr)
		answer <- body
	}()
	<-inside
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	// New connections are refused from the moment the listener stops on.
	for {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if status != http.StatusTeapot {
		t.Errorf("counted %d", status)
	}
}

func TestPortTaken(t *testing.T) {
	first := &Listener{Name: "health", Address: "127.0.0.1:0", Handler: http.NotFoundHandler()}
	addr, stop := start(t, first)
	defer func() { _ = stop() }()
	for address, want := range map[string]string{
		addr:              addr + " is in use by another program: end that, or set health.address to another address",
		"192.0.2.1:1":     "cannot listen at 192.0.2.1:1: ",
		"127.0.0.1:99999": "cannot listen at 127.0.0.1:99999: ",
	} {
		second := &Listener{Name: "health", Key: "health.address", Address: address, Handler: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler)}
		err := second.Run(t.Context(), func() {})
		if err == nil || !strings.HasPrefix(err.Error(), want) || !lifecycle.IsPermanent(err) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	token, file, err := Token(dir, rand.Reader)
	if err != nil || len(token) != 48 {
		t.Fatal(token, err)
	}
	if again, _, err := Token(dir, nil); err != nil || again != token {
		t.Error("the token changes", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || left != nil {
		t.Error(left, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Token(dir, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Token(dir, nil); err == nil || !strings.Contains(err.Error(), "at least 16") {
		t.Error(err)
	}
	if _, _, err := Token(t.TempDir(), bytes.NewReader(nil)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, _, err := Token(filepath.Join(dir, "missing"), rand.Reader); err == nil || !strings.Contains(err.Error(), "set admin.token") {
		t.Error(err)
	}
}

func TestAdmin(t *testing.T) {
	var author string
	board := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		author = Author(r.Context())
		if r.Header.Get("Authorization") != "" {
			t.Error("the token goes on to the board")
		}
		_, _ = io.WriteString(w, "board "+r.URL.Path)
	})
	h := Protect("0123456789abcdef", Admin{Jobs: board, Pprof: true}.Handler())
	ask := func(h http.Handler, method, path string, change func(*http.Request)) (int, string) {
		r := httptest.NewRequest(method, "http://127.0.0.1:3320"+path, nil)
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String() + w.Header().Get("Location")
	}
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer 0123456789abcdef") }
	basic := func(r *http.Request) { r.SetBasicAuth("maria", "0123456789abcdef") }
	for _, c := range []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
		has                string
	}{
		{"no token", "GET", "/jobs/", nil, 401, "token is needed"},
		{"wrong token", "GET", "/jobs/", func(r *http.Request) { r.Header.Set("Authorization", "Bearer 0123456789abcdeF") }, 401, ""},
		{"no token for profiles", "GET", "/debug/pprof/", nil, 401, ""},
		{"index", "GET", "/", bearer, 200, `href="/jobs/"`},
		{"board", "GET", "/jobs/x", basic, 200, "board /jobs/x"},
		{"old path", "GET", "/bull", bearer, 303, "/jobs/"},
		{"old path, deeper", "GET", "/bull/queue", bearer, 303, "/jobs/"},
		{"profiles", "GET", "/debug/pprof/cmdline", bearer, 200, ""},
		{"change", "POST", "/jobs/retry", basic, 200, "board"},
		{"change from another site", "POST", "/jobs/retry", func(r *http.Request) { basic(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, ""},
		{"elsewhere", "GET", "/nothing", bearer, 404, ""},
	} {
		status, body := ask(h, c.method, c.path, c.change)
		if status != c.status || !strings.Contains(body, c.has) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	if author != "maria" {
		t.Errorf("author %q", author)
	}
	bare := Protect("0123456789abcdef", Admin{}.Handler())
	for _, path := range []string{"/jobs/", "/debug/pprof/", "/bull"} {
		if status, _ := ask(bare, "GET", path, bearer); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	if status, _ := ask(Protect("", Admin{}.Handler()), "GET", "/", func(r *http.Request) { r.SetBasicAuth("x", "") }); status != 401 {
		t.Error("an empty token opens")
	}
}
