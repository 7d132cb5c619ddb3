package presence

import (
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// slot is the presence of one slot in memory.
type slot struct {
	id        int
	entry     *entry
	listed    bool
	first     programme.Millis
	last      programme.Millis
	gone      programme.Millis
	home      uint64 // feeds that show its nodes, or showed them last
	outages   []programme.Interval
	client    string
	version   string
	networkID string
	hardware  memory.Hardware
	notices   []memory.Notice
}

// live is the number of connections.
func (s *slot) live() int {
	if !s.listed {
		return 0
	}
	return s.entry.nodes.count
}

// out reports whether the absence that runs counts as an outage.
func (s *slot) out() bool {
	n := len(s.outages)
	return n > 0 && s.outages[n-1].To == 0
}

// absent reports whether the slot is away, after having been seen.
func (s *slot) absent() bool { return s.listed && s.gone != 0 }

// appear notes a connection on the feeds of the given set; others tells whether there were connections before.
func (t *Tracker) appear(s *slot, home uint64, now programme.Millis, others bool) {
	if s.first == 0 {
		s.first = min(now, s.entry.first)
	}
	s.last = max(s.last, now)
	if others {
		s.home |= home
		return
	}
	s.home = home
	t.back(s, now)
}

// back ends the absence that runs.
func (t *Tracker) back(s *slot, now programme.Millis) {
	if s.out() {
		s.outages[len(s.outages)-1].To = now
	}
	s.gone = 0
}

// left notes that connections ended, for all but the feeds in rest.
func (t *Tracker) left(s *slot, rest uint64, at programme.Millis) {
	s.last = max(s.last, at)
	if rest != 0 {
		s.home = rest
		return
	}
	s.gone = s.last
	if !t.blind.running() {
		t.due = min(t.due, max(s.gone, t.blind.end())+t.grace+1)
	}
}

// promote makes outages of the absences whose grace is over. It is driven by time alone.
func (t *Tracker) promote(now programme.Millis) {
	if t.blind.running() || now < t.due {
		return
	}
	t.due = never
	for _, s := range t.order {
		if !s.absent() || s.out() {
			continue
		}
		due := max(s.gone, t.blind.end()) + t.grace + 1
		if now < due {
			t.due = min(t.due, due)
			continue
		}
		s.outages = append(s.outages, programme.Interval{From: s.gone})
	}
}

// reconsider withdraws outages that turn out to have been observed for no more than the grace, because blindness was
// noticed after it had begun.
func (t *Tracker) reconsider(now programme.Millis) {
	since := t.blind.since()
	for _, s := range t.order {
		s.outages = slices.DeleteFunc(s.outages, func(o programme.Interval) bool {
			if o.To != 0 && o.To <= since {
				return false
			}
			if o.To == 0 {
				o.To = now
			}
			return !t.blind.observed(o, t.grace)
		})
	}
}

// judge states whether the observer can see at the moment at. Blindness may begin or end then. When another feed is lost
// while the observer is blind, it has been blind at least since that feed's last message.
func (t *Tracker) judge(at programme.Millis, reason string) {
	if t.held > 0 {
		return
	}
	blind, was := t.isBlind(), t.blind.running()
	switch {
	case blind && (!was || at < t.blind.since()):
		t.blind.open(at, reason)
		t.reconsider(t.now)
	case !blind && was:
		t.blind.close(at)
		t.due = 0 // what is due next is found out by looking
		t.promote(t.now)
	}
}

// isBlind: no feed is in sight, or one that is not is the only one to show the nodes of a candidate that is not seen
// anywhere else now.
func (t *Tracker) isBlind() bool {
	if t.sight == 0 {
		return true
	}
	if t.sight == t.all {
		return false
	}
	for _, s := range t.order {
		if s.absent() && s.home != 0 && s.home&t.sight == 0 {
			return true
		}
	}
	return false
}
