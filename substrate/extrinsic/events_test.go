package extrinsic

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

type goldenEvents struct {
	Metadata string
	Events   hexBytes
	Names    []string
}

func allEvents(t testing.TB) []goldenEvents {
	var out []goldenEvents
	golden(t, "events.json", &out)
	if len(out) < 10 {
		t.Fatalf("only %d runtimes", len(out))
	}
	return out
}

// TestDecodeEvents reads events that the reference client encoded, of every runtime.
func TestDecodeEvents(t *testing.T) {
	for _, g := range allEvents(t) {
		t.Run(g.Metadata, func(t *testing.T) {
			events, err := DecodeEvents(runtime(t, g.Metadata), g.Events)
			if err != nil {
				t.Fatal(err)
			}
			var names, errs []string
			for _, e := range events {
				names = append(names, strings.ToLower(e.Pallet[:1])+e.Pallet[1:]+"."+e.Name)
				for _, err := range e.Errors {
					errs = append(errs, fmt.Sprintf("%d %s %s|%s|%s|%s", e.Extrinsic, &e, err.Kind, err.Pallet, err.Name, err.Detail))
				}
			}
			if diff := cmp.Diff(g.Names, names); diff != "" {
				t.Errorf("names (-reference +ours):\n%s", diff)
			}
			want := []string{
				"1 Proxy.ProxyExecuted Module|Staking|NotController|",
				"2 System.ExtrinsicFailed Module|Proxy|Unannounced|",
				"3 Utility.BatchInterrupted Token|||Frozen",
				"4 Utility.ItemFailed BadOrigin|||",
				"4 Utility.ItemFailed Module||error 9 of the pallet with index 251, which is not in the metadata|",
			}
			if diff := cmp.Diff(want, errs); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if events[0].Phase != "Initialization" || events[len(events)-1].Phase != "Finalization" || events[2].Phase != "ApplyExtrinsic" {
				t.Errorf("phases %s, %s, %s", events[0].Phase, events[2].Phase, events[len(events)-1].Phase)
			}
			announced := events[slices.Index(names, "proxy.Announced")]
			if real, _ := announced.Get("real"); real != codec.AccountID(account(t, "//Alice//stash")) || len(announced.Docs) == 0 {
				t.Errorf("announced by %v, docs %q", real, announced.Docs)
			}
			if got := len(EventsOf(events, 4)); got != 5 {
				t.Errorf("%d events of extrinsic 4, want 5", got)
			}
			if got := EventsOf(events, 9); got != nil {
				t.Errorf("events of an extrinsic that is not there: %v", got)
			}
		})
	}
}

func TestResult(t *testing.T) {
	failed := Event{Pallet: "System", Name: "ExtrinsicFailed", Errors: []*DispatchError{{Kind: "BadOrigin"}}}
	success := Event{Pallet: "System", Name: "ExtrinsicSuccess"}
	proxy := Event{Pallet: "Proxy", Name: "ProxyExecuted", Errors: []*DispatchError{{Kind: "Module", Pallet: "Staking", Name: "BadTarget"}}}
	tests := []struct {
		name     string
		events   []Event
		applied  bool
		failures []string
	}{
		{"none", nil, false, nil},
		{"success", []Event{success}, true, nil},
		{"failed", []Event{failed}, false, []string{"System.ExtrinsicFailed: BadOrigin"}},
		{"inner", []Event{proxy, success}, true, []string{"Proxy.ProxyExecuted: Staking.BadTarget"}},
		{"both, the own first", []Event{proxy, failed}, false, []string{"System.ExtrinsicFailed: BadOrigin", "Proxy.ProxyExecuted: Staking.BadTarget"}},
		{"contradiction", []Event{failed, success}, false, []string{"System.ExtrinsicFailed: BadOrigin"}},
	}
	for _, tt := range tests {
		applied, failures := Result(tt.events)
		var got []string
		for _, f := range failures {
			got = append(got, f.Error())
		}
		if applied != tt.applied || !slices.Equal(got, tt.failures) {
			t.Errorf("%s: %t, %q, want %t, %q", tt.name, applied, got, tt.applied, tt.failures)
		}
	}
	_, failures := Result([]Event{proxy, success})
	var dispatch *DispatchError
	if !errors.As(failures[0], &dispatch) || !dispatch.Named("Staking", "BadTarget") || dispatch.Named("Proxy", "BadTarget") {
		t.Errorf("failure %v", failures[0])
	}
	if (*DispatchError)(nil).Named("", "") {
		t.Error("no error has a name")
	}
}

// TestFindErrorsDeep looks for errors in values that no event of today has: lists, tuples and options of results.
func TestFindErrorsDeep(t *testing.T) {
	md := runtime(t, "polkadot-2000000.v15")
	id := typeID(t, md, "DispatchError", isDispatchError)
	size := metadata.TypeID(md.Types.Len())
	types := make([]metadata.Type, size)
	for i := range size {
		typ, _ := md.Types.Type(i)
		types[i] = *typ
	}
	field := func(id metadata.TypeID) []metadata.Field { return []metadata.Field{{Type: id}} }
	types = append(types,
		metadata.Type{ID: size, Path: []string{"Option"}, Kind: metadata.Enum, Variants: []metadata.Variant{
			{Name: "None"}, {Name: "Some", Index: 1, Fields: field(id)}}},
		metadata.Type{ID: size + 1, Path: []string{"Option"}, Kind: metadata.Enum, Variants: []metadata.Variant{
			{Name: "None"}, {Name: "Some", Index: 1, Fields: field(size)}}},
		metadata.Type{ID: size + 2, Kind: metadata.Tuple, Elems: []metadata.TypeID{size, size + 1}},
		metadata.Type{ID: size + 3, Kind: metadata.Sequence, Elem: size + 2},
		metadata.Type{ID: size + 4, Kind: metadata.Array, Len: 1, Elem: size + 3},
		metadata.Type{ID: size + 5, Kind: metadata.Composite, Fields: []metadata.Field{{Name: "list", Type: size + 4}}},
		metadata.Type{ID: size + 6, Kind: metadata.Composite, Fields: field(size + 5)},
	)
	reg, err := metadata.NewRegistry(types)
	if err != nil {
		t.Fatal(err)
	}
	deep := *md
	deep.Types = reg
	// list: [(Some(BadOrigin), Some(Some(Token.Frozen))), (None, Some(None)), (None, None)]
	raw := []byte{3 << 2, 1, 2, 1, 1, 7, 5, 0, 1, 0, 0, 0}
	v, err := codec.Decode(reg, size+6, raw)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range findErrors(&deep, size+6, v, maxShape) {
		got = append(got, e.Error())
	}
	if want := []string{"BadOrigin", "Token.Frozen"}; !slices.Equal(got, want) {
		text, _ := json.Marshal(v)
		t.Errorf("found %q in %s, want %q", got, text, want)
	}
	if got := findErrors(&deep, size+6, v, 2); got != nil {
		t.Errorf("found %v deeper than allowed", got)
	}
}

func TestDispatchErrorOfOldRuntimes(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	staking, _ := md.Pallet("Staking")
	for name, value := range map[string]codec.Variant{
		"error is a byte": {Name: "Module", Fields: []codec.Field{{Name: "index", Value: uint64(staking.Index)}, {Name: "error", Value: uint64(0)}}},
		"struct inside": {Name: "Module", Fields: []codec.Field{{Value: codec.Struct{
			{Name: "index", Value: uint64(staking.Index)}, {Name: "error", Value: codec.Bytes{0, 0, 0, 0}}}}}},
	} {
		if e := newDispatchError(md, value); !e.Named("Staking", "NotController") || len(e.Docs) == 0 {
			t.Errorf("%s: %v", name, e)
		}
	}
	for _, value := range []codec.Variant{
		{Name: "Module"},
		{Name: "Module", Fields: []codec.Field{{Name: "index", Value: uint64(256)}, {Name: "error", Value: uint64(0)}}},
		{Name: "Module", Fields: []codec.Field{{Name: "index", Value: uint64(6)}, {Name: "error", Value: codec.Bytes{}}}},
		{Name: "Module", Fields: []codec.Field{{Name: "index", Value: uint64(6)}, {Name: "error", Value: uint64(300)}}},
	} {
		if e := newDispatchError(md, value); e.Pallet != "" || e.Error() != "an error of a form that is not known" {
			t.Errorf("%v: %v", value, e)
		}
	}
	if e := newDispatchError(md, codec.Variant{Name: "Other", Fields: []codec.Field{{Value: "old text"}}}); e.Error() != "Other.old text" {
		t.Errorf("error %q", e)
	}
}

func TestDecodeEventsRefuses(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	g := allEvents(t)[0]
	for n := range len(g.Events) { // every cut is noticed
		if _, err := DecodeEvents(md, g.Events[:n]); err == nil {
			t.Fatalf("%d of %d bytes are accepted", n, len(g.Events))
		}
	}
	if _, err := DecodeEvents(md, append(slices.Clone([]byte(g.Events)), 0)); err == nil {
		t.Error("a byte behind the events is accepted")
	}
	if _, err := DecodeEvents(&metadata.Metadata{}, nil); !errors.Is(err, metadata.ErrNotFound) {
		t.Errorf("metadata without System: %v", err)
	}
	// a System.Events of another type
	other := *md
	other.Pallets = []metadata.Pallet{{Name: "System", Storage: []metadata.StorageEntry{{Pallet: "System", Name: "Events",
		Value: typeID(t, md, "u32", primitive(metadata.U32))}}}}
	if _, err := DecodeEvents(&other, []byte{0, 0, 0, 0}); !errors.Is(err, errEvents) {
		t.Errorf("events that are a number: %v", err)
	}
	numbers := typeID(t, md, "list of numbers", func(typ *metadata.Type) bool {
		inner, _ := md.Types.Type(typ.Elem)
		return typ.Kind == metadata.Sequence && inner.Kind == metadata.Basic && inner.Primitive == metadata.U32
	})
	other.Pallets[0].Storage[0].Value = numbers
	if _, err := DecodeEvents(&other, []byte{4, 0, 0, 0, 0}); !errors.Is(err, errEvents) {
		t.Errorf("events that are numbers: %v", err)
	}
}
