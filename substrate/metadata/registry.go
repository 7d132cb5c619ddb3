package metadata

import (
	"fmt"
	"strings"
)

// TypeID names a type inside one metadata blob. It means nothing for another blob.
type TypeID uint32

// NoType stands for a type that is not there. No registry has a type with this id.
const NoType TypeID = 1<<32 - 1

// Kind is the shape of a type.
type Kind uint8

// The shapes, by the numbers they have in metadata.
const (
	Composite Kind = iota
	Enum
	Sequence
	Array
	Tuple
	Basic
	Compact
	BitSequence
)

// String is the shape in lower case.
func (k Kind) String() string {
	names := [...]string{"composite", "enum", "sequence", "array", "tuple", "primitive", "compact", "bit sequence"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown kind"
}

// Primitive is a type that is built from nothing else.
type Primitive uint8

// The primitives, by the numbers they have in metadata.
const (
	Bool Primitive = iota
	Char
	Str
	U8
	U16
	U32
	U64
	U128
	U256
	I8
	I16
	I32
	I64
	I128
	I256
	primitiveCount
)

// String is the primitive's name as in Rust.
func (p Primitive) String() string {
	names := [...]string{
		"bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "u256", "i8", "i16", "i32", "i64", "i128", "i256",
	}
	if int(p) < len(names) {
		return names[p]
	}
	return "unknown primitive"
}

// Size is the number of bytes the primitive takes; 0 for str, whose size varies.
func (p Primitive) Size() int {
	sizes := [...]int{1, 4, 0, 1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32}
	if int(p) < len(sizes) {
		return sizes[p]
	}
	return 0
}

// Signed reports whether the primitive is a signed integer.
func (p Primitive) Signed() bool { return p >= I8 && p <= I256 }

// Type is one type of a runtime. Which of the fields below Kind matter depends on Kind.
type Type struct {
	ID TypeID
	// Path in the Rust source, such as sp_core crypto AccountId32; empty for types without a name.
	Path   []string
	Params []TypeParam
	Kind   Kind
	// Fields of a Composite.
	Fields []Field
	// Variants of an Enum. Their indices may have gaps and any order.
	Variants []Variant
	// Elem of a Sequence, Array or Compact.
	Elem TypeID
	// Len of an Array.
	Len uint32
	// Elems of a Tuple; none means the unit type.
	Elems []TypeID
	// Primitive of a Basic.
	Primitive Primitive
	// Store and Order of a BitSequence.
	Store, Order TypeID
	Docs         []string
}

// TypeParam is a generic parameter. Type is NoType when the parameter is not described.
type TypeParam struct {
	Name string
	Type TypeID
}

// Field of a composite or a variant.
type Field struct {
	// Name is empty in tuple structs.
	Name string
	Type TypeID
	// TypeName is the type as the source spells it; may be empty.
	TypeName string
	Docs     []string
}

// Variant of an enum.
type Variant struct {
	Name   string
	Fields []Field
	// Index is the byte that stands for the variant.
	Index uint8
	Docs  []string
}

// Name is the last part of the type's path, or empty.
func (t *Type) Name() string {
	if len(t.Path) == 0 {
		return ""
	}
	return t.Path[len(t.Path)-1]
}

// PathString is the path as Rust writes it: "sp_core::crypto::AccountId32".
func (t *Type) PathString() string { return strings.Join(t.Path, "::") }

// VariantByIndex finds the variant for which the byte index stands.
func (t *Type) VariantByIndex(index uint8) (*Variant, bool) {
	for i := range t.Variants {
		if t.Variants[i].Index == index {
			return &t.Variants[i], true
		}
	}
	return nil, false
}

// VariantByName finds a variant by its name.
func (t *Type) VariantByName(name string) (*Variant, bool) {
	for i := range t.Variants {
		if t.Variants[i].Name == name {
			return &t.Variants[i], true
		}
	}
	return nil, false
}

// Registry holds the types of a blob. It does not change after it was made and may be used concurrently.
type Registry struct {
	types []Type
	sizes []size
}

// maxVariants is how many variants an enum can have.
const maxVariants = 256

// NewRegistry makes a registry of types whose ids are their positions. It is an error when an id is not, when a type
// refers to one that does not exist, or when an enum has more than 256 variants.
func NewRegistry(types []Type) (*Registry, error) {
	r := &Registry{types: types}
	for i := range types {
		if types[i].ID != TypeID(i) {
			return nil, fmt.Errorf("type at position %d has id %d: ids must count up from 0", i, types[i].ID)
		}
		if len(types[i].Variants) > maxVariants {
			return nil, fmt.Errorf("type %d has %d variants: at most %d are possible", i, len(types[i].Variants), maxVariants)
		}
		for _, id := range types[i].references() {
			if int64(id) >= int64(len(types)) {
				return nil, fmt.Errorf("type %d refers to type %d, which does not exist", i, id)
			}
		}
	}
	r.measure()
	return r, nil
}

// references are the ids of the types needed to decode t.
func (t *Type) references() []TypeID {
	var ids []TypeID
	switch t.Kind {
	case Composite:
		for i := range t.Fields {
			ids = append(ids, t.Fields[i].Type)
		}
	case Enum:
		for i := range t.Variants {
			for j := range t.Variants[i].Fields {
				ids = append(ids, t.Variants[i].Fields[j].Type)
			}
		}
	case Sequence, Array, Compact:
		ids = append(ids, t.Elem)
	case Tuple:
		ids = append(ids, t.Elems...)
	case BitSequence:
		ids = append(ids, t.Store, t.Order)
	case Basic:
	}
	return ids
}

// Len is the number of types.
func (r *Registry) Len() int {
	if r == nil {
		return 0
	}
	return len(r.types)
}

// Type finds a type by its id. The caller must not change it.
func (r *Registry) Type(id TypeID) (*Type, bool) {
	if r == nil || int64(id) >= int64(len(r.types)) {
		return nil, false
	}
	return &r.types[id], true
}
