package metadata

// maxSizeDepth bounds how deep types are followed to find their sizes; below it nothing is known about a size.
const maxSizeDepth = 256

// maxFixed is the greatest size that is told.
const maxFixed = 1 << 30

// size is what is known about the encodings of a type.
type size struct {
	least int32 // no encoding is shorter
	fixed bool  // and all have exactly that size, and any bytes of that size are valid
	state uint8 // 0 not yet known, 1 being worked out, 2 done
}

// MinSize is a lower bound, in bytes, of all encodings of a type: a count of elements times it may not exceed the
// input.
func (r *Registry) MinSize(id TypeID) int {
	if r == nil || int64(id) >= int64(len(r.sizes)) {
		return 0
	}
	return int(r.sizes[id].least)
}

// FixedSize is the size of all encodings of a type, when they have the same and when any bytes of that size are
// valid. So it is unknown for bool, char and enums.
func (r *Registry) FixedSize(id TypeID) (int, bool) {
	if r == nil || int64(id) >= int64(len(r.sizes)) || !r.sizes[id].fixed {
		return 0, false
	}
	return int(r.sizes[id].least), true
}

// measure fills in the sizes of all types.
func (r *Registry) measure() {
	r.sizes = make([]size, len(r.types))
	for i := range r.types {
		r.sizeOf(TypeID(i), maxSizeDepth)
	}
}

// sizeOf works out a size. A type that contains itself has no fixed size, and 0 is a lower bound good enough for it.
func (r *Registry) sizeOf(id TypeID, depth int) size {
	if int64(id) >= int64(len(r.types)) || depth == 0 {
		return size{}
	}
	s := &r.sizes[id]
	switch s.state {
	case 1:
		return size{}
	case 2:
		return *s
	}
	s.state = 1
	got := r.work(&r.types[id], depth-1)
	got.state = 2
	*s = got
	return got
}

func (r *Registry) work(t *Type, depth int) size {
	switch t.Kind {
	case Composite:
		return r.fieldsSize(t.Fields, depth)
	case Enum:
		out := size{least: maxFixed}
		for i := range t.Variants {
			out.least = min(out.least, r.fieldsSize(t.Variants[i].Fields, depth).least)
		}
		out.least = min(out.least+1, maxFixed)
		return out
	case Array:
		elem := r.sizeOf(t.Elem, depth)
		total := int64(elem.least) * int64(t.Len)
		return size{least: int32(min(total, maxFixed)), fixed: elem.fixed && total < maxFixed}
	case Tuple:
		out := size{fixed: true}
		for _, id := range t.Elems {
			out = out.plus(r.sizeOf(id, depth))
		}
		return out
	case Basic:
		if n := t.Primitive.Size(); n > 0 {
			return size{least: int32(n), fixed: t.Primitive != Bool && t.Primitive != Char}
		}
		return size{least: 1}
	case Compact:
		if r.isUnit(t.Elem, depth) {
			return size{fixed: true}
		}
		return size{least: 1}
	}
	return size{least: 1} // sequences begin with a count
}

func (r *Registry) fieldsSize(fields []Field, depth int) size {
	out := size{fixed: true}
	for i := range fields {
		out = out.plus(r.sizeOf(fields[i].Type, depth))
	}
	return out
}

func (s size) plus(o size) size {
	total := int64(s.least) + int64(o.least)
	return size{least: int32(min(total, maxFixed)), fixed: s.fixed && o.fixed && total < maxFixed}
}

// isUnit reports whether a type is the unit type or a wrapper of it: its compact form has no bytes.
func (r *Registry) isUnit(id TypeID, depth int) bool {
	for ; depth > 0; depth-- {
		t, ok := r.Type(id)
		if !ok {
			return false
		}
		switch {
		case t.Kind == Tuple && len(t.Elems) == 0, t.Kind == Composite && len(t.Fields) == 0:
			return true
		case t.Kind == Composite && len(t.Fields) == 1:
			id = t.Fields[0].Type
		case t.Kind == Tuple && len(t.Elems) == 1:
			id = t.Elems[0]
		default:
			return false
		}
	}
	return false
}
