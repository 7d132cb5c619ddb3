package presence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// saved is what the store is known to hold.
type saved struct {
	slots   map[int]memory.Presence
	outages map[int][]programme.Interval // those that may still change
	blind   []memory.Blind
	names   map[string]memory.SeenName
}

// Retention is how long finished outages, blind intervals and unused names are kept. The rules look back a week.
const Retention = 90 * programme.Day

// settled is how long an outage that has ended may still be withdrawn: longer than any silence that is noticed late.
const settled = 10 * programme.Minute

// maxReason bounds a reason that is kept, in bytes.
const maxReason = 300

func (v *saved) load(s memory.PresenceState) {
	v.slots, v.outages, v.names = map[int]memory.Presence{}, map[int][]programme.Interval{}, map[string]memory.SeenName{}
	for _, m := range s.Slots {
		v.slots[m.Slot] = m
	}
	for _, o := range s.Outages {
		v.outages[o.Slot] = append(v.outages[o.Slot], o.Interval)
	}
	v.blind = slices.Clone(s.Blind)
	for _, n := range s.Names {
		v.names[n.Name] = n
	}
}

// seen is the moment up to which everything is known.
func (t *Tracker) seen() programme.Millis {
	at := t.now
	for _, w := range t.watches {
		if w.visible() {
			at = min(at, w.last)
		}
	}
	return at
}

// Observer tells how the feeds are.
func (t *Tracker) Observer() memory.Observer {
	o := memory.Observer{Seen: t.seen()}
	for _, w := range t.watches {
		f := memory.Feed{Key: w.key, Nodes: len(w.table), At: t.now, Dark: w.dark, Reason: w.reason}
		if !w.complete {
			f.Nodes, f.At = w.before.size, w.before.until
		}
		if w.incident != nil {
			f.Nodes = max(f.Nodes, w.incident.base)
		}
		f.Reason = strings.ToValidUTF8(f.Reason[:min(len(f.Reason), maxReason)], "")
		o.Feeds = append(o.Feeds, f)
	}
	return o
}

// Slots is the presence of all slots, listed or not.
func (t *Tracker) Slots() []memory.Presence {
	out := make([]memory.Presence, 0, len(t.order))
	for _, s := range t.order {
		t.notice(s)
		m := memory.Presence{
			Slot: s.id, Name: s.entry.name, Listed: s.listed, FirstSeen: s.first, LastSeen: s.last, Gone: s.gone, Live: s.live(),
			Implementation: s.client, Version: s.version, NetworkID: s.networkID, Hardware: s.hardware, Notices: s.notices,
		}
		for _, w := range t.watches {
			if s.home&w.bit != 0 {
				m.Home = append(m.Home, w.key)
			}
		}
		out = append(out, m)
	}
	return out
}

// Sightings are where candidates' nodes were seen since the last call.
func (t *Tracker) Sightings() []Sighting {
	if len(t.sightings) == 0 {
		return nil
	}
	out := make([]Sighting, 0, len(t.sightings))
	for _, s := range t.order {
		if seen, ok := t.sightings[s.id]; ok {
			out = append(out, seen)
		}
	}
	clear(t.sightings)
	return out
}

// Changes is what differs from what is stored, and what to call afterwards: with whether it is known to have been
// stored. Everything in it belongs to one moment.
func (t *Tracker) Changes() (b memory.PresenceBatch, done func(stored bool)) {
	t.prune()
	next := saved{slots: map[int]memory.Presence{}, outages: map[int][]programme.Interval{}, names: map[string]memory.SeenName{}}
	b.Observer = t.Observer()
	for _, m := range t.Slots() {
		if old, ok := t.saved.slots[m.Slot]; !ok || !sameSlot(&old, &m) {
			b.Slots = append(b.Slots, m)
		}
		next.slots[m.Slot] = m
		old := t.saved.outages[m.Slot]
		now := t.slots[m.Slot].outages
		for _, o := range now {
			if !slices.Contains(old, o) {
				b.Outages = append(b.Outages, memory.Outage{Slot: m.Slot, Interval: o})
			}
		}
		for _, o := range old {
			if !slices.ContainsFunc(now, func(n programme.Interval) bool { return n.From == o.From }) {
				b.DroppedOutages = append(b.DroppedOutages, memory.Outage{Slot: m.Slot, Interval: o})
			}
		}
		if len(now) > 0 {
			next.outages[m.Slot] = slices.Clone(now)
		}
	}
	next.blind = slices.Clone(t.blind.list)
	b.Blind, b.DroppedBlind = blindChanges(t.saved.blind, next.blind, t.blind.horizon)
	for _, e := range t.names {
		if n, ok := t.remembered(e); ok {
			if t.saved.names[n.Name] != n {
				b.Names = append(b.Names, n)
			}
			next.names[n.Name] = n
		}
	}
	for name := range t.saved.names {
		if _, ok := next.names[name]; !ok {
			b.DroppedNames = append(b.DroppedNames, name)
		}
	}
	if b.Observer.Seen > Retention {
		b.Forget = b.Observer.Seen - Retention
	}
	return b, func(stored bool) {
		if !stored {
			t.saved.doubt(&b)
			return
		}
		t.saved = next
		t.settle()
	}
}

// unsure marks the end of an interval of which nobody knows how the store holds it, if at all.
const unsure programme.Millis = -1

// doubt notes that a batch may have been stored although its writer was told otherwise: its answer may have been lost.
// Whatever was in it is written again or taken back with the next one.
func (v *saved) doubt(b *memory.PresenceBatch) {
	for _, s := range b.Slots {
		delete(v.slots, s.Slot)
	}
	for _, o := range b.Outages {
		list := slices.DeleteFunc(v.outages[o.Slot], func(iv programme.Interval) bool { return iv.From == o.From })
		v.outages[o.Slot] = append(list, programme.Interval{From: o.From, To: unsure})
	}
	for _, n := range b.Names {
		v.names[n.Name] = memory.SeenName{}
	}
	for _, o := range b.Blind {
		v.blind = slices.DeleteFunc(v.blind, func(x memory.Blind) bool { return x.From == o.From })
		v.blind = append(v.blind, memory.Blind{Interval: programme.Interval{From: o.From, To: unsure}})
	}
	slices.SortFunc(v.blind, func(x, y memory.Blind) int { return cmp.Compare(x.From, y.From) })
}

// settle lets go of outages that have been stored and do not change any more.
func (t *Tracker) settle() {
	old := func(o programme.Interval) bool { return o.To != 0 && t.now-o.To > settled }
	for _, s := range t.order {
		kept := t.saved.outages[s.id]
		s.outages = slices.DeleteFunc(s.outages, func(o programme.Interval) bool { return old(o) && slices.Contains(kept, o) })
		if kept = slices.DeleteFunc(kept, func(o programme.Interval) bool { return old(o) && !slices.Contains(s.outages, o) }); len(kept) == 0 {
			delete(t.saved.outages, s.id)
		} else {
			t.saved.outages[s.id] = kept
		}
	}
}

// remembered is what is kept of a name. The day of the last sight is enough.
func (t *Tracker) remembered(e *entry) (memory.SeenName, bool) {
	last := e.last
	if e.nodes.count > 0 {
		last = t.now
	}
	if e.first == 0 || last-e.first < briefly {
		return memory.SeenName{}, false
	}
	return memory.SeenName{Name: e.name, First: e.first, Last: max(last-last%programme.Day, e.first+briefly)}, true
}

func sameSlot(a, b *memory.Presence) bool {
	// While connected, the moment of the last sight is the observer's own.
	return a.Name == b.Name && a.Listed == b.Listed && a.FirstSeen == b.FirstSeen && (a.LastSeen == b.LastSeen || a.Live > 0 && b.Live > 0) &&
		a.Gone == b.Gone && a.Live == b.Live && slices.Equal(a.Home, b.Home) && a.Implementation == b.Implementation &&
		a.Version == b.Version && sameHardware(a.Hardware, b.Hardware) && a.NetworkID == b.NetworkID && slices.Equal(a.Notices, b.Notices)
}

// blindChanges compares two lists of blind intervals; what ended before the horizon is no longer in the newer one.
func blindChanges(old, now []memory.Blind, horizon programme.Millis) (changed, dropped []memory.Blind) {
	i := 0
	for _, o := range old {
		for i < len(now) && now[i].From < o.From {
			changed = append(changed, now[i])
			i++
		}
		switch {
		case i < len(now) && now[i].From == o.From:
			if now[i] != o {
				changed = append(changed, now[i])
			}
			i++
		case o.To == 0 || o.To == unsure || o.To > horizon:
			dropped = append(dropped, o)
		}
	}
	return append(changed, now[i:]...), dropped
}

func sameHardware(a, b memory.Hardware) bool {
	if (a.VM == nil) != (b.VM == nil) || a.VM != nil && *a.VM != *b.VM {
		return false
	}
	a.VM, b.VM = nil, nil
	return a == b
}
