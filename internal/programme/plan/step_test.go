package plan

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// start is a plan in a state, and an observation in which nothing stands in its way.
func start(mode Mode, state State) (Plan, Observation) {
	p := Plan{
		Key: Key{Round: "sha256:1", Nominator: "n"}, Mode: mode, State: state, Era: 7, Signer: "s", Stash: "n",
		Targets: []programme.Address{"b", "a"}, ProxyType: "Staking", Delay: 100, CallHash: "0xca11",
	}
	if mode == Direct || mode == Proxy {
		p.Delay = 0
	}
	o := Observation{
		Head: Head{Number: 1000, Hash: "0x1000", Era: 7, Planned: 7},
		May:  Permission{OK: true}, MayRemove: Permission{OK: true},
		Relation: &Relation{Delegate: "s", Type: "Staking", Delay: 100}, CallHash: "0xca11",
		Targets: []programme.Address{"old"}, SubmittedIn: 3, Clock: ClockOwn,
	}
	switch state {
	case Announced, Executable, Executing, Executed, Cancelling:
		p.Announcement = &Announcement{Height: 890, Clock: ClockOwn, Number: 890, Hash: "0x890"}
		o.Heights = []uint32{890}
		o.Review = &Review{}
	}
	kind := map[State]Kind{Submitted: KindNominate, InBlock: KindNominate, Finalised: KindNominate, Announcing: KindAnnounce, Executing: KindExecute, Executed: KindExecute}[state]
	if kind != "" {
		p.Tx = &Tx{Kind: kind, Intent: "i"}
		o.Tx = &Outcome{Stage: Pending}
	}
	return p, o
}

func included(o *Observation) *Outcome {
	o.Tx = &Outcome{Stage: Included, Block: Head{Number: 999, Hash: "0x999"}, Extrinsic: "0xe", After: &After{Targets: []programme.Address{"a", "b"}}}
	return o.Tx
}

func TestStep(t *testing.T) {
	for _, c := range []struct {
		name  string
		mode  Mode
		from  State
		set   func(p *Plan, o *Observation)
		to    State
		sends Kind
		alert string
		says  string
	}{
		{name: "a direct plan is sent", mode: Direct, from: Planned, to: Submitted, sends: KindNominate},
		{name: "a proxy plan is sent", mode: Proxy, from: Planned, to: Submitted, sends: KindProxy},
		{name: "a delayed plan is announced", mode: Delayed, from: Planned, to: Announcing, sends: KindAnnounce},
		{
			name: "nothing is signed when it is forbidden", mode: Direct, from: Planned, to: Planned, says: "paused",
			set: func(_ *Plan, o *Observation) { o.May = Permission{Why: "paused"} },
		},
		{
			name: "a plan of another era lapses", mode: Direct, from: Planned, to: Cancelled, says: "lapsed",
			set: func(_ *Plan, o *Observation) { o.Head.Era = 8 },
		},
		{
			name: "a plan that tried and ran out of its era fails", mode: Direct, from: Planned, to: Failed, alert: AlertFailed,
			set: func(p *Plan, o *Observation) { o.Head.Era, p.Attempts = 8, 1 },
		},
		{
			name: "an order cancels before anything is sent", mode: Direct, from: Planned, to: Cancelled, says: "me",
			set: func(p *Plan, _ *Observation) { p.Order = &Order{Author: "me", Reason: "no"} },
		},
		{
			name: "a blacklisted call is not announced", mode: Delayed, from: Planned, to: Cancelled, says: "blacklisted",
			set: func(_ *Plan, o *Observation) { o.Blacklisted = true },
		},
		{
			name: "what is announced already is not announced again", mode: Delayed, from: Planned, to: Announced,
			set: func(_ *Plan, o *Observation) { o.Heights = []uint32{950, 960} },
		},
		{name: "a pending transaction is waited for", mode: Direct, from: Submitted, to: Submitted},
		{
			name: "a block that is not final is noted", mode: Direct, from: Submitted, to: InBlock,
			set: func(_ *Plan, o *Observation) { o.Tx.Stage = Seen },
		},
		{name: "a retracted block is noted", mode: Direct, from: InBlock, to: Submitted},
		{
			name: "success", mode: Direct, from: Submitted, to: Succeeded,
			set: func(_ *Plan, o *Observation) { included(o) },
		},
		{
			name: "a failed extrinsic is a failure although the targets are right", mode: Direct, from: InBlock, to: Failed, alert: AlertFailed, says: "BadTarget",
			set: func(_ *Plan, o *Observation) { included(o).Error = "Staking.BadTarget" },
		},
		{
			name: "a failed inner call is a failure although the targets are right", mode: Proxy, from: Submitted, to: Failed, alert: AlertFailed, says: "CallFiltered",
			set: func(_ *Plan, o *Observation) { included(o).Inner = "System.CallFiltered" },
		},
		{
			name: "other targets are a failure", mode: Direct, from: Submitted, to: Failed, alert: AlertFailed, says: "not the planned set",
			set: func(_ *Plan, o *Observation) { included(o).After.Targets = []programme.Address{"a"} },
		},
		{
			name: "targets that could not be read are waited for", mode: Direct, from: Submitted, to: Finalised,
			set: func(_ *Plan, o *Observation) { included(o).After = nil },
		},
		{
			name: "an expired transaction is sent again", mode: Direct, from: Submitted, to: Submitted, sends: KindNominate,
			set: func(_ *Plan, o *Observation) { o.Tx.Stage = Lost },
		},
		{
			name: "but not for ever", mode: Direct, from: InBlock, to: Failed, alert: AlertFailed, says: "expired",
			set: func(p *Plan, o *Observation) { o.Tx.Stage, p.Attempts = Lost, MaxAttempts-1 },
		},
		{
			name: "what was never signed does not count as an attempt", mode: Direct, from: Submitted, to: Submitted, sends: KindNominate,
			set: func(p *Plan, o *Observation) {
				o.Tx.Stage, o.Tx.Never, p.Attempts = Lost, "the process ended", MaxAttempts-1
			},
		},
		{
			name: "announced by the own clock", mode: Delayed, from: Announcing, to: Announced,
			set: func(_ *Plan, o *Observation) { included(o).After.Heights, o.Heights = []uint32{999}, []uint32{999} },
		},
		{
			name: "announced by the relay clock", mode: Delayed, from: Announcing, to: Announced, says: "relay",
			set: func(_ *Plan, o *Observation) {
				included(o).After.Heights = []uint32{77_000}
				o.Tx.Block.Relay, o.Head.Relay, o.Heights = 77_000, 77_010, []uint32{77_000}
			},
		},
		{
			name: "a height of no clock is not executed", mode: Delayed, from: Announcing, to: Announced, alert: AlertClock, says: "clock",
			set: func(_ *Plan, o *Observation) {
				included(o).After.Heights, o.Heights, o.Clock = []uint32{5}, []uint32{5}, ClockUnknown
				o.Tx.Block.Relay, o.Head.Relay = 77_000, 77_010
			},
		},
		{
			name: "a failed announcement", mode: Delayed, from: Announcing, to: Failed, alert: AlertFailed, says: "NotProxy",
			set: func(_ *Plan, o *Observation) { included(o).Error = "Proxy.NotProxy" },
		},
		{
			name: "an announcement the chain does not list", mode: Delayed, from: Announcing, to: Failed, alert: AlertFailed, says: "does not list",
			set: func(_ *Plan, o *Observation) { included(o) },
		},
		{
			name: "an expired announcement is made again", mode: Delayed, from: Announcing, to: Announcing, sends: KindAnnounce,
			set: func(_ *Plan, o *Observation) { o.Tx.Stage = Lost },
		},
		{
			name: "waiting for the delay and the margin", mode: Delayed, from: Announced, to: Announced, says: "from block 992",
			set: func(_ *Plan, o *Observation) { o.Head.Number = 991 },
		},
		{
			name: "executed at height + delay + 2", mode: Delayed, from: Announced, to: Executing, sends: KindExecute,
			set: func(_ *Plan, o *Observation) { o.Head.Number = 992 },
		},
		{
			name: "the relay clock counts, not the own one", mode: Delayed, from: Announced, to: Announced, says: "relay chain",
			set: func(p *Plan, o *Observation) {
				p.Announcement.Clock, o.Head.Relay = ClockRelay, 991
			},
		},
		{
			name: "the delay on chain counts, not the stored one", mode: Delayed, from: Announced, to: Announced, says: "from block 1092",
			set: func(_ *Plan, o *Observation) { o.Relation.Delay = 200 },
		},
		{
			name: "a breach removes the announcement", mode: Delayed, from: Executable, to: Cancelling, sends: KindRemove, alert: AlertBreach, says: "raised",
			set: func(_ *Plan, o *Observation) { o.Review.Breaches = []string{"a raised its commission"} },
		},
		{
			name: "what could not be read is no breach", mode: Delayed, from: Executable, to: Executable, says: "candidate list",
			set: func(_ *Plan, o *Observation) { o.Review.Unknown = []string{"the candidate list could not be read"} },
		},
		{
			name: "no execution without a review", mode: Delayed, from: Executable, to: Executable, says: "judged",
			set: func(_ *Plan, o *Observation) { o.Review = nil },
		},
		{
			name: "too old", mode: Delayed, from: Announced, to: Cancelling, sends: KindRemove, alert: AlertOld,
			set: func(_ *Plan, o *Observation) { o.Head.Number = 890 + 121 },
		},
		{
			name: "not yet too old", mode: Delayed, from: Executable, to: Executing, sends: KindExecute,
			set: func(_ *Plan, o *Observation) { o.Head.Number = 890 + 120 },
		},
		{
			name: "an execution under way is not cancelled for its age", mode: Delayed, from: Executing, to: Executing,
			set: func(_ *Plan, o *Observation) { o.Head.Number = 5000 },
		},
		{
			name: "blacklisted", mode: Delayed, from: Announced, to: Cancelling, sends: KindRemove, alert: AlertBlacklisted,
			set: func(_ *Plan, o *Observation) { o.Blacklisted = true },
		},
		{
			name: "ordered, although signing is paused", mode: Delayed, from: Announced, to: Cancelling, sends: KindRemove,
			set: func(p *Plan, o *Observation) {
				p.Order, o.May = &Order{Author: "me", Reason: "no"}, Permission{Why: "paused"}
			},
		},
		{
			name: "the relation is gone", mode: Delayed, from: Announced, to: Cancelling, sends: KindRemove, alert: AlertFailed,
			set: func(_ *Plan, o *Observation) { o.Relation = nil },
		},
		{
			name: "an upgrade moved the call", mode: Delayed, from: Executable, to: Cancelling, sends: KindRemove, alert: AlertFailed, says: "encodes",
			set: func(_ *Plan, o *Observation) { o.CallHash = "0xother" },
		},
		{
			name: "rejected by the nominator", mode: Delayed, from: Announced, to: Cancelled, alert: AlertVanished,
			set: func(_ *Plan, o *Observation) { o.Heights = nil },
		},
		{
			name: "executed by a stranger", mode: Delayed, from: Executable, to: Succeeded, alert: AlertStranger,
			set: func(_ *Plan, o *Observation) {
				o.Heights, o.Targets, o.SubmittedIn = nil, []programme.Address{"a", "b"}, 8
			},
		},
		{
			name: "the same targets of an earlier era prove nothing", mode: Delayed, from: Executable, to: Cancelled, alert: AlertVanished,
			set: func(_ *Plan, o *Observation) { o.Heights, o.Targets = nil, []programme.Address{"a", "b"} },
		},
		{
			name: "executed", mode: Delayed, from: Executing, to: Succeeded,
			set: func(_ *Plan, o *Observation) { included(o) },
		},
		{
			name: "executed, but the nomination failed", mode: Delayed, from: Executing, to: Failed, alert: AlertFailed,
			set: func(_ *Plan, o *Observation) { included(o).Inner = "Staking.BadTarget" },
		},
		{
			name: "executed too early is tried again", mode: Delayed, from: Executing, to: Executing, sends: KindExecute,
			set: func(_ *Plan, o *Observation) { included(o).Error = "Proxy.Unannounced" },
		},
		{
			name: "and given up at last", mode: Delayed, from: Executing, to: Cancelling, sends: KindRemove, alert: AlertFailed,
			set: func(p *Plan, o *Observation) { included(o).Error, p.Attempts = "Proxy.Unannounced", MaxAttempts-1 },
		},
		{
			name: "removed", mode: Delayed, from: Cancelling, to: Cancelled,
			set: func(p *Plan, o *Observation) {
				p.Tx, o.Heights = &Tx{Kind: KindRemove}, nil
				included(o)
			},
		},
		{
			name: "a removal that failed is repeated", mode: Delayed, from: Cancelling, to: Cancelling, sends: KindRemove,
			set: func(p *Plan, o *Observation) {
				p.Tx = &Tx{Kind: KindRemove}
				included(o).Error = "System.Whatever"
			},
		},
		{
			name: "a removal found nothing", mode: Delayed, from: Cancelling, to: Cancelled, alert: AlertVanished,
			set: func(p *Plan, o *Observation) {
				p.Tx, o.Heights = &Tx{Kind: KindRemove}, nil
				included(o).Error = "Proxy.NotFound"
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, o := start(c.mode, c.from)
			if c.set != nil {
				c.set(&p, &o)
			}
			q, actions := Step(p, o)
			if q.State != c.to {
				t.Errorf("the plan is %s (%s %s), want %s", q.State, q.Reason, q.Note, c.to)
			}
			if got := sent(actions); got != c.sends {
				t.Errorf("sends %q, want %q", got, c.sends)
			}
			var alert string
			for _, a := range actions {
				if a.Kind == Alert {
					alert = a.Code
				}
			}
			if alert != c.alert {
				t.Errorf("alert %q, want %q", alert, c.alert)
			}
			if c.says != "" && !strings.Contains(q.Reason+q.Note, c.says) && !strings.Contains(q.Reason+string(clock(q)), c.says) {
				t.Errorf("it says %q and %q, want %q", q.Reason, q.Note, c.says)
			}
		})
	}
}

func clock(p Plan) Clock {
	if p.Announcement == nil {
		return ""
	}
	return p.Announcement.Clock
}

func sent(actions []Action) Kind {
	for _, a := range actions {
		if a.Kind == Send {
			return a.Tx
		}
	}
	return ""
}

func TestRemovalPlans(t *testing.T) {
	p := Plan{Mode: Removal, State: Planned, CallHash: "0xca11", Reason: "blacklisted", Era: 3}
	o := Observation{Head: Head{Number: 9, Era: 7}, May: Permission{OK: true}, Heights: []uint32{5}}
	q, actions := Step(p, o)
	if q.State != Cancelling || sent(actions) != KindRemove || q.Reason != "blacklisted" {
		t.Fatalf("%s, sends %q, %q", q.State, sent(actions), q.Reason)
	}
	o.Tx, o.Heights = &Outcome{Stage: Included}, nil
	if q, _ = Step(q, o); q.State != Cancelled {
		t.Errorf("%s", q.State)
	}
	// Nothing is left to remove.
	o.Tx = nil
	if q, actions = Step(p, o); q.State != Cancelled || sent(actions) != "" {
		t.Errorf("%s, sends %q", q.State, sent(actions))
	}
	// A pause holds up what was not ordered.
	o.Heights, o.May, o.MayRemove = []uint32{5}, Permission{Why: "paused"}, Permission{OK: true}
	if q, actions = Step(p, o); q.State != Planned || sent(actions) != "" || q.Note != "paused" {
		t.Errorf("%s, sends %q, %q", q.State, sent(actions), q.Note)
	}
	p.Order = &Order{Author: "me", Reason: "off with it"}
	if q, actions = Step(p, o); q.State != Cancelling || sent(actions) != KindRemove {
		t.Errorf("%s, sends %q", q.State, sent(actions))
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		height, delay uint32
		from, until   uint64
	}{
		{1000, 10_850, 11_852, 14_020}, // the window of the old backend: 13,020 blocks after the announcement
		{1000, 0, 1002, 1012},
		{1000, 3, 1005, 1015},
		{1000, 51, 1053, 1063}, // 1.2 times 51, rounded up, is 62
		{1000, 60, 1062, 1072},
		{1000, 61, 1063, 1074},
		{1<<32 - 1, 1<<32 - 1, 1<<33 - 2 + 2, 1<<32 - 1 + 5_153_960_754},
	} {
		if from, until := ExecutableAt(c.height, c.delay), OldestUseful(c.height, c.delay); from != c.from || until != c.until {
			t.Errorf("height %d, delay %d: from %d until %d, want %d and %d", c.height, c.delay, from, until, c.from, c.until)
		}
	}
}

func TestTargetsDigestIsOfTheSet(t *testing.T) {
	a := TargetsDigest([]programme.Address{"x", "y"})
	if TargetsDigest([]programme.Address{"y", "x", "y"}) != a {
		t.Error("order or repetition matters")
	}
	for _, other := range [][]programme.Address{nil, {"x"}, {"xy"}, {"x", "z"}} {
		if TargetsDigest(other) == a {
			t.Errorf("%v has the same digest", other)
		}
	}
}
