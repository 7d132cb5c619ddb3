package metadata

import "fmt"

const (
	minPallet   = 7 // empty name, four absent options, no constants, index
	minStorage  = 6 // empty name, modifier, kind, type, empty default, no docs
	minConstant = 4 // empty name, type, empty value, no docs
	minView     = 36
)

func (p *parser) pallets(m *Metadata) {
	m.Pallets = make([]Pallet, p.count(minPallet))
	for i := range m.Pallets {
		p.pallet(m, &m.Pallets[i])
		if p.in("pallet %s", m.Pallets[i].Name); p.err != nil {
			return
		}
	}
}

func (p *parser) pallet(m *Metadata, out *Pallet) {
	out.Name = p.str()
	if p.optional() {
		out.Prefix = p.str()
		out.Storage = make([]StorageEntry, p.count(minStorage))
		for i := range out.Storage {
			e := &out.Storage[i]
			e.Pallet, e.Prefix = out.Name, out.Prefix
			p.storageEntry(m, e)
			if p.in("storage item %s", e.Name); p.err != nil {
				return
			}
		}
	}
	out.Calls, out.DeprecatedCalls = p.palletEnum()
	out.Events, out.DeprecatedEvents = p.palletEnum()
	out.Constants = make([]Constant, p.count(minConstant))
	for i := range out.Constants {
		out.Constants[i] = Constant{
			Pallet: out.Name, Name: p.str(), Type: p.tid(), Value: p.bytes(), Docs: p.strs(), Deprecation: p.deprecation(),
		}
	}
	out.Errors, out.DeprecatedErrors = p.palletEnum()
	if p.version >= 16 {
		p.palletExtras(out)
	}
	out.Index = p.u8()
	if p.version >= 15 {
		out.Docs = p.strs()
	}
	out.Deprecation = p.deprecation()
}

// palletExtras reads what only version 16 has.
func (p *parser) palletExtras(out *Pallet) {
	out.AssociatedTypes = make([]AssociatedType, p.count(3))
	for i := range out.AssociatedTypes {
		out.AssociatedTypes[i] = AssociatedType{Name: p.str(), Type: p.tid(), Docs: p.strs()}
	}
	out.ViewFunctions = make([]ViewFunction, p.count(minView))
	for i := range out.ViewFunctions {
		out.ViewFunctions[i] = ViewFunction{
			ID: p.id32(), Name: p.str(), Inputs: p.inputs(), Output: p.tid(), Docs: p.strs(), Deprecation: p.deprecation(),
		}
	}
}

// palletEnum reads the optional type of a pallet's calls, events or errors.
func (p *parser) palletEnum() (TypeID, []VariantDeprecation) {
	if !p.optional() {
		return NoType, nil
	}
	id := p.tid()
	if p.version < 16 {
		return id, nil
	}
	list := make([]VariantDeprecation, p.count(2))
	for i := range list {
		list[i] = VariantDeprecation{Index: p.u8(), Deprecation: p.deprecation()}
		if p.err == nil && !list[i].Deprecated {
			p.fail(fmt.Errorf("deprecation of variant %d says that it is not deprecated", list[i].Index))
		}
	}
	return id, list
}

func (p *parser) storageEntry(m *Metadata, e *StorageEntry) {
	e.Name = p.str()
	switch modifier := p.u8(); modifier {
	case 0:
		e.Optional = true
	case 1:
	default:
		p.fail(fmt.Errorf("modifier %d is not known", modifier))
	}
	switch kind := p.u8(); kind {
	case 0:
		e.Value = p.tid()
	case 1:
		p.mapKeys(m, e)
		e.Value = p.tid()
	default:
		p.fail(fmt.Errorf("kind %d is not known", kind))
	}
	e.Default = p.bytes()
	e.Docs = p.strs()
	e.Deprecation = p.deprecation()
}

// mapKeys reads the hashers and the key type of a map. With one hasher the key is hashed whole; with more, the key
// type is a tuple with one element for each.
func (p *parser) mapKeys(m *Metadata, e *StorageEntry) {
	e.Hashers = make([]Hasher, p.count(1))
	for i := range e.Hashers {
		e.Hashers[i] = Hasher(p.u8())
		if e.Hashers[i] >= hasherCount {
			p.fail(fmt.Errorf("hasher %d is not known", e.Hashers[i]))
		}
	}
	key := p.tid()
	if p.err != nil {
		return
	}
	switch t, _ := m.Types.Type(key); {
	case len(e.Hashers) == 0:
		p.fail(fmt.Errorf("map without a hasher"))
	case len(e.Hashers) == 1:
		e.Keys = p.ids.take(1)
		e.Keys[0] = key
	case t.Kind == Tuple && len(t.Elems) == len(e.Hashers):
		e.Keys = t.Elems
	default:
		p.fail(fmt.Errorf("map with %d hashers has a key of another number of parts", len(e.Hashers)))
	}
}

// deprecation reads the deprecation of one item; nothing before version 16.
func (p *parser) deprecation() Deprecation {
	if p.version < 16 {
		return Deprecation{}
	}
	switch tag := p.u8(); tag {
	case 0:
		return Deprecation{}
	case 1:
		return Deprecation{Deprecated: true}
	case 2:
		return Deprecation{Deprecated: true, Note: p.str(), Since: p.optionalStr()}
	default:
		p.fail(fmt.Errorf("deprecation %d is not known", tag))
		return Deprecation{}
	}
}

func (p *parser) inputs() []Param {
	list := make([]Param, p.count(minNamed))
	for i := range list {
		list[i] = Param{Name: p.str(), Type: p.tid()}
	}
	return list
}
