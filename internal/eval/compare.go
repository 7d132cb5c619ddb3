package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// tolerance is the greatest relative difference between equal numbers: another order of addition may change the
// last digits of a sum.
const tolerance = 1e-12

// comparer walks through an expected and a computed value at the same time.
type comparer struct {
	id        string
	magnitude float64 // largest absolute value behind the sums of the case
	found     []Mismatch
}

// value compares two generic JSON values. A member that only one side has is a difference.
func (c *comparer) value(path string, want, got any, parent tree) {
	switch w := want.(type) {
	case tree:
		g, ok := got.(tree)
		if !ok {
			break
		}
		for _, name := range names(w, g) {
			wv, inWant := w[name]
			gv, inGot := g[name]
			at := join(path, name)
			if inWant != inGot {
				c.add(at, absent(wv, inWant), absent(gv, inGot))
				continue
			}
			c.value(at, wv, gv, g)
		}
		return
	case []any:
		g, ok := got.([]any)
		if !ok {
			break
		}
		if len(w) != len(g) {
			c.add(join(path, "length"), float64(len(w)), float64(len(g)))
		}
		for i := range min(len(w), len(g)) {
			c.value(fmt.Sprintf("%s[%d]", path, i), w[i], g[i], nil)
		}
		return
	case float64:
		if g, ok := got.(float64); ok && c.close(path, w, g, parent) {
			return
		}
	default:
		if want == got {
			return
		}
	}
	c.add(path, want, got)
}

// names are the member names of two objects in alphabetical order.
func names(a, b tree) []string {
	out := make([]string, 0, len(a)+len(b))
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func absent(v any, present bool) any {
	if !present {
		return missing{}
	}
	return v
}

// missing marks the side of a difference that has no value at all.
type missing struct{}

// MarshalJSON writes a text that no result contains.
func (missing) MarshalJSON() ([]byte, error) { return []byte(`"(absent)"`), nil }

func (c *comparer) add(path string, want, got any) {
	c.found = append(c.found, Mismatch{Case: c.id, Path: path, Want: want, Got: got})
}

// close reports whether two numbers are equal within the tolerance. Means and deviations are measured against the
// largest absolute value of their list, variances against its square: a list of equal large numbers can have a tiny
// deviation that is nothing but rounding.
func (c *comparer) close(path string, want, got float64, parent tree) bool {
	if want == got {
		return true
	}
	scale := max(math.Abs(want), math.Abs(got))
	largest := c.magnitude
	if low, ok := parent["absoluteMin"].(float64); ok {
		if high, ok := parent["absoluteMax"].(float64); ok {
			largest = max(math.Abs(low), math.Abs(high))
		}
	}
	name := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
	switch {
	case strings.HasPrefix(name, "variance"):
		scale = max(scale, float64(largest*largest))
	case strings.HasPrefix(name, "mean"), strings.HasPrefix(name, "standarddeviation"), name == "std":
		scale = max(scale, largest)
	}
	return math.Abs(want-got) <= float64(tolerance*scale)
}

// shown writes a value for people, cut to a readable length.
func shown(v any) string {
	if _, ok := v.(missing); ok {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 120
	if r := []rune(string(b)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(b)
}
