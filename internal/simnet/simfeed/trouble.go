package simfeed

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
)

// Kind is a way in which the feed misbehaves.
type Kind int

// The kinds. Each acts on frames, but RefuseFeed on connections and MutePongs on answers to pings.
const (
	RefuseFeed  Kind = iota // connections are answered 503
	SilentFeed              // frames are swallowed
	TextFrames              // frames are sent as text
	Truncated               // frames end in the middle
	OddItems                // a frame has a payload too few
	UnknownItem             // frames carry an action nobody knows
	BinaryForm              // frames begin with the byte of a form of the future
	TwiceSent               // every frame is sent twice
	FloodFrames             // every frame is followed by a hundred of blocks
	MutePongs               // pings are not answered
	kinds
)

// trouble is what is wrong at the moment.
type trouble struct {
	mu            sync.Mutex
	active        [kinds]int
	hits          [kinds]atomic.Int64
	hideAddresses bool // guarded by the server's mu
}

// Trouble begins a kind of misbehaviour; end ends it. It may be begun several times.
func (s *Server) Trouble(k Kind) (end func()) {
	t := &s.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active[k]++
	var once sync.Once
	return func() {
		once.Do(func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.active[k]--
		})
	}
}

// Hits is how often a kind has acted.
func (s *Server) Hits(k Kind) int { return int(s.trouble.hits[k].Load()) }

// is reports whether a kind is active, and counts that it acts.
func (t *trouble) is(k Kind) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active[k] == 0 {
		return false
	}
	t.hits[k].Add(1)
	return true
}

func (t *trouble) refuse(w http.ResponseWriter) bool {
	if !t.is(RefuseFeed) {
		return false
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// frames turns a message into the frames that are sent for it.
func (t *trouble) frames(data []byte, send func(frame)) {
	if t.is(SilentFeed) {
		return
	}
	f := frame{kind: websocket.MessageBinary, data: data}
	switch {
	case t.is(TextFrames):
		f.kind = websocket.MessageText
	case t.is(Truncated):
		f.data = data[:len(data)-1]
	case t.is(OddItems):
		f.data = slices.Concat(data[:len(data)-1], []byte(",1]"))
	case t.is(UnknownItem):
		f.data = slices.Concat(data[:len(data)-1], []byte(`,99,{"new":[1,2]}]`))
	case t.is(BinaryForm):
		f.data = append([]byte{0}, data...)
	}
	send(f)
	if t.is(TwiceSent) {
		send(f)
	}
	if t.is(FloodFrames) {
		flood := frame{kind: websocket.MessageBinary, data: []byte("[" + strings.TrimSuffix(strings.Repeat("1,[1,1780272000000,6000],", 200), ",") + "]")}
		for range 100 {
			send(flood)
		}
	}
}
