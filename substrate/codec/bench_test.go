package codec_test

import (
	"reflect"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// The size of the whole staking state of a large network.
const (
	benchNominators = 22_500
	benchTargets    = 16
)

// nominations is the value of Staking.Nominators.
type nominations struct {
	Targets     [][32]byte
	SubmittedIn uint32
	Suppressed  bool
}

// nominator encodes one nominator and its ledger.
func nominator(b *testing.B, m *metadata.Metadata, i int) (nomination, ledger []byte) {
	b.Helper()
	targets := make([]any, benchTargets)
	for j := range targets {
		targets[j] = [32]byte{byte(i), byte(i >> 8), byte(j)}
	}
	encode := func(item string, v any) []byte {
		e, err := m.Storage("Staking", item)
		if err != nil {
			b.Fatal(err)
		}
		raw, err := codec.Encode(m.Types, e.Value, v)
		if err != nil {
			b.Fatal(err)
		}
		return raw
	}
	return encode("Nominators", []any{targets, 1978, false}), encode("Ledger", map[string]any{
		"stash": [32]byte{byte(i), byte(i >> 8)}, "total": "123456789012345678", "active": "12345678901234567",
		"unlocking": []any{map[string]any{"value": "1000000000000", "era": 2000}, map[string]any{"value": 5, "era": 2001}},
	})
}

// BenchmarkNominators decodes 22,500 nominators of 16 targets each, and their ledgers.
func BenchmarkNominators(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	plan := func(item string, t reflect.Type) *codec.Plan {
		e, err := m.Storage("Staking", item)
		if err != nil {
			b.Fatal(err)
		}
		p, err := codec.Compile(m.Types, e.Value, t)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	nominators := plan("Nominators", reflect.TypeFor[nominations]())
	ledgers := plan("Ledger", reflect.TypeFor[ledger]())
	var values, books [benchNominators][]byte
	var size int64
	for i := range values {
		values[i], books[i] = nominator(b, m, i)
		size += int64(len(values[i]) + len(books[i]))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for i := range values {
			var n nominations
			var l ledger
			if err := nominators.Unmarshal(values[i], &n); err != nil {
				b.Fatal(err)
			}
			if err := ledgers.Unmarshal(books[i], &l); err != nil {
				b.Fatal(err)
			}
			if len(n.Targets) != benchTargets || len(l.Unlocking) != 2 {
				b.Fatal("wrong values")
			}
		}
	}
}

// BenchmarkDynamicEvents decodes the events of a block into dynamic values.
func BenchmarkDynamicEvents(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	e, err := m.Storage("System", "Events")
	if err != nil {
		b.Fatal(err)
	}
	var raw []byte
	for _, v := range fixtures.Load(b, "asset-hub-polkadot-2000000.v15").Storage {
		if v.Pallet == "System" && v.Item == "Events" && len(v.Value) > len(raw) {
			raw = v.Value
		}
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Decode(m.Types, e.Value, raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile prepares decoding ledgers.
func BenchmarkCompile(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	e, err := m.Storage("Staking", "Ledger")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Compile(m.Types, e.Value, reflect.TypeFor[ledger]()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChecksum makes the checksum of the largest type of a runtime, its calls.
func BenchmarkChecksum(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Checksum(m.Types, m.OuterCall); err != nil {
			b.Fatal(err)
		}
	}
}
