package decision

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The canonical form is JSON with sorted keys, no white space and no number tokens: integers are decimal strings,
// floats the shortest decimal string that reads back to the same 64-bit value. So the bytes of a value are the
// same in every process, on every architecture and after a pass through any JSON tool that sorts keys (such as
// `jq -cS`), and no reader can lose digits.
//
// Struct fields are named by their json tag, embedded structs are flattened, and fields tagged omitempty are left
// out when empty. Types that marshal to text are strings.

// Canonical is the canonical form of v, which is built of the nouns of the programme.
func Canonical(v any) ([]byte, error) {
	e := encoder{texts: map[reflect.Type]bool{}}
	if err := e.value(reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	out   []byte
	texts map[reflect.Type]bool // which types marshal to text
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

func (e *encoder) value(v reflect.Value) error {
	if !v.IsValid() {
		e.out = append(e.out, "null"...)
		return nil
	}
	t := v.Type()
	if t.PkgPath() != "" && e.marshalsToText(t) { // only named types have methods
		b, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return err
		}
		e.string(string(b))
		return nil
	}
	switch t.Kind() {
	case reflect.Bool:
		e.out = strconv.AppendBool(e.out, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.out = append(strconv.AppendInt(append(e.out, '"'), v.Int(), 10), '"')
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.out = append(strconv.AppendUint(append(e.out, '"'), v.Uint(), 10), '"')
	case reflect.Float64:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("a number that is not finite has no canonical form")
		}
		e.out = append(appendFloat(append(e.out, '"'), f), '"')
	case reflect.String:
		e.string(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			e.out = append(e.out, "null"...)
			return nil
		}
		return e.value(v.Elem())
	case reflect.Slice, reflect.Array:
		return e.list(v)
	case reflect.Map:
		return e.mapping(v)
	case reflect.Struct:
		return e.structure(v)
	default:
		return fmt.Errorf("%s has no canonical form", t)
	}
	return nil
}

func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		f = 0 // drops the sign of a negative zero
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// marshalsToText remembers what it has found out: a record has a few types and a million values.
func (e *encoder) marshalsToText(t reflect.Type) bool {
	is, known := e.texts[t]
	if !known {
		is = t.Implements(textMarshaler)
		e.texts[t] = is
	}
	return is
}

const hexDigits = "0123456789abcdef"

// string writes s escaped as little as JSON allows. Bytes that are not UTF-8 become U+FFFD.
func (e *encoder) string(s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	e.out = append(e.out, '"')
	plain := 0 // where what needs no escape begins
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
			continue
		}
		e.out = append(e.out, s[plain:i]...)
		plain = i + 1
		switch c {
		case '"', '\\':
			e.out = append(e.out, '\\', c)
		case '\n':
			e.out = append(e.out, '\\', 'n')
		case '\r':
			e.out = append(e.out, '\\', 'r')
		case '\t':
			e.out = append(e.out, '\\', 't')
		case '\b':
			e.out = append(e.out, '\\', 'b')
		case '\f':
			e.out = append(e.out, '\\', 'f')
		default:
			e.out = append(e.out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	e.out = append(append(e.out, s[plain:]...), '"')
}

func (e *encoder) list(v reflect.Value) error {
	e.out = append(e.out, '[')
	for i := range v.Len() {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.value(v.Index(i)); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) mapping(v reflect.Value) error {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := keyText(it.Key())
		if err != nil {
			return err
		}
		entries = append(entries, entry{key, it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	e.out = append(e.out, '{')
	for i, en := range entries {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.string(en.key)
		e.out = append(e.out, ':')
		if err := e.value(en.value); err != nil {
			return fmt.Errorf("%s: %w", en.key, err)
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func keyText(k reflect.Value) (string, error) {
	switch k.Kind() {
	case reflect.String:
		return k.String(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(k.Uint(), 10), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(k.Int(), 10), nil
	}
	return "", fmt.Errorf("a map keyed by %s has no canonical form", k.Type())
}

func (e *encoder) structure(v reflect.Value) error {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	e.out = append(e.out, '{')
	first := true
	for _, f := range fields {
		fv := v.FieldByIndex(f.index)
		if f.omitEmpty && isEmpty(fv) {
			continue
		}
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		e.string(f.name)
		e.out = append(e.out, ':')
		if err := e.value(fv); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	e.out = append(e.out, '}')
	return nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
}

// field is one member of a struct in canonical form.
type field struct {
	name      string
	index     []int
	omitEmpty bool
}

// fieldCache remembers the members of each struct type; they depend on nothing but the type.
var fieldCache sync.Map // reflect.Type -> []field

// fieldsOf lists the members of a struct sorted by name, embedded structs flattened.
func fieldsOf(t reflect.Type) ([]field, error) {
	if f, ok := fieldCache.Load(t); ok {
		return f.([]field), nil
	}
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			inner, err := fieldsOf(sf.Type)
			if err != nil {
				return nil, err
			}
			for _, f := range inner {
				fields = append(fields, field{f.name, append([]int{i}, f.index...), f.omitEmpty})
			}
			continue
		}
		tag := sf.Tag.Get("json")
		if !sf.IsExported() || tag == "" {
			return nil, fmt.Errorf("%s.%s has no name in canonical form", t, sf.Name)
		}
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		fields = append(fields, field{name, []int{i}, options == "omitempty"})
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(fields); i++ {
		if fields[i].name == fields[i-1].name {
			return nil, fmt.Errorf("%s has two members named %s", t, fields[i].name)
		}
	}
	fieldCache.Store(t, fields)
	return fields, nil
}
