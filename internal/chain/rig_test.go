package chain

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// rig is a network of test nodes. In generations A and B the hub is the relay chain.
type rig struct {
	relay, hub, people *node // people is nil where the relay chain has identities
	cfg                Config
	prefix             uint16
	chains             *Chains
}

// chainSpec is what a test node is made of.
type chainSpec struct {
	blob    []byte
	spec    string
	version uint32
}

func (s chainSpec) start(t substratetest.TB, name string, prefix uint16) *node {
	t.Helper()
	return &node{TestNode: substratetest.NewNode(t, substratetest.NodeConfig{
		Chain: name, SpecName: s.spec, SpecVersion: s.version, TransactionVersion: 1, Metadata: s.blob,
		Properties: map[string]any{"ss58Format": prefix, "tokenDecimals": []int{10}, "tokenSymbol": []string{"TST"}},
	})}
}

// The networks of the three generations, made of the metadata of real ones.
func specs(t testing.TB, gen string) (relay, hub, people chainSpec) {
	t.Helper()
	switch gen {
	case "A":
		return chainSpec{sample(t, "westend-9320.v14"), "westend", 9320}, chainSpec{}, chainSpec{}
	case "B":
		return chainSpec{sample(t, "polkadot-1002005.v14"), "polkadot", 1002005}, chainSpec{}, chainSpec{}
	}
	return chainSpec{sample(t, "polkadot-2000000.v15"), "polkadot", 2000000},
		chainSpec{sample(t, "asset-hub-polkadot-2000000.v15"), "statemint", 2000000},
		chainSpec{peopleMetadata(t), "people-polkadot", 2000005}
}

// peopleMetadata is metadata of a People chain: that of a relay chain of generation B, without what such a chain lacks,
// and with the newest form of identities: no tuple, no additional fields, other social accounts.
func peopleMetadata(t testing.TB) []byte {
	m := newModel(t, sample(t, "polkadot-1002005.v14"))
	m.drop("Staking", "Babe", "Session")
	u32 := m.primitive(metadata.U32)
	m.add("ParachainSystem", metadata.StorageEntry{Name: "LastRelayChainBlockNumber", Value: u32, Default: []byte{0, 0, 0, 0}})
	entry := m.item("Identity", "IdentityOf")
	entry.Value = m.types[entry.Value].Elems[0]
	info := m.named("legacy", "IdentityInfo")
	var data metadata.Field
	byName := map[string]metadata.Field{}
	for _, f := range info.Fields {
		byName[f.Name] = f
		if f.Name == "display" {
			data = f
		}
	}
	social := func(name string) metadata.Field { f := data; f.Name = name; return f }
	info.Fields = []metadata.Field{
		byName["display"], byName["legal"], byName["web"], social("matrix"), byName["email"], byName["pgp_fingerprint"],
		byName["image"], byName["twitter"], social("github"), social("discord"),
	}
	return m.encode()
}

// newRig starts the nodes of a generation and fills them with a world, if one is given.
func newRig(t testing.TB, gen string, w *world) *rig {
	t.Helper()
	relay, hub, people := specs(t, gen)
	return startRig(t, w, relay, hub, people)
}

func startRig(tb testing.TB, w *world, relay, hub, people chainSpec) *rig {
	tb.Helper()
	r := &rig{prefix: constantPrefix(tb, relay.blob)}
	r.relay = relay.start(tb, "Relay", r.prefix)
	r.hub = r.relay
	r.cfg.Relay = []string{r.relay.URL()}
	if hub.blob != nil {
		r.hub = hub.start(tb, "Hub", r.prefix)
		r.cfg.AssetHub = []string{r.hub.URL()}
		r.relay.Put("StakingAhClient", "Mode", codec.Variant{Name: "Active"})
	}
	if people.blob != nil {
		r.people = people.start(tb, "People", r.prefix)
		r.cfg.People = []string{r.people.URL()}
	}
	for _, n := range r.nodes() {
		n.HandleCall("StakingApi_nominations_quota", func(*substratetest.Block, []byte) ([]byte, error) {
			return scale.AppendU32(nil, 24), nil
		})
	}
	if w != nil {
		r.fill(w)
	}
	return r
}

// nodes are all nodes of the rig.
func (r *rig) nodes() []*node {
	list := []*node{r.relay}
	if r.hub != r.relay {
		list = append(list, r.hub)
	}
	if r.people != nil {
		list = append(list, r.people)
	}
	return list
}

// next builds a block on every chain and replaces the population there.
func (r *rig) next(w *world) {
	for _, n := range r.nodes() {
		n.Mine(substratetest.BlockOptions{})
		n.empty()
	}
	r.fill(w)
}

// fill writes a world into the heads of all nodes and builds blocks on them.
func (r *rig) fill(w *world) {
	w.fillStaking(r.hub)
	w.fillSession(r.relay)
	identity := r.relay
	if r.people != nil {
		identity = r.people
	}
	w.fillIdentity(identity)
	if r.hub != r.relay {
		put(r.hub, "ParachainSystem", "LastRelayChainBlockNumber", r.relay.Head().Number)
	}
}

func constantPrefix(tb substratetest.TB, blob []byte) uint16 {
	m, err := metadata.Parse(blob)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	c, err := m.Constant("System", "SS58Prefix")
	if err != nil {
		tb.Fatalf("%v", err)
	}
	var prefix uint16
	if err := codec.Unmarshal(m.Types, c.Type, c.Value, &prefix); err != nil {
		tb.Fatalf("%v", err)
	}
	return prefix
}

// open connects to the rig; the connection ends with the test.
func (r *rig) open(ctx context.Context, tb substratetest.TB) *Chains {
	tb.Helper()
	if r.chains == nil {
		chains, err := Open(ctx, r.cfg)
		if err != nil {
			tb.Fatalf("open the chains: %v", err)
		}
		tb.Cleanup(chains.Close)
		r.chains = chains
	}
	return r.chains
}

// request asks for a world's candidates and nominators, under addresses of another network.
func request(w *world) Request {
	var req Request
	for _, id := range w.candidates {
		req.Candidates = append(req.Candidates, programme.Address(ss58.EncodeAccount(7, id)))
	}
	for _, id := range w.nominators {
		req.Nominators = append(req.Nominators, programme.Address(ss58.EncodeAccount(1284, id)))
	}
	return req
}

func (r *rig) snapshot(ctx context.Context, tb substratetest.TB, req Request) *programme.Snapshot {
	tb.Helper()
	s, err := r.open(ctx, tb).Snapshot(ctx, req)
	if err != nil {
		tb.Fatalf("take a snapshot: %v", err)
	}
	return s
}

// diff compares the facts of a snapshot with those predicted. The rest is taken from the snapshot.
func (r *rig) diff(w *world, got *programme.Snapshot) string {
	want := &programme.Snapshot{
		Network: got.Network, Topology: got.Topology, Blocks: got.Blocks, Limits: got.Limits, Eras: got.Eras, Warnings: got.Warnings,
	}
	prediction{w, r.prefix}.facts(want)
	return cmp.Diff(want, got, cmpopts.EquateComparable(programme.Planck{}), cmpopts.EquateEmpty())
}

// emptyBlock is an empty block on top of the head.
func emptyBlock() substratetest.BlockOptions { return substratetest.BlockOptions{} }
