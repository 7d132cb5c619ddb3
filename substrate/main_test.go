package substrate_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testContext ends well before the test binary would.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// testMetadata is a small staking chain. Each of the options adds to it.
func testMetadata(t testing.TB, version uint8, options ...func(*substratetest.Metadata, *substratetest.Pallet)) []byte {
	m := substratetest.NewMetadata()
	m.Struct("pallet_staking::ValidatorPrefs", "commission: Compact<Perbill>", "blocked: bool")
	m.Struct("pallet_staking::Nominations", "targets: Vec<AccountId32>", "submitted_in: u32", "suppressed: bool")
	m.Struct("pallet_staking::ActiveEraInfo", "index: u32", "start: Option<u64>")
	m.Pallet("System", 0).
		Map("Account", "Blake2_128Concat: AccountId32", "u128", false).
		Constant("SS58Prefix", "u16", scale.AppendU16(nil, 2))
	m.Pallet("Timestamp", 1).Value("Now", "u64", false)
	p := m.Pallet("Staking", 7).
		Value("ActiveEra", "ActiveEraInfo", true).
		Value("ValidatorCount", "u32", false).
		Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false).
		Map("Nominators", "Twox64Concat: AccountId32", "Nominations", true).
		Map("ClaimedRewards", "Twox64Concat: u32, Twox64Concat: AccountId32", "Vec<u32>", false).
		Constant("HistoryDepth", "u32", scale.AppendU32(nil, 84))
	m.API("StakingApi", "nominations_quota", "u32", "balance: u128")
	for _, o := range options {
		o(m, p)
	}
	return m.MustEncode(t, version)
}

func newNode(t testing.TB, options ...func(*substratetest.NodeConfig)) *substratetest.TestNode {
	cfg := substratetest.NodeConfig{
		Chain: "Testnet", SpecName: "test", SpecVersion: 9, TransactionVersion: 3, Metadata: testMetadata(t, 15),
		Properties: map[string]any{"ss58Format": []int{42}, "tokenDecimals": []int{12, 10}, "tokenSymbol": []string{"UNIT", "OTHER"}},
	}
	for _, o := range options {
		o(&cfg)
	}
	return substratetest.NewNode(t, cfg)
}

// config is what tests dial with: no pings, quick back-off, no randomness.
func config(nodes ...*substratetest.TestNode) substrate.Config {
	cfg := substrate.Config{
		PingInterval: -1, Random: func() float64 { return 0.5 },
		Backoff:     rpc.Backoff{Base: time.Millisecond, Max: 4 * time.Millisecond},
		RateBackoff: rpc.Backoff{Base: time.Millisecond, Max: 4 * time.Millisecond},
	}
	for _, n := range nodes {
		cfg.Endpoints = append(cfg.Endpoints, n.URL())
	}
	return cfg
}

func dial(t testing.TB, cfg substrate.Config) *substrate.Client {
	t.Helper()
	c, err := substrate.Dial(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func finalised(t testing.TB, c *substrate.Client) *substrate.Block {
	t.Helper()
	b, err := c.Finalised(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// account makes the nth of many different account ids.
func account(n int) [32]byte {
	return hash.Blake2b256(binary.BigEndian.AppendUint64([]byte("account"), uint64(n)))
}

// populate puts n validators into the head's state; the commission of the ith is i.
func populate(t testing.TB, n int, nodes ...*substratetest.TestNode) {
	t.Helper()
	for i := range n {
		pair, ok := encoded.Load(i)
		if !ok {
			key, value, err := nodes[0].Encode("Staking", "Validators", map[string]any{"commission": uint32(i), "blocked": i%2 == 1}, account(i))
			if err != nil {
				t.Fatal(err)
			}
			pair = [2][]byte{key, value}
			encoded.Store(i, pair)
		}
		kv := pair.([2][]byte)
		for _, node := range nodes {
			node.SetRaw(kv[0], kv[1])
		}
	}
}

// encoded remembers what populate has encoded: it is the same in all tests.
var encoded sync.Map

// prefs is a validator's preferences as the programme would read them.
type prefs struct {
	Commission uint32
	Blocked    bool
}

// readValidators reads the whole map into commission by account.
func readValidators(ctx context.Context, b *substrate.Block) (map[[32]byte]uint32, error) {
	plan, err := substrate.StoragePlan[prefs](b.Runtime(), "Staking", "Validators")
	if err != nil {
		return nil, err
	}
	all := map[[32]byte]uint32{}
	err = b.Iterate(ctx, "Staking", "Validators", nil, func(keys []any, value []byte) error {
		id, ok := keys[0].(interface{ String() string })
		if !ok {
			return fmt.Errorf("the key is a %T", keys[0])
		}
		h, err := substrate.ParseHash(id.String())
		if err != nil {
			return err
		}
		var p prefs
		if err := plan.Unmarshal(value, &p); err != nil {
			return err
		}
		if _, twice := all[h]; twice {
			return fmt.Errorf("%s comes twice", h)
		}
		all[h] = p.Commission
		return nil
	})
	return all, err
}
