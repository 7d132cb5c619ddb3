package extrinsic

import "github.com/thousand-validators/otv/substrate/metadata"

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
