package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
)

// moves are the only moves there are.
var moves = map[State][]State{
	Planned:    {Submitted, Announcing, Announced, Cancelling, Cancelled, Failed},
	Submitted:  {InBlock, Finalised, Planned, Failed},
	InBlock:    {Submitted, Finalised, Planned, Failed},
	Finalised:  {Succeeded, Failed},
	Announcing: {Announced, Planned, Failed},
	Announced:  {Executable, Cancelling, Cancelled, Succeeded},
	Executable: {Executing, Cancelling, Cancelled, Succeeded},
	Executing:  {Executed, Announced, Cancelling},
	Executed:   {Succeeded, Failed},
	Cancelling: {Cancelled, Succeeded},
}

func drawObservation(t *rapid.T, p *Plan, head uint32) Observation {
	permission := rapid.Custom(func(t *rapid.T) Permission {
		if rapid.Bool().Draw(t, "allowed") {
			return Permission{OK: true}
		}
		return Permission{Why: "forbidden"}
	})
	sets := rapid.SampledFrom([][]programme.Address{nil, {"a", "b"}, {"b", "a"}, {"a"}, {"c"}})
	heights := rapid.Custom(func(t *rapid.T) []uint32 {
		out := rapid.SliceOfN(rapid.Uint32Range(0, head), 0, 2).Draw(t, "other heights")
		if p.Announcement != nil && rapid.IntRange(0, 3).Draw(t, "still listed") > 0 {
			out = append(out, p.Announcement.Height)
		}
		slices.Sort(out)
		return out
	})
	block := rapid.Custom(func(t *rapid.T) Head {
		h := Head{Number: rapid.Uint32Range(head-min(head, 3), head).Draw(t, "number"), Hash: "0xb", Era: programme.Era(rapid.IntRange(6, 8).Draw(t, "era"))}
		if rapid.Bool().Draw(t, "parachain") {
			h.Relay = h.Number + 1000
		}
		return h
	})
	o := Observation{
		Head: block.Draw(t, "head"), May: permission.Draw(t, "may"), MayRemove: permission.Draw(t, "may remove"),
		Heights: heights.Draw(t, "heights"), Targets: sets.Draw(t, "targets"), SubmittedIn: programme.Era(rapid.IntRange(5, 8).Draw(t, "submitted")),
		Clock: rapid.SampledFrom([]Clock{ClockUnknown, ClockOwn, ClockRelay}).Draw(t, "clock"), CallHash: p.CallHash,
		Blacklisted: rapid.IntRange(0, 9).Draw(t, "blacklisted") == 0,
	}
	if rapid.IntRange(0, 9).Draw(t, "relation") > 0 {
		o.Relation = &Relation{Type: "Staking", Delay: rapid.Uint32Range(0, 40).Draw(t, "delay")}
	}
	if rapid.IntRange(0, 15).Draw(t, "upgrade") == 0 {
		o.CallHash = "0xother"
	}
	if rapid.Bool().Draw(t, "reviewed") {
		text := rapid.SliceOfN(rapid.Just("x"), 0, 1)
		o.Review = &Review{Breaches: text.Draw(t, "breaches"), Unknown: text.Draw(t, "unknown")}
	}
	if p.Tx != nil && rapid.IntRange(0, 5).Draw(t, "known") > 0 {
		text := rapid.SampledFrom([]string{"", "", "", "broken"})
		o.Tx = &Outcome{
			Stage: rapid.SampledFrom([]Stage{Pending, Seen, Included, Included, Lost}).Draw(t, "stage"),
			Error: text.Draw(t, "error"), Inner: text.Draw(t, "inner"), Pool: text.Draw(t, "pool"), Block: block.Draw(t, "block"), Extrinsic: "0xe",
		}
		if o.Tx.Stage == Lost {
			o.Tx.Never = text.Draw(t, "never")
		}
		if rapid.Bool().Draw(t, "readable") {
			o.Tx.After = &After{Targets: sets.Draw(t, "after"), Heights: heights.Draw(t, "heights after")}
		}
	}
	return o
}

func TestStepNeverBreaksItsRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{
			Key: Key{Round: "r", Nominator: "n"}, State: Planned, Reason: "why", Era: 7, CallHash: "0xca11", ProxyType: "Staking",
			Mode: rapid.SampledFrom([]Mode{Direct, Proxy, Delayed, Delayed, Delayed, Removal}).Draw(t, "mode"),
		}
		if p.Mode != Removal {
			p.Targets = []programme.Address{"a", "b"}
		}
		head := uint32(100)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			head += rapid.Uint32Range(0, 30).Draw(t, "blocks")
			if rapid.IntRange(0, 19).Draw(t, "order") == 0 {
				p.Order = &Order{Author: "me", Reason: "no"}
			}
			o := drawObservation(t, &p, head)
			before := deep(p)
			q, actions := Step(p, o)
			if !cmp.Equal(before, p) {
				t.Fatalf("the step changed the plan it was made from:\n%s", cmp.Diff(before, p))
			}
			checkStep(t, before, q, o, actions)
			if sent(actions) == "" {
				checkRest(t, q, o)
			}
			if rapid.IntRange(0, 9).Draw(t, "refused") > 0 || sent(actions) == "" {
				p = q
			}
		}
	})
}

// deep copies a plan with what it points to, as far as steps change it.
func deep(p Plan) Plan {
	if p.Tx != nil {
		p.Tx = new(*p.Tx)
	}
	if p.Announcement != nil {
		p.Announcement = new(*p.Announcement)
	}
	return p
}

func checkStep(t *rapid.T, p, q Plan, o Observation, actions []Action) {
	at := p.State
	for i, a := range actions {
		switch a.Kind {
		case Moved:
			if a.From != at || !slices.Contains(moves[a.From], a.To) || a.Text == "" {
				t.Fatalf("from %s it moved from %s to %s because %q", at, a.From, a.To, a.Text)
			}
			at = a.To
		case Send:
			if i != len(actions)-1 || q.Tx == nil || q.Tx.Kind != a.Tx || q.State.Closed() {
				t.Fatalf("action %d of %d sends %s, the plan is %s with %+v", i, len(actions), a.Tx, q.State, q.Tx)
			}
			checkSend(t, p, q, o, a.Tx)
		}
	}
	if at != q.State {
		t.Fatalf("the history ends with %s, the plan is %s", at, q.State)
	}
	if q.State.Closed() && q.Tx != nil {
		t.Fatalf("%s with the transaction %+v", q.State, q.Tx)
	}
	if p.State.Closed() && (len(actions) > 0 || !cmp.Equal(p, q)) {
		t.Fatalf("a closed plan moved")
	}
	if p.Tx != nil && (o.Tx == nil || o.Tx.Stage == Pending || o.Tx.Stage == Seen) && (q.Tx == nil || q.Tx.Intent != p.Tx.Intent || sent(actions) != "") {
		t.Fatalf("a transaction whose fate is not known was forgotten: %+v", q.Tx)
	}
	if q.State == Succeeded && !p.State.Closed() {
		out := o.Tx
		own := out != nil && out.Stage == Included && out.Error == "" && out.Inner == "" && out.After != nil && SameSet(out.After.Targets, p.Targets)
		stranger := q.Announcement != nil && !slices.Contains(o.Heights, q.Announcement.Height) && SameSet(o.Targets, p.Targets) && o.SubmittedIn >= p.Era
		if !own && !stranger || q.Effect == nil {
			t.Fatalf("success without an effect: %+v", o)
		}
	}
}

func checkSend(t *rapid.T, p, q Plan, o Observation, kind Kind) {
	fate := p.Tx == nil || (o.Tx != nil && (o.Tx.Stage == Lost || o.Tx.Stage == Included))
	if !fate {
		t.Fatalf("%s is sent while the fate of %+v is unknown", kind, p.Tx)
	}
	ordered := kind == KindRemove && p.Order != nil && o.MayRemove.OK
	if !o.May.OK && !ordered {
		t.Fatalf("%s is sent although nothing may be signed", kind)
	}
	switch kind {
	case KindNominate, KindProxy, KindAnnounce:
		if o.Head.Era != p.Era || p.Order != nil || o.Blacklisted {
			t.Fatalf("%s is sent in era %d for a plan of %d", kind, o.Head.Era, p.Era)
		}
	case KindExecute:
		now, ok := o.Head.Now(q.Announcement.Clock)
		if !ok || uint64(now) < uint64(q.Announcement.Height)+uint64(o.Relation.Delay)+Margin || uint64(now) > OldestUseful(q.Announcement.Height, o.Relation.Delay) {
			t.Fatalf("executed at %d (%v), announced at %d with a delay of %d", now, ok, q.Announcement.Height, o.Relation.Delay)
		}
		if o.Review == nil || len(o.Review.Breaches)+len(o.Review.Unknown) > 0 || o.CallHash != p.CallHash || o.Blacklisted || p.Order != nil || !slices.Contains(o.Heights, q.Announcement.Height) {
			t.Fatalf("executed although something speaks against it: %+v", o)
		}
	case KindRemove:
		if len(o.Heights) == 0 {
			t.Fatalf("there is nothing to remove")
		}
	}
}

// checkRest: without a new observation nothing more happens.
func checkRest(t *rapid.T, q Plan, o Observation) {
	if q.Tx == nil {
		o.Tx = nil // its outcome was used
	}
	r, actions := Step(q, o)
	for _, a := range actions {
		if a.Kind == Moved || a.Kind == Send {
			t.Fatalf("a second step with the same observation does %+v", a)
		}
	}
	if !cmp.Equal(q, r) {
		t.Fatalf("a second step changed the plan:\n%s", cmp.Diff(q, r))
	}
}
