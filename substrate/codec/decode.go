package codec

import (
	"fmt"
	"math/big"
	"unicode/utf8"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Decode makes a dynamic value from the encoding b of a value of type id. All of b must be used. The result shares no
// memory with b.
func Decode(reg *metadata.Registry, id metadata.TypeID, b []byte) (any, error) {
	s := newState(reg, b)
	v, err := s.dynamic(id)
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", reg.Name(id), err)
	}
	return v, nil
}

// DecodePrefix is Decode for a value at the beginning of b; it returns the number of bytes used.
func DecodePrefix(reg *metadata.Registry, id metadata.TypeID, b []byte) (any, int, error) {
	s := newState(reg, b)
	v, err := s.dynamic(id)
	if err != nil {
		return nil, 0, fmt.Errorf("decode %s: %w", reg.Name(id), err)
	}
	return v, s.Offset(), nil
}

func (s *state) dynamic(id metadata.TypeID) (any, error) {
	t, err := s.enter(id)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	switch t.Kind {
	case metadata.Composite:
		return s.composite(t)
	case metadata.Enum:
		return s.enum(t)
	case metadata.Sequence:
		return s.sequence(t)
	case metadata.Array:
		return s.array(t)
	case metadata.Tuple:
		list := make([]any, len(t.Elems))
		for i, e := range t.Elems {
			if list[i], err = s.dynamic(e); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	case metadata.Basic:
		return s.primitive(t.Primitive)
	case metadata.Compact:
		return s.compact(t)
	case metadata.BitSequence:
		return s.bits(t)
	}
	return nil, fmt.Errorf("%s: %w", typeName(t), ErrType)
}

func (s *state) composite(t *metadata.Type) (any, error) {
	if isAccount(s.reg, t) {
		b, err := s.Read(32)
		if err != nil {
			return nil, err
		}
		return AccountID(b), nil
	}
	if words, ok := bigWords(s.reg, t); ok {
		b, err := s.Read(words * 8)
		if err != nil {
			return nil, err
		}
		return BigInt{scale.BigFromLE(b)}, nil
	}
	if inner, ok := wrapped(t); ok {
		return s.dynamic(inner)
	}
	fields, err := s.fields(t.Fields)
	if err != nil {
		return nil, err
	}
	if named(t.Fields) {
		return Struct(fields), nil
	}
	list := make([]any, len(fields))
	for i := range fields {
		list[i] = fields[i].Value
	}
	return list, nil
}

// fields decodes one after another. Unless all have names, the names are dropped.
func (s *state) fields(fields []metadata.Field) ([]Field, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	out := make([]Field, len(fields))
	keep := named(fields)
	for i := range fields {
		v, err := s.dynamic(fields[i].Type)
		if err != nil {
			return nil, inField(&fields[i], i, err)
		}
		out[i].Value = v
		if keep {
			out[i].Name = fields[i].Name
		}
	}
	return out, nil
}

func inField(f *metadata.Field, position int, err error) error {
	if f.Name == "" {
		return fmt.Errorf("[%d]: %w", position, err)
	}
	return fmt.Errorf("%s: %w", f.Name, err)
}

func (s *state) enum(t *metadata.Type) (any, error) {
	v, err := s.variant(t)
	if err != nil {
		return nil, err
	}
	if inner, ok := option(t); ok && !nilable(s.reg, inner) {
		if v.Index == 0 {
			return nil, nil
		}
		return s.dynamic(inner)
	}
	return s.payload(v)
}

// plainEnum decodes an enum, even an Option, as a Variant.
func (s *state) plainEnum(t *metadata.Type) (Variant, error) {
	v, err := s.variant(t)
	if err != nil {
		return Variant{}, err
	}
	return s.payload(v)
}

func (s *state) payload(v *metadata.Variant) (Variant, error) {
	fields, err := s.fields(v.Fields)
	if err != nil {
		return Variant{}, fmt.Errorf("%s: %w", v.Name, err)
	}
	return Variant{Name: v.Name, Fields: fields}, nil
}

func (s *state) sequence(t *metadata.Type) (any, error) {
	if isByte(s.reg, t.Elem) {
		b, err := s.Bytes()
		if err != nil {
			return nil, err
		}
		return append(Bytes{}, b...), nil
	}
	n, err := s.Count(s.reg.MinSize(t.Elem))
	if err != nil {
		return nil, err
	}
	return s.list(t.Elem, n)
}

func (s *state) array(t *metadata.Type) (any, error) {
	if isByte(s.reg, t.Elem) {
		b, err := s.Read(int(t.Len))
		if err != nil {
			return nil, err
		}
		return append(Bytes{}, b...), nil
	}
	if least := s.reg.MinSize(t.Elem); least > 0 && int64(t.Len) > int64(s.Remaining()/least) {
		return nil, fmt.Errorf("array of %d elements: %w", t.Len, &scale.Error{
			Offset: s.Offset(), What: "array", Err: scale.ErrEnd,
		})
	}
	return s.list(t.Elem, int(t.Len))
}

// list decodes n values. What it allocates ahead is taken from the bound on work.
func (s *state) list(elem metadata.TypeID, n int) (any, error) {
	if err := s.spend(n); err != nil {
		return nil, err
	}
	list := make([]any, n)
	for i := range list {
		v, err := s.dynamic(elem)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		list[i] = v
	}
	return list, nil
}

func (s *state) primitive(p metadata.Primitive) (any, error) {
	switch p {
	case metadata.Bool:
		return s.Bool()
	case metadata.Char:
		r, err := s.char()
		return string(r), err
	case metadata.Str:
		return s.String()
	case metadata.U8:
		v, err := s.U8()
		return uint64(v), err
	case metadata.U16:
		v, err := s.U16()
		return uint64(v), err
	case metadata.U32:
		v, err := s.U32()
		return uint64(v), err
	case metadata.U64:
		return s.U64()
	case metadata.I8:
		v, err := s.U8()
		return int64(int8(v)), err
	case metadata.I16:
		v, err := s.U16()
		return int64(int16(v)), err
	case metadata.I32:
		v, err := s.U32()
		return int64(int32(v)), err
	case metadata.I64:
		v, err := s.U64()
		return int64(v), err
	}
	n, err := s.bigInt(p)
	if err != nil {
		return nil, err
	}
	return BigInt{n}, nil
}

// bigInt reads an integer primitive of any width.
func (s *state) bigInt(p metadata.Primitive) (*big.Int, error) {
	size := p.Size()
	if size == 0 {
		return nil, fmt.Errorf("%s is not an integer: %w", p, ErrType)
	}
	b, err := s.Read(size)
	if err != nil {
		return nil, err
	}
	n := scale.BigFromLE(b)
	if p.Signed() && b[size-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(size)*8))
	}
	return n, nil
}

func (s *state) char() (rune, error) {
	at := s.Offset()
	v, err := s.U32()
	if err != nil {
		return 0, err
	}
	if v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return 0, &scale.Error{Offset: at, What: "char", Err: scale.ErrRange}
	}
	return rune(v), nil
}

// compactBits is the number of bits that a compact of an integer may have.
func compactBits(p metadata.Primitive) int { return p.Size() * 8 }

func (s *state) compact(t *metadata.Type) (any, error) {
	p, unit, ok := compactInner(s.reg, t.Elem)
	if !ok {
		return nil, fmt.Errorf("compact of %s: %w", s.reg.Name(t.Elem), ErrType)
	}
	if unit {
		return []any{}, nil
	}
	if p == metadata.U128 || p == metadata.U256 {
		at := s.Offset()
		n, err := s.CompactBig()
		if err != nil {
			return nil, err
		}
		if n.BitLen() > compactBits(p) {
			return nil, &scale.Error{Offset: at, What: "compact " + p.String(), Err: scale.ErrRange}
		}
		return BigInt{n}, nil
	}
	return s.compact64(p)
}

// compact64 reads a compact of up to 64 bits and checks it against the width of its integer.
func (s *state) compact64(p metadata.Primitive) (uint64, error) {
	at := s.Offset()
	v, err := s.Compact()
	if err != nil {
		return 0, err
	}
	if bits := compactBits(p); bits < 64 && v>>bits != 0 {
		return 0, &scale.Error{Offset: at, What: "compact " + p.String(), Err: scale.ErrRange}
	}
	return v, nil
}

// bits reads a bit sequence: the number of bits, then whole words. Bits after the last one must be zero, as the chain
// writes them: so that each value has one encoding.
func (s *state) bits(t *metadata.Type) (Bits, error) {
	width, msb, ok := bitOrder(s.reg, t)
	if !ok {
		return nil, fmt.Errorf("bit sequence of %s in %s: %w", s.reg.Name(t.Store), s.reg.Name(t.Order), ErrType)
	}
	at := s.Offset()
	n, err := s.Compact()
	if err != nil {
		return nil, err
	}
	if n > uint64(s.Remaining())*8 {
		return nil, &scale.Error{Offset: at, What: fmt.Sprintf("%d bits", n), Err: scale.ErrEnd}
	}
	word := uint64(width) * 8
	raw, err := s.Read(int((n + word - 1) / word * uint64(width)))
	if err != nil {
		return nil, err
	}
	out := make(Bits, n)
	for i := range len(raw) * 8 {
		set := bitAt(raw, i, width, msb)
		switch {
		case i < len(out):
			out[i] = set
		case set:
			return nil, &scale.Error{Offset: at, What: "bits beyond the last", Err: scale.ErrRange}
		}
	}
	return out, nil
}

// bitAt is bit i of little-endian words of the given width in bytes.
func bitAt(raw []byte, i, width int, msb bool) bool {
	at, mask := bitPlace(i, width, msb)
	return raw[at]&mask != 0
}

// bitPlace is where bit i is: the index of its byte and the mask in it.
func bitPlace(i, width int, msb bool) (at int, mask byte) {
	word, bit := i/(width*8), i%(width*8)
	if msb {
		bit = width*8 - 1 - bit
	}
	return word*width + bit/8, 1 << (bit % 8)
}
