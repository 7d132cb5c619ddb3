package outside

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Nano is an amount of a currency in billionths, an integer so that sums of rewards are exact.
type Nano int64

const (
	nanoDigits = 9
	nanoUnit   = 1_000_000_000
)

// maxNumber bounds the text of a price.
const maxNumber = 64

// ParseNano reads a decimal number that is not negative, such as 4.2031 or 3.1e-05. Digits beyond the ninth after
// the point are rounded, half up.
func ParseNano(text string) (Nano, error) {
	if len(text) > maxNumber {
		return 0, errors.New("a number that is too long")
	}
	mantissa, power := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n < -100 || n > 100 {
			return 0, fmt.Errorf("%q is not a number in range", text)
		}
		mantissa, power = text[:i], n
	}
	whole, part, point := strings.Cut(mantissa, ".")
	digits := whole + part
	if whole == "" || (point && part == "") || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%q is not a number of 0 or more", text)
	}
	shift := nanoDigits + power - len(part) // value is digits x 10^shift billionths
	up := false
	for ; shift < 0 && digits != ""; shift++ {
		up = digits[len(digits)-1] >= '5'
		digits = digits[:len(digits)-1]
	}
	if shift < 0 {
		up = false // further digits were all zero
	}
	if digits = strings.TrimLeft(digits, "0"); digits != "" {
		digits += strings.Repeat("0", max(shift, 0))
	}
	if digits == "" {
		digits = "0"
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || (up && n == math.MaxInt64) {
		return 0, fmt.Errorf("%q is greater than any price", text)
	}
	if up {
		n++
	}
	return Nano(n), nil
}

// String writes the amount in the currency's unit: "4.2031".
func (n Nano) String() string {
	text := strconv.FormatInt(int64(n)/nanoUnit, 10)
	rest := int64(n) % nanoUnit
	if rest == 0 {
		return text
	}
	return text + "." + strings.TrimRight(fmt.Sprintf("%09d", rest), "0")
}

// MarshalText writes the amount for JSON.
func (n Nano) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *Nano) UnmarshalText(b []byte) (err error) {
	*n, err = ParseNano(string(b))
	return err
}
