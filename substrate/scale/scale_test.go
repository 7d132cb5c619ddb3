package scale_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate/scale"
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func bigInt(tb testing.TB, s string) *big.Int {
	tb.Helper()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		tb.Fatalf("bad number %q", s)
	}
	return n
}

func TestCompact(t *testing.T) {
	for _, tt := range []struct{ n, hex string }{
		{"0", "00"}, {"1", "04"}, {"63", "fc"}, {"64", "0101"}, {"16383", "fdff"}, {"16384", "02000100"},
		{"1073741823", "feffffff"}, {"1073741824", "0300000040"}, {"4294967295", "03ffffffff"}, {"4294967296", "070000000001"},
		{"1099511627776", "0b000000000001"}, {"18446744073709551615", "13ffffffffffffffff"},
		{"18446744073709551616", "17000000000000000001"},
		{"340282366920938463463374607431768211455", "33" + strings.Repeat("ff", 16)},
		{"340282366920938463463374607431768211456", "37" + strings.Repeat("00", 16) + "01"},
	} {
		n, raw := bigInt(t, tt.n), unhex(t, tt.hex)
		got, err := scale.AppendCompactBig(nil, n)
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("AppendCompactBig(%s) = %x, %v; want %s", tt.n, got, err, tt.hex)
		}
		back, err := scale.NewDecoder(raw).CompactBig()
		if err != nil || back.Cmp(n) != 0 {
			t.Errorf("CompactBig of %s = %v, %v; want %s", tt.hex, back, err, tt.n)
		}
		lo, hi, err := scale.NewDecoder(raw).CompactU128()
		if n.BitLen() > 128 {
			if !errors.Is(err, scale.ErrRange) {
				t.Errorf("CompactU128 of %s: error %v, want %v", tt.hex, err, scale.ErrRange)
			}
		} else if u := new(big.Int).SetUint64(hi); err != nil || u.Lsh(u, 64).Or(u, new(big.Int).SetUint64(lo)).Cmp(n) != 0 {
			t.Errorf("CompactU128 of %s = %d, %d, %v; want %s", tt.hex, lo, hi, err, tt.n)
		}
		v, err := scale.NewDecoder(raw).Compact()
		if !n.IsUint64() {
			if !errors.Is(err, scale.ErrRange) {
				t.Errorf("Compact of %s: error %v, want %v", tt.hex, err, scale.ErrRange)
			}
			continue
		}
		if err != nil || v != n.Uint64() {
			t.Errorf("Compact of %s = %d, %v; want %s", tt.hex, v, err, tt.n)
		}
		if got := scale.AppendCompact(nil, n.Uint64()); !bytes.Equal(got, raw) {
			t.Errorf("AppendCompact(%s) = %x, want %s", tt.n, got, tt.hex)
		}
	}
	greatest := new(big.Int).Lsh(big.NewInt(1), 536)
	if got, err := scale.AppendCompactBig([]byte{1}, greatest); err == nil || !bytes.Equal(got, []byte{1}) {
		t.Errorf("AppendCompactBig(2^536) = %x, %v", got, err)
	}
	if _, err := scale.AppendCompactBig(nil, big.NewInt(-1)); err == nil {
		t.Error("AppendCompactBig(-1) gives no error")
	}
	raw, err := scale.AppendCompactBig(nil, greatest.Sub(greatest, big.NewInt(1)))
	if back, readErr := scale.NewDecoder(raw).CompactBig(); err != nil || readErr != nil || back.Cmp(greatest) != 0 || len(raw) != 68 {
		t.Errorf("2^536-1 is written as %x, %v, and read as %v, %v", raw, err, back, readErr)
	}
}

func TestAppend(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"u16", scale.AppendU16(nil, 0x0102), "0201"},
		{"u32", scale.AppendU32(nil, 16777215), "ffffff00"},
		{"u64", scale.AppendU64(nil, math.MaxUint64-1), "feffffffffffffff"},
		{"u128", scale.AppendU128(nil, 1_000_000_000_000, 0), "0010a5d4e80000000000000000000000"},
		{"true", scale.AppendBool(nil, true), "01"},
		{"false", scale.AppendBool(nil, false), "00"},
		{"text", scale.AppendString(nil, "Hamlet"), "1848616d6c6574"},
		{"bytes", scale.AppendBytes([]byte{9}, []byte{1, 2}), "09080102"},
		{"list of u16", scale.AppendU16(scale.AppendU16(scale.AppendU16(scale.AppendCompact(nil, 3), 4), 8), 15), "0c040008000f00"},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDecoder(t *testing.T) {
	d := scale.NewDecoder(unhex(t, "07"+"0201"+"ffffff00"+"0200000000000000"+"0100000000000000ff00000000000000"+"01"+"1848616d6c6574"+"080102"+"08ffff"))
	u8, err1 := d.U8()
	u16, err2 := d.U16()
	u32, err3 := d.U32()
	u64, err4 := d.U64()
	lo, hi, err5 := d.U128()
	flag, err6 := d.Bool()
	at := d.Offset()
	text, err7 := d.String()
	raw, err8 := d.Bytes()
	n, err9 := d.Count(1)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		t.Fatal(err)
	}
	if u8 != 7 || u16 != 258 || u32 != 16777215 || u64 != 2 || lo != 1 || hi != 255 || !flag || text != "Hamlet" ||
		!bytes.Equal(raw, []byte{1, 2}) || n != 2 {
		t.Errorf("read %d %d %d %d %d %d %v %q %x %d", u8, u16, u32, u64, lo, hi, flag, text, raw, n)
	}
	if !bytes.Equal(d.Since(at), unhex(t, "1848616d6c657408010208")) || d.Since(-1) != nil || d.Since(1000) != nil {
		t.Errorf("bytes since %d: %x", at, d.Since(at))
	}
	if err := d.End(); !errors.Is(err, scale.ErrTrailing) || d.Remaining() != 2 {
		t.Errorf("2 bytes are left, %d said: End = %v", d.Remaining(), err)
	}
	if rest, err := d.Read(2); err != nil || !bytes.Equal(rest, []byte{0xff, 0xff}) || d.End() != nil {
		t.Errorf("Read = %x, %v; End = %v", rest, err, d.End())
	}
	var zero scale.Decoder
	if _, err := zero.U8(); !errors.Is(err, scale.ErrEnd) || zero.End() != nil {
		t.Errorf("zero decoder: %v, End = %v", err, zero.End())
	}
	zero.Reset([]byte{5})
	if v, err := zero.U8(); err != nil || v != 5 {
		t.Errorf("after Reset: %d, %v", v, err)
	}
}

func TestDecoderRefuses(t *testing.T) {
	read := map[string]func(d *scale.Decoder) error{
		"U8":         func(d *scale.Decoder) error { _, err := d.U8(); return err },
		"U16":        func(d *scale.Decoder) error { _, err := d.U16(); return err },
		"U32":        func(d *scale.Decoder) error { _, err := d.U32(); return err },
		"U64":        func(d *scale.Decoder) error { _, err := d.U64(); return err },
		"U128":       func(d *scale.Decoder) error { _, _, err := d.U128(); return err },
		"Bool":       func(d *scale.Decoder) error { _, err := d.Bool(); return err },
		"Compact":    func(d *scale.Decoder) error { _, err := d.Compact(); return err },
		"CompactBig": func(d *scale.Decoder) error { _, err := d.CompactBig(); return err },
		"Bytes":      func(d *scale.Decoder) error { _, err := d.Bytes(); return err },
		"String":     func(d *scale.Decoder) error { _, err := d.String(); return err },
		"Count(4)":   func(d *scale.Decoder) error { _, err := d.Count(4); return err },
		"Count(0)":   func(d *scale.Decoder) error { _, err := d.Count(0); return err },
		"Read(3)":    func(d *scale.Decoder) error { _, err := d.Read(3); return err },
		"Read(-1)":   func(d *scale.Decoder) error { _, err := d.Read(-1); return err },
	}
	for _, tt := range []struct {
		method, hex string
		want        error
	}{
		{"U8", "", scale.ErrEnd}, {"U16", "01", scale.ErrEnd}, {"U32", "010203", scale.ErrEnd},
		{"U64", "01020304050607", scale.ErrEnd}, {"U128", "0102030405060708090a0b0c0d0e0f", scale.ErrEnd},
		{"Bool", "", scale.ErrEnd}, {"Bool", "02", scale.ErrBool}, {"Bool", "ff", scale.ErrBool},
		{"Compact", "", scale.ErrEnd}, {"Compact", "01", scale.ErrEnd}, {"Compact", "020000", scale.ErrEnd},
		{"Compact", "03000000", scale.ErrEnd}, {"Compact", "0100", scale.ErrCompact}, {"Compact", "fd00", scale.ErrCompact},
		{"Compact", "02000000", scale.ErrCompact}, {"Compact", "feff0000", scale.ErrCompact},
		{"Compact", "03ffffff3f", scale.ErrCompact}, {"Compact", "070000004000", scale.ErrCompact},
		{"Compact", "17000000000000000001", scale.ErrRange}, {"Compact", "ff" + strings.Repeat("ff", 67), scale.ErrRange},
		{"CompactBig", "", scale.ErrEnd}, {"CompactBig", "ff" + strings.Repeat("ff", 66), scale.ErrEnd},
		{"CompactBig", "37" + strings.Repeat("ff", 16) + "00", scale.ErrCompact}, {"CompactBig", "01", scale.ErrEnd},
		{"Bytes", "0c0102", scale.ErrEnd}, {"Bytes", "13ffffffffffffffff", scale.ErrEnd}, {"Bytes", "", scale.ErrEnd},
		{"String", "04ff", scale.ErrText}, {"String", "0ceda080", scale.ErrText}, {"String", "08", scale.ErrEnd},
		{"Count(4)", "0801020304050607", scale.ErrEnd}, {"Count(4)", "13ffffffffffffffff", scale.ErrEnd},
		{"Count(0)", "06000400", scale.ErrEnd}, {"Read(3)", "0102", scale.ErrEnd}, {"Read(-1)", "0102", scale.ErrEnd},
	} {
		prefix := []byte{7, 7, 7}
		d := scale.NewDecoder(append(prefix, unhex(t, tt.hex)...))
		if _, err := d.Read(len(prefix)); err != nil {
			t.Fatal(err)
		}
		err := read[tt.method](d)
		var at *scale.Error
		if !errors.Is(err, tt.want) || !errors.As(err, &at) || at.Offset != 3 || d.Offset() != 3 {
			t.Errorf("%s of %s: error %v at offset %d, want %v at 3", tt.method, tt.hex, err, d.Offset(), tt.want)
		}
	}
	if n, err := scale.NewDecoder(unhex(t, "02000400")).Count(0); err != nil || n != scale.MaxZeroSized {
		t.Errorf("Count(0) of the greatest count = %d, %v", n, err)
	}
}

func TestCompactRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		be := rapid.SliceOfN(rapid.Byte(), 0, 67).Draw(t, "integer")
		n := new(big.Int).SetBytes(be)
		raw, err := scale.AppendCompactBig(nil, n)
		if err != nil {
			t.Fatal(err)
		}
		d := scale.NewDecoder(raw)
		back, err := d.CompactBig()
		if err != nil || back.Cmp(n) != 0 || d.Remaining() != 0 {
			t.Fatalf("%s is written as %x and read as %v, %v, %d bytes left", n, raw, back, err, d.Remaining())
		}
		small := rapid.Uint64().Draw(t, "small")
		short := scale.AppendCompact(nil, small)
		if v, err := scale.NewDecoder(short).Compact(); err != nil || v != small {
			t.Fatalf("%d is written as %x and read as %d, %v", small, short, v, err)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, []byte("\x18Hamlet\x03\x00\x00\x00\x40\x01"))
	f.Add([]byte{9, 9, 9}, []byte("\x33\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, steps, input []byte) {
		d := scale.NewDecoder(input)
		for _, step := range steps {
			before := d.Offset()
			again, err := oneStep(d, step)
			switch {
			case err != nil && d.Offset() != before:
				t.Fatalf("step %d failed at %d and left the decoder at %d", step%10, before, d.Offset())
			case err == nil && again != nil && !bytes.Equal(again, d.Since(before)):
				t.Fatalf("step %d read %x, which is written as %x", step%10, d.Since(before), again)
			}
			if d.Offset()+d.Remaining() != len(input) {
				t.Fatalf("offset %d and %d remaining of %d", d.Offset(), d.Remaining(), len(input))
			}
		}
	})
}

// oneStep reads one value and writes it again.
func oneStep(d *scale.Decoder, step byte) (again []byte, err error) {
	switch step % 10 {
	case 0:
		v, err := d.U8()
		return []byte{v}, err
	case 1:
		v, err := d.U16()
		return scale.AppendU16(nil, v), err
	case 2:
		v, err := d.U32()
		return scale.AppendU32(nil, v), err
	case 3:
		v, err := d.U64()
		return scale.AppendU64(nil, v), err
	case 4:
		lo, hi, err := d.U128()
		return scale.AppendU128(nil, lo, hi), err
	case 5:
		v, err := d.Bool()
		return scale.AppendBool(nil, v), err
	case 6:
		v, err := d.Compact()
		return scale.AppendCompact(nil, v), err
	case 7:
		v, err := d.String()
		return scale.AppendString(nil, v), err
	case 8:
		_, err := d.Count(int(step) / 10)
		return nil, err
	}
	v, err := d.CompactBig()
	if err != nil {
		return nil, err
	}
	return scale.AppendCompactBig(nil, v)
}
