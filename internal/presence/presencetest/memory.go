package presencetest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Memory keeps presence as a store does, without one. It counts what is written.
type Memory struct {
	mu       sync.Mutex
	observer memory.Observer
	slots    map[int]memory.Presence
	outages  map[outageKey]memory.Outage
	blind    map[programme.Millis]memory.Blind
	names    map[string]memory.SeenName
	batches  int
	rows     int
	fail     error
}

type outageKey struct {
	slot int
	from programme.Millis
}

// NewMemory is an empty memory.
func NewMemory() *Memory {
	return &Memory{
		slots: map[int]memory.Presence{}, outages: map[outageKey]memory.Outage{},
		blind: map[programme.Millis]memory.Blind{}, names: map[string]memory.SeenName{},
	}
}

// Writes tells how many batches were stored, and how many rows were written or deleted by them.
func (m *Memory) Writes() (batches, rows int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.batches, m.rows
}

// Fail lets storing fail with err; nil lets it work again.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// SavePresence implements the presence tracker's memory.
func (m *Memory) SavePresence(_ context.Context, b memory.PresenceBatch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.batches++
	m.rows += 1 + len(b.Slots) + len(b.Outages) + len(b.DroppedOutages) + len(b.Blind) + len(b.DroppedBlind) + len(b.Names) + len(b.DroppedNames)
	m.observer = b.Observer
	for _, s := range b.Slots {
		m.slots[s.Slot] = s
	}
	for _, o := range b.DroppedOutages {
		delete(m.outages, outageKey{o.Slot, o.From})
	}
	for _, o := range b.Outages {
		m.outages[outageKey{o.Slot, o.From}] = o
	}
	for _, v := range b.DroppedBlind {
		delete(m.blind, v.From)
	}
	for _, v := range b.Blind {
		m.blind[v.From] = v
	}
	for _, n := range b.DroppedNames {
		delete(m.names, n)
	}
	for _, n := range b.Names {
		m.names[n.Name] = n
	}
	return nil
}

// LoadPresence implements the presence tracker's memory.
func (m *Memory) LoadPresence(context.Context) (memory.PresenceState, error) {
	h := m.history(0)
	s := memory.PresenceState{Observer: h.Observer, Slots: h.Slots, Blind: h.Blind}
	for _, o := range h.Outages {
		if o.To == 0 || o.To > h.Observer.Seen {
			s.Outages = append(s.Outages, o)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.names {
		s.Names = append(s.Names, n)
	}
	return s, nil
}

// PresenceSince implements its reader.
func (m *Memory) PresenceSince(_ context.Context, from programme.Millis) (memory.PresenceHistory, error) {
	return m.history(from), nil
}

func (m *Memory) history(from programme.Millis) memory.PresenceHistory {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := memory.PresenceHistory{Observer: m.observer}
	for _, s := range m.slots {
		h.Slots = append(h.Slots, s)
	}
	for _, o := range m.outages {
		if o.To == 0 || o.To > from {
			h.Outages = append(h.Outages, o)
		}
	}
	for _, b := range m.blind {
		if b.To == 0 || b.To > from {
			h.Blind = append(h.Blind, b)
		}
	}
	slices.SortFunc(h.Slots, func(a, b memory.Presence) int { return cmp.Compare(a.Slot, b.Slot) })
	slices.SortFunc(h.Outages, func(a, b memory.Outage) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.From, b.From))
	})
	slices.SortFunc(h.Blind, func(a, b memory.Blind) int { return cmp.Compare(a.From, b.From) })
	return h
}
