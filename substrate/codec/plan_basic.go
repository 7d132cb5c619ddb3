package codec

import (
	"fmt"
	"math"
	"math/big"
	"reflect"

	"lukechampine.com/uint128"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// integer is any integer on its way from the bytes to a Go value: big if that is set, else hi·2^64 + lo, negative if
// neg is set.
type integer struct {
	lo, hi uint64
	neg    bool
	big    *big.Int
}

func (n integer) toBig() *big.Int {
	if n.big != nil {
		return n.big
	}
	v := new(big.Int).SetUint64(n.lo)
	if n.hi != 0 {
		h := new(big.Int).SetUint64(n.hi)
		v.Or(v, h.Lsh(h, 64))
	}
	if n.neg {
		v.Neg(v)
	}
	return v
}

// narrow turns a big integer that fits into 128 bits without sign into the other form.
func (n integer) narrow() (integer, bool) {
	if n.big == nil {
		return n, true
	}
	if n.big.Sign() < 0 && n.big.IsInt64() {
		return integer{lo: -uint64(n.big.Int64()), neg: true}, true
	}
	if n.big.Sign() < 0 || n.big.BitLen() > 128 {
		return n, false
	}
	u := uint128.FromBig(n.big)
	return integer{lo: u.Lo, hi: u.Hi}, true
}

// source reads an integer.
type source func(s *state) (integer, error)

// sink stores an integer; false when it does not fit.
type sink func(v reflect.Value, n integer) bool

// basic compiles a primitive or a compact.
func (c *compiler) basic(src *metadata.Type, t reflect.Type) (op, error) {
	if src.Kind == metadata.Compact {
		p, unit, ok := compactInner(c.reg, src.Elem)
		switch {
		case !ok:
			return nil, fmt.Errorf("compact of %s: %w", c.reg.Name(src.Elem), ErrType)
		case unit:
			if t.Kind() != reflect.Struct || t.NumField() > 0 {
				return nil, c.mismatch(src, t)
			}
			return func(*state, reflect.Value) error { return nil }, nil
		}
		return c.integer(compactSource(src, p), t)
	}
	switch p := src.Primitive; p {
	case metadata.Bool:
		if t.Kind() != reflect.Bool {
			return nil, c.mismatch(src, t)
		}
		return func(s *state, v reflect.Value) error {
			b, err := s.Bool()
			if err == nil {
				v.SetBool(b)
			}
			return err
		}, nil
	case metadata.Str:
		if t.Kind() != reflect.String {
			return nil, c.mismatch(src, t)
		}
		return func(s *state, v reflect.Value) error {
			text, err := s.String()
			if err == nil {
				v.SetString(text)
			}
			return err
		}, nil
	case metadata.Char:
		return c.char(src, t)
	default:
		return c.integer(primitiveSource(p), t)
	}
}

func (c *compiler) char(src *metadata.Type, t reflect.Type) (op, error) {
	if t.Kind() != reflect.String && t.Kind() != reflect.Int32 {
		return nil, c.mismatch(src, t)
	}
	text := t.Kind() == reflect.String
	return func(s *state, v reflect.Value) error {
		r, err := s.char()
		switch {
		case err != nil:
			return err
		case text:
			v.SetString(string(r))
		default:
			v.SetInt(int64(r))
		}
		return nil
	}, nil
}

// integer compiles reading an integer into a Go value that takes one.
func (c *compiler) integer(from source, t reflect.Type) (op, error) {
	to := sinkFor(t)
	if to == nil {
		return nil, fmt.Errorf("an integer does not go into Go type %s: %w", t, ErrMismatch)
	}
	return func(s *state, v reflect.Value) error {
		at := s.Offset()
		n, err := from(s)
		if err != nil {
			return err
		}
		if !to(v, n) {
			return &scale.Error{Offset: at, What: fmt.Sprintf("%s into Go type %s", n.toBig(), t), Err: scale.ErrRange}
		}
		return nil
	}, nil
}

// words returns the source for an integer made of 64-bit words.
func (c *compiler) words(src *metadata.Type) (source, bool) {
	for range MaxDepth {
		if n, ok := bigWords(c.reg, src); ok {
			return func(s *state) (integer, error) {
				b, err := s.Read(n * 8)
				return integer{big: scale.BigFromLE(b)}, err
			}, true
		}
		inner, ok := wrapped(src)
		if !ok {
			return nil, false
		}
		if src, ok = c.reg.Type(inner); !ok {
			return nil, false
		}
	}
	return nil, false
}

func compactSource(src *metadata.Type, p metadata.Primitive) source {
	switch p {
	case metadata.U128:
		return func(s *state) (integer, error) {
			lo, hi, err := s.CompactU128()
			return integer{lo: lo, hi: hi}, err
		}
	case metadata.U256:
		return func(s *state) (integer, error) {
			v, err := s.compact(src)
			if err != nil {
				return integer{}, err
			}
			b, ok := v.(BigInt)
			if !ok {
				return integer{}, ErrType
			}
			return integer{big: b.n}, nil
		}
	}
	return func(s *state) (integer, error) {
		v, err := s.compact64(p)
		return integer{lo: v}, err
	}
}

func primitiveSource(p metadata.Primitive) source {
	switch p {
	case metadata.U8:
		return func(s *state) (integer, error) {
			v, err := s.U8()
			return integer{lo: uint64(v)}, err
		}
	case metadata.U16:
		return func(s *state) (integer, error) {
			v, err := s.U16()
			return integer{lo: uint64(v)}, err
		}
	case metadata.U32:
		return func(s *state) (integer, error) {
			v, err := s.U32()
			return integer{lo: uint64(v)}, err
		}
	case metadata.U64:
		return func(s *state) (integer, error) {
			v, err := s.U64()
			return integer{lo: v}, err
		}
	case metadata.U128:
		return func(s *state) (integer, error) {
			lo, hi, err := s.U128()
			return integer{lo: lo, hi: hi}, err
		}
	}
	return func(s *state) (integer, error) { // the signed ones and u256
		v, err := s.bigInt(p)
		return integer{big: v}, err
	}
}

// sinkFor returns how to store an integer in a Go type; nil when that is impossible.
func sinkFor(t reflect.Type) sink {
	switch t {
	case typeBigPtr:
		return func(v reflect.Value, n integer) bool { v.Set(reflect.ValueOf(n.toBig())); return true }
	case typeBigInt:
		return func(v reflect.Value, n integer) bool { v.Set(reflect.ValueOf(BigInt{n.toBig()})); return true }
	case typeBig:
		return func(v reflect.Value, n integer) bool {
			dst, ok := v.Addr().Interface().(*big.Int)
			if ok {
				dst.Set(n.toBig())
			}
			return ok
		}
	case typeU128:
		return func(v reflect.Value, n integer) bool {
			n, ok := n.narrow()
			dst, isU128 := v.Addr().Interface().(*uint128.Uint128)
			if !ok || !isU128 || n.neg {
				return false
			}
			*dst = uint128.New(n.lo, n.hi)
			return true
		}
	}
	if reflect.PointerTo(t).Implements(typeSetter) {
		return func(v reflect.Value, n integer) bool {
			n, ok := n.narrow()
			dst, isSetter := v.Addr().Interface().(U128Setter)
			if !ok || !isSetter || n.neg {
				return false
			}
			dst.SetU128(n.lo, n.hi)
			return true
		}
	}
	switch t.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(v reflect.Value, n integer) bool {
			n, ok := n.narrow()
			if !ok || n.neg || n.hi != 0 || v.OverflowUint(n.lo) {
				return false
			}
			v.SetUint(n.lo)
			return true
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return storeInt
	}
	return nil
}

func storeInt(v reflect.Value, n integer) bool {
	n, ok := n.narrow()
	if !ok || n.hi != 0 {
		return false
	}
	x := int64(n.lo)
	switch {
	case n.neg && n.lo <= 1<<63:
		x = -x
	case n.lo > math.MaxInt64:
		return false
	}
	if v.OverflowInt(x) {
		return false
	}
	v.SetInt(x)
	return true
}
