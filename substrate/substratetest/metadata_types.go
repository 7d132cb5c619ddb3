package substratetest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/substrate/scale"
)

// typeDef is a type of the metadata under construction, encoded but for its id.
type typeDef struct {
	path   []string
	params []typeParam
	def    []byte
	zero   func() ([]byte, error) // the value that a missing one stands for
}

type typeParam struct {
	name string
	id   int
}

// primitives by name: their number and size in bytes; str has none.
var primitives = map[string]struct{ number, size int }{
	"bool": {0, 1}, "char": {1, 4}, "str": {2, 0}, "u8": {3, 1}, "u16": {4, 2}, "u32": {5, 4}, "u64": {6, 8},
	"u128": {7, 16}, "u256": {8, 32}, "i8": {9, 1}, "i16": {10, 2}, "i32": {11, 4}, "i64": {12, 8}, "i128": {13, 16},
	"i256": {14, 32},
}

// wrappers are the well-known types of one unnamed field: their paths and what is inside.
var wrappers = map[string]struct{ path, inside string }{
	"AccountId32": {"sp_core::crypto::AccountId32", "[u8; 32]"},
	"H256":        {"primitive_types::H256", "[u8; 32]"},
	"Perbill":     {"sp_arithmetic::per_things::Perbill", "u32"},
}

// Type returns the id of a type given as Rust writes it: primitives, AccountId32, H256, Perbill, Vec<T>, Option<T>,
// Compact<T>, BTreeMap<K, V>, tuples, arrays like [u8; 32], and what Struct and Enum have defined.
func (m *Metadata) Type(text string) int {
	text = strings.TrimSpace(text)
	if id, ok := m.byName[text]; ok {
		return id
	}
	id, err := m.build(text)
	if err != nil {
		m.fail(fmt.Errorf("type %q: %w", text, err))
		return 0
	}
	return id
}

// reserve gives a name its id before the type is known, so that it may refer to itself.
func (m *Metadata) reserve(name string) int {
	id := len(m.types)
	m.types = append(m.types, typeDef{})
	m.byName[name] = id
	return id
}

func (m *Metadata) build(text string) (int, error) {
	if text == OuterCall || text == OuterEvent || text == OuterError {
		return m.reserve(text), nil // Encode makes it
	}
	if p, ok := primitives[text]; ok {
		id := m.reserve(text)
		size := max(p.size, 1) // an empty str is one byte, its length
		m.types[id] = typeDef{def: []byte{5, byte(p.number)}, zero: zeroBytes(size)}
		return id, nil
	}
	if w, ok := wrappers[text]; ok {
		id := m.reserve(text)
		inside := m.Type(w.inside)
		m.types[id] = typeDef{path: strings.Split(w.path, "::"), def: m.composite([]field{{"", inside}}), zero: m.zeroOf([]field{{"", inside}})}
		return id, nil
	}
	if inner, ok := between(text, "[", "]"); ok {
		elem, length, ok := strings.Cut(inner, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(length), 10, 32)
		if !ok || err != nil {
			return 0, fmt.Errorf("an array is written [type; length]")
		}
		id := m.reserve(text)
		e := m.Type(elem)
		def := scale.AppendCompact(scale.AppendU32([]byte{3}, uint32(n)), uint64(e))
		m.types[id] = typeDef{def: def, zero: func() (out []byte, err error) {
			for range n {
				z, err := m.zero(e)
				if err != nil {
					return nil, err
				}
				out = append(out, z...)
			}
			return out, nil
		}}
		return id, nil
	}
	if inner, ok := between(text, "(", ")"); ok {
		id := m.reserve(text)
		var fields []field
		for _, part := range split(inner) {
			fields = append(fields, field{"", m.Type(part)})
		}
		def := scale.AppendCompact([]byte{4}, uint64(len(fields)))
		for _, f := range fields {
			def = scale.AppendCompact(def, uint64(f.id))
		}
		m.types[id] = typeDef{def: def, zero: m.zeroOf(fields)}
		return id, nil
	}
	open := strings.IndexByte(text, '<')
	if open < 0 || !strings.HasSuffix(text, ">") {
		return 0, fmt.Errorf("it is not defined")
	}
	name, args := text[:open], split(text[open+1:len(text)-1])
	id := m.reserve(text)
	ids := make([]int, len(args))
	for i := range args {
		ids[i] = m.Type(args[i])
	}
	switch {
	case name == "Vec" && len(ids) == 1:
		m.types[id] = typeDef{def: scale.AppendCompact([]byte{2}, uint64(ids[0])), zero: zeroBytes(1)}
	case name == "Compact" && len(ids) == 1:
		m.types[id] = typeDef{def: scale.AppendCompact([]byte{6}, uint64(ids[0])), zero: zeroBytes(1)}
	case name == "Option" && len(ids) == 1:
		def := m.enum([]variant{{"None", 0, nil}, {"Some", 1, []field{{"", ids[0]}}}})
		m.types[id] = typeDef{path: []string{"Option"}, params: []typeParam{{"T", ids[0]}}, def: def, zero: zeroBytes(1)}
	case name == "BTreeMap" && len(ids) == 2:
		list := m.Type("Vec<(" + args[0] + ", " + args[1] + ")>")
		m.types[id] = typeDef{
			path: []string{"BTreeMap"}, params: []typeParam{{"K", ids[0]}, {"V", ids[1]}},
			def: m.composite([]field{{"", list}}), zero: zeroBytes(1),
		}
	default:
		return 0, fmt.Errorf("%s with %d parameters is not known", name, len(ids))
	}
	return id, nil
}

// Struct defines a type with named fields, each given as "name: type". The name may be a path; types refer to it by the
// last part.
func (m *Metadata) Struct(path string, fields ...string) int {
	parts := strings.Split(path, "::")
	id := m.reserve(parts[len(parts)-1])
	fs := m.fields(fields)
	m.types[id] = typeDef{path: parts, def: m.composite(fs), zero: m.zeroOf(fs)}
	return id
}

// Wrapper defines a type of unnamed fields, such as a newtype. "Name=path" lets types refer to it by Name, where the last
// part of the path is taken.
func (m *Metadata) Wrapper(path string, inside ...string) int {
	name, rest, named := strings.Cut(path, "=")
	if named {
		path = rest
	}
	parts := strings.Split(path, "::")
	if !named {
		name = parts[len(parts)-1]
	}
	id := m.reserve(name)
	fs := make([]field, len(inside))
	for i, text := range inside {
		fs[i] = field{"", m.Type(text)}
	}
	m.types[id] = typeDef{path: parts, def: m.composite(fs), zero: m.zeroOf(fs)}
	return id
}

// Parameters gives a type its type parameters, each "name: type". Clients recognise some types by them.
func (m *Metadata) Parameters(typ string, params ...string) {
	id := m.Type(typ)
	for _, f := range m.fields(params) {
		m.types[id].params = append(m.types[id].params, typeParam(f))
	}
}

// Enum defines an enum. A variant is "Name", "Name(type, ...)" or "Name{field: type, ...}"; "Name = 7" in front of the
// fields sets its index, which otherwise counts up.
func (m *Metadata) Enum(path string, variants ...string) int {
	parts := strings.Split(path, "::")
	id := m.reserve(parts[len(parts)-1])
	vs := make([]variant, len(variants))
	next := 0
	for i, text := range variants {
		name, body := text, ""
		if at := strings.IndexAny(text, "({"); at >= 0 {
			name, body = text[:at], text[at:]
		}
		name, index, numbered := strings.Cut(name, "=")
		if numbered {
			n, err := strconv.ParseUint(strings.TrimSpace(index), 10, 8)
			if err != nil {
				m.fail(fmt.Errorf("variant %q: its index is not a byte", text))
			}
			next = int(n)
		}
		vs[i] = variant{name: strings.TrimSpace(name), index: next}
		next++
		if inner, ok := between(body, "(", ")"); ok {
			for _, part := range split(inner) {
				vs[i].fields = append(vs[i].fields, field{"", m.Type(part)})
			}
		} else if inner, ok := between(body, "{", "}"); ok {
			vs[i].fields = m.fields(split(inner))
		}
	}
	zero := func() ([]byte, error) { return nil, fmt.Errorf("an enum without variants has no value") }
	if len(vs) > 0 {
		rest := m.zeroOf(vs[0].fields)
		zero = func() ([]byte, error) {
			z, err := rest()
			return append([]byte{byte(vs[0].index)}, z...), err
		}
	}
	m.types[id] = typeDef{path: parts, def: m.enum(vs), zero: zero}
	return id
}

type field struct {
	name string
	id   int
}

type variant struct {
	name   string
	index  int
	fields []field
}

func (m *Metadata) fields(texts []string) []field {
	out := make([]field, len(texts))
	for i, text := range texts {
		name, typ, ok := strings.Cut(text, ":")
		if !ok {
			m.fail(fmt.Errorf("field %q: it is written name: type", text))
			continue
		}
		out[i] = field{strings.TrimSpace(name), m.Type(typ)}
	}
	return out
}

func appendFields(dst []byte, fields []field) []byte {
	dst = scale.AppendCompact(dst, uint64(len(fields)))
	for _, f := range fields {
		if f.name == "" {
			dst = append(dst, 0)
		} else {
			dst = scale.AppendString(append(dst, 1), f.name)
		}
		dst = scale.AppendCompact(dst, uint64(f.id))
		dst = append(dst, 0, 0) // no type name, no docs
	}
	return dst
}

func (m *Metadata) composite(fields []field) []byte { return appendFields([]byte{0}, fields) }

func (m *Metadata) enum(variants []variant) []byte {
	def := scale.AppendCompact([]byte{1}, uint64(len(variants)))
	for _, v := range variants {
		def = appendFields(scale.AppendString(def, v.name), v.fields)
		def = append(def, byte(v.index), 0) // no docs
	}
	return def
}

func zeroBytes(n int) func() ([]byte, error) {
	return func() ([]byte, error) { return make([]byte, n), nil }
}

// zero is the encoding that is all nothing: 0, empty, None, the first variant.
func (m *Metadata) zero(id int) ([]byte, error) {
	if m.depth++; m.depth > 64 {
		return nil, fmt.Errorf("a type that contains itself has no default")
	}
	defer func() { m.depth-- }()
	return m.types[id].zero()
}

func (m *Metadata) zeroOf(fields []field) func() ([]byte, error) {
	return func() (out []byte, err error) {
		for _, f := range fields {
			z, err := m.zero(f.id)
			if err != nil {
				return nil, err
			}
			out = append(out, z...)
		}
		return out, nil
	}
}

// between takes what stands between two brackets that enclose the whole text.
func between(text, opening, closing string) (string, bool) {
	text = strings.TrimSpace(text)
	inner, ok := strings.CutPrefix(text, opening)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, closing)
}

// split separates a list at its outer commas.
func split(text string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range text {
		switch c {
		case '<', '(', '[', '{':
			depth++
		case '>', ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if rest := strings.TrimSpace(text[start:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}
