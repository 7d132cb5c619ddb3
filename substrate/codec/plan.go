package codec

import (
	"fmt"
	"math/big"
	"reflect"

	"lukechampine.com/uint128"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// Raw keeps the encoding of a value instead of decoding it.
type Raw []byte

// U128Setter is implemented, on their pointers, by Go types that take integers of up to 128 bits.
type U128Setter interface {
	// SetU128 sets the value to hi·2^64 + lo.
	SetU128(lo, hi uint64)
}

// Plan decodes values of one type into Go values of one type. It may be used concurrently.
type Plan struct {
	reg *metadata.Registry
	id  metadata.TypeID
	typ reflect.Type
	op  op
}

// op decodes a value into v, which is addressable, and overwrites all of it.
type op func(s *state, v reflect.Value) error

// Compile prepares decoding values of type id into Go values of type t. Its error tells what does not fit.
//
// Integers go into Go integers, whose range is checked, and into [math/big.Int], *big.Int, [BigInt],
// uint128.Uint128 and every [U128Setter]; bool into bool; str into string; char into string and rune.
// Sequences and arrays go into slices and arrays, those of u8 also into []byte, [N]byte and string;
// sequences of pairs, such as a BTreeMap, also into maps; bit sequences into []bool.
//
// An Option needs a pointer, nil for None. Other types may also go into pointers, which are then never nil.
//
// A struct goes into a Go struct. The tag `scale:"name"` names a field in the metadata; without a tag the Go name
// does, ignoring case and underscores. `scale:"new|old"` takes the first of several names that exists.
// `scale:"name,optional"` leaves the zero value when there is no such field; otherwise its absence is an error.
// Fields of the metadata without a Go field are skipped, Go fields with `scale:"-"` are left alone, embedded structs
// count as if their fields stood in the outer one. Tuples, and structs without field names, go into Go structs in which
// all fields are tagged with positions: `scale:"0"`; or into Go arrays. A Go struct with a field
//
//	_ struct{} `scale:",first"`
//
// also takes a tuple, of which it then describes the first element: for types that were wrapped in a tuple later.
//
// An enum goes into a string, which gets the name of the variant and nothing of what it carries; or into a Go struct
// with fields named like variants as above, of which the one for the actual variant is set: a pointer to what it
// carries, or a bool. A string field tagged `scale:",variant"` gets the variant's name; only with it variants without
// a Go field are no error. Or it goes into a [Variant].
//
// Any type goes into an any, as by [Decode], and into a [Raw].
func Compile(reg *metadata.Registry, id metadata.TypeID, t reflect.Type) (*Plan, error) {
	if t == nil {
		return nil, fmt.Errorf("decode %s: no Go type given: %w", reg.Name(id), ErrMismatch)
	}
	c := &compiler{reg: reg, done: make(map[planKey]*op)}
	do, err := c.compile(id, t)
	if err != nil {
		return nil, fmt.Errorf("decode %s into Go type %s: %w", reg.Name(id), t, err)
	}
	return &Plan{reg: reg, id: id, typ: t, op: do}, nil
}

// Unmarshal decodes b, all of which must be used, into dst, a pointer to a value of the plan's Go type. It is
// overwritten and shares no memory with b; after an error its content is of no use.
func (p *Plan) Unmarshal(b []byte, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != p.typ {
		return fmt.Errorf("decode %s: destination is %T instead of a pointer to %s: %w",
			p.reg.Name(p.id), dst, p.typ, ErrMismatch)
	}
	s := newState(p.reg, b)
	err := p.op(s, v.Elem())
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return fmt.Errorf("decode %s: %w", p.reg.Name(p.id), err)
	}
	return nil
}

// Unmarshal decodes the encoding b of a value of type id into dst, a pointer, by the rules of [Compile]. For many
// values of the same type a [Plan] is faster.
func Unmarshal(reg *metadata.Registry, id metadata.TypeID, b []byte, dst any) error {
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer {
		return fmt.Errorf("decode %s: destination is %T instead of a pointer: %w", reg.Name(id), dst, ErrMismatch)
	}
	p, err := Compile(reg, id, t.Elem())
	if err != nil {
		return err
	}
	return p.Unmarshal(b, dst)
}

// compiler makes ops. Types that contain themselves are met again while being compiled: done then has the place
// where the op will be.
type compiler struct {
	reg   *metadata.Registry
	done  map[planKey]*op
	depth int
}

type planKey struct {
	id metadata.TypeID
	t  reflect.Type
}

var (
	typeAny     = reflect.TypeFor[any]()
	typeRaw     = reflect.TypeFor[Raw]()
	typeVariant = reflect.TypeFor[Variant]()
	typeBigInt  = reflect.TypeFor[BigInt]()
	typeBig     = reflect.TypeFor[big.Int]()
	typeBigPtr  = reflect.TypeFor[*big.Int]()
	typeU128    = reflect.TypeFor[uint128.Uint128]()
	typeSetter  = reflect.TypeFor[U128Setter]()
)

// special reports whether a Go type stands for one value although it may be a struct.
func special(t reflect.Type) bool {
	return t == typeVariant || t == typeBigInt || t == typeBig || t == typeU128 || reflect.PointerTo(t).Implements(typeSetter)
}

func (c *compiler) compile(id metadata.TypeID, t reflect.Type) (op, error) {
	key := planKey{id, t}
	if known, ok := c.done[key]; ok {
		return func(s *state, v reflect.Value) error { return (*known)(s, v) }, nil
	}
	if c.depth == MaxDepth {
		return nil, ErrDepth
	}
	c.depth++
	defer func() { c.depth-- }()
	place := new(op)
	c.done[key] = place
	do, err := c.choose(id, t)
	if err != nil {
		return nil, err
	}
	*place = do
	return do, nil
}

// choose looks at the Go type first, then at what is inside all wrappers.
func (c *compiler) choose(id metadata.TypeID, t reflect.Type) (op, error) {
	if _, ok := c.reg.Type(id); !ok {
		return nil, fmt.Errorf("type %d does not exist: %w", id, ErrType)
	}
	switch t {
	case typeAny:
		return func(s *state, v reflect.Value) error {
			got, err := s.dynamic(id)
			if err != nil {
				return err
			}
			if got == nil {
				v.SetZero()
			} else {
				v.Set(reflect.ValueOf(got))
			}
			return nil
		}, nil
	case typeRaw:
		return func(s *state, v reflect.Value) error {
			at := s.Offset()
			if err := s.skip(id); err != nil {
				return err
			}
			v.SetBytes(append([]byte{}, s.Since(at)...))
			return nil
		}, nil
	}
	if outer, ok := c.reg.Type(id); ok && t.Kind() == reflect.Struct && !special(t) {
		if do, err := c.wrapper(outer, t); do != nil || err != nil {
			return do, err
		}
	}
	src, ok := unwrap(c.reg, id)
	if !ok {
		return nil, fmt.Errorf("type %d wraps itself: %w", id, ErrType)
	}
	if inner, ok := option(src); ok && t != typeVariant {
		return c.option(inner, t)
	}
	if t.Kind() == reflect.Pointer && t != typeBigPtr {
		return c.pointer(id, t)
	}
	if outer, ok := c.reg.Type(id); ok {
		if words, ok := c.words(outer); ok {
			return c.integer(words, t)
		}
	}
	return c.kind(src, t)
}

// wrapper handles a Go struct that names the only field of a wrapper by its position.
func (c *compiler) wrapper(src *metadata.Type, t reflect.Type) (op, error) {
	if _, ok := wrapped(src); !ok {
		return nil, nil
	}
	g, err := parseStruct(t)
	if err != nil || !g.positional() {
		return nil, err
	}
	return c.fields(src.Fields, g, typeName(src))
}

// pointer allocates for every value.
func (c *compiler) pointer(id metadata.TypeID, t reflect.Type) (op, error) {
	elem := t.Elem()
	do, err := c.compile(id, elem)
	if err != nil {
		return nil, err
	}
	return func(s *state, v reflect.Value) error {
		if err := s.descend(); err != nil { // Go types may be pointers to themselves
			return err
		}
		defer s.leave()
		p := reflect.New(elem)
		if err := do(s, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}, nil
}

// option handles an Option, which needs a pointer.
func (c *compiler) option(inner metadata.TypeID, t reflect.Type) (op, error) {
	if t.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("an Option needs a pointer, not %s: %w", t, ErrMismatch)
	}
	some, err := c.compileSome(inner, t)
	if err != nil {
		return nil, err
	}
	return func(s *state, v reflect.Value) error {
		present, err := s.Bool()
		if err != nil {
			return err
		}
		if !present {
			v.SetZero()
			return nil
		}
		return some(s, v)
	}, nil
}

// compileSome decodes what is in an Option into the pointer type t.
func (c *compiler) compileSome(inner metadata.TypeID, t reflect.Type) (op, error) {
	if t == typeBigPtr {
		if src, ok := unwrap(c.reg, inner); ok {
			if _, nested := option(src); nested {
				return nil, fmt.Errorf("an Option of an Option needs two pointers, not %s: %w", t, ErrMismatch)
			}
		}
		return c.compile(inner, t)
	}
	return c.pointer(inner, t)
}

// mismatch is the error for a type that does not go into a Go type.
func (c *compiler) mismatch(src *metadata.Type, t reflect.Type) error {
	return fmt.Errorf("%s (%s) does not go into Go type %s: %w", c.reg.Name(src.ID), src.Kind, t, ErrMismatch)
}

// kind compiles for a type that is neither wrapped nor an Option, and a Go type that is not a pointer.
func (c *compiler) kind(src *metadata.Type, t reflect.Type) (op, error) {
	switch src.Kind {
	case metadata.Composite:
		return c.composite(src, t)
	case metadata.Enum:
		return c.enum(src, t)
	case metadata.Sequence:
		return c.sequence(src, t)
	case metadata.Array:
		return c.array(src, t)
	case metadata.Tuple:
		return c.tuple(src, t)
	case metadata.BitSequence:
		return c.bitSequence(src, t)
	case metadata.Basic, metadata.Compact:
		return c.basic(src, t)
	}
	return nil, c.mismatch(src, t)
}

func (c *compiler) bitSequence(src *metadata.Type, t reflect.Type) (op, error) {
	if t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Bool {
		return nil, c.mismatch(src, t)
	}
	return func(s *state, v reflect.Value) error {
		bits, err := s.bits(src)
		if err != nil {
			return err
		}
		list := reflect.MakeSlice(t, len(bits), len(bits))
		for i, bit := range bits {
			list.Index(i).SetBool(bit)
		}
		v.Set(list)
		return nil
	}, nil
}
