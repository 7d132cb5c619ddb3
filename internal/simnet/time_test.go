package simnet_test

import (
	"context"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// TestSpeed: with a speed, blocks come by themselves as a clock goes on.
func TestSpeed(t *testing.T) {
	clock := substratetest.NewClock(time.Unix(0, 0))
	n := start(t, simnet.Options{Seed: 2, Topology: simnet.One, Candidates: 8, Speed: 4, Clock: clock})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	first, _ := n.Relay.Head()
	began := n.Now()
	every := 1500 * time.Millisecond // of 6 s on the chain
	for range 5 {
		if err := clock.WaitTimer(ctx, every); err != nil {
			t.Fatal(err)
		}
		clock.Advance(every)
	}
	if err := clock.WaitTimer(ctx, every); err != nil { // the fifth block is made
		t.Fatal(err)
	}
	if number, _ := n.Relay.Head(); number != first+5 {
		t.Errorf("%d blocks in five times the time of a block", number-first)
	}
	if passed := n.Now().Sub(began); passed != 30*time.Second {
		t.Errorf("%s have passed on the chain", passed)
	}
	// Between two blocks the clock flows, and stands still before the next one.
	for _, c := range []struct{ advance, flows time.Duration }{{0, 30 * time.Second}, {time.Second, 34 * time.Second}} {
		clock.Advance(c.advance)
		if passed := n.Flowing().Sub(began); passed != c.flows {
			t.Errorf("%s after the block the clock shows %s more", c.advance, passed)
		}
	}
	if err := n.Err(); err != nil {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]simnet.Options{
		"topology": {Topology: "two"}, "too few": {Candidates: 1}, "sessions too short": {SessionBlocks: 3}, "eras too short": {SessionsPerEra: 2},
		"backwards": {Speed: -1}, "fractions": {BlockTime: time.Microsecond}, "no past": {Eras: 1, SessionsPerEra: 4},
	} {
		if n, err := simnet.Start(t.Context(), o); err == nil {
			n.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestLongRun: eras pass on time, and old states are forgotten.
func TestLongRun(t *testing.T) {
	for _, topology := range topologies {
		n := start(t, simnet.Options{Seed: 12, Topology: topology, Candidates: 12, SessionBlocks: 8, SessionsPerEra: 4, KeepStates: 64})
		began, _ := n.Staking().Era()
		steps(t, n, 32*6)
		if now, planned := n.Staking().Era(); now != began+6 || planned < now {
			t.Errorf("%s: era %d after six eras from %d", topology, now, began)
		}
		audit(t, n)
		if s, err := open(t, n).Snapshot(t.Context(), request(n)); err != nil || len(s.Warnings)+len(s.Gaps) > 0 {
			t.Errorf("%s: %v", topology, err)
		}
	}
}

// audit fails the test when the state of a chain contradicts itself.
func audit(t testing.TB, n *simnet.Network) {
	t.Helper()
	for _, c := range n.Chains() {
		if err := c.Audit(); err != nil {
			t.Error(err)
		}
	}
}
