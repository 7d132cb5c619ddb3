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
	keys               []string // session keys
	chains             *Chains
}

// chainSpec is what a test node is made of.
type chainSpec struct {
	blob    []byte
	spec    string
	version uint32
}

func (s chainSpec) start(t testing.TB, name string, prefix uint16) *node {
	t.Helper()
	return &node{t: t, TestNode: substratetest.NewNode(t, substratetest.NodeConfig{
		Chain: name, SpecName: s.spec, SpecVersion: s.version, TransactionVersion: 1, Metadata: s.blob,
		Properties: map[string]any{"ss58Format": prefix, "tokenDecimals": []int{10}, "tokenSymbol": []string{"TST"}},
	})}
}

// network is a network of a generation, made of the metadata of real chains.
type network struct {
	gen                string
	relay, hub, people chainSpec
	keys               []string // session keys in the order of the metadata
}

// networks are the samples there are, by name. The short names of the generations stand for one of each.
func networkOf(t testing.TB, name string) network {
	t.Helper()
	spec := func(file, spec string, version uint32) chainSpec { return chainSpec{sample(t, file), spec, version} }
	people := func(prefix uint16) chainSpec { return chainSpec{peopleMetadata(t, prefix), "people", 2000005} }
	newer := []string{"grandpa", "babe", "para_validator", "para_assignment", "authority_discovery", "beefy"}
	older := []string{"grandpa", "babe", "im_online", "para_validator", "para_assignment", "authority_discovery"}
	switch name {
	case "A", "westend 9320":
		return network{"A", spec("westend-9320.v14", "westend", 9320), chainSpec{}, chainSpec{}, older}
	case "paseo 1001002":
		return network{"A", spec("paseo-1001002.v14", "paseo", 1001002), chainSpec{}, chainSpec{}, append(older, "beefy")}
	case "paseo 1001002 v15":
		return network{"A", spec("paseo-1001002.v15", "paseo", 1001002), chainSpec{}, chainSpec{}, append(older, "beefy")}
	case "B", "polkadot 1002005":
		return network{"B", spec("polkadot-1002005.v14", "polkadot", 1002005), chainSpec{}, chainSpec{}, newer}
	case "kusama 1003000":
		return network{"B", spec("kusama-1003000.v14", "kusama", 1003000), chainSpec{}, people(2), newer}
	case "C", "polkadot 2000000":
		return network{"C", spec("polkadot-2000000.v15", "polkadot", 2000000), spec("asset-hub-polkadot-2000000.v15", "statemint", 2000000), people(0), newer}
	case "kusama 1009002":
		return network{"C", spec("kusama-1009002.v15", "kusama", 1009002), spec("asset-hub-kusama-1009003.v15", "statemine", 1009003), people(2), newer}
	}
	t.Fatalf("no network %q", name)
	return network{}
}

func specs(t testing.TB, name string) (relay, hub, people chainSpec) {
	t.Helper()
	n := networkOf(t, name)
	return n.relay, n.hub, n.people
}

// peopleMetadata is metadata of a People chain: that of a relay chain of generation B, without what such a chain lacks,
// and with the newest form of identities: no tuple, no additional fields, other social accounts.
func peopleMetadata(t testing.TB, prefix uint16) []byte {
	m := newModel(t, sample(t, "polkadot-1002005.v14"))
	m.drop("Staking", "Babe", "Session")
	u32 := m.primitive(metadata.U32)
	m.add("ParachainSystem", metadata.StorageEntry{Name: "LastRelayChainBlockNumber", Value: u32, Default: []byte{0, 0, 0, 0}})
	for i, c := range m.pallet("System").Constants {
		if c.Name == "SS58Prefix" {
			m.pallet("System").Constants[i].Value = scale.AppendU16(nil, prefix)
		}
	}
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

// newRig starts the nodes of a network and fills them with a world, if one is given.
func newRig(t testing.TB, name string, w *world) *rig {
	t.Helper()
	n := networkOf(t, name)
	r := startRig(t, w, n.relay, n.hub, n.people)
	r.keys = n.keys
	return r
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

func constantPrefix(tb testing.TB, blob []byte) uint16 {
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
func (r *rig) open(ctx context.Context, tb testing.TB) *Chains {
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

func (r *rig) snapshot(ctx context.Context, tb testing.TB, req Request) *programme.Snapshot {
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
	prediction{w, r.prefix, r.keys}.facts(want)
	return cmp.Diff(want, got, cmpopts.EquateComparable(programme.Planck{}), cmpopts.EquateEmpty())
}

// emptyBlock is an empty block on top of the head.
func emptyBlock() substratetest.BlockOptions { return substratetest.BlockOptions{} }
