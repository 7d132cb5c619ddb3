package validity

import (
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// shownOutages is how many outages a verdict names.
const shownOutages = 3

func offlineLimit(in *programme.Inputs) string {
	l := &in.Rules.Limits
	if !in.Rules.Switches.RollingOffline {
		return "at most " + minutes(l.OfflineAllowed)
	}
	return "at most " + minutes(l.OfflineAllowed) + " within " + span(l.OfflineWindow)
}

// offlineTime: the outages within the trailing window, each counted from the disconnection itself when more than
// the grace of it was observed, do not add up to more than allowed. Moments in which our own feed was blind are
// never counted. By the old rule the finished outages are added up as they are.
func offlineTime(s *subject, v *programme.Verdict) {
	if s.off(v, programme.SourceTelemetry) {
		return
	}
	telemetry := s.idx.source(programme.SourceTelemetry)
	if ok, why := s.works(programme.SourceTelemetry); !ok && (s.c.Presence == nil || telemetry.At <= 0) {
		s.unknown(v, s.hold(), why)
		return
	}
	limits := &s.in.Rules.Limits
	allowed := limits.OfflineAllowed
	if !s.in.Rules.Switches.RollingOffline {
		total := s.c.Presence.Finished()
		if total > allowed {
			fail(v, minutes(total), "The node was offline for "+minutes(total)+"; "+minutes(allowed)+" are allowed.")
			return
		}
		pass(v, minutes(total), "")
		return
	}
	charged := s.c.Presence.Charged(s.idx.blind, limits.DisconnectionGrace, s.idx.now)
	if len(charged) == 0 {
		pass(v, "0 min", "")
		return
	}
	start := s.idx.now - limits.OfflineWindow
	total := programme.Overlap(charged, start, s.idx.now)
	if total <= allowed {
		pass(v, minutes(total), "")
		return
	}
	text := "The node was offline for " + minutes(total) + " within the last " + span(limits.OfflineWindow) + "; " + minutes(allowed) + " are allowed. " + outages(charged, start)
	if charged[len(charged)-1].To == s.idx.now && running(s.c.Presence) {
		text += " It is still offline."
	} else {
		v.Changes = falls(charged, allowed, limits.OfflineWindow)
		text += " Without further outages it passes from " + v.Changes.String() + "."
	}
	fail(v, minutes(total), text)
}

func running(p *programme.Presence) bool {
	return len(p.Outages) > 0 && p.Outages[len(p.Outages)-1].To == 0
}

// falls is the first moment at which the trailing window holds no more than allowed of the outages: the window must
// begin where the newest outages, counted back from the end, add up to exactly what is allowed.
func falls(charged []programme.Interval, allowed, window programme.Millis) programme.Millis {
	rest := allowed
	for i := len(charged) - 1; i >= 0; i-- {
		length := charged[i].To - charged[i].From
		if length > rest {
			return charged[i].To - rest + window
		}
		rest -= length
	}
	return 0
}

// outages names the newest charged outages that touch the window.
func outages(charged []programme.Interval, start programme.Millis) string {
	var parts []string
	more := 0
	for i := len(charged) - 1; i >= 0 && charged[i].To > start; i-- {
		if len(parts) == shownOutages {
			more++
			continue
		}
		parts = append(parts, span(charged[i].To-charged[i].From)+" from "+charged[i].From.String())
	}
	text := "Outages: " + strings.Join(parts, ", ")
	if more > 0 {
		text += " and " + plural(more, "earlier one")
	}
	return text + "."
}
