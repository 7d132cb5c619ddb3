package simfeed

import (
	"net/http"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/simnet/tally"
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
)

// trouble is what is wrong at the moment.
type trouble struct {
	tally.Tally[Kind]
	hideAddresses bool // guarded by the server's mu
}

// Trouble are the kinds of misbehaviour, to be begun and counted.
func (s *Server) Trouble() *tally.Tally[Kind] { return &s.trouble.Tally }

func (t *trouble) refuse(w http.ResponseWriter) bool {
	if !t.Is(RefuseFeed) {
		return false
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// frames turns a message into the frames that are sent for it.
func (t *trouble) frames(data []byte, send func(frame)) {
	if t.Is(SilentFeed) {
		return
	}
	f := frame{kind: websocket.MessageBinary, data: data}
	switch {
	case t.Is(TextFrames):
		f.kind = websocket.MessageText
	case t.Is(Truncated):
		f.data = data[:len(data)-1]
	case t.Is(OddItems):
		f.data = slices.Concat(data[:len(data)-1], []byte(",1]"))
	case t.Is(UnknownItem):
		f.data = slices.Concat(data[:len(data)-1], []byte(`,99,{"new":[1,2]}]`))
	case t.Is(BinaryForm):
		f.data = append([]byte{0}, data...)
	}
	send(f)
	if t.Is(TwiceSent) {
		send(f)
	}
	if t.Is(FloodFrames) {
		flood := frame{kind: websocket.MessageBinary, data: []byte("[" + strings.TrimSuffix(strings.Repeat("1,[1,1780272000000,6000],", 200), ",") + "]")}
		for range 100 {
			send(flood)
		}
	}
}
