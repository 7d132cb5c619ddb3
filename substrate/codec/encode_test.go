package codec_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"lukechampine.com/uint128"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// TestEncodeForms encodes the different forms in which the same value may be given.
func TestEncodeForms(t *testing.T) {
	b := new(types)
	u8, u32, u128 := b.basic(metadata.U8), b.basic(metadata.U32), b.basic(metadata.U128)
	account := b.account()
	record := b.composite("Record", field("era", u32), field("who", account))
	kind := b.enum("Kind", variant(2, "None"), variant(1, "Some", field("", u8)), variant(4, "Two", field("a", u8), field("b", u8)))
	id := [32]byte(bytes.Repeat([]byte{7}, 32))
	hexID := hex.EncodeToString(id[:])
	pointer := &id
	type name string
	tests := []struct {
		name string
		id   metadata.TypeID
		want string
		vals []any
	}{
		{"integer", u32, "07000000", []any{
			7, uint8(7), int64(7), uint64(7), float64(7), json.Number("7"), "7", big.NewInt(7), *big.NewInt(7),
			codec.NewBigInt(big.NewInt(7)), uint128.From64(7), planck{7, 0}, &planck{7, 0}, codec.Raw{7, 0, 0, 0},
		}},
		{"negative", b.basic(metadata.I16), "feff", []any{-2, int8(-2), float64(-2), "-2", big.NewInt(-2)}},
		{"compact", b.compact(u128), "04", []any{1, "1", big.NewInt(1), uint128.From64(1)}},
		{"account", account, hexID, []any{
			id, &id, &pointer, id[:], codec.AccountID(id), codec.Bytes(id[:]), "0x" + hexID, ss58.EncodeAccount(0, id), ss58.EncodeAccount(42, id),
		}},
		{"bytes", b.vec(u8), "0c414243", []any{
			[]byte("ABC"), [3]byte{65, 66, 67}, "0x414243", "ABC", name("ABC"), []any{65, json.Number("66"), "67"}, []int{65, 66, 67},
		}},
		{"array of u8", b.array(2, u8), "4142", []any{[]byte("AB"), [2]byte{65, 66}, "0x4142", []any{65, 66}}},
		{"struct", record, "01000000" + hexID, []any{
			codec.Struct{{Name: "era", Value: 1}, {Name: "who", Value: id}},
			codec.Struct{{Name: "who", Value: id}, {Name: "era", Value: 1}},
			map[string]any{"who": id, "era": 1},
			[]any{1, id},
			struct {
				Who [32]byte
				Era int
			}{id, 1},
			&struct {
				Stash  *[32]byte `scale:"who"`
				Era    uint128.Uint128
				Absent string `scale:"absent,optional"`
				Mine   string `scale:"-"`
			}{&id, uint128.From64(1), "x", "y"},
		}},
		{"tuple", b.tuple(u8, u32), "0102000000", []any{
			[]any{1, 2}, []int{1, 2}, [2]uint32{1, 2},
			struct {
				B int `scale:"1"`
				A int `scale:"0"`
			}{2, 1},
		}},
		{"wrapper by position", b.composite("W", field("", u8)), "05", []any{5, struct {
			V int `scale:"0"`
		}{5}}},
		{"unit", b.tuple(), "", []any{nil, []any{}, struct{}{}, map[string]any{}, codec.Struct{}}},
		{"Option, none", b.option(u8), "00", []any{nil, (*uint8)(nil), codec.Variant{Name: "None"}}},
		{"Option, some", b.option(u32), "0107000000", []any{
			7, big.NewInt(7), codec.Variant{Name: "Some", Fields: []codec.Field{{Value: 7}}},
		}},
		{"Option of an enum with the same names", b.option(kind), "0102", []any{codec.Variant{Name: "None"}, "None"}},
		{"enum, nothing carried", kind, "02", []any{"None", name("None"), codec.Variant{Name: "None"}, struct{ None bool }{true}, map[string]any{"None": nil}}},
		{"enum, one value", kind, "0109", []any{
			map[string]any{"Some": 9}, codec.Variant{Name: "Some", Fields: []codec.Field{{Value: 9}}},
			struct{ Some, Other *uint8 }{Some: new(uint8(9))},
			struct {
				None bool
				Some *uint8
				Name string `scale:",variant"`
			}{Some: new(uint8(9)), Name: "Some"},
		}},
		{"enum, fields", kind, "040102", []any{
			map[string]any{"Two": map[string]any{"a": 1, "b": 2}}, map[string]any{"Two": []any{1, 2}},
			struct{ Two *struct{ A, B uint8 } }{&struct{ A, B uint8 }{1, 2}},
		}},
		{"map", b.composite("BTreeMap", field("", b.vec(b.tuple(u32, u8)))), "08ff000000010001000002", []any{
			map[uint32]uint8{256: 2, 255: 1}, map[uint64]any{256: 2, 255: 1}, []any{[]any{255, 1}, []any{256, 2}},
		}},
		{"map by account", b.vec(b.tuple(account, u8)), "04" + hexID + "01", []any{map[[32]byte]uint8{id: 1}}},
		{"map by text", b.vec(b.tuple(b.basic(metadata.Str), u8)), "0c" + "0461" + "01" + "0862" + "61" + "03" + "0463" + "02",
			[]any{map[string]int{"a": 1, "c": 2, "ba": 3}}},
		{"map by signed integers", b.vec(b.tuple(b.basic(metadata.I8), u8)), "08ff010102", []any{map[int8]int{-1: 1, 1: 2}}},
		{"bits", b.bits(metadata.U8, "Lsb0"), "0c05", []any{codec.Bits{true, false, true}, []bool{true, false, true}, "0b101"}},
		{"char", b.basic(metadata.Char), "41000000", []any{"A", 'A'}},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		for _, v := range tt.vals {
			got, err := codec.Encode(reg, tt.id, v)
			if err != nil || hex.EncodeToString(got) != tt.want {
				t.Errorf("%s: %T %v encodes to %x, %v; want %s", tt.name, v, v, got, err, tt.want)
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	b := new(types)
	u8, u32 := b.basic(metadata.U8), b.basic(metadata.U32)
	i8 := b.basic(metadata.I8)
	record := b.composite("Record", field("era", u32), field("page", u32))
	kind := b.enum("Kind", variant(0, "A"), variant(1, "B", field("", u8)))
	pairs := b.vec(b.tuple(b.tuple(u8, u8), u8))
	tests := []struct {
		name string
		id   metadata.TypeID
		v    any
		want error
		text string
	}{
		{"no such type", 9999, 1, codec.ErrType, "type 9999"},
		{"u8 of 256", u8, 256, scale.ErrRange, "256 does not fit into 8 bits"},
		{"u8 of -1", u8, -1, scale.ErrRange, "-1"},
		{"i8 of 128", i8, 128, scale.ErrRange, "128"},
		{"i8 of -129", i8, -129, scale.ErrRange, "-129"},
		{"compact u8 of 256", b.compact(u8), 256, scale.ErrRange, "256"},
		{"compact of -1", b.compact(u32), -1, scale.ErrRange, "-1"},
		{"half", u32, 0.5, codec.ErrMismatch, "integer expected, got float64"},
		{"infinity", u32, math.Inf(1), codec.ErrMismatch, "float64"},
		{"text", u32, "seven", codec.ErrMismatch, "integer expected"},
		{"very long number", u32, strings.Repeat("1", 1000), codec.ErrMismatch, "integer expected"},
		{"nil", u32, nil, codec.ErrMismatch, "integer expected"},
		{"nil pointer", u32, (*uint32)(nil), codec.ErrMismatch, "u32 expected"},
		{"nil big integer", u32, (*big.Int)(nil), codec.ErrMismatch, "expected"},
		{"missing field", record, map[string]any{"era": 1}, codec.ErrMismatch, "field page is missing"},
		{"extra member", record, map[string]any{"era": 1, "page": 2, "pages": 3}, codec.ErrMismatch, "3 fields given, 2 expected"},
		{"extra Go field", record, struct{ Era, Page, Pages int }{}, codec.ErrMismatch, "fields given"},
		{"list too short", record, []any{1}, codec.ErrMismatch, "field page is missing"},
		{"wrong value inside", record, []any{1, "x"}, codec.ErrMismatch, "page: integer expected"},
		{"unknown variant", kind, "C", codec.ErrVariant, `no variant "C"`},
		{"two variants", kind, map[string]any{"A": nil, "B": 1}, codec.ErrMismatch, "one member"},
		{"variant without its value", kind, "B", codec.ErrMismatch, "B: integer expected"},
		{"variant with a value too many", kind, map[string]any{"A": []any{1}}, codec.ErrMismatch, "A: 1 fields given, 0 expected"},
		{"no Go field set", kind, struct{ A bool }{}, codec.ErrMismatch, "no field"},
		{"two Go fields set", kind, struct {
			A bool
			B *uint8
		}{true, new(uint8)}, codec.ErrMismatch, "both A and B"},
		{"number for an enum", kind, 1, codec.ErrMismatch, "enum expected, got int"},
		{"short account", b.account(), "0x00", codec.ErrMismatch, "32 bytes expected, got 1"},
		{"mistyped address", b.account(), "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp6", ss58.ErrChecksum, "mistyped"},
		{"no hexadecimal", b.array(2, u8), "0xzz", codec.ErrMismatch, "not hexadecimal"},
		{"text for an array", b.array(2, u8), "ab", codec.ErrMismatch, "0x in front"},
		{"wrong length", b.array(2, u8), []byte{1}, codec.ErrMismatch, "2 bytes expected, got 1"},
		{"wrong number of elements", b.array(2, u32), []any{1}, codec.ErrMismatch, "2 elements expected, got 1"},
		{"wrong element", b.vec(u32), []any{1, 2, "x"}, codec.ErrMismatch, "[2]: integer expected"},
		{"byte of 256", b.vec(u8), []any{256}, codec.ErrMismatch, "[0] is no byte"},
		{"number for a list", b.vec(u32), 1, codec.ErrMismatch, "list expected"},
		{"map with keys of unknown order", pairs, map[[2]uint8]uint8{}, codec.ErrMismatch, "order of keys"},
		{"map for no pairs", b.vec(u32), map[int]int{}, codec.ErrMismatch, "cannot be made from a map"},
		{"two characters", b.basic(metadata.Char), "ab", codec.ErrMismatch, "one character"},
		{"surrogate", b.basic(metadata.Char), rune(0xd800), scale.ErrRange, "char"},
		{"no UTF-8", b.basic(metadata.Str), "\xff", scale.ErrText, "UTF-8"},
		{"bits of other digits", b.bits(metadata.U8, "Lsb0"), "0b12", codec.ErrMismatch, "0b0110"},
		{"number for bits", b.bits(metadata.U8, "Lsb0"), 1, codec.ErrMismatch, "bits expected"},
		{"bool of 1", b.basic(metadata.Bool), 1, codec.ErrMismatch, "bool expected"},
		{"raw bytes that are no encoding", u32, codec.Raw{1}, scale.ErrEnd, "byte"},
		{"raw bytes that are more than one", u8, codec.Raw{1, 2}, scale.ErrTrailing, "byte"},
		{"a channel", u32, make(chan int), codec.ErrMismatch, "chan int"},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := codec.Encode(reg, tt.id, tt.v)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Encode = %x, %v; want error %q with %q", got, err, tt.want, tt.text)
			}
		})
	}
}

// TestEncodeGoValues encodes what Unmarshal makes of a value that has everything.
func TestEncodeGoValues(t *testing.T) {
	b := new(types)
	u32, u128 := b.basic(metadata.U32), b.basic(metadata.U128)
	account := b.account()
	record := b.composite("Ledger", field("stash", account), field("total", b.compact(u128)),
		field("unlocking", b.vec(b.composite("Chunk", field("value", b.compact(u128)), field("era", b.compact(u32))))),
		field("nested", b.option(b.option(u32))), field("big", b.option(u128)),
		field("payee", b.enum("Payee", variant(0, "Staked"), variant(1, "Account", field("", account)))),
		field("points", b.vec(b.tuple(account, u32))))
	reg := b.registry(t)
	type goLedger struct {
		Stash     [32]byte
		Total     planck
		Unlocking []inner
		Nested    **uint32
		Big       *big.Int
		Payee     struct {
			Staked  bool
			Account *[32]byte
		}
		Points map[[32]byte]uint32
	}
	var none *uint32
	first := goLedger{
		Stash: [32]byte{1}, Total: planck{5, 6}, Unlocking: []inner{{big.NewInt(1), 2}}, Nested: &none, Big: big.NewInt(3),
		Points: map[[32]byte]uint32{{1}: 2, {3}: 4},
	}
	first.Payee.Account = &[32]byte{9}
	raw, err := codec.Encode(reg, record, first)
	if err != nil {
		t.Fatal(err)
	}
	var second goLedger
	if err := codec.Unmarshal(reg, record, raw, &second); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%+v came back as %+v", first, second)
	}
}
