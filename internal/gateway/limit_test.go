package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestClient(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ name, peer, forwarded, want string }{
		{"direct", "192.0.2.1:99", "", "192.0.2.1"},
		{"direct, with a header of its own making", "192.0.2.1:99", "203.0.113.9", "192.0.2.1"},
		{"behind a proxy", "10.0.0.1:99", "203.0.113.9", "203.0.113.9"},
		{"behind two", "10.0.0.1:99", "203.0.113.9, 10.2.3.4", "203.0.113.9"},
		{"forged in front", "10.0.0.1:99", "198.51.100.7, 203.0.113.9", "203.0.113.9"},
		{"garbage", "10.0.0.1:99", "203.0.113.9, nobody", "10.0.0.1"},
		{"all trusted", "10.0.0.1:99", "10.0.0.2, 10.0.0.3", "10.0.0.2"},
		{"no header", "10.0.0.1:99", "", "10.0.0.1"},
		{"IPv6 counts by network", "[2001:db8:1:2:aaaa::1]:99", "", "2001:db8:1:2::"},
		{"mapped IPv4", "[::ffff:192.0.2.1]:99", "", "192.0.2.1"},
		{"with a zone", "[fe80::1%eth0]:99", "", "fe80::"},
		{"IPv6 proxy", "[::1]:99", "2001:db8::5", "2001:db8::"},
		{"no address at all", "pipe", "", "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := client(r, trusted).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l, err := newLimiter(Limit{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	h := l.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	ask := func(peer string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for i, left := range []string{"2", "1", "0"} {
		if r := ask("192.0.2.1:1"); r.StatusCode != http.StatusOK || r.Header.Get("RateLimit-Remaining") != left {
			t.Errorf("request %d: status %d, %s left", i, r.StatusCode, r.Header.Get("RateLimit-Remaining"))
		}
	}
	r := ask("192.0.2.1:2")
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "1" || r.Header.Get("RateLimit-Reset") != "2" {
		t.Errorf("over the limit: status %d, headers %v", r.StatusCode, r.Header)
	}
	if r := ask("192.0.2.2:1"); r.StatusCode != http.StatusOK {
		t.Errorf("somebody else: status %d", r.StatusCode)
	}
	now = now.Add(500 * time.Millisecond)
	if r := ask("192.0.2.1:1"); r.StatusCode != http.StatusOK {
		t.Errorf("after the wait: status %d", r.StatusCode)
	}
	if r := ask("192.0.2.1:1"); r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the allowance of half a second was one request, status %d", r.StatusCode)
	}
}
