package codec_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// TestDynamic has, for every kind of type, an encoding and the JSON of its dynamic value; both directions.
func TestDynamic(t *testing.T) {
	b := new(types)
	p := b.basic
	u8, u16, u32, u64, u128 := p(metadata.U8), p(metadata.U16), p(metadata.U32), p(metadata.U64), p(metadata.U128)
	boolean, text := p(metadata.Bool), p(metadata.Str)
	unit := b.tuple()
	perbill := b.composite("Perbill", field("", u32))
	account := b.account()
	ones := strings.Repeat("11", 32)
	payee := b.enum("RewardDestination", variant(0, "Staked"), variant(3, "Account", field("", account)),
		variant(7, "Pair", field("", u8), field("", u8)), variant(9, "Named", field("who", u8)))
	tests := []struct {
		name string
		id   metadata.TypeID
		hex  string
		json string
	}{
		{"u8", u8, "ff", `255`},
		{"u16", u16, "fdff", `65533`},
		{"u32", u32, "ffffff00", `16777215`},
		{"u64", u64, "ffffffffffffffff", `18446744073709551615`},
		{"u128", u128, "0010a5d4e80000000000000000000000", `"1000000000000"`},
		{"u256", p(metadata.U256), strings.Repeat("ff", 32),
			`"115792089237316195423570985008687907853269984665640564039457584007913129639935"`},
		{"i8", p(metadata.I8), "80", `-128`},
		{"i16", p(metadata.I16), "feff", `-2`},
		{"i32", p(metadata.I32), "feffffff", `-2`},
		{"i64", p(metadata.I64), "ffffffffffffffff", `-1`},
		{"i128", p(metadata.I128), "ffffffffffffffffffffffffffffffff", `"-1"`},
		{"i128, least", p(metadata.I128), "00000000000000000000000000000080", `"-170141183460469231731687303715884105728"`},
		{"i256", p(metadata.I256), "fe" + strings.Repeat("ff", 31), `"-2"`},
		{"bool", boolean, "01", `true`},
		{"char", p(metadata.Char), "ac200000", `"€"`},
		{"str", text, "1848616d6c6574", `"Hamlet"`},
		{"compact u8", b.compact(u8), "fd03", `255`},
		{"compact u128", b.compact(u128), "33" + strings.Repeat("ff", 16), `"340282366920938463463374607431768211455"`},
		{"compact Perbill", b.compact(perbill), "02c2eb0b", `50000000`},
		{"compact unit", b.compact(unit), "", `[]`},
		{"list of u16", b.vec(u16), "0c040008000f00", `[4,8,15]`},
		{"list of units", b.vec(unit), "08", `[[],[]]`},
		{"bytes", b.vec(u8), "0c010203", `"0x010203"`},
		{"array of u8", b.array(2, u8), "0102", `"0x0102"`},
		{"array of u16", b.array(2, u16), "01000200", `[1,2]`},
		{"tuple", b.tuple(u8, u32), "0102000000", `[1,2]`},
		{"unit", unit, "", `[]`},
		{"struct", b.composite("S", field("b", u8), field("a", text)), "010461", `{"b":1,"a":"a"}`},
		{"struct without names", b.composite("S", field("", u8), field("", u8)), "0102", `[1,2]`},
		{"struct with one named field", b.composite("S", field("aura", u8)), "01", `{"aura":1}`},
		{"empty struct", b.composite("S"), "", `[]`},
		{"wrappers in wrappers", b.composite("BoundedVec", field("", b.vec(perbill))), "0405000000", `[5]`},
		{"account", account, ones, `"0x` + ones + `"`},
		{"U256 of words", b.composite("U256", field("", b.array(4, u64))), "0001" + strings.Repeat("00", 30), `"256"`},
		{"Option, none", b.option(u32), "00", `null`},
		{"Option, some", b.option(u32), "0107000000", `7`},
		{"list of Options", b.vec(b.option(u8)), "08010100", `[1,null]`},
		{"Option of bool", b.option(boolean), "0101", `true`},
		{"Option of unit", b.option(unit), "01", `[]`},
		{"Option of Option, none", b.option(b.option(u8)), "00", `"None"`},
		{"Option of Option, some none", b.option(b.option(u8)), "0100", `{"Some":null}`},
		{"Option of Option, some some", b.option(b.option(u8)), "010107", `{"Some":7}`},
		{"three Options, none", b.option(b.option(b.option(u8))), "00", `null`},
		{"three Options, some none", b.option(b.option(b.option(u8))), "0100", `"None"`},
		{"Option of wrapped Option", b.option(b.composite("W", field("", b.option(u8)))), "0100", `{"Some":null}`},
		{"enum, nothing carried", payee, "00", `"Staked"`},
		{"enum, a value", payee, "03" + ones, `{"Account":"0x` + ones + `"}`},
		{"enum, two values", payee, "070102", `{"Pair":[1,2]}`},
		{"enum, fields", payee, "0902", `{"Named":{"who":2}}`},
		{"map", b.composite("BTreeMap", field("", b.vec(b.tuple(u32, u32)))), "08010000000a0000000200000014000000", `[[1,10],[2,20]]`},
		{"bits, lowest first", b.bits(metadata.U8, "Lsb0"), "280502", `"0b1010000001"`},
		{"bits, highest first", b.bits(metadata.U8, "Msb0"), "28a040", `"0b1010000001"`},
		{"bits in u16", b.bits(metadata.U16, "Lsb0"), "280502", `"0b1010000001"`},
		{"bits in u16, highest first", b.bits(metadata.U16, "Msb0"), "2840a0", `"0b1010000001"`},
		{"no bits", b.bits(metadata.U32, "Msb0"), "00", `"0b"`},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := unhex(t, tt.hex)
			got, err := codec.Decode(reg, tt.id, raw)
			if err != nil {
				t.Fatal(err)
			}
			if s := toJSON(t, got); s != tt.json {
				t.Errorf("decoded %s, want %s", s, tt.json)
			}
			for _, v := range []any{got, fromJSON(t, tt.json)} {
				if back, err := codec.Encode(reg, tt.id, v); err != nil || !bytes.Equal(back, raw) {
					t.Errorf("%T encodes to %x, %v; want %s", v, back, err, tt.hex)
				}
			}
			var skipped codec.Raw
			if err := codec.Unmarshal(reg, tt.id, raw, &skipped); err != nil || !bytes.Equal(skipped, raw) {
				t.Errorf("skipped %x, %v; want %s", skipped, err, tt.hex)
			}
			if least := reg.MinSize(tt.id); least > len(raw) {
				t.Errorf("minimum size %d, but there is an encoding of %d bytes", least, len(raw))
			}
			if size, ok := reg.FixedSize(tt.id); ok && size != len(raw) {
				t.Errorf("fixed size %d, but there is an encoding of %d bytes", size, len(raw))
			}
			if len(raw) > 0 {
				if v, err := codec.Decode(reg, tt.id, raw[:len(raw)-1]); err == nil {
					t.Errorf("decoded %v although the last byte is missing", v)
				}
			}
			if _, err := codec.Decode(reg, tt.id, append(raw, 0)); !errors.Is(err, scale.ErrTrailing) {
				t.Errorf("one byte too many: error %v, want %v", err, scale.ErrTrailing)
			}
			if v, n, err := codec.DecodePrefix(reg, tt.id, append(raw, 0)); err != nil || n != len(raw) || toJSON(t, v) != tt.json {
				t.Errorf("DecodePrefix = %v, %d, %v; want %s, %d", v, n, err, tt.json, len(raw))
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	b := new(types)
	u8, u32 := b.basic(metadata.U8), b.basic(metadata.U32)
	record := b.composite("Record", field("eras", b.vec(b.enum("E", variant(1, "One")))))
	tests := []struct {
		name string
		id   metadata.TypeID
		hex  string
		want error
		text string
	}{
		{"no such type", 1000, "00", codec.ErrType, "type 1000"},
		{"no such variant", record, "080105", codec.ErrVariant, "eras: [1]: at byte 2: some_crate::E has no variant with index 5"},
		{"bool 2", b.basic(metadata.Bool), "02", scale.ErrBool, "byte 0"},
		{"surrogate as char", b.basic(metadata.Char), "00d80000", scale.ErrRange, "char"},
		{"text that is not UTF-8", b.basic(metadata.Str), "04ff", scale.ErrText, "text"},
		{"compact u8 of 256", b.compact(u8), "0104", scale.ErrRange, "compact u8"},
		{"compact u128 of 2^128", b.compact(b.basic(metadata.U128)), "37" + strings.Repeat("00", 16) + "01", scale.ErrRange, "compact u128"},
		{"compact not in its shortest form", b.compact(u32), "0100", scale.ErrCompact, "byte 0"},
		{"compact of bool", b.compact(b.basic(metadata.Bool)), "00", codec.ErrType, "compact of bool"},
		{"bit sequence in bool", b.bits(metadata.Bool, "Lsb0"), "00", codec.ErrType, "bit sequence"},
		{"bit sequence of unknown order", b.bits(metadata.U8, "Other"), "00", codec.ErrType, "bit sequence"},
		{"bit set beyond the last", b.bits(metadata.U8, "Lsb0"), "0402", scale.ErrRange, "beyond"},
		{"more bits than bytes", b.bits(metadata.U8, "Lsb0"), "2405", scale.ErrEnd, "byte"},
		{"more elements than bytes", b.vec(u32), "fc00000000", scale.ErrEnd, "63 elements"},
		{"more units than allowed", b.vec(b.tuple()), "02000800", scale.ErrEnd, "elements"},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := unhex(t, tt.hex)
			v, err := codec.Decode(reg, tt.id, raw)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("Decode = %v, %v; want error %q with %q", v, err, tt.want, tt.text)
			}
			var skipped codec.Raw
			if err := codec.Unmarshal(reg, tt.id, raw, &skipped); !errors.Is(err, tt.want) {
				t.Errorf("skipping: error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWithAddresses(t *testing.T) {
	m := fixtures.Metadata(t, "polkadot-2000000.v15")
	entry, err := m.Storage("Staking", "Payee")
	if err != nil {
		t.Fatal(err)
	}
	alice := "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
	v, err := codec.Decode(m.Types, entry.Value, unhex(t, "03"+alice))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Account":"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"}`
	if got := toJSON(t, codec.WithAddresses(v, 0)); got != want {
		t.Errorf("with addresses: %s, want %s", got, want)
	}
	if got := toJSON(t, v); got != `{"Account":"0x`+alice+`"}` {
		t.Errorf("the value itself changed to %s", got)
	}
	list := codec.WithAddresses([]any{codec.Struct{{Name: "who", Value: codec.AccountID(unhex(t, alice))}}, uint64(1)}, 42)
	if got := toJSON(t, list); got != `[{"who":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"},1]` {
		t.Errorf("list with addresses: %s", got)
	}
}

func TestValues(t *testing.T) {
	s := codec.Struct{{Name: "<a>", Value: "x&y"}}
	if b, err := s.MarshalJSON(); err != nil || string(b) != `{"<a>":"x&y"}` {
		t.Errorf("JSON of %v is %s, %v", s, b, err)
	}
	if v, ok := s.Get("<a>"); !ok || v != "x&y" {
		t.Errorf("Get = %v, %v", v, ok)
	}
	if _, ok := s.Get("b"); ok {
		t.Error("Get found a field that is not there")
	}
	if got := (codec.BigInt{}).String(); got != "0" {
		t.Errorf("zero BigInt is %q", got)
	}
	n := codec.NewBigInt(big.NewInt(7))
	n.Big().SetInt64(8)
	if n.String() != "7" {
		t.Errorf("BigInt was changed through its copy: %s", n)
	}
	if diff := cmp.Diff(codec.Variant{Name: "A"}.Value(), nil); diff != "" {
		t.Error(diff)
	}
}
