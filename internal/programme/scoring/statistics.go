package scoring

import (
	"math"

	"github.com/thousand-validators/otv/internal/programme"
)

// All sums run in the order of the list, and every product is rounded before it is added, so that the results are
// the same on every architecture. float64(x*y) forbids the compiler to fuse the two steps.

// Quantile is the value at position (n-1)q of an ascending list, linear between neighbours; not-a-number for an
// empty list.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	pos := float64(float64(len(sorted)-1) * q)
	base := math.Floor(pos)
	i := int(base)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((pos-base)*(sorted[i+1]-sorted[i]))
}

// Mean is the arithmetic mean; not-a-number for an empty list.
func Mean(list []float64) float64 { return sum(list) / float64(len(list)) }

// Deviation is the sample standard deviation, which divides by n-1; not-a-number for one value, zero for none.
func Deviation(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	return math.Sqrt(squares(list) / float64(len(list)-1))
}

// Variance is the variance of a whole population, which divides by n; zero for an empty list.
func Variance(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	return squares(list) / float64(len(list))
}

func sum(list []float64) float64 {
	var s float64
	for _, v := range list {
		s += v
	}
	return s
}

// squares adds up the squared distances from the mean.
func squares(list []float64) float64 {
	mean := Mean(list)
	var s float64
	for _, v := range list {
		d := v - mean
		s += float64(d * d)
	}
	return s
}

// Scale is the place of v between two quantiles of an ascending list, in [0, 1]: 0 at or below the lower one, else
// 1 at or above the upper one, else linear. An empty list gives 0. Equal quantiles never divide by zero: their
// common value gives 0, anything above it 1. A missing value (not a number) stays missing.
func Scale(sorted []float64, v, low, high float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return between(v, Quantile(sorted, low), Quantile(sorted, high))
}

func between(v, low, high float64) float64 {
	switch {
	case v <= low:
		return 0
	case v >= high:
		return 1
	}
	return (v - low) / (high - low)
}

// Summarise computes the ranges of an ascending list. An empty list gives zeros; the deviation of fewer than two
// values is zero. Low and High stay zero: they belong to a factor.
func Summarise(sorted []float64) programme.Statistics {
	n := len(sorted)
	if n == 0 {
		return programme.Statistics{}
	}
	s := programme.Statistics{
		Count: n, AbsoluteMin: sorted[0], AbsoluteMax: sorted[n-1],
		Q10: Quantile(sorted, 0.10), Q25: Quantile(sorted, 0.25), Q50: Quantile(sorted, 0.50),
		Q75: Quantile(sorted, 0.75), Q90: Quantile(sorted, 0.90), Mean: Mean(sorted),
	}
	if n > 1 {
		s.StandardDeviation = Deviation(sorted)
	}
	return s
}
