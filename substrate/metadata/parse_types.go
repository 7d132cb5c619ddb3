package metadata

import "fmt"

// Sizes of the shortest encodings, for bounding what a count may make us allocate.
const (
	minType    = 6 // id, no path, no parameters, kind and at least one byte, no docs
	minField   = 4 // no name, type, no type name, no docs
	minVariant = 4 // empty name, no fields, index, no docs
	minNamed   = 2 // empty name, and a type or a list
)

// types reads the registry.
func (p *parser) types(m *Metadata) {
	n := p.count(minType)
	p.nTypes = n
	types := make([]Type, n)
	for i := range types {
		p.portableType(&types[i], i)
		if p.in("type %d %s", i, types[i].PathString()); p.err != nil {
			return
		}
	}
	m.Types = &Registry{types: types}
	m.Types.measure()
}

func (p *parser) portableType(t *Type, position int) {
	t.ID = p.tid()
	if p.err == nil && int(t.ID) != position {
		p.fail(fmt.Errorf("has id %d: ids must count up from 0", t.ID))
	}
	t.Path = p.strs()
	t.Params = p.params.take(p.count(minNamed))
	for i := range t.Params {
		t.Params[i] = TypeParam{Name: p.str(), Type: p.optionalID()}
	}
	t.Kind = Kind(p.u8())
	switch t.Kind {
	case Composite:
		t.Fields = p.fieldList()
	case Enum:
		t.Variants = p.variants.take(p.variantCount())
		for i := range t.Variants {
			t.Variants[i] = Variant{Name: p.str(), Fields: p.fieldList(), Index: p.u8(), Docs: p.strs()}
		}
	case Sequence, Compact:
		t.Elem = p.tid()
	case Array:
		t.Len = p.u32()
		t.Elem = p.tid()
	case Tuple:
		t.Elems = p.ids.take(p.count(1))
		for i := range t.Elems {
			t.Elems[i] = p.tid()
		}
	case Basic:
		t.Primitive = Primitive(p.u8())
		if t.Primitive >= primitiveCount {
			p.fail(fmt.Errorf("primitive %d is not known", t.Primitive))
		}
	case BitSequence:
		t.Store, t.Order = p.tid(), p.tid()
	default:
		p.fail(fmt.Errorf("kind of type %d is not known", t.Kind))
	}
	t.Docs = p.strs()
}

// variantCount reads how many variants an enum has: one byte tells them apart.
func (p *parser) variantCount() int {
	n := p.count(minVariant)
	if n > maxVariants {
		p.fail(fmt.Errorf("enum of %d variants: at most %d are possible", n, maxVariants))
		return 0
	}
	return n
}

func (p *parser) fieldList() []Field {
	fields := p.fields.take(p.count(minField))
	for i := range fields {
		fields[i] = Field{Name: p.optionalStr(), Type: p.tid(), TypeName: p.optionalStr(), Docs: p.strs()}
	}
	return fields
}
