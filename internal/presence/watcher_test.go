package presence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/presence/presencetest"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
)

// genesisOf is the chain of a simulated feed.
var genesisOf = "0x" + strings.Repeat("07", 32)

func newFeed(t *testing.T) *simfeed.Server {
	t.Helper()
	var genesis [32]byte
	for i := range genesis {
		genesis[i] = 7
	}
	s, err := simfeed.Start(simfeed.Config{Label: "Chain", Genesis: genesis, Now: func() int64 { return time.Now().UnixMilli() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// told is a memory that tells after every write what it holds.
type told struct {
	*presencetest.Memory
	wrote chan struct{} // of capacity 1
	load  error
}

func newTold() *told { return &told{Memory: presencetest.NewMemory(), wrote: make(chan struct{}, 1)} }

func (m *told) LoadPresence(ctx context.Context) (memory.PresenceState, error) {
	if m.load != nil {
		return memory.PresenceState{}, m.load
	}
	return m.Memory.LoadPresence(ctx)
}

func (m *told) SavePresence(ctx context.Context, b memory.PresenceBatch) error {
	err := m.Memory.SavePresence(ctx, b)
	select {
	case m.wrote <- struct{}{}:
	default:
	}
	return err
}

// log is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// watching is a watcher that runs.
type watching struct {
	t      *testing.T
	w      *presence.Watcher
	memory *told
	log    *logged
	stop   func()
}

func watch(t *testing.T, m *told, change func(*presence.Options), list ...string) *watching {
	t.Helper()
	r := &watching{t: t, memory: m, log: &logged{}}
	transport := &http.Transport{}
	timing := feed.DefaultTiming()
	timing.First, timing.Last = time.Millisecond, 5*time.Millisecond
	o := presence.Options{
		Chains: []string{genesisOf}, Grace: 5 * programme.Minute, Memory: m, HTTP: &http.Client{Transport: transport}, Timing: timing,
		Flush: 2 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	change(&o)
	r.w = presence.NewWatcher(o)
	var candidates []presence.Candidate
	for i, name := range list {
		candidates = append(candidates, presence.Candidate{Slot: i + 1, Name: name})
	}
	r.w.SetCandidates(candidates)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.w.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	t.Cleanup(r.stop)
	return r
}

// until waits for writes until what is stored is as wanted.
func (r *watching) until(what string, fits func(memory.PresenceHistory) bool) memory.PresenceHistory {
	r.t.Helper()
	for {
		h, err := r.memory.PresenceSince(r.t.Context(), 0)
		if err != nil {
			r.t.Fatal(err)
		}
		if fits(h) {
			return h
		}
		select {
		case <-r.memory.wrote:
		case <-r.t.Context().Done():
			r.t.Fatalf("waited for %s in vain: %+v\n%s", what, h, r.log)
		}
	}
}

func live(n int) func(memory.PresenceHistory) bool {
	return func(h memory.PresenceHistory) bool {
		sum := 0
		for _, s := range h.Slots {
			sum += s.Live
		}
		return sum == n && len(h.Observer.Feeds) > 0 && h.Observer.Feeds[0].Dark == 0
	}
}

func TestWatcher(t *testing.T) {
	server := newFeed(t)
	server.Join(simfeed.Node{Name: "a", Implementation: "Parity Polkadot", Version: "1.2.3", NetworkID: "na", IP: "45.10.0.1", City: "Oslo", Cores: 8, Memory: 1 << 30})
	server.Join(simfeed.Node{Name: "B", NetworkID: "nb", IP: "45.10.0.2"})
	sighted := make(chan []presence.Sighting, 100)
	r := watch(t, newTold(), func(o *presence.Options) {
		o.Feeds, o.Sighted = []string{server.URL() + "?token=s3cret"}, func(s []presence.Sighting) { sighted <- s }
	}, "a", "b", "c")
	h := r.until("a", live(1))
	a := h.Slots[0]
	if a.Name != "a" || a.Version != "1.2.3" || a.NetworkID != "na" || a.Hardware.Cores != 8 || a.Home[0] != server.URL()+" "+genesisOf || a.FirstSeen == 0 {
		t.Errorf("%+v", a)
	}
	s := <-sighted
	if len(s) != 1 || s[0].Slot != 1 || s[0].IP.String() != "45.10.0.1" || s[0].Location.City != "Oslo" {
		t.Errorf("sighted %+v", s)
	}
	health := r.w.Health()
	if !health.Running || health.Blind != 0 || health.Listed != 3 || health.Live != 1 || health.SaveError != "" || len(health.Feeds) != 1 || health.Feeds[0].Nodes != 2 {
		t.Errorf("%+v", health)
	}
	if len(health.Notices) != 1 || health.Notices[0].Slot != 2 || health.Notices[0].Kind != memory.NoticeNearMiss {
		t.Errorf("%+v", health.Notices)
	}
	// The list changes, nodes come and go.
	r.w.SetCandidates([]presence.Candidate{{Slot: 1, Name: "a"}, {Slot: 2, Name: "B"}})
	id := server.Join(simfeed.Node{Name: "a", NetworkID: "na2"})
	server.Flush()
	r.until("three connections", live(3))
	if r.w.Health().Saved == 0 { // at least what was stored before is known to be
		t.Error("nothing is said to be stored")
	}
	server.Leave(id)
	server.Flush()
	r.until("two connections", live(2))
	r.stop()
	h, _ = r.memory.PresenceSince(t.Context(), 0)
	// Before it has ended it was blind until the feed was connected, if that took a millisecond.
	if n := len(h.Blind); n < 1 || n > 2 || h.Blind[n-1].To != 0 || h.Blind[n-1].Reason != "stopped" || len(h.Outages) != 0 {
		t.Errorf("after the end: %+v", h)
	}
	if strings.Contains(r.log.String(), "s3cret") {
		t.Errorf("a secret is told: %s", r.log)
	}
}

// Whatever the server does wrong, the watcher is back as soon as the server is.
func TestWatcherSurvives(t *testing.T) {
	server := newFeed(t)
	id := server.Join(simfeed.Node{Name: "a", NetworkID: "na"})
	r := watch(t, newTold(), func(o *presence.Options) { o.Feeds = []string{server.URL()} }, "a")
	r.until("the first connection", live(1))
	for kind, bad := range map[simfeed.Kind]bool{
		simfeed.Truncated: true, simfeed.OddItems: true, simfeed.BinaryForm: true, simfeed.RefuseFeed: true,
		simfeed.TextFrames: false, simfeed.UnknownItem: false, simfeed.TwiceSent: false, simfeed.FloodFrames: false,
	} {
		end := server.Trouble().Begin(kind)
		if kind == simfeed.RefuseFeed {
			server.Restart()
		} else if err := server.Update(id, func(n *simfeed.Node) { n.Version = fmt.Sprint("version ", kind) }); err != nil {
			t.Fatal(err)
		}
		server.Flush()
		if bad {
			r.until(fmt.Sprint("trouble ", kind), func(h memory.PresenceHistory) bool { return h.Observer.Feeds[0].Dark != 0 })
		} else {
			r.until(fmt.Sprint("a change in spite of ", kind), func(h memory.PresenceHistory) bool { return h.Slots[0].Version == fmt.Sprint("version ", kind) })
		}
		end()
		r.until(fmt.Sprint("the end of ", kind), live(1))
	}
	for _, layout := range []simfeed.Layout{simfeed.Layout5, simfeed.Layout6, simfeed.Layout8, simfeed.Layout11} {
		server.SetLayout(layout)
		if err := server.Update(id, func(n *simfeed.Node) { n.Version = fmt.Sprint("layout ", layout) }); err != nil {
			t.Fatal(err)
		}
		server.Flush()
		r.until(fmt.Sprint("layout ", layout), func(h memory.PresenceHistory) bool { return h.Slots[0].Version == fmt.Sprint("layout ", layout) })
	}
	r.stop()
	h, _ := r.memory.PresenceSince(t.Context(), 0)
	if len(h.Outages) != 0 {
		t.Errorf("%+v", h.Outages)
	}
}

// What cannot be stored is stored later, and is said once.
func TestWatcherWithoutStore(t *testing.T) {
	server := newFeed(t)
	server.Join(simfeed.Node{Name: "a", NetworkID: "na"})
	m := newTold()
	m.Fail(errors.New("disk full"))
	r := watch(t, m, func(o *presence.Options) { o.Feeds = []string{server.URL()} }, "a")
	for range 5 {
		<-m.wrote
	}
	if h := r.w.Health(); h.SaveError != "disk full" || h.Saved != 0 {
		t.Errorf("%+v", h)
	}
	m.Fail(nil)
	r.until("the first write", live(1))
	<-m.wrote
	<-m.wrote // the one before has been taken note of
	if h := r.w.Health(); h.SaveError != "" || h.Saved == 0 {
		t.Errorf("%+v", h)
	}
	if n := strings.Count(r.log.String(), "disk full"); n != 1 {
		t.Errorf("said %d times: %s", n, r.log)
	}
}

func TestWatcherCannotBegin(t *testing.T) {
	m := newTold()
	m.load = errors.New("no database")
	w := presence.NewWatcher(presence.Options{Feeds: []string{"ws://127.0.0.1:1/feed"}, Chains: []string{genesisOf}, Memory: m})
	if err := w.Run(t.Context()); !errors.Is(err, m.load) || !strings.HasPrefix(err.Error(), "load presence: ") {
		t.Error(err)
	}
	if h := w.Health(); h.Running {
		t.Errorf("%+v", h)
	}
	for want, feeds := range map[string][]string{"0 feeds and chains": nil, "watched twice": {"ws://a/feed?x=1", "ws://a/feed?x=2"}} {
		w := presence.NewWatcher(presence.Options{Feeds: feeds, Chains: []string{genesisOf}, Memory: newTold()})
		if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Addresses of nodes go to the source of locations only: no log at the usual levels, no memory and no health has one.
func TestAddressesStayInMemory(t *testing.T) {
	server := newFeed(t)
	addresses := []string{"45.10.77.1", "2a00:1450:4001:77::8", "45.10.77.3"}
	for i, a := range addresses {
		server.Join(simfeed.Node{Name: []string{"a", "b", "stranger"}[i], NetworkID: fmt.Sprint(i), IP: a, City: "Oslo"})
	}
	sighted := make(chan []presence.Sighting, 100)
	r := watch(t, newTold(), func(o *presence.Options) {
		o.Feeds, o.Sighted = []string{server.URL()}, func(s []presence.Sighting) { sighted <- s }
	}, "a", "b")
	r.until("both nodes", live(2))
	for seen := map[string]bool{}; !seen[addresses[0]] || !seen[addresses[1]]; {
		for _, s := range <-sighted {
			seen[s.IP.String()] = true
		}
	}
	end := server.Trouble().Begin(simfeed.Truncated) // an error about a frame full of addresses
	server.CutAll()
	r.until("trouble", func(h memory.PresenceHistory) bool { return h.Observer.Feeds[0].Dark != 0 })
	end()
	r.until("the end of it", live(2))
	health, err := json.Marshal(r.w.Health())
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	state, err := r.memory.LoadPresence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	history, err := r.memory.PresenceSince(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"log": r.log.String(), "health": string(health), "memory": fmt.Sprintf("%+v", state), "history": fmt.Sprintf("%+v", history),
	} {
		if text == "" {
			t.Errorf("there is no %s to look at", what)
		}
		for _, a := range []string{"45.10.77", "2a00:1450", "4001:77"} {
			if strings.Contains(text, a) {
				t.Errorf("the %s holds an address: %s", what, text)
			}
		}
	}
}
