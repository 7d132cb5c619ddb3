package substrate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// newPrefs is the metadata of the runtime to which the test chain is upgraded: a field is inserted in front.
func newPrefs(t testing.TB) []byte {
	m := substratetest.NewMetadata()
	m.Struct("pallet_staking::ValidatorPrefs", "tag: u32", "commission: Compact<Perbill>", "blocked: bool")
	m.Pallet("System", 0).Constant("SS58Prefix", "u16", scale.AppendU16(nil, 2))
	m.Pallet("Staking", 7).Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false)
	m.API("StakingApi", "nominations_quota", "u64", "balance: u128")
	return m.MustEncode(t, 15)
}

// upgraded is a chain whose block 2 enacts an upgrade and whose block 3 has migrated the data.
func upgraded(t testing.TB) *substratetest.TestNode {
	node := newNode(t)
	node.Put("Staking", "Validators", map[string]any{"commission": 5, "blocked": true}, account(1))
	node.Mine(substratetest.BlockOptions{})
	node.Mine(substratetest.BlockOptions{Upgrade: &substratetest.Runtime{SpecVersion: 10, Metadata: newPrefs(t)}})
	node.Mine(substratetest.BlockOptions{})
	node.Put("Staking", "Validators", map[string]any{"tag": 77, "commission": 6, "blocked": true}, account(1))
	return node
}

func TestBlocksAreReadWithTheRuntimeThatWroteThem(t *testing.T) {
	ctx := testContext(t)
	node := upgraded(t)
	node.HandleCall("StakingApi_nominations_quota", func(b *substratetest.Block, _ []byte) ([]byte, error) {
		if b.Number >= 2 { // the new code
			return scale.AppendU64(nil, 24), nil
		}
		return scale.AppendU32(nil, 16), nil
	})
	for _, order := range [][]uint32{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 3, 1}} {
		c := dial(t, config(node))
		for _, number := range order {
			b, err := c.BlockAt(ctx, number)
			if err != nil {
				t.Fatal(err)
			}
			version, code, commission, quota := uint32(9), uint32(9), uint32(5), uint64(16)
			if number >= 2 {
				code, quota = 10, 24
			}
			if number >= 3 {
				version, commission = 10, 6
			}
			next, err := b.NextRuntime(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if b.Runtime().SpecVersion != version || next.SpecVersion != code {
				t.Errorf("order %v, block %d: runtimes %d and %d", order, number, b.Runtime().SpecVersion, next.SpecVersion)
			}
			var p prefs
			if _, err := b.Get(ctx, "Staking", "Validators", &p, account(1)); err != nil || p.Commission != commission {
				t.Errorf("order %v, block %d: %+v, %v", order, number, p, err)
			}
			var q any
			if err := b.Call(ctx, "StakingApi", "nominations_quota", &q, 1); err != nil || q != quota {
				t.Errorf("order %v, block %d: quota %v, %v", order, number, q, err)
			}
		}
		if got := c.Runtime().SpecVersion; got != 10 {
			t.Errorf("the latest runtime is %d", got)
		}
	}
}

func TestMetadataIsReadOncePerRuntime(t *testing.T) {
	ctx := testContext(t)
	node := upgraded(t)
	c := dial(t, config(node))
	for _, number := range []uint32{0, 1, 2, 3, 2, 1, 0, 3} {
		if _, err := c.BlockAt(ctx, number); err != nil {
			t.Fatal(err)
		}
	}
	if got := node.Count("state_getMetadata"); got != 2 {
		t.Errorf("the metadata was read %d times", got)
	}
}

func TestPrunedParentIsNoObstacle(t *testing.T) {
	node := upgraded(t)
	node.PruneBefore(3)
	var p prefs
	b := finalised(t, dial(t, config(node)))
	if _, err := b.Get(testContext(t), "Staking", "Validators", &p, account(1)); err != nil || p.Commission != 6 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestChangedTypesAreReported(t *testing.T) {
	ctx := testContext(t)
	node := upgraded(t)
	probe := dial(t, config(node))
	old, err := probe.BlockAt(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	known := func(kind substrate.ItemKind, pallet, item string) substrate.Expectation {
		sum, err := old.Runtime().Checksum(kind, pallet, item)
		if err != nil {
			t.Fatal(err)
		}
		return substrate.Expectation{Kind: kind, Pallet: pallet, Item: item, Known: [][32]byte{{1}, sum}}
	}
	cfg := config(node)
	cfg.Expect = []substrate.Expectation{
		known(substrate.Storage, "Staking", "Validators"),
		known(substrate.Storage, "Staking", "Nominators"), // gone after the upgrade, which is not a change of type
		known(substrate.Constant, "System", "SS58Prefix"),
		known(substrate.RuntimeCall, "StakingApi", "nominations_quota"),
	}
	cfg.RefuseChanged = true
	c := dial(t, cfg)
	before, err := c.BlockAt(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m := before.Runtime().Mismatches; len(m) != 0 {
		t.Errorf("the known runtime has mismatches: %v", m)
	}
	after := finalised(t, c)
	var names []string
	for _, m := range after.Runtime().Mismatches {
		names = append(names, m.Kind.String()+" "+m.Pallet+"."+m.Item)
	}
	if got := strings.Join(names, ", "); got != "storage Staking.Validators, runtime call StakingApi.nominations_quota" {
		t.Errorf("mismatches: %s", got)
	}
	var p prefs
	var changed *substrate.TypeChangedError
	if _, err := after.Get(ctx, "Staking", "Validators", &p, account(1)); !errors.As(err, &changed) || !strings.Contains(err.Error(), "Staking.Validators has the unknown type ValidatorPrefs by AccountId32") {
		t.Errorf("the changed item was read: %+v, %v", p, err)
	}
	if err := after.Call(ctx, "StakingApi", "nominations_quota", &p, 1); !errors.As(err, &changed) {
		t.Errorf("the changed function was called: %v", err)
	}
	if _, err := before.Get(ctx, "Staking", "Validators", &p, account(1)); err != nil || p.Commission != 5 {
		t.Errorf("the unchanged item was not read: %v", err)
	}
}

func TestLostFieldIsNamed(t *testing.T) {
	var v struct {
		Commission uint32
		Slashable  bool
		Extra      *uint32 `scale:"extra,optional"`
	}
	b := finalised(t, dial(t, config(upgraded(t))))
	_, err := b.Get(testContext(t), "Staking", "Validators", &v, account(1))
	if err == nil || !strings.Contains(err.Error(), "\"Slashable\"") || !strings.Contains(err.Error(), "Staking.Validators") {
		t.Errorf("got %v", err)
	}
}
