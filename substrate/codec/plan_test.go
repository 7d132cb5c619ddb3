package codec_test

import (
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"lukechampine.com/uint128"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// planck is a type of its own that takes integers of 128 bits.
type planck struct{ lo, hi uint64 }

func (p *planck) SetU128(lo, hi uint64) { *p = planck{lo, hi} }

func (p planck) Big() *big.Int { return uint128.New(p.lo, p.hi).Big() }

func (p planck) String() string { return p.Big().String() }

// inner is a struct inside others.
type inner struct {
	Value *big.Int
	Era   uint32
}

// everything has a field for every rule of Compile.
type everything struct {
	Flag     bool
	Small    uint8
	Negative int16
	Widened  uint64 `scale:"small_too"`
	Planck   planck
	U128     uint128.Uint128 `scale:"total"`
	Big      *big.Int        `scale:"compact_total"`
	BigInt   codec.BigInt    `scale:"huge"`
	Inline   big.Int         `scale:"words"`
	Text     string
	Letter   rune
	Who      [32]byte
	Targets  [][32]byte
	Others   []codec.AccountID
	Key      []byte
	ID       [2]byte `scale:"id"`
	Name     string  `scale:"name_bytes"`
	Some     *uint32
	None     *inner
	Maybe    *big.Int
	Nested   **uint32
	List     []inner
	Pair     struct {
		Second uint8  `scale:"1"`
		First  uint32 `scale:"0"`
	}
	Pairs  [2][2]uint8
	Points map[[32]byte]uint32
	Bits   []bool
	Mode   string
	Payee  struct {
		Staked  bool
		Account *[32]byte
		Both    *struct {
			A uint8 `scale:"0"`
			B uint8 `scale:"1"`
		}
		Named *struct{ Who uint8 }
		Other string `scale:",variant"`
	}
	Dynamic any
	Variant codec.Variant
	Raw     codec.Raw
	Absent  *uint32  `scale:"not_there,optional"`
	Renamed []uint32 `scale:"claimed|legacy_claimed"`
	Ignored string   `scale:"-"`
	embedded
}

type embedded struct{ Deep uint8 }

func everythingType(b *types) metadata.TypeID {
	p := b.basic
	u8, u16, u32, u64, u128 := p(metadata.U8), p(metadata.U16), p(metadata.U32), p(metadata.U64), p(metadata.U128)
	account := b.account()
	chunk := b.composite("Chunk", field("value", b.compact(u128)), field("era", b.compact(u32)), field("extra", b.vec(u8)))
	payee := b.enum("Payee", variant(0, "Staked"), variant(3, "Account", field("", account)),
		variant(4, "Both", field("", u8), field("", u8)), variant(5, "Named", field("who", u8)),
		variant(6, "Rare", field("", u32)))
	return b.composite("Everything",
		field("flag", p(metadata.Bool)), field("small", u8), field("negative", p(metadata.I16)), field("small_too", u16),
		field("skipped", b.vec(payee)), field("planck", u128), field("total", u128), field("compact_total", b.compact(u128)),
		field("huge", p(metadata.U256)), field("words", b.composite("U256", field("", b.array(4, u64)))),
		field("text", p(metadata.Str)), field("letter", p(metadata.Char)), field("who", account),
		field("targets", b.composite("BoundedVec", field("", b.vec(account)))), field("others", b.vec(account)),
		field("key", b.vec(u8)), field("id", b.array(2, u8)), field("name_bytes", b.vec(u8)),
		field("some", b.option(u32)), field("none", b.option(chunk)), field("maybe", b.option(u128)),
		field("nested", b.option(b.option(u32))), field("list", b.vec(chunk)), field("pair", b.tuple(u32, u8)),
		field("pairs", b.array(2, b.tuple(u8, u8))), field("points", b.composite("BTreeMap", field("", b.vec(b.tuple(account, u32))))),
		field("bits", b.bits(metadata.U8, "Lsb0")), field("mode", b.enum("Mode", variant(0, "Off"), variant(2, "On", field("", u32)))),
		field("payee", payee), field("dynamic", payee), field("variant", b.option(u8)), field("raw", b.tuple(u8, payee)),
		field("legacy_claimed", b.vec(u32)), field("deep", u8))
}

const everythingJSON = `{"flag":true,"small":255,"negative":-2,"small_too":513,
	"skipped":["Staked",{"Rare":1}],"planck":"340282366920938463463374607431768211455","total":"18446744073709551616",
	"compact_total":"1208925819614629174706176","huge":"1000000000000000000000000","words":"7","text":"tea","letter":"ß",
	"who":"0x1111111111111111111111111111111111111111111111111111111111111111",
	"targets":["0x2222222222222222222222222222222222222222222222222222222222222222","0x3333333333333333333333333333333333333333333333333333333333333333"],
	"others":["0x4444444444444444444444444444444444444444444444444444444444444444"],
	"key":"0x0102","id":"0x0304","name_bytes":"0x616c696365","some":7,"none":null,"maybe":"9","nested":{"Some":5},
	"list":[{"value":"1","era":2,"extra":"0x09"},{"value":"3","era":4,"extra":"0x"}],"pair":[70000,8],"pairs":[[1,2],[3,4]],
	"points":[["0x1111111111111111111111111111111111111111111111111111111111111111",20],["0x2222222222222222222222222222222222222222222222222222222222222222",40]],
	"bits":"0b101","mode":{"On":6},"payee":{"Both":[1,2]},"dynamic":{"Named":{"who":3}},"variant":4,"raw":[1,"Staked"],
	"legacy_claimed":[10,11],"deep":12}`

func TestUnmarshalEverything(t *testing.T) {
	b := new(types)
	id := everythingType(b)
	reg := b.registry(t)
	raw, err := codec.Encode(reg, id, fromJSON(t, everythingJSON))
	if err != nil {
		t.Fatal(err)
	}
	got := everything{Ignored: "mine", Absent: new(uint32)}
	if err := codec.Unmarshal(reg, id, raw, &got); err != nil {
		t.Fatal(err)
	}
	fill := func(b byte) (id [32]byte) {
		for i := range id {
			id[i] = b
		}
		return id
	}
	seven, five := uint32(7), uint32(5)
	fivePtr := &five
	want := everything{
		Flag: true, Small: 255, Negative: -2, Widened: 513, Planck: planck{1<<64 - 1, 1<<64 - 1},
		U128: uint128.New(0, 1), Big: new(big.Int).Lsh(big.NewInt(1), 80), Text: "tea", Letter: 'ß', Who: fill(0x11),
		Targets: [][32]byte{fill(0x22), fill(0x33)}, Others: []codec.AccountID{fill(0x44)}, Key: []byte{1, 2}, ID: [2]byte{3, 4},
		Name: "alice", Some: &seven, Maybe: big.NewInt(9), Nested: &fivePtr, List: []inner{{big.NewInt(1), 2}, {big.NewInt(3), 4}},
		Pairs: [2][2]uint8{{1, 2}, {3, 4}}, Points: map[[32]byte]uint32{fill(0x11): 20, fill(0x22): 40},
		Bits: []bool{true, false, true}, Mode: "On",
		Dynamic: codec.Variant{Name: "Named", Fields: []codec.Field{{Name: "who", Value: uint64(3)}}},
		Variant: codec.Variant{Name: "Some", Fields: []codec.Field{{Value: uint64(4)}}},
		Raw:     codec.Raw{1, 0}, Renamed: []uint32{10, 11}, Ignored: "mine", embedded: embedded{Deep: 12},
	}
	trillion, _ := new(big.Int).SetString("1000000000000000000000000", 10)
	want.BigInt = codec.NewBigInt(trillion)
	want.Inline.SetInt64(7)
	want.Pair.First, want.Pair.Second = 70000, 8
	want.Payee.Other = "Both"
	want.Payee.Both = &struct {
		A uint8 `scale:"0"`
		B uint8 `scale:"1"`
	}{1, 2}
	byText := cmp.Options{
		cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }),
		cmp.Comparer(func(a, b codec.BigInt) bool { return a.String() == b.String() }),
		cmp.AllowUnexported(planck{}),
		cmp.AllowUnexported(everything{}),
	}
	if diff := cmp.Diff(want, got, byText); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

// TestUnmarshalOverwrites reads two values into the same destination: nothing of the first may stay, and what the
// first shared must not change.
func TestUnmarshalOverwrites(t *testing.T) {
	b := new(types)
	id := b.composite("S", field("list", b.vec(b.basic(metadata.U32))), field("maybe", b.option(b.basic(metadata.U8))),
		field("kind", b.enum("K", variant(0, "A"), variant(1, "B", field("", b.basic(metadata.U8))))))
	reg := b.registry(t)
	var s struct {
		List  []uint32
		Maybe *uint8
		Kind  struct {
			A bool
			B *uint8
		}
	}
	plan, err := codec.Compile(reg, id, reflect.TypeOf(s))
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Unmarshal(unhex(t, "080100000002000000"+"0107"+"0109"), &s); err != nil {
		t.Fatal(err)
	}
	list := s.List
	if err := plan.Unmarshal(unhex(t, "0403000000"+"00"+"00"), &s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{1, 2}, list); diff != "" {
		t.Errorf("the first list changed:\n%s", diff)
	}
	if len(s.List) != 1 || s.Maybe != nil || !s.Kind.A || s.Kind.B != nil {
		t.Errorf("the second value is %+v", s)
	}
}

func TestCompileRefuses(t *testing.T) {
	b := new(types)
	u8, u32 := b.basic(metadata.U8), b.basic(metadata.U32)
	record := b.composite("Record", field("era", u32), field("who", b.account()))
	kind := b.enum("Kind", variant(0, "A"), variant(1, "B", field("", u8), field("", u8)))
	tests := []struct {
		name string
		id   metadata.TypeID
		dst  any
		text string
	}{
		{"a field that is not there", record, &struct{ Stash [32]byte }{}, `has no "Stash" (it has: era, who)`},
		{"two names that are not there", record, &struct {
			A uint8 `scale:"x|y"`
		}{}, `has no "x|y"`},
		{"integer into text", record, &struct{ Era string }{}, "field era"},
		{"account into too small an array", record, &struct{ Who [20]byte }{}, "array of 32 elements does not go into [20]uint8"},
		{"text for an integer", u32, new(string), "integer"},
		{"Option without a pointer", b.option(u32), new(uint32), "an Option needs a pointer"},
		{"Option of Option with one pointer", b.option(b.option(b.basic(metadata.U128))), new(*big.Int), "needs two pointers"},
		{"struct into a number", record, new(uint32), "does not go into Go type uint32"},
		{"tuple into a struct without positions", b.tuple(u8, u32), &struct{ A uint8 }{}, `has no "A" (it has: 0, 1)`},
		{"variant that is not there", kind, &struct{ C *uint8 }{}, `has no "C" (it has: A, B)`},
		{"variant that needs a pointer", kind, &struct{ B uint8 }{}, "variant B: needs a pointer or a bool"},
		{"two values into one", kind, &struct{ B *uint8 }{}, "variant B: carries 2 fields"},
		{"no pairs into a map", b.vec(u8), new(map[uint8]uint8), "no pairs"},
		{"map with keys of any type", b.vec(b.tuple(u8, u8)), new(map[any]uint8), "keys"},
		{"list into a struct", b.vec(u32), &struct{}{}, "does not go into"},
		{"bits into bytes", b.bits(metadata.U8, "Lsb0"), new([]byte), "does not go into"},
		{"unknown option in a tag", record, &struct {
			Era uint32 `scale:"era,omitempty"`
		}{}, `unknown option "omitempty"`},
		{"tag on a hidden field", record, &struct {
			era uint32 `scale:"era"`
		}{}, "not exported"},
		{"a channel", u32, new(chan int), "integer does not go into"},
		{"an interface with methods", u32, new(error), "does not go into"},
		{"no such type", 9999, new(uint32), "type 9999"},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := codec.Compile(reg, tt.id, reflect.TypeOf(tt.dst).Elem())
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want one with %q", err, tt.text)
			}
		})
	}
	for name, dst := range map[string]any{"nil": nil, "no pointer": uint32(1), "nil pointer": (*uint32)(nil)} {
		if err := codec.Unmarshal(reg, u32, unhex(t, "01000000"), dst); !errors.Is(err, codec.ErrMismatch) {
			t.Errorf("%s as destination: error %v", name, err)
		}
	}
	if _, err := codec.Compile(reg, u32, nil); !errors.Is(err, codec.ErrMismatch) {
		t.Errorf("no Go type: error %v", err)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	b := new(types)
	u128 := b.basic(metadata.U128)
	i64 := b.basic(metadata.I64)
	kind := b.enum("Kind", variant(0, "A"), variant(1, "B"))
	tests := []struct {
		name string
		id   metadata.TypeID
		hex  string
		dst  any
		text string
	}{
		{"too great for uint64", u128, strings.Repeat("ff", 16), new(uint64), "out of range"},
		{"too great for int64", u128, "ffffffffffffffff0000000000000000", new(int64), "out of range"},
		{"too great for uint8", b.compact(u128), "0104", new(uint8), "read 256 into Go type uint8"},
		{"negative into uint64", i64, strings.Repeat("ff", 8), new(uint64), "out of range"},
		{"too small for int8", i64, "7fffffffffffffff", new(int8), "-129"},
		{"negative planck", i64, strings.Repeat("ff", 8), new(planck), "out of range"},
		{"too many bytes", b.vec(b.basic(metadata.U8)), "0c010203", new([2]byte), "3 bytes do not go into an array of 2"},
		{"unexpected variant", kind, "01", &struct{ A bool }{}, "no field for variant B"},
		{"no such variant", kind, "07", &struct {
			Name string `scale:",variant"`
		}{}, "no variant with index 7"},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := codec.Unmarshal(reg, tt.id, unhex(t, tt.hex), tt.dst)
			if err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want one with %q", err, tt.text)
			}
		})
	}
	var least int64
	if err := codec.Unmarshal(reg, i64, unhex(t, "0000000000000080"), &least); err != nil || least != -1<<63 {
		t.Errorf("least int64: %d, %v", least, err)
	}
}
