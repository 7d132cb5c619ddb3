package presence_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
)

const (
	wireGenesis  = "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"
	wireStranger = "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"
)

// wire is a rig whose tracker is told of a real feed by a real client, while the clerk is told what the server meant.
type wire struct {
	*rig
	url     string
	clock   atomic.Int64 // seconds
	conns   chan *link
	link    *link
	client  *wireObserver
	barrier int
}

// link is a connection as the server has it.
type link struct {
	conn      *websocket.Conn
	commands  chan string
	subscribe int // subscriptions so far
}

// wireObserver tells a tracker, and the test when something has been told.
type wireObserver struct {
	mu      sync.Mutex
	tracker *presence.Tracker
	dead    bool
	told    chan string
	stop    context.CancelFunc
	done    chan struct{}
}

func (o *wireObserver) tell(fn func(*presence.Tracker) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead { // the process was killed; nobody hears what arrives
		return nil
	}
	return fn(o.tracker)
}

func (o *wireObserver) Opened(now programme.Millis) {
	_ = o.tell(func(t *presence.Tracker) error { t.Opened(0, now); return nil })
}

func (o *wireObserver) Message(now programme.Millis, m *feed.Message) error {
	err := o.tell(func(t *presence.Tracker) error { return t.Message(0, now, m) })
	if m.Action == feed.Pong && strings.HasPrefix(m.Text, "barrier") {
		o.told <- m.Text
	}
	return err
}

func (o *wireObserver) Emptied(now programme.Millis) {
	_ = o.tell(func(t *presence.Tracker) error { t.Emptied(0, now); return nil })
}

func (o *wireObserver) Complete(now programme.Millis) error {
	return o.tell(func(t *presence.Tracker) error { return t.Complete(0, now) })
}

func (o *wireObserver) Lost(now programme.Millis, why error) {
	_ = o.tell(func(t *presence.Tracker) error { t.Lost(0, now, why); return nil })
	o.told <- "lost: " + why.Error()
}

func newWire(t *testing.T, names []string, grace int) *wire {
	w := &wire{rig: newRig(t, 1, names, grace), conns: make(chan *link, 100)}
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(rw, r, nil)
		if err != nil {
			return // Accept has answered
		}
		serving.Add(1)
		defer serving.Done()
		l := &link{conn: conn, commands: make(chan string, 1000)}
		w.conns <- l
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				_ = conn.CloseNow() // it is over either way
				return
			}
			if string(data) != "ping:alive" {
				l.commands <- string(data)
			}
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	w.url = "ws" + strings.TrimPrefix(server.URL, "http") + "/feed"
	t.Cleanup(func() {
		w.kill()
		stop()
		serving.Wait()
		server.Close()
	})
	w.follow()
	return w
}

// follow starts a client for the tracker of the rig.
func (w *wire) follow() {
	ctx, stop := context.WithCancel(context.Background())
	o := &wireObserver{tracker: w.tracker, told: make(chan string, 100), stop: stop, done: make(chan struct{})}
	w.client = o
	w.clock.Store(int64(w.now))
	transport := &http.Transport{}
	c := &feed.Client{
		URL: w.url, Genesis: wireGenesis, HTTP: &http.Client{Transport: transport}, Logger: slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return time.Unix(w.clock.Load(), 0) },
		Timing: feed.Timing{Dial: time.Minute, KeepAlive: 6 * time.Millisecond, Silence: time.Minute, Snapshot: time.Hour, First: time.Millisecond, Last: time.Millisecond, Settled: time.Hour},
	}
	go func() {
		defer close(o.done)
		defer transport.CloseIdleConnections()
		c.Follow(ctx, o)
	}()
}

// kill ends the client without a word to the tracker.
func (w *wire) kill() {
	w.client.mu.Lock()
	w.client.dead = true
	w.client.mu.Unlock()
	w.client.stop()
	<-w.client.done
}

// await waits until the observer has been told something.
func (w *wire) await(prefix string) {
	w.t.Helper()
	select {
	case got := <-w.client.told:
		if !strings.HasPrefix(got, prefix) {
			w.t.Fatalf("told %q, want %q\n%s", got, prefix, strings.Join(w.log, "\n"))
		}
	case <-w.t.Context().Done():
		w.t.Fatalf("not told %q", prefix)
	}
}

// flush and compare look at the tracker while no other goroutine does.
func (w *wire) flush(reaches, answered bool) {
	w.client.mu.Lock()
	defer w.client.mu.Unlock()
	w.rig.flush(reaches, answered)
}

func (w *wire) compare() {
	w.t.Helper()
	w.client.mu.Lock()
	defer w.client.mu.Unlock()
	w.rig.compare()
}

func (w *wire) raw(kind websocket.MessageType, frame []byte) {
	w.t.Helper()
	if err := w.link.conn.Write(w.t.Context(), kind, frame); err != nil {
		w.t.Fatalf("%v\n%s", err, strings.Join(w.log, "\n"))
	}
}

// send sends messages in one frame, and waits until they have been heard.
func (w *wire) send(messages ...any) {
	w.t.Helper()
	w.barrier++
	mark := fmt.Sprint("barrier ", w.barrier)
	data, err := json.Marshal(append(messages, 15, mark))
	if err != nil {
		w.t.Fatal(err)
	}
	kind := websocket.MessageBinary
	if w.barrier%3 == 0 {
		kind = websocket.MessageText
	}
	w.raw(kind, data)
	w.await(mark)
}

// wait lets time pass on a feed that is alive.
func (w *wire) wait(seconds int) {
	w.t.Helper()
	w.say("wait %d", seconds)
	for end := w.now + seconds; w.now < end; {
		w.pass(min(10, end-w.now))
		w.send(10, w.now*1000)
		w.clerk.message(0, w.now)
	}
}

// pass lets time pass in silence.
func (w *wire) pass(seconds int) {
	w.now += seconds
	w.clock.Store(int64(w.now))
	w.client.mu.Lock()
	w.tracker.Tick(ms(w.now))
	w.client.mu.Unlock()
	w.clerk.pass(w.now)
}

// wireNode is a node in the server's memory.
type wireNode struct {
	id            uint64
	name, network string
	layout        int
}

// payload is the node in one of the layouts that servers had, with details hidden or shown.
func (n wireNode) payload() []any {
	details := []any{n.name, "Parity Polkadot", "1.15.2-d6f482d5593", nil, n.network}
	system := map[string]any{"cpu": "EPYC", "memory": 64 << 30, "core_count": 8, "linux_kernel": "6.1", "linux_distro": nil, "is_virtual_machine": false}
	bench := map[string]any{"cpu_hashrate_score": 1100, "memory_memcpy_score": 14000, "disk_sequential_write_score": nil}
	switch n.layout {
	case 0: // until August 2022
	case 1:
		details = append(details, "45.10.0.1")
	case 2: // until January 2023, address hidden
		details = append(details, nil)
	case 3: // until September 2024
		details = append(details, "2a00:1450:4001::8", system, bench)
	case 4:
		details = append(details, nil, nil, nil)
	case 5: // today's
		details = append(details, "linux", "x86_64", "gnu", "45.10.0.1", system, bench)
	case 6: // today's public server
		details = append(details, "linux", "x86_64", "gnu", nil, system, nil)
	default: // one of the future
		details = append(details, "linux", "x86_64", "gnu", map[string]any{"new": true}, "45.10.0.1", system, bench)
	}
	location, startup := any(nil), any(nil)
	if n.layout%2 == 1 {
		location, startup = []any{59.9, 10.7, "Oslo"}, 1690000000000
	}
	return []any{n.id, details, []any{25, 0}, []any{[]any{1}}, []any{[]any{1.5}, []any{2}, []any{3}}, []any{100, "0xab", 6000, 1700000000000, nil}, location, startup}
}

const wireLayouts = 8

func chain(genesis string, nodes int) []any { return []any{"Chain", genesis, nodes} }

// connect accepts the next connection and plays the beginning of a subscription with all its nodes.
func (w *wire) connect(nodes ...wireNode) {
	w.t.Helper()
	select {
	case w.link = <-w.conns:
	case <-w.t.Context().Done():
		w.t.Fatal("the client does not come back")
	}
	w.send(0, 33, 23, map[string]any{"git_hash": "x"}, 11, chain(wireStranger, 4), 11, chain(wireGenesis, len(nodes)))
	w.snapshot(nodes...)
}

// snapshot answers a subscription.
func (w *wire) snapshot(nodes ...wireNode) {
	w.t.Helper()
	w.link.subscribe++
	nonce := fmt.Sprint("all-", w.link.subscribe)
	for _, want := range []string{"subscribe:" + wireGenesis, "ping:" + nonce} {
		select {
		case got := <-w.link.commands:
			if got != want {
				w.t.Fatalf("the client sends %q, want %q", got, want)
			}
		case <-w.t.Context().Done():
			w.t.Fatalf("the client does not send %q", want)
		}
	}
	w.list(nonce, nodes...)
}

// list sends all nodes as after a subscription.
func (w *wire) list(nonce string, nodes ...wireNode) {
	w.t.Helper()
	w.say("list of %d nodes", len(nodes))
	w.send(13, wireGenesis, 10, w.now*1000, 1, []any{100, w.now * 1000, 6000}, 2, []any{98, "0xab"}, 22, map[string]any{"version": nil})
	w.clerk.opened(0, w.now)
	for len(nodes) > 0 {
		var frame []any
		for _, n := range nodes[:min(64, len(nodes))] {
			frame = append(frame, 3, n.payload(), 7, []any{n.id, 98, "0xab"}, 20, n.id)
			w.clerk.added(0, n.id, n.name, n.network, w.now)
		}
		nodes = nodes[min(64, len(nodes)):]
		w.send(frame...)
	}
	w.send(15, nonce)
	w.clerk.complete(0, w.now)
}

func (w *wire) add(n wireNode) {
	w.t.Helper()
	w.say("node %+v", n)
	w.send(11, chain(wireGenesis, 1), 3, n.payload(), 5, []any{n.id, 59.9, 10.7, "Oslo"}, 8, []any{n.id, []any{3, 4}})
	w.clerk.added(0, n.id, n.name, n.network, w.now)
}

func (w *wire) remove(id uint64) {
	w.t.Helper()
	w.say("node %d leaves", id)
	w.send(4, id)
	w.clerk.gone(0, []uint64{id}, w.now)
}

// lost says that the client has given the connection up, or should.
func (w *wire) lost() {
	w.t.Helper()
	w.await("lost")
	w.clerk.lost(0, w.now)
}

// spoil sends a frame that cannot be used.
func (w *wire) spoil(frame string) {
	w.t.Helper()
	w.say("garbage %.20q", frame)
	w.raw(websocket.MessageBinary, []byte(frame))
	w.lost()
}

func (w *wire) cut() {
	w.t.Helper()
	w.say("cut")
	_ = w.link.conn.CloseNow() // the client may be faster
	w.lost()
}

// silence is a connection on which nothing arrives, until the client notices.
func (w *wire) silence() {
	w.t.Helper()
	w.say("silence")
	for range 7 {
		w.pass(10)
	}
	w.lost()
}

// sleep stops the process with its connection for a while.
func (w *wire) sleep(seconds int) {
	w.t.Helper()
	w.say("asleep for %d", seconds)
	w.now += seconds
	w.clock.Store(int64(w.now))
	w.lost()
}

// down kills the process and starts another one later.
func (w *wire) down(seconds int) {
	w.t.Helper()
	w.kill()
	w.crash(seconds)
	for len(w.conns) > 0 {
		<-w.conns
	}
	w.follow()
}

// empty takes the chain away and gives it back with other nodes.
func (w *wire) empty(nodes ...wireNode) {
	w.t.Helper()
	w.say("emptied")
	w.send(12, wireGenesis)
	w.clerk.gone(0, nil, w.now)
	w.wait(3)
	w.send(11, chain(wireGenesis, len(nodes)))
	w.snapshot(nodes...)
}

// flood is what a busy or a hostile network sends within a moment.
func (w *wire) flood() {
	w.t.Helper()
	w.say("flood")
	var frame []any
	for i := range 500 {
		frame = append(frame, 6, []any{i, []any{100 + i, "0xab", 6000, w.now * 1000, nil}}, 7, []any{i, 98, "0xab"}, 1, []any{100, w.now * 1000, nil}, 99, map[string]any{"x": []any{i}}, 21, []any{i, []any{}})
	}
	w.send(frame...)
	w.clerk.message(0, w.now)
	for i := range 100 { // names nobody has heard of, all with one id
		n := wireNode{700, fmt.Sprint("flood ", i), "x", i % wireLayouts}
		w.send(3, n.payload())
		w.clerk.added(0, n.id, n.name, n.network, w.now)
	}
	w.remove(700)
}
