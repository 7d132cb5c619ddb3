package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/simnet"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// lines is an output that can be waited for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	close(l.news)
	l.news = make(chan struct{})
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// until waits for a text.
func (l *lines) until(t *testing.T, text string) {
	t.Helper()
	limit := time.After(patience)
	for {
		l.mu.Lock()
		have, news := strings.Contains(l.text.String(), text), l.news
		l.mu.Unlock()
		if have {
			return
		}
		select {
		case <-news:
		case <-limit:
			t.Fatalf("it never says %q:\n%s", text, l)
		}
	}
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b
}

// TestDemo: the demo holds a round, nominates, executes an announcement, serves what it promises, and stops in order.
func TestDemo(t *testing.T) {
	for _, topology := range []simnet.Topology{simnet.Three, simnet.One} {
		t.Run(string(topology), func(t *testing.T) {
			if topology == simnet.One && testing.Short() {
				t.Skip("one topology is enough for -short")
			}
			dir := filepath.Join(t.TempDir(), "data")
			out := &lines{news: make(chan struct{})}
			started := make(chan Addresses, 1)
			ended := make(chan error, 1)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			d := Demo{
				Seed: 5, Speed: 18, Topology: topology, Candidates: 9, Dir: dir, Out: out, Random: rand.Reader, Now: time.Now,
				Started: func(a Addresses) { started <- a },
			}
			go func() { ended <- d.Run(ctx) }()
			var a Addresses
			select {
			case a = <-started:
			case err := <-ended:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatalf("it does not start:\n%s", out)
			}
			out.until(t, "nominator 3 (delayed) has announced its nomination")
			out.until(t, "nominator 3 (delayed) has nominated")
			if status, page := get(t, a.Status); status != http.StatusOK || !strings.Contains(string(page), Sentence) || !strings.Contains(string(page), "simnet") {
				t.Errorf("%s: %d %s", a.Status, status, page)
			}
			status, record := get(t, a.API+"/rounds/latest/record")
			if status != http.StatusOK {
				t.Fatal(status, string(record))
			}
			if _, err := decision.Verify(record); err != nil {
				t.Errorf("the record that was downloaded: %v", err)
			}
			for url, want := range map[string]int{a.Swagger: http.StatusOK, a.Metrics: http.StatusOK, a.Jobs: http.StatusUnauthorized} {
				if status, _ := get(t, url); status != want {
					t.Errorf("%s: %d, want %d", url, status, want)
				}
			}
			stop()
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Fatal("it does not stop")
			}
			text := out.String()
			for _, want := range []string{
				"demo       this is a simulation", "candidates appear in the list", "programme  checks 9 candidates", "scores ", "round of era ",
				"nominator 1 (direct) has nominated", "nominator 2 (proxy) has nominated", "demo       stopped",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("it never says %q", want)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
			// What it has written down stays in a folder that was asked for, and nothing of another run is taken up.
			if _, err := os.Stat(filepath.Join(dir, "otv.db")); err != nil {
				t.Error(err)
			}
			var input *app.InputError
			if err := d.Run(t.Context()); !errors.As(err, &input) || !strings.Contains(err.Error(), "is not empty") {
				t.Errorf("a folder in use: %v", err)
			}
		})
	}
}
