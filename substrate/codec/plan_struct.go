package codec

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// step decodes or skips one field of the metadata.
type step struct {
	name  string
	do    op // nil: skip the field
	skip  metadata.TypeID
	index []int
}

// composite compiles a struct that is not a wrapper.
func (c *compiler) composite(src *metadata.Type, t reflect.Type) (op, error) {
	if t.Kind() == reflect.Array && !named(src.Fields) && len(src.Fields) == t.Len() {
		ids := make([]metadata.TypeID, len(src.Fields))
		for i := range src.Fields {
			ids[i] = src.Fields[i].Type
		}
		return c.intoArray(ids, t)
	}
	if t.Kind() != reflect.Struct || special(t) {
		return nil, c.mismatch(src, t)
	}
	g, err := parseStruct(t)
	if err != nil {
		return nil, err
	}
	return c.fields(src.Fields, g, typeName(src))
}

// tuple compiles a tuple.
func (c *compiler) tuple(src *metadata.Type, t reflect.Type) (op, error) {
	if t.Kind() == reflect.Array && len(src.Elems) == t.Len() {
		return c.intoArray(src.Elems, t)
	}
	if t.Kind() != reflect.Struct || special(t) {
		return nil, c.mismatch(src, t)
	}
	g, err := parseStruct(t)
	if err != nil {
		return nil, err
	}
	if g.first && len(src.Elems) > 0 {
		return c.firstOf(src, t)
	}
	fields := make([]metadata.Field, len(src.Elems))
	for i, e := range src.Elems {
		fields[i].Type = e
	}
	return c.fields(fields, g, "the tuple "+c.reg.Name(src.ID))
}

// firstOf decodes the first element of a tuple and skips the others.
func (c *compiler) firstOf(src *metadata.Type, t reflect.Type) (op, error) {
	do, err := c.compile(src.Elems[0], t)
	if err != nil {
		return nil, err
	}
	rest := src.Elems[1:]
	return func(s *state, v reflect.Value) error {
		if err := s.descend(); err != nil {
			return err
		}
		defer s.leave()
		if err := do(s, v); err != nil {
			return fmt.Errorf("[0]: %w", err)
		}
		for i, id := range rest {
			if err := s.skip(id); err != nil {
				return fmt.Errorf("[%d]: %w", i+1, err)
			}
		}
		return nil
	}, nil
}

// intoArray decodes values of different types into the elements of a Go array.
func (c *compiler) intoArray(ids []metadata.TypeID, t reflect.Type) (op, error) {
	ops := make([]op, len(ids))
	for i, id := range ids {
		do, err := c.compile(id, t.Elem())
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		ops[i] = do
	}
	return func(s *state, v reflect.Value) error {
		if err := s.descend(); err != nil {
			return err
		}
		defer s.leave()
		for i, do := range ops {
			if err := do(s, v.Index(i)); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}, nil
}

// fields compiles decoding fields, in the order of the metadata, into a Go struct.
func (c *compiler) fields(fields []metadata.Field, g *goStruct, where string) (op, error) {
	names := fieldNames(fields)
	steps := make([]step, len(fields))
	for i := range fields {
		steps[i] = step{name: names[i], skip: fields[i].Type}
		f := g.find(names[i], names)
		if f == nil {
			continue
		}
		f.used = true
		do, err := c.compile(fields[i].Type, f.typ)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", names[i], err)
		}
		steps[i].do, steps[i].index = do, f.index
	}
	if err := g.missing(where, names); err != nil {
		return nil, err
	}
	return runFields(steps, g.unset()), nil
}

// unset are the places of optional fields that nothing fills.
func (g *goStruct) unset() [][]int {
	var out [][]int
	for i := range g.fields {
		if !g.fields[i].used {
			out = append(out, g.fields[i].index)
		}
	}
	return out
}

func runFields(steps []step, unset [][]int) op {
	return func(s *state, v reflect.Value) error {
		if err := s.descend(); err != nil {
			return err
		}
		defer s.leave()
		for i := range steps {
			st := &steps[i]
			var err error
			switch {
			case st.do == nil:
				err = s.skip(st.skip)
			case len(st.index) == 1:
				err = st.do(s, v.Field(st.index[0]))
			default:
				err = st.do(s, v.FieldByIndex(st.index))
			}
			if err != nil {
				return fmt.Errorf("field %s: %w", st.name, err)
			}
		}
		for _, index := range unset {
			v.FieldByIndex(index).SetZero()
		}
		return nil
	}
}

// enum compiles an enum other than Option; an Option only into a Variant.
func (c *compiler) enum(src *metadata.Type, t reflect.Type) (op, error) {
	switch {
	case t == typeVariant:
		return func(s *state, v reflect.Value) error {
			got, err := s.plainEnum(src)
			if err != nil {
				return err
			}
			v.Set(reflect.ValueOf(got))
			return nil
		}, nil
	case t.Kind() == reflect.String:
		return func(s *state, v reflect.Value) error {
			variant, err := s.variant(src)
			if err != nil {
				return err
			}
			v.SetString(variant.Name)
			return s.skipFields(variant.Fields)
		}, nil
	case t.Kind() == reflect.Struct && !special(t):
		return c.enumStruct(src, t)
	}
	return nil, c.mismatch(src, t)
}

// branch decodes what one variant carries.
type branch struct {
	name   string
	fields []metadata.Field // to skip when do is nil
	do     op
	index  []int
	known  bool // there is a Go field
	exists bool
}

func (c *compiler) enumStruct(src *metadata.Type, t reflect.Type) (op, error) {
	g, err := parseStruct(t)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(src.Variants))
	for i := range src.Variants {
		names[i] = src.Variants[i].Name
	}
	branches := make([]branch, 256)
	for i := range src.Variants {
		v := &src.Variants[i]
		b := &branches[v.Index]
		if b.exists {
			continue // the first variant of an index is the one that counts, as in VariantByIndex
		}
		*b = branch{name: v.Name, fields: v.Fields, exists: true}
		f := g.find(v.Name, names)
		if f == nil {
			continue
		}
		f.used, b.index, b.known = true, f.index, true
		if b.do, err = c.branch(v, f.typ); err != nil {
			return nil, fmt.Errorf("variant %s: %w", v.Name, err)
		}
	}
	if err := g.missing(typeName(src), names); err != nil {
		return nil, err
	}
	where := typeName(src)
	return func(s *state, v reflect.Value) error {
		if err := s.descend(); err != nil {
			return err
		}
		defer s.leave()
		at := s.Offset()
		index, err := s.U8()
		if err != nil {
			return err
		}
		b := &branches[index]
		switch {
		case !b.exists:
			return fmt.Errorf("at byte %d: %s has no variant with index %d: %w", at, where, index, ErrVariant)
		case !b.known && g.variant == nil:
			return fmt.Errorf("at byte %d: Go type %s has no field for variant %s: %w", at, t, b.name, ErrMismatch)
		}
		for i := range g.fields {
			v.FieldByIndex(g.fields[i].index).SetZero()
		}
		if g.variant != nil {
			v.FieldByIndex(g.variant).SetString(b.name)
		}
		if b.do == nil {
			err = s.skipFields(b.fields)
		} else {
			err = b.do(s, v.FieldByIndex(b.index))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		return nil
	}, nil
}

// branch compiles what a variant carries into a Go field: a bool or a pointer.
func (c *compiler) branch(v *metadata.Variant, t reflect.Type) (op, error) {
	if t.Kind() == reflect.Bool {
		return func(s *state, dst reflect.Value) error {
			dst.SetBool(true)
			return s.skipFields(v.Fields)
		}, nil
	}
	if t.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("needs a pointer or a bool, not %s: %w", t, ErrMismatch)
	}
	if len(v.Fields) == 1 && v.Fields[0].Name == "" {
		return c.compileSome(v.Fields[0].Type, t)
	}
	elem := t.Elem()
	var do op
	switch {
	case elem == typeAny || elem.Kind() != reflect.Struct || special(elem):
		return nil, fmt.Errorf("carries %s fields, which need a pointer to a struct, not %s: %w",
			strconv.Itoa(len(v.Fields)), t, ErrMismatch)
	default:
		g, err := parseStruct(elem)
		if err != nil {
			return nil, err
		}
		if do, err = c.fields(v.Fields, g, "variant "+v.Name); err != nil {
			return nil, err
		}
	}
	return func(s *state, dst reflect.Value) error {
		p := reflect.New(elem)
		if err := do(s, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}, nil
}
