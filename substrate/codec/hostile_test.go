package codec_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// TestHostileTypes has types that metadata can describe and that no sane runtime has. Each would, without bounds, end
// the process or never end.
func TestHostileTypes(t *testing.T) {
	b := new(types)
	u8 := b.basic(metadata.U8)
	next := func() metadata.TypeID { return metadata.TypeID(len(b.list)) }

	itself := b.composite("Itself", field("", next()))
	circle := b.composite("A", field("", next()+1))
	b.composite("B", field("", circle))
	twice := b.tuple(next(), next())
	vecOfItself := b.vec(next())
	optionOfItself := b.option(next())
	compactOfItself := b.compact(next())
	doubled := b.tuple()
	for range 64 {
		doubled = b.tuple(doubled, doubled)
	}
	manyUnits := b.array(1<<32-1, b.tuple())
	manyMany := manyUnits
	for range 20 {
		manyMany = b.array(1<<32-1, manyMany)
	}
	deep := u8
	for range 100_000 {
		deep = b.composite("", field("x", deep))
	}
	wrapped := u8
	for range 100_000 {
		wrapped = b.composite("", field("", wrapped))
	}
	hugeBytes := b.array(1<<32-1, u8)
	hugeList := b.array(1<<32-1, b.basic(metadata.U32))
	lists := u8
	for range 100 {
		lists = b.vec(lists)
	}
	empty := b.enum("Empty")

	tests := []struct {
		name string
		id   metadata.TypeID
		hex  string
		want []error
	}{
		{"struct of itself", itself, "00", []error{codec.ErrDepth, codec.ErrType}},
		{"two structs of each other", circle, "00", []error{codec.ErrDepth, codec.ErrType}},
		{"tuple of itself twice", twice, "00", []error{codec.ErrDepth}},
		{"list of itself", vecOfItself, strings.Repeat("04", 10_000), []error{codec.ErrDepth}},
		{"Option of itself", optionOfItself, strings.Repeat("01", 10_000), []error{codec.ErrDepth}},
		{"compact of itself", compactOfItself, "00", []error{codec.ErrType}},
		{"2^64 units", doubled, "", []error{codec.ErrWork}},
		{"array of 2^32-1 units", manyUnits, "", []error{codec.ErrWork}},
		{"arrays of arrays of units", manyMany, "", []error{codec.ErrWork}},
		{"100,000 structs in each other", deep, "00", []error{codec.ErrDepth}},
		{"100,000 wrappers in each other", wrapped, "00", []error{codec.ErrDepth, codec.ErrType}},
		{"4 GB of bytes", hugeBytes, "00", []error{scale.ErrEnd}},
		{"16 GB of integers", hugeList, "00", []error{scale.ErrEnd}},
		{"lists of lists", lists, strings.Repeat("fc", 200), []error{scale.ErrEnd, codec.ErrWork}},
		{"enum without variants", empty, "00", []error{codec.ErrVariant}},
		{"missing type", metadata.NoType, "00", []error{codec.ErrType}},
	}
	reg := b.registry(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := unhex(t, tt.hex)
			expect := func(what string, err error) {
				t.Helper()
				for _, want := range tt.want {
					if errors.Is(err, want) {
						if len(err.Error()) > 20_000 {
							t.Errorf("%s: message of %d characters", what, len(err.Error()))
						}
						return
					}
				}
				t.Errorf("%s: error %v, want one of %v", what, err, tt.want)
			}
			_, err := codec.Decode(reg, tt.id, raw)
			expect("Decode", err)
			var skipped codec.Raw
			if _, ok := reg.FixedSize(tt.id); !ok {
				expect("skip", codec.Unmarshal(reg, tt.id, raw, &skipped))
			}
			// What follows must only come back.
			reg.Name(tt.id)
			_, _ = codec.Checksum(reg, tt.id)
			for _, v := range []any{nil, 1, []any{}, []any{[]any{}, []any{}}, "x", map[string]any{"x": nil}, codec.Variant{Name: "Some"}} {
				_, _ = codec.Encode(reg, tt.id, v)
			}
			for _, dst := range []any{new(uint8), new([]byte), new([32]byte), new([][32]byte), new(*uint8), new(***uint8),
				new(list), new(selfPointer), new(map[string]any), new(string), new(any), new(codec.Variant), new(struct{ X uint8 })} {
				_ = codec.Unmarshal(reg, tt.id, raw, dst)
			}
		})
	}
}

// list and selfPointer are Go types that contain themselves.
type list struct {
	X    *list  `scale:"x|0,optional"`
	Next []list `scale:"next|1,optional"`
}

type selfPointer *selfPointer

// TestRecursiveGoTypes decodes a type that contains itself into a Go type that does.
func TestRecursiveGoTypes(t *testing.T) {
	b := new(types)
	id := metadata.TypeID(len(b.list))
	b.composite("Tree", field("value", id+1), field("children", id+2))
	b.basic(metadata.U8)
	b.vec(id)
	reg := b.registry(t)
	type tree struct {
		Value    uint8
		Children []tree
	}
	raw := unhex(t, "01"+"08"+"0200"+"0304"+"0400")
	var got tree
	if err := codec.Unmarshal(reg, id, raw, &got); err != nil {
		t.Fatal(err)
	}
	want := tree{1, []tree{{2, []tree{}}, {3, []tree{{4, []tree{}}}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v, want %+v", got, want)
	}
	if back, err := codec.Encode(reg, id, got); err != nil || !bytes.Equal(back, raw) {
		t.Errorf("encoded %x, %v; want %x", back, err, raw)
	}
	deep := bytes.Repeat([]byte{0, 4}, 10_000)
	if err := codec.Unmarshal(reg, id, deep, &got); !errors.Is(err, codec.ErrDepth) {
		t.Errorf("10,000 levels: error %v", err)
	}
	cyclic := []any{1, nil}
	cyclic[1] = []any{cyclic}
	if _, err := codec.Encode(reg, id, cyclic); !errors.Is(err, codec.ErrDepth) {
		t.Errorf("value that contains itself: error %v", err)
	}
}
