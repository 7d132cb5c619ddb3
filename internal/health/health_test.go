package health

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// get asks a service, and returns status, content type and body.
func get(s *Service, path string) (int, string, string) {
	mux := http.NewServeMux()
	s.Routes(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Header().Get("Content-Type"), w.Body.String()
}

func TestReadiness(t *testing.T) {
	now := time.UnixMilli(1_780_000_000_000)
	var changes []string
	b := NewBoard(func() time.Time { return now }, func(p Part) { changes = append(changes, p.Name+" "+string(p.State)) })
	s := &Service{Board: b, Version: "v1", Network: "kusama", Roles: []string{"core"}, Started: now}
	check := func(what string, ready bool, missing ...string) {
		t.Helper()
		got, why := b.Ready()
		if got != ready || cmp.Diff(missing, why) != "" {
			t.Errorf("%s: ready %v, missing %q", what, got, why)
		}
		status, _, _ := get(s, "/ready")
		if (status == http.StatusOK) != ready {
			t.Errorf("%s: /ready answers %d", what, status)
		}
		if live, _, _ := get(s, "/live"); live != http.StatusOK {
			t.Errorf("%s: /live answers %d", what, live)
		}
	}
	check("empty", false, "the process is starting")
	b.Add("database", true)
	b.Add("relay chain", false)
	check("started", false, "database: starting")
	b.Set("database", OK, "")
	b.Set("relay chain", Down, "no node\nanswers")
	check("without the chain", true)
	now = now.Add(time.Minute)
	b.Set("database", Down, "out of reach")
	check("without the database", false, "database: down, out of reach")
	now = now.Add(time.Minute)
	b.Set("database", Down, "still out of reach")
	b.Set("telemetry", Off, "")
	parts := b.Parts()
	at := func(m int) time.Time {
		return time.UnixMilli(1_780_000_000_000).Add(time.Duration(m) * time.Minute).UTC()
	}
	start := at(0)
	want := []Part{
		{Name: "database", State: Down, Text: "still out of reach", Since: at(1), LastOK: &start, Needed: true},
		{Name: "relay chain", State: Down, Text: "no node answers", Since: at(0)},
		{Name: "telemetry", State: Off, Since: at(2)},
	}
	if d := cmp.Diff(want, parts); d != "" {
		t.Error(d)
	}
	status, kind, body := get(s, "/health")
	var r Report
	if err := json.Unmarshal([]byte(body), &r); err != nil || status != http.StatusServiceUnavailable || r.Status != Down || len(r.Parts) != 3 || kind != "application/json; charset=utf-8" {
		t.Error(status, kind, body, err)
	}
	b.Set("database", OK, "")
	if r := s.Report(); r.Status != Degraded || !r.Ready {
		t.Errorf("%+v", r)
	}
	b.Set("relay chain", OK, "")
	if r := s.Report(); r.Status != OK {
		t.Errorf("%+v", r)
	}
	b.Stop()
	check("stopping", false, "the process is stopping")
	if d := cmp.Diff([]string{"database ok", "relay chain down", "database down", "telemetry off", "database ok", "relay chain ok"}, changes); d != "" {
		t.Error(d)
	}
}

func TestHealthcheckOfTheOldBackend(t *testing.T) {
	b := NewBoard(time.Now, nil)
	since := time.UnixMilli(1_700_000_000_000)
	for _, c := range []struct {
		chain  func() Connection
		status int
		body   string
	}{
		{nil, 200, "Good!"},
		{func() Connection { return Connection{} }, 403, "API Handler not Connected!"},
		{func() Connection { return Connection{Connected: true, Endpoint: "wss://rpc.example", Since: since} }, 200,
			`{"version":"3.3.5","connected":true,"currentEndpoint":"wss://rpc.example","upSince":1700000000000}`},
		{func() Connection { return Connection{Connected: true} }, 200, `{"version":"3.3.5","connected":true,"upSince":-1}`},
	} {
		status, kind, body := get(&Service{Board: b, Version: "3.3.5", Chain: c.chain}, "/healthcheck")
		if d := cmp.Diff(fmt.Sprint(c.status, "text/plain; charset=utf-8", c.body), fmt.Sprint(status, kind, body)); d != "" {
			t.Error(d)
		}
	}
}
