package metadata_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// writer assembles blobs by hand, with everything that a version can express, in few bytes.
type writer struct {
	version byte
	out     []byte
}

func (w *writer) raw(b ...byte)        { w.out = append(w.out, b...) }
func (w *writer) compact(n int)        { w.out = scale.AppendCompact(w.out, uint64(n)) }
func (w *writer) text(list ...string)  { w.each(scale.AppendString, list) }
func (w *writer) texts(list ...string) { w.compact(len(list)); w.text(list...) }

func (w *writer) each(add func([]byte, string) []byte, list []string) {
	for _, s := range list {
		w.out = add(w.out, s)
	}
}

// deprecation writes a deprecation, which exists in version 16 only: 0 none, 1 without a note, 2 with all.
func (w *writer) deprecation(tag byte) {
	if w.version < 16 {
		return
	}
	w.raw(tag)
	if tag == 2 {
		w.text("do not")
		w.raw(1)
		w.text("1.2")
	}
}

// types writes one type of each kind. Type 9 is an extrinsic, for version 14.
func (w *writer) types() {
	w.compact(10)
	head := func(id int, path ...string) {
		w.compact(id)
		w.texts(path...)
		w.compact(0)
	}
	head(0)
	w.raw(5, 5) // u32
	w.texts()
	head(1, "frame", "Record")
	w.raw(0) // composite
	w.compact(2)
	w.raw(1)
	w.text("era")
	w.compact(0)
	w.raw(1)
	w.text("EraIndex")
	w.texts("of the record")
	w.raw(0)
	w.compact(2)
	w.raw(0)
	w.texts()
	w.texts()
	head(2, "Kind")
	w.raw(1) // enum
	w.compact(1)
	w.text("One")
	w.compact(0)
	w.raw(7)
	w.texts("the only one")
	w.texts("docs", "of Kind")
	head(3)
	w.raw(2) // sequence
	w.compact(1)
	w.texts()
	head(4)
	w.raw(3, 8, 0, 0, 0) // array
	w.compact(0)
	w.texts()
	head(5)
	w.raw(4) // tuple
	w.compact(2)
	w.compact(0)
	w.compact(2)
	w.texts()
	head(6)
	w.raw(6) // compact
	w.compact(0)
	w.texts()
	head(7)
	w.raw(7) // bit sequence
	w.compact(0)
	w.compact(1)
	w.texts()
	head(8)
	w.raw(4) // unit
	w.compact(0)
	w.texts()
	w.compact(9)
	w.texts("generic", "UncheckedExtrinsic")
	w.compact(5)
	for i, name := range []string{"Address", "Call", "Signature", "Extra"} {
		w.text(name)
		w.raw(1)
		w.compact([]int{0, 2, 4, 8}[i])
	}
	w.text("Other")
	w.raw(0)
	w.raw(4)
	w.compact(0)
	w.texts()
}

// enum writes the optional type of calls, events or errors.
func (w *writer) enum(id int) {
	w.raw(1)
	w.compact(id)
	if w.version >= 16 {
		w.compact(2)
		w.raw(7)
		w.deprecation(1)
		w.raw(9)
		w.deprecation(2)
	}
}

func (w *writer) pallets() {
	w.compact(2)
	w.text("Staking")
	w.raw(1)
	w.text("StakingPrefix")
	w.compact(2)
	w.text("Era")
	w.raw(0, 0) // optional, plain
	w.compact(0)
	w.compact(0) // empty default
	w.texts("the era")
	w.deprecation(2)
	w.text("Map")
	w.raw(1, 1) // default, map
	w.compact(2)
	w.raw(5, 2)
	w.compact(5) // key: the tuple
	w.compact(1)
	w.compact(2)
	w.raw(0xaa, 0xbb)
	w.texts()
	w.deprecation(0)
	w.enum(2)
	w.raw(0) // no events
	w.compact(1)
	w.text("Limit")
	w.compact(0)
	w.compact(4)
	w.raw(1, 0, 0, 0)
	w.texts("a limit")
	w.deprecation(1)
	w.enum(2)
	if w.version >= 16 {
		w.compact(1)
		w.text("Balance")
		w.compact(0)
		w.texts("money")
		w.compact(1)
		w.raw(make([]byte, 31)...)
		w.raw(0xee)
		w.text("view")
		w.compact(1)
		w.text("who")
		w.compact(4)
		w.compact(1)
		w.texts("looks")
		w.deprecation(2)
	}
	w.raw(42)
	if w.version >= 15 {
		w.texts("pallet docs")
	}
	w.deprecation(1)

	w.text("Empty")
	w.raw(0, 0, 0, 0, 0)
	if w.version >= 16 {
		w.raw(0, 0)
	}
	w.raw(43)
	if w.version >= 15 {
		w.texts()
	}
	w.deprecation(0)
}

func (w *writer) extensions() {
	w.compact(2)
	w.text("CheckNonce")
	w.compact(6)
	w.compact(8)
	w.text("CheckGenesis")
	w.compact(8)
	w.compact(4)
}

func (w *writer) tail() {
	switch w.version {
	case 14:
		w.compact(9)
		w.raw(4)
		w.extensions()
		w.compact(8)
		return
	case 15:
		w.raw(4)
		for _, id := range []int{0, 2, 4, 8} {
			w.compact(id)
		}
		w.extensions()
		w.compact(8)
	case 16:
		w.compact(2)
		w.raw(4, 5)
		for _, id := range []int{0, 2, 4} {
			w.compact(id)
		}
		w.compact(1)
		w.raw(3)
		w.compact(2)
		w.compact(1)
		w.compact(0)
		w.extensions()
	}
	w.compact(1)
	w.text("Core")
	w.compact(1)
	w.text("version")
	w.compact(1)
	w.text("at")
	w.compact(0)
	w.compact(1)
	w.texts("tells the version")
	w.deprecation(2)
	w.texts("core things")
	if w.version >= 16 {
		w.compact(5)
	}
	w.deprecation(1)
	for _, id := range []int{2, 3, 4} {
		w.compact(id)
	}
	w.compact(1)
	w.text("custom")
	w.compact(0)
	w.compact(4)
	w.raw(9, 0, 0, 0)
}

// small is a blob of the given version.
func small(version byte) []byte {
	w := &writer{version: version, out: append([]byte("meta"), version)}
	w.types()
	w.pallets()
	w.tail()
	return w.out
}

func TestParseSmall(t *testing.T) {
	none, bare := metadata.Deprecation{}, metadata.Deprecation{Deprecated: true}
	full := metadata.Deprecation{Deprecated: true, Note: "do not", Since: "1.2"}
	variants := []metadata.VariantDeprecation{{Index: 7, Deprecation: bare}, {Index: 9, Deprecation: full}}
	id := [32]byte{31: 0xee}
	for version := byte(14); version <= 16; version++ {
		m, err := metadata.Parse(small(version))
		if err != nil {
			t.Fatal(err)
		}
		extensions := []metadata.Extension{
			{Identifier: "CheckNonce", Extra: 6, Additional: 8}, {Identifier: "CheckGenesis", Extra: 8, Additional: 4},
		}
		want := &metadata.Metadata{
			Version: int(version), Types: m.Types, Runtime: 8, OuterCall: 2, OuterEvent: 3, OuterError: 4,
			Pallets: []metadata.Pallet{{
				Name: "Staking", Index: 42, Prefix: "StakingPrefix", Calls: 2, Events: metadata.NoType, Errors: 2,
				Storage: []metadata.StorageEntry{
					{Pallet: "Staking", Prefix: "StakingPrefix", Name: "Era", Optional: true, Docs: []string{"the era"}, Deprecation: full},
					{Pallet: "Staking", Prefix: "StakingPrefix", Name: "Map", Value: 1, Default: []byte{0xaa, 0xbb},
						Hashers: []metadata.Hasher{metadata.Twox64Concat, metadata.Blake2_128Concat}, Keys: []metadata.TypeID{0, 2}},
				},
				Constants: []metadata.Constant{{
					Pallet: "Staking", Name: "Limit", Value: []byte{1, 0, 0, 0}, Docs: []string{"a limit"}, Deprecation: bare,
				}},
				DeprecatedCalls: variants, DeprecatedErrors: variants,
				AssociatedTypes: []metadata.AssociatedType{{Name: "Balance", Docs: []string{"money"}}},
				ViewFunctions: []metadata.ViewFunction{{
					ID: id, Name: "view", Inputs: []metadata.Param{{Name: "who", Type: 4}}, Output: 1, Docs: []string{"looks"}, Deprecation: full,
				}},
				Docs: []string{"pallet docs"}, Deprecation: bare,
			}, {
				Name: "Empty", Index: 43, Calls: metadata.NoType, Events: metadata.NoType, Errors: metadata.NoType,
			}},
			Extrinsic: metadata.Extrinsic{
				Versions: []uint8{4}, Address: 0, Call: 2, Signature: 4, Extra: 8, Type: metadata.NoType, Extensions: extensions,
				Sets: []metadata.ExtensionSet{{Extensions: []int{0, 1}}},
			},
			APIs: []metadata.RuntimeAPI{{
				Name: "Core", Docs: []string{"core things"}, APIVersion: 5, Deprecation: bare,
				Methods: []metadata.APIMethod{{
					API: "Core", Name: "version", Inputs: []metadata.Param{{Name: "at"}}, Output: 1,
					Docs: []string{"tells the version"}, Deprecation: full,
				}},
			}},
			Custom: []metadata.CustomValue{{Name: "custom", Value: []byte{9, 0, 0, 0}}},
		}
		p := &want.Pallets[0]
		if version < 16 {
			p.Storage[0].Deprecation, p.Constants[0].Deprecation, p.Deprecation = none, none, none
			p.DeprecatedCalls, p.DeprecatedErrors, p.AssociatedTypes, p.ViewFunctions = nil, nil, nil, nil
			want.APIs[0].APIVersion, want.APIs[0].Deprecation, want.APIs[0].Methods[0].Deprecation = 0, none, none
		} else {
			want.Runtime, want.Extrinsic.Extra = metadata.NoType, metadata.NoType
			want.Extrinsic.Versions = []uint8{4, 5}
			want.Extrinsic.Sets = []metadata.ExtensionSet{{Version: 3, Extensions: []int{1, 0}}}
		}
		if version == 14 {
			p.Docs, want.APIs, want.Custom = nil, nil, nil
			want.OuterEvent, want.OuterError, want.Extrinsic.Type = metadata.NoType, metadata.NoType, 9
		}
		sameRegistry := cmp.Comparer(func(a, b *metadata.Registry) bool { return a == b })
		if diff := cmp.Diff(want, m, sameRegistry, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
		if version == 16 {
			set, ok := m.Extrinsic.ExtensionsOf(3)
			if diff := cmp.Diff([]metadata.Extension{extensions[1], extensions[0]}, set); !ok || diff != "" {
				t.Errorf("extension set 3 (-want +got):\n%s", diff)
			}
		}
	}
}

// TestParseSmallTypes checks one type of each kind.
func TestParseSmallTypes(t *testing.T) {
	m, err := metadata.Parse(small(15))
	if err != nil {
		t.Fatal(err)
	}
	var got []metadata.Type
	for id := range metadata.TypeID(m.Types.Len()) {
		typ, _ := m.Types.Type(id)
		got = append(got, *typ)
	}
	want := []metadata.Type{
		{Kind: metadata.Basic, Primitive: metadata.U32},
		{ID: 1, Kind: metadata.Composite, Path: []string{"frame", "Record"}, Fields: []metadata.Field{
			{Name: "era", TypeName: "EraIndex", Docs: []string{"of the record"}}, {Type: 2},
		}},
		{ID: 2, Kind: metadata.Enum, Path: []string{"Kind"}, Docs: []string{"docs", "of Kind"}, Variants: []metadata.Variant{
			{Name: "One", Index: 7, Docs: []string{"the only one"}},
		}},
		{ID: 3, Kind: metadata.Sequence, Elem: 1},
		{ID: 4, Kind: metadata.Array, Len: 8},
		{ID: 5, Kind: metadata.Tuple, Elems: []metadata.TypeID{0, 2}},
		{ID: 6, Kind: metadata.Compact},
		{ID: 7, Kind: metadata.BitSequence, Order: 1},
		{ID: 8, Kind: metadata.Tuple},
		{ID: 9, Kind: metadata.Tuple, Path: []string{"generic", "UncheckedExtrinsic"}, Params: []metadata.TypeParam{
			{Name: "Address"}, {Name: "Call", Type: 2}, {Name: "Signature", Type: 4}, {Name: "Extra", Type: 8},
			{Name: "Other", Type: metadata.NoType},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// TestParseSmallDamaged cuts small blobs at every byte and changes every byte to many values: it must neither panic
// nor accept a cut blob.
func TestParseSmallDamaged(t *testing.T) {
	for version := byte(14); version <= 16; version++ {
		blob := small(version)
		for i := range blob {
			if _, err := metadata.Parse(blob[:i]); err == nil {
				t.Errorf("version %d: the first %d of %d bytes are accepted", version, i, len(blob))
			}
			damaged := append([]byte{}, blob...)
			for _, b := range []byte{0, 1, 2, 3, 4, 8, 0x7f, 0xfc, 0xfd, 0xfe, 0xff} {
				damaged[i] = b
				_, _ = metadata.Parse(damaged)
			}
		}
	}
}

// TestParseContradictions changes blobs so that they contradict themselves.
func TestParseContradictions(t *testing.T) {
	for _, tt := range []struct {
		name     string
		version  byte
		old, new string
		text     string
	}{
		{"set of an extension that is not there", 16, "\x03\x08\x04\x00", "\x03\x08\x08\x00", "extension set 3 names extension 2, but there are 2"},
		{"deprecated and not", 16, "\x08\x07\x01\x09\x02", "\x08\x07\x00\x09\x02", "deprecation of variant 7"},
		{"hashers without key parts", 15, "\x01\x01\x08\x05\x02\x14", "\x01\x01\x08\x05\x02\x00", "map with 2 hashers"},
		{"unknown hasher", 15, "\x01\x01\x08\x05\x02\x14", "\x01\x01\x08\x07\x02\x14", "hasher 7 is not known"},
		{"unknown modifier", 14, "\x0cEra\x00\x00", "\x0cEra\x02\x00", "storage item Era: modifier 2"},
		{"unknown kind of storage", 14, "\x0cEra\x00\x00", "\x0cEra\x00\x02", "pallet Staking: storage item Era: kind 2"},
		{"type that is not there", 14, "\x0cEra\x00\x00\x00", "\x0cEra\x00\x00\x28", "type id 10 at byte"},
		{"text that is not UTF-8", 14, "\x0cEra", "\x0cEr\xff", "not valid UTF-8"},
	} {
		blob := small(tt.version)
		if !bytes.Contains(blob, []byte(tt.old)) {
			t.Fatalf("%s: the place is not there", tt.name)
		}
		_, err := metadata.Parse(bytes.Replace(blob, []byte(tt.old), []byte(tt.new), 1))
		if err == nil || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.text)
		}
	}
}
