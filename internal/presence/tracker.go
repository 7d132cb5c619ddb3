package presence

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Tracker turns what feeds show into presence. It is a pure state machine: the same events at the same moments give
// the same intervals. It is not safe for concurrent use.
//
// Moments must not go backwards; one that does counts as the latest. [Tracker.Tick] must be called at least every few
// seconds: a longer silence than [stall] between two calls means that the process itself did not run.
type Tracker struct {
	grace   programme.Millis
	watches []*watch
	all     uint64 // the feeds there are
	sight   uint64 // those in sight
	slots   map[int]*slot
	order   []*slot // by id
	names   map[string]*entry
	similar map[string][]*entry // by folded name
	blind   blindness
	due     programme.Millis // when the next absence may become an outage
	now     programme.Millis // of the newest event
	before  programme.Millis // of the event before it
	held    int              // while greater than 0, blindness is judged later
	// sightings are the newest by slot, until they are taken.
	sightings map[int]Sighting
	saved     saved
}

const (
	never = programme.Millis(math.MaxInt64)
	// stall is the longest time between two events of a process that runs.
	stall programme.Millis = 30_000
	// outOfSight is why the observer is blind although it sees something.
	outOfSight = "the only feed that showed a candidate is not in sight"
	// maxFeeds is the number of feeds and chains that can be watched.
	maxFeeds = 64
)

// NewTracker is a tracker with the given memory, which begins to watch now. Keys name its feeds. The time between the
// end of the memory and now is blind. Candidates are set afterwards, before the first event.
func NewTracker(keys []string, grace programme.Millis, s memory.PresenceState, now programme.Millis) (*Tracker, error) {
	if len(keys) == 0 || len(keys) > maxFeeds {
		return nil, fmt.Errorf("%d feeds and chains are to be watched; 1 to %d are possible", len(keys), maxFeeds)
	}
	t := &Tracker{
		grace: grace, now: now, before: now, due: never,
		slots: map[int]*slot{}, names: map[string]*entry{}, similar: map[string][]*entry{}, sightings: map[int]Sighting{},
	}
	bits := map[string]uint64{}
	for i, key := range keys {
		if bits[key] != 0 {
			return nil, fmt.Errorf("%s is to be watched twice", key)
		}
		w := &watch{key: key, bit: 1 << i, table: map[uint64]*instance{}, dark: now, reason: "not connected yet"}
		bits[key] = w.bit
		t.all |= w.bit
		t.watches = append(t.watches, w)
	}
	t.load(s, bits)
	return t, nil
}

func (t *Tracker) load(s memory.PresenceState, bits map[string]uint64) {
	seen := min(s.Observer.Seen, t.now)
	for _, f := range s.Observer.Feeds {
		for _, w := range t.watches {
			if w.key == f.Key {
				w.before = height{f.Nodes, min(f.At, t.now)}
				if f.Dark != 0 {
					w.dark = min(f.Dark, t.now)
				} else {
					w.dark = min(f.At, t.now)
				}
			}
		}
	}
	for _, n := range s.Names {
		e := t.entryOf(n.Name)
		e.first, e.last = min(n.First, t.now), min(n.Last, t.now)
	}
	for _, m := range s.Slots {
		v := &slot{
			id: m.Slot, listed: m.Listed, first: min(m.FirstSeen, t.now), last: min(m.LastSeen, t.now), gone: min(m.Gone, t.now),
			client: m.Implementation, version: m.Version, networkID: m.NetworkID, hardware: m.Hardware, notices: m.Notices,
		}
		for _, key := range m.Home {
			v.home |= bits[key]
		}
		if m.Live > 0 {
			v.last = max(v.last, seen)
			v.gone = v.last
		}
		v.entry = t.entryOf(m.Name)
		if v.listed {
			v.entry.slots = append(v.entry.slots, v)
		}
		t.slots[v.id] = v
	}
	for _, o := range s.Outages {
		if v := t.slots[o.Slot]; v != nil {
			v.outages = append(v.outages, o.Interval)
		}
	}
	t.sort()
	t.blind.list = slices.Clone(s.Blind)
	t.saved.load(s)
	if !t.blind.running() {
		from := seen
		if seen == 0 {
			from = t.now
		}
		t.blind.open(from, "the process was not running")
		t.reconsider(t.now)
	}
}

func (t *Tracker) sort() {
	t.order = t.order[:0]
	for _, s := range t.slots {
		t.order = append(t.order, s)
	}
	slices.SortFunc(t.order, func(a, b *slot) int { return cmp.Compare(a.id, b.id) })
}

// SetCandidates says who is listed. Presence belongs to the slot: a slot with a new name keeps its history, and has
// the grace to appear under it.
func (t *Tracker) SetCandidates(now programme.Millis, list []Candidate) {
	now = t.advance(now)
	listed := map[int]bool{}
	for _, c := range list {
		listed[c.Slot] = true
		s := t.slots[c.Slot]
		switch {
		case s == nil:
			s = &slot{id: c.Slot}
			t.slots[c.Slot] = s
			t.list(s, c.Name, now)
		case !s.listed:
			t.list(s, c.Name, now)
		case s.entry.name != c.Name:
			t.delist(s, now)
			t.list(s, c.Name, now)
		}
	}
	for _, s := range t.slots {
		if s.listed && !listed[s.id] {
			t.delist(s, now)
			t.back(s, now)
		}
	}
	t.sort()
	t.judge(now, outOfSight)
}

// list begins to watch for a slot under a name.
func (t *Tracker) list(s *slot, name string, now programme.Millis) {
	e := t.entryOf(name)
	e.slots = append(e.slots, s)
	s.entry, s.listed = e, true
	if e.first != 0 {
		if s.first == 0 {
			s.first = e.first
		}
		s.first, s.last = min(s.first, e.first), max(s.last, e.last)
	}
	switch {
	case s.live() > 0:
		t.appear(s, e.nodes.homes(), now, false)
		t.describe(e, now)
	case s.first != 0 && s.gone == 0:
		s.gone, t.due = now, 0
	}
}

// delist ends the watching for a slot. A node that was connected counts as seen until now.
func (t *Tracker) delist(s *slot, now programme.Millis) {
	if s.live() > 0 {
		s.last, s.gone, t.due = now, now, 0
	}
	e := s.entry
	e.slots = slices.DeleteFunc(e.slots, func(o *slot) bool { return o == s })
	s.listed = false
	t.tidy(e)
}

// advance moves the time forward: graces end, incidents pass.
func (t *Tracker) advance(now programme.Millis) programme.Millis {
	now = max(now, t.now)
	t.before, t.now = t.now, now
	if now-t.before > stall {
		t.suspended()
	}
	for _, w := range t.watches {
		t.over(w, t.before)
	}
	t.promote(now)
	return now
}

// suspended: the process did not run for a while. What the connections still deliver is of then.
func (t *Tracker) suspended() {
	const reason = "the process was suspended"
	from := t.before
	t.held++
	for _, w := range t.watches {
		if w.open {
			w.refused = true
			from = min(from, w.last)
			t.lose(w, reason)
		}
	}
	t.held--
	t.judge(from, reason)
}

// Tick tells that time passes.
func (t *Tracker) Tick(now programme.Millis) { t.advance(now) }

// Opened: a subscription begins on the given feed.
func (t *Tracker) Opened(feedIndex int, now programme.Millis) {
	now = t.advance(now)
	w := t.watches[feedIndex]
	if w.open {
		t.lose(w, "the list of nodes is being sent again")
	}
	w.open, w.refused, w.last = true, false, now
	w.reason = "the list of nodes is being sent"
}

// Message: something arrived. An error says that the connection is of no use any more.
func (t *Tracker) Message(feedIndex int, now programme.Millis, m *feed.Message) error {
	now = t.advance(now)
	w := t.watches[feedIndex]
	if w.refused {
		return errStale
	}
	if !w.open {
		w.reason = "the server does not show the chain"
		return nil
	}
	w.last = now
	if m.Malformed != nil { // the client has refused what must be understood; the rest is for display
		return nil //nolint:nilerr // it is no failure of ours, and nothing is lost by it
	}
	switch m.Action {
	case feed.AddedNode:
		return t.add(w, m.ID, m.Node, now)
	case feed.RemovedNode:
		if size := len(w.table); w.table[m.ID] != nil {
			t.held++
			t.remove(w, m.ID, now)
			t.held--
			t.losses(w, size, now)
			t.judge(now, outOfSight)
		}
	case feed.LocatedNode:
		if i := w.table[m.ID]; i != nil {
			i.node.Location = m.Location
			t.describe(i.entry, now)
		}
	case feed.ImportedBlock:
		if i := w.table[m.ID]; i != nil {
			i.node.Height = m.Height
		}
	}
	return nil
}

// Emptied: the last node of the chain has left.
func (t *Tracker) Emptied(feedIndex int, now programme.Millis) {
	now = t.advance(now)
	w := t.watches[feedIndex]
	if !w.open {
		return
	}
	w.last = now
	size := len(w.table)
	t.held++
	for id := range w.table {
		t.remove(w, id, now)
	}
	t.held--
	t.losses(w, size, now)
	t.judge(now, outOfSight)
}

// Complete: all nodes have been sent, so that a node that is not there is gone. When a large part of those known
// before is missing, the server has just been started and they are still on their way.
func (t *Tracker) Complete(feedIndex int, now programme.Millis) error {
	now = t.advance(now)
	w := t.watches[feedIndex]
	if w.refused || !w.open {
		return errStale
	}
	if w.complete {
		return nil
	}
	w.complete, w.last = true, now
	if size := len(w.table); now-w.before.until <= patience && alarming(w.before.size, size) {
		w.incident = &incident{from: now, base: w.before.size}
		w.reason = fmt.Sprintf("%d of %d nodes are missing since the connection before", w.before.size-size, w.before.size)
		return nil
	}
	t.brighten(w)
	t.judge(now, "")
	return nil
}

// Lost: the connection is gone.
func (t *Tracker) Lost(feedIndex int, now programme.Millis, why error) {
	t.advance(now)
	w := t.watches[feedIndex]
	w.refused = false
	if w.open {
		t.lose(w, why.Error())
		return
	}
	w.reason = why.Error()
}
