package simulate_test

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/store"
)

// eye watches the feed with the programme's own client and tracker, and tells which block it has seen.
type eye struct {
	mu      sync.Mutex
	tracker *presence.Tracker
	best    uint64
	news    chan struct{}
}

func (e *eye) do(fn func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	fn()
}

// Opened implements feed.Observer, as do the others.
func (e *eye) Opened(now programme.Millis) { e.do(func() { e.tracker.Opened(0, now) }) }

// Message is told everything that is sent.
func (e *eye) Message(now programme.Millis, m *feed.Message) (err error) {
	e.do(func() {
		err = e.tracker.Message(0, now, m)
		if m.Action == feed.BestBlock && m.Malformed == nil {
			e.best = m.Height
			select {
			case e.news <- struct{}{}:
			default:
			}
		}
	})
	return err
}

// Emptied is told that no node is left.
func (e *eye) Emptied(now programme.Millis) { e.do(func() { e.tracker.Emptied(0, now) }) }

// Complete is told that all nodes are there.
func (e *eye) Complete(now programme.Millis) (err error) {
	e.do(func() { err = e.tracker.Complete(0, now) })
	return err
}

// Lost is told that nothing is seen.
func (e *eye) Lost(now programme.Millis, why error) { e.do(func() { e.tracker.Lost(0, now, why) }) }

// await waits until a block was seen, for as long as it makes sense.
func (e *eye) await(number uint64, limit time.Duration) {
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		var best uint64
		e.do(func() { best = e.best })
		if best >= number {
			return
		}
		select {
		case <-e.news:
		case <-over.C:
			return
		}
	}
}

// save stores what has changed.
func (e *eye) save(ctx context.Context, db *store.Store) error {
	e.mu.Lock()
	batch, done := e.tracker.Changes()
	e.mu.Unlock()
	err := db.SavePresence(ctx, batch)
	e.do(func() { done(err == nil) })
	return err
}

// watch begins to watch the feed, with what is remembered of it.
func (r *run) watch() error {
	state, err := r.db.LoadPresence(r.ctx)
	if err != nil {
		return err
	}
	e := r.net.Endpoints()
	rules, err := r.cfg.Rules("")
	if err != nil {
		return err
	}
	t, err := presence.NewTracker([]string{presence.Key(e.Telemetry, e.TelemetryChain)}, rules.Limits.DisconnectionGrace, state, r.now())
	if err != nil {
		return err
	}
	var list []presence.Candidate
	for _, c := range r.net.Candidates() {
		list = append(list, presence.Candidate{Slot: c.Slot, Name: c.Name})
	}
	t.SetCandidates(r.now(), list)
	r.eye = &eye{tracker: t, news: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(r.ctx)
	r.watched = cancel
	c := &feed.Client{
		URL: e.Telemetry, Genesis: e.TelemetryChain, Now: r.net.Now, Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler),
		Timing: feed.Timing{
			Dial: answerTime, KeepAlive: 100 * time.Millisecond, Silence: 300 * time.Millisecond, Snapshot: time.Second,
			First: time.Millisecond, Last: 4 * time.Millisecond, Settled: time.Second,
		},
	}
	r.gone.Go(func() { c.Follow(ctx, r.eye) })
	return nil
}
