package presence

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// What a round is told, case by case. Moments are after the beginning.
func TestReport(t *testing.T) {
	const now = begin + hour
	bright := []memory.Feed{{Key: "wss://a/feed 0xaa"}}
	dark := []memory.Feed{{Key: "wss://a/feed 0xaa", Dark: begin, Reason: "cut"}, {Key: "wss://b/feed 0xaa", Dark: begin, Reason: "silent"}}
	blind := func(list ...programme.Interval) (out []memory.Blind) {
		for _, iv := range list {
			out = append(out, memory.Blind{Interval: iv, Reason: "x"})
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		history memory.PresenceHistory
		want    programme.Source
	}{
		{"never watched", memory.PresenceHistory{}, programme.Source{State: programme.SourceAbsent, Detail: "the feed has not been watched yet"}},
		{"in sight", memory.PresenceHistory{Observer: memory.Observer{Seen: now, Feeds: bright}, Blind: blind(span(begin, begin+5))},
			programme.Source{State: programme.SourceOK, At: now, Blind: []programme.Interval{span(begin, begin+5)}}},
		{"seconds behind", memory.PresenceHistory{Observer: memory.Observer{Seen: now - 9*second, Feeds: bright}},
			programme.Source{State: programme.SourceOK, At: now - 9*second, Blind: []programme.Interval{running(now - 9*second)}}},
		{"ahead of the block", memory.PresenceHistory{Observer: memory.Observer{Seen: now + 9*second, Feeds: bright}, Blind: blind(span(begin, begin+1), running(now+2))},
			programme.Source{State: programme.SourceOK, At: now, Blind: []programme.Interval{span(begin, begin+1)}}},
		{"two minutes behind", memory.PresenceHistory{Observer: memory.Observer{Seen: now - outdated, Feeds: bright}},
			programme.Source{State: programme.SourceOK, At: now - outdated, Blind: []programme.Interval{running(now - outdated)}}},
		{"stopped", memory.PresenceHistory{Observer: memory.Observer{Seen: now - outdated - 1, Feeds: bright}},
			programme.Source{State: programme.SourceDown, At: now - outdated - 1, Detail: "the feed has not been watched since then", Blind: []programme.Interval{running(now - outdated - 1)}}},
		{"stopped while blind", memory.PresenceHistory{Observer: memory.Observer{Seen: now - hour/2, Feeds: dark}, Blind: blind(running(begin + 7))},
			programme.Source{State: programme.SourceDown, At: begin + 7, Detail: "the feed has not been watched since then", Blind: []programme.Interval{running(begin + 7)}}},
		{"no feed", memory.PresenceHistory{Observer: memory.Observer{Seen: now, Feeds: dark}, Blind: blind(running(begin + 7))},
			programme.Source{State: programme.SourceDown, At: begin + 7, Detail: "no feed is in sight: wss://a/feed: cut; wss://b/feed: silent", Blind: []programme.Interval{running(begin + 7)}}},
		{"one of two feeds, blind for some", memory.PresenceHistory{Observer: memory.Observer{Seen: now, Feeds: append(dark[:1:1], bright...)}, Blind: blind(running(begin + 7))},
			programme.Source{State: programme.SourceOK, At: now, Blind: []programme.Interval{running(begin + 7)}}},
	} {
		tt.want.Name = programme.SourceTelemetry
		if d := cmp.Diff(tt.want, Report(&tt.history, now).Source); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestReportOfCandidates(t *testing.T) {
	const now = begin + hour
	h := memory.PresenceHistory{
		Observer: memory.Observer{Seen: now - second, Feeds: []memory.Feed{{}}},
		Slots: []memory.Presence{
			{Slot: 1, Name: "a", Listed: true, FirstSeen: 1, LastSeen: 2, Live: 2, Implementation: "i", Version: "v"},
			{Slot: 2, Name: "b", Listed: true, FirstSeen: 1, LastSeen: 50, Gone: 50},
			{Slot: 3, Name: "c", FirstSeen: 1, LastSeen: 2, Notices: []memory.Notice{{Text: "of before"}}},
			{Slot: 4, Name: "d", Listed: true, Notices: []memory.Notice{{Text: "near"}}},
		},
		Outages: []memory.Outage{{Slot: 2, Interval: span(10, 20)}, {Slot: 2, Interval: running(50)}, {Slot: 3, Interval: running(2)}, {Slot: 9, Interval: running(2)}},
	}
	want := map[int]*programme.Presence{
		1: {FirstSeen: 1, LastSeen: now - second, Live: 2, Implementation: "i", Version: "v"}, // it was there when somebody last looked
		2: {FirstSeen: 1, LastSeen: 50, Outages: []programme.Interval{span(10, 20), running(50)}},
		4: {}, // watched for, and never seen
	}
	got := Report(&h, now)
	if d := cmp.Diff(want, got.Candidates); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[int][]memory.Notice{4: {{Text: "near"}}}, got.Notices); d != "" {
		t.Error(d)
	}
}

// reader is a store that is asked once.
type reader struct {
	from programme.Millis
	err  error
}

func (r *reader) PresenceSince(_ context.Context, from programme.Millis) (memory.PresenceHistory, error) {
	r.from = from
	return memory.PresenceHistory{}, r.err
}

func TestRead(t *testing.T) {
	var r reader
	if _, err := Read(t.Context(), &r, hour, 3*hour); err != nil || r.from != 2*hour {
		t.Errorf("asked since %d: %v", r.from, err)
	}
	if _, err := Read(t.Context(), &r, hour, minute); err != nil || r.from != 0 {
		t.Errorf("asked since %d: %v", r.from, err)
	}
	r.err = errors.New("no database")
	if _, err := Read(t.Context(), &r, hour, hour); !errors.Is(err, r.err) || !strings.HasPrefix(err.Error(), "read presence: ") {
		t.Error(err)
	}
}
