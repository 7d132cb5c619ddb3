package codec

import "github.com/thousand-validators/otv/substrate/metadata"

// isByte reports whether id is u8, so that lists of it are shown as bytes.
func isByte(reg *metadata.Registry, id metadata.TypeID) bool {
	t, ok := reg.Type(id)
	return ok && t.Kind == metadata.Basic && t.Primitive == metadata.U8
}

// isAccount recognises 32-byte account ids.
func isAccount(reg *metadata.Registry, t *metadata.Type) bool {
	if t.Kind != metadata.Composite || len(t.Fields) != 1 || t.Name() != "AccountId32" {
		return false
	}
	inner, ok := reg.Type(t.Fields[0].Type)
	return ok && inner.Kind == metadata.Array && inner.Len == 32 && isByte(reg, inner.Elem)
}

// bigWords recognises the integers that are arrays of 64-bit words, such as primitive_types::U256, and returns the
// number of words.
func bigWords(reg *metadata.Registry, t *metadata.Type) (int, bool) {
	if t.Kind != metadata.Composite || len(t.Fields) != 1 {
		return 0, false
	}
	var words uint32
	switch t.Name() {
	case "U128":
		words = 2
	case "U256":
		words = 4
	case "U512":
		words = 8
	default:
		return 0, false
	}
	inner, ok := reg.Type(t.Fields[0].Type)
	if !ok || inner.Kind != metadata.Array || inner.Len != words {
		return 0, false
	}
	word, ok := reg.Type(inner.Elem)
	return int(words), ok && word.Kind == metadata.Basic && word.Primitive == metadata.U64
}

// option recognises Option and returns the type inside.
func option(t *metadata.Type) (metadata.TypeID, bool) {
	if t.Kind != metadata.Enum || len(t.Path) != 1 || t.Path[0] != "Option" || len(t.Variants) != 2 {
		return 0, false
	}
	none, some := &t.Variants[0], &t.Variants[1]
	if none.Name != "None" || none.Index != 0 || len(none.Fields) != 0 ||
		some.Name != "Some" || some.Index != 1 || len(some.Fields) != 1 {
		return 0, false
	}
	return some.Fields[0].Type, true
}

// wrapped recognises composites of one field without a name, which leave no trace in the encoding, and returns the
// type inside.
func wrapped(t *metadata.Type) (metadata.TypeID, bool) {
	if t.Kind == metadata.Composite && len(t.Fields) == 1 && t.Fields[0].Name == "" {
		return t.Fields[0].Type, true
	}
	return 0, false
}

// unwrap follows wrappers to what is inside; ok is false for missing types and for wrappers that contain themselves.
func unwrap(reg *metadata.Registry, id metadata.TypeID) (*metadata.Type, bool) {
	for range MaxDepth {
		t, ok := reg.Type(id)
		if !ok {
			return nil, false
		}
		inner, ok := wrapped(t)
		if !ok {
			return t, true
		}
		id = inner
	}
	return nil, false
}

// nilable reports whether nil is the dynamic form of a value of the type: it is an Option, perhaps wrapped, of
// something that is not itself nilable.
func nilable(reg *metadata.Registry, id metadata.TypeID) bool {
	for options := range MaxDepth {
		t, ok := unwrap(reg, id)
		if !ok {
			return false
		}
		if id, ok = option(t); !ok {
			return options%2 == 1
		}
	}
	return false
}

// compactInner is what a compact stands for: the integer inside all wrappers, or nothing for the unit type.
func compactInner(reg *metadata.Registry, id metadata.TypeID) (p metadata.Primitive, unit, ok bool) {
	for range MaxDepth {
		t, found := reg.Type(id)
		if !found {
			return 0, false, false
		}
		switch {
		case t.Kind == metadata.Basic:
			return t.Primitive, false, t.Primitive >= metadata.U8 && t.Primitive <= metadata.U256
		case t.Kind == metadata.Composite && len(t.Fields) == 1:
			id = t.Fields[0].Type
		case t.Kind == metadata.Tuple && len(t.Elems) == 1:
			id = t.Elems[0]
		case t.Kind == metadata.Composite && len(t.Fields) == 0, t.Kind == metadata.Tuple && len(t.Elems) == 0:
			return 0, true, true
		default:
			return 0, false, false
		}
	}
	return 0, false, false
}

// named reports whether all fields have names.
func named(fields []metadata.Field) bool {
	for i := range fields {
		if fields[i].Name == "" {
			return false
		}
	}
	return len(fields) > 0
}

// bitOrder is the width of a bit sequence's words in bytes and whether the first bit of a word is its highest.
func bitOrder(reg *metadata.Registry, t *metadata.Type) (width int, msb, ok bool) {
	store, ok := reg.Type(t.Store)
	if !ok || store.Kind != metadata.Basic || store.Primitive < metadata.U8 || store.Primitive > metadata.U64 {
		return 0, false, false
	}
	order, ok := reg.Type(t.Order)
	if !ok {
		return 0, false, false
	}
	switch order.Name() {
	case "Lsb0":
		return store.Primitive.Size(), false, true
	case "Msb0":
		return store.Primitive.Size(), true, true
	}
	return 0, false, false
}
