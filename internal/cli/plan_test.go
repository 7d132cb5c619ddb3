package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// run executes a command line as a user would and returns what it printed.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	env := &Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Context: ctx,
		Getenv: func(string) string { return "" }, Environ: func() []string { return nil }, Now: time.Now,
	}
	code = Main(args, env)
	return code, out.String(), errs.String()
}

func account(n byte) (id [32]byte) {
	for i := range id {
		id[i] = n
	}
	return id
}

// village is a chain with four validators of which one is in every respect in order, and one nominator.
func village(t *testing.T) *substratetest.TestNode {
	t.Helper()
	n := substratetest.NewNode(t, substratetest.NodeConfig{
		Chain: "Village", SpecName: "westend", SpecVersion: 9320, TransactionVersion: 14, Metadata: blob(t, "westend-9320.v14"),
		Properties: map[string]any{"ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "WND"},
	})
	const token = 1_000_000_000_000
	n.Mine(substratetest.BlockOptions{})
	n.Put("Timestamp", "Now", uint64(1_763_800_000_000))
	n.Put("Staking", "ActiveEra", map[string]any{"index": 100, "start": uint64(1_763_790_000_000)})
	n.Put("Staking", "CurrentEra", 100)
	n.Put("Session", "CurrentIndex", 600)
	var set []any
	for i := byte(1); i <= 4; i++ {
		id := account(i)
		set = append(set, id)
		commission := uint32(10_000_000)
		if i == 2 {
			commission = 500_000_000
		}
		n.Put("Staking", "Validators", map[string]any{"commission": commission, "blocked": i == 3}, id)
		bond(n, id, 1000*token)
		n.Put("Staking", "ErasStakers", map[string]any{"total": 1000 * token, "own": 1000 * token, "others": []any{}}, 100, id)
		key := account(100 + i)
		n.Put("Session", "NextKeys", map[string]any{"grandpa": key, "babe": key, "im_online": key, "para_validator": key, "para_assignment": key, "authority_discovery": key}, id)
	}
	n.Put("Session", "Validators", set)
	for era := 16; era < 100; era++ {
		n.Put("Staking", "ErasRewardPoints", map[string]any{"total": 20, "individual": []any{[]any{account(1), 20}}}, era)
	}
	bond(n, account(200), 5000*token)
	n.Put("System", "Account", map[string]any{"nonce": 0, "consumers": 1, "providers": 1, "sufficients": 0, "data": map[string]any{
		"free": 5000 * token, "reserved": 0, "misc_frozen": 0, "fee_frozen": 0}}, account(200))
	n.Mine(substratetest.BlockOptions{})
	return n
}

func bond(n *substratetest.TestNode, id [32]byte, amount int) {
	n.Put("Staking", "Bonded", id, id)
	n.Put("Staking", "Ledger", map[string]any{"stash": id, "total": amount, "active": amount, "unlocking": []any{}, "claimed_rewards": []any{}}, id)
}

func addressOf(n byte, prefix uint16) string { return ss58.EncodeAccount(prefix, account(n)) }

// folder writes a configuration for the given endpoints.
func folder(t *testing.T, network string, endpoints ...string) string {
	t.Helper()
	dir := t.TempDir()
	var list []map[string]any
	for i := byte(1); i <= 5; i++ {
		list = append(list, map[string]any{
			"slotId": i, "name": fmt.Sprintf("node %d 🚀", i), "stash": addressOf(i, 42), "riotHandle": "@a:example.org", "kyc": false,
		})
	}
	write(t, dir, "candidates.json", map[string]any{"candidates": list})
	write(t, dir, "main.json", map[string]any{
		"global":      map[string]any{"network": network, "apiEndpoints": endpoints, "candidatesUrl": "candidates.json"},
		"constraints": map[string]any{"skipIdentity": true, "minSelfStake": "10 UNIT"},
		"telemetry":   map[string]any{"enable": false},
		"rules":       map[string]any{},
		"scorekeeper": map[string]any{"nominators": []any{map[string]any{"address": addressOf(200, 42)}}},
	})
	return dir
}

func write(t *testing.T, dir, name string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPlanShowVerify(t *testing.T) {
	n := village(t)
	dir := folder(t, "local", n.URL())
	record := filepath.Join(dir, "record.json")
	code, out, errs := run(t, "round", "plan", "--config", dir, "--out", record)
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		"active era 100, session 600", "5 listed: 2 valid, 3 invalid, 0 unknown",
		"COMMISION: The commission is 50 %", "BLOCKED: ", "VALIDATE_INTENTION: ", "nominated by " + addressOf(200, 42),
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, out)
		}
	}
	if code, out, errs := run(t, "round", "verify", record); code != ExitOK || !strings.HasPrefix(out, "verified: sha256:") {
		t.Errorf("verify: exit %d: %s%s", code, out, errs)
	}
	for _, who := range []string{"2", "node 2 🚀", addressOf(2, 42)} {
		if code, out, errs := run(t, "round", "show", record, "--candidate", who); code != ExitOK || !strings.Contains(out, "COMMISION") {
			t.Errorf("show %s: exit %d: %s%s", who, code, out, errs)
		}
	}
	if code, out, errs := run(t, "round", "show", record, "--candidate", "1"); code != ExitOK || !strings.Contains(out, "spanInclusion") || !regexp.MustCompile(`bonded +[0-9.]+ WND`).MatchString(out) {
		t.Errorf("show: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := run(t, "round", "show", record, "--candidate", "77"); code != ExitFailed || !strings.Contains(errs, "no candidate") {
		t.Errorf("show of nobody: exit %d: %s", code, errs)
	}
	b, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	if code, out, _ := run(t, "round", "plan", "--config", dir, "--json"); code != ExitOK || out != string(b) {
		t.Errorf("the same block gives another record: exit %d", code)
	}
	// The order of the list does not matter, and a previous record makes a difference to look at.
	shuffled := folder(t, "local", n.URL())
	list := readJSON(t, shuffled, "candidates.json")
	entries := list["candidates"].([]any)
	entries[0], entries[4] = entries[4], entries[0]
	write(t, shuffled, "candidates.json", list)
	if code, out, _ := run(t, "round", "plan", "--config", shuffled, "--json"); code != ExitOK || out != string(b) {
		t.Errorf("the order of the list changes the record: exit %d", code)
	}
	if code, out, errs := run(t, "round", "plan", "--config", dir, "--previous", record); code != ExitOK || !strings.Contains(out, "since the record sha256:") {
		t.Errorf("plan with a previous record: exit %d: %s%s", code, out, errs)
	}
	bad := bytes.Replace(b, []byte("Village"), []byte("village"), 1)
	if err := os.WriteFile(record, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(t, "round", "verify", record); code != ExitFailed || !strings.Contains(errs, "refused") {
		t.Errorf("a changed record: exit %d: %s", code, errs)
	}
}

func readJSON(t *testing.T, dir, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPlanWithoutPresenceIsBraked(t *testing.T) {
	n := village(t)
	dir := folder(t, "local", n.URL())
	main := readJSON(t, dir, "main.json")
	main["telemetry"] = map[string]any{"enable": true, "host": "wss://telemetry.example.org/feed", "chains": []string{"0x" + strings.Repeat("00", 32)}}
	write(t, dir, "main.json", main)
	record := filepath.Join(dir, "record.json")
	code, _, errs := run(t, "round", "plan", "--config", dir, "--out", record)
	if code != ExitBraked || !strings.Contains(errs, "must not be acted on") || !strings.Contains(errs, "ONLINE") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := run(t, "round", "verify", record); code != ExitOK {
		t.Errorf("the record of a braked round: exit %d: %s", code, errs)
	}
}
