package metadata

import (
	"errors"
	"fmt"
)

// extrinsic reads the form of transactions.
func (p *parser) extrinsic(m *Metadata) {
	defer p.in("extrinsic")
	x := &m.Extrinsic
	x.Address, x.Call, x.Signature, x.Extra, x.Type = NoType, NoType, NoType, NoType, NoType
	switch p.version {
	case 14:
		x.Type = p.tid()
		x.Versions = []uint8{p.u8()}
		if t, ok := m.Types.Type(x.Type); ok {
			x.fromParams(t)
		}
	case 15:
		x.Versions = []uint8{p.u8()}
		x.Address, x.Call, x.Signature, x.Extra = p.tid(), p.tid(), p.tid(), p.tid()
	default:
		x.Versions = make([]uint8, p.count(1))
		for i := range x.Versions {
			x.Versions[i] = p.u8()
		}
		x.Address, x.Call, x.Signature = p.tid(), p.tid(), p.tid()
		p.extensionSets(x)
	}
	x.Extensions = make([]Extension, p.count(3))
	for i := range x.Extensions {
		x.Extensions[i] = Extension{Identifier: p.str(), Extra: p.tid(), Additional: p.tid()}
	}
	if p.version < 16 {
		all := make([]int, len(x.Extensions))
		for i := range all {
			all[i] = i
		}
		x.Sets = []ExtensionSet{{Extensions: all}}
	}
	for _, set := range x.Sets {
		for _, i := range set.Extensions {
			if i >= len(x.Extensions) {
				p.fail(fmt.Errorf("extension set %d names extension %d, but there are %d", set.Version, i, len(x.Extensions)))
			}
		}
	}
}

// fromParams finds the types that version 14 has only as generic parameters of the extrinsic's type.
func (x *Extrinsic) fromParams(t *Type) {
	for _, param := range t.Params {
		switch param.Name {
		case "Address":
			x.Address = param.Type
		case "Call":
			x.Call = param.Type
		case "Signature":
			x.Signature = param.Type
		case "Extra":
			x.Extra = param.Type
		}
	}
}

func (p *parser) extensionSets(x *Extrinsic) {
	x.Sets = make([]ExtensionSet, p.count(2))
	for i := range x.Sets {
		x.Sets[i].Version = p.u8()
		x.Sets[i].Extensions = make([]int, p.count(1))
		for j := range x.Sets[i].Extensions {
			n := p.compact32("index of an extension")
			if n > 1<<16 {
				p.fail(fmt.Errorf("index %d of an extension is too great", n))
			}
			x.Sets[i].Extensions[j] = int(n)
		}
	}
}

// tail reads what follows the extrinsic.
func (p *parser) tail(m *Metadata) {
	if p.version < 16 {
		m.Runtime = p.tid()
	}
	if p.version < 15 {
		m.OuterCall = m.Extrinsic.Call
		m.OuterEvent = outerEvent(m)
		return
	}
	m.APIs = make([]RuntimeAPI, p.count(3))
	for i := range m.APIs {
		p.api(&m.APIs[i])
		if p.in("runtime API %s", m.APIs[i].Name); p.err != nil {
			return
		}
	}
	m.OuterCall, m.OuterEvent, m.OuterError = p.tid(), p.tid(), p.tid()
	m.Custom = make([]CustomValue, p.count(3))
	for i := range m.Custom {
		m.Custom[i] = CustomValue{Name: p.str(), Type: p.tid(), Value: p.bytes()}
	}
}

func (p *parser) api(api *RuntimeAPI) {
	api.Name = p.str()
	api.Methods = make([]APIMethod, p.count(4))
	for i := range api.Methods {
		api.Methods[i] = APIMethod{
			API: api.Name, Name: p.str(), Inputs: p.inputs(), Output: p.tid(), Docs: p.strs(), Deprecation: p.deprecation(),
		}
	}
	api.Docs = p.strs()
	if p.version >= 16 {
		api.APIVersion = p.compact32("version of an API")
		api.Deprecation = p.deprecation()
	}
}

// outerEvent finds the enum over all pallets' events in version 14, which does not name it: it is the type of the
// field "event" of the records in System.Events.
func outerEvent(m *Metadata) TypeID {
	entry, err := m.Storage("System", "Events")
	if errors.Is(err, ErrNotFound) {
		return NoType
	}
	list, ok := m.Types.Type(entry.Value)
	if !ok || list.Kind != Sequence {
		return NoType
	}
	record, ok := m.Types.Type(list.Elem)
	if !ok {
		return NoType
	}
	for _, f := range record.Fields {
		if f.Name == "event" {
			return f.Type
		}
	}
	return NoType
}
