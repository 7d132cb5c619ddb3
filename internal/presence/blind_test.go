package presence

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// many are names of nodes, with some more in front.
func many(n int, with ...string) []string {
	for i := range n {
		with = append(with, fmt.Sprint("crowd ", i))
	}
	return with
}

// Before everything has been sent once, nobody is absent.
func TestBlindUntilComplete(t *testing.T) {
	s := newStage(t, 1, "a")
	s.wait(hour)
	s.Opened(0, s.now)
	s.wait(hour)
	s.beat(0)
	s.blinds(running(0))
	s.ok(s.Complete(0, s.now))
	s.ok(s.Complete(0, s.now)) // a second mark says nothing new
	s.blinds(span(0, 2*hour))
}

// The feed is lost for an hour: a node that was there and is there again was not away; one that does not come back has
// the grace from then on.
func TestFeedIsLost(t *testing.T) {
	s := newStage(t, 1, "a", "b", "c")
	s.open(0, "a", "b", "c", "d")
	s.wait(minute)
	s.remove(0, 2)
	s.wait(minute)
	s.beat(0)
	s.wait(50 * second)
	s.lose(0) // silent since two minutes
	s.wait(hour)
	s.outages(1)
	s.outages(2)
	s.outages(3) // only a minute of its absence was seen
	s.open(0, "a", "d")
	s.wait(grace)
	s.beat(0)
	for slot := 1; slot <= 3; slot++ {
		s.outages(slot)
	}
	s.wait(10 * second)
	s.outages(1)
	s.outages(2, running(2*minute))
	s.outages(3, running(minute))
	s.blinds(span(2*minute, hour+2*minute+50*second))
}

// That the feed was silent is noticed late. What was taken for an outage meanwhile was none.
func TestSilenceIsNoticedLate(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b")
	s.remove(0, 0)
	s.wait(grace + 30*second)
	s.outages(1, running(0)) // stored
	s.lose(0)                // nothing since the departure itself
	s.outages(1)             // and taken back
	s.open(0, "a", "b")
	s.wait(hour)
	s.outages(1)
	if p := s.slot(1); p.Gone != 0 || p.Live != 1 {
		t.Errorf("%+v", p)
	}
}

// The process stands still for an hour, as on a machine that sleeps. What the connections still hold is of before.
func TestSuspended(t *testing.T) {
	s := newStage(t, 1, "a", "b")
	s.open(0, "a", "b")
	s.wait(minute)
	s.beat(0)
	s.now += hour
	if err := s.Message(0, s.now, &feed.Message{Action: feed.RemovedNode, ID: 0}); err == nil {
		t.Error("a message from before the sleep is believed")
	}
	if err := s.Complete(0, s.now); err == nil {
		t.Error("a mark from before the sleep is believed")
	}
	s.lose(0)
	s.wait(minute)
	s.open(0, "a", "b")
	s.wait(grace + minute)
	s.outages(1)
	s.blinds(span(minute, hour+2*minute))
	s.now += stall // the longest time that counts as running
	s.Tick(s.now)
	s.blinds(span(minute, hour+2*minute))
}

// Many nodes vanish together: the feed is to blame.
func TestCorrelatedLoss(t *testing.T) {
	for _, tt := range []struct {
		name        string
		nodes, lost int
		apart       programme.Millis // between two departures
		blind       bool
	}{
		{"a quarter and one of a hundred", 100, 26, second, true},
		{"a quarter of a hundred", 100, 25, second, false},
		{"twenty of twenty-four", 24, 20, second, true},
		{"nineteen of twenty-four", 24, 19, second, false},
		{"thirty of a hundred within a minute", 100, 30, 2 * second, true},
		{"thirty of a hundred within two minutes", 100, 30, 4 * second, false},
		{"all three", 3, 3, second, true},
		{"both", 2, 2, second, false},
		{"all ten, over an hour", 10, 10, 6 * minute, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, 1, "crowd 0")
			s.open(0, many(tt.nodes)...)
			s.wait(minute)
			for i := range tt.lost {
				s.remove(0, uint64(i))
				s.wait(tt.apart)
			}
			if got := s.blind.running(); got != tt.blind {
				t.Fatalf("blind: %v", got)
			}
			if tt.blind {
				b := s.blind.list[len(s.blind.list)-1]
				if b.From != begin+minute || !strings.Contains(b.Reason, fmt.Sprintf(" of %d nodes vanished within a minute", tt.nodes)) {
					t.Errorf("%+v, from the first departure on", b)
				}
			}
			s.wait(grace + 10*second)
			if tt.blind {
				s.outages(1)
			} else {
				s.outages(1, running(minute))
			}
		})
	}
}

// A correlated loss is over when nine in ten are back, after a quarter of an hour when at most half are missing, and
// after a day at the latest.
func TestCorrelatedLossEnds(t *testing.T) {
	lose := func(t *testing.T, n int) *stage {
		s := newStage(t, 1, "crowd 0", "crowd 50")
		s.open(0, many(100)...)
		s.wait(minute)
		for i := range n {
			s.remove(0, uint64(i))
		}
		return s
	}
	t.Run("nine in ten are back", func(t *testing.T) {
		s := lose(t, 40)
		for i := range 29 {
			s.wait(second)
			s.add(0, uint64(i), fmt.Sprint("crowd ", i))
		}
		s.blinds(running(minute))
		s.wait(second)
		s.add(0, 29, "crowd 29")
		s.blinds(span(minute, 90*second))
		s.wait(hour)
		s.beat(0)
		s.outages(1)
	})
	t.Run("at most half are missing", func(t *testing.T) {
		s := lose(t, 50)
		s.wait(doubt - second)
		s.blinds(running(minute))
		s.wait(second)
		s.blinds(span(minute, minute+doubt))
		s.wait(grace)
		s.outages(1)
		s.wait(second)
		s.outages(1, running(minute)) // it is gone, and has been watched for long enough since
		s.outages(2)
	})
	t.Run("more than half are missing", func(t *testing.T) {
		s := lose(t, 51)
		s.wait(patience - minute)
		s.blinds(running(minute))
		s.wait(2 * minute)
		s.blinds(span(minute, minute+patience))
		s.wait(grace + minute)
		s.outages(1, running(minute))
	})
}

// The last node of the chain leaves, says the server: all of them did, so it is blindness.
func TestChainIsEmptied(t *testing.T) {
	s := newStage(t, 1, "a")
	s.open(0, "a", "b", "c")
	s.wait(minute)
	s.Emptied(0, s.now)
	s.wait(hour)
	s.outages(1)
	s.blinds(running(minute))
	s.Opened(0, s.now) // it is subscribed to anew when it is back
	for i, n := range []string{"a", "b", "c"} {
		s.add(0, uint64(i), n)
	}
	s.ok(s.Complete(0, s.now))
	s.outages(1)
	s.blinds(span(minute, minute+hour))
	// With two nodes it is believed.
	s = newStage(t, 1, "a")
	s.open(0, "a", "b")
	s.Emptied(0, s.now)
	s.wait(hour)
	s.outages(1, running(0))
}

// A server that was restarted shows few nodes at first; the others are on their way.
func TestServerWasRestarted(t *testing.T) {
	s := newStage(t, 1, "crowd 0", "crowd 99")
	s.open(0, many(100)...)
	s.wait(minute)
	s.lose(0)
	s.wait(minute)
	s.open(0, many(10)...)
	s.wait(hour)
	s.beat(0)
	s.outages(2)
	s.blinds(running(0)) // since the newest message of the connection before
	for i := 10; i < 90; i++ {
		s.add(0, uint64(i), fmt.Sprint("crowd ", i))
	}
	s.blinds(span(0, hour+2*minute))
	s.wait(grace + 10*second)
	s.outages(1)
	s.outages(2, running(0))
	// A day later nobody expects the old crowd.
	s.lose(0)
	s.wait(patience + 10*minute)
	s.open(0, "crowd 0")
	if s.blind.running() {
		t.Error("blind after a day for want of a crowd")
	}
}

// With two feeds, one may be lost as long as it is not the only one to show an absent candidate.
func TestTwoFeeds(t *testing.T) {
	s := newStage(t, 2, "both", "first", "second")
	s.open(0, "both", "first")
	s.open(1, "both", "second")
	s.wait(minute)
	s.beat(0)
	s.beat(1)
	s.lose(1)
	s.wait(minute)
	s.blinds(running(minute)) // nobody knows how the second one is
	s.open(1, "both", "second")
	s.blinds(span(minute, 2*minute))
	s.remove(1, 0)
	s.remove(0, 0)
	s.wait(second)
	s.beat(0)
	s.beat(1)
	s.lose(1)
	s.wait(minute)
	s.blinds(span(minute, 2*minute), running(2*minute+second))
	s.open(1, "second")
	s.wait(grace + 10*second)
	s.outages(1, running(2*minute))
	s.outages(2)
	s.outages(3)
	// Feeds that show the same: losing one is no blindness.
	s = newStage(t, 2, "a", "b")
	s.open(0, "a", "b")
	s.open(1, "a", "b")
	s.lose(1)
	s.remove(0, 0)
	s.wait(grace + 10*second)
	s.blinds()
	s.outages(1, running(0))
	s.beat(0)
	s.lose(0)
	s.wait(hour)
	s.outages(1, running(0))
	s.outages(2)
	s.blinds(running(grace + 10*second))
}

// observed: more than the grace in one piece.
func TestObserved(t *testing.T) {
	b := blindness{list: []memory.Blind{{Interval: span(100, 200)}, {Interval: span(300, 400)}, {Interval: running(900)}}, horizon: 50}
	for _, tt := range []struct {
		absence programme.Interval
		grace   programme.Millis
		want    bool
	}{
		{span(0, 100), 49, true}, // what was before the horizon is not known any more
		{span(0, 100), 50, false},
		{span(60, 250), 50, false},
		{span(60, 251), 50, true},
		{span(120, 350), 100, false},
		{span(120, 350), 99, true},
		{span(120, 500), 100, false},
		{span(120, 501), 100, true},
		{span(110, 190), 0, false},
		{span(390, 2000), 499, true},
		{span(390, 2000), 500, false},
		{span(950, 2000), 0, false},
		{span(800, 900), 99, true},
	} {
		if got := b.observed(tt.absence, tt.grace); got != tt.want {
			t.Errorf("%v with grace %d: %v", tt.absence, tt.grace, got)
		}
	}
}

// Intervals that are reached by one that begins in the past become part of it; only so many are kept.
func TestOpenAndClose(t *testing.T) {
	b := blindness{}
	step := func(want ...programme.Interval) {
		t.Helper()
		var got []programme.Interval
		for _, x := range b.list {
			got = append(got, x.Interval)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	b.open(10, "x")
	b.close(20)
	b.open(30, "x")
	b.close(30) // without any length
	step(span(10, 20))
	b.open(25, "x")
	b.open(22, "y")
	step(span(10, 20), running(22))
	b.open(15, "z")
	step(running(10))
	b.close(40)
	b.open(40, "x")
	step(running(10))
	if b.end() != 0 || b.since() != 10 {
		t.Errorf("end %d, since %d", b.end(), b.since())
	}
	b = blindness{}
	for i := range programme.Millis(maxBlind + 1) {
		b.open(10*i+1, "x")
		b.close(10*i + 2)
	}
	if n := len(b.list); n > maxBlind || b.horizon != b.list[0].From-9 || b.end() != 10*maxBlind+2 {
		t.Errorf("%d intervals, horizon %d, from %d", n, b.horizon, b.list[0].From)
	}
}
