package presence

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// watch is one chain on one feed: the nodes it shows, and whether it can be relied on.
type watch struct {
	key      string
	bit      uint64
	open     bool // a subscription is there
	complete bool // all its nodes have been sent
	refused  bool // what still comes from the connection must not be used
	last     programme.Millis
	table    map[uint64]*instance
	heights  []height // past sizes of the table, see losses
	incident *incident
	before   height // size of the table of the subscription before, and until when
	dark     programme.Millis
	reason   string
}

// instance is one node of one subscription.
type instance struct {
	watch *watch
	entry *entry
	node  feed.Node
	since programme.Millis
	// Its neighbours in the crowd of its name.
	before, after *instance
}

// height is a size that a table had until a moment.
type height struct {
	size  int
	until programme.Millis
}

// incident is a loss of so many nodes at once that the feed is to blame rather than they.
type incident struct {
	from programme.Millis
	base int // nodes before
}

// What counts as an incident, and how it ends.
const (
	// within is the time in which nodes must be lost together.
	within = programme.Minute
	// fewest is the smallest loss that counts, unless not a single node is left.
	fewest = 20
	// handful is the smallest chain whose complete loss counts.
	handful = 3
	// doubt is how long the feed is blamed when at most half of the nodes are lost: longer, and they are really gone.
	doubt = 15 * programme.Minute
	// patience is how long it is blamed when more than half are lost.
	patience = programme.Day
	// maxNodes bounds the nodes of one feed.
	maxNodes = 50_000
)

var (
	errStale = errors.New("the process was suspended; what was missed is asked for again")
	errFlood = fmt.Errorf("more than %d nodes", maxNodes)
)

// visible reports whether what the watch does not show is not there.
func (w *watch) visible() bool { return w.open && w.complete && w.incident == nil }

// alarming reports whether a fall from base to size is an incident.
func alarming(base, size int) bool {
	lost := base - size
	return lost >= fewest && 4*lost > base || size == 0 && base >= handful
}

// losses looks whether the nodes lost within a minute are an incident. The table had size nodes before.
func (t *Tracker) losses(w *watch, size int, now programme.Millis) {
	if !w.complete || w.incident != nil {
		return
	}
	// Only sizes are kept that were greater than all later ones.
	for n := len(w.heights); n > 0 && w.heights[n-1].size <= size; n-- {
		w.heights = w.heights[:n-1]
	}
	w.heights = append(w.heights, height{size, now})
	old := 0
	for w.heights[old].until <= now-within {
		old++
	}
	w.heights = slices.Delete(w.heights, 0, old)
	top := w.heights[0]
	if !alarming(top.size, len(w.table)) {
		return
	}
	w.incident = &incident{from: top.until, base: top.size}
	t.darken(w, top.until, fmt.Sprintf("%d of %d nodes vanished within a minute", top.size-len(w.table), top.size))
	t.judge(top.until, w.reason)
}

// over ends an incident when most nodes are back, or when it has lasted for so long that the loss must be real. The
// table has been as it is since the given moment.
func (t *Tracker) over(w *watch, since programme.Millis) {
	i, size := w.incident, len(w.table)
	if i == nil {
		return
	}
	at := since
	switch {
	case 10*size >= 9*i.base:
	case 2*size >= i.base && t.now >= i.from+doubt:
		at = max(i.from+doubt, since)
	case t.now >= i.from+patience:
		at = max(i.from+patience, since)
	default:
		return
	}
	w.incident, w.heights = nil, nil
	t.brighten(w)
	t.judge(at, "")
}

func (t *Tracker) darken(w *watch, at programme.Millis, reason string) {
	t.sight &^= w.bit
	w.reason = reason
	if w.dark == 0 {
		w.dark = at
	}
}

func (t *Tracker) brighten(w *watch) {
	if w.visible() {
		t.sight |= w.bit
		w.dark, w.reason = 0, ""
	}
}

// lose empties the table of a watch that cannot be relied on since its last message.
func (t *Tracker) lose(w *watch, reason string) {
	at := w.last
	if w.complete {
		w.before = height{len(w.table), at}
		if w.incident != nil {
			w.before.size = max(w.before.size, w.incident.base)
		}
	}
	t.darken(w, at, reason)
	w.open, w.complete, w.incident, w.heights = false, false, nil, nil
	t.held++
	for id := range w.table {
		t.remove(w, id, at)
	}
	t.held--
	t.judge(at, w.reason)
}

// add puts a node into the table. The server sends a node again when it learns more of it; it gives a number that has
// become free to the next node at once.
func (t *Tracker) add(w *watch, id uint64, node *feed.Node, now programme.Millis) error {
	size := len(w.table)
	if old := w.table[id]; old != nil {
		if old.node.Name == node.Name && (old.node.NetworkID == node.NetworkID || old.node.NetworkID == "" || node.NetworkID == "") {
			if node.NetworkID == "" {
				node.NetworkID = old.node.NetworkID
			}
			old.entry.nodes.replace(old, node)
			t.describe(old.entry, now)
			return nil
		}
		t.held++
		t.remove(w, id, now)
		t.held--
	} else if size >= maxNodes {
		return errFlood
	}
	e := t.entryOf(node.Name)
	i := &instance{watch: w, entry: e, node: *node, since: now}
	w.table[id] = i
	if e.first == 0 {
		e.first = now
	}
	others := e.nodes.count > 0
	e.nodes.add(i)
	for _, s := range e.slots {
		t.appear(s, w.bit, now, others)
	}
	t.describe(e, now)
	t.over(w, now)
	t.judge(now, "")
	return nil
}

// remove takes a node out of the table.
func (t *Tracker) remove(w *watch, id uint64, at programme.Millis) {
	i := w.table[id]
	if i == nil {
		return
	}
	delete(w.table, id)
	e := i.entry
	e.nodes.remove(i)
	e.last = max(e.last, at)
	rest := e.nodes.homes()
	for _, s := range e.slots {
		t.left(s, rest, at)
	}
	t.describe(e, at)
	t.tidy(e)
	t.judge(at, outOfSight)
}

// describe takes over what the longest connected node of a name says of itself.
func (t *Tracker) describe(e *entry, now programme.Millis) {
	e.crowded(now)
	if e.nodes.count == 0 {
		return
	}
	n := &e.nodes.first.node
	for _, s := range e.slots {
		s.client, s.version, s.networkID, s.hardware = n.Implementation, n.Version, n.NetworkID, hardware(n.System)
		t.sighted(s, n, now)
	}
}

func (t *Tracker) sighted(s *slot, n *feed.Node, now programme.Millis) {
	if !n.IP.IsValid() && n.Location == nil {
		return
	}
	t.sightings[s.id] = Sighting{Slot: s.id, Name: n.Name, NetworkID: n.NetworkID, IP: n.IP, Location: n.Location, At: now}
}

// hardware is what a node says of its machine; what it does not say stays empty.
func hardware(s *feed.System) memory.Hardware {
	if s == nil {
		return memory.Hardware{}
	}
	return memory.Hardware{
		CPU: said(s.CPU), Memory: said(s.Memory), Cores: said(s.Cores), Kernel: said(s.Kernel), Distro: said(s.Distro), VM: s.Virtual,
	}
}

func said[T any](v *T) (out T) {
	if v != nil {
		out = *v
	}
	return out
}
