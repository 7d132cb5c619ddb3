package validity

import (
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

func kusamaLimit(in *programme.Inputs) string {
	text := "rank at least " + strconv.Itoa(in.Rules.Limits.RemoteRank)
	if in.Rules.Switches.RemoteValidity {
		text = "valid there, " + text
	}
	return text
}

// kusamaRank: the operator's node in the programme of the other network is valid there and has the rank. By the old
// rule a node that is unknown there passes, and only listed reasons make it fail. While the other programme does
// not answer, what it said last counts as long as an unknown answer would hold.
func kusamaRank(s *subject, v *programme.Verdict) {
	limits, switches := &s.in.Rules.Limits, &s.in.Rules.Switches
	if s.c.KusamaStash == "" {
		if limits.RequireKusamaStash {
			fail(v, "no stash", "The candidate list names no stash on the other network, and the programme demands one.")
		} else {
			notApplicable(v, "The candidate list names no stash on the other network.")
		}
		return
	}
	if s.off(v, programme.SourceRemote) {
		return
	}
	r := s.c.Remote
	if ok, why := s.works(programme.SourceRemote); !ok && (r == nil || r.At <= 0 || s.idx.now-r.At > limits.HoldRemote) {
		s.unknown(v, limits.HoldRemote, why)
		return
	}
	if r == nil {
		s.unknown(v, limits.HoldRemote, "The other network's programme has not answered for this stash.")
		return
	}
	if r.At > 0 {
		v.At = r.At
	}
	if !r.Found {
		if switches.RemoteValidity {
			fail(v, "not listed", "The stash "+s.c.KusamaStash+" is not part of the other network's programme.")
		} else {
			pass(v, "not listed", "The stash "+s.c.KusamaStash+" is not part of the other network's programme.")
		}
		return
	}
	var room [32]byte
	value := string(strconv.AppendInt(append(room[:0], "rank "...), int64(r.Rank), 10))
	switch {
	case switches.RemoteValidity && !r.Valid, !switches.RemoteValidity && len(r.Failing) > 0:
		text := "The node " + s.c.KusamaStash + " is not valid in the other network's programme"
		if len(r.Failing) > 0 {
			text += ": " + strings.Join(r.Failing, ", ")
		}
		fail(v, "invalid, "+value, text+".")
	case r.Rank < limits.RemoteRank:
		fail(v, value, "The rank in the other network's programme is "+strconv.Itoa(r.Rank)+"; it passes from "+strconv.Itoa(limits.RemoteRank)+".")
	default:
		pass(v, value, "")
	}
}
