package extrinsic

import (
	"encoding/hex"
	"math"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

func TestEra(t *testing.T) {
	tests := []struct {
		current, period uint32
		bytes           string
		birth           uint32
	}{
		{1_000_000, 64, "0500", 1_000_000},
		{42, 64, "a502", 42},
		{20_000, 32768, "4e9c", 20_000},
		{70_000, 65536, "7f11", 70_000},
		{1, 4, "1100", 1},
		{70_001, 65536, "7f11", 70_000}, // the phase is stored in steps of 16
		{20_007, 32768, "4e9c", 20_000},
		{math.MaxUint32, 4, "3100", math.MaxUint32},
	}
	for _, tt := range tests {
		era, err := Mortal(tt.period, tt.current)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(era.Append(nil)); got != tt.bytes {
			t.Errorf("current %d, period %d: %s, want %s", tt.current, tt.period, got, tt.bytes)
		}
		if got := era.Birth(tt.current); got != tt.birth {
			t.Errorf("current %d, period %d: born at %d, want %d", tt.current, tt.period, got, tt.birth)
		}
		if got := era.Death(tt.current); got != uint64(tt.birth)+uint64(tt.period) {
			t.Errorf("current %d, period %d: dies at %d", tt.current, tt.period, got)
		}
	}
	im := Immortal()
	if b := im.Append([]byte{7}); hex.EncodeToString(b) != "0700" || im.Birth(9) != 0 || im.Death(9) != math.MaxUint64 || im.String() != "immortal" {
		t.Errorf("immortal: %x, %d, %d, %s", b, im.Birth(9), im.Death(9), im)
	}
	for _, period := range []uint32{0, 1, 2, 3, 5, 63, 96, 65537, 131072} {
		if era, err := Mortal(period, 10); err == nil {
			t.Errorf("period %d is accepted: %v", period, era)
		}
	}
	for _, bad := range []string{"", "05", "1000", "f100", "0410"} { // no bytes, one byte, period 2, phases out of range
		b, err := hex.DecodeString(bad)
		if err != nil {
			t.Fatal(err)
		}
		if era, n, err := DecodeEra(b); err == nil {
			t.Errorf("%q decodes to %v, %d bytes", bad, era, n)
		}
	}
}

func TestEraProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := uint32(1) << rapid.IntRange(2, 16).Draw(t, "log2 period")
		current := rapid.Uint32().Draw(t, "current")
		era, err := Mortal(period, current)
		if err != nil {
			t.Fatal(err)
		}
		b := era.Append(nil)
		again, n, err := DecodeEra(append(b, 0xee))
		if err != nil || n != len(b) || n != 2 || again != era {
			t.Fatalf("%v encodes as %x and decodes as %v, %d, %v", era, b, again, n, err)
		}
		birth, death := era.Birth(current), era.Death(current)
		if birth > current || current-birth >= max(1, period>>12) || uint64(current) >= death {
			t.Fatalf("%v at %d: born %d, dies %d", era, current, birth, death)
		}
		// every block of the lifetime agrees on its birth, and the block after does not
		within := birth + rapid.Uint32Range(0, period-1).Draw(t, "within")
		if within >= birth && era.Birth(within) != birth {
			t.Fatalf("%v: block %d sees birth %d, not %d", era, within, era.Birth(within), birth)
		}
		if death <= math.MaxUint32 && era.Birth(uint32(death)) == birth {
			t.Fatalf("%v: still alive in block %d", era, death)
		}
	})
}

// TestEraBytes decodes every pair of bytes: what is accepted encodes to the same bytes.
func TestEraBytes(t *testing.T) {
	accepted := 0
	for word := range 1 << 16 {
		b := []byte{byte(word), byte(word >> 8)}
		era, n, err := DecodeEra(b)
		if err != nil || n == 1 {
			continue
		}
		accepted++
		if got := era.Append(nil); string(got) != string(b) || bits.OnesCount32(era.Period()) != 1 || era.Phase() >= era.Period() {
			t.Fatalf("%x decodes as %v, which encodes as %x", b, era, got)
		}
	}
	want := 0
	for period := MinPeriod; period <= MaxPeriod; period *= 2 {
		want += min(period, 4096) // phases that can be told apart
	}
	if accepted != want {
		t.Errorf("%d pairs of bytes are accepted, want %d", accepted, want)
	}
}
