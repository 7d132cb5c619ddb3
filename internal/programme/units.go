package programme

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"lukechampine.com/uint128"
)

// Era is an index of the staking pallet.
type Era uint32

// Session is an index of the relay chain's session pallet.
type Session uint32

// Perbill is a share in parts per billion: 1,000,000,000 is 100 %.
type Perbill uint32

// Percent is the share written as a percentage with up to seven decimals, without the sign: "2.5".
func (p Perbill) Percent() string {
	const perPercent = 10_000_000
	var room [16]byte
	b := strconv.AppendUint(room[:0], uint64(p/perPercent), 10)
	if frac := p % perPercent; frac != 0 {
		b = append(b, '.')
		for unit := Perbill(perPercent / 10); frac != 0; unit /= 10 {
			b = append(b, '0'+byte(frac/unit))
			frac %= unit
		}
	}
	return string(b)
}

// Millis is a moment or a duration in milliseconds; a moment counts from the Unix epoch.
type Millis int64

// Time is the moment as a UTC time.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// String is the moment in RFC 3339 with seconds, or "never" for zero.
func (m Millis) String() string {
	if m == 0 {
		return "never"
	}
	return m.Time().Format(time.RFC3339)
}

// Durations used by the rules, in milliseconds.
const (
	Minute Millis = 60_000
	Hour          = 60 * Minute
	Day           = 24 * Hour
	Week          = 7 * Day
)

// Address is a 32-byte account id in SS58, always encoded with the prefix of the network at hand. Adapters
// re-encode what they read, so that two addresses name the same account exactly when they are equal text.
type Address string

// Planck is an amount in a chain's smallest unit, up to 2^128-1. The zero value is zero; values compare with ==.
type Planck struct{ n uint128.Uint128 }

var errPlanck = errors.New("not a whole number of planck between 0 and 2^128-1")

// NewPlanck is n planck.
func NewPlanck(n uint64) Planck { return Planck{uint128.From64(n)} }

// PlanckFromParts builds an amount from its two 64-bit halves.
func PlanckFromParts(lo, hi uint64) Planck { return Planck{uint128.New(lo, hi)} }

// SetU128 sets the amount to hi·2^64 + lo; decoders of chain data call it.
func (p *Planck) SetU128(lo, hi uint64) { p.n = uint128.New(lo, hi) }

// PlanckFromBig converts n; ok is false when n is negative or too large.
func PlanckFromBig(n *big.Int) (p Planck, ok bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 128 {
		return Planck{}, false
	}
	return Planck{uint128.FromBig(n)}, true
}

// ParsePlanck reads a decimal number of planck without sign, separators or leading zeros.
func ParsePlanck(s string) (Planck, error) {
	if s == "" || len(s) > 39 || (len(s) > 1 && s[0] == '0') {
		return Planck{}, fmt.Errorf("%q is %w", s, errPlanck)
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return Planck{}, fmt.Errorf("%q is %w", s, errPlanck)
		}
	}
	n, _ := new(big.Int).SetString(s, 10)
	p, ok := PlanckFromBig(n)
	if !ok {
		return Planck{}, fmt.Errorf("%q is %w", s, errPlanck)
	}
	return p, nil
}

// Add is p + q, or the greatest amount when the sum does not fit: bytes from outside must not end the process.
func (p Planck) Add(q Planck) Planck {
	sum := p.n.AddWrap(q.n)
	if sum.Cmp(p.n) < 0 {
		return Planck{uint128.Max}
	}
	return Planck{sum}
}

// Sub is p - q, or zero when q is the greater.
func (p Planck) Sub(q Planck) Planck {
	if p.n.Cmp(q.n) <= 0 {
		return Planck{}
	}
	return Planck{p.n.SubWrap(q.n)}
}

// Div is p divided by n, rounded down; zero when n is zero.
func (p Planck) Div(n uint64) Planck {
	if n == 0 {
		return Planck{}
	}
	return Planck{p.n.Div64(n)}
}

// Mul is p times n, or the greatest amount when the product does not fit.
func (p Planck) Mul(n uint64) Planck {
	if n != 0 && p.n.Cmp(uint128.Max.Div64(n)) > 0 {
		return Planck{uint128.Max}
	}
	return Planck{p.n.Mul64(n)}
}

// Cmp is -1, 0 or 1 as p is less than, equal to or greater than q.
func (p Planck) Cmp(q Planck) int { return p.n.Cmp(q.n) }

// IsZero reports whether the amount is zero.
func (p Planck) IsZero() bool { return p.n.IsZero() }

// Big is the amount as an arbitrary-precision integer.
func (p Planck) Big() *big.Int { return p.n.Big() }

// Float64 is the nearest 64-bit float; scores are the only use of it.
func (p Planck) Float64() float64 {
	if p.n.Hi == 0 {
		return float64(p.n.Lo)
	}
	f, _ := new(big.Float).SetInt(p.n.Big()).Float64()
	return f
}

// String is the decimal number of planck.
func (p Planck) String() string { return p.n.String() }

// Tokens writes the amount in tokens of the given number of decimals, without trailing zeros: "12.5".
func (p Planck) Tokens(decimals int) string {
	s := p.n.String()
	if decimals <= 0 {
		return s
	}
	if len(s) <= decimals {
		s = strings.Repeat("0", decimals-len(s)+1) + s
	}
	whole, frac := s[:len(s)-decimals], strings.TrimRight(s[len(s)-decimals:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}

// MarshalText writes the decimal number of planck.
func (p Planck) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Planck) UnmarshalText(b []byte) error {
	v, err := ParsePlanck(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}
