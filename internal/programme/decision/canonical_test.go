package decision

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
)

type sample struct {
	Zulu   string                   `json:"zulu"`
	Alpha  int                      `json:"alpha"`
	Float  float64                  `json:"float"`
	Amount programme.Planck         `json:"amount"`
	List   []uint32                 `json:"list"`
	Map    map[programme.Era]uint32 `json:"map,omitempty"`
	Ptr    *programme.Release       `json:"ptr,omitempty"`
	Flag   bool                     `json:"flag"`
	Inner  struct {
		X programme.Millis `json:"x"`
	} `json:"inner"`
}

func TestCanonicalForm(t *testing.T) {
	tests := []struct {
		name string
		in   sample
		want string
	}{
		{"empty", sample{}, `{"alpha":"0","amount":"0","flag":false,"float":"0","inner":{"x":"0"},"list":[],"zulu":""}`},
		{"numbers are strings, members sorted", sample{Alpha: -5, Float: 0.1, Amount: programme.NewPlanck(math.MaxUint64), List: []uint32{3, 1}},
			`{"alpha":"-5","amount":"18446744073709551615","flag":false,"float":"0.1","inner":{"x":"0"},"list":["3","1"],"zulu":""}`},
		{"negative zero", sample{Float: math.Copysign(0, -1)}, `{"alpha":"0","amount":"0","flag":false,"float":"0","inner":{"x":"0"},"list":[],"zulu":""}`},
		{"map keys sorted as text", sample{Map: map[programme.Era]uint32{10: 1, 9: 2}},
			`{"alpha":"0","amount":"0","flag":false,"float":"0","inner":{"x":"0"},"list":[],"map":{"10":"1","9":"2"},"zulu":""}`},
		{"escapes", sample{Zulu: "a\"b\\c\n\x01\x7f🚀\xff"},
			`{"alpha":"0","amount":"0","flag":false,"float":"0","inner":{"x":"0"},"list":[],"zulu":"a\"b\\c\n\u0001\u007f🚀` + "\uFFFD" + `"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := Canonical(sample{Float: bad}); err == nil {
			t.Errorf("%v has a canonical form", bad)
		}
	}
}

func TestParseCanonicalRefuses(t *testing.T) {
	good, err := Canonical(sample{Zulu: "z", Map: map[programme.Era]uint32{1: 1}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new, want string }{
		{"number token", `"alpha":"0"`, `"alpha":0`, "number token"},
		{"unknown member", `"alpha":"0"`, `"alpha":"0","beta":"1"`, `unknown member "beta"`},
		{"missing member", `"alpha":"0",`, ``, `member "alpha" is missing`},
		{"white space", `"alpha":"0"`, `"alpha": "0"`, "expected a string at byte 9, not in canonical form"},
		{"other spelling of a number", `"alpha":"0"`, `"alpha":"00"`, "not in canonical form"},
		{"plus sign", `"float":"0"`, `"float":"+0"`, "not in canonical form"},
		{"needless escape", `"zulu":"z"`, `"zulu":"\u007a"`, "not in canonical form"},
		{"duplicate member", `"flag":false`, `"flag":true,"flag":false`, "out of order"},
		{"empty member that is left out", `"map":{"1":"1"}`, `"map":{}`, "not in canonical form"},
		{"wrong kind", `"list":[]`, `"list":"x"`, ".list: expected a list at byte"},
		{"not a number", `"alpha":"0"`, `"alpha":"x"`, `.alpha: "x" is not a whole number`},
		{"amount", `"amount":"0"`, `"amount":"-1"`, "not a whole number of planck"},
		{"cut off", `"zulu":"z"}`, `"zulu":`, "ends in the middle"},
		{"more text", `"zulu":"z"}`, `"zulu":"z"}{}`, "more text"},
		{"null", `"inner":{"x":"0"}`, `"inner":null`, ".inner: expected an object at byte"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(string(good), tt.old, tt.new, 1)
			if bad == string(good) {
				t.Fatal("the test changes nothing")
			}
			var s sample
			err := ParseCanonical([]byte(bad), &s)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestCanonicalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := sample{
			Zulu: rapid.String().Draw(t, "zulu"), Alpha: rapid.Int().Draw(t, "alpha"),
			Float:  rapid.Float64().Draw(t, "float"),
			Amount: programme.PlanckFromParts(rapid.Uint64().Draw(t, "lo"), rapid.Uint64().Draw(t, "hi")),
			List:   rapid.SliceOfN(rapid.Uint32(), 1, 5).Draw(t, "list"),
			Flag:   rapid.Bool().Draw(t, "flag"),
		}
		if m := rapid.MapOf(rapid.Map(rapid.Uint32(), func(n uint32) programme.Era { return programme.Era(n) }), rapid.Uint32()).Draw(t, "map"); len(m) > 0 {
			in.Map = m
		}
		b, err := Canonical(in)
		if err != nil {
			t.Fatal(err)
		}
		var out sample
		if err := ParseCanonical(b, &out); err != nil {
			t.Fatal(err)
		}
		in.Zulu = strings.ToValidUTF8(in.Zulu, "\uFFFD")
		if diff := cmp.Diff(in, out, cmp.Comparer(func(a, b programme.Planck) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseCanonical(f *testing.F) {
	b, err := Canonical(sample{Zulu: "z", List: []uint32{1}, Map: map[programme.Era]uint32{1: 2}, Ptr: &programme.Release{Name: "v1"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"alpha":1}`))
	f.Add([]byte(`[[[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s sample
		if ParseCanonical(b, &s) != nil {
			return
		}
		again, err := Canonical(s)
		if err != nil || string(again) != string(b) {
			t.Fatalf("accepted %q, which is written %q (%v)", b, again, err)
		}
	})
}
