package metadata

import (
	"strconv"
	"strings"
)

// Bounds on what Name spells out.
const (
	maxNameDepth  = 8
	maxNameLength = 160
)

// Name spells out a type for people: "Vec<AccountId32>", "(u32, u128)", "Option<bool>". What is nested deeply or would
// become too long is cut with "…".
func (r *Registry) Name(id TypeID) string {
	w := &nameWriter{reg: r}
	w.write(id, maxNameDepth)
	return w.String()
}

type nameWriter struct {
	strings.Builder
	reg *Registry
}

func (w *nameWriter) full() bool { return w.Len() > maxNameLength }

func (w *nameWriter) write(id TypeID, depth int) {
	t, ok := w.reg.Type(id)
	switch {
	case !ok:
		w.WriteString("?")
		return
	case depth == 0 || w.full():
		w.WriteString("…")
		return
	}
	switch t.Kind {
	case Sequence:
		w.list("Vec<", []TypeID{t.Elem}, ">", depth)
	case Array:
		w.list("[", []TypeID{t.Elem}, "; "+strconv.FormatUint(uint64(t.Len), 10)+"]", depth)
	case Tuple:
		w.list("(", t.Elems, ")", depth)
	case Basic:
		w.WriteString(t.Primitive.String())
	case Compact:
		w.list("Compact<", []TypeID{t.Elem}, ">", depth)
	case BitSequence:
		w.WriteString("BitSequence")
	default:
		w.path(t, depth)
	}
}

func (w *nameWriter) list(before string, ids []TypeID, after string, depth int) {
	w.WriteString(before)
	for i, id := range ids {
		if i > 0 {
			w.WriteString(", ")
		}
		if w.full() {
			w.WriteString("…")
			break
		}
		w.write(id, depth-1)
	}
	w.WriteString(after)
}

// path writes a type that has a name, with its parameters where those tell most.
func (w *nameWriter) path(t *Type, depth int) {
	name := t.Name()
	if name == "" {
		w.WriteString("type " + strconv.FormatUint(uint64(t.ID), 10))
		return
	}
	if len(name) > maxNameLength {
		name = strings.ToValidUTF8(name[:maxNameLength], "") + "…"
	}
	var ids []TypeID
	switch name {
	case "Option", "Result", "BTreeMap", "BTreeSet", "BoundedVec", "WeakBoundedVec", "BoundedBTreeMap", "BoundedBTreeSet":
		for _, p := range t.Params {
			if p.Type != NoType && p.Name != "S" { // S is the bound
				ids = append(ids, p.Type)
			}
		}
	}
	if len(ids) == 0 {
		w.WriteString(name)
		return
	}
	w.list(name+"<", ids, ">", depth)
}
