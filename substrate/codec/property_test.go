package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// sampler draws a type, and then values of it together with their encodings, which it writes itself.
type sampler struct {
	t *rapid.T
	types
}

// draw is one value: its encoding, and what Decode must make of it.
type draw func() ([]byte, any)

func (s *sampler) n(label string, least, most int) int {
	return rapid.IntRange(least, most).Draw(s.t, label)
}

func (s *sampler) any(depth int) (metadata.TypeID, draw) {
	most := 11
	if depth == 0 {
		most = 5
	}
	switch s.n("kind", 0, most) {
	case 0:
		return s.integer()
	case 1:
		return s.basic(metadata.Bool), func() ([]byte, any) {
			v := rapid.Bool().Draw(s.t, "bool")
			return scale.AppendBool(nil, v), v
		}
	case 2:
		return s.basic(metadata.Str), func() ([]byte, any) {
			v := rapid.String().Draw(s.t, "str")
			return scale.AppendString(nil, v), v
		}
	case 3:
		return s.vec(s.basic(metadata.U8)), func() ([]byte, any) {
			v := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(s.t, "bytes")
			return scale.AppendBytes(nil, v), codec.Bytes(v)
		}
	case 4:
		return s.account(), func() ([]byte, any) {
			v := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(s.t, "account")
			return v, codec.AccountID(v)
		}
	case 5:
		return s.compactInteger()
	case 6:
		return s.sequence(depth)
	case 7:
		return s.fixed(depth)
	case 8:
		return s.record(depth)
	case 9:
		return s.choice(depth)
	case 10:
		return s.optional(depth)
	}
	id, inner := s.any(depth - 1)
	return s.composite("BoundedVec", field("", id)), inner
}

func (s *sampler) integer() (metadata.TypeID, draw) {
	p := rapid.SampledFrom([]metadata.Primitive{metadata.U8, metadata.U16, metadata.U32, metadata.U64, metadata.U128}).Draw(s.t, "width")
	return s.basic(p), func() ([]byte, any) {
		raw := rapid.SliceOfN(rapid.Byte(), p.Size(), p.Size()).Draw(s.t, "integer")
		n := scale.BigFromLE(raw)
		if p == metadata.U128 {
			return raw, codec.NewBigInt(n)
		}
		return raw, n.Uint64()
	}
}

func (s *sampler) compactInteger() (metadata.TypeID, draw) {
	wide := rapid.Bool().Draw(s.t, "wide")
	if !wide {
		return s.compact(s.basic(metadata.U64)), func() ([]byte, any) {
			v := rapid.Uint64().Draw(s.t, "compact")
			return scale.AppendCompact(nil, v), v
		}
	}
	return s.compact(s.basic(metadata.U128)), func() ([]byte, any) {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(s.t, "compact"))
		raw, err := scale.AppendCompactBig(nil, n)
		if err != nil {
			s.t.Fatal(err)
		}
		return raw, codec.NewBigInt(n)
	}
}

func repeat(n int, inner draw) ([]byte, []any) {
	var raw []byte
	list := make([]any, n)
	for i := range list {
		b, v := inner()
		raw, list[i] = append(raw, b...), v
	}
	return raw, list
}

func (s *sampler) sequence(depth int) (metadata.TypeID, draw) {
	id, inner := s.any(depth - 1)
	if s.list[id].Kind == metadata.Basic && s.list[id].Primitive == metadata.U8 {
		id, inner = s.compactInteger()
	}
	return s.vec(id), func() ([]byte, any) {
		n := s.n("length", 0, 4)
		raw, list := repeat(n, inner)
		return append(scale.AppendCompact(nil, uint64(n)), raw...), list
	}
}

func (s *sampler) fixed(depth int) (metadata.TypeID, draw) {
	id, inner := s.any(depth - 1)
	if s.list[id].Kind == metadata.Basic && s.list[id].Primitive == metadata.U8 {
		id, inner = s.compactInteger()
	}
	n := s.n("length", 0, 4)
	return s.array(uint32(n), id), func() ([]byte, any) {
		raw, list := repeat(n, inner)
		return raw, list
	}
}

func (s *sampler) record(depth int) (metadata.TypeID, draw) {
	n := s.n("fields", 2, 4)
	fields, draws := make([]metadata.Field, n), make([]draw, n)
	for i := range n {
		fields[i].Name = fmt.Sprintf("field_%d", i)
		fields[i].Type, draws[i] = s.any(depth - 1)
	}
	return s.composite("Record", fields...), func() ([]byte, any) {
		var raw []byte
		out := make(codec.Struct, n)
		for i := range n {
			b, v := draws[i]()
			raw, out[i] = append(raw, b...), codec.Field{Name: fields[i].Name, Value: v}
		}
		return raw, out
	}
}

func (s *sampler) choice(depth int) (metadata.TypeID, draw) {
	id, inner := s.any(depth - 1)
	index := byte(s.n("index", 1, 255))
	enum := s.enum("Choice", variant(index, "One", field("", id)), variant(0, "Nothing"))
	return enum, func() ([]byte, any) {
		if rapid.Bool().Draw(s.t, "nothing") {
			return []byte{0}, codec.Variant{Name: "Nothing"}
		}
		b, v := inner()
		return append([]byte{index}, b...), codec.Variant{Name: "One", Fields: []codec.Field{{Value: v}}}
	}
}

func (s *sampler) optional(depth int) (metadata.TypeID, draw) {
	id, inner := s.any(depth - 1)
	outer := s.option(id)
	return outer, func() ([]byte, any) {
		none := rapid.Bool().Draw(s.t, "none")
		raw, v := []byte{0}, any(nil)
		if !none {
			raw, v = inner()
			raw = append([]byte{1}, raw...)
		}
		if !s.nilable(id) {
			return raw, v
		}
		if none {
			return raw, codec.Variant{Name: "None"}
		}
		return raw, codec.Variant{Name: "Some", Fields: []codec.Field{{Value: v}}}
	}
}

// nilable says the rule in other words than the code under test: an Option shows as nil unless what it holds does.
func (s *sampler) nilable(id metadata.TypeID) bool {
	switch t := s.list[id]; {
	case t.Name() == "BoundedVec":
		return s.nilable(t.Fields[0].Type)
	case t.Name() == "Option":
		return !s.nilable(t.Params[0].Type)
	}
	return false
}

var sameInteger = cmp.Comparer(func(a, b codec.BigInt) bool { return a.String() == b.String() })

func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sampler{t: t}
		id, value := s.any(4)
		reg, err := metadata.NewRegistry(s.list)
		if err != nil {
			t.Fatal(err)
		}
		raw, want := value()
		got, err := codec.Decode(reg, id, raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, sameInteger); diff != "" {
			t.Fatalf("decoded %x (-want +got):\n%s", raw, diff)
		}
		if back, err := codec.Encode(reg, id, got); err != nil || !bytes.Equal(back, raw) {
			t.Fatalf("encoded %x, %v; want %x", back, err, raw)
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var fromText any
		if err := dec.Decode(&fromText); err != nil {
			t.Fatal(err)
		}
		if !ambiguous(want) {
			if back, err := codec.Encode(reg, id, fromText); err != nil || !bytes.Equal(back, raw) {
				t.Fatalf("%s encoded %x, %v; want %x", text, back, err, raw)
			}
		}
		var dynamic any
		plan, err := codec.Compile(reg, id, reflect.TypeFor[any]())
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Unmarshal(raw, &dynamic); err != nil || !cmp.Equal(dynamic, got, sameInteger) {
			t.Fatalf("plan into any: %v, %v; want %v", dynamic, err, got)
		}
		var skipped codec.Raw
		if err := codec.Unmarshal(reg, id, raw, &skipped); err != nil || !bytes.Equal(skipped, raw) {
			t.Fatalf("skipped %x, %v; want %x", skipped, err, raw)
		}
		for n := range raw {
			if v, err := codec.Decode(reg, id, raw[:n]); err == nil {
				t.Fatalf("the first %d of %x decode to %v", n, raw, v)
			}
		}
	})
}

// ambiguous reports whether a value holds text that JSON changes: what is not UTF-8 there.
func ambiguous(v any) bool {
	b, err := json.Marshal(v)
	return err != nil || bytes.Contains(b, []byte(`\ufffd`))
}
