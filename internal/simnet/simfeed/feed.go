// Package simfeed is a simulated telemetry server: the feed of one chain over a WebSocket, as the page of the real server
// gets it. Binary frames hold JSON arrays of actions and payloads, a subscription gets a snapshot, and ids of nodes are
// given out again as soon as they are free. It misbehaves on demand.
package simfeed

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Actions of the feed, see https://github.com/paritytech/substrate-telemetry.
const (
	actVersion, actBest, actFinalized, actAdded, actRemoved, actImported = 0, 1, 2, 3, 4, 6
	actTime, actChain, actSubscribed, actUnsubscribed, actPong           = 10, 11, 13, 14, 15
	actStats, actInfo                                                    = 22, 23
)

// feedVersion is that of servers since August 2025.
const feedVersion = 33

// perFrame is how many nodes a frame of a snapshot holds.
const perFrame = 64

// Node is a node as it presents itself.
type Node struct {
	Name, Implementation, Version string
	Authority                     string // GRANDPA key, 0x hex; empty when it is no authority
	NetworkID                     string
	IP                            string // as the server sees it
	City                          string
	Latitude, Longitude           float64
	Startup                       int64 // ms
	Cores                         int
	Memory                        int64 // bytes
}

// Config describes a feed.
type Config struct {
	Label   string // of the chain
	Genesis [32]byte
	// Now is the time in ms.
	Now func() int64
}

// Server is a running feed.
type Server struct {
	cfg     Config
	genesis string
	http    *http.Server
	addr    string
	done    chan struct{}
	serving sync.WaitGroup

	mu        sync.Mutex
	nodes     []*Node // by id; nil where one is free
	free      []int   // ids, the one freed last at the end
	conns     map[*conn]struct{}
	pending   []any // actions and payloads of this moment
	best      block
	finalized block
	trouble   trouble
	layout    Layout
	accepted  int
}

type block struct {
	number uint32
	hash   [32]byte
	at     int64
}

// Start starts a feed on a free port of the loopback interface.
func Start(cfg Config) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the telemetry feed: %w", err)
	}
	s := &Server{
		cfg: cfg, genesis: "0x" + hex.EncodeToString(cfg.Genesis[:]), addr: l.Addr().String(), done: make(chan struct{}),
		conns: map[*conn]struct{}{}, layout: Layout11,
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.accept), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // always ends with an error: closed
	}()
	return s, nil
}

// URL is the feed's address, ws://127.0.0.1:port/feed.
func (s *Server) URL() string { return "ws://" + s.addr + "/feed" }

// Close stops the server and waits for its goroutines.
func (s *Server) Close() {
	_ = s.http.Close() // a second close is harmless
	<-s.done
	s.CutAll()
	s.serving.Wait()
}

// Accepted is the number of connections so far.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Join adds a node and returns its id, the one freed last if there is one.
func (s *Server) Join(n Node) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := len(s.nodes)
	if k := len(s.free); k > 0 {
		id, s.free = s.free[k-1], s.free[:k-1]
		s.nodes[id] = &n
	} else {
		s.nodes = append(s.nodes, &n)
	}
	// Telemetry sends a node again when its authority becomes known.
	first := n
	first.Authority = ""
	s.tell(actAdded, s.added(id, &first, true))
	if n.Authority != "" {
		s.tell(actAdded, s.added(id, &n, false))
	}
	s.tell(actChain, s.chain())
	return id
}

// Leave removes a node. An id that nobody has is ignored.
func (s *Server) Leave(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 0 || id >= len(s.nodes) || s.nodes[id] == nil {
		return
	}
	s.nodes[id] = nil
	s.free = append(s.free, id)
	s.tell(actRemoved, id)
	s.tell(actChain, s.chain())
}

// Best announces a new best block, which all nodes have imported.
func (s *Server) Best(number uint32, hash [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.best = block{number, hash, s.cfg.Now()}
	s.tell(actBest, []any{number, s.best.at, nil})
	for id, n := range s.nodes {
		if n != nil {
			s.tell(actImported, []any{id, s.blockDetails()})
		}
	}
}

// Finalized announces a final block.
func (s *Server) Finalized(number uint32, hash [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finalized = block{number, hash, s.cfg.Now()}
	s.tell(actFinalized, []any{number, hexHash(hash)})
}

// Count is the number of nodes.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count()
}

func (s *Server) count() int { return len(s.nodes) - len(s.free) }

// tell notes a message for all subscribers; Flush sends it. s.mu is held.
func (s *Server) tell(action int, payload any) { s.pending = append(s.pending, action, payload) }

// Flush sends what has happened since the last time, as the real server does a few times a second.
func (s *Server) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return
	}
	var chains []any // what goes to all connections, not only to subscribers
	for i := 0; i < len(s.pending); i += 2 {
		if s.pending[i] == actChain {
			chains = []any{actChain, s.pending[i+1]}
		}
	}
	for c := range s.conns {
		if c.subscribed {
			c.send(s.pending)
		} else if chains != nil {
			c.send(chains)
		}
	}
	s.pending = nil
}

func (s *Server) chain() []any { return []any{s.cfg.Label, s.genesis, s.count()} }

func hexHash(h [32]byte) string { return "0x" + hex.EncodeToString(h[:]) }

func (s *Server) blockDetails() []any {
	return []any{s.best.number, hexHash(s.best.hash), 6000, s.best.at, nil}
}

// conn is a client. Its fields are guarded by the server's mu.
type conn struct {
	server     *Server
	ws         *websocket.Conn
	ctx        context.Context
	stop       context.CancelFunc
	subscribed bool
	queue      []frame
	wake       chan struct{} // of capacity 1
}

type frame struct {
	kind websocket.MessageType
	data []byte
	cut  bool
}

func (s *Server) accept(w http.ResponseWriter, r *http.Request) {
	if s.trouble.refuse(w) {
		return
	}
	if r.URL.Path != "/feed" && r.URL.Path != "/feed/" {
		http.NotFound(w, r)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &conn{server: s, ws: ws, ctx: ctx, stop: stop, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.serving.Add(1)
	s.accepted++
	s.conns[c] = struct{}{}
	c.send([]any{actVersion, feedVersion, actInfo, map[string]any{"git_hash": "simulated"}, actChain, s.chain()})
	s.mu.Unlock()
	defer s.serving.Done()
	var writing sync.WaitGroup
	writing.Go(c.write)
	for {
		kind, data, err := ws.Read(ctx)
		if err != nil {
			break
		}
		if kind == websocket.MessageText || kind == websocket.MessageBinary {
			s.command(c, string(data))
		}
	}
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	stop()
	_ = ws.CloseNow() // the connection is over either way
	writing.Wait()
}

// command executes what a client asks for. Unknown commands are ignored.
func (s *Server) command(c *conn, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(text) > 5 && text[:5] == "ping:" || text == "ping:":
		if !s.trouble.Is(MutePongs) {
			c.send([]any{actPong, text[5:]})
		}
	case len(text) > 10 && text[:10] == "subscribe:":
		if c.subscribed {
			c.send([]any{actUnsubscribed, s.genesis})
			c.subscribed = false
		}
		if text[10:] == s.genesis {
			s.snapshot(c)
		}
	}
}

// snapshot begins a subscription. s.mu is held.
func (s *Server) snapshot(c *conn) {
	c.subscribed = true
	c.send([]any{
		actSubscribed, s.genesis, actTime, s.cfg.Now(), actBest, []any{s.best.number, s.best.at, nil},
		actFinalized, []any{s.finalized.number, hexHash(s.finalized.hash)}, actStats, map[string]any{},
	})
	var list []any
	for id, n := range s.nodes {
		if n == nil {
			continue
		}
		list = append(list, actAdded, s.added(id, n, false))
		if len(list) == 2*perFrame {
			c.send(list)
			list = nil
		}
	}
	if len(list) > 0 {
		c.send(list)
	}
}

// send queues messages for a client. s.mu is held.
func (c *conn) send(messages []any) {
	data, err := json.Marshal(messages)
	if err != nil {
		return // messages are made of numbers and texts
	}
	c.server.trouble.frames(data, c.enqueue)
}

func (c *conn) enqueue(f frame) {
	c.queue = append(c.queue, f)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends what is queued, in order.
func (c *conn) write() {
	for {
		c.server.mu.Lock()
		queue := c.queue
		c.queue = nil
		c.server.mu.Unlock()
		for _, f := range queue {
			if f.cut || c.ws.Write(c.ctx, f.kind, f.data) != nil {
				c.stop()
				return
			}
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return
		}
	}
}

// CutAll breaks all connections.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.enqueue(frame{cut: true})
	}
}

// Restart breaks all connections and gives every node a new id, as when the real server starts again.
func (s *Server) Restart() {
	s.mu.Lock()
	s.nodes = slices.DeleteFunc(s.nodes, func(n *Node) bool { return n == nil })
	slices.Reverse(s.nodes)
	s.free, s.pending = nil, nil
	s.mu.Unlock()
	s.CutAll()
}

// ErrNoNode means that no node has an id.
var ErrNoNode = errors.New("no node has this id")

// Update changes a node in place and sends it again, as when its benchmark becomes known.
func (s *Server) Update(id int, fn func(*Node)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 0 || id >= len(s.nodes) || s.nodes[id] == nil {
		return ErrNoNode
	}
	fn(s.nodes[id])
	s.tell(actAdded, s.added(id, s.nodes[id], false))
	return nil
}

// Find is the id of a node by its name; false when there is none.
func (s *Server) Find(name string) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.nodes, func(n *Node) bool { return n != nil && n.Name == name })
	return i, i >= 0
}
