package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

func connectionLimit(in *programme.Inputs) string {
	return "known for " + span(in.Rules.Limits.ConnectionTime)
}

// connectionTime: our own feed saw the node for the first time at least a week ago. A first sight is a lasting fact
// and counts even while the feed is down.
func connectionTime(s *subject, v *programme.Verdict) {
	if s.in.Rules.Limits.SkipConnectionTime {
		notApplicable(v, "The check is switched off.")
		return
	}
	if s.off(v, programme.SourceTelemetry) {
		return
	}
	v.At = s.idx.now
	if s.c.Presence == nil || s.c.Presence.FirstSeen == 0 {
		ok, why := s.works(programme.SourceTelemetry)
		switch {
		case !ok:
			s.unknown(v, s.hold(), why)
		case s.c.Presence != nil && s.c.Presence.Pending:
			s.unknown(v, s.hold(), pending)
		case s.in.Rules.Switches.UnseenFails:
			fail(v, "never", "The node was not seen yet; the waiting time starts when it appears on telemetry.")
		default:
			pass(v, "never", "The node was not seen yet.")
		}
		return
	}
	first, wait := s.c.Presence.FirstSeen, s.in.Rules.Limits.ConnectionTime
	value := seen("first seen ", first)
	if s.idx.now-first >= wait {
		pass(v, value, "")
		return
	}
	v.Changes = first + wait
	fail(v, value, "The node was first seen at "+first.String()+"; it passes from "+v.Changes.String()+".")
}
