package codec

import (
	"fmt"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// skip reads a value without making anything of it, but as strictly as if it were decoded.
func (s *state) skip(id metadata.TypeID) error {
	if n, ok := s.reg.FixedSize(id); ok {
		_, err := s.Read(n)
		return err
	}
	t, err := s.enter(id)
	if err != nil {
		return err
	}
	defer s.leave()
	switch t.Kind {
	case metadata.Composite:
		return s.skipFields(t.Fields)
	case metadata.Enum:
		v, err := s.variant(t)
		if err != nil {
			return err
		}
		if err := s.skipFields(v.Fields); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		return nil
	case metadata.Sequence:
		return s.skipSequence(t)
	case metadata.Array:
		return s.skipMany(t.Elem, int64(t.Len))
	case metadata.Tuple:
		for i, e := range t.Elems {
			if err := s.skip(e); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	case metadata.Basic:
		return s.skipPrimitive(t.Primitive)
	case metadata.Compact:
		return s.skipCompact(t)
	case metadata.BitSequence:
		_, err := s.bits(t)
		return err
	}
	return fmt.Errorf("%s: %w", typeName(t), ErrType)
}

func (s *state) skipFields(fields []metadata.Field) error {
	for i := range fields {
		if err := s.skip(fields[i].Type); err != nil {
			return inField(&fields[i], i, err)
		}
	}
	return nil
}

func (s *state) skipSequence(t *metadata.Type) error {
	at := s.Offset()
	n, err := s.Count(s.reg.MinSize(t.Elem))
	if err != nil {
		return err
	}
	if size, ok := s.reg.FixedSize(t.Elem); ok {
		if int64(size)*int64(n) > int64(s.Remaining()) {
			return &scale.Error{Offset: at, What: fmt.Sprintf("sequence of %d elements", n), Err: scale.ErrEnd}
		}
		_, err := s.Read(size * n)
		return err
	}
	return s.skipMany(t.Elem, int64(n))
}

func (s *state) skipMany(elem metadata.TypeID, n int64) error {
	for i := range n {
		if err := s.skip(elem); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nil
}

func (s *state) skipPrimitive(p metadata.Primitive) error {
	var err error
	switch p {
	case metadata.Bool:
		_, err = s.Bool()
	case metadata.Char:
		_, err = s.char()
	case metadata.Str:
		_, err = s.String()
	default:
		_, err = s.Read(p.Size())
	}
	return err
}

func (s *state) skipCompact(t *metadata.Type) error {
	p, unit, ok := compactInner(s.reg, t.Elem)
	switch {
	case !ok:
		return fmt.Errorf("compact of %s: %w", s.reg.Name(t.Elem), ErrType)
	case unit:
		return nil
	case p == metadata.U128:
		_, _, err := s.CompactU128()
		return err
	case p == metadata.U256:
		_, err := s.compact(t)
		return err
	}
	_, err := s.compact64(p)
	return err
}
