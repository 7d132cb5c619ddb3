package codec_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// types builds registries for tests.
type types struct{ list []metadata.Type }

func (b *types) add(t metadata.Type) metadata.TypeID {
	t.ID = metadata.TypeID(len(b.list))
	b.list = append(b.list, t)
	return t.ID
}

func (b *types) basic(p metadata.Primitive) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Basic, Primitive: p})
}

func (b *types) vec(elem metadata.TypeID) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Sequence, Elem: elem})
}

func (b *types) array(n uint32, elem metadata.TypeID) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Array, Len: n, Elem: elem})
}

func (b *types) tuple(elems ...metadata.TypeID) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Tuple, Elems: elems})
}

func (b *types) compact(elem metadata.TypeID) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Compact, Elem: elem})
}

func (b *types) composite(name string, fields ...metadata.Field) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Composite, Path: []string{"some_crate", name}, Fields: fields})
}

func (b *types) enum(name string, variants ...metadata.Variant) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.Enum, Path: []string{"some_crate", name}, Variants: variants})
}

func (b *types) option(inner metadata.TypeID) metadata.TypeID {
	return b.add(metadata.Type{
		Kind: metadata.Enum, Path: []string{"Option"}, Params: []metadata.TypeParam{{Name: "T", Type: inner}},
		Variants: []metadata.Variant{variant(0, "None"), variant(1, "Some", field("", inner))},
	})
}

func (b *types) account() metadata.TypeID {
	return b.composite("AccountId32", field("", b.array(32, b.basic(metadata.U8))))
}

func (b *types) bits(store metadata.Primitive, order string) metadata.TypeID {
	return b.add(metadata.Type{Kind: metadata.BitSequence, Store: b.basic(store), Order: b.composite(order)})
}

func (b *types) registry(tb testing.TB) *metadata.Registry {
	tb.Helper()
	reg, err := metadata.NewRegistry(b.list)
	if err != nil {
		tb.Fatal(err)
	}
	return reg
}

func field(name string, id metadata.TypeID) metadata.Field {
	return metadata.Field{Name: name, Type: id}
}

func variant(index uint8, name string, fields ...metadata.Field) metadata.Variant {
	return metadata.Variant{Name: name, Index: index, Fields: fields}
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func toJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func fromJSON(tb testing.TB, s string) any {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader([]byte(s)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}
