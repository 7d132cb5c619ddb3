package scoring

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var six = []float64{1, 3, 5, 10, 15, 100}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(a), math.Abs(b)) }

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.05: 1.5, 0.10: 2, 0.25: 3.5, 0.50: 7.5, 0.75: 13.75, 0.85: 36.25, 0.90: 57.5, 0.95: 78.75, 1: 100} {
		if got := Quantile(six, q); !near(got, want) {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := Quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("the quantile of nothing is %v", got)
	}
}

func TestSummary(t *testing.T) {
	s := Summarise(six)
	if !near(s.Mean, 134.0/6) || math.Abs(s.StandardDeviation-38.3858) > 5e-5 || !near(Variance(six), 1227.888888888889) {
		t.Errorf("mean %v, deviation %v, variance %v", s.Mean, s.StandardDeviation, Variance(six))
	}
	if s.Count != 6 || s.AbsoluteMin != 1 || s.AbsoluteMax != 100 || s.Q50 != 7.5 {
		t.Errorf("%+v", s)
	}
	if s := Summarise([]float64{7}); s.StandardDeviation != 0 || s.Q90 != 7 || s.Count != 1 {
		t.Errorf("one value: %+v", s)
	}
	if s := Summarise(nil); s.Mean != 0 || s.Count != 0 {
		t.Errorf("nothing: %+v", s)
	}
	if got := Deviation([]float64{7}); !math.IsNaN(got) {
		t.Errorf("the bare deviation of one value is %v", got)
	}
}

func TestScale(t *testing.T) {
	tests := []struct {
		name         string
		list         []float64
		v, low, high float64
		want         float64
	}{
		{"inside", six, 15, 0.10, 0.90, 13 / 55.5},
		{"wide", six, 10, 0.05, 0.95, 8.5 / 77.25},
		{"bonded", six, 15, 0.05, 0.85, 13.5 / 34.75},
		{"at the lower", six, 2, 0.10, 0.90, 0},
		{"at the upper", six, 57.5, 0.10, 0.90, 1},
		{"below", six, -5, 0.10, 0.90, 0},
		{"all equal, at", []float64{4, 4, 4}, 4, 0.10, 0.90, 0},
		{"all equal, above", []float64{4, 4, 4}, 4.1, 0.10, 0.90, 1},
		{"reversed bounds", six, 10, 0.90, 0.10, 0},
		{"nothing", nil, 4, 0.10, 0.90, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Scale(tt.list, tt.v, tt.low, tt.high); !near(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	if got := Scale(six, Missing(), 0.1, 0.9); !IsMissing(got) {
		t.Errorf("a missing value scales to %v", got)
	}
}

// Whatever the list, a scaled value lies in [0, 1] and grows with the value.
func TestScaleIsBoundedAndMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Float64Range(-1e18, 1e18), 1, 50).Draw(t, "list")
		slices.Sort(list)
		bound := rapid.Float64Range(0, 1)
		low := bound.Draw(t, "low")
		high := rapid.Float64Range(low, 1).Draw(t, "high")
		a := rapid.Float64Range(-2e18, 2e18).Draw(t, "a")
		b := rapid.Float64Range(a, 2e18).Draw(t, "b")
		sa, sb := Scale(list, a, low, high), Scale(list, b, low, high)
		if sa < 0 || sa > 1 || sb < 0 || sb > 1 || sa > sb {
			t.Fatalf("%v scales to %v, %v to %v", a, sa, b, sb)
		}
	})
}

// A quantile lies between the neighbours of its position.
func TestQuantileIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 1, 50).Draw(t, "list")
		slices.Sort(list)
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		got := Quantile(list, q)
		i := int(math.Floor(q * float64(len(list)-1)))
		j := min(i+1, len(list)-1)
		slack := 1e-9 * max(1, math.Abs(list[i]), math.Abs(list[j]))
		if got < list[i]-slack || got > list[j]+slack {
			t.Fatalf("quantile %v is %v, outside [%v, %v]", q, got, list[i], list[j])
		}
	})
}
