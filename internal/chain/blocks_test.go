package chain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func blockOf(s *programme.Snapshot, role string) programme.ChainBlock {
	for _, b := range s.Blocks {
		if b.Role == role {
			return b
		}
	}
	return programme.ChainBlock{}
}

// TestBlocksAreDescribed looks at the blocks of a network of three chains.
func TestBlocksAreDescribed(t *testing.T) {
	w := newWorld("C")
	r := newRig(t, "C", w)
	s := r.snapshot(t.Context(), t, request(w))
	info := func(n *node, role, chain, spec string, version uint32) programme.ChainBlock {
		genesis, _ := n.BlockAt(0)
		return programme.ChainBlock{
			Role: role, Chain: chain, Genesis: fmt.Sprintf("0x%x", genesis.Hash), SpecName: spec, SpecVersion: version,
			Number: n.Head().Number, Hash: fmt.Sprintf("0x%x", n.Head().Hash), Time: programme.Millis(w.now),
		}
	}
	want := []programme.ChainBlock{
		info(r.hub, programme.RoleStaking, "Hub", "statemint", 2000000),
		info(r.relay, programme.RoleSession, "Relay", "polkadot", 2000000),
		info(r.people, programme.RoleIdentity, "People", "people", 2000005),
	}
	if diff := cmp.Diff(want, s.Blocks); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := (programme.Topology{Kind: "multi", Generation: "C"}); s.Topology != want {
		t.Errorf("topology %+v, want %+v", s.Topology, want)
	}
	wantNetwork := programme.Network{
		Name: "polkadot", Chain: "Hub", Genesis: want[1].Genesis, SS58Prefix: 0, Decimals: 10, Symbol: "TST",
	}
	if s.Network != wantNetwork {
		t.Errorf("network %+v, want %+v", s.Network, wantNetwork)
	}
}

// grow builds blocks six seconds apart, each of which has its number as commission of a candidate.
func grow(r *rig, w *world, n *node, blocks int) {
	for range blocks {
		b := n.Mine(emptyBlock())
		put(n, "Timestamp", "Now", w.now+uint64(b.Number)*6000)
		if n == r.hub {
			put(n, "Staking", "Validators", fields{"commission": b.Number, "blocked": false}, w.candidates[0])
		}
	}
}

func TestBlockAskedFor(t *testing.T) {
	w := newWorld("A")
	w.candidates = []account{someone("candidate")}
	r := newRig(t, "A", w)
	grow(r, w, r.relay, 20)
	side := r.relay.Mine(substratetest.BlockOptions{Salt: "side branch", Unfinalised: true})
	r.relay.Mine(substratetest.BlockOptions{Unfinalised: true})
	chains := r.open(t.Context(), t)
	at := func(at string) (*programme.Snapshot, error) {
		req := request(w)
		req.At = at
		return chains.Snapshot(t.Context(), req)
	}
	seventh, _ := r.relay.BlockAt(7)
	for _, text := range []string{"7", fmt.Sprintf("0x%x", seventh.Hash), "0x" + strings.ToUpper(fmt.Sprintf("%x", seventh.Hash))} {
		s, err := at(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if b := blockOf(s, programme.RoleStaking); b.Number != 7 || s.Candidates[0].Intention.Commission != 7 || b.Time != programme.Millis(w.now+42000) {
			t.Errorf("%s: block %+v, commission %d", text, b, s.Candidates[0].Intention.Commission)
		}
	}
	if s, err := at(""); err != nil || blockOf(s, programme.RoleStaking).Number != 20 {
		t.Errorf("the newest: %v", err)
	}
	tests := []struct {
		at    string
		kind  error
		texts []string
	}{
		{"21", ErrRequest, []string{"block 21 of Relay is not final", "newest final block is 20"}},
		{"4294967295", ErrRequest, []string{"is not final"}},
		{"4294967296", ErrRequest, []string{"neither a number nor a hash"}},
		{"latest", ErrRequest, []string{`block "latest" is neither a number nor a hash`}},
		{"-1", ErrRequest, []string{"neither a number nor a hash"}},
		{"0x07", ErrRequest, []string{"neither a number nor a hash"}},
		{fmt.Sprintf("0x%x", side.Hash), ErrRequest, []string{"is not final", "newest final block is 20"}},
		{"0x" + strings.Repeat("ab", 32), ErrUnavailable, []string{"Relay has no block 0xabab"}},
	}
	for _, tt := range tests {
		_, err := at(tt.at)
		wantError(t, err, tt.kind, tt.texts...)
	}
}

// TestMatchingBlocks checks that relay and identity blocks belong to the staking block.
func TestMatchingBlocks(t *testing.T) {
	w := newWorld("C")
	w.candidates = []account{someone("candidate")}
	r := newRig(t, "C", w)
	grow(r, w, r.relay, 40)
	grow(r, w, r.people, 50) // every six seconds, like the relay chain
	for range 60 {           // two blocks per relay block: relay parents 1, 1, 2, 2, ...
		b := r.hub.Mine(emptyBlock())
		put(r.hub, "Timestamp", "Now", w.now+uint64(b.Number)*3000)
		put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", (b.Number+1)/2)
	}
	chains := r.open(t.Context(), t)
	blocks := func(at string) (staking, session, identity uint32) {
		t.Helper()
		s, err := chains.Snapshot(t.Context(), Request{At: at})
		if err != nil {
			t.Fatalf("at %q: %v", at, err)
		}
		return blockOf(s, programme.RoleStaking).Number, blockOf(s, programme.RoleSession).Number, blockOf(s, programme.RoleIdentity).Number
	}
	for at, want := range map[string][3]uint32{
		"": {60, 30, 30}, "60": {60, 30, 30}, "59": {59, 30, 29}, "7": {7, 4, 3}, "2": {2, 1, 1},
	} {
		if a, b, c := blocks(at); [3]uint32{a, b, c} != want {
			t.Errorf("at %q: blocks %d, %d, %d, want %v", at, a, b, c, want)
		}
	}

	// The People chain began later than the block.
	s, err := chains.Snapshot(t.Context(), Request{At: "1"})
	if err != nil || !strings.Contains(s.Gaps[programme.PartIdentity], "People has no block as old as") {
		t.Errorf("before the People chain: gaps %v, error %v", s.Gaps, err)
	}

	// The node of the People chain has discarded the states of old blocks, among them the one that belongs to block 7.
	r.people.PruneBefore(20)
	if a, b, c := blocks("59"); a != 59 || b != 30 || c != 29 {
		t.Errorf("with a pruning node: blocks %d, %d, %d, want 59, 30, 29", a, b, c)
	}
	s, err = chains.Snapshot(t.Context(), Request{At: "7"})
	if err != nil || !strings.Contains(s.Gaps[programme.PartIdentity], "discarded") || len(s.Candidates) != 0 {
		t.Errorf("with a pruned People block: gaps %v, error %v", s.Gaps, err)
	}

	// Without a relay block in the item, the validation data names it.
	r.hub.Mine(emptyBlock())
	put(r.hub, "Timestamp", "Now", w.now+61*3000)
	if err := r.hub.Unset("ParachainSystem", "LastRelayChainBlockNumber"); err != nil {
		t.Fatal(err)
	}
	_, err = chains.Snapshot(t.Context(), Request{})
	wantError(t, err, ErrUnsuitable, "Hub: block 61 names no relay chain block")
	put(r.hub, "ParachainSystem", "ValidationData", fields{"relay_parent_number": 31})
	if a, b, _ := blocks(""); a != 61 || b != 31 {
		t.Errorf("with validation data: blocks %d, %d, want 61, 31", a, b)
	}
}

// TestRelayNodeBehind has a relay chain node that does not know the newest relay parents as final yet.
func TestRelayNodeBehind(t *testing.T) {
	w := newWorld("C")
	w.candidates = []account{someone("candidate")}
	r := newRig(t, "C", w)
	grow(r, w, r.relay, 10)
	for range 100 {
		b := r.hub.Mine(emptyBlock())
		put(r.hub, "Timestamp", "Now", w.now+uint64(b.Number)*2000)
		put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", b.Number/3)
	}
	chains := r.open(t.Context(), t)
	s, err := chains.Snapshot(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := blockOf(s, programme.RoleStaking).Number, blockOf(s, programme.RoleSession).Number; a != 32 || b != 10 {
		t.Errorf("blocks %d and %d, want 32 and 10", a, b)
	}
	_, err = chains.Snapshot(t.Context(), Request{At: "33"})
	wantError(t, err, ErrUnavailable, "the node of Relay is behind: its newest final block is 10, but block 33 of Hub was built on 11")

	// Even the first block of Asset Hub that the node knows is built on a later one.
	r = newRig(t, "C", w)
	for range 5 {
		b := r.hub.Mine(emptyBlock())
		put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", b.Number+7)
	}
	_, err = r.open(t.Context(), t).Snapshot(t.Context(), Request{})
	wantError(t, err, ErrUnavailable, "the node of Relay is behind: its newest final block is 0, but block 5 of Hub was built on 12")
}

// TestPeopleNodeBehind warns of old identities.
func TestPeopleNodeBehind(t *testing.T) {
	w := newWorld("C")
	r := newRig(t, "C", w)
	put(r.people, "Timestamp", "Now", w.now-uint64(staleAfter)-1)
	s := r.snapshot(t.Context(), t, request(w))
	if len(s.Gaps) != 0 || !strings.Contains(strings.Join(s.Warnings, "\n"), "identities are of 2023-11-14T22:13:19Z, block 0 of People: its node is behind") {
		t.Errorf("gaps %v, warnings %q", s.Gaps, s.Warnings)
	}
	put(r.people, "Timestamp", "Now", w.now-uint64(staleAfter))
	s = r.snapshot(t.Context(), t, request(w))
	if strings.Contains(strings.Join(s.Warnings, "\n"), "identities are of") {
		t.Errorf("warnings %q", s.Warnings)
	}
}
