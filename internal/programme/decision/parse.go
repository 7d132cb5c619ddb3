package decision

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
)

// ParseCanonical reads canonical bytes into dst, a pointer to a struct of nouns. It is strict: a member that the
// type does not have, a missing member, a number token or any other spelling than the canonical one is an error
// that names the place. It accepts exactly the bytes that [Canonical] writes.
func ParseCanonical(b []byte, dst any) error {
	tree, err := parseTree(b)
	if err != nil {
		return err
	}
	if err := assign(tree, reflect.ValueOf(dst).Elem(), ""); err != nil {
		return err
	}
	again, err := Canonical(dst)
	if err != nil {
		return err
	}
	if at := mismatch(again, b); at >= 0 {
		return fmt.Errorf("not in canonical form at byte %d: %s", at, excerpt(b, at))
	}
	return nil
}

// maxDepth bounds the nesting of a record; the nouns need nine levels.
const maxDepth = 64

// parseTree reads JSON into maps, slices, strings, booleans and nil.
func parseTree(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	tree, err := readTree(dec, 0)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the JSON ends in the middle")
		}
		return nil, fmt.Errorf("not JSON at byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more text after the JSON value, at byte %d", dec.InputOffset())
	}
	return tree, nil
}

func readTree(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			m := map[string]any{}
			for dec.More() {
				key, err := dec.Token()
				if err != nil {
					return nil, err
				}
				if m[key.(string)], err = readTree(dec, depth+1); err != nil {
					return nil, err
				}
			}
			_, err := dec.Token()
			return m, err
		}
		list := []any{}
		for dec.More() {
			v, err := readTree(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	case json.Number:
		return nil, fmt.Errorf("%s is a number token; numbers are written as strings here", tok)
	default:
		return tok, nil
	}
}

// assign puts a tree into v; path names the place in errors.
func assign(tree any, v reflect.Value, path string) error {
	t := v.Type()
	if t.Kind() != reflect.Pointer {
		if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			s, ok := tree.(string)
			if !ok {
				return fmt.Errorf("%s: expected text", path)
			}
			if err := u.UnmarshalText([]byte(s)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		if tree == nil {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(t.Elem()))
		return assign(tree, v.Elem(), path)
	case reflect.Bool:
		b, ok := tree.(bool)
		if !ok {
			return fmt.Errorf("%s: expected true or false", path)
		}
		v.SetBool(b)
		return nil
	case reflect.Slice:
		return assignList(tree, v, path)
	case reflect.Map:
		return assignMap(tree, v, path)
	case reflect.Struct:
		return assignStruct(tree, v, path)
	}
	s, ok := tree.(string)
	if !ok {
		return fmt.Errorf("%s: expected a string", path)
	}
	if err := assignText(s, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func assignText(s string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number in range", s)
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number in range", s)
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", s)
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("%s has no canonical form", v.Type())
	}
	return nil
}

func assignList(tree any, v reflect.Value, path string) error {
	list, ok := tree.([]any)
	if !ok {
		return fmt.Errorf("%s: expected a list", path)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, item := range list {
		if err := assign(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func assignMap(tree any, v reflect.Value, path string) error {
	m, ok := tree.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: expected an object", path)
	}
	t := v.Type()
	v.Set(reflect.MakeMapWithSize(t, len(m)))
	for _, name := range sortedKeys(m) {
		key, item := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := assignText(name, key); err != nil {
			return fmt.Errorf("%s: key %w", path, err)
		}
		if err := assign(m[name], item, path+"."+name); err != nil {
			return err
		}
		v.SetMapIndex(key, item)
	}
	return nil
}

func assignStruct(tree any, v reflect.Value, path string) error {
	m, ok := tree.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: expected an object", path)
	}
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	known := 0
	for _, f := range fields {
		item, ok := m[f.name]
		if !ok {
			if f.omitEmpty {
				continue
			}
			return fmt.Errorf("%s: member %q is missing", path, f.name)
		}
		known++
		if err := assign(item, v.FieldByIndex(f.index), path+"."+f.name); err != nil {
			return err
		}
	}
	if known == len(m) {
		return nil
	}
	for _, name := range sortedKeys(m) {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			return fmt.Errorf("%s: unknown member %q", path, name)
		}
	}
	return nil
}

// sortedKeys makes errors the same whatever the order of a map.
func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// mismatch is the first position at which two byte strings differ, or -1.
func mismatch(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return n
	}
	return -1
}

// excerpt shows the surroundings of a position, quoted.
func excerpt(b []byte, at int) string {
	from, to := max(0, at-20), min(len(b), at+20)
	return strconv.Quote(string(b[from:to]))
}
