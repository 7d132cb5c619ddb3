package substratetest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

func sample() *Metadata {
	m := NewMetadata()
	m.Struct("pallet_staking::ValidatorPrefs", "commission: Compact<Perbill>", "blocked: bool")
	m.Struct("test::Loop", "next: Vec<Loop>", "n: u8")
	m.Enum("pallet_staking::RewardDestination", "Staked", "Account(AccountId32)", "Other = 7{a: u32, b: Option<u8>}", "None")
	p := m.Pallet("Staking", 7)
	p.Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false)
	p.Map("ErasStakersPaged", "Twox64Concat: u32, Twox64Concat: AccountId32, Blake2_128Concat: u32", "Vec<(AccountId32, Compact<u128>)>", true)
	p.Map("Loops", "Identity: u8", "Loop", true)
	p.Map("Payee", "Twox64Concat: AccountId32", "RewardDestination", false)
	p.Value("Points", "BTreeMap<AccountId32, u32>", false)
	p.Constant("HistoryDepth", "u32", scale.AppendU32(nil, 84))
	p.Calls("bond{value: Compact<u128>}", "chill").Events("Chilled{stash: AccountId32}").Errors("NotStash")
	m.API("StakingApi", "nominations_quota", "u32", "balance: u128")
	m.Extensions = []Extension{{"CheckNonce", "Compact<u32>", "()"}}
	return m
}

func TestMetadataIsReadable(t *testing.T) {
	for _, version := range []uint8{14, 15, 16} {
		m, err := metadata.Parse(sample().MustEncode(t, version))
		if err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		e, err := m.Storage("Staking", "ErasStakersPaged")
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Types.Name(e.Value); got != "Vec<(AccountId32, Compact<u128>)>" || !e.Optional || len(e.Keys) != 3 {
			t.Errorf("version %d: ErasStakersPaged is %s with %d keys", version, got, len(e.Keys))
		}
		prefs, err := m.Storage("Staking", "Validators")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(prefs.Default, []byte{0, 0}) {
			t.Errorf("version %d: the default of Validators is %x", version, prefs.Default)
		}
		payee, err := m.Storage("Staking", "Payee")
		if err != nil {
			t.Fatal(err)
		}
		v, err := codec.Decode(m.Types, payee.Value, []byte{7, 1, 0, 0, 0, 1, 9})
		if err != nil {
			t.Fatal(err)
		}
		want := codec.Variant{Name: "Other", Fields: []codec.Field{{Name: "a", Value: uint64(1)}, {Name: "b", Value: uint64(9)}}}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("version %d: (-want +got)\n%s", version, diff)
		}
		if _, _, err := m.Call("Staking", "bond"); err != nil {
			t.Error(err)
		}
		if _, _, err := m.Event("Staking", "Chilled"); err != nil {
			t.Error(err)
		}
		if _, err := m.API("StakingApi", "nominations_quota"); (err == nil) != (version >= 15) {
			t.Errorf("version %d: %v", version, err)
		}
		if len(m.Extrinsic.Extensions) != 1 {
			t.Errorf("version %d: extensions %v", version, m.Extrinsic.Extensions)
		}
	}
}

func TestMetadataMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		build func(*Metadata)
		want  string
	}{
		"unknown type":   {func(m *Metadata) { m.Struct("A", "b: Nothing") }, `type "Nothing": it is not defined`},
		"unknown hasher": {func(m *Metadata) { m.Pallet("P", 0).Map("M", "Sha: u8", "u8", true) }, "Hasher: type"},
		"no field name":  {func(m *Metadata) { m.Struct("A", "u8") }, "name: type"},
		"endless": {func(m *Metadata) {
			m.Struct("A", "a: A")
			m.Pallet("P", 0).Value("V", "A", false)
		}, "contains itself"},
		"array": {func(m *Metadata) { m.Type("[u8]") }, "[type; length]"},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMetadata()
			tc.build(m)
			if _, err := m.Encode(15); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := NewMetadata().Encode(13); err == nil {
		t.Error("version 13 was written")
	}
}
