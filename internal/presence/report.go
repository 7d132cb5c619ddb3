package presence

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// outdated is how old the watcher's word may be before it counts as not running. It writes every few seconds, and a
// quiet feed answers to a ping within half a minute.
const outdated = 2 * programme.Minute

// Facts is what a round is told of presence.
type Facts struct {
	Source     programme.Source
	Candidates map[int]*programme.Presence // by slot; one that is missing is not watched for yet
	// Notices are what is odd about listed slots, by slot. No decision depends on it.
	Notices map[int][]memory.Notice
}

// Read reads what a round at the moment now is told: the outages of the window before it, and all of what the
// observer could not see.
func Read(ctx context.Context, r Reader, window, now programme.Millis) (Facts, error) {
	h, err := r.PresenceSince(ctx, max(now-window, 0))
	if err != nil {
		return Facts{}, fmt.Errorf("read presence: %w", err)
	}
	return Report(&h, now), nil
}

// Report makes a round's facts of what was stored.
func Report(h *memory.PresenceHistory, now programme.Millis) Facts {
	f := Facts{Source: source(h, now), Candidates: map[int]*programme.Presence{}, Notices: map[int][]memory.Notice{}}
	seen := h.Observer.Seen
	for _, s := range h.Slots {
		if s.Listed && len(s.Notices) > 0 {
			f.Notices[s.Slot] = s.Notices
		}
		if !s.Listed {
			continue
		}
		if s.FirstSeen == 0 {
			f.Candidates[s.Slot] = &programme.Presence{} // was never seen
			continue
		}
		p := &programme.Presence{
			FirstSeen: s.FirstSeen, LastSeen: s.LastSeen, Live: s.Live, Implementation: s.Implementation, Version: s.Version,
		}
		if s.Live > 0 {
			p.LastSeen = max(p.LastSeen, seen)
		}
		f.Candidates[s.Slot] = p
	}
	for _, o := range h.Outages {
		if p := f.Candidates[o.Slot]; p != nil {
			p.Outages = append(p.Outages, o.Interval)
		}
	}
	return f
}

// source states whether presence can be relied on, and when it could not.
func source(h *memory.PresenceHistory, now programme.Millis) programme.Source {
	s := programme.Source{Name: programme.SourceTelemetry, State: programme.SourceOK, At: min(h.Observer.Seen, now)}
	if h.Observer.Seen == 0 {
		s.State, s.At, s.Detail = programme.SourceAbsent, 0, "the feed has not been watched yet"
		return s
	}
	running := false
	for _, b := range h.Blind {
		if b.From >= now {
			break
		}
		s.Blind = append(s.Blind, b.Interval)
		running = b.To == 0
	}
	switch {
	case now-h.Observer.Seen > outdated:
		s.State, s.Detail = programme.SourceDown, "the feed has not been watched since then"
		if running {
			s.At = min(s.At, s.Blind[len(s.Blind)-1].From)
		} else {
			s.Blind = append(s.Blind, programme.Interval{From: h.Observer.Seen})
		}
	case running && !slices.ContainsFunc(h.Observer.Feeds, func(f memory.Feed) bool { return f.Dark == 0 }):
		s.State, s.At = programme.SourceDown, s.Blind[len(s.Blind)-1].From
		s.Detail = "no feed is in sight: " + reasons(h.Observer.Feeds)
	case !running && h.Observer.Seen < now:
		// What happened in the last moments is not stored yet.
		s.Blind = append(s.Blind, programme.Interval{From: h.Observer.Seen})
	}
	return s
}

func reasons(feeds []memory.Feed) string {
	var parts []string
	for _, f := range feeds {
		host, _, _ := strings.Cut(f.Key, " ")
		parts = append(parts, host+": "+f.Reason)
	}
	return strings.Join(parts, "; ")
}
