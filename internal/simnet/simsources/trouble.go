package simsources

import (
	"net/http"

	"github.com/thousand-validators/otv/internal/simnet/tally"
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

// Trouble are the kinds of misbehaviour, to be begun and counted.
func (s *Server) Trouble() *tally.Tally[Kind] { return &s.trouble }

// misbehave answers a request wrongly when it is to be; it may also spoil the body and leave the rest to the caller.
func (s *Server) misbehave(service string, w http.ResponseWriter, r *http.Request, body *[]byte) bool {
	is := func(h How) bool { return s.trouble.Is(Kind{service, h}) }
	failed, limited, stalled, garbage, cut := is(ServerError), is(RateLimited), is(Stalled), is(Garbage), is(Cut)
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
