package extrinsic

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

func TestCallArguments(t *testing.T) {
	md := runtime(t, "asset-hub-polkadot-2000000.v15")
	westend := runtime(t, "westend-9320.v14")
	bob := account(t, "//Bob")
	bobHex := hex.EncodeToString(bob[:])
	tests := []struct {
		name string
		call RuntimeCall
		want string // encoding without the two indices
	}{
		{"AccountId32 and not MultiAddress", mustCall(t, md, "Staking", "payout_stakers", bob, uint32(7)), bobHex + "07000000"},
		{"MultiAddress", mustCall(t, westend, "Staking", "bond", bob, uint64(1000), "Staked"), "00" + bobHex + "a10f" + "00"},
		{"enum with data", mustCall(t, md, "Staking", "bond", uint64(1000),
			codec.Variant{Name: "Account", Fields: []codec.Field{{Value: codec.AccountID(bob)}}}), "a10f" + "03" + bobHex},
		{"option of an enum", mustCall(t, md, "Proxy", "proxy", bob, nil, mustCall(t, md, "Staking", "chill")), "00" + bobHex + "00" + "5906"},
		{"empty list", mustCall(t, md, "Utility", "batch_all", []RuntimeCall{}), "00"},
		{"list of mixed values", mustCall(t, md, "Staking", "nominate", []any{bob, codec.AccountID(bob)}), "0800" + bobHex + "00" + bobHex},
		{"bytes", mustCall(t, md, "System", "remark", []byte("Hamlet")), "1848616d6c6574"},
		{"hash", mustCall(t, md, "Proxy", "announce", bob, fill(0x11)), "00" + bobHex + strings.Repeat("11", 32)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hex.EncodeToString(tt.call.Bytes()[2:]); got != tt.want {
				t.Errorf("%s\n want %s\n got  %s", tt.call.Name(), tt.want, got)
			}
			again, err := ParseCall(tt.call.md, tt.call.Bytes())
			if err != nil || again.Name() != tt.call.Name() || again.Hash() != tt.call.Hash() || again.String() != tt.call.String() {
				t.Errorf("parsed again: %v, %v", again, err)
			}
			decoded, err := DecodeCall(tt.call.md, tt.call.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			reencode(t, tt.call.md, decoded)
		})
	}
}

func TestCallRefuses(t *testing.T) {
	md := runtime(t, "asset-hub-polkadot-2000000.v15")
	other := runtime(t, "westend-9320.v14")
	bob := account(t, "//Bob")
	chill := mustCall(t, md, "Staking", "chill")
	tests := []struct {
		name, pallet, call string
		args               []any
		want               string
	}{
		{"pallet", "Stacking", "nominate", nil, "Stacking"},
		{"call", "Staking", "nominated", nil, "nominated"},
		{"no arguments", "Staking", "nominate", nil, "1 arguments, not 0"},
		{"too many arguments", "Staking", "chill", []any{1}, "0 arguments, not 1"},
		{"no list", "Staking", "nominate", []any{bob}, "argument targets"},
		{"wrong element", "Staking", "nominate", []any{[]any{bob, 5}}, "argument targets: [1]"},
		{"nil element", "Staking", "nominate", []any{[]any{nil}}, "argument targets: [0]"},
		{"call of another runtime", "Proxy", "proxy", []any{bob, nil, mustCall(t, other, "Staking", "chill")}, "another runtime"},
		{"zero call", "Proxy", "proxy", []any{bob, nil, RuntimeCall{}}, "another runtime"},
		{"call in place of an account", "Proxy", "proxy", []any{chill, nil, chill}, "argument real: Staking.chill is a call"},
		{"unknown variant", "Proxy", "proxy", []any{bob, "Stacking", chill}, "argument force_proxy_type"},
		{"number too great", "Staking", "payout_stakers", []any{bob, uint64(1 << 32)}, "argument era"},
		{"negative number", "Staking", "payout_stakers", []any{bob, -1}, "argument era"},
		{"short hash", "Proxy", "announce", []any{bob, []byte{1}}, "argument call_hash"},
		{"nil for a hash", "Proxy", "announce", []any{bob, nil}, "argument call_hash"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Call(md, tt.pallet, tt.call, tt.args...)
			if err == nil {
				t.Fatalf("accepted as %v", c)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks %q", err, tt.want)
			}
		})
	}
	for name, b := range map[string][]byte{
		"empty": nil, "one byte": {0x59}, "no such pallet": {0xfe, 0}, "no such call": {0x59, 0xee},
		"bytes behind": append(chill.Bytes(), 0), "cut": mustCall(t, md, "Proxy", "announce", bob, bob).Bytes()[:20],
	} {
		if c, err := ParseCall(md, b); err == nil {
			t.Errorf("%s: parsed as %v", name, c)
		}
		if c, err := DecodeCall(md, b); err == nil {
			t.Errorf("%s: decoded as %v", name, c)
		}
	}
}

func TestCallIsNotShared(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	raw := mustCall(t, md, "Staking", "chill").Bytes()
	c, err := ParseCall(md, raw)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Hash()
	raw[0]++
	c.Bytes()[1]++
	if c.Hash() != before {
		t.Error("the call changes with the bytes it was made from or gave away")
	}
}

// with returns a copy of a runtime's metadata with another list of extensions; type ids stay valid.
func with(md *metadata.Metadata, extensions ...metadata.Extension) *metadata.Metadata {
	out := *md
	out.Extrinsic.Extensions = extensions
	set := metadata.ExtensionSet{Extensions: make([]int, len(extensions))}
	for i := range extensions {
		set.Extensions[i] = i
	}
	out.Extrinsic.Sets = []metadata.ExtensionSet{set}
	return &out
}

// typeID finds a type by a condition.
func typeID(t testing.TB, md *metadata.Metadata, what string, is func(*metadata.Type) bool) metadata.TypeID {
	t.Helper()
	for id := range metadata.TypeID(md.Types.Len()) {
		if typ, ok := md.Types.Type(id); ok && is(typ) {
			return id
		}
	}
	t.Fatalf("the metadata has no %s", what)
	return 0
}

func primitive(p metadata.Primitive) func(*metadata.Type) bool {
	return func(t *metadata.Type) bool { return t.Kind == metadata.Basic && t.Primitive == p }
}

func TestExtensions(t *testing.T) {
	md := runtime(t, "asset-hub-polkadot-2000000.v15")
	unit := typeID(t, md, "unit", func(t *metadata.Type) bool { return t.Kind == metadata.Tuple && len(t.Elems) == 0 })
	u32, boolean := typeID(t, md, "u32", primitive(metadata.U32)), typeID(t, md, "bool", primitive(metadata.Bool))
	option := typeID(t, md, "option", func(t *metadata.Type) bool { _, ok := optionOf(t); return ok })
	empty := typeID(t, md, "empty struct", func(t *metadata.Type) bool { return t.Kind == metadata.Composite && len(t.Fields) == 0 })
	sequence := typeID(t, md, "list", func(t *metadata.Type) bool { return t.Kind == metadata.Sequence })
	real := map[string]metadata.Extension{}
	for _, e := range md.Extrinsic.Extensions {
		real[e.Identifier] = e
	}
	ext := func(name string, extra, additional metadata.TypeID) metadata.Extension {
		return metadata.Extension{Identifier: name, Extra: extra, Additional: additional}
	}
	tests := []struct {
		name              string
		extension         metadata.Extension
		extra, additional string
		refused           string
	}{
		{"nothing", ext("AuthorizeCall", unit, empty), "", "", ""},
		{"options", ext("VerifySignature", option, option), "00", "00", ""},
		{"option and nothing", ext("AsPerson", option, unit), "00", "", ""},
		{"RestrictOrigins", ext("RestrictOrigins", boolean, unit), "00", "", ""},
		{"CheckEra", ext("CheckEra", real["CheckMortality"].Extra, real["CheckMortality"].Additional), "a502", strings.Repeat("bb", 32), ""},
		{"data", ext("Surprise", u32, unit), "", "", "Surprise: it needs a value of type u32"},
		{"a list", ext("Surprise", sequence, unit), "", "", "Surprise: it needs a value of type"},
		{"a bool", ext("Surprise", boolean, unit), "", "", "Surprise: it needs a value of type bool"},
		{"signed data", ext("Surprise", unit, u32), "", "", "Surprise: signed data: it needs a value of type u32"},
		{"known name, other extra", ext("CheckNonce", unit, unit), "", "", "CheckNonce: its data has a form that is not known"},
		{"known name, more to sign", ext("CheckNonce", real["CheckNonce"].Extra, u32), "", "", "CheckNonce: signed data"},
		{"known name, other signed data", ext("CheckSpecVersion", unit, boolean), "", "", "CheckSpecVersion: signed data"},
		{"wider fee", ext("ChargeTransactionPayment", real["ChargeAssetTxPayment"].Extra, unit), "", "", "ChargeTransactionPayment"},
		{"mode that cannot be disabled", ext("CheckMetadataHash", u32, option), "", "", "CheckMetadataHash: u32 cannot be disabled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			md := with(md, tt.extension)
			era, err := Mortal(64, 42)
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewPayload(Chain{Metadata: md, SpecVersion: 1}, mustCall(t, md, "Staking", "chill"), Options{Era: era, BirthHash: fill(0xbb)})
			if tt.refused != "" {
				if !errors.Is(err, ErrExtension) || !strings.Contains(err.Error(), tt.refused) {
					t.Fatalf("error %v, want one with %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if extra, additional := hex.EncodeToString(p.Extra()), hex.EncodeToString(p.Additional()); extra != tt.extra || additional != tt.additional {
				t.Errorf("extra %s, additional %s, want %s, %s", extra, additional, tt.extra, tt.additional)
			}
		})
	}
}

func TestNewPayloadRefuses(t *testing.T) {
	md, other := runtime(t, "westend-9320.v14"), runtime(t, "paseo-1001002.v14")
	chill := mustCall(t, md, "Staking", "chill")
	era, err := Mortal(64, 42)
	if err != nil {
		t.Fatal(err)
	}
	five := *md
	five.Extrinsic.Versions = []uint8{5}
	noSet := *md
	noSet.Extrinsic.Sets = nil
	tests := []struct {
		name  string
		chain Chain
		call  RuntimeCall
		opts  Options
		want  string
	}{
		{"other runtime", Chain{Metadata: other}, chill, Options{}, "another runtime"},
		{"no metadata", Chain{}, RuntimeCall{}, Options{}, "another runtime"},
		{"no birth hash", Chain{Metadata: md}, chill, Options{Era: era}, "hash of the first block"},
		{"version 5 only", Chain{Metadata: &five}, mustCall(t, &five, "Staking", "chill"), Options{}, "versions [5]"},
		{"no extensions", Chain{Metadata: &noSet}, mustCall(t, &noSet, "Staking", "chill"), Options{}, "no transaction extensions"},
		{"nonce too great", Chain{Metadata: md}, chill, Options{Nonce: 1 << 32}, "CheckNonce"},
		{"negative tip", Chain{Metadata: md}, chill, Options{Tip: decimal(t, "-1")}, "ChargeTransactionPayment"},
		{"tip too great", Chain{Metadata: md}, chill, Options{Tip: decimal(t, "340282366920938463463374607431768211456")}, "ChargeTransactionPayment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := NewPayload(tt.chain, tt.call, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	for _, version := range []uint8{0, 3, 5, 64} {
		if b, err := BareExtrinsic(chill, version); err == nil {
			t.Errorf("bare extrinsic of version %d: %x", version, b)
		}
	}
	node := runtime(t, "node-268.v16")
	b, err := BareExtrinsic(mustCall(t, node, "Staking", "chill"), 5)
	if err != nil || !bytes.Equal(b[:2], []byte{0x0c, 0x05}) {
		t.Errorf("bare extrinsic of version 5: %x, %v", b, err)
	}
}
