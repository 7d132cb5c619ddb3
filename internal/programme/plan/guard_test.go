package plan

import "testing"

func TestGuard(t *testing.T) {
	base := Intent{ID: "new", Key: Key{Round: "r2", Nominator: "n"}, Kind: KindNominate, Network: "w", Signer: "s", Era: 7, Targets: "T2"}
	old := func(set func(*Standing)) Standing {
		s := Standing{Intent: Intent{ID: "old", Key: Key{Round: "r1", Nominator: "n"}, Kind: KindNominate, Network: "w", Signer: "s", Era: 7, Targets: "T1", Status: Done}}
		if set != nil {
			set(&s)
		}
		return s
	}
	for _, c := range []struct {
		name           string
		kind           Kind
		old            Standing
		stops, busy, o bool
	}{
		{name: "another set in the same era", old: old(nil), stops: true, o: true},
		{name: "the same set in the same era", old: old(func(s *Standing) { s.Targets = "T2" }), stops: true, o: true},
		{name: "another era", old: old(func(s *Standing) { s.Era = 6 })},
		{name: "another nominator", old: old(func(s *Standing) { s.Nominator = "m" })},
		{name: "another network", old: old(func(s *Standing) { s.Network, s.Status = "x", Sent })},
		{name: "expired", old: old(func(s *Standing) { s.Status = Expired })},
		{name: "failed", old: old(func(s *Standing) { s.Status = Failing })},
		{name: "failed inside", old: old(func(s *Standing) { s.Inner = "broken" })},
		{name: "never signed", old: old(func(s *Standing) { s.Status = Abandoned })},
		{name: "prepared", old: old(func(s *Standing) { s.Status = Prepared }), stops: true, busy: true},
		{name: "withheld", old: old(func(s *Standing) { s.Status = Withheld }), stops: true, busy: true},
		{name: "sent with the same key for another", old: old(func(s *Standing) { s.Status, s.Nominator = Sent, "m" }), stops: true, busy: true},
		{name: "sent with another key for the same", old: old(func(s *Standing) { s.Status, s.Signer = Sent, "z" }), stops: true, busy: true},
		{name: "sent by others for others", old: old(func(s *Standing) { s.Status, s.Signer, s.Nominator = Sent, "z", "m" })},
		{name: "announced, plan open", old: old(func(s *Standing) { s.Kind, s.PlanOpen = KindAnnounce, true }), stops: true},
		{name: "announced, plan closed", old: old(func(s *Standing) { s.Kind = KindAnnounce })},
		{name: "its own announcement", kind: KindExecute, old: old(func(s *Standing) { s.Kind, s.PlanOpen, s.Round, s.Targets = KindAnnounce, true, "r2", "T2" })},
		{name: "its own announcement of other targets", kind: KindExecute, old: old(func(s *Standing) { s.Kind, s.PlanOpen, s.Round = KindAnnounce, true, "r2" }), stops: true},
		{name: "a removal beside a nomination", kind: KindRemove, old: old(nil)},
		{name: "a removal beside a busy key", kind: KindRemove, old: old(func(s *Standing) { s.Status = Signed }), stops: true, busy: true},
		{name: "a removal has been done", old: old(func(s *Standing) { s.Kind, s.Targets = KindRemove, "" })},
	} {
		n := base
		if c.kind != "" {
			n.Kind = c.kind
		}
		o := Guard(n, []Standing{c.old})
		if (o != nil) != c.stops || (o != nil && (o.Busy != c.busy || o.Override != c.o)) {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}
