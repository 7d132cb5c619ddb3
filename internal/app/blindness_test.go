package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/internal/store"
)

// watched is a programme with a telemetry feed, a watcher that stores in a database, and rounds that read from there. The
// world's clock is everybody's.
type watched struct {
	t      *testing.T
	world  *roundstest.World
	feed   *simfeed.Server
	db     *store.Store
	rounds *rounds.Service
	ids    map[string]int
	silent bool // the feed says nothing, so that nothing more is known of it as time passes

	mu    sync.Mutex
	wrote chan struct{} // of capacity 1
	lost  bool          // nothing that is written arrives any more
	stop  func()
}

func (w *watched) LoadPresence(ctx context.Context) (memory.PresenceState, error) {
	return w.db.LoadPresence(ctx)
}

func (w *watched) SavePresence(ctx context.Context, b memory.PresenceBatch) error {
	w.mu.Lock()
	lost := w.lost
	w.mu.Unlock()
	if lost {
		return context.Canceled
	}
	err := w.db.SavePresence(ctx, b)
	select {
	case w.wrote <- struct{}{}:
	default:
	}
	return err
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, world: roundstest.NewWorld(30, 1), db: openStore(t), ids: map[string]int{}, wrote: make(chan struct{}, 1)}
	var genesis [32]byte
	for i := range genesis {
		genesis[i] = 0xbe
	}
	var err error
	w.feed, err = simfeed.Start(simfeed.Config{Label: "Kusama", Genesis: genesis, Now: func() int64 { return int64(w.world.Millis()) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.feed.Close)
	// Everybody has been known for long.
	b := memory.PresenceBatch{Observer: memory.Observer{Seen: w.world.Millis()}}
	var list []memory.Candidate
	for _, c := range w.world.List {
		list = append(list, memory.Candidate{Candidate: c, Added: w.world.Millis(), Updated: w.world.Millis()})
		b.Slots = append(b.Slots, memory.Presence{Slot: c.Slot, Name: c.Name, Listed: true, FirstSeen: w.world.Millis() - 100*programme.Day, LastSeen: w.world.Millis(), Live: 1})
		w.join(c.Name)
	}
	if err := w.db.SaveCandidates(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if err := w.db.SavePresence(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	off := programme.Source{State: programme.SourceOff, Detail: "not a part of this test"}
	rules := w.world.Rules()
	w.rounds, err = rounds.New(rounds.Settings{
		Memory: w.db, Chain: w.world, Rules: rules, Nominators: w.world.Nominators, Act: config.ActOff, RankMode: config.RankPeriods, Telemetry: true, Now: w.world.Now,
		Sources: &rounds.Known{
			Outside: rounds.Outside{Network: "kusama", Set: map[programme.SourceName]programme.Source{
				programme.SourceLocation: off, programme.SourceRelease: off, programme.SourceRemote: off,
			}},
			Store: w.db,
			Presence: func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
				f, err := presence.Read(ctx, w.db, rules.Limits.OfflineWindow, now)
				return f.Source, f.Candidates, err
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.start()
	return w
}

func (w *watched) join(name string) {
	w.ids[name] = w.feed.Join(simfeed.Node{Name: name, Implementation: "Parity Polkadot", Version: "1.7.0", NetworkID: "id of " + name})
	w.feed.Flush()
}

func (w *watched) leave(name string) {
	w.feed.Leave(w.ids[name])
	w.feed.Flush()
}

// start starts the process that watches.
func (w *watched) start() {
	w.t.Helper()
	transport := &http.Transport{}
	watcher := presence.NewWatcher(presence.Options{
		Feeds: []string{w.feed.URL()}, Chains: []string{roundstest.Genesis}, Grace: w.world.Rules().Limits.DisconnectionGrace, Memory: w,
		HTTP: &http.Client{Transport: transport}, Flush: 2 * time.Millisecond, Now: w.world.Now, Logger: slog.New(slog.DiscardHandler),
		Timing: feed.Timing{
			Dial: 10 * time.Second, KeepAlive: 6 * time.Millisecond, Silence: time.Minute, Snapshot: 2 * time.Minute,
			First: time.Millisecond, Last: 2 * time.Millisecond, Settled: time.Minute,
		},
	})
	var list []presence.Candidate
	for _, c := range w.world.List {
		list = append(list, presence.Candidate{Slot: c.Slot, Name: c.Name})
	}
	watcher.SetCandidates(list)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- watcher.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		stop()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	w.t.Cleanup(w.stop)
	// What a killed process has left says that it could see.
	now := w.world.Millis()
	w.until("all nodes are known", func(o memory.Observer) bool { return o.Seen == now && o.Feeds[0].Dark == 0 })
}

// kill ends the process so that nothing it knew is stored any more.
func (w *watched) kill() {
	w.mu.Lock()
	w.lost = true
	w.mu.Unlock()
	w.stop()
	w.mu.Lock()
	w.lost = false
	w.mu.Unlock()
}

// until waits for writes until the observer is as wanted.
func (w *watched) until(what string, fits func(memory.Observer) bool) {
	w.t.Helper()
	for {
		h, err := w.db.PresenceSince(w.t.Context(), w.world.Millis())
		if err != nil {
			w.t.Fatal(err)
		}
		if len(h.Observer.Feeds) > 0 && fits(h.Observer) {
			return
		}
		select {
		case <-w.wrote:
		case <-w.t.Context().Done():
			w.t.Fatalf("waited in vain until %s: %+v", what, h.Observer)
		}
	}
}

// wait lets time pass with the process running: it has looked at the clock every 25 seconds.
func (w *watched) wait(d time.Duration) {
	w.t.Helper()
	w.known() // else what has just happened would be noticed late on a busy machine
	for d > 0 {
		step := min(d, 25*time.Second)
		d -= step
		w.world.Next(step)
		now := w.world.Millis()
		w.until("the process has seen the time", func(o memory.Observer) bool { return o.Seen == now || w.silent && o.Feeds[0].At == now })
	}
	w.known()
}

// known waits until everything that the server has sent is known: it is as the server has it.
func (w *watched) known() {
	w.t.Helper()
	w.until("all is known", func(o memory.Observer) bool { return o.Feeds[0].Dark != 0 || o.Feeds[0].Nodes == w.feed.Count() })
}

// outcome is what the newest round was decided from and how.
type outcome struct {
	source   programme.Source
	offline  map[string]programme.Millis // that counts in the trailing week, by name; nobody else has any
	verdicts map[string]programme.State  // of ONLINE
	accum    map[string]programme.State  // of ACCUMULATED_OFFLINE_TIME
}

func (w *watched) round() outcome {
	w.t.Helper()
	// One round is held in an era.
	eras := &w.world.State.Eras
	w.world.State.PointEras = append(w.world.State.PointEras[1:], programme.EraTotal{Era: eras.Active, Total: 100_000})
	eras.Active, eras.Planned = eras.Active+1, eras.Planned+1
	if _, err := w.rounds.Hold(w.t.Context(), true, nil); err != nil {
		w.t.Fatal(err)
	}
	doc, err := w.db.NewestDocument(w.t.Context(), plan.DocumentRound)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := decision.Verify(doc.Bytes) // it can be recomputed
	if err != nil {
		w.t.Fatal(err)
	}
	out := outcome{offline: map[string]programme.Millis{}, verdicts: map[string]programme.State{}, accum: map[string]programme.State{}}
	for _, s := range r.Inputs.Sources {
		if s.Name == programme.SourceTelemetry {
			out.source = s
		}
	}
	for _, c := range r.Inputs.Candidates {
		if n := r.Inputs.Rules.OfflineTime(c.Presence, out.source, r.Inputs.Now); n > 0 {
			out.offline[c.Name] = n
		}
	}
	for _, c := range r.Decision.Candidates {
		for _, v := range c.Verdicts {
			switch v.Code {
			case programme.CodeOnline:
				out.verdicts[c.Name] = v.State
			case programme.CodeOfflineTime:
				out.accum[c.Name] = v.State
			}
		}
	}
	return out
}

// blindFor demands a blind interval of the record: it begins and ends within a minute of the given moments.
func (w *watched) blindFor(s programme.Source, from, to programme.Millis) {
	w.t.Helper()
	if !slices.ContainsFunc(s.Blind, func(iv programme.Interval) bool {
		return iv.From <= from && iv.From > from-programme.Minute && iv.To >= to && iv.To < to+programme.Minute
	}) {
		w.t.Errorf("the record shows no blind interval from %s to %s: %+v", from, to, s)
	}
}

// An hour in which we could not see: nobody gains a minute of it, and the record of the next round shows the hour.
func TestNobodyIsChargedForOurBlindness(t *testing.T) {
	for name, blind := range map[string]func(w *watched) (back func()){
		"process stopped": func(w *watched) func() { w.stop(); return w.start },
		"process killed":  func(w *watched) func() { w.kill(); return w.start },
		"feed down": func(w *watched) func() {
			end := w.feed.Trouble().Begin(simfeed.RefuseFeed)
			w.feed.CutAll()
			w.until("the feed is lost", func(o memory.Observer) bool { return o.Feeds[0].Dark != 0 })
			return end
		},
		"network cut": func(w *watched) func() {
			w.silent = true
			silent, mute := w.feed.Trouble().Begin(simfeed.SilentFeed), w.feed.Trouble().Begin(simfeed.MutePongs)
			return func() { w.silent = false; silent(); mute(); w.feed.CutAll() }
		},
	} {
		if testing.Short() && (name == "process stopped" || name == "feed down") {
			continue // the others are worse
		}
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			running := !strings.HasPrefix(name, "process")
			w.wait(2 * time.Minute)
			w.leave("node-3")
			w.leave("node-4")
			w.wait(20 * time.Minute)
			from := w.world.Millis()
			back := blind(w)
			if running {
				w.wait(30 * time.Minute)
			} else {
				w.world.Next(30 * time.Minute)
			}
			// A round in the middle of it.
			got := w.round()
			if got.source.State != programme.SourceDown || len(got.source.Blind) == 0 || got.source.Blind[len(got.source.Blind)-1].To != 0 {
				t.Errorf("in the middle of it: %+v", got.source)
			}
			want := map[string]programme.Millis{"node-3": 20 * programme.Minute, "node-4": 20 * programme.Minute}
			compareOffline(t, "in the middle", want, got.offline)
			if v := got.verdicts["node-0"]; v != programme.Unknown {
				t.Errorf("node-0 is %v although nobody can see it", v)
			}
			w.leave("node-1") // and comes back before anybody looks
			w.leave("node-2") // and stays away
			w.join("node-3")
			if running {
				w.wait(30 * time.Minute)
			} else {
				w.world.Next(30 * time.Minute)
			}
			w.join("node-1")
			to := w.world.Millis()
			back()
			w.until("the feed is back", func(o memory.Observer) bool { return o.Feeds[0].Dark == 0 })
			w.wait(4 * time.Minute) // less than the grace
			got = w.round()
			if got.source.State != programme.SourceOK {
				t.Errorf("afterwards: %+v", got.source)
			}
			w.blindFor(got.source, from, to)
			want["node-4"] += 4 * programme.Minute // it is still away, and that is seen again
			compareOffline(t, "afterwards", want, got.offline)
			for c, v := range got.verdicts {
				if away := c == "node-4"; (v == programme.Pass) == away {
					t.Errorf("%s is %v afterwards", c, v)
				}
			}
			for c, v := range got.accum {
				if v != programme.Pass {
					t.Errorf("offline time of %s: %v", c, v)
				}
			}
			// To be away while we do see, counts.
			w.leave("node-5")
			w.wait(30 * time.Minute)
			got = w.round()
			want["node-4"] += 30 * programme.Minute
			want["node-5"] = 30 * programme.Minute
			want["node-2"] = 34 * programme.Minute // since the feed was back
			compareOffline(t, "half an hour that was seen", want, got.offline)
			if v := got.verdicts["node-5"]; v != programme.Fail {
				t.Errorf("node-5 is %v", v)
			}
		})
	}
}

// compareOffline allows the seconds within which a departure is noticed.
func compareOffline(t *testing.T, when string, want, got map[string]programme.Millis) {
	t.Helper()
	for name, n := range got {
		if w, ok := want[name]; !ok || n < w-programme.Minute || n > w {
			t.Errorf("%s: %s has %s offline, want %s", when, name, time.Duration(n)*time.Millisecond, time.Duration(w)*time.Millisecond)
		}
	}
	for name, w := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s: %s has no offline time, want %s", when, name, fmt.Sprint(time.Duration(w)*time.Millisecond))
		}
	}
}
