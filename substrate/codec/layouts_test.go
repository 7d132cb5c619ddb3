package codec_test

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// account decodes all layouts of System.Account by the fields they share.
type account struct {
	Nonce uint32
	Data  struct {
		Free, Reserved planck
		Frozen         planck   `scale:"frozen|misc_frozen"`
		Flags          *big.Int `scale:"flags,optional"`
	}
}

// ledger decodes all generations of Staking.Ledger.
type ledger struct {
	Stash         [32]byte
	Total, Active planck
	Unlocking     []struct {
		Value planck
		Era   uint32
	}
	Claimed []uint32 `scale:"claimed_rewards|legacy_claimed_rewards,optional"`
}

// registration decodes identities with and without additional fields, and those in a tuple with a username.
type registration struct {
	_          struct{} `scale:",first"`
	Judgements []struct {
		Registrar uint32 `scale:"0"`
		Judgement string `scale:"1"`
	}
	Deposit planck
	Info    struct {
		Display codec.Variant
		Riot    codec.Variant  `scale:"matrix|riot"`
		GitHub  *codec.Variant `scale:"github,optional"`
	}
}

// TestLayouts decodes the vectors of all chains into the same Go types, and compares with what the reference client
// sees.
func TestLayouts(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			m := fixtures.Metadata(t, label)
			for _, v := range fixtures.Load(t, label).Storage {
				entry, err := m.Storage(v.Pallet, v.Item)
				if err != nil {
					t.Fatal(err)
				}
				switch v.Pallet + "." + v.Item {
				case "System.Account":
					checkAccount(t, m.Types, entry.Value, v.Value, v.Decoded)
				case "Staking.Ledger":
					checkLedger(t, m.Types, entry.Value, v.Value, v.Decoded)
				case "Identity.IdentityOf":
					checkIdentity(t, m.Types, entry.Value, v.Value, v.Decoded)
				}
			}
		})
	}
}

func checkAccount(t *testing.T, reg *metadata.Registry, id metadata.TypeID, raw, decoded []byte) {
	t.Helper()
	var got account
	if err := codec.Unmarshal(reg, id, raw, &got); err != nil {
		t.Fatal(err)
	}
	var want struct {
		Nonce uint32
		Data  struct{ Free, Reserved, Frozen, Flags, Misc_frozen string }
	}
	if err := json.Unmarshal(decoded, &want); err != nil {
		t.Fatal(err)
	}
	frozen := want.Data.Frozen + want.Data.Misc_frozen
	if got.Nonce != want.Nonce || got.Data.Free.String() != want.Data.Free ||
		got.Data.Reserved.String() != want.Data.Reserved || got.Data.Frozen.String() != frozen {
		t.Errorf("account %x is %+v, want %s", raw, got, decoded)
	}
	if (got.Data.Flags == nil) != (want.Data.Flags == "") || got.Data.Flags != nil && got.Data.Flags.String() != want.Data.Flags {
		t.Errorf("account %x has flags %v, want %q", raw, got.Data.Flags, want.Data.Flags)
	}
}

func checkLedger(t *testing.T, reg *metadata.Registry, id metadata.TypeID, raw, decoded []byte) {
	t.Helper()
	var got ledger
	if err := codec.Unmarshal(reg, id, raw, &got); err != nil {
		t.Fatal(err)
	}
	var want struct {
		Stash, Total, Active   string
		Unlocking              []struct{ Value string }
		Claimed_rewards        []uint32
		Legacy_claimed_rewards []uint32
	}
	if err := json.Unmarshal(decoded, &want); err != nil {
		t.Fatal(err)
	}
	if codec.AccountID(got.Stash).String() != want.Stash || got.Total.String() != want.Total ||
		got.Active.String() != want.Active || len(got.Unlocking) != len(want.Unlocking) {
		t.Errorf("ledger %x is %+v, want %s", raw, got, decoded)
	}
	for i := range want.Unlocking {
		if got.Unlocking[i].Value.String() != want.Unlocking[i].Value {
			t.Errorf("ledger %x: unlocking %d is %s, want %s", raw, i, got.Unlocking[i].Value, want.Unlocking[i].Value)
		}
	}
	claimed := slices.Concat(want.Claimed_rewards, want.Legacy_claimed_rewards)
	if len(got.Claimed) != len(claimed) || len(claimed) > 0 && !cmp.Equal(got.Claimed, claimed) {
		t.Errorf("ledger %x: claimed %v, want %v", raw, got.Claimed, claimed)
	}
}

func checkIdentity(t *testing.T, reg *metadata.Registry, id metadata.TypeID, raw, decoded []byte) {
	t.Helper()
	var got registration
	if err := codec.Unmarshal(reg, id, raw, &got); err != nil {
		t.Fatal(err)
	}
	type registrationJSON struct {
		Judgements [][]json.RawMessage
		Deposit    string
		Info       struct{ Display, Riot json.RawMessage }
	}
	var want registrationJSON
	tuple := []any{&want, new(any)}
	target := any(&want)
	if decoded[0] == '[' {
		target = &tuple
	}
	if err := json.Unmarshal(decoded, target); err != nil {
		t.Fatal(err)
	}
	if got.Deposit.String() != want.Deposit || len(got.Judgements) != len(want.Judgements) {
		t.Fatalf("identity %x is %+v, want %s", raw, got, decoded)
	}
	for i, j := range want.Judgements {
		if !strings.Contains(string(j[1]), `"`+got.Judgements[i].Judgement+`"`) {
			t.Errorf("identity %x: judgement %d is %s, want %s", raw, i, got.Judgements[i].Judgement, j[1])
		}
	}
	if toJSON(t, got.Info.Display) != string(want.Info.Display) || toJSON(t, got.Info.Riot) != string(want.Info.Riot) {
		t.Errorf("identity %x: display %s, riot %s; want %s", raw, toJSON(t, got.Info.Display), toJSON(t, got.Info.Riot), decoded)
	}
	if got.Info.GitHub != nil {
		t.Errorf("identity %x has a GitHub account", raw)
	}
}
