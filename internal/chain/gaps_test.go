package chain

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// TestGaps takes away items or changes their form. Whatever can be missing is a gap with a reason, and the rest is read.
func TestGaps(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	rename := func(pallet, item, from string) func(*model) {
		return func(m *model) {
			typ := &m.types[m.item(pallet, item).Value]
			for i := range typ.Fields {
				if typ.Fields[i].Name == from {
					typ.Fields[i].Name = "renamed"
					return
				}
			}
			m.t.Fatalf("%s.%s has no field %s", pallet, item, from)
		}
	}
	tests := []struct {
		name   string
		on     string // chain changed
		change func(*model)
		gaps   map[programme.Part][]string
	}{
		{"points gone", "hub", func(m *model) { m.dropItem("Staking", "ErasRewardPoints") }, map[programme.Part][]string{
			programme.PartPoints: {"Hub", "Staking.ErasRewardPoints", "not in the runtime's metadata"},
			programme.PartClaims: {"without reward points"},
		}},
		{"points renamed", "hub", rename("Staking", "ErasRewardPoints", "individual"), map[programme.Part][]string{
			programme.PartPoints: {`has no "Individual"`, "renamed"},
			programme.PartClaims: {"without reward points"},
		}},
		{"overview renamed", "hub", rename("Staking", "ErasStakersOverview", "page_count"), map[programme.Part][]string{
			programme.PartExposures: {"Staking.ErasStakersOverview"},
			programme.PartClaims:    {"Staking.ErasStakersOverview"},
		}},
		{"rewards gone", "hub", func(m *model) { m.dropItem("Staking", "ErasValidatorReward") }, map[programme.Part][]string{
			programme.PartClaims: {"Staking.ErasValidatorReward"},
		}},
		{"nominations renamed", "hub", rename("Staking", "Nominators", "targets"), map[programme.Part][]string{
			programme.PartBackers: {"Staking.Nominators", `has no "Targets"`},
		}},
		{"slashes gone", "hub", func(m *model) { m.dropItem("Staking", "UnappliedSlashes") }, map[programme.Part][]string{
			programme.PartSlashes: {"Staking.UnappliedSlashes"},
		}},
		{"reported slashes of another form", "hub", func(m *model) { m.item("Staking", "ValidatorSlashInEra").Value = m.primitive(metadata.U32) }, map[programme.Part][]string{
			programme.PartSlashes: {"Staking.ValidatorSlashInEra"},
		}},
		{"keys gone", "relay", func(m *model) { m.dropItem("Session", "NextKeys") }, map[programme.Part][]string{
			programme.PartKeys: {"Relay", "Session.NextKeys"},
		}},
		{"keys of another form", "relay", func(m *model) { m.item("Session", "NextKeys").Value = m.primitive(metadata.U32) }, map[programme.Part][]string{
			programme.PartKeys: {"Session.NextKeys"},
		}},
		{"identities renamed", "people", func(m *model) {
			info := m.named("legacy", "IdentityInfo")
			info.Fields[0].Name = "shown"
		}, map[programme.Part][]string{programme.PartIdentity: {"People", "Identity.IdentityOf", `has no "Display"`}}},
		{"super-identities gone", "people", func(m *model) { m.dropItem("Identity", "SuperOf") }, map[programme.Part][]string{
			programme.PartIdentity: {"People", "Identity.SuperOf"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := networkOf(t, "C")
			spec := map[string]*chainSpec{"relay": &n.relay, "hub": &n.hub, "people": &n.people}[tt.on]
			w := village("C")
			whole := newRig(t, "C", w)
			m := newModel(t, spec.blob)
			tt.change(m)
			spec.blob = m.encode()
			r := startRig(t, nil, n.relay, n.hub, n.people)
			copyState(t, whole, r)
			// Nominations cannot be read at all where their form is unknown, so there are none of ours.
			req := request(w)
			if tt.gaps[programme.PartBackers] != nil {
				req.Nominators = nil
			}
			s := r.snapshot(t.Context(), t, req)
			if got, want := slices.Sorted(maps.Keys(s.Gaps)), slices.Sorted(maps.Keys(tt.gaps)); !slices.Equal(got, want) {
				t.Errorf("gaps %v, want %v", s.Gaps, want)
			}
			for part, texts := range tt.gaps {
				for _, text := range texts {
					if !strings.Contains(s.Gaps[part], text) {
						t.Errorf("gap %s: %q does not contain %q", part, s.Gaps[part], text)
					}
				}
			}
			compareRest(t, w, whole, s, req)
		})
	}
}

// copyState gives the nodes of one rig the state of another's.
func copyState(t *testing.T, from, to *rig) {
	t.Helper()
	for i, n := range from.nodes() {
		for _, key := range n.written {
			value, ok := n.GetRaw(n.Head(), key)
			if !ok {
				t.Fatalf("no value under the key %x", key)
			}
			to.nodes()[i].SetRaw(key, value)
		}
	}
}

// compareRest compares all facts that are not in a gap.
func compareRest(t *testing.T, w *world, r *rig, got *programme.Snapshot, req Request) {
	t.Helper()
	want := &programme.Snapshot{Network: got.Network, Topology: got.Topology, Blocks: got.Blocks, Limits: got.Limits, Eras: got.Eras}
	prediction{w, r.prefix, r.keys}.facts(want)
	if len(req.Nominators) == 0 {
		want.Nominators = nil
	}
	for part := range got.Gaps {
		switch part {
		case programme.PartBackers:
			want.Backers = nil
		case programme.PartPoints:
			want.PointEras = nil
		case programme.PartExposures:
			want.Elected = nil
		}
		for i := range want.Candidates {
			c := &want.Candidates[i]
			switch part {
			case programme.PartPoints:
				c.Points = nil
			case programme.PartClaims:
				c.Unclaimed = nil
			case programme.PartExposures:
				c.Exposure = nil
			case programme.PartSlashes:
				c.Slashes = nil
			case programme.PartKeys:
				c.Keys = nil
			case programme.PartIdentity:
				c.Identity = nil
			}
		}
	}
	want.Gaps, want.Warnings = got.Gaps, got.Warnings
	if diff := cmp.Diff(want, got, planckByValue); diff != "" {
		t.Errorf("the rest (-want +got):\n%s", diff)
	}
}

// TestPartsThatMustNotBeMissing fails where a gap would leave nothing to judge.
func TestPartsThatMustNotBeMissing(t *testing.T) {
	for item, text := range map[string]string{"Ledger": "Staking.Ledger", "Validators": "Staking.Validators"} {
		n := networkOf(t, "C")
		m := newModel(t, n.hub.blob)
		m.item("Staking", item).Value = m.primitive(metadata.U32)
		n.hub.blob = m.encode()
		r := startRig(t, nil, n.relay, n.hub, n.people)
		whole := newRig(t, "C", village("C"))
		copyState(t, whole, r)
		_, err := r.open(t.Context(), t).Snapshot(t.Context(), request(village("C")))
		wantError(t, err, ErrUnsuitable, "Hub block 0", text)
	}
}

// TestUndecodableValue has a value that is not what the metadata says.
func TestUndecodableValue(t *testing.T) {
	w := village("A")
	r := newRig(t, "A", w)
	m := r.relay.Metadata()
	entry, err := m.Storage("Staking", "Ledger")
	if err != nil {
		t.Fatal(err)
	}
	key, err := storage.Key(m.Types, entry, w.candidates[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range [][]byte{{}, {1, 2, 3}, slices.Repeat([]byte{0xff}, 200)} {
		r.relay.SetRaw(key, value)
		_, err := r.open(t.Context(), t).Snapshot(t.Context(), request(w))
		wantError(t, err, ErrUnsuitable, "Relay block 0", "Staking.Ledger")
	}
}

// TestMissingPage has an exposure that says it has more pages than there are.
func TestMissingPage(t *testing.T) {
	w := village("C")
	r := newRig(t, "C", w)
	put(r.hub, "Staking", "ErasStakersOverview", fields{"total": 12, "own": 5, "nominator_count": 1, "page_count": 2}, w.active, w.candidates[0])
	s := r.snapshot(t.Context(), t, request(w))
	if !strings.Contains(s.Gaps[programme.PartExposures], "page 1 of the exposure of") {
		t.Errorf("gaps %v", s.Gaps)
	}
	put(r.hub, "Staking", "ErasStakersOverview", fields{"total": 12, "own": 5, "nominator_count": 1, "page_count": 1 << 31}, w.active, w.candidates[0])
	s = r.snapshot(t.Context(), t, request(w))
	if !strings.Contains(s.Gaps[programme.PartExposures], "are believable") {
		t.Errorf("gaps %v", s.Gaps)
	}
}

// TestUnknownTypes are reported, and read by the names of their fields all the same.
func TestUnknownTypes(t *testing.T) {
	n := networkOf(t, "C")
	m := newModel(t, n.hub.blob)
	prefsType := m.named("ValidatorPrefs")
	u32 := m.primitive(metadata.U32)
	prefsType.Fields = append([]metadata.Field{{Name: "incentive", Type: u32}}, prefsType.Fields...)
	n.hub.blob = m.encode()
	w := village("C")
	r := startRig(t, w, n.relay, n.hub, n.people)
	r.keys = n.keys
	s := r.snapshot(t.Context(), t, request(w))
	if diff := r.diff(w, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], "Hub (statemint 2000000): storage Staking.Validators has the unknown type ValidatorPrefs") {
		t.Errorf("warnings %q", s.Warnings)
	}
}

// TestRuntimeUpgrade changes the layout of ledgers between two snapshots over the same connections.
func TestRuntimeUpgrade(t *testing.T) {
	older, newer := networkOf(t, "paseo 1001002"), networkOf(t, "polkadot 1002005")
	w := village("A")
	r := newRig(t, "paseo 1001002", w)
	w.ledgers[w.candidates[0]] = ledgerOf{stash: w.candidates[0], total: 1000, active: 900, claimed: []uint32{999}}
	r.fill(w)
	first := r.snapshot(t.Context(), t, request(w))
	if diff := r.diff(w, first); diff != "" {
		t.Errorf("before the upgrade (-want +got):\n%s", diff)
	}
	if first.Blocks[0].SpecVersion != older.relay.version {
		t.Errorf("runtime %d before the upgrade", first.Blocks[0].SpecVersion)
	}
	// The block that enacts the upgrade is still written by the old runtime.
	r.relay.Mine(substratetest.BlockOptions{Upgrade: &substratetest.Runtime{
		SpecName: newer.relay.spec, SpecVersion: newer.relay.version, Metadata: newer.relay.blob,
	}})
	between := r.snapshot(t.Context(), t, request(w))
	if diff := r.diff(w, between); diff != "" {
		t.Errorf("in the block of the upgrade (-want +got):\n%s", diff)
	}
	if between.Topology.Generation != "A" || between.Network.SS58Prefix != 42 {
		t.Errorf("in the block of the upgrade: %+v, prefix %d", between.Topology, between.Network.SS58Prefix)
	}
	r.relay.Mine(emptyBlock())
	r.relay.empty()
	after := village("B")
	r.keys = newer.keys
	r.fill(after)
	second := r.snapshot(t.Context(), t, request(after))
	r.prefix = 0
	if diff := r.diff(after, second); diff != "" {
		t.Errorf("after the upgrade (-want +got):\n%s", diff)
	}
	if second.Blocks[0].SpecVersion != newer.relay.version || second.Topology.Generation != "B" || second.Network.Name != "polkadot" {
		t.Errorf("after the upgrade: %+v, %+v", second.Blocks[0], second.Topology)
	}
}

// TestContradictions reports what node and runtime say differently.
func TestContradictions(t *testing.T) {
	if testing.Short() {
		t.Skip("in full without -short")
	}
	n := networkOf(t, "C")
	props := func(m map[string]any) substratetest.Fault { return substratetest.Reply(m) }
	w := newWorld("C")
	tests := []struct {
		name       string
		hub, relay map[string]any
		decimals   int // configured
		want       programme.Network
		warning    string
		err        string
	}{
		{"all well", map[string]any{"ss58Format": 0, "tokenDecimals": 10, "tokenSymbol": "DOT"}, nil, 10, programme.Network{Decimals: 10, Symbol: "DOT"}, "", ""},
		{"another prefix", map[string]any{"ss58Format": 42, "tokenDecimals": 10, "tokenSymbol": "DOT"}, nil, 0, programme.Network{Decimals: 10, Symbol: "DOT"}, "the runtime of Hub has address prefix 0, its node says 42", ""},
		{"only the relay chain says", map[string]any{}, nil, 0, programme.Network{Decimals: 10, Symbol: "TST"}, "", ""},
		{"another unit on the relay chain", map[string]any{"tokenDecimals": "12"}, nil, 0, programme.Network{Decimals: 12, Symbol: "TST"}, "12 decimals on Hub and 10 on Relay", ""},
		{"nobody says", map[string]any{}, map[string]any{}, 0, programme.Network{}, "", "does not state the decimals of its token"},
		{"only the configuration says", map[string]any{}, map[string]any{}, 9, programme.Network{Decimals: 9}, "taking 9 from the configuration", ""},
		{"the configuration says otherwise", map[string]any{"tokenDecimals": []int{10}}, nil, 12, programme.Network{Decimals: 10, Symbol: "TST"}, "has 10 decimals, the configuration says 12", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := startRig(t, w, n.relay, n.hub, n.people)
			r.hub.Inject(substratetest.Rule{Method: "system_properties", Do: props(tt.hub)})
			if tt.relay != nil {
				r.relay.Inject(substratetest.Rule{Method: "system_properties", Do: props(tt.relay)})
			}
			r.cfg.Decimals = tt.decimals
			s, err := r.open(t.Context(), t).Snapshot(t.Context(), request(w))
			if tt.err != "" {
				wantError(t, err, ErrUnsuitable, tt.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.Network.Decimals != tt.want.Decimals || s.Network.Symbol != tt.want.Symbol || s.Network.SS58Prefix != 0 {
				t.Errorf("network %+v, want %+v", s.Network, tt.want)
			}
			if all := strings.Join(s.Warnings, "\n"); (all == "") != (tt.warning == "") || !strings.Contains(all, tt.warning) {
				t.Errorf("warnings %q, want %q", s.Warnings, tt.warning)
			}
		})
	}
}
