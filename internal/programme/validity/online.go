package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// pending is said of a name that telemetry has not been searched for.
const pending = "The name was listed a moment ago and is not watched for on telemetry yet."

func onlineLimit(in *programme.Inputs) string {
	if !in.Rules.Switches.PresenceConnections {
		return "announced within " + span(in.Rules.Limits.OnlineLimit)
	}
	return "connected, or gone for at most " + span(in.Rules.Limits.DisconnectionGrace)
}

// online: at least one node of the candidate's name is connected, or the last one vanished no longer ago than the
// grace; moments in which our own feed was blind do not count. By the old rule the last announcement must not be
// too old. While the feed is down, the last answer holds for as long as the old rule lets an announcement count.
func online(s *subject, v *programme.Verdict) {
	if s.off(v, programme.SourceTelemetry) {
		return
	}
	limits := &s.in.Rules.Limits
	if ok, why := s.works(programme.SourceTelemetry); !ok {
		s.unknown(v, limits.OnlineLimit, why)
		return
	}
	p := s.c.Presence
	if p != nil && p.Pending {
		s.unknown(v, limits.OnlineLimit, pending)
		return
	}
	if p == nil || (p.LastSeen == 0 && p.Live == 0) {
		fail(v, "never", "No node of this name was ever seen on telemetry; the name must match exactly, and the node must report to the programme's telemetry.")
		return
	}
	if !s.in.Rules.Switches.PresenceConnections {
		announced(s, v, p)
		return
	}
	if p.Live > 0 {
		value := "1 connection"
		if p.Live > 1 {
			value = plural(p.Live, "connection")
		}
		pass(v, value, "")
		return
	}
	gone := s.idx.now - p.LastSeen
	observed := gone - programme.Overlap(s.idx.blind, p.LastSeen, s.idx.now)
	value := seen("last connected ", p.LastSeen)
	if observed <= limits.DisconnectionGrace {
		pass(v, value, "The node has been gone for "+span(gone)+"; it fails when it stays away for more than "+span(limits.DisconnectionGrace)+".")
		v.Changes = s.idx.now + limits.DisconnectionGrace - observed + 1
		return
	}
	fail(v, value, "The node was last connected at "+p.LastSeen.String()+", "+span(gone)+" ago; it passes again as soon as it is connected.")
}

// announced is the old rule.
func announced(s *subject, v *programme.Verdict, p *programme.Presence) {
	limit := s.in.Rules.Limits.OnlineLimit
	value := seen("last announced ", p.LastSeen)
	if s.idx.now-p.LastSeen > limit {
		fail(v, value, "The node was last announced on telemetry at "+p.LastSeen.String()+", more than "+span(limit)+" ago; it passes again with its next announcement.")
		return
	}
	pass(v, value, "")
	v.Changes = p.LastSeen + limit + 1
}
