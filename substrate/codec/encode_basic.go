package codec

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// maxDigits bounds the decimal text that is taken as an integer: 2^512 has 155 digits.
const maxDigits = 160

// toInteger makes an integer of whatever stands for one.
func toInteger(v any) (integer, bool) {
	switch v := v.(type) {
	case *big.Int:
		return integer{big: v}, v != nil
	case big.Int:
		return integer{big: &v}, true
	case BigInt:
		return integer{big: v.Big()}, true
	case interface{ Big() *big.Int }:
		if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
			return integer{}, false
		}
		n := v.Big()
		return integer{big: n}, n != nil
	case json.Number:
		return parseInteger(string(v))
	case string:
		return parseInteger(v)
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return integer{}, false
		}
		return integer{big: big.NewInt(int64(v))}, true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return integer{lo: r.Uint()}, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if i := r.Int(); i < 0 {
			return integer{lo: -uint64(i), neg: true}, true
		}
		return integer{lo: uint64(r.Int())}, true
	}
	return integer{}, false
}

func parseInteger(s string) (integer, bool) {
	if len(s) > maxDigits || strings.ContainsAny(s, "_+") {
		return integer{}, false
	}
	n, ok := new(big.Int).SetString(s, 10)
	return integer{big: n}, ok
}

func (e *encoder) primitive(p metadata.Primitive, v any) error {
	switch p {
	case metadata.Bool:
		r := reflect.ValueOf(v)
		if r.Kind() != reflect.Bool {
			return misfit("bool", v)
		}
		e.out = scale.AppendBool(e.out, r.Bool())
		return nil
	case metadata.Str:
		r := reflect.ValueOf(v)
		if r.Kind() != reflect.String {
			return misfit("text", v)
		}
		if !utf8.ValidString(r.String()) {
			return scale.ErrText
		}
		e.out = scale.AppendString(e.out, r.String())
		return nil
	case metadata.Char:
		return e.char(v)
	}
	n, ok := toInteger(v)
	if !ok {
		return misfit("integer", v)
	}
	return e.integer(p, n)
}

func (e *encoder) char(v any) error {
	var c rune
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		first, size := utf8.DecodeRuneInString(r.String())
		if size != r.Len() || (first == utf8.RuneError && size < 2) {
			return fmt.Errorf("char: one character expected, got %q: %w", r.String(), ErrMismatch)
		}
		c = first
	case reflect.Int32:
		c = rune(r.Int())
	default:
		return misfit("char", v)
	}
	if !utf8.ValidRune(c) {
		return fmt.Errorf("char %d: %w", c, scale.ErrRange)
	}
	e.out = scale.AppendU32(e.out, uint32(c))
	return nil
}

// integer writes an integer of fixed width.
func (e *encoder) integer(p metadata.Primitive, n integer) error {
	size := p.Size()
	if n.big == nil && !n.neg && n.hi == 0 && !p.Signed() && (size >= 8 || n.lo>>(size*8) == 0) {
		var le [32]byte
		binary.LittleEndian.PutUint64(le[:], n.lo)
		e.out = append(e.out, le[:size]...)
		return nil
	}
	return e.littleEndian(n.toBig(), size, p.Signed())
}

// words writes an integer made of 64-bit words.
func (e *encoder) words(words int, v any) error {
	n, ok := toInteger(v)
	if !ok {
		return misfit("integer", v)
	}
	return e.littleEndian(n.toBig(), words*8, false)
}

func (e *encoder) littleEndian(n *big.Int, size int, signed bool) error {
	limit := size * 8
	fits := n.Sign() >= 0 && n.BitLen() <= limit
	if signed {
		m := n
		if n.Sign() < 0 {
			m = new(big.Int).Not(n) // -1-n: two's complement reaches one further below zero
		}
		fits = m.BitLen() < limit
	}
	if !fits {
		return fmt.Errorf("%s does not fit into %d bits: %w", n, limit, scale.ErrRange)
	}
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(limit)))
	}
	be := n.FillBytes(make([]byte, size))
	for i := size - 1; i >= 0; i-- {
		e.out = append(e.out, be[i])
	}
	return nil
}

// bytesOf returns the bytes that v stands for; text says whether text without 0x is taken too.
func bytesOf(v any, text bool) ([]byte, error) {
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.String:
		s := r.String()
		digits, isHex := strings.CutPrefix(s, "0x")
		if !isHex {
			if text {
				return []byte(s), nil
			}
			return nil, fmt.Errorf("hexadecimal text with 0x in front expected, got %q: %w", s, ErrMismatch)
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, fmt.Errorf("%q is not hexadecimal: %w", s, ErrMismatch)
		}
		return b, nil
	case r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8:
		return r.Bytes(), nil
	case r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8:
		b := make([]byte, r.Len())
		reflect.Copy(reflect.ValueOf(b), r)
		return b, nil
	case r.Kind() == reflect.Slice || r.Kind() == reflect.Array:
		b := make([]byte, r.Len())
		for i := range b {
			n, ok := toInteger(r.Index(i).Interface())
			if ok {
				n, ok = n.narrow()
			}
			if !ok || n.neg || n.hi != 0 || n.lo > 0xff {
				return nil, fmt.Errorf("[%d] is no byte: %w", i, ErrMismatch)
			}
			b[i] = byte(n.lo)
		}
		return b, nil
	}
	return nil, misfit("bytes", v)
}

// accountOf returns the account id that v stands for.
func accountOf(v any) (id [32]byte, err error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.String && !strings.HasPrefix(r.String(), "0x") {
		_, id, err = ss58.DecodeAccount(r.String())
		return id, err
	}
	b, err := bytesOf(v, false)
	if err != nil {
		return id, fmt.Errorf("account id: %w", err)
	}
	if len(b) != len(id) {
		return id, fmt.Errorf("account id: 32 bytes expected, got %d: %w", len(b), ErrMismatch)
	}
	return [32]byte(b), nil
}

// bits writes a bit sequence.
func (e *encoder) bits(t *metadata.Type, v any) error {
	width, msb, ok := bitOrder(e.reg, t)
	if !ok {
		return fmt.Errorf("bit sequence of %s in %s: %w", e.reg.Name(t.Store), e.reg.Name(t.Order), ErrType)
	}
	var list []bool
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.String:
		digits, isBits := strings.CutPrefix(r.String(), "0b")
		if !isBits || strings.Trim(digits, "01") != "" {
			return fmt.Errorf("bits: text like 0b0110 expected, got %q: %w", r.String(), ErrMismatch)
		}
		for _, d := range digits {
			list = append(list, d == '1')
		}
	case r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Bool:
		for i := range r.Len() {
			list = append(list, r.Index(i).Bool())
		}
	case r.Kind() == reflect.Slice && r.Len() == 0:
	default:
		return misfit("bits", v)
	}
	word := width * 8
	raw := make([]byte, (len(list)+word-1)/word*width)
	for i, set := range list {
		if set {
			at, mask := bitPlace(i, width, msb)
			raw[at] |= mask
		}
	}
	e.out = append(scale.AppendCompact(e.out, uint64(len(list))), raw...)
	return nil
}
