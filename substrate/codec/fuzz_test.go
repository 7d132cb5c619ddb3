package codec_test

import (
	"bytes"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// FuzzDecode decodes any bytes as any type of three blobs. What is accepted must encode to the same bytes again, be
// skipped as it is decoded, and be refused when a byte is missing or added.
func FuzzDecode(f *testing.F) {
	labels := []string{"paseo-1001002.v15", "asset-hub-polkadot-2000000.v15", "node-268.v16"}
	registries := make([]*metadata.Registry, len(labels))
	for i, label := range labels {
		m := fixtures.Metadata(f, label)
		registries[i] = m.Types
		for n, v := range fixtures.Load(f, label).Storage {
			if e, err := m.Storage(v.Pallet, v.Item); err == nil && n%3 == i {
				f.Add(uint8(i), uint16(e.Value), []byte(v.Value))
			}
		}
		f.Add(uint8(i), uint16(m.OuterCall), []byte{0, 0, 4, 1})
	}
	f.Fuzz(func(t *testing.T, blob uint8, id uint16, raw []byte) {
		reg := registries[int(blob)%len(registries)]
		typ := metadata.TypeID(int(id) % reg.Len())
		v, err := codec.Decode(reg, typ, raw)
		var skipped codec.Raw
		skipErr := codec.Unmarshal(reg, typ, raw, &skipped)
		if (err == nil) != (skipErr == nil) {
			t.Fatalf("%s: decoding ends with %v, skipping with %v", reg.Name(typ), err, skipErr)
		}
		if err != nil {
			return
		}
		back, err := codec.Encode(reg, typ, v)
		if err != nil || !bytes.Equal(back, raw) {
			t.Errorf("%s: %x encodes to %x, %v", reg.Name(typ), raw, back, err)
		}
		if _, err := codec.Decode(reg, typ, append(raw[:len(raw):len(raw)], 0)); err == nil {
			t.Errorf("%s: %x is accepted with a byte more", reg.Name(typ), raw)
		}
		if len(raw) > 0 {
			if _, err := codec.Decode(reg, typ, raw[:len(raw)-1]); err == nil {
				t.Errorf("%s: %x is accepted without its last byte", reg.Name(typ), raw)
			}
		}
	})
}

// FuzzUnmarshal decodes any bytes into Go values.
func FuzzUnmarshal(f *testing.F) {
	m := fixtures.Metadata(f, "paseo-1001002.v15")
	targets := map[string]func() any{
		"System.Account":      func() any { return new(account) },
		"Staking.Ledger":      func() any { return new(ledger) },
		"Identity.IdentityOf": func() any { return new(registration) },
	}
	for _, v := range fixtures.Load(f, "paseo-1001002.v15").Storage {
		if targets[v.Pallet+"."+v.Item] != nil {
			f.Add([]byte(v.Value))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for name, target := range targets {
			e, err := m.Storage(name[:bytes.IndexByte([]byte(name), '.')], name[bytes.IndexByte([]byte(name), '.')+1:])
			if err != nil {
				t.Fatal(err)
			}
			_, err = codec.Decode(m.Types, e.Value, raw)
			if got := codec.Unmarshal(m.Types, e.Value, raw, target()); (got == nil) != (err == nil) {
				t.Errorf("%s: decoding ends with %v, unmarshalling with %v", name, err, got)
			}
		}
	})
}
