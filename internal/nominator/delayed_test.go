package nominator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/extrinsic"
)

func (r *rig) announcements() []fakechain.Announcement {
	state, _ := r.chain.State()
	return state.Announcements[r.delegate.AccountID()]
}

// The height counts from the block that includes the announcement, and the delay is the one on chain, by its clock.
func TestExecutedWhenTheChainAllowsIt(t *testing.T) {
	for name, cfg := range map[string]fakechain.Config{"own clock": {}, "relay clock": {Parachain: true, RelayClock: true}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, cfg)
			s := r.service(nil)
			p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
			r.look(s)
			for range 5 { // it waits in the pool
				if err := r.chain.Block(func(fakechain.Submission) bool { return false }); err != nil {
					t.Fatal(err)
				}
				r.look(s)
			}
			r.until(s, p.Key, plan.Announced)
			height := r.announcements()[0].Height
			if got := r.plan(s, p.Key); got.Announcement.Height != height {
				t.Fatalf("the plan says %d, the chain %d", got.Announcement.Height, height)
			}
			r.edit(func(s *fakechain.State) { s.Proxies[r.delayed.AccountID()][0].Delay = 30 })
			r.until(s, p.Key, plan.Executing)
			state, number := r.chain.State()
			now := number
			if cfg.RelayClock {
				now = state.Relay
			}
			if ready := height + 30 + 2; now < ready || now > ready+1 {
				t.Errorf("executed at %d, it can be from %d on", now, ready)
			}
			if got := r.until(s, p.Key, closed...); got.State != plan.Succeeded {
				t.Errorf("%s, %s", got.State, got.Reason)
			}
		})
	}
}

// The relation may have any type that may nominate.
func TestProxyTypeIsFoundByName(t *testing.T) {
	for _, kind := range []string{"Staking", "NonTransfer", "Any"} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			r.edit(func(s *fakechain.State) {
				s.Proxies[r.delayed.AccountID()] = []fakechain.Proxy{{Delegate: r.delegate.AccountID(), Type: "CancelProxy"}, {Delegate: r.delegate.AccountID(), Type: kind, Delay: 3}}
			})
			s := r.service(nil)
			p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
			if got := r.until(s, p.Key, closed...); got.State != plan.Succeeded || got.ProxyType != kind {
				t.Errorf("%s, %s, type %s", got.State, got.Reason, got.ProxyType)
			}
		})
	}
}

// An announcement that failed leaves nothing behind: no execution is sent, and the nominator is free.
func TestFailedAnnouncementDoesNotBlockTheNominator(t *testing.T) {
	r := newRig(t, fakechain.Config{NoDryRun: true})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.look(s)
	relation := fakechain.Proxy{Delegate: r.delegate.AccountID(), Type: "Staking", Delay: 3}
	r.edit(func(s *fakechain.State) { delete(s.Proxies, r.delayed.AccountID()) })
	if got := r.until(s, p.Key, closed...); got.State != plan.Failed || !strings.Contains(got.Reason, "NotProxy") {
		t.Fatalf("%s, %s", got.State, got.Reason)
	}
	r.edit(func(s *fakechain.State) { s.Proxies[r.delayed.AccountID()] = []fakechain.Proxy{relation} })
	again := r.propose(s, r.record(r.validators[1:], nil, r.delayed), r.delayed)
	if got := r.until(s, again.Key, closed...); got.State != plan.Succeeded {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
}

// Every rule for targets is applied again; a breach takes the announcement off the chain and frees the nominator.
func TestEveryRuleIsCheckedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		breach func(r *rig, target fakechain.ID)
		says   string
	}{
		{"commission", func(r *rig, id fakechain.ID) { r.validator(id, fakechain.Validator{Commission: 200_000_000}) }, "raised its commission to 20 %, 10 % is allowed"},
		{"blocked", func(r *rig, id fakechain.ID) { r.validator(id, fakechain.Validator{Blocked: true}) }, "blocks nominations"},
		{"chilled", func(r *rig, id fakechain.ID) { r.edit(func(s *fakechain.State) { delete(s.Validators, id) }) }, "no intention to validate"},
		{"unlisted", func(r *rig, _ fakechain.ID) { clear(r.list.standing) }, "no longer listed"},
		{"suspended", func(r *rig, _ fakechain.ID) {
			for k := range r.list.standing {
				r.list.standing[k] = nominator.Standing{Suspended: "it cheated"}
			}
		}, "is suspended: it cheated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			s := r.service(nil)
			p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
			r.until(s, p.Key, plan.Announced)
			call, err := extrinsic.ParseCall(r.chain.Runtime().Metadata, p.Call)
			if err != nil {
				t.Fatal(err)
			}
			c.breach(r, targetOf(t, r, call))
			got := r.until(s, p.Key, closed...)
			if got.State != plan.Cancelled || !strings.Contains(got.Reason, c.says) || !got.Replan {
				t.Errorf("%s, %s", got.State, got.Reason)
			}
			if len(r.announcements()) != 0 || len(r.chain.Effects()) != 0 {
				t.Error("the announcement is still there, or was executed")
			}
			if a := r.alerts(s); !slices.Equal(a, []string{plan.AlertBreach}) {
				t.Errorf("alerts %v", a)
			}
			if c.name != "commission" {
				return
			}
			// A fresh selection in the same era is possible at once.
			again := r.propose(s, r.record(r.without(p.Targets[0]), nil, r.delayed), r.delayed)
			if got := r.until(s, again.Key, closed...); got.State != plan.Succeeded {
				t.Errorf("the new plan: %s, %s", got.State, got.Reason)
			}
		})
	}
}

// What could not be read is neither fine nor a breach.
func TestMissingFactsHoldTheExecution(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.until(s, p.Key, plan.Announced)
	r.list.err = errors.New("the server is away")
	got := r.until(s, p.Key, plan.Executable)
	if !strings.Contains(got.Note, "the server is away") {
		t.Errorf("it waits for %q", got.Note)
	}
	r.list.err = nil
	if got := r.until(s, p.Key, closed...); got.State != plan.Succeeded {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
}

// An announcement that could not be executed in its time is removed, and the nominator is free.
func TestOldAnnouncementIsRemoved(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.until(s, p.Key, plan.Announced)
	r.blocks(40)
	if got := r.until(s, p.Key, closed...); got.State != plan.Cancelled || !strings.Contains(got.Reason, "too old") {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
	if len(r.announcements()) != 0 {
		t.Error("the announcement is still there")
	}
	r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
}

func TestBlacklistedAnnouncementsAreRemoved(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.until(s, p.Key, plan.Announced)
	s.Close()
	// The operator blacklists the plan's own call, and one that nobody knows.
	black := [32]byte{0xba, 0xd}
	r.edit(func(s *fakechain.State) {
		id := r.delegate.AccountID()
		s.Announcements[id] = append(s.Announcements[id], fakechain.Announcement{Real: r.delayed.AccountID(), Hash: black, Height: 3})
	})
	s = r.service(func(s *nominator.Settings) { s.Blacklist = []string{p.CallHash, hexText(black)} })
	if got := r.until(s, p.Key, closed...); got.State != plan.Cancelled || !strings.Contains(got.Reason, "blacklisted") {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
	for range 10 {
		r.look(s)
		r.blocks(1)
	}
	if a := r.announcements(); len(a) != 0 {
		t.Errorf("announcements %v", a)
	}
}

// Announcements for others are none of our business, even with our key; unknown ones for our nominator are reported.
func TestForeignAndUnknownAnnouncements(t *testing.T) {
	for _, c := range []struct {
		name          string
		cancelUnknown bool
		left          int
	}{{"left alone", false, 2}, {"unknown ones cancelled", true, 1}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			r.edit(func(s *fakechain.State) {
				s.Announcements[r.delegate.AccountID()] = []fakechain.Announcement{
					{Real: r.stranger.AccountID(), Hash: [32]byte{1}, Height: 1}, {Real: r.delayed.AccountID(), Hash: [32]byte{2}, Height: 1},
				}
				s.Proxies[r.delayed.AccountID()] = append(s.Proxies[r.delayed.AccountID()], fakechain.Proxy{Delegate: r.stranger.AccountID(), Type: "Any", Delay: 9})
				s.Announcements[r.stranger.AccountID()] = []fakechain.Announcement{{Real: r.delayed.AccountID(), Hash: [32]byte{3}, Height: 1}}
			})
			s := r.service(func(s *nominator.Settings) { s.CancelUnknown = c.cancelUnknown })
			for range 10 {
				r.look(s)
				r.blocks(1)
			}
			if a := r.announcements(); len(a) != c.left || a[0].Real != r.stranger.AccountID() {
				t.Errorf("announcements %v", a)
			}
			if a := r.alerts(s); !slices.Equal(a, []string{plan.AlertOtherProxy, plan.AlertForeign, plan.AlertUnknown}) {
				t.Errorf("alerts %v", a)
			}
			if n := len(r.chain.Submitted()); n != 2-c.left {
				t.Errorf("%d transactions for %d removals", n, 2-c.left)
			}
		})
	}
}

// A process that starts finds what happened while there was none.
func TestStartFindsWhatHappened(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(r *rig, p plan.Plan)
		want   plan.State
		alert  string
	}{
		{"executed by a stranger", func(r *rig, p plan.Plan) {
			r.blocks(25)
			md := r.chain.Runtime().Metadata
			inner, err := extrinsic.ParseCall(md, p.Call)
			if err != nil {
				r.t.Fatal(err)
			}
			call, err := extrinsic.Call(md, "Proxy", "proxy_announced", r.delegate.AccountID(), r.delayed.AccountID(), "Staking", inner)
			if err != nil {
				r.t.Fatal(err)
			}
			if err := r.chain.Send(r.stranger, call, 0); err != nil {
				r.t.Fatal(err)
			}
			r.blocks(1)
		}, plan.Succeeded, plan.AlertStranger},
		{"rejected by the nominator", func(r *rig, _ plan.Plan) {
			r.edit(func(s *fakechain.State) { delete(s.Announcements, r.delegate.AccountID()) })
		}, plan.Cancelled, plan.AlertVanished},
		{"the relation is gone", func(r *rig, _ plan.Plan) {
			r.edit(func(s *fakechain.State) { delete(s.Proxies, r.delayed.AccountID()) })
		}, plan.Cancelled, plan.AlertFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			s := r.service(nil)
			p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
			r.until(s, p.Key, plan.Announced)
			s.Close()
			c.happen(r, p)
			s = r.service(nil)
			r.look(s)
			if got := r.plan(s, p.Key); c.alert != plan.AlertFailed && got.State != c.want {
				t.Errorf("%s, %s after the first look", got.State, got.Reason)
			}
			if got := r.until(s, p.Key, closed...); got.State != c.want {
				t.Errorf("%s, %s", got.State, got.Reason)
			}
			if a := r.alerts(s); !slices.Contains(a, c.alert) {
				t.Errorf("alerts %v", a)
			}
		})
	}
}

// Without its database, a process takes up an announcement that the round would make anyway, instead of a second one.
func TestTheSameCallIsNotAnnouncedTwice(t *testing.T) {
	for name, cfg := range map[string]fakechain.Config{"own clock": {}, "relay clock": {Parachain: true, RelayClock: true}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, cfg)
			s := r.service(nil)
			record := r.record(r.validators, nil, r.delayed)
			p := r.propose(s, record, r.delayed)
			r.until(s, p.Key, plan.Announced)
			s.Close()
			r.db += ".new"
			s = r.service(nil)
			p = r.propose(s, record, r.delayed)
			got := r.until(s, p.Key, closed...)
			if got.State != plan.Succeeded || len(r.announcements()) != 0 {
				t.Errorf("%s, %s", got.State, got.Reason)
			}
			announced := slices.DeleteFunc(r.chain.Submitted(), func(x fakechain.Submission) bool { return x.Call != "Proxy.announce" })
			if len(announced) != 1 {
				t.Errorf("announced %d times", len(announced))
			}
		})
	}
}

func (r *rig) validator(id fakechain.ID, v fakechain.Validator) {
	r.edit(func(s *fakechain.State) { s.Validators[id] = v })
}

// targetOf is the first target of an encoded nomination.
func targetOf(t *testing.T, r *rig, call extrinsic.RuntimeCall) fakechain.ID {
	t.Helper()
	b := call.Bytes() // pallet, call, number, and for each target a kind and an account
	if len(b) < 36 {
		t.Fatalf("the call %x names nobody", b)
	}
	return fakechain.ID(b[4:36])
}
