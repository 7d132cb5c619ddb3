package gateway

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// counters count requests since the start of the process, each once, by the pattern of its route.
type counters struct {
	total  atomic.Int64
	routes sync.Map // pattern -> *atomic.Int64
}

// unrouted is what requests are counted under that no route took.
const unrouted = "other"

// wrap counts, and tells count, unless that is nil, of every request.
func (c *counters) wrap(count func(route string, status int, took time.Duration)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return c.counted(next, count) }
}

func (c *counters) counted(next http.Handler, count func(route string, status int, took time.Duration)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.total.Add(1)
		began := time.Now()
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(seen, r)
		pattern := chi.RouteContext(r.Context()).RoutePattern()
		if pattern == "" || pattern == "/*" {
			pattern = unrouted
		}
		if count != nil {
			count(pattern, max(seen.Status(), http.StatusOK), time.Since(began))
		}
		n, _ := c.routes.LoadOrStore(pattern, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	})
}

// counts is a copy of the counts by route.
func (c *counters) counts() map[string]int64 {
	out := map[string]int64{}
	c.routes.Range(func(k, v any) bool {
		out[k.(string)] = v.(*atomic.Int64).Load()
		return true
	})
	return out
}
