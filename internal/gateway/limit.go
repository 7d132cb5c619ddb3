package gateway

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Limit says how much one client may ask for.
type Limit struct {
	PerSecond float64 // steady rate, 0 switches the limit off
	Burst     int     // requests at once
	// Trusted are the networks of proxies whose X-Forwarded-For header is believed.
	Trusted []netip.Prefix
}

// knownClients bounds the memory of the limiter; who is forgotten starts with a full allowance again.
const knownClients = 20_000

// limiter counts requests per client.
type limiter struct {
	Limit
	now func() time.Time

	mu      sync.Mutex
	clients *lru.Cache[netip.Addr, *rate.Limiter]
}

func newLimiter(l Limit, now func() time.Time) (*limiter, error) {
	clients, err := lru.New[netip.Addr, *rate.Limiter](knownClients)
	if err != nil {
		return nil, err
	}
	return &limiter{Limit: l, now: now, clients: clients}, nil
}

// wrap lets a request pass while its client has an allowance, and tells it how much is left.
func (l *limiter) wrap(next http.Handler) http.Handler {
	if l.PerSecond <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := l.now()
		bucket := l.bucket(client(r, l.Trusted))
		ok := bucket.AllowN(now, 1)
		left := max(0, bucket.TokensAt(now))
		full := (float64(l.Burst) - left) / l.PerSecond
		h := w.Header()
		h.Set("RateLimit-Limit", strconv.Itoa(l.Burst))
		h.Set("RateLimit-Remaining", strconv.Itoa(int(left)))
		h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(full))))
		if !ok {
			wait := int(math.Ceil((1 - left) / l.PerSecond))
			h.Set("Retry-After", strconv.Itoa(max(1, wait)))
			writeProblem(w, r, http.StatusTooManyRequests, fmt.Sprintf("more than %g requests per second from one address; wait and ask again", l.PerSecond))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *limiter) bucket(who netip.Addr) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.clients.Get(who); ok {
		return b
	}
	b := rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst)
	l.clients.Add(who, b)
	return b
}

// client is who asks: the peer, or, behind trusted proxies, the last address in the chain that is none of them. Earlier
// entries are the client's own words. One household has a whole IPv6 network, so that its addresses count as one.
func client(r *http.Request, trusted []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	who, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	who = who.Unmap()
	if within(who, trusted) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			who = hop.Unmap()
			if !within(who, trusted) {
				break
			}
		}
	}
	who = who.WithZone("")
	if who.Is6() {
		if p, err := who.Prefix(64); err == nil {
			who = p.Addr()
		}
	}
	return who
}

func within(a netip.Addr, list []netip.Prefix) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
