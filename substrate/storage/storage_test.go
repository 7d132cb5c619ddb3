package storage_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/storage"
)

const (
	alice = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
	bob   = "0x8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48"
)

func TestKeys(t *testing.T) {
	const relay, hub = "polkadot-1002005.v14", "asset-hub-polkadot-2000000.v15"
	chains := map[string]*metadata.Metadata{
		relay: fixtures.Metadata(t, relay), hub: fixtures.Metadata(t, hub),
		"polkadot-2000000.v15": fixtures.Metadata(t, "polkadot-2000000.v15"),
	}
	for _, tt := range []struct {
		label, pallet, item string
		args                []any
		want                string
	}{
		{hub, "System", "Account", []any{alice}, "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9de1e86a9a8c739864cf3cc5ec2bea59fd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"},
		{hub, "System", "Account", []any{"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}, "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9de1e86a9a8c739864cf3cc5ec2bea59fd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"},
		{hub, "System", "Events", nil, "26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7"},
		{hub, "Staking", "ErasStakersPaged", []any{1978, bob, 0}, "5f3e4907f716ac89b6347d15ececedca6ecf40373c722b0340d3d65c311a430510ec2ed361514c69ba070000a647e755c30521d38eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48b4def25cfda6ef3a00000000"},
		{hub, "Staking", "ErasStakersOverview", []any{uint32(1978)}, "5f3e4907f716ac89b6347d15ececedca7493ea190d0af47acc70e25428f8b1a310ec2ed361514c69ba070000"},
		{hub, "Staking", "ClaimedRewards", []any{1978, bob}, "5f3e4907f716ac89b6347d15ececedcaac664702a457aaa158e5bb458a0c376c10ec2ed361514c69ba070000a647e755c30521d38eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48"},
		{hub, "Proxy", "Announcements", []any{alice}, "1809d78346727a0ef58c0fa03bafa323a20a5b2f6b19a88cf22a45d869c2bc1b518366b5b1bc7c99d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"},
		{relay, "Identity", "SuperOf", []any{alice}, "2aeddc77fe58c98d50bd37f1b90840f943a953ac082e08b6527ce262dbd4abf2de1e86a9a8c739864cf3cc5ec2bea59fd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"},
		{"polkadot-2000000.v15", "StakingAhClient", "Mode", nil, "fdfa81fcfb7d464d9d81e333d5f684e4a257afd8b1a01000326aea09f9b12f69"},
		{hub, "ParachainSystem", "LastRelayChainBlockNumber", nil, "45323df7cc47150b3930e2666b0aa313a2bca190d36bd834cc73a38fc213ecbd"},
	} {
		m := chains[tt.label]
		entry, err := m.Storage(tt.pallet, tt.item)
		if err != nil {
			t.Fatal(err)
		}
		key, err := storage.Key(m.Types, entry, tt.args...)
		if err != nil || hex.EncodeToString(key) != tt.want {
			t.Errorf("key of %s.%s %v = %x, %v; want %s", tt.pallet, tt.item, tt.args, key, err, tt.want)
		}
	}
}

// TestDecodeValues are identities of the form before and after usernames.
func TestDecodeValues(t *testing.T) {
	const old = "040100000002007db52a2f00000000000000000000000006416c69636500000940613a6d2e6f726700000000"
	const want = `{"judgements":[[1,"Reasonable"]],"deposit":"202580000000","info":{"additional":[],"display":{"Raw5":"0x416c696365"},` +
		`"legal":"None","web":"None","riot":{"Raw8":"0x40613a6d2e6f7267"},"email":"None","pgp_fingerprint":null,"image":"None","twitter":"None"}}`
	for _, tt := range []struct{ label, hex, want string }{
		{"paseo-1001002.v14", old, want},
		{"polkadot-1002005.v14", old + "0124616c6963652e646f74", `[` + want + `,"0x616c6963652e646f74"]`},
	} {
		m := fixtures.Metadata(t, tt.label)
		entry, err := m.Storage("Identity", "IdentityOf")
		if err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(tt.hex)
		if err != nil {
			t.Fatal(err)
		}
		v, err := codec.Decode(m.Types, entry.Value, raw)
		if err != nil || toJSON(t, v) != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.label, toJSON(t, v), err, tt.want)
		}
	}
}

// every has a map with one key part for each hasher.
func every(t testing.TB) (*metadata.Registry, *metadata.StorageEntry) {
	t.Helper()
	reg, err := metadata.NewRegistry([]metadata.Type{{Kind: metadata.Basic, Primitive: metadata.U32}})
	if err != nil {
		t.Fatal(err)
	}
	entry := &metadata.StorageEntry{Pallet: "Test", Prefix: "Instance1Test", Name: "Map"}
	for h := metadata.Blake2_128; h <= metadata.Identity; h++ {
		entry.Hashers = append(entry.Hashers, h)
		entry.Keys = append(entry.Keys, 0)
	}
	return reg, entry
}

func TestHashers(t *testing.T) {
	reg, entry := every(t)
	key, err := storage.Key(reg, entry, 0, 1, 2, 3, 4, 5, 6)
	if err != nil {
		t.Fatal(err)
	}
	if want := storage.PrefixSize + 16 + 32 + 20 + 16 + 32 + 12 + 4; len(key) != want {
		t.Fatalf("key of %d bytes, want %d", len(key), want)
	}
	parts, err := storage.DecodeKey(reg, entry, key)
	if err != nil {
		t.Fatal(err)
	}
	kinds := make([]string, len(parts))
	for i, p := range parts {
		kinds[i] = fmt.Sprintf("%T", p)
		if p, ok := p.(storage.Hashed); ok {
			kinds[i] += fmt.Sprint(len(p))
		}
	}
	want := []string{"storage.Hashed16", "storage.Hashed32", "uint64", "storage.Hashed16", "storage.Hashed32", "uint64", "uint64"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{uint64(2), uint64(5), uint64(6)}, []any{parts[2], parts[5], parts[6]}); diff != "" {
		t.Errorf("readable parts (-want +got):\n%s", diff)
	}
	if text := toJSON(t, parts[0]); text != `"0x`+hex.EncodeToString(key[32:48])+`"` {
		t.Errorf("hidden part as JSON: %s", text)
	}
	for i := range key {
		broken := bytes.Clone(key)
		broken[i] ^= 1
		got, err := storage.DecodeKey(reg, entry, broken)
		hidden := err == nil && !cmp.Equal(got, parts) // inside a hash that cannot be checked, or a value without one
		if err == nil && !hidden {
			t.Errorf("key with byte %d changed decodes to the same parts", i)
		}
		if _, err := storage.DecodeKey(reg, entry, key[:i]); err == nil {
			t.Errorf("the first %d bytes of a key were accepted", i)
		}
	}
	if _, err := storage.DecodeKey(reg, entry, append(key, 0)); !errors.Is(err, storage.ErrKey) {
		t.Errorf("key with a byte too many: error %v", err)
	}
}

func TestKeyRefuses(t *testing.T) {
	m := fixtures.Metadata(t, "asset-hub-polkadot-2000000.v15")
	entry, err := m.Storage("Staking", "Bonded")
	if err != nil {
		t.Fatal(err)
	}
	_, err = storage.Key(m.Types, entry, alice, 1)
	if !errors.Is(err, storage.ErrArguments) || !strings.Contains(err.Error(), "key of Staking.Bonded: 2 key parts given, the item has 1") {
		t.Errorf("too many arguments: error %v", err)
	}
	_, err = storage.Key(m.Types, entry, "0x00")
	if !errors.Is(err, codec.ErrMismatch) || !strings.Contains(err.Error(), "key of Staking.Bonded: part 1") {
		t.Errorf("wrong argument: error %v", err)
	}
	if _, err := storage.AppendHashed(nil, 99, nil); err == nil {
		t.Error("hasher 99 is accepted")
	}
	other, err := m.Storage("Staking", "Payee")
	if err != nil {
		t.Fatal(err)
	}
	key, err := storage.Key(m.Types, other, alice)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storage.DecodeKey(m.Types, entry, key); !errors.Is(err, storage.ErrKey) {
		t.Errorf("key of another item: error %v", err)
	}
	if _, err := storage.DecodeKey(m.Types, &metadata.StorageEntry{Hashers: entry.Hashers}, nil); !errors.Is(err, storage.ErrKey) {
		t.Errorf("entry without key types: error %v", err)
	}
}

func FuzzDecodeKey(f *testing.F) {
	m := fixtures.Metadata(f, "asset-hub-polkadot-2000000.v15")
	var entries []*metadata.StorageEntry
	for i := range m.Pallets {
		for j := range m.Pallets[i].Storage {
			entries = append(entries, &m.Pallets[i].Storage[j])
		}
	}
	vectors := fixtures.Load(f, "asset-hub-polkadot-2000000.v15").Storage
	for i, e := range entries {
		for _, v := range vectors {
			if v.Pallet == e.Pallet && v.Item == e.Name {
				f.Add(uint16(i), []byte(v.Key[storage.PrefixSize:]))
				break
			}
		}
	}
	f.Fuzz(func(t *testing.T, n uint16, rest []byte) {
		e := entries[int(n)%len(entries)]
		prefix := storage.Prefix(e.Prefix, e.Name)
		key := append(prefix[:], rest...)
		parts, err := storage.DecodeKey(m.Types, e, key)
		if err != nil {
			return
		}
		for _, p := range parts {
			if _, hidden := p.(storage.Hashed); hidden {
				return
			}
		}
		if back, err := storage.Key(m.Types, e, parts...); err != nil || !bytes.Equal(back, key) {
			t.Errorf("%s.%s: key %x has the parts %v, whose key is %x, %v", e.Pallet, e.Name, key, parts, back, err)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	e, err := m.Storage("Staking", "ErasStakersPaged")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := storage.Key(m.Types, e, uint32(1978), [32]byte{1}, uint32(0)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeKey(b *testing.B) {
	m := fixtures.Metadata(b, "asset-hub-polkadot-2000000.v15")
	e, err := m.Storage("Staking", "ErasStakersPaged")
	if err != nil {
		b.Fatal(err)
	}
	key, err := storage.Key(m.Types, e, uint32(1978), [32]byte{1}, uint32(0))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := storage.DecodeKey(m.Types, e, key); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleKey() {
	reg, err := metadata.NewRegistry([]metadata.Type{{Kind: metadata.Basic, Primitive: metadata.U32}})
	if err != nil {
		log.Fatal(err)
	}
	entry := &metadata.StorageEntry{ // as metadata.Metadata.Storage returns it
		Pallet: "System", Prefix: "System", Name: "BlockHash",
		Hashers: []metadata.Hasher{metadata.Twox64Concat}, Keys: []metadata.TypeID{0},
	}
	key, err := storage.Key(reg, entry, 42)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", key)
	parts, err := storage.DecodeKey(reg, entry, key)
	fmt.Println(parts, err)
	// Output:
	// 26aa394eea5630e07c48ae0c9558cef7a44704b568d21667356a5a050c118746f10bc52fb6d756d72a000000
	// [42] <nil>
}
