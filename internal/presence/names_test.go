package presence

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// A name that differs in what people overlook is told of, and is not taken for the listed one.
func TestNearMisses(t *testing.T) {
	for _, tt := range []struct {
		shown, listed string
		near          bool
	}{
		{"Node-1", "node-1", true},
		{" node-1 ", "node-1", true},
		{"my  node", "my node", true},
		{"ﬁne", "fine", true}, // a ligature
		{"STRASSE", "straße", true},
		{"ｎode", "node", true}, // full width
		{"node-1", "node-1", false},
		{"node-2", "node-1", false},
		{"node_1", "node-1", false},
		{"🚀", "🚀🚀", false},
	} {
		s := newStage(t, 1, tt.listed)
		s.wait(minute)
		s.open(0, "x", tt.shown)
		p := s.slot(1)
		var want []memory.Notice
		if tt.near {
			want = []memory.Notice{{Kind: memory.NoticeNearMiss, Since: begin + minute, Text: fmt.Sprintf("telemetry shows %q, the candidate list has %q", tt.shown, tt.listed)}}
		}
		if d := cmp.Diff(want, p.Notices); d != "" {
			t.Errorf("%q for %q: %s", tt.shown, tt.listed, d)
		}
		if exact := tt.shown == tt.listed; (p.Live == 1) != exact {
			t.Errorf("%q for %q: %d connections", tt.shown, tt.listed, p.Live)
		}
	}
}

// There is no near miss when the name is used, or when somebody else is listed with the other one.
func TestNoNearMiss(t *testing.T) {
	s := newStage(t, 1, "node", "NODE", "away", "free")
	s.open(0, "NODE", "away", "Away", "FREE")
	for slot, want := range map[int]int{1: 0, 2: 0, 3: 0, 4: 1} {
		if p := s.slot(slot); len(p.Notices) != want {
			t.Errorf("slot %d: %+v", slot, p.Notices)
		}
	}
	s.remove(0, 3)
	if p := s.slot(4); len(p.Notices) != 0 {
		t.Errorf("nobody uses it any more: %+v", p.Notices)
	}
}

// Two machines with one name are odd when it lasts: a validator that moves has two for a while.
func TestDuplicates(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b", "b") // b has two connections of one machine
	s.wait(minute)
	s.node(0, 3, feed.Node{Name: "a", NetworkID: "other"})
	s.node(0, 4, feed.Node{Name: "a"}) // one that does not tell
	s.wait(duplicate)
	if p := s.slot(1); len(p.Notices) != 0 {
		t.Errorf("too early: %+v", p.Notices)
	}
	s.wait(second)
	want := []memory.Notice{{Kind: memory.NoticeDuplicate, Text: "nodes with different network ids use this name", Since: begin + minute}}
	if d := cmp.Diff(want, s.slot(1).Notices); d != "" {
		t.Error(d)
	}
	if p := s.slot(2); len(p.Notices) != 0 {
		t.Errorf("%+v", p.Notices)
	}
	s.node(0, 0, feed.Node{Name: "a", NetworkID: "other"}) // the first one goes, and a third connection of the second comes
	if p := s.slot(1); len(p.Notices) != 0 || p.Live != 3 {
		t.Errorf("%+v", p)
	}
}

// A flood of names leaves no trace, and what is remembered has an end.
func TestFloodOfNames(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	for i := range 2000 {
		s.add(0, 5, fmt.Sprint("flood ", i))
	}
	s.remove(0, 5)
	if b := s.flush(); len(s.names) > 2 || len(b.Names) > 2 {
		t.Errorf("%d names are left, %d are stored", len(s.names), len(b.Names))
	}
	// Names that stay for long are remembered, the newest of them.
	for round, n := range []int{maxNames, 1000} {
		for i := range n {
			s.add(0, uint64(10+i), fmt.Sprint("long ", round, " ", i))
		}
		s.wait(2 * briefly)
		s.beat(0)
		for i := range n {
			s.remove(0, uint64(10+i))
		}
		s.flush()
	}
	state, err := s.memory.LoadPresence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(state.Names); n < maxNames || n > maxNames+2 || len(s.names) > maxNames+2 {
		t.Errorf("%d names are remembered, %d stored", len(s.names), n)
	}
	for i := range 1000 {
		if s.names[fmt.Sprint("long 1 ", i)] == nil {
			t.Fatal("not the oldest names are forgotten")
		}
	}
	if len(s.similar) > len(s.names) {
		t.Errorf("%d folded names of %d", len(s.similar), len(s.names))
	}
}

func TestCrowd(t *testing.T) {
	w := []*watch{{bit: 1}, {bit: 2}}
	var c crowd
	list := make([]*instance, 4)
	for i := range list {
		list[i] = &instance{watch: w[i%2], node: feed.Node{NetworkID: []string{"x", "", "x", "y"}[i]}, since: programme.Millis(i)}
		c.add(list[i])
	}
	state := func(wantFirst *instance, wantCount int, wantHomes uint64, wantSeveral bool) {
		t.Helper()
		if c.first != wantFirst || c.count != wantCount || c.homes() != wantHomes || c.several() != wantSeveral {
			t.Errorf("%d nodes, homes %b, several %v, first %+v", c.count, c.homes(), c.several(), c.first)
		}
		n := 0
		for i := c.first; i != nil; i = i.after {
			n++
		}
		if n != c.count {
			t.Errorf("%d nodes in the list", n)
		}
	}
	state(list[0], 4, 3, true)
	c.replace(list[3], &feed.Node{NetworkID: "x"})
	state(list[0], 4, 3, false)
	c.remove(list[1])
	state(list[0], 3, 3, false)
	c.remove(list[0])
	state(list[2], 2, 3, false)
	c.remove(list[3])
	state(list[2], 1, 1, false)
	c.remove(list[2])
	state(nil, 0, 0, false)
	if d := cmp.Diff(crowd{networks: map[string]int{}, feeds: map[uint64]int{}}, c, cmp.AllowUnexported(crowd{}), cmpopts.IgnoreUnexported(instance{})); d != "" {
		t.Error(d)
	}
}
