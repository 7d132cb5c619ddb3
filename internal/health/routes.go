package health

import (
	"encoding/json"
	"net/http"
	"time"
)

// Report is the document at /health.
type Report struct {
	// Status is ok, degraded when a part is not well, down when the process is not ready.
	Status  State     `json:"status"`
	Ready   bool      `json:"ready"`
	Missing []string  `json:"missing"`
	Version string    `json:"version"`
	Network string    `json:"network"`
	Roles   []string  `json:"roles"`
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"`
	Parts   []Part    `json:"parts"`
}

// Connection is what /healthcheck tells about the chain that the process stands on.
type Connection struct {
	Connected bool
	Endpoint  string    // of the node; empty without one
	Since     time.Time // of the connection; zero when there never was one
}

// Service is a process that tells about its health.
type Service struct {
	Board            *Board
	Version, Network string
	Roles            []string
	Started          time.Time
	// Chain tells about the connection to the chain; nil when the process needs none.
	Chain func() Connection
}

// Report is the whole of what is known.
func (s *Service) Report() Report {
	r := Report{
		Version: s.Version, Network: s.Network, Roles: s.Roles, Started: s.Started.UTC(), Now: s.Board.now().UTC(),
		Parts: s.Board.Parts(), Status: OK,
	}
	r.Ready, r.Missing = s.Board.Ready()
	if r.Missing == nil {
		r.Missing = []string{}
	}
	for _, p := range r.Parts {
		if p.State != OK && p.State != Off {
			r.Status = Degraded
		}
	}
	if !r.Ready {
		r.Status = Down
	}
	return r
}

// Routes adds the routes of a process's health to mux.
//
//	/live         200 as long as the process answers
//	/ready        200, or 503 with what is missing
//	/health       the whole report, with the status of /ready
//	/healthcheck  the old backend's
func (s *Service) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /live", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		r := s.Report()
		writeJSON(w, code(r), struct {
			Ready   bool     `json:"ready"`
			Missing []string `json:"missing"`
		}{r.Ready, r.Missing})
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		r := s.Report()
		writeJSON(w, code(r), r)
	})
	mux.HandleFunc("GET /healthcheck", s.Healthcheck)
}

func code(r Report) int {
	if r.Ready {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// Healthcheck answers as the old backend did: JSON in plain text while the chain is connected, 403 while it is not, and
// "Good!" where no chain is needed. Unlike there, the fields are those of the moment. It must not decide over
// restarts: a chain that is away comes back by itself.
func (s *Service) Healthcheck(w http.ResponseWriter, _ *http.Request) {
	if s.Chain == nil {
		text(w, http.StatusOK, "Good!")
		return
	}
	c := s.Chain()
	if !c.Connected {
		text(w, http.StatusForbidden, "API Handler not Connected!")
		return
	}
	since := int64(-1)
	if !c.Since.IsZero() {
		since = c.Since.UnixMilli()
	}
	b, err := json.Marshal(struct {
		Version         string `json:"version"`
		Connected       bool   `json:"connected"`
		CurrentEndpoint string `json:"currentEndpoint,omitempty"`
		UpSince         int64  `json:"upSince"`
	}{s.Version, true, c.Endpoint, since})
	if err != nil {
		text(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	text(w, http.StatusOK, string(b))
}

func text(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // whoever asked is gone if this fails
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		text(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
