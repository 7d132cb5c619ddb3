package metadata_test

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
)

func TestNewRegistryRefuses(t *testing.T) {
	for name, list := range map[string][]metadata.Type{
		"ids that do not count up":  {{ID: 1, Kind: metadata.Basic}},
		"element that is not there": {{Kind: metadata.Sequence, Elem: 1}},
		"field that is not there":   {{Kind: metadata.Composite, Fields: []metadata.Field{{Type: 7}}}},
		"variant's field":           {{Kind: metadata.Enum, Variants: []metadata.Variant{{Fields: []metadata.Field{{Type: 7}}}}}},
		"tuple's element":           {{Kind: metadata.Tuple, Elems: []metadata.TypeID{0, metadata.NoType}}},
		"enum of 257 variants":      {{Kind: metadata.Enum, Variants: make([]metadata.Variant, 257)}},
		"order of bits":             {{Kind: metadata.BitSequence, Store: 0, Order: 3}},
	} {
		if _, err := metadata.NewRegistry(list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRegistryWithoutTypes(t *testing.T) {
	var reg *metadata.Registry
	if _, ok := reg.Type(0); ok || reg.Len() != 0 || reg.MinSize(0) != 0 || reg.Name(0) != "?" {
		t.Error("a nil registry has types")
	}
	if _, ok := reg.FixedSize(0); ok {
		t.Error("a nil registry has sizes")
	}
}

func TestSizes(t *testing.T) {
	reg, err := metadata.NewRegistry([]metadata.Type{
		{ID: 0, Kind: metadata.Basic, Primitive: metadata.U32},
		{ID: 1, Kind: metadata.Basic, Primitive: metadata.Bool},
		{ID: 2, Kind: metadata.Basic, Primitive: metadata.Str},
		{ID: 3, Kind: metadata.Array, Elem: 0, Len: 8},
		{ID: 4, Kind: metadata.Array, Elem: 3, Len: 1<<32 - 1},
		{ID: 5, Kind: metadata.Tuple},
		{ID: 6, Kind: metadata.Tuple, Elems: []metadata.TypeID{0, 3, 5}},
		{ID: 7, Kind: metadata.Tuple, Elems: []metadata.TypeID{0, 2}},
		{ID: 8, Kind: metadata.Enum, Variants: []metadata.Variant{{Fields: []metadata.Field{{Type: 3}}}, {Index: 1, Fields: []metadata.Field{{Type: 0}}}}},
		{ID: 9, Kind: metadata.Compact, Elem: 0},
		{ID: 10, Kind: metadata.Compact, Elem: 5},
		{ID: 11, Kind: metadata.Sequence, Elem: 0},
		{ID: 12, Kind: metadata.Composite, Fields: []metadata.Field{{Type: 12}, {Type: 0}}},
		{ID: 13, Kind: metadata.Composite, Fields: []metadata.Field{{Type: 1}}},
		{ID: 14, Kind: metadata.Array, Elem: 5, Len: 1<<32 - 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		id    metadata.TypeID
		least int
		fixed bool
	}{
		{0, 4, true}, {1, 1, false}, {2, 1, false}, {3, 32, true}, {4, 1 << 30, false}, {5, 0, true}, {6, 36, true},
		{7, 5, false}, {8, 5, false}, {9, 1, false}, {10, 0, true}, {11, 1, false}, {12, 4, false}, {13, 1, false}, {14, 0, true},
		{99, 0, false},
	} {
		size, fixed := reg.FixedSize(tt.id)
		if least := reg.MinSize(tt.id); least != tt.least || fixed != tt.fixed || fixed && size != least {
			t.Errorf("type %d: at least %d bytes, fixed %v (%d); want %d, %v", tt.id, least, fixed, size, tt.least, tt.fixed)
		}
	}
}

func TestNames(t *testing.T) {
	types := []metadata.Type{
		{ID: 0, Kind: metadata.Basic, Primitive: metadata.U32},
		{ID: 1, Kind: metadata.Tuple, Elems: []metadata.TypeID{0, 2}},
		{ID: 2, Kind: metadata.Array, Elem: 0, Len: 4},
		{ID: 3, Kind: metadata.Compact, Elem: 0},
		{ID: 4, Kind: metadata.Enum, Path: []string{"Option"}, Params: []metadata.TypeParam{{Name: "T", Type: 1}}},
		{ID: 5, Kind: metadata.Composite, Path: []string{"bounded_collections", "bounded_vec", "BoundedVec"},
			Params: []metadata.TypeParam{{Name: "T", Type: 0}, {Name: "S", Type: metadata.NoType}}},
		{ID: 6, Kind: metadata.Composite, Path: []string{"pallet", "Ledger"}, Params: []metadata.TypeParam{{Name: "T", Type: metadata.NoType}}},
		{ID: 7, Kind: metadata.Composite},
		{ID: 8, Kind: metadata.BitSequence},
		{ID: 9, Kind: metadata.Sequence, Elem: 9},
		{ID: 10, Kind: metadata.Tuple, Elems: []metadata.TypeID{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}},
		{ID: 11, Kind: metadata.Composite, Path: []string{strings.Repeat("ö", 1000)}},
	}
	reg, err := metadata.NewRegistry(types)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range []string{
		"u32", "(u32, [u32; 4])", "[u32; 4]", "Compact<u32>", "Option<(u32, [u32; 4])>", "BoundedVec<u32>", "Ledger",
		"type 7", "BitSequence", "Vec<Vec<Vec<Vec<Vec<Vec<Vec<Vec<…>>>>>>>>",
	} {
		if got := reg.Name(metadata.TypeID(id)); got != want {
			t.Errorf("type %d is %q, want %q", id, got, want)
		}
	}
	for _, id := range []metadata.TypeID{10, 11} {
		if got := reg.Name(id); len(got) > 400 {
			t.Errorf("the name of type %d has %d bytes", id, len(got))
		}
	}
	if typ := types[6]; typ.PathString() != "pallet::Ledger" || typ.Name() != "Ledger" {
		t.Errorf("type 6 is %q, %q", typ.PathString(), typ.Name())
	}
	for kind := metadata.Composite; kind <= metadata.BitSequence; kind++ {
		if strings.HasPrefix(kind.String(), "unknown") {
			t.Errorf("kind %d has no name", kind)
		}
	}
	for _, s := range []string{metadata.Kind(99).String(), metadata.Primitive(99).String(), metadata.Hasher(99).String()} {
		if !strings.HasPrefix(s, "unknown") {
			t.Errorf("99 is called %q", s)
		}
	}
	if metadata.Primitive(99).Size() != 0 || !metadata.I128.Signed() || metadata.U256.Signed() {
		t.Error("sizes or signs of primitives are wrong")
	}
}
