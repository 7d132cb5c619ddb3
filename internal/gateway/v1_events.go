package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

const (
	// streams bounds the listeners to changes.
	streams = 256
	// heartbeat is how often a silent stream says that it lives, so that proxies do not close it.
	heartbeat = 20 * time.Second
	// eventTime bounds how long a listener may take to read one event.
	eventTime = 10 * time.Second
)

// Change is what a listener is told: the subjects that changed, with their new versions. What is derived from them is to be
// asked for again.
type Change struct {
	Subjects map[memory.Subject]int64 `json:"subjects"`
}

// changes tells listeners what changed.
type changes struct {
	mu        sync.Mutex
	listeners map[chan Change]struct{}
	ended     bool
}

// listen opens a stream; ok is false when there are too many, or the gateway stops.
func (c *changes) listen() (ch chan Change, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || len(c.listeners) >= streams {
		return nil, false
	}
	if c.listeners == nil {
		c.listeners = map[chan Change]struct{}{}
	}
	ch = make(chan Change, 16)
	c.listeners[ch] = struct{}{}
	return ch, true
}

func (c *changes) leave(ch chan Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.listeners[ch]; ok {
		delete(c.listeners, ch)
		close(ch)
	}
}

// tell compares two states. A listener that does not keep up is cut off: it connects again and learns the whole state.
func (c *changes) tell(before, now Versions) {
	changed := Change{Versions{}}
	for s, v := range now {
		if before[s] != v {
			changed.Subjects[s] = v
		}
	}
	if len(changed.Subjects) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.listeners {
		select {
		case ch <- changed:
		default:
			delete(c.listeners, ch)
			close(ch)
		}
	}
}

// end closes all streams for good.
func (c *changes) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for ch := range c.listeners {
		close(ch)
	}
	clear(c.listeners)
}

// eventsPath is where changes are told.
const eventsPath = V1 + "/events"

func (g *Gateway) mountEvents() {
	g.paths = append(g.paths, eventsPath)
	g.router.Get(eventsPath, g.events)
	g.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "v1Events", Method: http.MethodGet, Path: eventsPath, Summary: "Changes as they happen", Tags: []string{groupV1},
		Description: "Server-sent events. The first, \"state\", has the versions of all subjects, each further one, \"changed\", those of the subjects that changed.",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	})
}

// events writes changes until the client leaves or the gateway stops.
func (g *Gateway) events(w http.ResponseWriter, r *http.Request) {
	ch, ok := g.changes.listen()
	if !ok {
		w.Header().Set("Retry-After", "10")
		writeProblem(w, r, http.StatusServiceUnavailable, "too many listen already; ask again")
		return
	}
	defer g.changes.leave(ch)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	write := func(format string, args ...any) bool {
		_ = out.SetWriteDeadline(time.Now().Add(eventTime)) // where there is none, the client's leaving ends it
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && out.Flush() == nil
	}
	event := func(name string, c Change) bool {
		b, err := json.Marshal(c)
		return err == nil && write("event: %s\ndata: %s\n\n", name, b)
	}
	if !event("state", Change{*g.answers.versions.Load()}) {
		return
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case c, ok := <-ch:
			if !ok || !event("changed", c) {
				return
			}
		case <-tick.C:
			if !write(": %s\n\n", "alive") {
				return
			}
		}
	}
}
