package codec

import (
	"fmt"
	"reflect"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Encode makes the encoding of a value of type id from a dynamic value as [Decode] makes it, from what encoding/json
// makes of the JSON of one, or from a Go value by the rules of [Compile]. In addition it takes
//
//   - for integers, any Go integer, decimal text, whole float64s up to 2^53, and types with a method Big() *big.Int;
//   - for bytes, hexadecimal text with 0x in front; for sequences of u8 also other text, as its UTF-8;
//   - for account ids, hexadecimal text and addresses of any network: check the prefix yourself;
//   - for structs, lists of the fields' values in order.
//
// All fields must be given, and nothing that the type does not have.
func Encode(reg *metadata.Registry, id metadata.TypeID, v any) ([]byte, error) {
	e := &encoder{reg: reg, depth: MaxDepth}
	if err := e.value(id, v); err != nil {
		return nil, fmt.Errorf("encode %s: %w", reg.Name(id), err)
	}
	return e.out, nil
}

type encoder struct {
	reg   *metadata.Registry
	out   []byte
	depth int
}

// misfit is the error for a value that a type does not take.
func misfit(want string, v any) error {
	return fmt.Errorf("%s expected, got %T: %w", want, v, ErrMismatch)
}

func (e *encoder) value(id metadata.TypeID, v any) error {
	t, ok := e.reg.Type(id)
	if !ok {
		return fmt.Errorf("type %d does not exist: %w", id, ErrType)
	}
	if e.depth == 0 {
		return ErrDepth
	}
	e.depth--
	defer func() { e.depth++ }()
	if raw, ok := v.(Raw); ok {
		return e.raw(id, raw)
	}
	if inner, ok := option(t); ok {
		return e.option(t, inner, v)
	}
	if _, ok := wrapped(t); !ok || isAccount(e.reg, t) {
		if v, ok = deref(v); !ok {
			return misfit(e.reg.Name(id), nil)
		}
	}
	switch t.Kind {
	case metadata.Composite:
		return e.composite(t, v)
	case metadata.Enum:
		return e.enum(t, v)
	case metadata.Sequence:
		return e.sequence(t, v)
	case metadata.Array:
		return e.array(t, v)
	case metadata.Tuple:
		return e.tuple(t, v)
	case metadata.Basic:
		return e.primitive(t.Primitive, v)
	case metadata.Compact:
		return e.compact(t, v)
	case metadata.BitSequence:
		return e.bits(t, v)
	}
	return fmt.Errorf("%s: %w", typeName(t), ErrType)
}

// deref follows pointers, except those with methods that make them integers; false when one is nil. A plain nil stays.
func deref(v any) (any, bool) {
	for range MaxDepth {
		r := reflect.ValueOf(v)
		if r.Kind() != reflect.Pointer {
			return v, true
		}
		if r.IsNil() {
			return nil, false
		}
		if _, ok := toInteger(v); ok {
			return v, true
		}
		v = r.Elem().Interface()
	}
	return nil, false
}

// raw takes bytes that are an encoding already.
func (e *encoder) raw(id metadata.TypeID, raw Raw) error {
	s := newState(e.reg, raw)
	err := s.skip(id)
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return err
	}
	e.out = append(e.out, raw...)
	return nil
}

// option writes an Option. A Go pointer stands for one level of Option; a plain nil is None.
func (e *encoder) option(t *metadata.Type, inner metadata.TypeID, v any) error {
	if nilable(e.reg, inner) && isEnumForm(v) {
		return e.enum(t, v)
	}
	if _, ok := v.(Variant); ok { // of the Option itself, unless it can be one of what is inside
		if in, ok := unwrap(e.reg, inner); ok && in.Kind != metadata.Enum {
			return e.enum(t, v)
		}
	}
	r := reflect.ValueOf(v)
	if v == nil || r.Kind() == reflect.Pointer && r.IsNil() {
		e.out = append(e.out, 0)
		return nil
	}
	e.out = append(e.out, 1)
	if _, integer := toInteger(v); r.Kind() == reflect.Pointer && !integer {
		v = r.Elem().Interface()
	}
	return e.value(inner, v)
}

// isEnumForm reports whether v is one of the dynamic forms of None and Some.
func isEnumForm(v any) bool {
	switch v := v.(type) {
	case Variant:
		return true
	case string:
		return v == "None"
	case map[string]any:
		_, some := v["Some"]
		return some && len(v) == 1
	}
	return false
}

func (e *encoder) composite(t *metadata.Type, v any) error {
	if isAccount(e.reg, t) {
		id, err := accountOf(v)
		if err != nil {
			return err
		}
		e.out = append(e.out, id[:]...)
		return nil
	}
	if words, ok := bigWords(e.reg, t); ok {
		return e.words(words, v)
	}
	if inner, ok := wrapped(t); ok {
		if g, r := structOf(v); g != nil && g.positional() {
			return e.fields(t.Fields, r.Interface())
		}
		return e.value(inner, v)
	}
	return e.fields(t.Fields, v)
}

// fields writes the fields of a composite or of a variant, whose values are in v in any of the forms for structs.
func (e *encoder) fields(fields []metadata.Field, v any) error {
	get, count, err := members(fields, v)
	if err != nil {
		return err
	}
	found := 0
	for i := range fields {
		value, ok := get(i)
		if !ok {
			return fmt.Errorf("field %s is missing: %w", fieldNames(fields)[i], ErrMismatch)
		}
		found++
		if err := e.value(fields[i].Type, value); err != nil {
			return inField(&fields[i], i, err)
		}
	}
	if count > found {
		return fmt.Errorf("%d fields given, %d expected: %w", count, found, ErrMismatch)
	}
	return nil
}

// members finds how to get the value of field i from v, and how many v has.
func members(fields []metadata.Field, v any) (get func(int) (any, bool), count int, err error) {
	v, _ = deref(v)
	names := fieldNames(fields)
	byName := func(list []Field) func(int) (any, bool) {
		return func(i int) (any, bool) {
			if i < len(list) && (list[i].Name == names[i] || list[i].Name == "") {
				return list[i].Value, true
			}
			return Struct(list).Get(names[i])
		}
	}
	switch v := v.(type) {
	case nil:
		return func(int) (any, bool) { return nil, false }, 0, nil
	case Struct:
		return byName(v), len(v), nil
	case []any:
		return func(i int) (any, bool) {
			if i >= len(v) {
				return nil, false
			}
			return v[i], true
		}, len(v), nil
	}
	if g, r := structOf(v); g != nil {
		return func(i int) (any, bool) {
			f := g.find(names[i], names)
			if f == nil {
				return nil, false
			}
			return r.FieldByIndex(f.index).Interface(), true
		}, g.required(names), nil
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.Map && r.Type().Key().Kind() == reflect.String:
		return func(i int) (any, bool) {
			m := r.MapIndex(reflect.ValueOf(names[i]).Convert(r.Type().Key()))
			if !m.IsValid() {
				return nil, false
			}
			return m.Interface(), true
		}, r.Len(), nil
	case r.Kind() == reflect.Slice || r.Kind() == reflect.Array:
		return func(i int) (any, bool) {
			if i >= r.Len() {
				return nil, false
			}
			return r.Index(i).Interface(), true
		}, r.Len(), nil
	}
	return nil, 0, misfit("struct", v)
}

// structOf returns what the tags of v say if it is a Go struct that does not stand for a single value.
func structOf(v any) (*goStruct, reflect.Value) {
	v, _ = deref(v)
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Struct || special(r.Type()) {
		return nil, r
	}
	g, err := parseStruct(r.Type())
	if err != nil {
		return nil, r
	}
	return g, r
}

// required is the number of fields that must be in the metadata: those not optional, and those there.
func (g *goStruct) required(names []string) int {
	n := 0
	for i := range g.fields {
		f := &g.fields[i]
		there := len(f.names) == 0
		if !there {
			_, there = firstPresent(f.names, names)
		} else if f.optional {
			there = false
			for _, name := range names {
				there = there || fold(name) == fold(f.goName)
			}
		}
		if there || !f.optional {
			n++
		}
	}
	return n
}

func (e *encoder) enum(t *metadata.Type, v any) error {
	name, payload, err := chosen(t, v)
	if err != nil {
		return err
	}
	variant, ok := t.VariantByName(name)
	if !ok {
		return fmt.Errorf("%s has no variant %q: %w", typeName(t), name, ErrVariant)
	}
	e.out = append(e.out, variant.Index)
	list, isList := payload.([]Field)
	switch {
	case isList && len(list) == 1 && len(variant.Fields) == 1 && list[0].Name == "":
		err = e.value(variant.Fields[0].Type, list[0].Value)
	case isList:
		err = e.fields(variant.Fields, Struct(list))
	case len(variant.Fields) == 1 && variant.Fields[0].Name == "":
		err = e.value(variant.Fields[0].Type, payload)
	default:
		err = e.fields(variant.Fields, payload)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// chosen finds the variant that v names, and what it carries: []Field from a Variant, else a value.
func chosen(t *metadata.Type, v any) (name string, payload any, err error) {
	switch v := v.(type) {
	case Variant:
		return v.Name, v.Fields, nil
	case string:
		return v, nil, nil
	case map[string]any:
		if len(v) == 1 {
			for name, payload = range v {
				return name, payload, nil
			}
		}
		return "", nil, fmt.Errorf("enum: an object with one member expected, got %d: %w", len(v), ErrMismatch)
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return r.String(), nil, nil
	}
	g, r := structOf(v)
	if g == nil {
		return "", nil, misfit("enum", v)
	}
	names := make([]string, len(t.Variants))
	for i := range t.Variants {
		names[i] = t.Variants[i].Name
	}
	found := false
	for _, n := range names {
		f := g.find(n, names)
		if f == nil {
			continue
		}
		switch val := r.FieldByIndex(f.index); {
		case val.IsZero():
			continue
		case found:
			return "", nil, fmt.Errorf("enum: both %s and %s are set: %w", name, n, ErrMismatch)
		default:
			name, found, payload = n, true, nil
			if val.Kind() == reflect.Pointer {
				payload = val.Interface()
			}
		}
	}
	if !found && g.variant != nil {
		return r.FieldByIndex(g.variant).String(), nil, nil
	}
	if !found {
		return "", nil, fmt.Errorf("enum: no field of %T is set: %w", v, ErrMismatch)
	}
	return name, payload, nil
}

func (e *encoder) tuple(t *metadata.Type, v any) error {
	fields := make([]metadata.Field, len(t.Elems))
	for i, id := range t.Elems {
		fields[i].Type = id
	}
	return e.fields(fields, v)
}

func (e *encoder) compact(t *metadata.Type, v any) error {
	p, unit, ok := compactInner(e.reg, t.Elem)
	switch {
	case !ok:
		return fmt.Errorf("compact of %s: %w", e.reg.Name(t.Elem), ErrType)
	case unit:
		return nil
	}
	n, ok := toInteger(v)
	if !ok {
		return misfit("integer", v)
	}
	b := n.toBig()
	if b.Sign() < 0 || b.BitLen() > compactBits(p) {
		return fmt.Errorf("%s does not fit into %s: %w", b, p, scale.ErrRange)
	}
	var err error
	e.out, err = scale.AppendCompactBig(e.out, b)
	return err
}
