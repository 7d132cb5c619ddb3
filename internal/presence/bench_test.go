//go:build unix

package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/presence/presencetest"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// The feed of the benchmarks: every node sends a message every 100 ms, and the server collects them for 75 ms.
const (
	benchNodes  = 2000
	perSecond   = 10 * benchNodes
	frameEvery  = 75 * time.Millisecond
	benchListed = 1126
)

// benchFrames are the snapshot of a feed and a second of what follows.
func benchFrames(tb testing.TB) (snapshot, second [][]byte) {
	tb.Helper()
	marshal := func(messages []any) []byte {
		data, err := json.Marshal(messages)
		if err != nil {
			tb.Fatal(err)
		}
		return data
	}
	const hash = benchGenesis // any hash will do
	var list []any
	for id := range benchNodes {
		list = append(list, 3, []any{
			id, []any{fmt.Sprint("node ", id), "Parity Polkadot", "1.15.2-d6f482d5593", nil, fmt.Sprint("12D3KooW", id), "linux", "x86_64", "gnu", "45.10.0.1", map[string]any{"core_count": 8}, nil},
			[]any{25, 0}, []any{[]any{}}, []any{[]any{}, []any{}, []any{}}, []any{100, hash, 6000, 1700000000000, nil}, []any{59.9, 10.7, "Oslo"}, 1690000000000,
		}, 7, []any{id, 98, hash})
		if len(list) == 4*64 || id == benchNodes-1 {
			snapshot = append(snapshot, marshal(list))
			list = nil
		}
	}
	count, due := 0, time.Duration(0)
	for i := range perSecond {
		id, at := i%benchNodes, 1700000000000+i/20
		switch i / benchNodes % 5 {
		case 0, 1:
			list = append(list, 6, []any{id, []any{22334455 + i, hash, 6000, at, 120}})
		case 2:
			list = append(list, 7, []any{id, 22334450 + i, hash})
		case 3:
			list = append(list, 8, []any{id, []any{25, i % 50}})
		case 4:
			means := []float64{12345.5, 23456.25, 34567, 45678, 56789}
			list = append(list, 9, []any{id, []any{means, means, means}})
		}
		count++
		if at := time.Duration(i+1) * time.Second / perSecond; at >= due+frameEvery || i == perSecond-1 {
			second, list, due = append(second, marshal(list)), nil, at
		}
	}
	return snapshot, second
}

// cpu is the processor time that the process has used.
func cpu(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFollow follows 2,000 nodes with 20,000 messages per second, of which it has a second per iteration, and stores
// what changed every ten seconds. It reports how much of a core that takes while it goes on, and what is left in memory.
func BenchmarkFollow(b *testing.B) {
	snapshot, second := benchFrames(b)
	m := presencetest.NewMemory()
	now := begin
	t, err := NewTracker([]string{"feed"}, grace, memory.PresenceState{}, now)
	if err != nil {
		b.Fatal(err)
	}
	var list []Candidate
	for i := range benchListed {
		list = append(list, Candidate{Slot: i, Name: fmt.Sprint("node ", i)})
	}
	t.SetCandidates(now, list)
	messages := 0
	tell := func(frames [][]byte, step programme.Millis) {
		for _, f := range frames {
			now += step
			if err := feed.Check(f); err != nil {
				b.Fatal(err)
			}
			if err := feed.Decode(f, func(m *feed.Message) error {
				messages++
				return t.Message(0, now, m)
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
	t.Opened(0, now)
	tell(snapshot, 0)
	if err := t.Complete(0, now); err != nil {
		b.Fatal(err)
	}
	store := func() {
		t.Sightings()
		batch, done := t.Changes()
		done(m.SavePresence(b.Context(), batch) == nil)
	}
	for range 200 { // beyond the moment from which names are remembered
		now += 10 * 1000
		t.Tick(now)
	}
	store()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, rows := m.Writes()
	messages = 0
	seconds, start := 0, cpu(b)
	for b.Loop() {
		tell(second, programme.Millis(1000/len(second)))
		t.Tick(now)
		if seconds++; seconds%10 == 0 {
			store()
		}
	}
	used := cpu(b) - start
	if messages != perSecond*seconds {
		b.Fatalf("%d messages in %d seconds", messages, seconds)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	_, all := m.Writes()
	b.ReportMetric(100*used.Seconds()/float64(seconds), "%core")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, "KiB-grown")
	b.ReportMetric(float64(all-rows)/float64(max(seconds/10, 1)), "rows/batch")
	runtime.KeepAlive(t)
}

// BenchmarkFollowOverWire is the same with a server, a connection and the client in between. The server's part of the
// work is counted too.
func BenchmarkFollowOverWire(b *testing.B) {
	snapshot, second := benchFrames(b)
	asked, played := make(chan int), make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // Accept has answered
		}
		defer func() { _ = conn.CloseNow() }()
		ctx := conn.CloseRead(b.Context())
		send := func(frames ...[]byte) {
			for _, f := range frames {
				_ = conn.Write(ctx, websocket.MessageBinary, f) // the benchmark is over
			}
		}
		for n := range asked {
			if n < 0 {
				send([]byte(`[0,33,13,"` + benchGenesis + `"]`))
				send(snapshot...)
			} else {
				send(second...)
			}
			send([]byte(`[15,"played"]`))
		}
	}))
	defer server.Close()
	defer close(asked)
	m := presencetest.NewMemory()
	t, err := NewTracker([]string{"feed"}, grace, memory.PresenceState{}, begin)
	if err != nil {
		b.Fatal(err)
	}
	o := &benchObserver{t: t, played: played, step: programme.Millis(1000 / len(second)), now: begin}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	transport := &http.Transport{}
	go func() {
		defer close(done)
		(&feed.Client{
			URL: "ws" + strings.TrimPrefix(server.URL, "http"), Genesis: benchGenesis, HTTP: &http.Client{Transport: transport}, Timing: feed.DefaultTiming(),
			Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		}).Follow(ctx, o)
	}()
	play := func(n int) {
		asked <- n
		<-played
	}
	play(-1)
	play(1)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seconds, start := 0, cpu(b)
	for b.Loop() {
		play(1)
		if seconds++; seconds%10 == 0 {
			batch, stored := t.Changes()
			stored(m.SavePresence(b.Context(), batch) == nil)
		}
	}
	used := cpu(b) - start
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(100*used.Seconds()/float64(seconds), "%core")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, "KiB-grown")
	stop()
	<-done
	transport.CloseIdleConnections()
}

const benchGenesis = "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"

// benchObserver has a clock that moves with the frames.
type benchObserver struct {
	t      *Tracker
	now    programme.Millis
	step   programme.Millis
	last   programme.Millis
	played chan struct{}
}

func (o *benchObserver) Opened(programme.Millis) { o.t.Opened(0, o.now) }
func (o *benchObserver) Message(at programme.Millis, m *feed.Message) error {
	if at != o.last {
		o.last = at
		o.now += o.step
	}
	err := o.t.Message(0, o.now, m)
	if m.Action == feed.Pong {
		_ = o.t.Complete(0, o.now) // once is enough
		o.played <- struct{}{}
	}
	return err
}
func (o *benchObserver) Emptied(programme.Millis)         {}
func (o *benchObserver) Complete(programme.Millis) error  { return nil }
func (o *benchObserver) Lost(_ programme.Millis, _ error) {}
