// Package simsources is one HTTP server that answers in place of the outside services: client releases as GitHub lists
// them, locations as ipinfo tells them, prices as CoinGecko does, ranks as another instance of the programme, and the
// candidate list. It misbehaves on demand.
package simsources

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/simnet/tally"
)

// Release is a release of the client.
type Release struct {
	Tag, Title string
	Published  int64 // ms
	Prerelease bool
}

// Place is where an address is.
type Place struct {
	City, Region, Country string
	Latitude, Longitude   float64
	ASN                   uint32
	Provider              string
	VPN                   bool
}

// Rank is what another instance of the programme says of a stash.
type Rank struct {
	Name    string
	Rank    int
	Valid   bool
	Failing []string
}

// Server is a running server.
type Server struct {
	http *http.Server
	addr string
	done chan struct{}
	now  func() int64
	end  chan struct{} // closed by Close

	mu         sync.Mutex
	releases   []Release // the newest first
	places     map[string]Place
	ranks      map[string]Rank
	price      float64 // in US dollars
	asset      string
	candidates []byte
	counts     map[string]int
	trouble    tally.Tally[Kind]
}

// Start starts a server on a free port of the loopback interface. now is the time in ms; asset is the coin's id.
func Start(now func() int64, asset string) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the outside services: %w", err)
	}
	s := &Server{
		addr: l.Addr().String(), done: make(chan struct{}), end: make(chan struct{}), now: now, asset: asset, price: 5,
		places: map[string]Place{}, ranks: map[string]Rank{}, counts: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /github/repos/{owner}/{repo}/releases", s.answer("github", s.listReleases))
	mux.HandleFunc("GET /location/{path...}", s.answer("location", s.location))
	mux.HandleFunc("GET /prices/simple/price", s.answer("prices", s.currentPrice))
	mux.HandleFunc("GET /prices/coins/{id}/history", s.answer("prices", s.priceOfDay))
	mux.HandleFunc("GET /remote/candidate/{stash}", s.answer("remote", s.remoteCandidate))
	mux.HandleFunc("GET /remote/candidates", s.answer("remote", s.remoteCandidates))
	mux.HandleFunc("GET /list/candidates.json", s.answer("list", s.candidateList))
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // always ends with an error: closed
	}()
	return s, nil
}

// Close stops the server.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.end:
	default:
		close(s.end)
	}
	s.mu.Unlock()
	_ = s.http.Close() // a second close is harmless
	<-s.done
}

// The base addresses of the services.

// GitHub is the base of the releases' API.
func (s *Server) GitHub() string { return "http://" + s.addr + "/github" }

// Location is the base of the location service.
func (s *Server) Location() string { return "http://" + s.addr + "/location" }

// Prices is the base of the price service.
func (s *Server) Prices() string { return "http://" + s.addr + "/prices" }

// Remote is the base of the other instance.
func (s *Server) Remote() string { return "http://" + s.addr + "/remote" }

// List is the address of the candidate list.
func (s *Server) List() string { return "http://" + s.addr + "/list/candidates.json" }

// Count is how often a service was asked: github, location, prices, remote or list.
func (s *Server) Count(service string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[service]
}

// AddRelease publishes a release.
func (s *Server) AddRelease(r Release) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases = append([]Release{r}, s.releases...)
}

// SetPlace says where an address is.
func (s *Server) SetPlace(ip string, p Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places[ip] = p
}

// SetRank says what the other instance knows of a stash.
func (s *Server) SetRank(stash string, r Rank) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranks[stash] = r
}

// SetCandidates replaces the candidate list.
func (s *Server) SetCandidates(list []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.candidates = list
}

// SetPrice changes the price, in US dollars.
func (s *Server) SetPrice(usd float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.price = usd
}

// answer wraps a service: counting, misbehaviour, validators.
func (s *Server) answer(service string, fn func(*http.Request) (any, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.counts[service]++
		body, status := fn(r)
		s.mu.Unlock()
		data, ok := body.([]byte)
		if !ok && body != nil {
			var err error
			if data, err = json.Marshal(body); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		if s.misbehave(service, w, r, &data) {
			return
		}
		tag := fmt.Sprintf(`"%x"`, sha256.Sum256(data))
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", tag)
		if status == http.StatusOK && strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write(data) // the client may be gone
	}
}
