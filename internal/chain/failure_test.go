package chain

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// quickly makes clients give up without waiting between attempts.
func quickly() substrate.Config {
	return substrate.Config{
		Attempts: 2, PingInterval: -1,
		Backoff:     rpc.Backoff{Base: time.Nanosecond, Max: time.Nanosecond},
		RateBackoff: rpc.Backoff{Base: time.Nanosecond, Max: time.Nanosecond},
	}
}

// village is a small population with something of everything.
func village(gen string) *world {
	w := newWorld(gen)
	a, b := someone("candidate a"), someone("candidate b")
	w.candidates = []account{a, b}
	w.nominators = []account{someone("ours")}
	w.validators = []account{a}
	for i, id := range []account{a, b, someone("ours"), someone("nominator")} {
		w.controller[id], w.ledgers[id] = id, ledgerOf{stash: id, total: 1000, active: uint64(900 + i)}
		w.payees[id] = payee{kind: "Staked"}
	}
	w.intentions[a], w.intentions[b] = prefs{commission: 10}, prefs{commission: 20, blocked: true}
	w.keys[a] = 1
	w.identities[a] = registered{display: []byte("A"), judgements: []string{"Reasonable"}}
	w.supers[b] = super{a, []byte("two")}
	w.votes[someone("nominator")] = vote{targets: []account{a, b}, submitted: 990}
	w.exposures[eraStash{w.active, a}] = exposure{own: 5, pages: [][]backing{{{someone("nominator"), 7}}}}
	w.points[w.active-1], w.rewards[w.active-1] = map[account]uint32{a: 20}, true
	if gen != "A" {
		w.exposures[eraStash{w.active - 1, a}] = exposure{own: 5, pages: [][]backing{{{someone("nominator"), 7}}}}
	}
	w.reported[eraStash{w.active - 3, b}] = slash{10_000_000, 100}
	return w
}

// TestFailingStakingChain fails the whole snapshot, in one sentence that says which chain and why.
func TestFailingStakingChain(t *testing.T) {
	tests := []struct {
		name  string
		harm  func(*node)
		texts []string
	}{
		{"dead", func(n *node) { n.Down() }, []string{"Hub"}},
		{"garbage", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Reply("soup")})
		}, []string{"Hub block 1", "the node sent"}},
		{"truncated", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_getKeysPaged", Do: substratetest.TruncatedHex()})
		}, []string{"Hub block 1"}},
		{"cut in the middle of a page", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_getKeysPaged", Skip: 2, Do: substratetest.Cut()})
		}, []string{"Hub block 1", "connection"}},
		{"pruned", func(n *node) { n.PruneBefore(100) }, []string{"Hub block 1", "State already discarded"}},
		{"rate limit", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.RateLimit()})
		}, []string{"Hub block 1", "rate limit"}},
		{"internal error", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Fail(-32603, "Internal error")})
		}, []string{"Hub block 1", "Internal error"}},
		{"failing runtime call", func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_call", Do: substratetest.Fail(4003, "Client error: Execution failed")})
		}, []string{"Hub block 1", "StakingApi_nominations_quota", "Execution failed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := village("C")
			r := newRig(t, "C", nil)
			r.next(w)
			r.cfg.Client = quickly()
			chains := r.open(t.Context(), t)
			tt.harm(r.hub)
			_, err := chains.Snapshot(t.Context(), request(w))
			wantError(t, err, ErrUnavailable, tt.texts...)
		})
	}
}

// TestFailingRelayChain fails the snapshot too: without it neither sessions nor the right blocks are known.
func TestFailingRelayChain(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	r.cfg.Client = quickly()
	chains := r.open(t.Context(), t)
	r.relay.Inject(substratetest.Rule{Method: "state_getStorage", Skip: 2, Do: substratetest.Fail(4003, "Client error: UnknownBlock: State already discarded for 0x00")})
	_, err := chains.Snapshot(t.Context(), request(w))
	wantError(t, err, ErrUnavailable, "Relay block 0", "State already discarded")
}

// TestDeadChains cannot even be opened.
func TestDeadChains(t *testing.T) {
	r := newRig(t, "C", village("C"))
	r.cfg.Client = quickly()
	r.hub.Down()
	_, err := Open(t.Context(), r.cfg)
	wantError(t, err, ErrUnavailable, "connect to the Asset Hub", r.hub.URL())
	r.relay.Down()
	_, err = Open(t.Context(), r.cfg)
	wantError(t, err, ErrUnavailable, "connect to the relay chain", r.relay.URL())
}

// TestOtherEndpoint goes on with the second endpoint when the first one fails in the middle.
func TestOtherEndpoint(t *testing.T) {
	w := village("A")
	r := newRig(t, "A", w)
	spare := newRig(t, "A", w)
	r.cfg.Relay = append(r.cfg.Relay, spare.relay.URL())
	chains := r.open(t.Context(), t)
	r.relay.Inject(substratetest.Rule{Method: "state_getKeysPaged", Skip: 2, Do: substratetest.Cut()})
	s, err := chains.Snapshot(t.Context(), request(w))
	if err != nil {
		t.Fatal(err)
	}
	if diff := r.diff(w, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStallingNode stops answering in the middle of a map. Time passes on the test's clock only.
func TestStallingNode(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	r.cfg.Client = quickly()
	clock := substratetest.NewClock(time.UnixMilli(int64(w.now)))
	r.cfg.Client.Clock = clock
	chains := r.open(t.Context(), t)
	stalled := r.hub.Inject(substratetest.Rule{Method: "state_getKeysPaged", Skip: 2, Do: substratetest.Stall()})
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_, err := chains.Snapshot(ctx, request(w))
		done <- err
	}()
	if err := stalled.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	go func() { // whatever is waited for from now on takes as long as it may; on a slow machine that can be the relay chain
		for clock.WaitAny(ctx, func(time.Duration) bool { return true }) == nil {
			clock.Advance(rpc.DefaultCallTimeout)
		}
	}()
	wantError(t, <-done, ErrUnavailable, " block 0", "no answer within")
}

// TestInterrupted ends with the caller's reason, which is no failure of a chain.
func TestInterrupted(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	chains := r.open(t.Context(), t)
	stalled := r.people.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Stall()})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user has left")
	done := make(chan error, 1)
	go func() {
		_, err := chains.Snapshot(ctx, request(w))
		done <- err
	}()
	if err := stalled.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	if err := <-done; !errors.Is(err, why) || errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v, want that the user has left", err)
	}
}

// TestFailingIdentityChain leaves a gap, whatever it does.
func TestFailingIdentityChain(t *testing.T) {
	harms := map[string]func(*node){
		"dead":        func(n *node) { n.Down() },
		"never there": func(n *node) { n.Down() },
		"garbage": func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Reply(map[string]int{"soup": 1})})
		},
		"no time": func(n *node) {
			n.Inject(substratetest.Rule{Method: "state_getStorage", Do: substratetest.Fail(-32603, "Internal error")})
		},
		"undecodable": func(n *node) {
			key, _, err := n.Encode("Identity", "SuperOf", []any{someone("x"), data(nil, false)}, someone("candidate b"))
			if err != nil {
				t.Fatal(err)
			}
			n.SetRaw(key, []byte{1, 2, 3})
		},
	}
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			w := village("C")
			r := newRig(t, "C", w)
			r.cfg.Client = quickly()
			if name == "never there" {
				harm(r.people)
			}
			chains := r.open(t.Context(), t)
			if name != "never there" {
				if _, err := chains.Snapshot(t.Context(), request(w)); err != nil { // connects to it
					t.Fatal(err)
				}
				harm(r.people)
			}
			s, err := chains.Snapshot(t.Context(), request(w))
			if err != nil {
				t.Fatal(err)
			}
			reason := s.Gaps[programme.PartIdentity]
			if reason == "" || strings.Contains(reason, "\n") {
				t.Errorf("reason of the gap: %q", reason)
			}
			if len(s.Gaps) != 1 {
				t.Errorf("gaps: %v", s.Gaps)
			}
			w.identities, w.supers = nil, nil
			delete(s.Gaps, programme.PartIdentity)
			if diff := r.diff(w, s); diff != "" {
				t.Errorf("the rest (-want +got):\n%s", diff)
			}
		})
	}
}

// TestIdentityChainComesBack fills the gap by itself.
func TestIdentityChainComesBack(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	r.cfg.Client = quickly()
	r.people.Down()
	chains := r.open(t.Context(), t)
	if s, err := chains.Snapshot(t.Context(), request(w)); err != nil || s.Gaps[programme.PartIdentity] == "" {
		t.Fatalf("no gap, error %v", err)
	}
	r.people.Up()
	s, err := chains.Snapshot(t.Context(), request(w))
	if err != nil {
		t.Fatal(err)
	}
	if diff := r.diff(w, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMalformedAddresses(t *testing.T) {
	r := newRig(t, "A", nil)
	chains := r.open(t.Context(), t)
	_, err := chains.Snapshot(t.Context(), Request{Candidates: []programme.Address{"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX"}})
	wantError(t, err, ErrRequest, "candidate", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX")
	_, err = chains.Snapshot(t.Context(), Request{Nominators: []programme.Address{""}})
	wantError(t, err, ErrRequest, "nominator")
}
