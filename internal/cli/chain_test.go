package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// dev returns the nth test account as bytes and as an address of network 2.
func dev(n byte) ([32]byte, string) {
	id := [32]byte{n}
	return id, ss58.EncodeAccount(2, id)
}

// hamlet is a chain for the chain commands, at block 1.
func hamlet(t *testing.T) *substratetest.TestNode {
	m := substratetest.NewMetadata()
	m.Struct("pallet_staking::ValidatorPrefs", "commission: Compact<Perbill>", "blocked: bool")
	m.Struct("pallet_staking::Ledger", "stash: AccountId32", "total: Compact<u128>")
	m.Enum("test::Kind", "Small", "Large(u8)")
	m.Pallet("System", 0).Constant("SS58Prefix", "u16", scale.AppendU16(nil, 2))
	m.Pallet("Timestamp", 1).Value("Now", "u64", false)
	m.Pallet("Babe", 2).Constant("EpochDuration", "u64", scale.AppendU64(nil, 600))
	m.Pallet("Staking", 7).
		Value("ActiveEra", "u32", true).
		Value("CurrentEra", "u32", true).
		Value("ValidatorCount", "u32", false).
		Map("Validators", "Twox64Concat: AccountId32", "ValidatorPrefs", false).
		Map("Ledger", "Blake2_128Concat: AccountId32", "Ledger", true).
		Map("ErasStakersPaged", "Twox64Concat: u32, Twox64Concat: AccountId32", "Vec<u32>", true).
		Map("ByKind", "Twox64Concat: Kind", "u8", true).
		Constant("HistoryDepth", "u32", scale.AppendU32(nil, 84)).
		Constant("MaxUnlockingChunks", "u32", scale.AppendU32(nil, 32)).
		Calls("bond{value: Compact<u128>, payee: AccountId32}", "chill").Events("Chilled{stash: AccountId32}").Errors("NotStash")
	m.API("StakingApi", "nominations_quota", "u32", "balance: u128")
	node := substratetest.NewNode(t, substratetest.NodeConfig{
		Chain: "Hamlet", SpecName: "hamlet", SpecVersion: 7, Metadata: m.MustEncode(t, 15),
		Properties: map[string]any{"tokenDecimals": 12, "tokenSymbol": "HAM"},
	})
	node.Mine(substratetest.BlockOptions{})
	node.Put("Timestamp", "Now", 1_700_000_000_000)
	node.Put("Staking", "ActiveEra", 1234)
	for i := range byte(5) {
		id, _ := dev(i)
		node.Put("Staking", "Validators", map[string]any{"commission": 10_000_000 * int(i), "blocked": i%2 == 1}, id)
	}
	alice, _ := dev(1)
	node.Put("Staking", "Ledger", map[string]any{"stash": alice, "total": "20000000000000000"}, alice)
	node.Put("Staking", "ErasStakersPaged", []any{1, 2}, 1234, alice)
	node.Put("Staking", "ByKind", 9, map[string]any{"Large": 3})
	return node
}

func TestChainStorage(t *testing.T) {
	node := hamlet(t)
	alice, address := dev(1)
	_ = alice
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"a value", []string{"Staking.ActiveEra"}, "1234\n"},
		{"a value as JSON", []string{"Staking.ActiveEra", "--json"}, "{\n  \"found\": true,\n  \"value\": 1234\n}\n"},
		{"no value", []string{"Staking.CurrentEra", "--json"}, "{\n  \"found\": false,\n  \"value\": null\n}\n"},
		{"a default", []string{"Staking.ValidatorCount", "--json"}, "{\n  \"found\": false,\n  \"value\": 0\n}\n"},
		{"by address", []string{"Staking.Ledger", address}, "{\n  \"stash\": \"" + address + "\",\n  \"total\": \"20000000000000000\"\n}\n"},
		{"by hex", []string{"Staking.Ledger", "0x01" + strings.Repeat("00", 31), "--json"}, "{\n  \"found\": true,\n  \"value\": {\n    \"stash\": \"" + address + "\",\n    \"total\": \"20000000000000000\"\n  }\n}\n"},
		{"integer and address", []string{"Staking.ErasStakersPaged", "1234", address}, "[\n  1,\n  2\n]\n"},
		{"first key only", []string{"Staking.ErasStakersPaged", "1234"}, "1234  " + address + "  [1,2]\n"},
		{"a variant as key", []string{"Staking.ByKind", `{"Large": 3}`}, "9\n"},
		{"map as JSON lines", []string{"Staking.ErasStakersPaged", "--json"}, `{"keys":[1234,"` + address + `"],"value":[1,2]}` + "\n"},
		{"at an older block", []string{"Staking.ActiveEra", "--at", "0", "--json"}, "{\n  \"found\": false,\n  \"value\": null\n}\n"},
		{"at the best block", []string{"Staking.ActiveEra", "--at", "best"}, "1234\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := run(t, append([]string{"chain", "storage", "--uri", node.URL()}, tc.args...)...)
			if code != ExitOK || strings.HasPrefix(errs, "otv:") {
				t.Fatalf("exit %d: %s", code, errs)
			}
			if diff := cmp.Diff(tc.want, out); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for args, want := range map[string]int{"": 5, "--limit=2": 2, "--limit=9": 5} {
		command := []string{"chain", "storage", "--uri", node.URL(), "Staking.Validators", "--json"}
		if args != "" {
			command = append(command, args)
		}
		code, out, errs := run(t, command...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if code != ExitOK || len(lines) != want {
			t.Errorf("%s: exit %d, %d lines, %s", args, code, len(lines), errs)
		}
		for _, line := range lines {
			var e struct {
				Keys  []string
				Value struct {
					Commission uint32
					Blocked    bool
				}
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil || len(e.Keys) != 1 {
				t.Fatalf("%s: %v", line, err)
			}
			_, id, err := ss58.DecodeAccount(e.Keys[0])
			if err != nil || e.Value.Commission != 10_000_000*uint32(id[0]) {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

func TestChainMetadata(t *testing.T) {
	node := hamlet(t)
	code, out, errs := run(t, "chain", "metadata", "--uri", node.URL())
	if code != ExitOK || !strings.Contains(out, "hamlet 7, metadata version 15") || !strings.Contains(out, "StakingApi   nominations_quota") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	code, out, errs = run(t, "chain", "metadata", "Staking", "--uri", node.URL())
	for _, want := range []string{
		"Staking, index 7", "AccountId32 (Twox64Concat)", "ErasStakersPaged  u32 (Twox64Concat), AccountId32 (Twox64Concat)",
		"HistoryDepth", "value: Compact<u128>, payee: AccountId32", "Chilled", "NotStash",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in:\n%s%s", code, want, out, errs)
		}
	}
	var p shownPallet
	code, out, errs = run(t, "chain", "metadata", "Staking", "--uri", node.URL(), "--json")
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != ExitOK || len(p.Storage) != 7 || p.Storage[5].Keys[1] != "AccountId32" {
		t.Errorf("exit %d: %v, %+v, %s", code, err, p, errs)
	}
	file := filepath.Join(t.TempDir(), "blob")
	code, out, errs = run(t, "chain", "metadata", "--uri", node.URL(), "--raw", file)
	blob, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := metadata.Parse(blob); code != ExitOK || err != nil || !strings.HasPrefix(out, file+": metadata of hamlet 7, version 15") {
		t.Errorf("exit %d: %v, %s%s", code, err, out, errs)
	}
}

func TestChainConstants(t *testing.T) {
	node := hamlet(t)
	code, out, errs := run(t, "chain", "constants", "--uri", node.URL(), "--json")
	var list []shownConstant
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != ExitOK {
		t.Fatalf("exit %d: %v, %s", code, err, errs)
	}
	want := []shownConstant{
		{"System", "SS58Prefix", "u16", 2.0}, {"Babe", "EpochDuration", "u64", 600.0},
		{"Staking", "HistoryDepth", "u32", 84.0}, {"Staking", "MaxUnlockingChunks", "u32", 32.0},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for args, want := range map[string]int{"Staking": 3, "Staking.HistoryDepth": 2} { // with the head
		code, out, errs := run(t, "chain", "constants", "--uri", node.URL(), args)
		if code != ExitOK || strings.Count(out, "\n") != want {
			t.Errorf("%s: exit %d, %s%s", args, code, out, errs)
		}
	}
}

func TestChainInfo(t *testing.T) {
	node, twin, stranger := hamlet(t), hamlet(t), substratetest.NewNode(t, substratetest.NodeConfig{})
	args := []string{"chain", "info", "--uri", node.URL(), "--uri", twin.URL(), "--uri", stranger.URL()}
	code, out, errs := run(t, args...)
	for _, want := range []string{
		"Hamlet", "hamlet 7, transactions 1, metadata 15", "HAM, 12 decimals", "network 2", "2023-11-14T22:13:20Z",
		"relay (or only) chain, staking with paged exposures, no identities", "Babe, Staking", node.URL() + "   connected",
		"refused", "serves another chain",
	} {
		if !strings.Contains(strings.ReplaceAll(out, "  connected", "   connected"), want) && !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in:\n%s%s", code, want, out, errs)
		}
	}
	var info chainInfo
	_, out, _ = run(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &info); err != nil {
		t.Fatal(err)
	}
	if info.Finalised.Number != 1 || len(info.Endpoints) != 3 || info.Endpoints[1].State != "connected" || info.Endpoints[2].State != "refused" {
		t.Errorf("%+v", info)
	}
}

// nobody listens there: a port that was free a moment ago may be another test's by now.
const nobody = "127.0.0.1:1"

// Whatever goes wrong ends in one sentence that names the place, and in the documented exit code.
func TestChainFailures(t *testing.T) {
	node := hamlet(t)
	_, address := dev(1)
	foreign := ss58.EncodeAccount(42, [32]byte{1})
	for _, tc := range []struct {
		name string
		args []string
		harm func(*substratetest.TestNode)
		code int
		want []string
	}{
		{"no uri", []string{"info", "--uri="}, nil, ExitUsage, []string{"--uri"}},
		{"not a uri", []string{"info", "--uri", "https://example.org"}, nil, ExitUsage, []string{"https://example.org", "ws:// or wss://"}},
		{"bad block", []string{"info", "--at", "yesterday"}, nil, ExitUsage, []string{"yesterday"}},
		{"bad hash", []string{"info", "--at", "0x12"}, nil, ExitUsage, []string{"32 bytes"}},
		{"block of the future", []string{"info", "--at", "99"}, nil, ExitInput, []string{"Hamlet has no block 99"}},
		{"not an item", []string{"storage", "Staking"}, nil, ExitUsage, []string{"Pallet.Item"}},
		{"unknown pallet", []string{"storage", "Stakin.Ledger"}, nil, ExitInput, []string{"Hamlet (hamlet 7) has no pallet Stakin; did you mean Staking?"}},
		{"strange pallet", []string{"metadata", "Governance\x1b[31m"}, nil, ExitInput, []string{"no pallet Governance", "otv chain metadata lists them"}},
		{"unknown item", []string{"storage", "Staking.Validator"}, nil, ExitInput, []string{"did you mean Staking.Validators?"}},
		{"unknown constant", []string{"constants", "Staking.historydepth"}, nil, ExitInput, []string{"did you mean Staking.HistoryDepth?"}},
		{"too many keys", []string{"storage", "Staking.Ledger", address, address}, nil, ExitInput, []string{"takes 1 key, not 2"}},
		{"not a key", []string{"storage", "Staking.Ledger", "bob"}, nil, ExitInput, []string{`key 1 of Staking.Ledger (AccountId32): "bob"`}},
		{"another network's address", []string{"storage", "Staking.Ledger", foreign}, nil, ExitInput, []string{"network 42", address}},
		{"not an integer", []string{"storage", "Staking.ErasStakersPaged", "-1"}, nil, ExitUsage, nil},
		{"not JSON", []string{"storage", "Staking.ByKind", "{"}, nil, ExitInput, []string{"not JSON"}},
		{"negative limit", []string{"storage", "Staking.Ledger", "--limit=-1"}, nil, ExitUsage, []string{"--limit"}},
		{"state discarded", []string{"storage", "Staking.ActiveEra", "--at", "0"}, func(n *substratetest.TestNode) { n.PruneBefore(1) }, ExitNetwork, []string{"State already discarded"}},
		{"garbage", []string{"storage", "Staking.Validators"}, func(n *substratetest.TestNode) {
			n.Inject(substratetest.Rule{Method: "state_getKeysPaged", Do: substratetest.Raw("<html>")})
		}, ExitNetwork, []string{"Hamlet block 1", "Staking.Validators", "not JSON-RPC"}},
		{"silence", []string{"storage", "Staking.Validators", "--timeout", "100ms"}, func(n *substratetest.TestNode) {
			n.Inject(substratetest.Rule{Method: "state_getKeysPaged", Do: substratetest.Stall()})
		}, ExitNetwork, []string{"Staking.Validators", "not finished after 100ms (--timeout)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := node
			if tc.harm != nil {
				n = hamlet(t)
				tc.harm(n)
			}
			args := append([]string{"chain"}, tc.args...)
			if !strings.Contains(strings.Join(args, " "), "--uri") {
				args = append(args, "--uri", n.URL())
			}
			expectFailure(t, tc.code, tc.want, args...)
		})
	}
	expectFailure(t, ExitNetwork, []string{nobody, "connection refused"}, "chain", "info", "--uri", "ws://"+nobody)
	expectFailure(t, ExitUsage, []string{"--uri is missing"}, "chain", "info")
}

func expectFailure(t *testing.T, code int, want []string, args ...string) {
	t.Helper()
	got, out, errs := run(t, args...)
	if got != code || !strings.HasPrefix(errs, "otv: ") || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "\x1b") {
		t.Errorf("exit %d, want %d: %q %q", got, code, errs, out)
	}
	for _, w := range want {
		if !strings.Contains(errs, w) {
			t.Errorf("%q does not say %q", errs, w)
		}
	}
}
