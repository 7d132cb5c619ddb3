package storetest

import (
	"context"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Presence is what keeps the presence of nodes.
type Presence interface {
	LoadPresence(ctx context.Context) (memory.PresenceState, error)
	SavePresence(ctx context.Context, b memory.PresenceBatch) error
	PresenceSince(ctx context.Context, from programme.Millis) (memory.PresenceHistory, error)
}

// RunPresence runs the suite of what keeps the presence of nodes. Open is as in [Run].
func RunPresence(t *testing.T, open func(t *testing.T) (s, again Presence)) {
	for name, test := range map[string]func(*testing.T, Presence, Presence){
		"nothing is known at first":         presenceEmpty,
		"batches change what they name":     presenceBatches,
		"history is what touches a time":    presenceHistory,
		"what is old is forgotten":          presenceForget,
		"names are from outside":            presenceNames,
		"a batch is stored again unchanged": presenceAgain,
	} {
		t.Run(name, func(t *testing.T) {
			s, again := open(t)
			test(t, s, again)
		})
	}
}

func interval(from, to programme.Millis) programme.Interval {
	return programme.Interval{From: from, To: to}
}

func outage(slot int, from, to programme.Millis) memory.Outage {
	return memory.Outage{Slot: slot, Interval: interval(from, to)}
}

func blind(from, to programme.Millis, reason string) memory.Blind {
	return memory.Blind{Interval: interval(from, to), Reason: reason}
}

func presenceEmpty(t *testing.T, s, _ Presence) {
	same(t, must[memory.PresenceState](t)(s.LoadPresence(t.Context())), memory.PresenceState{
		Slots: []memory.Presence{}, Outages: []memory.Outage{}, Blind: []memory.Blind{}, Names: []memory.SeenName{},
	})
}

// presenceBatch has everything once.
func presenceBatch() memory.PresenceBatch {
	yes := true
	return memory.PresenceBatch{
		Observer: memory.Observer{Seen: 1000, Feeds: []memory.Feed{{Key: "wss://a 0x1", Nodes: 5, At: 1000}, {Key: "wss://b 0x1", Dark: 7, Reason: "closed"}}},
		Slots: []memory.Presence{
			{
				Slot: 2, Name: "ñ \"x\" 'y' ?z 🦀", Listed: true, FirstSeen: 5, LastSeen: 900, Live: 2, Home: []string{"wss://a 0x1"}, Implementation: "Parity Polkadot",
				Version: "1.2.3", NetworkID: "12D3", Hardware: memory.Hardware{CPU: "c", Memory: 1<<64 - 1, Cores: 1 << 40, Kernel: "k", Distro: "d", VM: &yes},
				Notices: []memory.Notice{{Kind: memory.NoticeNearMiss, Text: "t", Since: 3}},
			},
			{Slot: 0, Name: "b", Gone: 800},
		},
		Outages: []memory.Outage{outage(2, 10, 20), outage(2, 30, 1500), outage(0, 800, 0)},
		Blind:   []memory.Blind{blind(1, 2, "start"), blind(950, 0, "closed")},
		Names:   []memory.SeenName{{Name: "y", First: 1, Last: 2}, {Name: "x", First: 3, Last: 4}},
	}
}

func presenceBatches(t *testing.T, s, again Presence) {
	b := presenceBatch()
	check(t, s.SavePresence(t.Context(), b))
	want := memory.PresenceState{
		Observer: b.Observer, Slots: []memory.Presence{b.Slots[1], b.Slots[0]}, Outages: []memory.Outage{outage(0, 800, 0), outage(2, 30, 1500)}, Blind: b.Blind,
		Names: []memory.SeenName{b.Names[1], b.Names[0]},
	}
	same(t, must[memory.PresenceState](t)(again.LoadPresence(t.Context())), want)

	slot := b.Slots[1]
	slot.Gone, slot.Hardware, slot.Notices, slot.Home, slot.Live = 0, memory.Hardware{CPU: "other"}, []memory.Notice{{Kind: memory.NoticeDuplicate}}, []string{"wss://b 0x1"}, 1
	check(t, s.SavePresence(t.Context(), memory.PresenceBatch{
		Observer: memory.Observer{Seen: 2000}, Slots: []memory.Presence{slot}, Outages: []memory.Outage{outage(0, 800, 1900)},
		DroppedOutages: []memory.Outage{outage(2, 10, 20), outage(7, 7, 7)}, Blind: []memory.Blind{blind(940, 990, "sooner")}, DroppedBlind: []memory.Blind{blind(950, 0, "")},
		Names: []memory.SeenName{{Name: "y", First: 1, Last: 9}}, DroppedNames: []string{"x", "unknown"},
	}))
	want = memory.PresenceState{
		Observer: memory.Observer{Seen: 2000}, Slots: []memory.Presence{slot, b.Slots[0]}, Outages: []memory.Outage{},
		Blind: []memory.Blind{b.Blind[0], blind(940, 990, "sooner")}, Names: []memory.SeenName{{Name: "y", First: 1, Last: 9}},
	}
	same(t, must[memory.PresenceState](t)(again.LoadPresence(t.Context())), want)
}

func presenceHistory(t *testing.T, s, again Presence) {
	b := presenceBatch()
	check(t, s.SavePresence(t.Context(), b))
	slots := []memory.Presence{b.Slots[1], b.Slots[0]}
	for _, c := range []struct {
		from    programme.Millis
		outages []memory.Outage
		blind   []memory.Blind
	}{
		{0, []memory.Outage{outage(0, 800, 0), outage(2, 10, 20), outage(2, 30, 1500)}, b.Blind},
		{19, []memory.Outage{outage(0, 800, 0), outage(2, 10, 20), outage(2, 30, 1500)}, b.Blind[1:]},
		{20, []memory.Outage{outage(0, 800, 0), outage(2, 30, 1500)}, b.Blind[1:]},
		{9999, []memory.Outage{outage(0, 800, 0)}, b.Blind[1:]},
	} {
		same(t, must[memory.PresenceHistory](t)(again.PresenceSince(t.Context(), c.from)), memory.PresenceHistory{
			Observer: b.Observer, Slots: slots, Outages: c.outages, Blind: c.blind,
		})
	}
}

func presenceForget(t *testing.T, s, again Presence) {
	check(t, s.SavePresence(t.Context(), presenceBatch()))
	check(t, s.SavePresence(t.Context(), memory.PresenceBatch{Observer: memory.Observer{Seen: 9999}, Forget: 1500}))
	h := must[memory.PresenceHistory](t)(again.PresenceSince(t.Context(), 0))
	same(t, h.Outages, []memory.Outage{outage(0, 800, 0), outage(2, 30, 1500)})
	same(t, h.Blind, []memory.Blind{blind(950, 0, "closed")})
	if len(h.Slots) != 2 {
		t.Errorf("%d slots are left", len(h.Slots))
	}
}

// What a database does not store of a text must not keep the rest from being stored.
func presenceNames(t *testing.T, s, again Presence) {
	check(t, s.SavePresence(t.Context(), memory.PresenceBatch{
		Slots: []memory.Presence{{Slot: 1, Name: "a\x00b", Version: "\xff?0"}},
		Names: []memory.SeenName{{Name: "a\x00b", First: 5, Last: 6}, {Name: "ab", First: 4, Last: 5}, {Name: "\xff", First: 1, Last: 1}, {Name: "", First: 2, Last: 2}},
	}))
	got := must[memory.PresenceState](t)(again.LoadPresence(t.Context()))
	same(t, got.Names, []memory.SeenName{{Name: "", First: 2, Last: 2}, {Name: "ab", First: 4, Last: 6}, {Name: "\uFFFD", First: 1, Last: 1}})
	if got.Slots[0].Name != "ab" || got.Slots[0].Version != "\uFFFD?0" {
		t.Errorf("slot %+v", got.Slots[0])
	}
	check(t, s.SavePresence(t.Context(), memory.PresenceBatch{DroppedNames: []string{"a\x00b", "\xff"}}))
	same(t, must[memory.PresenceState](t)(again.LoadPresence(t.Context())).Names, []memory.SeenName{{Name: "", First: 2, Last: 2}})
}

func presenceAgain(t *testing.T, s, again Presence) {
	check(t, s.SavePresence(t.Context(), presenceBatch()))
	before := must[memory.PresenceState](t)(again.LoadPresence(t.Context()))
	check(t, s.SavePresence(t.Context(), presenceBatch()))
	same(t, must[memory.PresenceState](t)(again.LoadPresence(t.Context())), before)
}
