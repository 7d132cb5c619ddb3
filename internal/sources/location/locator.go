package location

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
)

// ErrNotFound says that a source works but knows nothing of an address.
var ErrNotFound = errors.New("the source knows nothing of the address")

// Source tells where an address is. Errors must not hold the address.
type Source interface {
	Name() string
	// Local sources are not cached and not counted.
	Local() bool
	// Locate returns what is known; [ErrNotFound] when that is nothing.
	Locate(ctx context.Context, a netip.Addr) (outside.Place, error)
}

// Node is what telemetry knows of the node of a candidate, or only the candidate when it knows nothing.
type Node struct {
	Slot  int
	Stash programme.Address
	Name  string
	Addr  netip.Addr // from which it reports; invalid when the feed does not show it
	City  string     // as the feed shows it
}

// Store keeps locations and what is remembered of look-ups.
type Store interface {
	sources.HealthStore
	// Lookup reads what a source said of an address, by its keyed hash.
	Lookup(ctx context.Context, source, key string) (l outside.Lookup, ok bool, err error)
	SaveLookup(ctx context.Context, l outside.Lookup) error
	// ForgetLookups deletes what was said of addresses that nobody has asked about since a moment.
	ForgetLookups(ctx context.Context, before programme.Millis) (int64, error)
	// SpendRequest counts one request of a source in a month ("2025-11"), unless limit (0 = none) is reached.
	SpendRequest(ctx context.Context, source, month string, limit int64) (ok bool, err error)
	// Locations lists the present location of every slot.
	Locations(ctx context.Context, network string) ([]outside.Located, error)
	// SaveLocation makes a location the present one of its slot. The one before it becomes history when stash or place
	// differ, and is only confirmed otherwise.
	SaveLocation(ctx context.Context, l outside.Located) error
}

// Options configure a [Locator].
type Options struct {
	Network     string
	Sources     []Source // in the order of trust
	FeedCity    bool     // take the city that the feed shows when nothing better is known
	Corrections string   // file; empty for none
	Key         Key
	Lifetime    time.Duration // of an answer about an address
	Monthly     int64         // most requests per month and source that is not local, 0 = no limit
	Fresh       time.Duration // how long the newest good refresh speaks for the source while newer ones fail
	MaxAge      time.Duration // after which a location counts as unknown
	Store       Store
	Now         func() time.Time
}

// Times of look-ups that brought nothing.
const (
	notFoundLives = 24 * time.Hour
	firstRetry    = time.Minute
	lastRetry     = 6 * time.Hour
	// confirmEvery bounds how often an unchanged location is written.
	confirmEvery = time.Hour
)

// Locator locates nodes. Refresh must not run twice at a time.
type Locator struct {
	o           Options
	book        sources.Book
	corrections []Correction // the last good ones
}

// New makes a locator; nothing is asked yet.
func New(o Options) *Locator {
	return &Locator{o: o, book: sources.Book{Store: o.Store, Network: o.Network, Name: string(programme.SourceLocation), Fresh: o.Fresh}}
}

// tally is what happened in one refresh.
type tally struct {
	wanted, failed int
	cause          error
	remark         string
}

func (t *tally) fail(err error) { t.failed++; t.cause = err }

// Refresh locates all nodes. Each slot may appear once. That sources failed is written down and returned; locations
// found until then are kept.
func (l *Locator) Refresh(ctx context.Context, nodes []Node) error {
	var t tally
	if l.o.Corrections != "" {
		list, err := ReadCorrections(l.o.Corrections)
		if err != nil {
			t.remark = "the corrections before it stay in force: " + err.Error()
		} else {
			l.corrections = list
		}
	}
	have, err := l.o.Store.Locations(ctx, l.o.Network)
	if err != nil {
		return err
	}
	present := make(map[int]outside.Located, len(have))
	for _, h := range have {
		present[h.Slot] = h
	}
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(a, b Node) int { // those that wait longest come first, should requests run out
		return cmp.Or(cmp.Compare(present[a.Slot].At, present[b.Slot].At), cmp.Compare(a.Slot, b.Slot))
	})
	for i := range nodes {
		if err := l.one(ctx, &nodes[i], present[nodes[i].Slot], &t); err != nil {
			return err
		}
	}
	// Addresses that no node has any more are of no use to anybody.
	if _, err := l.o.Store.ForgetLookups(ctx, l.now()-sources.Span(l.o.MaxAge)); err != nil {
		return err
	}
	return l.note(ctx, &t)
}

func (l *Locator) note(ctx context.Context, t *tally) error {
	if len(l.o.Sources) == 0 && l.o.Corrections == "" {
		return l.book.Set(ctx, programme.SourceAbsent, "no source of locations is set up")
	}
	o := sources.Outcome{At: l.now(), Remark: t.remark}
	switch {
	case 2*t.failed > t.wanted:
		o.Err = fmt.Errorf("%d of %d nodes could not be looked up; the newest reason: %w", t.failed, t.wanted, t.cause)
	case t.failed > 0:
		o.Remark = strings.TrimPrefix(o.Remark+"; ", "; ") + fmt.Sprintf("%d of %d nodes could not be looked up; the newest reason: %v", t.failed, t.wanted, t.cause)
	}
	return errors.Join(o.Err, l.book.Note(ctx, o))
}

func (l *Locator) now() programme.Millis { return sources.Millis(l.o.Now()) }

// found is what is gathered about one node.
type found struct {
	place outside.Place
	from  []string
	at    programme.Millis // of the oldest part
}

func (f *found) add(p outside.Place, from string, at programme.Millis) {
	if next := f.place.Fill(p); !next.Same(f.place) {
		f.place, f.from = next, append(f.from, from)
		if f.at == 0 || at < f.at {
			f.at = at
		}
	}
}

// one locates one node and keeps the result. Only failures of the store are errors.
func (l *Locator) one(ctx context.Context, n *Node, before outside.Located, t *tally) error {
	var f found
	correction := corrected(l.corrections, n)
	f.add(correction, "correction", l.now())
	if Public(n.Addr) {
		t.wanted++
		for _, s := range l.o.Sources {
			if complete(f.place) {
				break
			}
			p, at, err := l.ask(ctx, s, n.Addr)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			var broken *storeError
			switch {
			case errors.As(err, &broken):
				return broken.err
			case err != nil && !errors.Is(err, ErrNotFound):
				t.fail(err)
			}
			f.add(p, s.Name(), at)
		}
	}
	if l.o.FeedCity && f.place.City == "" {
		f.add(outside.Place{City: name(n.City)}, "telemetry", l.now())
	}
	if !f.place.Known() {
		return nil
	}
	next := outside.Located{
		Network: l.o.Network, Slot: n.Slot, Stash: n.Stash, Name: n.Name, Place: f.place,
		Source: strings.Join(f.from, "+"), Confidence: confidence(correction, f.place), Since: f.at, At: f.at,
	}
	return l.keep(ctx, next, before)
}

// keep writes a location down, unless it says nothing new.
func (l *Locator) keep(ctx context.Context, next, before outside.Located) error {
	if before.At > 0 && before.Stash == next.Stash {
		if next.Confidence == outside.Low && before.Confidence != outside.Low && l.now()-before.At <= sources.Span(l.o.MaxAge) {
			return nil // a city alone does not replace a whole location because a service is out of reach
		}
		if before.Place.Same(next.Place) {
			if next.At-before.At < sources.Span(confirmEvery) && before.Source == next.Source {
				return nil
			}
			next.Since = before.Since
		}
	}
	return l.o.Store.SaveLocation(ctx, next)
}

func confidence(correction, p outside.Place) outside.Confidence {
	switch {
	case correction.Country != "":
		return outside.High
	case p.Country != "":
		return outside.Medium
	}
	return outside.Low
}

// Where is what is known of a slot. It is unknown when it was not confirmed for too long.
func (l *Locator) Where(ctx context.Context, slot int) (sources.Answer[outside.Located], error) {
	all, err := l.o.Store.Locations(ctx, l.o.Network)
	if err != nil {
		return sources.Answer[outside.Located]{}, err
	}
	for _, x := range all {
		if x.Slot == slot {
			return sources.Fresh(x, x.At, l.now(), sources.Span(l.o.MaxAge)), nil
		}
	}
	return sources.Answer[outside.Located]{Why: "the node was not located yet"}, nil
}
