package gateway

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
)

// counters count requests since the start of the process, each once, by the pattern of its route.
type counters struct {
	total  atomic.Int64
	routes sync.Map // pattern -> *atomic.Int64
}

// unrouted is what requests are counted under that no route took.
const unrouted = "other"

func (c *counters) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.total.Add(1)
		next.ServeHTTP(w, r)
		pattern := chi.RouteContext(r.Context()).RoutePattern()
		if pattern == "" || pattern == "/*" {
			pattern = unrouted
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
