package presence_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/presence/presencetest"
	"github.com/thousand-validators/otv/internal/programme"
)

// rig drives the tracker and the clerk through the same story.
type rig struct {
	t       testing.TB
	feeds   []string
	names   []string
	grace   int
	now     int
	tracker *presence.Tracker
	memory  *presencetest.Memory
	clerk   *clerk
	stored  *clerk // as of the last write
	log     []string
}

func newRig(t testing.TB, feeds int, names []string, grace int) *rig {
	r := &rig{t: t, names: names, grace: grace, now: 1000, memory: presencetest.NewMemory()}
	for i := range feeds {
		r.feeds = append(r.feeds, fmt.Sprintf("feed %d", i))
	}
	r.start()
	r.clerk = newClerk(feeds, names, grace, r.now)
	return r
}

func (r *rig) start() {
	state, err := r.memory.LoadPresence(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if r.tracker, err = presence.NewTracker(r.feeds, ms(r.grace), state, ms(r.now)); err != nil {
		r.t.Fatal(err)
	}
	var list []presence.Candidate
	for i, n := range r.names {
		list = append(list, presence.Candidate{Slot: i, Name: n})
	}
	r.tracker.SetCandidates(ms(r.now), list)
}

func (r *rig) say(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf("%d: ", r.now)+fmt.Sprintf(format, args...))
}

// wait lets time pass with the process running.
func (r *rig) wait(seconds int) {
	for end := r.now + seconds; r.now < end; {
		r.now = min(end, r.now+10)
		r.tracker.Tick(ms(r.now))
		r.clerk.pass(r.now)
		for i, f := range r.clerk.feeds {
			if f.open && r.now-f.heard > 300 {
				r.check(i, r.tracker.Message(i, ms(r.now), &feed.Message{Action: feed.TimeSync}))
				r.clerk.message(i, r.now)
			}
		}
	}
}

// check demands that the tracker refuses a connection exactly when the clerk does; then the connection is lost.
func (r *rig) check(i int, err error) {
	if dead := r.clerk.feeds[i].dead; dead != (err != nil) {
		r.t.Fatalf("feed %d: error %v, want one: %v\n%v", i, err, dead, strings.Join(r.log, "\n"))
	}
	if err != nil {
		r.lost(i)
	}
}

func (r *rig) suspend(seconds int) {
	r.say("suspended for %d", seconds)
	r.now += seconds
}

func (r *rig) opened(i int) {
	r.say("feed %d opened", i)
	r.tracker.Opened(i, ms(r.now))
	r.clerk.opened(i, r.now)
}

func (r *rig) complete(i int) {
	r.say("feed %d complete", i)
	err := r.tracker.Complete(i, ms(r.now))
	if (err == nil) != (r.clerk.feeds[i].open && !r.clerk.feeds[i].dead && r.now-r.clerk.lastTick <= 30) {
		r.t.Fatalf("feed %d complete: %v\n%v", i, err, strings.Join(r.log, "\n"))
	}
	r.clerk.complete(i, r.now)
}

func (r *rig) lost(i int) {
	r.say("feed %d lost", i)
	r.tracker.Lost(i, ms(r.now), errors.New("lost"))
	r.clerk.lost(i, r.now)
}

func (r *rig) add(i int, id uint64, name, network string) {
	r.say("feed %d adds %d %s %s", i, id, name, network)
	err := r.tracker.Message(i, ms(r.now), &feed.Message{Action: feed.AddedNode, ID: id, Node: &feed.Node{Name: name, NetworkID: network}})
	r.clerk.added(i, id, name, network, r.now)
	r.check(i, err)
}

func (r *rig) remove(i int, id uint64) {
	r.say("feed %d removes %d", i, id)
	err := r.tracker.Message(i, ms(r.now), &feed.Message{Action: feed.RemovedNode, ID: id})
	r.clerk.gone(i, []uint64{id}, r.now)
	r.check(i, err)
}

func (r *rig) emptied(i int) {
	r.say("feed %d emptied", i)
	r.tracker.Emptied(i, ms(r.now))
	r.clerk.gone(i, nil, r.now)
}

// flush writes what changed. The write may fail, and its answer may be lost on the way.
func (r *rig) flush(reaches, answered bool) {
	r.say("flush, reaches the store: %v, answered: %v", reaches, answered)
	r.tracker.Tick(ms(r.now))
	r.clerk.pass(r.now)
	b, done := r.tracker.Changes()
	if !reaches {
		done(false)
		return
	}
	if err := r.memory.SavePresence(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
	done(answered)
	r.stored = r.clerk.clone()
	if got, want := b.Observer.Seen, ms(r.stored.seen()); got != want {
		r.t.Fatalf("known up to %d, want %d\n%v", got, want, strings.Join(r.log, "\n"))
	}
}

// crash ends the process at once and starts it again later.
func (r *rig) crash(seconds int) {
	r.say("crash for %d", seconds)
	r.now += seconds
	r.start()
	if r.stored == nil {
		r.clerk = newClerk(len(r.feeds), r.names, r.grace, r.now)
		return
	}
	r.clerk = r.stored.clone()
	r.clerk.crash(r.clerk.seen(), r.now)
}

// compare demands that the store holds what the clerk works out.
func (r *rig) compare() {
	r.t.Helper()
	r.flush(true, true)
	h, err := r.memory.PresenceSince(r.t.Context(), 0)
	if err != nil {
		r.t.Fatal(err)
	}
	var blind []programme.Interval
	for _, b := range h.Blind {
		blind = append(blind, b.Interval)
	}
	if diff := cmp.Diff(runs(r.clerk.dark(r.now)), merged(blind, ms(r.now)), cmpopts.EquateEmpty()); diff != "" {
		r.t.Fatalf("blind: -clerk +tracker: %s\n%v", diff, strings.Join(r.log, "\n"))
	}
	for i, name := range r.names {
		want, first, last := r.clerk.outages(name, r.now)
		var got []programme.Interval
		for _, o := range h.Outages {
			if o.Slot == i {
				got = append(got, o.Interval)
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			r.t.Fatalf("outages of %s: -clerk +tracker: %s\n%v blind %v grace %d tracker slot %+v; stays %+v", name, diff, strings.Join(r.log, "\n"), h.Blind, r.grace, h.Slots[i], r.clerk.stays)
		}
		s := h.Slots[i]
		live := 0
		for _, st := range r.clerk.stays {
			if st.name == name && st.to < 0 {
				live++
			}
		}
		if s.Live != live {
			r.t.Fatalf("%s: %d connections, want %d\n%v", name, s.Live, live, strings.Join(r.log, "\n"))
		}
		if first < 0 {
			if s.FirstSeen != 0 {
				r.t.Fatalf("%s was never seen, but first seen at %d\n%v", name, s.FirstSeen, strings.Join(r.log, "\n"))
			}
			continue
		}
		if s.FirstSeen != ms(first) {
			r.t.Fatalf("%s first seen at %d, want %d\n%v", name, s.FirstSeen, ms(first), strings.Join(r.log, "\n"))
		}
		if live == 0 && (s.LastSeen != ms(last) || s.Gone != ms(last)) {
			r.t.Fatalf("%s last seen at %d, gone since %d, want %d\n%v", name, s.LastSeen, s.Gone, ms(last), strings.Join(r.log, "\n"))
		}
	}
}

// runs are the intervals of the seconds that are set; the last has no end when it reaches the end.
func runs(set []bool) (out []programme.Interval) {
	for t := 0; t < len(set); t++ {
		if !set[t] {
			continue
		}
		from := t
		for t < len(set) && set[t] {
			t++
		}
		out = append(out, programme.Interval{From: ms(from), To: ms(t)})
	}
	return out
}

// merged joins intervals that touch, up to now.
func merged(list []programme.Interval, now programme.Millis) (out []programme.Interval) {
	for _, iv := range list {
		if iv.To == 0 {
			iv.To = now
		}
		if n := len(out); n > 0 && out[n-1].To >= iv.From {
			out[n-1].To = iv.To
		} else if iv.From < iv.To {
			out = append(out, iv)
		}
	}
	return out
}

// Whatever feeds do, presence is exactly what the clerk finds who looks at every second.
func TestPresenceAgainstTheClerk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		feeds := rapid.IntRange(1, 3).Draw(rt, "feeds")
		names := []string{"a", "b", "c", "d"}
		r := newRig(t, feeds, names, rapid.SampledFrom([]int{30, 60, 300}).Draw(rt, "grace"))
		crowd := 0
		pool := append([]string{"stranger", "a "}, names...)
		for range rapid.IntRange(1, 60).Draw(rt, "events") {
			i := rapid.IntRange(0, feeds-1).Draw(rt, "feed")
			switch what := rapid.IntRange(0, 30).Draw(rt, "what"); what {
			case 0, 1, 2, 3:
				r.wait(rapid.IntRange(0, 20).Draw(rt, "wait"))
			case 4, 5, 6:
				r.wait(rapid.IntRange(20, 900).Draw(rt, "long wait"))
			case 7:
				r.suspend(rapid.IntRange(20, 2000).Draw(rt, "suspended"))
				r.tracker.Tick(ms(r.now))
				r.clerk.pass(r.now)
			case 8, 9, 10, 11, 12, 13, 14:
				r.add(i, uint64(rapid.IntRange(0, 5).Draw(rt, "id")), rapid.SampledFrom(pool).Draw(rt, "name"), rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "network"))
			case 15, 16, 17, 18, 19:
				r.remove(i, uint64(rapid.IntRange(0, 5).Draw(rt, "id")))
			case 20:
				r.lost(i)
			case 21, 22:
				r.opened(i)
			case 23, 24:
				if r.clerk.feeds[i].open {
					r.complete(i)
				}
			case 25, 30:
				reaches := rapid.Bool().Draw(rt, "reaches")
				r.flush(reaches, reaches && rapid.Bool().Draw(rt, "answered"))
			case 26:
				r.crash(rapid.IntRange(0, 4000).Draw(rt, "down"))
			case 27:
				r.emptied(i)
			case 28: // a crowd comes
				for range rapid.IntRange(3, 40).Draw(rt, "crowd") {
					crowd++
					r.add(i, uint64(100+crowd), fmt.Sprint("crowd ", crowd), "x")
				}
			case 29: // and goes
				for range rapid.IntRange(3, 40).Draw(rt, "leave") {
					r.remove(i, uint64(100+crowd))
					crowd = max(crowd-1, 0)
					r.wait(rapid.IntRange(0, 1).Draw(rt, "pause"))
				}
			}
		}
		r.compare()
	})
}
