package substratetest

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Metadata builds a metadata blob in code, for chains that need no real runtime.
//
//	m := substratetest.NewMetadata()
//	m.Struct("pallet_staking::ValidatorPrefs", "commission: Compact<Perbill>", "blocked: bool")
//	staking := m.Pallet("Staking", 7)
//	staking.Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false)
//	blob, err := m.Encode(15)
//
// Mistakes are reported by Encode. The order of calls decides the type ids.
type Metadata struct {
	types   []typeDef
	byName  map[string]int
	pallets []*Pallet
	apis    []*api
	err     error
	depth   int
	// Extensions of transactions, in order.
	Extensions []Extension
	// Address and Signature are the types of the sender and the signature of transactions; AccountId32 and [u8; 64] when
	// empty.
	Address, Signature string
}

// Extension is a transaction extension; types as for Type.
type Extension struct{ Identifier, Extra, Additional string }

// Pallet is a pallet under construction.
type Pallet struct {
	m             *Metadata
	name          string
	index         uint8
	storage       []entry
	constants     []constant
	calls, events *int
	errors        *int
}

type entry struct {
	name     string
	optional bool
	hashers  []byte
	key      int
	value    int
}

type constant struct {
	name  string
	id    int
	value []byte
}

type api struct {
	name    string
	methods []apiMethod
}

type apiMethod struct {
	name   string
	inputs []field
	output int
}

// NewMetadata starts an empty metadata.
func NewMetadata() *Metadata { return &Metadata{byName: map[string]int{}} }

func (m *Metadata) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Pallet adds a pallet.
func (m *Metadata) Pallet(name string, index uint8) *Pallet {
	p := &Pallet{m: m, name: name, index: index}
	m.pallets = append(m.pallets, p)
	return p
}

// Value adds a single storage value. One that is not optional defaults to zero, empty, None or the first variant.
func (p *Pallet) Value(name, typ string, optional bool) *Pallet {
	p.storage = append(p.storage, entry{name: name, optional: optional, value: p.m.Type(typ)})
	return p
}

// Map adds a storage map. Keys are "Hasher: type", separated by commas.
func (p *Pallet) Map(name, keys, typ string, optional bool) *Pallet {
	e := entry{name: name, optional: optional}
	var types []string
	for _, part := range split(keys) {
		hasher, key, ok := strings.Cut(part, ":")
		number := -1
		for h := metadata.Blake2_128; h <= metadata.Identity; h++ {
			if h.String() == strings.TrimSpace(hasher) {
				number = int(h)
			}
		}
		if !ok || number < 0 {
			p.m.fail(fmt.Errorf("map %s.%s: %q is not written Hasher: type", p.name, name, part))
			continue
		}
		e.hashers = append(e.hashers, byte(number))
		types = append(types, strings.TrimSpace(key))
	}
	switch len(types) {
	case 0:
		p.m.fail(fmt.Errorf("map %s.%s has no keys", p.name, name))
	case 1:
		e.key = p.m.Type(types[0])
	default:
		e.key = p.m.Type("(" + strings.Join(types, ", ") + ")")
	}
	e.value = p.m.Type(typ)
	p.storage = append(p.storage, e)
	return p
}

// Constant adds a constant with its encoded value.
func (p *Pallet) Constant(name, typ string, encoded []byte) *Pallet {
	p.constants = append(p.constants, constant{name, p.m.Type(typ), encoded})
	return p
}

// Calls adds the pallet's calls, written as for [Metadata.Enum].
func (p *Pallet) Calls(variants ...string) *Pallet { return p.enum("Call", &p.calls, variants) }

// Events adds the pallet's events.
func (p *Pallet) Events(variants ...string) *Pallet { return p.enum("Event", &p.events, variants) }

// Errors adds the pallet's errors.
func (p *Pallet) Errors(variants ...string) *Pallet { return p.enum("Error", &p.errors, variants) }

func (p *Pallet) enum(kind string, to **int, variants []string) *Pallet {
	id := p.m.Enum("pallet_"+strings.ToLower(p.name)+"::pallet::"+p.name+kind, variants...)
	*to = &id
	return p
}

// API adds a function of a runtime API. Inputs are "name: type".
func (m *Metadata) API(name, method, output string, inputs ...string) {
	var a *api
	for _, have := range m.apis {
		if have.name == name {
			a = have
		}
	}
	if a == nil {
		a = &api{name: name}
		m.apis = append(m.apis, a)
	}
	a.methods = append(a.methods, apiMethod{method, m.fields(inputs), m.Type(output)})
}

// The enums over all pallets, which Encode makes. Types may refer to them before: calls hold calls, and storage holds
// events.
const (
	OuterCall  = "RuntimeCall"
	OuterEvent = "RuntimeEvent"
	OuterError = "RuntimeError"
)

// outer makes the enum over all pallets of calls, events or errors.
func (m *Metadata) outer(name string, of func(*Pallet) *int) int {
	id, ok := m.byName[name]
	if ok && m.types[id].def != nil {
		return id
	}
	if !ok {
		id = m.reserve(name)
	}
	var variants []variant
	for _, p := range m.pallets {
		if id := of(p); id != nil {
			variants = append(variants, variant{p.name, int(p.index), []field{{"", *id}}})
		}
	}
	m.types[id] = typeDef{path: []string{"test_runtime", name}, def: m.enum(variants), zero: zeroBytes(1)}
	return id
}

// Encode writes the blob in metadata version 14, 15 or 16.
func (m *Metadata) Encode(version uint8) ([]byte, error) {
	if version < 14 || version > 16 {
		return nil, fmt.Errorf("metadata version %d cannot be written", version)
	}
	call := m.outer(OuterCall, func(p *Pallet) *int { return p.calls })
	event := m.outer(OuterEvent, func(p *Pallet) *int { return p.events })
	failure := m.outer(OuterError, func(p *Pallet) *int { return p.errors })
	address, signature, unit := m.Type(cmp.Or(m.Address, "AccountId32")), m.Type(cmp.Or(m.Signature, "[u8; 64]")), m.Type("()")
	var extras []string
	for _, e := range m.Extensions {
		extras = append(extras, e.Extra)
	}
	extra := m.Type("(" + strings.Join(extras, ", ") + ")")
	extrinsic, ok := m.byName["UncheckedExtrinsic"]
	if !ok {
		extrinsic = m.reserve("UncheckedExtrinsic")
		m.types[extrinsic] = typeDef{
			path:   []string{"sp_runtime", "generic", "unchecked_extrinsic", "UncheckedExtrinsic"},
			params: []typeParam{{"Address", address}, {"Call", call}, {"Signature", signature}, {"Extra", extra}},
			def:    m.composite([]field{{"", m.Type("Vec<u8>")}}), zero: zeroBytes(1),
		}
	}
	extensions := m.extensions()
	pallets := m.palletList(version)
	if m.err != nil {
		return nil, m.err
	}
	out := append([]byte("meta"), version)
	out = scale.AppendCompact(out, uint64(len(m.types)))
	for id, t := range m.types {
		out = scale.AppendCompact(out, uint64(id))
		out = scale.AppendCompact(out, uint64(len(t.path)))
		for _, part := range t.path {
			out = scale.AppendString(out, part)
		}
		out = scale.AppendCompact(out, uint64(len(t.params)))
		for _, p := range t.params {
			out = scale.AppendCompact(append(scale.AppendString(out, p.name), 1), uint64(p.id))
		}
		out = append(append(out, t.def...), 0)
	}
	out = append(out, pallets...)
	switch version {
	case 14:
		out = append(scale.AppendCompact(out, uint64(extrinsic)), 4)
		return scale.AppendCompact(append(out, extensions...), uint64(unit)), nil
	case 15:
		out = append(out, 4)
		for _, id := range []int{address, call, signature, extra} {
			out = scale.AppendCompact(out, uint64(id))
		}
		out = scale.AppendCompact(append(out, extensions...), uint64(unit))
	default:
		out = append(out, 4, 4) // one version: 4
		for _, id := range []int{address, call, signature} {
			out = scale.AppendCompact(out, uint64(id))
		}
		out = append(out, 4, 0) // one set, of version 0
		out = scale.AppendCompact(out, uint64(len(m.Extensions)))
		for i := range m.Extensions {
			out = scale.AppendCompact(out, uint64(i))
		}
		out = append(out, extensions...)
	}
	out = append(out, m.apiList(version)...)
	for _, id := range []int{call, event, failure} {
		out = scale.AppendCompact(out, uint64(id))
	}
	return append(out, 0), nil // no custom values
}

// MustEncode is Encode for metadata that is fixed in a test, which fails otherwise.
func (m *Metadata) MustEncode(t TB, version uint8) []byte {
	t.Helper()
	blob, err := m.Encode(version)
	if err != nil {
		t.Fatalf("build the test metadata: %v", err)
	}
	return blob
}

func (m *Metadata) extensions() []byte {
	out := scale.AppendCompact(nil, uint64(len(m.Extensions)))
	for _, e := range m.Extensions {
		out = scale.AppendString(out, e.Identifier)
		out = scale.AppendCompact(out, uint64(m.Type(e.Extra)))
		out = scale.AppendCompact(out, uint64(m.Type(e.Additional)))
	}
	return out
}

func (m *Metadata) palletList(version uint8) []byte {
	deprecation := make([]byte, 0, 1)
	if version >= 16 {
		deprecation = append(deprecation, 0)
	}
	optional := func(out []byte, id *int) []byte {
		if id == nil {
			return append(out, 0)
		}
		out = scale.AppendCompact(append(out, 1), uint64(*id))
		return append(out, deprecation...) // an empty list, the same byte
	}
	out := scale.AppendCompact(nil, uint64(len(m.pallets)))
	for _, p := range m.pallets {
		out = scale.AppendString(out, p.name)
		if len(p.storage) == 0 {
			out = append(out, 0)
		} else {
			out = scale.AppendString(append(out, 1), p.name)
			out = scale.AppendCompact(out, uint64(len(p.storage)))
			for _, e := range p.storage {
				out = append(m.appendEntry(out, p, e), deprecation...)
			}
		}
		out = optional(optional(out, p.calls), p.events)
		out = scale.AppendCompact(out, uint64(len(p.constants)))
		for _, c := range p.constants {
			out = scale.AppendCompact(scale.AppendString(out, c.name), uint64(c.id))
			out = append(append(scale.AppendBytes(out, c.value), 0), deprecation...)
		}
		out = optional(out, p.errors)
		if version >= 16 {
			out = append(out, 0, 0) // no associated types, no view functions
		}
		out = append(out, p.index)
		if version >= 15 {
			out = append(out, 0) // no docs
		}
		out = append(out, deprecation...)
	}
	return out
}

func (m *Metadata) appendEntry(out []byte, p *Pallet, e entry) []byte {
	out = scale.AppendString(out, e.name)
	zero := []byte{0} // None
	if e.optional {
		out = append(out, 0)
	} else {
		out = append(out, 1)
		var err error
		if zero, err = m.zero(e.value); err != nil {
			m.fail(fmt.Errorf("default of %s.%s: %w", p.name, e.name, err))
		}
	}
	if len(e.hashers) == 0 {
		out = append(out, 0)
	} else {
		out = scale.AppendBytes(append(out, 1), e.hashers)
		out = scale.AppendCompact(out, uint64(e.key))
	}
	out = scale.AppendCompact(out, uint64(e.value))
	return append(scale.AppendBytes(out, zero), 0)
}

func (m *Metadata) apiList(version uint8) []byte {
	if len(m.types) == 0 {
		m.fail(errors.New("there are no types"))
	}
	out := scale.AppendCompact(nil, uint64(len(m.apis)))
	for _, a := range m.apis {
		out = scale.AppendString(out, a.name)
		out = scale.AppendCompact(out, uint64(len(a.methods)))
		for _, f := range a.methods {
			out = scale.AppendString(out, f.name)
			out = scale.AppendCompact(out, uint64(len(f.inputs)))
			for _, in := range f.inputs {
				out = scale.AppendCompact(scale.AppendString(out, in.name), uint64(in.id))
			}
			out = append(scale.AppendCompact(out, uint64(f.output)), 0)
			if version >= 16 {
				out = append(out, 0)
			}
		}
		out = append(out, 0)
		if version >= 16 {
			out = append(out, 4, 0) // version 1, not deprecated
		}
	}
	return out
}
