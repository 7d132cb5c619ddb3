package extrinsic

import (
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// DispatchError is why a call failed, by names.
type DispatchError struct {
	// Kind is the variant of the chain's type: "Module", "BadOrigin", "Token", "Arithmetic" and so on.
	Kind string
	// Pallet and Name of the error for Kind "Module". When the metadata does not know the error, Pallet is empty and
	// Name tells the numbers.
	Pallet, Name string
	// Detail is what other kinds carry: "FundsUnavailable" for Token. May be empty.
	Detail string
	// Docs of the error in the metadata, one line per element.
	Docs []string
}

// Named reports whether the error is the one of that pallet and name.
func (e *DispatchError) Named(pallet, name string) bool {
	return e != nil && e.Kind == kindModule && e.Pallet == pallet && e.Name == name
}

// Error is the name and the documentation: "Staking.NotController: Not a controller account."
func (e *DispatchError) Error() string {
	name := e.Kind
	switch {
	case e.Kind == kindModule && e.Pallet != "":
		name = e.Pallet + "." + e.Name
	case e.Kind == kindModule:
		name = e.Name
	case e.Detail != "":
		name += "." + e.Detail
	}
	if docs := strings.Join(strings.Fields(strings.Join(e.Docs, " ")), " "); docs != "" {
		return name + ": " + docs
	}
	return name
}

const kindModule = "Module"

// isDispatchError recognises the type, wherever the runtime's authors put it.
func isDispatchError(t *metadata.Type) bool {
	return t.Kind == metadata.Enum && t.Name() == "DispatchError"
}

// newDispatchError names a decoded value of the type DispatchError.
func newDispatchError(md *metadata.Metadata, v codec.Variant) *DispatchError {
	e := &DispatchError{Kind: v.Name}
	if v.Name != kindModule {
		switch inner := v.Value().(type) {
		case codec.Variant:
			e.Detail = inner.Name
		case string:
			e.Detail = inner
		}
		return e
	}
	pallet, index, ok := moduleError(v)
	if !ok {
		e.Name = "an error of a form that is not known"
		return e
	}
	p, variant, err := md.Error(pallet, index)
	if err != nil {
		e.Name = fmt.Sprintf("error %d of the pallet with index %d, which is not in the metadata", index, pallet)
		return e
	}
	e.Pallet, e.Name, e.Docs = p.Name, variant.Name, variant.Docs
	return e
}

// moduleError is the index of the pallet and of the error. The latter is a byte in old runtimes; in newer ones it is the
// first of four, the others of which belong to errors nested in it.
func moduleError(v codec.Variant) (pallet, index uint8, ok bool) {
	fields := codec.Struct(v.Fields)
	if inner, isStruct := v.Value().(codec.Struct); isStruct {
		fields = inner
	}
	number, _ := fields.Get("index")
	p, ok := number.(uint64)
	if !ok || p > 255 {
		return 0, 0, false
	}
	code, _ := fields.Get("error")
	switch code := code.(type) {
	case uint64:
		return uint8(p), uint8(code), code <= 255
	case codec.Bytes:
		if len(code) > 0 {
			return uint8(p), code[0], true
		}
	}
	return 0, 0, false
}

// findErrors walks a decoded value along its type and names every DispatchError in it, however deep.
func findErrors(md *metadata.Metadata, id metadata.TypeID, v any, depth int) []*DispatchError {
	t, ok := inside(md.Types, id)
	if !ok || depth == 0 {
		return nil
	}
	if isDispatchError(t) {
		if variant, ok := v.(codec.Variant); ok {
			return []*DispatchError{newDispatchError(md, variant)}
		}
		return nil
	}
	if elem, ok := optionOf(t); ok && !isOptionValue(v) {
		return findErrors(md, elem, v, depth-1)
	}
	var out []*DispatchError
	each := func(id metadata.TypeID, v any) { out = append(out, findErrors(md, id, v, depth-1)...) }
	switch v := v.(type) {
	case codec.Struct:
		for i := range min(len(v), len(t.Fields)) {
			each(t.Fields[i].Type, v[i].Value)
		}
	case codec.Variant:
		if variant, ok := t.VariantByName(v.Name); ok {
			for i := range min(len(v.Fields), len(variant.Fields)) {
				each(variant.Fields[i].Type, v.Fields[i].Value)
			}
		}
	case []any:
		for i := range v {
			switch t.Kind {
			case metadata.Sequence, metadata.Array:
				each(t.Elem, v[i])
			case metadata.Tuple:
				if i < len(t.Elems) {
					each(t.Elems[i], v[i])
				}
			case metadata.Composite:
				if i < len(t.Fields) {
					each(t.Fields[i].Type, v[i])
				}
			}
		}
	}
	return out
}
