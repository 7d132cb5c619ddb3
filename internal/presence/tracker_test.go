package presence

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// The grace is over when its time is over, whether or not anything arrives; not a millisecond earlier.
func TestGraceIsDrivenByTime(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b")
	s.wait(minute)
	s.remove(0, 0)
	s.wait(grace)
	s.outages(1)
	s.now++
	s.Tick(s.now)
	s.outages(1, running(minute)) // it counts from the departure
	s.outages(2)
	s.wait(minute - 1)
	s.add(0, 0, "a")
	s.wait(minute)
	s.outages(1, span(minute, 7*minute))
	if p := s.slot(1); p.Gone != 0 || p.Live != 1 || p.FirstSeen != begin {
		t.Errorf("%+v", p)
	}
	s.blinds()
}

// Absences within the grace leave no trace, however many there are.
func TestAbsenceWithinTheGrace(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a")
	for range 20 {
		s.remove(0, 0)
		s.wait(grace)
		s.node(0, 0, feed.Node{Name: "a", NetworkID: "x", Started: s.now}) // it was restarted
		s.wait(second)
	}
	s.outages(1)
	if p := s.slot(1); p.FirstSeen != begin || p.Gone != 0 || p.NetworkID != "x" {
		t.Errorf("%+v", p)
	}
}

// A server sends a node again when it learns more of it; that is no second node.
func TestNodeIsSentAgain(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a")
	s.node(0, 0, feed.Node{Name: "a", NetworkID: "id of a", Version: "1.2.3"})
	s.node(0, 0, feed.Node{Name: "a", Version: "1.2.4"}) // the network id is left out for once
	if p := s.slot(1); p.Live != 1 || p.Version != "1.2.4" || p.NetworkID != "id of a" {
		t.Errorf("%+v", p)
	}
	s.remove(0, 0)
	s.wait(grace + 10*second)
	s.outages(1, running(0))
}

// Ids are given out again at once.
func TestIDsAreRecycled(t *testing.T) {
	s := newStage(t, 1, "a", "b", "c")
	s.open(0, "a", "x", "y", "z")
	s.wait(minute)
	s.remove(0, 0)
	s.add(0, 0, "b")
	s.wait(minute)
	s.remove(0, 0) // that is b
	s.add(0, 0, "c")
	s.wait(minute)
	s.add(0, 0, "a") // c has gone without a word
	if got := []int{s.slot(1).Live, s.slot(2).Live, s.slot(3).Live}; got[0] != 1 || got[1] != 0 || got[2] != 0 {
		t.Errorf("live: %v", got)
	}
	s.wait(grace + 10*second)
	s.outages(1)
	s.outages(2, running(2*minute))
	s.outages(3, running(3*minute))
	s.remove(0, 99) // nobody
	s.node(0, 0, feed.Node{Name: "a", NetworkID: "another machine"})
	if p := s.slot(1); p.Live != 1 || p.NetworkID != "another machine" || p.Gone != 0 {
		t.Errorf("another machine in its place: %+v", p)
	}
	s.node(0, 0, feed.Node{Name: "b", NetworkID: "another machine"}) // the same one with another name
	if a, b := s.slot(1), s.slot(2); a.Live != 0 || b.Live != 1 {
		t.Errorf("renamed: %+v, %+v", a, b)
	}
}

func TestSeveralNodesOfOneName(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.node(0, 2, feed.Node{Name: "a", NetworkID: "second"})
	s.node(0, 3, feed.Node{Name: "a", NetworkID: "third"})
	if p := s.slot(1); p.Live != 3 || p.NetworkID != "id of a" {
		t.Errorf("%+v", p)
	}
	s.remove(0, 0)
	s.remove(0, 3)
	if p := s.slot(1); p.Live != 1 || p.NetworkID != "second" {
		t.Errorf("%+v", p)
	}
	s.wait(hour)
	s.outages(1)
	s.remove(0, 2)
	s.wait(grace + 10*second)
	s.outages(1, running(hour))
}

// A slot that several candidates share by mistake shows the same for all of them.
func TestOneNameTwice(t *testing.T) {
	s := newStage(t, 1, "a", "a", "other")
	s.open(0, "a", "b")
	s.remove(0, 0)
	s.wait(hour)
	s.outages(1, running(0))
	s.outages(2, running(0))
	s.outages(3) // never seen
	if p := s.slot(3); p.FirstSeen != 0 || p.Gone != 0 {
		t.Errorf("%+v", p)
	}
}

// Presence belongs to the slot: with a new name it keeps its history, and has the grace to appear under it.
func TestRename(t *testing.T) {
	s := newStage(t, 1, "a", "b", "c")
	s.open(0, "a", "b", "c", "new b")
	s.wait(hour)
	s.list = names("new a", "new b", "c")
	s.SetCandidates(s.now, s.list)
	if p := s.slot(2); p.Live != 1 || p.Gone != 0 || p.FirstSeen != begin || p.NetworkID != "id of new b" {
		t.Errorf("it was there under the new name already: %+v", p)
	}
	if p := s.slot(1); p.Live != 0 || p.Gone != s.now || p.FirstSeen != begin {
		t.Errorf("it has yet to appear: %+v", p)
	}
	s.remove(0, 0) // under the old name it concerns nobody
	s.wait(grace)
	s.outages(1)
	s.add(0, 9, "new a")
	s.wait(hour)
	s.outages(1)
	s.list = names("newest a", "new b", "c")
	s.SetCandidates(s.now, s.list)
	s.wait(grace + 10*second)
	s.outages(1, running(2*hour+grace))
	s.outages(2)
	s.outages(3)
}

// While an absence runs, a new name does not forgive it.
func TestRenameWhileAbsent(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.remove(0, 0)
	s.wait(2 * minute)
	s.list = names("new a")
	s.SetCandidates(s.now, s.list)
	s.wait(grace)
	s.outages(1, running(0))
	s.add(0, 7, "new a")
	s.outages(1, span(0, 7*minute))
}

// Who is not listed has no outages; who comes back to the list keeps what was known.
func TestDelisting(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b", "c")
	s.wait(minute)
	s.remove(0, 0)
	s.wait(grace + minute)
	s.outages(1, running(minute))
	s.SetCandidates(s.now, s.list[1:])
	s.outages(1, span(minute, 7*minute))
	if p := s.slot(1); p.Listed || p.Live != 0 || p.Gone != 0 {
		t.Errorf("%+v", p)
	}
	s.wait(hour)
	s.SetCandidates(s.now, s.list)
	s.wait(grace)
	s.outages(1, span(minute, 7*minute))
	if p := s.slot(1); !p.Listed || p.FirstSeen != begin {
		t.Errorf("%+v", p)
	}
	s.wait(10 * second)
	s.outages(1, span(minute, 7*minute), running(hour+7*minute))
}

// A node that was seen before its candidate is listed has been known since then.
func TestListedLater(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "late", "brief")
	s.wait(minute)
	s.remove(0, 2)
	s.wait(hour)
	s.flush()
	s.start() // it is remembered over a restart
	s.open(0, "a", "late")
	s.list = names("a", "late", "brief")
	s.SetCandidates(s.now, s.list)
	if p := s.slot(2); p.FirstSeen != begin || p.Live != 1 {
		t.Errorf("%+v", p)
	}
	if p := s.slot(3); p.FirstSeen != 0 || p.Gone != 0 {
		t.Errorf("a name of a minute is not remembered: %+v", p)
	}
}

// The clock may go backwards; time does not.
func TestClockGoesBackwards(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.wait(hour)
	s.now -= 30 * minute
	s.remove(0, 0)
	if p := s.slot(1); p.Gone != begin+hour {
		t.Errorf("gone at %d", p.Gone-begin)
	}
	s.wait(30*minute + grace + 10*second)
	s.outages(1, running(hour))
	s.blinds()
}

// A message about nothing that matters moves nothing, not even node 0.
func TestMessagesWithoutMeaning(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.node(0, 0, feed.Node{Name: "a", NetworkID: "id of a", Location: &feed.Location{City: "Oslo"}})
	s.Sightings()
	for _, m := range []feed.Message{
		{Action: 99}, {Action: feed.NodeIO}, {Action: feed.LocatedNode, ID: 55, Location: &feed.Location{City: "Lima"}}, {Action: feed.StaleNode},
		{Action: feed.LocatedNode, Malformed: errStale}, {Action: feed.RemovedNode, Malformed: errStale}, {Action: feed.AddedNode, Malformed: errStale},
		{Action: feed.ImportedBlock, ID: 55, Height: 3},
	} {
		s.ok(s.Message(0, s.now, &m))
	}
	if p := s.slot(1); p.Live != 1 || len(s.Sightings()) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestSightings(t *testing.T) {
	s := newStage(t, 1, "a", "b", "c")
	s.open(0, "x")
	a := feed.Node{Name: "a", NetworkID: "n", IP: addr("45.10.0.1")}
	s.node(0, 1, a)
	s.node(0, 2, feed.Node{Name: "b"})
	s.node(0, 3, feed.Node{Name: "unlisted", IP: addr("45.10.0.3")})
	s.wait(second)
	s.ok(s.Message(0, s.now, &feed.Message{Action: feed.LocatedNode, ID: 1, Location: &feed.Location{City: "Oslo"}}))
	got := s.Sightings()
	if len(got) != 1 || got[0].Slot != 1 || got[0].IP != a.IP || got[0].Location.City != "Oslo" || got[0].At != s.now || got[0].NetworkID != "n" {
		t.Errorf("%+v", got)
	}
	if len(s.Sightings()) != 0 {
		t.Error("the same sighting again")
	}
}

func TestLimits(t *testing.T) {
	for want, keys := range map[string][]string{
		"0 feeds and chains":       nil,
		"65 feeds and chains":      make([]string, 65),
		"x is to be watched twice": {"x", "x"},
	} {
		if _, err := NewTracker(keys, grace, memory.PresenceState{}, begin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	s := newStage(t, 1, "a")
	s.Opened(0, s.now)
	for id := range uint64(maxNodes) {
		s.add(0, id, "crowd")
	}
	if err := s.Message(0, s.now, &feed.Message{Action: feed.AddedNode, ID: maxNodes, Node: &feed.Node{Name: "a"}}); err == nil {
		t.Error("no end of nodes")
	}
	s.add(0, 5, "crowd") // those that are there may still be sent again
	s.lose(0)
	if len(s.names) != 1 {
		t.Errorf("%d names are left of the flood", len(s.names))
	}
}

// What runs on is told to whoever asks at any moment; what is stored belongs to one moment.
func TestSlotsOfSeveralFeeds(t *testing.T) {
	s := newStage(t, 2, "a")
	s.open(0, "a")
	s.open(1, "a", "b")
	if p := s.slot(1); p.Live != 2 || len(p.Home) != 2 {
		t.Errorf("%+v", p)
	}
	s.remove(0, 0)
	if p := s.slot(1); p.Live != 1 || len(p.Home) != 1 || p.Home[0] != "feed-1 0xaa" {
		t.Errorf("%+v", p)
	}
	s.remove(1, 0)
	s.wait(grace + 10*second)
	s.outages(1, running(0))
}
