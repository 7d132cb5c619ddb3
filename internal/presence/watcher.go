package presence

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Options says what to watch.
type Options struct {
	Feeds  []string // addresses, ws or wss
	Chains []string // genesis hashes; each is watched on each feed
	// Grace is how long a node may be away before it is an outage.
	Grace  programme.Millis
	Memory Memory
	// Sighted, unless nil, is told where candidates' nodes are. It must not block: the feeds wait for it.
	Sighted func([]Sighting)
	HTTP    *http.Client // nil for the default
	Timing  feed.Timing  // zero for the default
	// Flush is the time between two writes to the memory; zero for the default.
	Flush  time.Duration
	Now    func() time.Time // nil for the system's clock
	Random func() float64   // nil for the runtime's; spreads attempts to connect
	Logger *slog.Logger     // nil for none
}

// Times of a watcher. Time moves on with every tick, or with every write when those are more frequent.
const (
	tick      = time.Second
	flushTime = 10 * time.Second
	saveLimit = 10 * time.Second
)

// Watcher watches feeds for the candidates. It is safe for concurrent use.
type Watcher struct {
	options Options
	clients []*feed.Client

	mu      sync.Mutex
	tracker *Tracker
	list    []Candidate
	saveErr error
	savedAt programme.Millis
}

// NewWatcher prepares a watcher; [Watcher.Run] makes it watch.
func NewWatcher(o Options) *Watcher {
	if o.Timing == (feed.Timing{}) {
		o.Timing = feed.DefaultTiming()
	}
	if o.Flush == 0 {
		o.Flush = flushTime
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{options: o}
	for _, url := range o.Feeds {
		for _, genesis := range o.Chains {
			w.clients = append(w.clients, &feed.Client{
				URL: url, Genesis: genesis, HTTP: o.HTTP, Timing: o.Timing, Now: o.Now, Random: o.Random, Logger: o.Logger,
			})
		}
	}
	return w
}

// Key names a chain on a feed, without what may be a secret in the address.
func Key(url, genesis string) string { return feed.Redacted(url) + " " + genesis }

// SetCandidates says who is listed. It may be called at any time, before the watching begins too.
func (w *Watcher) SetCandidates(list []Candidate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = list
	if w.tracker != nil {
		w.tracker.SetCandidates(w.now(), list)
	}
}

func (w *Watcher) now() programme.Millis { return programme.Millis(w.options.Now().UnixMilli()) }

// Run watches until ctx ends, and stores what is left then. It fails only when the memory cannot be loaded or the
// options make no sense.
func (w *Watcher) Run(ctx context.Context) error {
	state, err := w.options.Memory.LoadPresence(ctx)
	if err != nil {
		return fmt.Errorf("load presence: %w", err)
	}
	var keys []string
	for _, c := range w.clients {
		keys = append(keys, Key(c.URL, c.Genesis))
	}
	w.mu.Lock()
	tracker, err := NewTracker(keys, w.options.Grace, state, w.now())
	if err == nil {
		w.tracker = tracker
		w.tracker.SetCandidates(w.now(), w.list)
	}
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("watch telemetry: %w", err)
	}
	var group sync.WaitGroup
	for i, c := range w.clients {
		group.Go(func() { c.Follow(ctx, &view{w, i}) })
	}
	w.loop(ctx)
	group.Wait()
	// What is known is worth a last attempt, even though the caller is in a hurry.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	w.save(last)
	return nil
}

// loop drives time, hands out sightings and stores changes.
func (w *Watcher) loop(ctx context.Context) {
	ticker := time.NewTicker(min(tick, w.options.Flush))
	defer ticker.Stop()
	flush := time.NewTicker(w.options.Flush)
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			w.save(ctx)
			continue
		case <-ticker.C:
		}
		w.mu.Lock()
		w.tracker.Tick(w.now())
		sightings := w.tracker.Sightings()
		w.mu.Unlock()
		if w.options.Sighted != nil && len(sightings) > 0 {
			w.options.Sighted(sightings)
		}
	}
}

// save stores the changes. What cannot be stored now is part of the next attempt.
func (w *Watcher) save(ctx context.Context) {
	w.mu.Lock()
	batch, done := w.tracker.Changes()
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	err := w.options.Memory.SavePresence(ctx, batch)
	w.mu.Lock()
	defer w.mu.Unlock()
	done(err == nil)
	if err != nil {
		if w.saveErr == nil {
			w.options.Logger.Error("presence cannot be stored; it is tried again", "err", err)
		}
		w.saveErr = err
		return
	}
	if w.saveErr != nil {
		w.options.Logger.Info("presence is stored again")
	}
	w.saveErr, w.savedAt = nil, batch.Observer.Seen
}

// Health is how the watching goes.
type Health struct {
	Running bool             `json:"running"`
	Seen    programme.Millis `json:"seen"` // everything is known up to here
	// Blind is since when the observer cannot see, 0 while it can, and Reason why.
	Blind  programme.Millis `json:"blind,omitempty"`
	Reason string           `json:"reason,omitempty"`
	Feeds  []memory.Feed    `json:"feeds"`
	// Saved is up to when presence has been stored, and SaveError why the last attempt failed.
	Saved     programme.Millis `json:"saved"`
	SaveError string           `json:"saveError,omitempty"`
	Listed    int              `json:"listed"`
	Live      int              `json:"live"` // listed slots with at least one connection
	Notices   []SlotNotice     `json:"notices,omitempty"`
}

// SlotNotice is a notice with its slot.
type SlotNotice struct {
	Slot int    `json:"slot"`
	Name string `json:"name"`
	memory.Notice
}

// Health tells how the watching goes.
func (w *Watcher) Health() Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := Health{Saved: w.savedAt}
	if w.saveErr != nil {
		h.SaveError = w.saveErr.Error()
	}
	t := w.tracker
	if t == nil {
		return h
	}
	h.Running = true
	o := t.Observer()
	h.Seen, h.Feeds = o.Seen, o.Feeds
	if t.blind.running() {
		b := t.blind.list[len(t.blind.list)-1]
		h.Blind, h.Reason = b.From, b.Reason
	}
	for _, s := range t.Slots() {
		if s.Listed {
			h.Listed++
		}
		if s.Live > 0 {
			h.Live++
		}
		for _, n := range s.Notices {
			h.Notices = append(h.Notices, SlotNotice{s.Slot, s.Name, n})
		}
	}
	return h
}

// view is what one client sees, told to the tracker.
type view struct {
	w     *Watcher
	index int
}

func (v *view) Opened(now programme.Millis) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	v.w.tracker.Opened(v.index, now)
}

func (v *view) Message(now programme.Millis, m *feed.Message) error {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	return v.w.tracker.Message(v.index, now, m)
}

func (v *view) Emptied(now programme.Millis) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	v.w.tracker.Emptied(v.index, now)
}

func (v *view) Complete(now programme.Millis) error {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	return v.w.tracker.Complete(v.index, now)
}

func (v *view) Lost(now programme.Millis, why error) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	v.w.tracker.Lost(v.index, now, why)
}
