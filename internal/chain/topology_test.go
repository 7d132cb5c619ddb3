package chain

import (
	"errors"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/codec"
)

// wantError demands an error of a kind, in one line, that contains all texts.
func wantError(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v is not of the kind %q", err, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not contain %q", err, text)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}

// TestUnsuitableChains opens networks that cannot be used.
func TestUnsuitableChains(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	relay, hub, people := specs(t, "C")
	kusamaHub := chainSpec{sample(t, "asset-hub-kusama-1009003.v15"), "statemine", 1009003}
	with := func(s chainSpec, change func(*model)) chainSpec {
		m := newModel(t, s.blob)
		change(m)
		s.blob = m.encode()
		return s
	}
	mode := func(name string) func(*rig) {
		return func(r *rig) { r.relay.Put("StakingAhClient", "Mode", codec.Variant{Name: name}) }
	}
	tests := []struct {
		name               string
		relay, hub, people chainSpec
		change             func(*rig)
		kind               error
		texts              []string
	}{
		{"migration running", relay, hub, people, mode("Buffered"), ErrUnavailable, []string{"Relay is moving its staking to Asset Hub", "try again"}},
		{"no Asset Hub configured", relay, hub, people, func(r *rig) { r.cfg.AssetHub = nil }, ErrUnsuitable, []string{"staking of Relay lives on its Asset Hub", "set global.apiAssetHubEndpoints"}},
		{"no relay chain configured", relay, hub, people, func(r *rig) { r.cfg.Relay = nil }, ErrUnsuitable, []string{"set global.apiEndpoints"}},
		{"parachain as relay chain", relay, hub, people, func(r *rig) { r.cfg.Relay = r.cfg.AssetHub }, ErrUnsuitable, []string{"global.apiEndpoints leads to Hub (statemint 2000000), which is a parachain"}},
		{"relay chain as Asset Hub", relay, hub, people, func(r *rig) { r.cfg.AssetHub = r.cfg.Relay }, ErrUnsuitable, []string{"global.apiAssetHubEndpoints leads to Relay (polkadot 2000000), which is not a parachain"}},
		{"Asset Hub without staking", relay, with(hub, func(m *model) { m.drop("Staking") }), people, nil, ErrUnsuitable, []string{"Hub (statemint 2000000) has no pallet Staking", "global.apiAssetHubEndpoints"}},
		{"Asset Hub of another network", relay, kusamaHub, people, nil, ErrUnsuitable, []string{"address prefix 2", "Relay has 0", "different networks"}},
		{"staking in an unknown form", relay, with(hub, func(m *model) { m.dropItem("Staking", "Nominators") }), people, nil, ErrUnsuitable, []string{"Hub (statemint 2000000) has no storage item Staking.Nominators"}},
		{"relay chain without sessions", with(relay, func(m *model) { m.drop("Session") }), hub, people, nil, ErrUnsuitable, []string{"Relay (polkadot 2000000) has no pallet Session", "global.apiEndpoints"}},
		{"wrong genesis", relay, hub, people, func(r *rig) {
			r.cfg.Network, r.cfg.Genesis = "kusama", "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"
		}, ErrUnsuitable, []string{"wrong network: the configuration is for kusama", "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"}},
		{"genesis that is no hash", relay, hub, people, func(r *rig) { r.cfg.Genesis = "0x12" }, ErrRequest, []string{`"0x12"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := startRig(t, nil, tt.relay, tt.hub, tt.people)
			if tt.change != nil {
				tt.change(r)
			}
			chains, err := Open(t.Context(), r.cfg)
			if err == nil {
				chains.Close()
			}
			wantError(t, err, tt.kind, tt.texts...)
		})
	}
}

// TestRelayWithoutStaking is a chain that has sessions, but nothing to nominate for.
func TestRelayWithoutStaking(t *testing.T) {
	relay, _, _ := specs(t, "B")
	m := newModel(t, relay.blob)
	m.drop("Staking")
	relay.blob = m.encode()
	n := relay.start(t, "Relay", 0)
	_, err := Open(t.Context(), Config{Relay: []string{n.URL()}})
	wantError(t, err, ErrUnsuitable, "Relay (polkadot 1002005) has no pallet Staking", relayKey)
}

// TestUnsuitableSnapshots finds out only when a snapshot is taken.
func TestUnsuitableSnapshots(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	relay, hub, people := specs(t, "C")
	tests := []struct {
		name   string
		people chainSpec
		change func(*rig)
		kind   error
		texts  []string
	}{
		{"People chain without identities", people, func(r *rig) { r.cfg.People = r.cfg.AssetHub }, ErrUnsuitable, []string{"Hub (statemint 2000000) has no pallet Identity", peopleKey}},
		{"People chain of another network", chainSpec{sample(t, "paseo-1001002.v14"), "people-paseo", 1}, nil, ErrUnsuitable, []string{"global.apiPeopleEndpoints leads to People (people-paseo 1) with address prefix 42", "Relay has 0"}},
		{"prefix of another network", people, func(r *rig) { r.cfg.Network, r.cfg.Prefixes = "kusama", []uint16{2} }, ErrUnsuitable, []string{"wrong network", "address prefix 0", "kusama"}},
		{"Asset Hub of another time", people, func(r *rig) { put(r.relay, "Timestamp", "Now", 1_600_000_000_000) }, ErrUnsuitable, []string{"different networks", "2020-09-13"}},
		{"staking never began", people, func(r *rig) {
			r.hub.Mine(emptyBlock())
			r.hub.empty()
			put(r.hub, "Timestamp", "Now", newWorld("C").now)
			put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", 0)
		}, ErrUnsuitable, []string{"Hub has no active era at block 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := startRig(t, newWorld("C"), relay, hub, tt.people)
			if tt.change != nil {
				tt.change(r)
			}
			_, err := r.open(t.Context(), t).Snapshot(t.Context(), Request{})
			wantError(t, err, tt.kind, tt.texts...)
		})
	}
}

// TestStakingMoves takes snapshots before and after staking leaves the relay chain, with the same connections.
func TestStakingMoves(t *testing.T) {
	before := newWorld("B")
	before.candidates = []account{someone("candidate")}
	before.intentions[before.candidates[0]] = prefs{commission: 1}
	relay, hub, people := specs(t, "C")
	r := startRig(t, newWorld("C"), relay, hub, people)
	r.relay.Put("StakingAhClient", "Mode", codec.Variant{Name: "Passive"})
	before.fillStaking(r.relay)
	s := r.snapshot(t.Context(), t, request(before))
	if diff := r.diff(before, s); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if want := (programme.Topology{Kind: "multi", Generation: "B"}); s.Topology != want || s.Network.Chain != "Relay" {
		t.Errorf("before: topology %+v of %s, want %+v of Relay", s.Topology, s.Network.Chain, want)
	}

	r.relay.Mine(emptyBlock())
	r.relay.Put("StakingAhClient", "Mode", codec.Variant{Name: "Buffered"})
	_, err := r.open(t.Context(), t).Snapshot(t.Context(), request(before))
	wantError(t, err, ErrUnavailable, "moving its staking")

	r.relay.Mine(emptyBlock())
	r.relay.Put("StakingAhClient", "Mode", codec.Variant{Name: "Active"})
	after := newWorld("C")
	after.candidates = before.candidates
	after.intentions[after.candidates[0]] = prefs{commission: 2}
	r.hub.Mine(emptyBlock())
	r.hub.empty()
	after.fillStaking(r.hub)
	put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", r.relay.Head().Number)
	s = r.snapshot(t.Context(), t, request(after))
	if diff := r.diff(after, s); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if want := (programme.Topology{Kind: "multi", Generation: "C"}); s.Topology != want || s.Network.Chain != "Hub" {
		t.Errorf("after: topology %+v of %s, want %+v of Hub", s.Topology, s.Network.Chain, want)
	}

	// Blocks of Asset Hub from before are of no use.
	put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", 0)
	_, err = r.open(t.Context(), t).Snapshot(t.Context(), request(after))
	wantError(t, err, ErrRequest, "from before the staking of Relay moved there")
}
