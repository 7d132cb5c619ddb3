package chain

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// sample reads a metadata blob of substrate/testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "substrate", "testdata", "metadata", name+".scale.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// model is metadata to be changed and encoded again, for chains of which there is no sample.
type model struct {
	t     testing.TB
	m     *metadata.Metadata
	types []metadata.Type
}

func newModel(t testing.TB, blob []byte) *model {
	t.Helper()
	m, err := metadata.Parse(blob)
	if err != nil {
		t.Fatal(err)
	}
	out := &model{t: t, m: m}
	for i := range m.Types.Len() {
		typ, _ := m.Types.Type(metadata.TypeID(i))
		out.types = append(out.types, *typ)
	}
	return out
}

func (m *model) pallet(name string) *metadata.Pallet {
	m.t.Helper()
	for i := range m.m.Pallets {
		if m.m.Pallets[i].Name == name {
			return &m.m.Pallets[i]
		}
	}
	m.t.Fatalf("no pallet %s in the sample", name)
	return nil
}

func (m *model) item(pallet, item string) *metadata.StorageEntry {
	m.t.Helper()
	p := m.pallet(pallet)
	for i := range p.Storage {
		if p.Storage[i].Name == item {
			return &p.Storage[i]
		}
	}
	m.t.Fatalf("no item %s.%s in the sample", pallet, item)
	return nil
}

// drop removes pallets.
func (m *model) drop(names ...string) {
	m.m.Pallets = slices.DeleteFunc(m.m.Pallets, func(p metadata.Pallet) bool { return slices.Contains(names, p.Name) })
}

// dropItem removes a storage item.
func (m *model) dropItem(pallet, item string) {
	m.item(pallet, item)
	p := m.pallet(pallet)
	p.Storage = slices.DeleteFunc(p.Storage, func(e metadata.StorageEntry) bool { return e.Name == item })
}

// add adds a pallet with storage.
func (m *model) add(name string, items ...metadata.StorageEntry) {
	index := uint8(0)
	for _, p := range m.m.Pallets {
		index = max(index, p.Index+1)
	}
	m.m.Pallets = append(m.m.Pallets, metadata.Pallet{
		Name: name, Prefix: name, Index: index, Storage: items,
		Calls: metadata.NoType, Events: metadata.NoType, Errors: metadata.NoType,
	})
}

// named finds a type by the end of its path.
func (m *model) named(path ...string) *metadata.Type {
	m.t.Helper()
	for i := range m.types {
		p := m.types[i].Path
		if len(p) >= len(path) && slices.Equal(p[len(p)-len(path):], path) {
			return &m.types[i]
		}
	}
	m.t.Fatalf("no type %v in the sample", path)
	return nil
}

// newType appends a type.
func (m *model) newType(t metadata.Type) metadata.TypeID {
	t.ID = metadata.TypeID(len(m.types))
	m.types = append(m.types, t)
	return t.ID
}

func (m *model) primitive(p metadata.Primitive) metadata.TypeID {
	for i := range m.types {
		if m.types[i].Kind == metadata.Basic && m.types[i].Primitive == p {
			return m.types[i].ID
		}
	}
	return m.newType(metadata.Type{Kind: metadata.Basic, Primitive: p})
}

// encode writes the model as metadata of version 14.
func (m *model) encode() []byte {
	m.t.Helper()
	w := &modelWriter{m: m}
	w.tuples()
	w.b = append(w.b, "meta\x0e"...)
	w.count(len(m.types))
	for i := range m.types {
		w.typ(&m.types[i])
	}
	w.count(len(m.m.Pallets))
	for i := range m.m.Pallets {
		w.pallet(&m.m.Pallets[i])
	}
	x := m.m.Extrinsic
	if x.Type == metadata.NoType {
		x.Type = 0
	}
	w.id(x.Type)
	w.b = append(w.b, 4)
	w.count(len(x.Extensions))
	for _, e := range x.Extensions {
		w.str(e.Identifier)
		w.id(e.Extra)
		w.id(e.Additional)
	}
	w.id(0) // the runtime's own type
	if _, err := metadata.Parse(w.b); err != nil {
		m.t.Fatalf("the changed sample: %v", err)
	}
	return w.b
}

type modelWriter struct {
	m *model
	b []byte
}

func (w *modelWriter) count(n int)           { w.b = scale.AppendCompact(w.b, uint64(n)) }
func (w *modelWriter) id(id metadata.TypeID) { w.b = scale.AppendCompact(w.b, uint64(id)) }
func (w *modelWriter) str(s string)          { w.b = scale.AppendString(w.b, s) }

func (w *modelWriter) option(id metadata.TypeID) {
	if id == metadata.NoType {
		w.b = append(w.b, 0)
		return
	}
	w.b = append(w.b, 1)
	w.id(id)
}

func (w *modelWriter) optionStr(s string) {
	if s == "" {
		w.b = append(w.b, 0)
		return
	}
	w.b = append(w.b, 1)
	w.str(s)
}

func (w *modelWriter) fields(fields []metadata.Field) {
	w.count(len(fields))
	for _, f := range fields {
		w.optionStr(f.Name)
		w.id(f.Type)
		w.optionStr(f.TypeName)
		w.count(0)
	}
}

func (w *modelWriter) typ(t *metadata.Type) {
	w.id(t.ID)
	w.count(len(t.Path))
	for _, p := range t.Path {
		w.str(p)
	}
	w.count(len(t.Params))
	for _, p := range t.Params {
		w.str(p.Name)
		w.option(p.Type)
	}
	w.b = append(w.b, byte(t.Kind))
	switch t.Kind {
	case metadata.Composite:
		w.fields(t.Fields)
	case metadata.Enum:
		w.count(len(t.Variants))
		for _, v := range t.Variants {
			w.str(v.Name)
			w.fields(v.Fields)
			w.b = append(w.b, v.Index)
			w.count(0)
		}
	case metadata.Sequence, metadata.Compact:
		w.id(t.Elem)
	case metadata.Array:
		w.b = scale.AppendU32(w.b, t.Len)
		w.id(t.Elem)
	case metadata.Tuple:
		w.count(len(t.Elems))
		for _, e := range t.Elems {
			w.id(e)
		}
	case metadata.Basic:
		w.b = append(w.b, byte(t.Primitive))
	case metadata.BitSequence:
		w.id(t.Store)
		w.id(t.Order)
	}
	w.count(0)
}

// tuples makes sure that the keys of maps with several parts have a type.
func (w *modelWriter) tuples() {
	for _, p := range w.m.m.Pallets {
		for _, e := range p.Storage {
			if len(e.Keys) > 1 {
				w.tuple(e.Keys)
			}
		}
	}
}

func (w *modelWriter) tuple(ids []metadata.TypeID) metadata.TypeID {
	for i := range w.m.types {
		if t := &w.m.types[i]; t.Kind == metadata.Tuple && slices.Equal(t.Elems, ids) {
			return t.ID
		}
	}
	return w.m.newType(metadata.Type{Kind: metadata.Tuple, Elems: ids})
}

func (w *modelWriter) pallet(p *metadata.Pallet) {
	w.str(p.Name)
	if p.Prefix == "" {
		w.b = append(w.b, 0)
	} else {
		w.b = append(w.b, 1)
		w.str(p.Prefix)
		w.count(len(p.Storage))
		for i := range p.Storage {
			w.storage(&p.Storage[i])
		}
	}
	w.option(p.Calls)
	w.option(p.Events)
	w.count(len(p.Constants))
	for _, c := range p.Constants {
		w.str(c.Name)
		w.id(c.Type)
		w.b = scale.AppendBytes(w.b, c.Value)
		w.count(0)
	}
	w.option(p.Errors)
	w.b = append(w.b, p.Index)
}

func (w *modelWriter) storage(e *metadata.StorageEntry) {
	w.str(e.Name)
	modifier := byte(1)
	if e.Optional {
		modifier = 0
	}
	w.b = append(w.b, modifier)
	if len(e.Hashers) == 0 {
		w.b = append(w.b, 0)
		w.id(e.Value)
	} else {
		w.b = append(w.b, 1)
		w.count(len(e.Hashers))
		for _, h := range e.Hashers {
			w.b = append(w.b, byte(h))
		}
		key := e.Keys[0]
		if len(e.Keys) > 1 {
			key = w.tuple(e.Keys)
		}
		w.id(key)
		w.id(e.Value)
	}
	w.b = scale.AppendBytes(w.b, e.Default)
	w.count(0)
}
