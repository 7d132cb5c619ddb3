package simsources

import (
	"net/http"
	"sync"
)

// Kind is a way in which a service misbehaves.
type Kind struct {
	Service string // github, location, prices, remote, list
	How     How
}

// How a service misbehaves.
type How int

// The ways.
const (
	ServerError How = iota // status 500
	RateLimited            // status 429 and Retry-After
	Stalled                // no answer until the client or the server gives up
	Garbage                // status 200 and no JSON
	Cut                    // the connection breaks in the middle of the answer
)

// Trouble begins a kind of misbehaviour; end ends it.
func (s *Server) Trouble(k Kind) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble[k]++
	var once sync.Once
	return func() {
		once.Do(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.trouble[k]--
		})
	}
}

// Hits is how often a kind has acted.
func (s *Server) Hits(k Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[k]
}

// misbehave answers a request wrongly when it is to be; it may also spoil the body and leave the rest to the caller.
func (s *Server) misbehave(service string, w http.ResponseWriter, r *http.Request, body *[]byte) bool {
	s.mu.Lock()
	is := func(h How) bool {
		k := Kind{service, h}
		if s.trouble[k] == 0 {
			return false
		}
		s.hits[k]++
		return true
	}
	failed, limited, stalled, garbage, cut := is(ServerError), is(RateLimited), is(Stalled), is(Garbage), is(Cut)
	s.mu.Unlock()
	switch {
	case failed:
		w.WriteHeader(http.StatusInternalServerError)
		return true
	case limited:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	case stalled:
		select {
		case <-r.Context().Done():
		case <-s.end:
		}
		return true
	case cut:
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write((*body)[:len(*body)/2]) // that is the fault
		return true
	case garbage:
		*body = []byte("<html><body>Bad gateway</body></html>")
	}
	return false
}
