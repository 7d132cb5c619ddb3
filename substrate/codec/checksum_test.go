package codec_test

import (
	"errors"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
)

func checksum(t *testing.T, reg *metadata.Registry, id metadata.TypeID) [32]byte {
	t.Helper()
	sum, err := codec.Checksum(reg, id)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestChecksumDistinguishes makes types that all differ from each other in what matters.
func TestChecksumDistinguishes(t *testing.T) {
	b := new(types)
	u8, u32, u64 := b.basic(metadata.U8), b.basic(metadata.U32), b.basic(metadata.U64)
	record := func(fields ...metadata.Field) metadata.TypeID { return b.composite("Ledger", fields...) }
	self := metadata.TypeID(len(b.list))
	b.add(metadata.Type{Kind: metadata.Composite, Fields: []metadata.Field{field("next", self+1)}})
	b.option(self)
	ids := map[string]metadata.TypeID{
		"base":           record(field("era", u32), field("page", u32)),
		"added":          record(field("era", u32), field("page", u32), field("more", u8)),
		"added in front": record(field("more", u8), field("era", u32), field("page", u32)),
		"removed":        record(field("era", u32)),
		"renamed":        record(field("era", u32), field("pages", u32)),
		"reordered":      record(field("page", u32), field("era", u32)),
		"retyped":        record(field("era", u32), field("page", u64)),
		"compact":        record(field("era", b.compact(u32)), field("page", u32)),
		"optional":       record(field("era", b.option(u32)), field("page", u32)),
		"wrapped":        record(field("era", b.composite("Perbill", field("", u32))), field("page", u32)),
		"other wrapper":  record(field("era", b.composite("Percent", field("", u32))), field("page", u32)),
		"without names":  record(field("", u32), field("", u32)),
		"tuple":          b.tuple(u32, u32),
		"array":          b.array(2, u32),
		"longer array":   b.array(3, u32),
		"list":           b.vec(u32),
		"enum":           b.enum("E", variant(0, "A"), variant(1, "B")),
		"enum, renamed":  b.enum("E", variant(0, "A"), variant(1, "C")),
		"enum, moved":    b.enum("E", variant(0, "A"), variant(2, "B")),
		"enum, swapped":  b.enum("E", variant(1, "A"), variant(0, "B")),
		"enum, added":    b.enum("E", variant(0, "A"), variant(1, "B"), variant(2, "C")),
		"enum, carries":  b.enum("E", variant(0, "A"), variant(1, "B", field("", u8))),
		"enum, names":    b.enum("E", variant(0, "A"), variant(1, "B", field("x", u8))),
		"bits":           b.bits(metadata.U8, "Lsb0"),
		"other bits":     b.bits(metadata.U8, "Msb0"),
		"wide bits":      b.bits(metadata.U16, "Lsb0"),
		"recursive":      self,
		"u32":            u32,
		"unit":           b.tuple(),
		"nested":         record(field("era", u32), field("page", b.tuple(u32, u32))),
		"nested deeper":  record(field("era", u32), field("page", b.tuple(u32, u64))),
	}
	lists := func(elem metadata.TypeID) metadata.TypeID {
		for range 5 {
			elem = b.vec(elem)
		}
		return elem
	}
	ids["deep lists"] = record(field("a", lists(u8)), field("b", lists(u8)))
	ids["deep lists that differ"] = record(field("a", lists(u8)), field("b", lists(u32)))
	ids["deep lists that differ the other way"] = record(field("a", lists(u32)), field("b", lists(u8)))
	reg := b.registry(t)
	seen := make(map[[32]byte]string)
	for name, id := range ids {
		sum := checksum(t, reg, id)
		if other, ok := seen[sum]; ok {
			t.Errorf("%q and %q have the same checksum", name, other)
		}
		seen[sum] = name
	}
}

// TestChecksumIgnores makes types that differ only in what does not matter: order of ids, docs, names of structs,
// bounds of lengths, whether equal types are shared, order of the list of variants.
func TestChecksumIgnores(t *testing.T) {
	one := new(types)
	u32 := one.basic(metadata.U32)
	point := one.composite("Point", field("x", u32), field("y", u32))
	kind := one.enum("Kind", variant(0, "A"), variant(1, "B", field("", point)))
	list := one.vec(point)
	first := one.composite("Old", field("list", list), field("kind", kind), field("last", point))

	two := new(types)
	two.basic(metadata.Bool)
	unusedID := two.vec(0)
	pointOf := func() metadata.TypeID {
		return two.add(metadata.Type{
			Kind: metadata.Composite, Path: []string{"other", "Renamed"}, Docs: []string{"documented"},
			Fields: []metadata.Field{
				{Name: "x", Type: two.basic(metadata.U32), TypeName: "BlockNumber", Docs: []string{"x"}},
				{Name: "y", Type: two.basic(metadata.U32)},
			},
		})
	}
	bounded := two.composite("WeakBoundedVec", field("", two.composite("BoundedVec", field("", two.vec(pointOf())))))
	second := two.composite("New", field("list", bounded),
		field("kind", two.enum("Sort", variant(1, "B", field("", pointOf())), variant(0, "A"))), field("last", pointOf()))
	if unusedID == second {
		t.Fatal("the test is wrong")
	}
	if checksum(t, one.registry(t), first) != checksum(t, two.registry(t), second) {
		t.Error("equal structures have different checksums")
	}
}

// TestChecksumOfCircles compares a list type that refers to itself with the same one rolled out by one turn.
func TestChecksumOfCircles(t *testing.T) {
	circle := func(turns int, name string) ([32]byte, error) {
		b := new(types)
		u8 := b.basic(metadata.U8)
		start := metadata.TypeID(len(b.list))
		for i := range turns { // each node takes two ids: itself, and the Option of the next one
			this, next := start+metadata.TypeID(2*i), start+metadata.TypeID(2*((i+1)%turns))
			b.composite("Node", field(name, u8), field("next", this+1))
			b.option(next)
		}
		return codec.Checksum(b.registry(t), start)
	}
	one, err := circle(1, "value")
	if err != nil {
		t.Fatal(err)
	}
	three, err := circle(3, "value")
	if err != nil {
		t.Fatal(err)
	}
	other, err := circle(1, "values")
	if err != nil {
		t.Fatal(err)
	}
	if one != three {
		t.Error("a circle of three equal types and one of one have different checksums")
	}
	if one == other {
		t.Error("circles with different names have the same checksum")
	}
}

// TestChecksumOfChains checks real types whose structure is known to be the same, or not, in different runtimes.
func TestChecksumOfChains(t *testing.T) {
	of := func(label, pallet, item string) [32]byte {
		m := fixtures.Metadata(t, label)
		e, err := m.Storage(pallet, item)
		if err != nil {
			t.Fatal(err)
		}
		return checksum(t, m.Types, e.Value)
	}
	tests := []struct {
		pallet, item, one, two string
		same                   bool
	}{
		{"System", "Account", "paseo-1001002.v14", "paseo-1001002.v15", true},
		{"System", "Account", "polkadot-2000000.v15", "asset-hub-kusama-1009003.v15", true},
		{"System", "Account", "westend-9320.v14", "paseo-1001002.v14", false},
		{"Staking", "Nominators", "westend-9320.v14", "asset-hub-polkadot-2000000.v15", true},
		{"Staking", "Validators", "westend-9320.v14", "asset-hub-polkadot-2000000.v15", true},
		{"Staking", "Ledger", "westend-9320.v14", "polkadot-1002005.v14", false},
		{"Staking", "Ledger", "kusama-1003000.v14", "polkadot-1002005.v14", true},
		{"Staking", "Ledger", "polkadot-2000000.v15", "asset-hub-polkadot-2000000.v15", false},
		{"Staking", "ErasStakersPaged", "polkadot-1002005.v14", "asset-hub-polkadot-2000000.v15", true},
		{"Staking", "ErasRewardPoints", "westend-9320.v14", "asset-hub-polkadot-2000000.v15", true},
		{"Identity", "IdentityOf", "paseo-1001002.v14", "polkadot-1002005.v14", false},
		{"Session", "NextKeys", "westend-9320.v14", "paseo-1001002.v14", false},
		{"Staking", "Nominators", "node-268.v15", "node-268.v16", true},
		{"System", "Events", "polkadot-1002005.v14", "polkadot-2000000.v15", false},
	}
	for _, tt := range tests {
		if same := of(tt.one, tt.pallet, tt.item) == of(tt.two, tt.pallet, tt.item); same != tt.same {
			t.Errorf("%s.%s of %s and %s: same checksum is %v, want %v", tt.pallet, tt.item, tt.one, tt.two, same, tt.same)
		}
	}
}

// TestChecksumOfEverything has a checksum for every type of every blob.
func TestChecksumOfEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for _, label := range []string{"contracts-node-100.v14", "westend-9320.v14"} {
		m := fixtures.Metadata(t, label)
		for id := range metadata.TypeID(m.Types.Len()) {
			if _, err := codec.Checksum(m.Types, id); err != nil {
				t.Errorf("%s: %v", label, err)
			}
		}
	}
	if _, err := codec.Checksum(fixtures.Metadata(t, "contracts-node-100.v14").Types, metadata.NoType); !errors.Is(err, codec.ErrType) {
		t.Errorf("no type: error %v", err)
	}
}
