package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTextNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"": 0, "  ": 0, " 70 ": 70, "1e2": 100, "0x10": 16, "0X1f": 31, "0b101": 5, "0o17": 15, "-0": 0, "+5": 5, ".5": 0.5, "5.": 5,
		"Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "12px": math.NaN(), "abc": math.NaN(), "0x": math.NaN(),
		"0x+1": math.NaN(), "inf": math.NaN(), "nan": math.NaN(), "1_000": math.NaN(), "0x1_0": math.NaN(), "--1": math.NaN(),
		"1e999": math.Inf(1), "-0x10": math.NaN(),
	} {
		got := textNumber(text)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestPrinted(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 201.60001666666668: "201.60001666666668", 9007199254740992: "9007199254740992",
		1e20: "100000000000000000000", 1e21: "1e+21", 1.5e-7: "1.5e-7", 0.000001: "0.000001", -2.5: "-2.5",
		math.Inf(1): "Infinity", math.Inf(-1): "-Infinity",
	} {
		if got := printed(f); got != want {
			t.Errorf("%v is printed %q, want %q", f, got, want)
		}
	}
	if got := printed(math.NaN()); got != "NaN" {
		t.Error(got)
	}
}

func TestComparison(t *testing.T) {
	tests := []struct {
		name      string
		want, got any
		magnitude float64
		paths     []string
	}{
		{"equal", tree{"a": 1.0, "b": []any{"x", nil, true}}, tree{"a": 1.0, "b": []any{"x", nil, true}}, 0, nil},
		{"last digits", 1.0, 1.0 + 9e-13, 0, nil},
		{"more than the last digits", 1.0, 1.0 + 2e-12, 0, []string{""}},
		{"small numbers are compared relatively", 1e-20, 1.1e-20, 0, []string{""}},
		{"deviation of large equal numbers", tree{"standardDeviation": 0.0}, tree{"standardDeviation": 1e-3}, 1e18, nil},
		{"by its own extremes", tree{"absoluteMin": 1e18, "absoluteMax": 1e18, "mean": 1e18}, tree{"absoluteMin": 1e18, "absoluteMax": 1e18, "mean": 1e18 + 1e5}, 0, nil},
		{"variance by the square", tree{"varianceSorted": 0.0}, tree{"varianceSorted": 1e5}, 1e9, nil},
		{"other numbers are not excused", tree{"q10": 0.0}, tree{"q10": 1e-3}, 1e18, []string{"q10"}},
		{"absent", tree{"a": nil}, tree{}, 0, []string{"a"}},
		{"too many", tree{}, tree{"a": nil}, 0, []string{"a"}},
		{"length", []any{1.0}, []any{1.0, 2.0}, 0, []string{"length"}},
		{"type", tree{"a": "1"}, tree{"a": 1.0}, 0, []string{"a"}},
		{"deep", tree{"a": []any{tree{"b": 1.0}}}, tree{"a": []any{tree{"b": 2.0}}}, 0, []string{"a[0].b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := comparer{magnitude: tt.magnitude}
			c.value("", tt.want, tt.got, nil)
			var paths []string
			for _, m := range c.found {
				paths = append(paths, m.Path)
			}
			if diff := cmp.Diff(tt.paths, paths); diff != "" {
				t.Error(diff)
			}
		})
	}
}
