package codec

import (
	"fmt"
	"reflect"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// sequence compiles a sequence into a slice, string, array or map.
func (c *compiler) sequence(src *metadata.Type, t reflect.Type) (op, error) {
	if isByte(c.reg, src.Elem) {
		if do := intoBytes(t, func(s *state) ([]byte, error) { return s.Bytes() }); do != nil {
			return do, nil
		}
	}
	least := c.reg.MinSize(src.Elem)
	switch t.Kind() {
	case reflect.Map:
		return c.mapOf(src, t)
	case reflect.Slice:
		return c.slice(src.Elem, t, func(s *state) (int, error) { return s.Count(least) })
	}
	return nil, c.mismatch(src, t)
}

// array compiles an array into a slice, string or array.
func (c *compiler) array(src *metadata.Type, t reflect.Type) (op, error) {
	size := int(src.Len)
	if t.Kind() == reflect.Array && t.Len() != size {
		return nil, fmt.Errorf("array of %d elements does not go into %s: %w", size, t, ErrMismatch)
	}
	if isByte(c.reg, src.Elem) {
		if do := intoBytes(t, func(s *state) ([]byte, error) { return s.Read(size) }); do != nil {
			return do, nil
		}
	}
	least := c.reg.MinSize(src.Elem)
	switch t.Kind() {
	case reflect.Slice:
		return c.slice(src.Elem, t, func(s *state) (int, error) {
			if least > 0 && size > s.Remaining()/least {
				return 0, &scale.Error{Offset: s.Offset(), What: fmt.Sprintf("array of %d elements", size), Err: scale.ErrEnd}
			}
			return size, nil
		})
	case reflect.Array:
		elem, err := c.compile(src.Elem, t.Elem())
		if err != nil {
			return nil, err
		}
		return func(s *state, v reflect.Value) error { return fill(s, v, elem, size) }, nil
	}
	return nil, c.mismatch(src, t)
}

// intoBytes compiles copying bytes; nil when the Go type does not take bytes.
func intoBytes(t reflect.Type, read func(*state) ([]byte, error)) op {
	switch {
	case t.Kind() == reflect.String:
		return func(s *state, v reflect.Value) error {
			b, err := read(s)
			if err == nil {
				v.SetString(string(b))
			}
			return err
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return func(s *state, v reflect.Value) error {
			b, err := read(s)
			if err == nil {
				v.SetBytes(append([]byte{}, b...))
			}
			return err
		}
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		size := t.Len()
		return func(s *state, v reflect.Value) error {
			at := s.Offset()
			b, err := read(s)
			if err != nil {
				return err
			}
			if len(b) != size {
				return fmt.Errorf("at byte %d: %d bytes do not go into an array of %d: %w", at, len(b), size, ErrMismatch)
			}
			copy(v.Bytes(), b)
			return nil
		}
	}
	return nil
}

// slice compiles a list; count reads or knows how many elements follow.
func (c *compiler) slice(elem metadata.TypeID, t reflect.Type, count func(*state) (int, error)) (op, error) {
	if do := c.accounts(elem, t, count); do != nil {
		return do, nil
	}
	do, err := c.compile(elem, t.Elem())
	if err != nil {
		return nil, err
	}
	return func(s *state, v reflect.Value) error {
		n, err := count(s)
		if err != nil {
			return err
		}
		if err := s.spend(n); err != nil {
			return err
		}
		list := reflect.MakeSlice(t, n, n)
		if err := fill(s, list, do, n); err != nil {
			return err
		}
		v.Set(list)
		return nil
	}, nil
}

func fill(s *state, list reflect.Value, do op, n int) error {
	if err := s.descend(); err != nil {
		return err
	}
	defer s.leave()
	for i := range n {
		if err := do(s, list.Index(i)); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

// accounts compiles lists of byte arrays, foremost of account ids, as one copy; nil for others.
func (c *compiler) accounts(elem metadata.TypeID, t reflect.Type, count func(*state) (int, error)) op {
	src, ok := unwrap(c.reg, elem)
	if !ok || src.Kind != metadata.Array || !isByte(c.reg, src.Elem) || t.Elem().Kind() != reflect.Array ||
		t.Elem().Elem().Kind() != reflect.Uint8 || t.Elem().Len() != int(src.Len) {
		return nil
	}
	size := int(src.Len)
	return func(s *state, v reflect.Value) error {
		n, err := count(s)
		if err != nil {
			return err
		}
		if err := s.spend(n); err != nil {
			return err
		}
		raw, err := s.Read(n * size) // cannot overflow: count checked it against the input
		if err != nil {
			return err
		}
		switch dst := v.Addr().Interface().(type) {
		case *[][32]byte:
			*dst = cut(raw, n)
		case *[]AccountID:
			ids := make([]AccountID, n)
			for i := range ids {
				copy(ids[i][:], raw[i*32:])
			}
			*dst = ids
		default:
			list := reflect.MakeSlice(t, n, n)
			for i := range n {
				copy(list.Index(i).Bytes(), raw[i*size:])
			}
			v.Set(list)
		}
		return nil
	}
}

func cut(raw []byte, n int) [][32]byte {
	ids := make([][32]byte, n)
	for i := range ids {
		copy(ids[i][:], raw[i*32:])
	}
	return ids
}

// mapOf compiles a sequence of pairs into a Go map. Of pairs with equal keys the last one stays; chains have none.
func (c *compiler) mapOf(src *metadata.Type, t reflect.Type) (op, error) {
	pair, ok := unwrap(c.reg, src.Elem)
	if !ok || pair.Kind != metadata.Tuple || len(pair.Elems) != 2 {
		return nil, fmt.Errorf("a sequence of %s, which are no pairs, does not go into %s: %w",
			c.reg.Name(src.Elem), t, ErrMismatch)
	}
	if !t.Key().Comparable() || t.Key().Kind() == reflect.Interface {
		return nil, fmt.Errorf("keys of %s cannot be decoded: %w", t, ErrMismatch)
	}
	key, err := c.compile(pair.Elems[0], t.Key())
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	value, err := c.compile(pair.Elems[1], t.Elem())
	if err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	least := c.reg.MinSize(src.Elem)
	return func(s *state, v reflect.Value) error {
		n, err := s.Count(least)
		if err != nil {
			return err
		}
		if err := s.spend(n); err != nil {
			return err
		}
		if err := s.descend(); err != nil {
			return err
		}
		defer s.leave()
		m := reflect.MakeMapWithSize(t, n)
		k, val := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		for i := range n {
			if err := key(s, k); err != nil {
				return fmt.Errorf("key %d: %w", i, err)
			}
			if err := value(s, val); err != nil {
				return fmt.Errorf("value %d: %w", i, err)
			}
			m.SetMapIndex(k, val)
		}
		v.Set(m)
		return nil
	}, nil
}
