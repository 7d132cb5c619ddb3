// Package codec decodes and encodes values of the types that a runtime's metadata describes.
//
// There are two ways to decode. Decode makes a dynamic value of any type, for showing to people and for code that
// does not know the type beforehand. Unmarshal, and a Plan for reading many values, fill Go values by the names of
// fields and variants, so that fields which a runtime upgrade adds, moves or removes elsewhere do not matter.
//
// # Dynamic values
//
//	bool                            bool
//	char, str                       string
//	u8 … u64                        uint64
//	i8 … i64                        int64
//	wider integers                  BigInt
//	Compact<T>, one-field wrappers  as what is inside
//	AccountId32                     AccountID
//	lists and arrays of u8, H256 …  Bytes
//	other lists, arrays, tuples     []any
//	structs with named fields       Struct
//	Option                          nil, or the value; as an enum if the value itself may be nil
//	other enums                     Variant
//	BitSequence                     Bits
//
// All of them can be written with encoding/json; Struct and Variant keep the order of the metadata.
//
// # Go values
//
//	type Ledger struct {
//		Stash     [32]byte
//		Total     *big.Int
//		Active    uint128.Uint128
//		Unlocking []struct {
//			Value *big.Int
//			Era   uint32
//		}
//		Claimed []uint32 `scale:"claimed_rewards|legacy_claimed_rewards,optional"`
//	}
//
// The rules are at [Compile].
//
// # Bytes from outside
//
// Nothing in this package panics, whatever the types and bytes are. The depth of nesting, and the work in relation to
// the length of the input, are bounded: types may refer to themselves, and chains of types without any bytes can
// describe values of astronomical size. Values must end where the bytes end.
package codec

import (
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// MaxDepth is how deep the types inside a value may nest. A call inside a call takes about six levels.
const MaxDepth = 512

// The work allowed for decoding n bytes is workBase + n*workPerByte values, counting those inside others. Real values
// need about one per byte, and up to five where small ones are wrapped several times.
const (
	workBase    = 1 << 16
	workPerByte = 16
)

// Reasons why a value cannot be decoded or encoded; those of package scale are others.
var (
	// ErrType means that the type does not exist or has no encoding.
	ErrType = errors.New("type cannot be decoded")
	// ErrVariant means that an enum has no variant of the index or name.
	ErrVariant = errors.New("no such variant")
	// ErrDepth means that values are nested deeper than MaxDepth.
	ErrDepth = errors.New("nested too deeply")
	// ErrWork means that a few bytes describe too many values.
	ErrWork = errors.New("too many values in too few bytes")
	// ErrMismatch means that a Go value does not fit the type.
	ErrMismatch = errors.New("does not fit")
)

// state is a decoder with the bounds on depth and work.
type state struct {
	scale.Decoder
	reg   *metadata.Registry
	depth int
	work  int
}

func newState(reg *metadata.Registry, b []byte) *state {
	s := &state{reg: reg, depth: MaxDepth, work: workBase + len(b)*workPerByte}
	s.Reset(b)
	return s
}

// enter begins a value: it finds its type and takes from the bounds. After enter succeeded the caller must leave.
func (s *state) enter(id metadata.TypeID) (*metadata.Type, error) {
	t, ok := s.reg.Type(id)
	if !ok {
		return nil, fmt.Errorf("type %d does not exist: %w", id, ErrType)
	}
	return t, s.descend()
}

// descend takes one level and one value from the bounds.
func (s *state) descend() error {
	if s.depth == 0 {
		return fmt.Errorf("at byte %d: %w", s.Offset(), ErrDepth)
	}
	if s.work == 0 {
		return fmt.Errorf("at byte %d: %w", s.Offset(), ErrWork)
	}
	s.depth--
	s.work--
	return nil
}

func (s *state) leave() { s.depth++ }

// spend takes n values from the bound at once.
func (s *state) spend(n int) error {
	if n > s.work {
		return fmt.Errorf("at byte %d: %w", s.Offset(), ErrWork)
	}
	s.work -= n
	return nil
}

// variant reads the index of an enum's variant.
func (s *state) variant(t *metadata.Type) (*metadata.Variant, error) {
	at := s.Offset()
	index, err := s.U8()
	if err != nil {
		return nil, err
	}
	v, ok := t.VariantByIndex(index)
	if !ok {
		return nil, fmt.Errorf("at byte %d: %s has no variant with index %d: %w", at, typeName(t), index, ErrVariant)
	}
	return v, nil
}

func typeName(t *metadata.Type) string {
	if len(t.Path) > 0 {
		return t.PathString()
	}
	return fmt.Sprintf("type %d (%s)", t.ID, t.Kind)
}
