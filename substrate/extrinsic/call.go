package extrinsic

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// RuntimeCall is an encoded call of one runtime. The bytes of a call mean something else, or nothing, to another
// runtime, also to another version of the same chain's: the indices of pallets and calls move. So a call can be used
// only together with the very metadata it was made from.
type RuntimeCall struct {
	md           *metadata.Metadata
	pallet, name string
	bytes        []byte
}

// ErrOtherRuntime means that a call was made from other metadata than it is used with.
var ErrOtherRuntime = errors.New("the call was made from the metadata of another runtime")

// Call encodes a call by the names of its pallet and itself, with one value per argument, in order. What an argument
// may be follows from its type in the metadata:
//
//   - an account, whether the type is AccountId32 or MultiAddress: [32]byte or codec.AccountID
//   - a call: a RuntimeCall
//   - a list: a slice; a list of bytes: []byte
//   - an Option: nil for none, else the value inside
//   - an enum without data: the name of the variant as a string
//   - everything else: what codec.Encode accepts
//
// The error names the argument.
func Call(md *metadata.Metadata, pallet, name string, args ...any) (RuntimeCall, error) {
	p, v, err := md.Call(pallet, name)
	if err != nil {
		return RuntimeCall{}, fmt.Errorf("encode call: %w", err)
	}
	if len(args) != len(v.Fields) {
		return RuntimeCall{}, fmt.Errorf("encode call %s.%s: it has %d arguments, not %d", pallet, name, len(v.Fields), len(args))
	}
	out := []byte{p.Index, v.Index}
	for i, f := range v.Fields {
		if out, err = appendValue(out, md, f.Type, args[i], maxNesting); err != nil {
			return RuntimeCall{}, fmt.Errorf("encode call %s.%s: argument %s: %w", pallet, name, f.Name, err)
		}
	}
	return RuntimeCall{md, pallet, name, out}, nil
}

// ParseCall takes the bytes of a call, such as one stored before a restart, and checks that they are a call of this
// runtime, completely.
func ParseCall(md *metadata.Metadata, b []byte) (RuntimeCall, error) {
	c, err := decodeCall(md, b)
	if err != nil {
		return RuntimeCall{}, fmt.Errorf("parse call: %w", err)
	}
	return RuntimeCall{md, c.Pallet, c.Name, bytes.Clone(b)}, nil
}

// Bytes is a copy of the encoded call.
func (c RuntimeCall) Bytes() []byte { return bytes.Clone(c.bytes) }

// Hash is the BLAKE2b-256 hash of the encoded call, by which proxies announce it.
func (c RuntimeCall) Hash() [32]byte { return hash.Blake2b256(c.bytes) }

// Name is the pallet and the call: "Staking.nominate".
func (c RuntimeCall) Name() string { return c.pallet + "." + c.name }

// String is the name and the encoding in hexadecimal.
func (c RuntimeCall) String() string { return c.Name() + " 0x" + hex.EncodeToString(c.bytes) }

// maxNesting bounds how deep lists and options in arguments nest.
const maxNesting = 16

// appendValue encodes the kinds of values that Call documents and leaves the rest to package codec.
func appendValue(dst []byte, md *metadata.Metadata, id metadata.TypeID, v any, depth int) ([]byte, error) {
	reg := md.Types
	t, ok := inside(reg, id)
	if !ok || depth == 0 {
		return nil, fmt.Errorf("type %s is nested too deeply", reg.Name(id))
	}
	if c, ok := v.(RuntimeCall); ok {
		return appendCall(dst, md, t, c)
	}
	if elem, ok := optionOf(t); ok {
		if v == nil {
			return append(dst, 0), nil
		}
		if !isOptionValue(v) {
			return appendValue(append(dst, 1), md, elem, v, depth-1)
		}
	}
	if account, ok := asAccount(v); ok {
		switch variant, isAddress := accountVariant(reg, t); {
		case isAddress:
			return append(append(dst, variant.Index), account[:]...), nil
		case isAccount(reg, t):
			return append(dst, account[:]...), nil
		}
	}
	if name, ok := v.(string); ok && t.Kind == metadata.Enum {
		v = codec.Variant{Name: name}
	}
	if list := reflect.ValueOf(v); t.Kind == metadata.Sequence && list.Kind() == reflect.Slice && list.Type().Elem().Kind() != reflect.Uint8 {
		dst = scale.AppendCompact(dst, uint64(list.Len()))
		for i := range list.Len() {
			var err error
			if dst, err = appendValue(dst, md, t.Elem, list.Index(i).Interface(), depth-1); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return dst, nil
	}
	b, err := codec.Encode(reg, id, v)
	if err != nil {
		return nil, err
	}
	return append(dst, b...), nil
}

// isOptionValue recognises an Option in the form in which codec decodes it when the value inside may be nil itself.
func isOptionValue(v any) bool {
	e, ok := v.(codec.Variant)
	return ok && (e.Name == "Some" || e.Name == "None")
}

func asAccount(v any) ([32]byte, bool) {
	switch v := v.(type) {
	case [32]byte:
		return v, true
	case codec.AccountID:
		return v, true
	}
	return [32]byte{}, false
}

func appendCall(dst []byte, md *metadata.Metadata, t *metadata.Type, c RuntimeCall) ([]byte, error) {
	if c.md != md {
		return nil, fmt.Errorf("%s: %w", c.Name(), ErrOtherRuntime)
	}
	if t.ID != md.OuterCall && t.ID != md.Extrinsic.Call {
		return nil, fmt.Errorf("%s is a call, and %s is wanted", c.Name(), md.Types.Name(t.ID))
	}
	return append(dst, c.bytes...), nil
}

// maxShape bounds how far wrappers around a type are followed: types may contain themselves.
const maxShape = 64

// inside follows composites of one field without a name, which leave no trace in the encoding, to what they wrap. It
// stops at account ids, which are such composites with a meaning.
func inside(reg *metadata.Registry, id metadata.TypeID) (*metadata.Type, bool) {
	for range maxShape {
		t, ok := reg.Type(id)
		if !ok {
			return nil, false
		}
		if t.Kind != metadata.Composite || len(t.Fields) != 1 || t.Fields[0].Name != "" || isAccount(reg, t) {
			return t, true
		}
		id = t.Fields[0].Type
	}
	return nil, false
}

// isAccount recognises AccountId32.
func isAccount(reg *metadata.Registry, t *metadata.Type) bool {
	if t.Kind != metadata.Composite || t.Name() != "AccountId32" {
		return false
	}
	size, ok := reg.FixedSize(t.ID)
	return ok && size == 32
}

// accountVariant recognises MultiAddress and returns the variant that holds an account id.
func accountVariant(reg *metadata.Registry, t *metadata.Type) (*metadata.Variant, bool) {
	if t.Kind != metadata.Enum || t.Name() != "MultiAddress" {
		return nil, false
	}
	v, ok := t.VariantByName("Id")
	if !ok || len(v.Fields) != 1 {
		return nil, false
	}
	inner, ok := reg.Type(v.Fields[0].Type)
	return v, ok && isAccount(reg, inner)
}

// optionOf recognises Option and returns the type inside.
func optionOf(t *metadata.Type) (metadata.TypeID, bool) {
	if t.Kind != metadata.Enum || len(t.Path) != 1 || t.Path[0] != "Option" {
		return 0, false
	}
	none, hasNone := t.VariantByIndex(0)
	some, hasSome := t.VariantByIndex(1)
	if !hasNone || !hasSome || len(none.Fields) != 0 || len(some.Fields) != 1 {
		return 0, false
	}
	return some.Fields[0].Type, true
}

// isNothing reports whether values of the type take no bytes.
func isNothing(reg *metadata.Registry, id metadata.TypeID) bool {
	size, fixed := reg.FixedSize(id)
	return fixed && size == 0
}
