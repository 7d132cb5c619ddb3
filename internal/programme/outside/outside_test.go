package outside

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseNano(t *testing.T) {
	for text, want := range map[string]Nano{
		"0": 0, "4.2031": 4_203_100_000, "12": 12_000_000_000, "0.0000000004": 0, "0.0000000005": 1,
		"3.1e-05": 31_000, "1E2": 100_000_000_000, "1.0000000015": 1_000_000_002, "0e99": 0, "1e-50": 0, "5e-10": 1, "9e-11": 0,
		"9223372036.854775807": 9223372036854775807,
	} {
		got, err := ParseNano(text)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "+1", ".5", "5.", "1e", "1e101", "NaN", "Infinity", "0x10", "1 ", "1_0", "9223372036.8547758079", "1e10", strings.Repeat("1", 65)} {
		if got, err := ParseNano(text); err == nil {
			t.Errorf("%q is accepted as %s", text, got)
		}
	}
}

// What is written reads back, and rounding is that of exact fractions.
func TestNanoIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Nano(rapid.Int64Range(0, 1<<62).Draw(t, "n"))
		back, err := ParseNano(n.String())
		if err != nil || back != n {
			t.Fatalf("%d is written %s and read as %d (%v)", n, n, back, err)
		}
		text := rapid.StringMatching(`[0-9]{1,8}(\.[0-9]{1,14})?(e-?[0-9])?`).Draw(t, "text")
		got, err := ParseNano(text)
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatal("the test's number is none")
		}
		exact.Mul(exact, big.NewRat(2*nanoUnit, 1)).Add(exact, big.NewRat(1, 1)) // floor((2x+1)/2) is x rounded half up
		want := new(big.Int).Div(exact.Num(), new(big.Int).Mul(exact.Denom(), big.NewInt(2)))
		switch {
		case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
			t.Fatalf("%s: %d (%v), want %s", text, got, err, want)
		case !want.IsInt64() && err == nil:
			t.Fatalf("%s is accepted as %d", text, got)
		}
	})
}

func TestFillNeverMixesSystems(t *testing.T) {
	vpn := true
	a := Place{City: "Oslo", ASN: 5}
	got := a.Fill(Place{City: "Bergen", Country: "NO", Provider: "Other AS", ASN: 6, VPN: &vpn})
	want := Place{City: "Oslo", Country: "NO", ASN: 5, VPN: &vpn}
	if !got.Same(want) {
		t.Errorf("got %+v", got)
	}
	if got := a.Fill(Place{Provider: "Its AS", ASN: 5}); got.Provider != "Its AS" {
		t.Errorf("the name of the same system is not taken: %+v", got)
	}
	if got := (Place{}).Fill(Place{Provider: "Some AS", ASN: 7}); got.Provider != "Some AS" || got.ASN != 7 {
		t.Errorf("got %+v", got)
	}
	if (Place{}).Known() || !got.Known() || got.Same(Place{City: "Oslo", Country: "NO", ASN: 5}) {
		t.Error("Known or Same is wrong")
	}
}
