package presence

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/presence/presencetest"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	second = programme.Millis(1000)
	minute = 60 * second
	hour   = 60 * minute
	grace  = 5 * minute
	begin  = 1000 * hour
)

// stage is a tracker with a clock that the test moves, and a memory.
type stage struct {
	t      testing.TB
	feeds  []string
	list   []Candidate
	now    programme.Millis
	memory *presencetest.Memory
	*Tracker
}

// names makes a candidate list: slot 1 has the first name, and so on.
func names(list ...string) (out []Candidate) {
	for i, n := range list {
		out = append(out, Candidate{Slot: i + 1, Name: n})
	}
	return out
}

// newStage has feeds that are not in sight yet.
func newStage(t testing.TB, feeds int, list ...string) *stage {
	s := &stage{t: t, list: names(list...), now: begin, memory: presencetest.NewMemory()}
	for i := range feeds {
		s.feeds = append(s.feeds, fmt.Sprintf("feed-%d 0xaa", i))
	}
	s.start()
	return s
}

// start begins a process with what is in the memory.
func (s *stage) start() {
	s.t.Helper()
	state, err := s.memory.LoadPresence(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if s.Tracker, err = NewTracker(s.feeds, grace, state, s.now); err != nil {
		s.t.Fatal(err)
	}
	s.SetCandidates(s.now, s.list)
}

// wait lets time pass in a running process; nothing but the clock speaks to the tracker.
func (s *stage) wait(d programme.Millis) {
	for end := s.now + d; s.now < end; {
		s.now = min(end, s.now+10*second)
		s.Tick(s.now)
	}
}

// open begins a subscription and completes it with the given nodes: id is their place.
func (s *stage) open(feedIndex int, nodes ...string) {
	s.t.Helper()
	s.Opened(feedIndex, s.now)
	for i, n := range nodes {
		s.add(feedIndex, uint64(i), n)
	}
	s.ok(s.Complete(feedIndex, s.now))
}

func (s *stage) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) node(feedIndex int, id uint64, n feed.Node) {
	s.t.Helper()
	s.ok(s.Message(feedIndex, s.now, &feed.Message{Action: feed.AddedNode, ID: id, Node: &n}))
}

func (s *stage) add(feedIndex int, id uint64, name string) {
	s.t.Helper()
	s.node(feedIndex, id, feed.Node{Name: name, NetworkID: "id of " + name})
}

func (s *stage) remove(feedIndex int, id uint64) {
	s.t.Helper()
	s.ok(s.Message(feedIndex, s.now, &feed.Message{Action: feed.RemovedNode, ID: id}))
}

// beat is any message: the feed is alive.
func (s *stage) beat(feedIndex int) {
	s.t.Helper()
	s.ok(s.Message(feedIndex, s.now, &feed.Message{Action: feed.TimeSync, Time: s.now}))
}

func (s *stage) lose(feedIndex int) { s.Lost(feedIndex, s.now, errors.New("cut")) }

func (s *stage) flush() memory.PresenceBatch {
	s.t.Helper()
	b, done := s.Changes()
	err := s.memory.SavePresence(s.t.Context(), b)
	done(err == nil)
	return b
}

// slot is the presence of a slot as it would be stored.
func (s *stage) slot(id int) memory.Presence {
	s.t.Helper()
	for _, p := range s.Slots() {
		if p.Slot == id {
			return p
		}
	}
	s.t.Fatalf("there is no slot %d", id)
	return memory.Presence{}
}

// outages demands the outages of a slot, as moments after the beginning of the test.
func (s *stage) outages(slot int, want ...programme.Interval) {
	s.t.Helper()
	s.flush()
	h := s.history()
	var got []programme.Interval
	for _, o := range h.Outages {
		if o.Slot == slot {
			got = append(got, relative(o.Interval))
		}
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.t.Errorf("outages of slot %d: %s", slot, d)
	}
}

// blinds demands the blind intervals, likewise.
func (s *stage) blinds(want ...programme.Interval) {
	s.t.Helper()
	s.flush()
	var got []programme.Interval
	for _, b := range s.history().Blind {
		if b.Reason == "" {
			s.t.Errorf("blind without a reason: %+v", b)
		}
		got = append(got, relative(b.Interval))
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.t.Errorf("blind: %s", d)
	}
}

func (s *stage) history() memory.PresenceHistory {
	s.t.Helper()
	h, err := s.memory.PresenceSince(s.t.Context(), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func relative(iv programme.Interval) programme.Interval {
	iv.From -= begin
	if iv.To != 0 {
		iv.To -= begin
	}
	return iv
}

func span(from, to programme.Millis) programme.Interval {
	return programme.Interval{From: from, To: to}
}

// running is an interval without an end.
func running(from programme.Millis) programme.Interval { return programme.Interval{From: from} }
