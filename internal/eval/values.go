package eval

import (
	"math"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
)

// This file holds the old backend's handling of values, which followed the rules of its programming language.

// num is a number in a result: what JSON cannot hold becomes a text.
func num(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return 0.0 // drops the sign of a negative zero
	}
	return f
}

func nums(list []float64) []any {
	out := make([]any, len(list))
	for i, f := range list {
		out[i] = num(f)
	}
	return out
}

// printed is a number as the old backend printed it: the shortest decimal text, with an exponent from 1e21 on.
func printed(f float64) string {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	case abs >= 1e21 || abs < 1e-6:
		text := strconv.FormatFloat(f, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		sign := exponent[:1]
		return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// loose converts a value to a number the way arithmetic did: null is 0, true 1, text is read as a number, anything
// else is not a number.
func loose(n node) float64 {
	if n.v == nil {
		return math.NaN()
	}
	switch n.v.Kind {
	case jsontree.Null:
		return 0
	case jsontree.Bool:
		if n.v.True {
			return 1
		}
		return 0
	case jsontree.Number:
		return n.parse()
	case jsontree.String:
		return textNumber(n.v.Text)
	}
	return math.NaN()
}

// textNumber reads a number from text: blanks around it do not matter, empty text is 0, 0x, 0o and 0b prefixes
// are understood, and anything left over makes it not a number.
func textNumber(s string) float64 {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]
		if base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil || s[2] == '+' || strings.ContainsRune(s, '_') {
				return math.NaN()
			}
			return float64(n)
		}
	}
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	for _, c := range s {
		if (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", c) {
			return math.NaN()
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// orDefault is "number or default": whatever does not make a number other than 0 gives the default.
func orDefault(n node, def float64) float64 {
	if f := loose(n); !math.IsNaN(f) && f != 0 {
		return f
	}
	return def
}

// truthy says whether a value counted as true where any value was allowed.
func truthy(n node) bool {
	if n.v == nil {
		return false
	}
	switch n.v.Kind {
	case jsontree.Null:
		return false
	case jsontree.Bool:
		return n.v.True
	case jsontree.Number:
		return n.parse() != 0
	case jsontree.String:
		return n.v.Text != ""
	}
	return true
}

// inText is a value as the old backend put it into a sentence.
func inText(n node) string {
	if n.v == nil {
		return "undefined"
	}
	switch n.v.Kind {
	case jsontree.Null:
		return "null"
	case jsontree.Bool:
		return strconv.FormatBool(n.v.True)
	case jsontree.Number:
		return printed(n.parse())
	case jsontree.String:
		return n.v.Text
	case jsontree.Array:
		parts := make([]string, len(n.v.Items))
		for i, item := range n.items() {
			if item.given() {
				parts[i] = inText(item)
			}
		}
		return strings.Join(parts, ",")
	}
	return "[object Object]"
}
