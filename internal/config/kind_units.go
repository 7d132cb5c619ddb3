package config

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
)

// everything is 100 % in parts per billion.
const everything = 1_000_000_000

// share is a fraction: parts per billion as a number, or a percentage as text.
var share = kind[programme.Perbill]{name: `number of perbill (1000000000 is 100 %), or text like "5 %"`, read: func(s *scope, in input) programme.Perbill {
	t, ok := in.number()
	digits, percent := strings.CutSuffix(t, "%")
	digits = strings.TrimSpace(digits)
	n, exact := decimal(digits, 0)
	if percent {
		n, exact = decimal(digits, 7)
	}
	switch {
	case !ok || !isNumber(digits):
		s.fail(in, "%s is neither a number of perbill nor a percentage such as \"5 %%\"", in)
	case n == nil || n.Sign() >= 0 && n.Cmp(big.NewInt(everything)) > 0:
		s.fail(in, "%s is more than %s", t, pick(percent, "100 %", "1000000000 (100 %)"))
	case n.Sign() < 0:
		s.fail(in, "%s is less than 0", t)
	case !exact:
		s.fail(in, "%s is finer than one part per billion", t)
	default:
		p := programme.Perbill(n.Uint64())
		if !percent && p > 0 && p <= 100 {
			s.report(Warning, in.Line, "%d perbill is %s %%; write \"%d %%\" if percent is meant", p, p.Percent(), p)
		}
		return p
	}
	return 0
}, show: func(_ Network, v programme.Perbill) any { return v.Percent() + " %" },
	schema: numeric("number", 0, everything, `^\s*[0-9][0-9.eE+-]*\s*%?\s*$`)}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// percent is a whole percentage.
var percent = kind[int]{name: `percent, 0 to 100, as number or text like "20 %"`, read: func(s *scope, in input) int {
	t, ok := in.number()
	t = strings.TrimSpace(strings.TrimSuffix(t, "%"))
	n, err := strconv.Atoi(t)
	if !ok || err != nil || n < 0 || n > 100 {
		s.fail(in, "%s is not a whole percentage from 0 to 100", in)
		return 0
	}
	return n
}, show: func(_ Network, v int) any { return strconv.Itoa(v) + " %" },
	schema: numeric("integer", 0, 100, `^\s*[0-9]+\s*%?\s*$`)}

// amount is a sum of money: planck as number or text, or tokens with the network's symbol.
var amount = kind[programme.Planck]{name: `planck, or tokens as text like "10 KSM"`, read: func(s *scope, in input) programme.Planck {
	t, ok := in.number()
	if !ok {
		s.fail(in, "%s is not an amount", in)
		return programme.Planck{}
	}
	p, err := parseAmount(t, s.network)
	if err != nil {
		s.fail(in, "%v", err)
	}
	return p
}, show: func(n Network, v programme.Planck) any {
	if n.Symbol == "" {
		return v.String()
	}
	return v.Tokens(n.Decimals) + " " + n.Symbol
}, schema: schema{"type": []string{"number", "string"}, "minimum": 0, "pattern": `^\s*[0-9][0-9.eE+-]*( +[A-Za-z]+)?\s*$`}}

// parseAmount reads "50000000000000", "5e13", "50000000000000 planck" or "5000 DOT".
func parseAmount(t string, n Network) (programme.Planck, error) {
	digits, unit, _ := strings.Cut(t, " ")
	unit = strings.TrimSpace(unit)
	decimals := 0
	switch {
	case !isNumber(digits):
		return programme.Planck{}, fmt.Errorf("%q is not an amount; write planck, or tokens with a blank and the symbol, such as \"%s\"", t, example(n))
	case unit == "" || strings.EqualFold(unit, "planck"):
	case n.Symbol == "":
		return programme.Planck{}, fmt.Errorf("%q names a token, but the network is not known", t)
	case !strings.EqualFold(unit, n.Symbol):
		return programme.Planck{}, fmt.Errorf("%q is not in the token of %s, which is %s", t, n.Label, n.Symbol)
	default:
		decimals = n.Decimals
	}
	v, exact := decimal(digits, decimals)
	if v != nil && v.Sign() < 0 {
		return programme.Planck{}, fmt.Errorf("%q is less than 0", t)
	}
	p, ok := programme.PlanckFromBig(v)
	switch {
	case !ok:
		return programme.Planck{}, fmt.Errorf("%q is more than a chain can hold (2^128-1 planck)", t)
	case !exact:
		return programme.Planck{}, fmt.Errorf("%q is not a whole number of planck", t)
	}
	return p, nil
}

func example(n Network) string {
	if n.Symbol == "" {
		return "10 KSM"
	}
	return "10 " + n.Symbol
}

// maxDigits bounds how far numbers are expanded; no quantity here needs more.
const maxDigits = 60

// decimal reads a number of JSON's grammar times 10^shift. It is nil when that is unreasonably great; exact is false
// when a fraction is left over.
func decimal(t string, shift int) (n *big.Int, exact bool) {
	negative := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(t, "-")
	mantissa, exponent := t, "0"
	if i := strings.IndexAny(t, "eE"); i >= 0 {
		mantissa, exponent = t[:i], t[i+1:]
	}
	units, fraction, _ := strings.Cut(mantissa, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits := strings.TrimLeft(units+fraction, "0")
	if digits == "" {
		return new(big.Int), true
	}
	e, err := strconv.Atoi(exponent)
	if err != nil || e > maxDigits || e < -maxDigits || len(digits) > 2*maxDigits {
		return nil, false
	}
	e += shift - len(fraction)
	exact = true
	if e < 0 {
		cut := max(len(digits)+e, 0)
		exact = strings.Trim(digits[cut:], "0") == ""
		digits = digits[:cut]
	} else {
		digits += strings.Repeat("0", e)
	}
	n, ok := new(big.Int).SetString("0"+digits, 10)
	if !ok {
		return nil, false
	}
	if negative {
		n.Neg(n)
	}
	return n, exact
}

// maxSpan is the longest duration that makes sense here: ten years.
const maxSpan = 3650 * programme.Day

// span is a duration with units.
var span = kind[programme.Millis]{name: `duration like "16h", "7d" or "90s"`, read: func(s *scope, in input) programme.Millis {
	return readSpan(s, in, false)
}, show: func(_ Network, v programme.Millis) any { return showSpan(v) }, schema: schema{"type": "string", "pattern": spanPattern}}

// spanPattern is what a duration looks like.
const spanPattern = `^\s*([0-9]+d)?([0-9.]+(ms|h|m|s))*\s*$`

// spanOrMillis also accepts a bare number of milliseconds, as old files have it.
var spanOrMillis = kind[programme.Millis]{name: `milliseconds, or duration like "18s"`, read: func(s *scope, in input) programme.Millis {
	return readSpan(s, in, true)
}, show: func(_ Network, v programme.Millis) any { return showSpan(v) },
	schema: numeric("integer", 0, int64(maxSpan), `^\s*([0-9]+|([0-9]+d)?([0-9.]+(ms|h|m|s))*)\s*$`)}

func readSpan(s *scope, in input, bare bool) programme.Millis {
	t, ok := in.number()
	if ok && bare {
		if ms, err := strconv.ParseInt(t, 10, 64); err == nil {
			t = strconv.FormatInt(ms, 10) + "ms"
		}
	}
	d, err := parseSpan(t)
	switch {
	case !ok || err != nil:
		s.fail(in, "%s is not a duration%s", in, pick(isNumber(t), "; it needs a unit, such as \"16h\"", " such as \"16h\", \"7d\" or \"90s\""))
	case d < 0:
		s.fail(in, "%s is less than 0", in)
	case d > maxSpan:
		s.fail(in, "%s is more than ten years", in)
	default:
		return d
	}
	return 0
}

// parseSpan reads days, which [time.ParseDuration] does not know, and what it knows.
func parseSpan(t string) (programme.Millis, error) {
	var days int64
	if head, tail, ok := strings.Cut(t, "d"); ok {
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration", t)
		}
		if days, t = int64(n), tail; t == "" {
			t = "0s"
		}
		if strings.HasPrefix(t, "-") {
			return 0, fmt.Errorf("%q is not a duration", t)
		}
	}
	d, err := time.ParseDuration(t)
	if err != nil || d%time.Millisecond != 0 {
		return 0, fmt.Errorf("%q is not a duration of whole milliseconds", t)
	}
	return programme.Millis(days)*programme.Day + programme.Millis(d/time.Millisecond), nil
}

func showSpan(v programme.Millis) string {
	if v == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []struct {
		size programme.Millis
		name string
	}{{programme.Day, "d"}, {programme.Hour, "h"}, {programme.Minute, "m"}, {1000, "s"}, {1, "ms"}} {
		if n := v / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10) + u.name)
			v %= u.size
		}
	}
	return b.String()
}

// moment is a point in time; 0 means none.
var moment = kind[programme.Millis]{name: `time like "2025-11-05T12:00:00Z" or "2025-11-05"`, read: func(s *scope, in input) programme.Millis {
	if in.Kind == jsontree.String && in.Text == "" {
		return 0
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		t, err := time.Parse(layout, in.Text)
		if in.Kind == jsontree.String && err == nil && t.UnixMilli() > 0 {
			return programme.Millis(t.UnixMilli())
		}
	}
	s.fail(in, "%s is not a time such as \"2025-11-05T12:00:00Z\" or \"2025-11-05\"", in)
	return 0
}, show: func(_ Network, v programme.Millis) any {
	if v == 0 {
		return ""
	}
	return v.Time().Format(time.RFC3339Nano)
}, schema: schema{"type": "string", "pattern": `^([0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?)?$`}}

// port is a TCP port.
var port = kind[uint16]{name: "port, 1 to 65535", read: whole[uint16](1, 65535).read, show: func(_ Network, v uint16) any {
	return json.Number(strconv.Itoa(int(v)))
}, schema: numeric("integer", 1, 65535, `^\s*[0-9]+\s*$`)}
