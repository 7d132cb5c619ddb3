package metadata_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// summarise says of a blob what the reference client says of it.
func summarise(t *testing.T, m *metadata.Metadata) fixtures.Summary {
	t.Helper()
	variants := func(id metadata.TypeID) []string {
		list := []string{}
		if typ, ok := m.Types.Type(id); ok {
			for _, v := range typ.Variants {
				list = append(list, fmt.Sprintf("%d %s", v.Index, v.Name))
			}
		}
		return list
	}
	s := fixtures.Summary{Version: m.Version, Types: m.Types.Len()}
	for _, p := range m.Pallets {
		storage, constants := []string{}, []string{}
		for _, e := range p.Storage {
			storage = append(storage, e.Name)
		}
		for _, c := range p.Constants {
			constants = append(constants, c.Name)
		}
		s.Pallets = append(s.Pallets, struct {
			Name, Prefix                              string
			Index                                     uint8
			Storage, Constants, Calls, Events, Errors []string
		}{p.Name, p.Prefix, p.Index, storage, constants, variants(p.Calls), variants(p.Events), variants(p.Errors)})
	}
	for _, e := range m.Extrinsic.Extensions {
		s.Extensions = append(s.Extensions, e.Identifier)
	}
	for _, a := range m.APIs {
		methods := []string{}
		for _, f := range a.Methods {
			methods = append(methods, f.Name)
		}
		s.APIs = append(s.APIs, struct {
			Name    string
			Methods []string
		}{a.Name, methods})
	}
	return s
}

func TestParseAgreesWithReferenceClient(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			got := summarise(t, fixtures.Metadata(t, label))
			want := fixtures.Load(t, label).Summary
			if len(want.APIs) == 0 {
				want.APIs = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("metadata differs from what the reference client reads (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseVersion16(t *testing.T) {
	m := fixtures.Metadata(t, "node-268.v16")
	if diff := cmp.Diff([]uint8{4, 5}, m.Extrinsic.Versions); diff != "" {
		t.Errorf("extrinsic versions (-want +got):\n%s", diff)
	}
	set, ok := m.Extrinsic.ExtensionsOf(0)
	if !ok || len(set) == 0 || len(set) != len(m.Extrinsic.Extensions) {
		t.Errorf("extension set 0 has %d of %d extensions (%v)", len(set), len(m.Extrinsic.Extensions), ok)
	}
	if _, ok := m.Extrinsic.ExtensionsOf(1); ok {
		t.Error("there is an extension set 1")
	}
	var deprecated, views, associated int
	for _, p := range m.Pallets {
		deprecated += len(p.DeprecatedCalls) + len(p.DeprecatedEvents) + len(p.DeprecatedErrors)
		views += len(p.ViewFunctions)
		associated += len(p.AssociatedTypes)
		for _, d := range p.DeprecatedCalls {
			if !d.Deprecated || d.Note == "" {
				t.Errorf("pallet %s: deprecation of call %d is empty", p.Name, d.Index)
			}
		}
	}
	if deprecated == 0 || views == 0 || associated == 0 {
		t.Errorf("%d deprecations, %d view functions, %d associated types: none may be zero", deprecated, views, associated)
	}
	for _, a := range m.APIs {
		if a.Name == "Core" && a.APIVersion != 5 {
			t.Errorf("version of API Core is %d, want 5", a.APIVersion)
		}
	}
	if m.Runtime != metadata.NoType || m.OuterCall == metadata.NoType || m.OuterEvent == metadata.NoType {
		t.Errorf("types of runtime, call, event: %d, %d, %d", m.Runtime, m.OuterCall, m.OuterEvent)
	}
}

// TestParseExtrinsicTypes checks that version 14, which names the types of an extrinsic only as generic parameters,
// and the newer versions give the same.
func TestParseExtrinsicTypes(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			m := fixtures.Metadata(t, label)
			want := map[string]string{"address": "MultiAddress", "signature": "MultiSignature", "call": "RuntimeCall"}
			for what, id := range map[string]metadata.TypeID{
				"address": m.Extrinsic.Address, "signature": m.Extrinsic.Signature, "call": m.Extrinsic.Call,
			} {
				typ, ok := m.Types.Type(id)
				if !ok || (typ.Name() != want[what] && typ.Name() != strings.TrimPrefix(want[what], "Runtime")) {
					t.Errorf("%s is %s, want %s", what, m.Types.Name(id), want[what])
				}
			}
			if m.OuterCall != m.Extrinsic.Call || m.OuterEvent == metadata.NoType {
				t.Errorf("outer call is type %d, of the extrinsic %d; outer event %d", m.OuterCall, m.Extrinsic.Call, m.OuterEvent)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	blob := fixtures.Blob(t, "contracts-node-100.v14")
	change := func(at int, b byte) []byte {
		out := append([]byte{}, blob...)
		out[at] = b
		return out
	}
	tests := []struct {
		name string
		blob []byte
		want error
		text string
	}{
		{"nothing", nil, metadata.ErrNotMetadata, "does not begin"},
		{"something else", []byte("<html><body>"), metadata.ErrNotMetadata, "does not begin"},
		{"too large", make([]byte, metadata.MaxSize+1), metadata.ErrNotMetadata, "at most"},
		{"version 13", change(4, 13), metadata.ErrVersion, "version 13: this program reads versions 14 to 16"},
		{"version 255", change(4, 255), metadata.ErrVersion, "version 255"},
		{"version 14 read as 15", change(4, 15), nil, "version 15"},
		{"cut", blob[:len(blob)-1], scale.ErrEnd, "byte"},
		{"longer", append(blob[:len(blob):len(blob)], 0), scale.ErrTrailing, "byte"},
		{"first type has id 1", change(7, 4), nil, "type 0"},
		{"a billion types", append([]byte("meta\x0e"), 0xfe, 0xff, 0xff, 0xff), scale.ErrEnd, "sequence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := metadata.Parse(tt.blob)
			switch {
			case err == nil:
				t.Fatal("no error")
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("error %q is not %q", err, tt.want)
			case !strings.Contains(err.Error(), tt.text):
				t.Errorf("error %q does not say %q", err, tt.text)
			}
		})
	}
}

// TestParseCutAnywhere cuts a blob at every byte of its first part and at many places of the rest.
func TestParseCutAnywhere(t *testing.T) {
	blob := fixtures.Blob(t, "contracts-node-100.v14")
	for n := 0; n < len(blob); n += 1 + n/500 {
		if _, err := metadata.Parse(blob[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(blob))
		}
	}
}

func TestLookups(t *testing.T) {
	m := fixtures.Metadata(t, "asset-hub-polkadot-2000000.v15")
	entry, err := m.Storage("Staking", "ErasStakersPaged")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entry.Keys))
	for i, k := range entry.Keys {
		names[i] = m.Types.Name(k)
	}
	if diff := cmp.Diff([]string{"u32", "AccountId32", "u32"}, names); diff != "" || !entry.Optional || !entry.IsMap() {
		t.Errorf("ErasStakersPaged: optional %v, map %v, keys (-want +got):\n%s", entry.Optional, entry.IsMap(), diff)
	}
	if _, v, err := m.Call("Staking", "nominate"); err != nil || v.Index != 5 {
		t.Errorf("call Staking.nominate: %v, %v", v, err)
	}
	if p, v, err := m.Event("Proxy", "ProxyExecuted"); err != nil || p.Index != 0x2a || v.Name != "ProxyExecuted" {
		t.Errorf("event Proxy.ProxyExecuted: %v, %v", v, err)
	}
	if p, v, err := m.Error(0x2a, 6); err != nil || p.Name != "Proxy" || v.Name != "Unannounced" {
		t.Errorf("error 6 of pallet 42: %v, %v", v, err)
	}
	if f, err := m.API("StakingApi", "nominations_quota"); err != nil || len(f.Inputs) != 1 {
		t.Errorf("StakingApi.nominations_quota: %v, %v", f, err)
	}
	missing := map[string]func() error{
		"pallet Nothing:":                      func() error { _, err := m.Storage("Nothing", "Validators"); return err },
		"storage item Staking.ErasStakers:":    func() error { _, err := m.Storage("Staking", "ErasStakers"); return err },
		"constant Staking.MaxNominations:":     func() error { _, err := m.Constant("Staking", "MaxNominations"); return err },
		"runtime API Nothing:":                 func() error { _, err := m.API("Nothing", "x"); return err },
		"function x of runtime API StakingApi": func() error { _, err := m.API("StakingApi", "x"); return err },
		"call Staking.x:":                      func() error { _, _, err := m.Call("Staking", "x"); return err },
		"error 255 of pallet Proxy:":           func() error { _, _, err := m.Error(0x2a, 255); return err },
		"pallet with index 253:":               func() error { _, _, err := m.Error(253, 0); return err },
	}
	for text, look := range missing {
		if err := look(); !errors.Is(err, metadata.ErrNotFound) || !strings.HasPrefix(err.Error(), text) {
			t.Errorf("error %v, want one that begins with %q", err, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	// Real blobs are too large to be tried often: one, and for each version a small one that has everything.
	f.Add(fixtures.Blob(f, "contracts-node-100.v14"))
	for version := byte(14); version <= 16; version++ {
		f.Add(small(version))
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		m, err := metadata.Parse(blob)
		if err != nil {
			return
		}
		for id := range metadata.TypeID(m.Types.Len()) {
			m.Types.Name(id)
			least := m.Types.MinSize(id)
			if n, ok := m.Types.FixedSize(id); ok && n != least {
				t.Errorf("type %d: fixed size %d, minimum %d", id, n, least)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, label := range []string{
		"westend-9320.v14", "polkadot-1002005.v14", "kusama-1003000.v14", "polkadot-2000000.v15", "kusama-1009002.v15",
		"asset-hub-polkadot-2000000.v15", "asset-hub-kusama-1009003.v15", "node-268.v16",
	} {
		blob := fixtures.Blob(b, label)
		b.Run(label, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(blob)))
			for b.Loop() {
				if _, err := metadata.Parse(blob); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
