package substrate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestChainInfo(t *testing.T) {
	for name, tc := range map[string]struct {
		properties map[string]any
		want       substrate.ChainInfo
	}{
		"lists":   {map[string]any{"ss58Format": []int{42}, "tokenDecimals": []int{12, 10}, "tokenSymbol": []string{"UNIT", "X"}}, substrate.ChainInfo{Decimals: 12, Symbol: "UNIT"}},
		"scalars": {map[string]any{"ss58Format": 7, "tokenDecimals": 10, "tokenSymbol": "DOT"}, substrate.ChainInfo{Decimals: 10, Symbol: "DOT"}},
		"missing": {map[string]any{}, substrate.ChainInfo{}},
		"nulls":   {map[string]any{"ss58Format": nil, "tokenDecimals": nil, "tokenSymbol": []string{}}, substrate.ChainInfo{}},
		"absurd":  {map[string]any{"ss58Format": -1, "tokenDecimals": "many", "tokenSymbol": 7}, substrate.ChainInfo{}},
		"texts":   {map[string]any{"tokenDecimals": "12", "tokenSymbol": "A"}, substrate.ChainInfo{Decimals: 12, Symbol: "A"}},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t, func(c *substratetest.NodeConfig) { c.Properties = tc.properties })
			got := dial(t, config(node)).Chain()
			tc.want.Name, tc.want.SS58Prefix, tc.want.Genesis = "Testnet", 2, substrate.Hash(node.Head().Hash)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPrefixFromProperties(t *testing.T) {
	m := substratetest.NewMetadata()
	m.Pallet("System", 0).Value("Number", "u32", false)
	blob := m.MustEncode(t, 14)
	for want, properties := range map[uint16]map[string]any{7: {"ss58Format": 7}, 42: {}} {
		node := newNode(t, func(c *substratetest.NodeConfig) { c.Metadata, c.Properties = blob, properties })
		if got := dial(t, config(node)).Chain().SS58Prefix; got != want {
			t.Errorf("prefix %d, want %d", got, want)
		}
	}
}

func TestGenesisIsAskedFirst(t *testing.T) {
	node := newNode(t)
	var first string
	node.Inject(substratetest.Rule{Match: func(r substratetest.Request) bool {
		if first == "" {
			first = r.Method + string(r.Params[0])
		}
		return false
	}})
	dial(t, config(node))
	if first != "chain_getBlockHash0" {
		t.Errorf("the first request was %s", first)
	}
}

func TestEndpointOfAnotherChainIsRefused(t *testing.T) {
	ctx := testContext(t)
	right := newNode(t)
	wrong := newNode(t, func(c *substratetest.NodeConfig) { c.Chain = "Other" })
	c := dial(t, config(right, wrong))
	health := c.Probe(ctx)
	var chain *substrate.WrongChainError
	if health[0].Refused != nil || !errors.As(health[1].Refused, &chain) {
		t.Fatalf("health is %+v", health)
	}
	if !strings.Contains(chain.Error(), wrong.URL()) || !strings.Contains(chain.Error(), substrate.Hash(wrong.Head().Hash).String()) {
		t.Errorf("the error names neither endpoint nor genesis: %v", chain)
	}
	asked := wrong.Count("chain_getBlockHash")
	right.Down()
	if _, err := c.Finalised(ctx); !errors.As(err, &chain) {
		t.Errorf("the final error does not tell of the refused endpoint: %v", err)
	}
	if wrong.Count("chain_getBlockHash") != asked || wrong.Count("chain_getFinalizedHead") > 0 {
		t.Error("the refused endpoint was asked again")
	}
}

// TestGenesisIsInTheState: a hash of block 0 that the state contradicts is not believed, and nothing is built on it.
func TestGenesisIsInTheState(t *testing.T) {
	lie := substratetest.Rule{
		Match: func(r substratetest.Request) bool {
			return r.Method == "chain_getBlockHash" && string(r.Params[0]) == "0"
		},
		Do: substratetest.Reply(substrate.Hash{0xab}.String()),
	}
	key := "0x" + "26aa394eea5630e07c48ae0c9558cef7" + "a44704b568d21667356a5a050c118746" + "b4def25cfda6ef3a" + "00000000" // System.BlockHash(0)
	for name, tc := range map[string]struct {
		state any
		fails bool
	}{
		"another one":        {substrate.Hash{0xcd}.String(), true},
		"the same":           {substrate.Hash{0xab}.String(), false},
		"none":               {nil, false},
		"no block 1 so far":  {"0x" + strings.Repeat("45", 32), false},
		"not of hash length": {"0x00", false},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			node.Inject(lie)
			node.Inject(substratetest.Rule{
				Match: func(r substratetest.Request) bool {
					return r.Method == "state_getStorage" && string(r.Params[0]) == `"`+key+`"`
				},
				Do: substratetest.Reply(tc.state),
			})
			c, err := substrate.Dial(testContext(t), config(node))
			if err == nil {
				c.Close()
			}
			if (err != nil) != tc.fails || err != nil && !strings.Contains(err.Error(), "in the state it is 0xcd") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPinnedGenesis(t *testing.T) {
	node := newNode(t)
	cfg := config(node)
	cfg.Genesis = substrate.Hash{1}
	_, err := substrate.Dial(testContext(t), cfg)
	var chain *substrate.WrongChainError
	if !errors.As(err, &chain) {
		t.Fatalf("got %v", err)
	}
}

func TestMetadataVersions(t *testing.T) {
	v14, v15, v16 := testMetadata(t, 14), testMetadata(t, 15), testMetadata(t, 16)
	for name, tc := range map[string]struct {
		legacy []byte
		offers map[uint32][]byte
		rule   *substratetest.Rule
		want   int
	}{
		"only the old way":     {legacy: v14, want: 14},
		"best of three":        {legacy: v14, offers: map[uint32][]byte{14: v14, 15: v15, 16: v16}, want: 16},
		"best of two":          {legacy: v14, offers: map[uint32][]byte{14: v14, 15: v15}, want: 15},
		"unstable is left out": {legacy: v14, offers: map[uint32][]byte{15: v15, 1<<32 - 1: {1}}, want: 15},
		"none we know":         {legacy: v14, offers: map[uint32][]byte{99: {1}}, want: 14},
		"calls are refused": {
			legacy: v14, offers: map[uint32][]byte{15: v15},
			rule: &substratetest.Rule{Method: "state_call", Do: substratetest.Fail(-32601, "RPC call is unsafe to be called externally")}, want: 14,
		},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t, func(c *substratetest.NodeConfig) { c.Metadata, c.Metadatas = tc.legacy, tc.offers })
			if tc.rule != nil {
				node.Inject(*tc.rule)
			}
			if got := dial(t, config(node)).Runtime().Metadata.Version; got != tc.want {
				t.Errorf("metadata version %d, want %d", got, tc.want)
			}
		})
	}
}

func TestReads(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	node.Put("Staking", "ActiveEra", map[string]any{"index": 7, "start": 1000}, []any{}...)
	node.Put("Timestamp", "Now", 1_700_000_000_123)
	populate(t, 3, node)
	node.HandleCall("StakingApi_nominations_quota", func(_ *substratetest.Block, args []byte) ([]byte, error) {
		return scale.AppendU32(nil, uint32(len(args))), nil
	})
	b := finalised(t, dial(t, config(node)))

	var era struct {
		Index uint32
		Start *uint64
	}
	if found, err := b.Get(ctx, "Staking", "ActiveEra", &era); err != nil || !found || era.Index != 7 || era.Start == nil || *era.Start != 1000 {
		t.Errorf("ActiveEra: %+v, %v, %v", era, found, err)
	}
	var p prefs
	if found, err := b.Get(ctx, "Staking", "Validators", &p, account(2)); err != nil || !found || p.Commission != 2 {
		t.Errorf("Validators[2]: %+v, %v, %v", p, found, err)
	}
	p = prefs{9, true}
	if found, err := b.Get(ctx, "Staking", "Validators", &p, account(99)); err != nil || found || p != (prefs{}) {
		t.Errorf("an absent value with a default: %+v, %v, %v", p, found, err)
	}
	var n any = "untouched"
	if found, err := b.Get(ctx, "Staking", "Nominators", &n, account(99)); err != nil || found || n != "untouched" {
		t.Errorf("an absent optional value: %v, %v, %v", n, found, err)
	}
	var depth uint32
	if err := b.Constant("Staking", "HistoryDepth", &depth); err != nil || depth != 84 {
		t.Errorf("HistoryDepth: %d, %v", depth, err)
	}
	var quota uint32
	if err := b.Call(ctx, "StakingApi", "nominations_quota", &quota, 12345); err != nil || quota != 16 {
		t.Errorf("nominations_quota: %d, %v", quota, err)
	}
	if at, err := b.Timestamp(ctx); err != nil || !at.Equal(time.UnixMilli(1_700_000_000_123)) {
		t.Errorf("Timestamp: %v, %v", at, err)
	}
	if b.Has("Staking", "Ledger") || !b.Has("Staking", "Validators") || !b.HasCall("StakingApi", "nominations_quota") || b.HasConstant("Staking", "Nope") {
		t.Error("Has, HasCall or HasConstant is wrong")
	}
}

func TestErrorsNameEverything(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	b := finalised(t, dial(t, config(node)))
	var v any
	_, unknown := b.Get(ctx, "Staking", "Nothing", &v)
	_, keys := b.Get(ctx, "Staking", "Validators", &v)
	var wrong struct{ Nonsense uint32 }
	_, field := b.Get(ctx, "Staking", "Validators", &wrong, account(1))
	_, callErr := b.CallRaw(ctx, "Nothing_here", nil)
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{unknown, []string{"Testnet block 0 (0x", "Staking.Nothing", "not in the runtime's metadata"}},
		{keys, []string{"Staking.Validators", "0 keys are given and the item has 1"}},
		{field, []string{"Staking.Validators[0x", "nonsense"}},
		{b.Constant("Staking", "Nope", &v), []string{"Testnet block 0", "constant Staking.Nope"}},
		{b.Call(ctx, "StakingApi", "nominations_quota", &v), []string{"0 arguments are given and the function takes 1"}},
		{callErr, []string{"runtime call Nothing_here", "Exported method Nothing_here is not found", node.URL()}},
		{b.Iterate(ctx, "Staking", "ValidatorCount", nil, nil), []string{"Staking.ValidatorCount", "not a map"}},
	} {
		if tc.err == nil {
			t.Errorf("no error where one with %q is due", tc.want)
			continue
		}
		for _, w := range tc.want {
			if !strings.Contains(strings.ToLower(tc.err.Error()), strings.ToLower(w)) {
				t.Errorf("%q does not say %q", tc.err, w)
			}
		}
		var read *substrate.ReadError
		if !errors.As(tc.err, &read) || strings.Count(tc.err.Error(), "Testnet block") != 1 {
			t.Errorf("%q does not name chain and block once", tc.err)
		}
	}
	if !errors.Is(unknown, substrate.ErrNotFound) {
		t.Error("an unknown item is not ErrNotFound")
	}
}

func TestUnknownBlocks(t *testing.T) {
	ctx := testContext(t)
	c := dial(t, config(newNode(t)))
	_, byNumber := c.BlockAt(ctx, 5)
	_, byHash := c.BlockByHash(ctx, substrate.Hash{7})
	for _, err := range []error{byNumber, byHash} {
		var unknown *substrate.UnknownBlockError
		if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "Testnet has no block") {
			t.Errorf("got %v", err)
		}
	}
}
