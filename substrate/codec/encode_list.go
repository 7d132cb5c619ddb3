package codec

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

func (e *encoder) sequence(t *metadata.Type, v any) error {
	if isByte(e.reg, t.Elem) {
		b, err := bytesOf(v, true)
		if err != nil {
			return err
		}
		e.out = scale.AppendBytes(e.out, b)
		return nil
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Map {
		return e.mapping(t, r)
	}
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return misfit("list", v)
	}
	e.out = scale.AppendCompact(e.out, uint64(r.Len()))
	return e.elements(t.Elem, r)
}

func (e *encoder) array(t *metadata.Type, v any) error {
	if isByte(e.reg, t.Elem) {
		b, err := bytesOf(v, false)
		if err != nil {
			return err
		}
		if len(b) != int(t.Len) {
			return fmt.Errorf("%d bytes expected, got %d: %w", t.Len, len(b), ErrMismatch)
		}
		e.out = append(e.out, b...)
		return nil
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return misfit("list", v)
	}
	if r.Len() != int(t.Len) {
		return fmt.Errorf("%d elements expected, got %d: %w", t.Len, r.Len(), ErrMismatch)
	}
	return e.elements(t.Elem, r)
}

func (e *encoder) elements(elem metadata.TypeID, list reflect.Value) error {
	for i := range list.Len() {
		if err := e.value(elem, list.Index(i).Interface()); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

// mapping writes a Go map as a sequence of pairs, sorted by key as the chain sorts them.
func (e *encoder) mapping(t *metadata.Type, m reflect.Value) error {
	pair, ok := unwrap(e.reg, t.Elem)
	if !ok || pair.Kind != metadata.Tuple || len(pair.Elems) != 2 {
		return fmt.Errorf("a sequence of %s cannot be made from a map: %w", e.reg.Name(t.Elem), ErrMismatch)
	}
	order, err := keyOrder(e.reg, pair.Elems[0])
	if err != nil {
		return err
	}
	type entry struct{ key, value []byte }
	entries := make([]entry, 0, m.Len())
	for it := m.MapRange(); it.Next(); {
		var parts [2][]byte
		for i, v := range []any{it.Key().Interface(), it.Value().Interface()} {
			sub := &encoder{reg: e.reg, depth: e.depth}
			if err := sub.value(pair.Elems[i], v); err != nil {
				return fmt.Errorf("[%v]: %w", it.Key(), err)
			}
			parts[i] = sub.out
		}
		entries = append(entries, entry{parts[0], parts[1]})
	}
	slices.SortFunc(entries, func(a, b entry) int { return order(a.key, b.key) })
	e.out = scale.AppendCompact(e.out, uint64(len(entries)))
	for _, en := range entries {
		e.out = append(append(e.out, en.key...), en.value...)
	}
	return nil
}

// keyOrder is the order of encoded keys: by value for integers, by content for bytes and text.
func keyOrder(reg *metadata.Registry, id metadata.TypeID) (func(a, b []byte) int, error) {
	t, ok := unwrap(reg, id)
	switch {
	case !ok:
	case t.Kind == metadata.Basic && t.Primitive != metadata.Str && t.Primitive != metadata.Bool:
		signed := t.Primitive.Signed()
		return func(a, b []byte) int { return compareIntegers(a, b, signed) }, nil
	case t.Kind == metadata.Array && isByte(reg, t.Elem):
		return bytes.Compare, nil
	case t.Kind == metadata.Basic && t.Primitive == metadata.Str, t.Kind == metadata.Sequence && isByte(reg, t.Elem):
		return func(a, b []byte) int { return bytes.Compare(content(a), content(b)) }, nil
	}
	return nil, fmt.Errorf("the order of keys of type %s is not known: give a list of pairs in order: %w",
		reg.Name(id), ErrMismatch)
}

// compareIntegers compares little-endian integers of equal width.
func compareIntegers(a, b []byte, signed bool) int {
	for i := min(len(a), len(b)) - 1; i >= 0; i-- {
		x, y := a[i], b[i]
		if signed && i == len(a)-1 {
			x, y = x^0x80, y^0x80
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// content drops the length in front of bytes.
func content(b []byte) []byte {
	got, err := scale.NewDecoder(b).Bytes()
	if err != nil {
		return b
	}
	return got
}
