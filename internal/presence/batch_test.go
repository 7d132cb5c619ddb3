package presence

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// What does not change is not written, however much arrives.
func TestOnlyChangesAreWritten(t *testing.T) {
	var list []string
	for i := range 1000 {
		list = append(list, fmt.Sprint("crowd ", i))
	}
	s := newStage(t, 1, list...)
	s.open(0, many(2000)...)
	s.flush()
	batches, rows := s.memory.Writes()
	for range 60 {
		s.wait(10 * second)
		for id := range uint64(200) {
			s.ok(s.Message(0, s.now, &feed.Message{Action: feed.ImportedBlock, ID: id, Height: uint64(s.now)}))
		}
		s.flush()
	}
	b, r := s.memory.Writes()
	if b -= batches; b != 60 {
		t.Errorf("%d batches", b)
	}
	// A row for the observer with each, and once the names of those that are there for longer than briefly.
	if r -= rows; r > 60+2000 {
		t.Errorf("%d rows for ten minutes in which nothing happened", r)
	}
}

// What the store fails to take is part of the next batch. It may have been taken after all.
func TestStoreFails(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b")
	s.flush()
	s.remove(0, 0)
	s.wait(grace + 30*second)
	// The store takes the batch, and the answer is lost.
	b, done := s.Changes()
	s.ok(s.memory.SavePresence(t.Context(), b))
	done(false)
	if len(b.Outages) != 1 || len(b.Slots) != 1 {
		t.Fatalf("%+v", b)
	}
	s.lose(0) // the feed had been silent all the time: there was no outage
	if b = s.flush(); len(b.DroppedOutages) != 1 || b.DroppedOutages[0].From != begin || len(b.Outages) != 0 {
		t.Errorf("%+v", b)
	}
	s.outages(1)
	// The store does not take it.
	s.memory.Fail(errors.New("disk full"))
	s.open(0, "b", "a")
	s.wait(minute)
	s.remove(0, 0)
	s.wait(grace + 30*second)
	s.beat(0)
	s.flush()
	s.flush()
	s.memory.Fail(nil)
	b = s.flush()
	if len(b.Slots) != 2 || len(b.Outages) != 1 || len(b.Blind) != 1 {
		t.Errorf("%+v", b)
	}
	s.outages(2, running(6*minute+30*second))
	s.blinds(span(0, 5*minute+30*second))
	if b = s.flush(); len(b.Slots)+len(b.Outages)+len(b.DroppedOutages)+len(b.Blind)+len(b.DroppedBlind)+len(b.Names) != 0 {
		t.Errorf("again: %+v", b)
	}
}

// Outages and blind intervals that are over and stored are not kept in memory, but remain in the store.
func TestSettledOutagesAreLetGo(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	var want []programme.Interval
	for i := range programme.Millis(50) {
		s.remove(0, 0)
		from := s.now - begin
		s.wait(grace + minute)
		s.flush()
		s.add(0, 0, "a")
		want = append(want, span(from, s.now-begin))
		s.wait(minute)
		s.flush()
		if n := len(s.slots[1].outages); n > 4 {
			t.Fatalf("%d outages are kept after %d", n, i)
		}
	}
	s.outages(1, want...)
}

func TestForget(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a")
	if b := s.flush(); b.Forget != 0 {
		t.Errorf("forget what was before %d", b.Forget)
	}
	s.now += Retention
	s.open(0, "a")
	if b := s.flush(); b.Forget != s.now-Retention {
		t.Errorf("forget what was before %d", b.Forget)
	}
}

// The process is killed: everything up to the newest batch is known, and what was between it and the first complete
// list of nodes is blind.
func TestRestart(t *testing.T) {
	for name, down := range map[string]programme.Millis{"for an hour": hour, "for a second": second, "for a week": 7 * programme.Day} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, 1, "stays", "leaves", "was away", "comes back", "new")
			s.open(0, "stays", "leaves", "was away", "comes back", "b")
			s.wait(minute)
			s.remove(0, 2)
			s.remove(0, 3)
			s.wait(grace + minute)
			s.beat(0)
			s.flush()
			s.wait(5 * second)
			s.remove(0, 1) // nobody will ever know
			s.now += down
			s.start()
			back := 7*minute + 5*second + down
			s.open(0, "stays", "comes back", "new", "b")
			s.blinds(span(7*minute, back))
			s.outages(1)
			s.outages(2)
			s.outages(3, running(minute))
			s.outages(4, span(minute, back))
			s.outages(5)
			s.wait(grace)
			s.beat(0)
			s.outages(2)
			s.wait(10 * second)
			s.outages(2, running(7*minute))
			if p := s.slot(1); p.FirstSeen != begin {
				t.Errorf("%+v", p)
			}
			if p := s.slot(5); p.FirstSeen != begin+back {
				t.Errorf("%+v", p)
			}
		})
	}
}

// It stops in an orderly way and starts again; twice, once without having seen anything.
func TestStopAndStart(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.wait(minute)
	s.beat(0)
	s.lose(0)
	s.flush()
	for range 3 {
		s.now += hour
		s.start()
		s.wait(minute)
		s.flush()
	}
	s.open(0, "a", "b")
	s.wait(grace + minute)
	s.outages(1)
	s.blinds(span(minute, 3*hour+4*minute))
}

// A store that holds moments of the future, written with another clock, does not bring time to a stop.
func TestMemoryOfTheFuture(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.wait(hour)
	s.beat(0)
	s.flush()
	s.now = begin + minute
	s.start()
	s.open(0, "a", "b")
	s.wait(minute)
	s.remove(0, 0)
	s.wait(grace + 10*second)
	s.outages(1, running(2*minute))
	if p := s.slot(1); p.FirstSeen != begin {
		t.Errorf("%+v", p)
	}
}

func TestObserver(t *testing.T) {
	s := newStage(t, 2, "a")
	want := memory.Observer{Seen: begin, Feeds: []memory.Feed{
		{Key: "feed-0 0xaa", Dark: begin, Reason: "not connected yet"}, {Key: "feed-1 0xaa", Dark: begin, Reason: "not connected yet"},
	}}
	if d := cmp.Diff(want, s.Observer()); d != "" {
		t.Error(d)
	}
	s.open(0, "a", "b")
	s.wait(second)
	s.ok(s.Message(1, s.now, &feed.Message{Action: feed.AddedChain}))
	s.wait(second)
	s.Opened(1, s.now)
	got := s.Observer()
	// Everything is known up to the newest message of those in sight.
	if got.Seen != begin || got.Feeds[0] != (memory.Feed{Key: "feed-0 0xaa", Nodes: 2, At: s.now}) || got.Feeds[1].Reason != "the list of nodes is being sent" {
		t.Errorf("%+v", got)
	}
	s.Lost(1, s.now, errors.New(strings.Repeat("é", maxReason)))
	if r := s.Observer().Feeds[1].Reason; len(r) > maxReason || !utf8.ValidString(r) {
		t.Errorf("reason of %d bytes: %q", len(r), r)
	}
	s.lose(0)
	if got := s.Observer().Feeds[0]; got.Nodes != 2 || got.At != begin || got.Dark != begin || got.Reason != "cut" {
		t.Errorf("%+v", got)
	}
}

func TestHardware(t *testing.T) {
	cpu, memoryBytes, cores, vm := "EPYC", uint64(64<<30), uint64(8), false
	s := newStage(t, 1, "a")
	s.open(0, "b")
	s.node(0, 5, feed.Node{Name: "a", Implementation: "Parity Polkadot", Version: "1.2.3", NetworkID: "n", System: &feed.System{CPU: &cpu, Memory: &memoryBytes, Cores: &cores, Virtual: &vm}})
	p := s.slot(1)
	want := memory.Presence{
		Slot: 1, Name: "a", Listed: true, FirstSeen: begin, LastSeen: begin, Live: 1, Home: []string{"feed-0 0xaa"}, Implementation: "Parity Polkadot", Version: "1.2.3",
		NetworkID: "n", Hardware: memory.Hardware{CPU: "EPYC", Memory: 64 << 30, Cores: 8, VM: &vm},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
	s.flush()
	again := vm // an equal machine at another place in memory is no change
	s.node(0, 5, feed.Node{Name: "a", Implementation: "Parity Polkadot", Version: "1.2.3", NetworkID: "n", System: &feed.System{CPU: &cpu, Memory: &memoryBytes, Cores: &cores, Virtual: &again}})
	if b := s.flush(); len(b.Slots) != 0 {
		t.Errorf("%+v", b.Slots)
	}
	other := true
	s.node(0, 5, feed.Node{Name: "a", Implementation: "Parity Polkadot", Version: "1.2.3", NetworkID: "n", System: &feed.System{CPU: &cpu, Memory: &memoryBytes, Cores: &cores, Virtual: &other}})
	if b := s.flush(); len(b.Slots) != 1 {
		t.Errorf("%+v", b.Slots)
	}
}
