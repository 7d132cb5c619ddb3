package extrinsic

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/keys"
)

// sharedText reads a document that lies beside the checkout on some machines, and skips the test elsewhere.
func sharedText(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("not inside a module")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, "..", "shared", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no shared vectors on this machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSharedExamples makes the transactions from the parameters of examples.json and compares them with values that
// were assembled by hand.
func TestSharedExamples(t *testing.T) {
	text := sharedText(t, "spec/chain.md")
	calls := exampleCalls(t, runtime(t, "polkadot-1002005.v14"), runtime(t, "westend-9320.v14"), runtime(t, "asset-hub-polkadot-2000000.v15"))
	var examples []goldenItem
	golden(t, "examples.json", &examples)
	alice := pair(t, "//Alice", keys.Ed25519)
	compared := 0
	for _, e := range examples {
		block := regexp.MustCompile(`(?s)\*\*` + e.Name + `\. .*?` + "```\n(.*?)```").FindStringSubmatch(text)
		if block == nil {
			t.Fatalf("example %s is missing", e.Name)
		}
		call := calls[e.Name]
		p, err := NewPayload(e.chain(t, e.Metadata), call, e.options(t, e.BirthHash))
		if err != nil {
			t.Fatal(err)
		}
		xt, err := p.Sign(alice)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := alice.Sign(p.Message())
		if err != nil {
			t.Fatal(err)
		}
		callHash, hash := call.Hash(), Hash(xt)
		ours := map[string][]byte{
			"call": call.Bytes(), "call hash": callHash[:], "extra": p.Extra(), "additional": p.Additional(),
			"signature": sig, "extrinsic": xt, "hash": hash[:],
		}
		for name, value := range ours {
			want := regexp.MustCompile(`(?m)^` + name + ` +([0-9a-f]{6,})(?: .*)?$`).FindStringSubmatch(block[1])
			if want == nil || strings.Contains(want[0], "‖") {
				continue // described in words
			}
			compared++
			if got := hex.EncodeToString(value); got != want[1] {
				t.Errorf("example %s, %s\n want %s\n got  %s", e.Name, name, want[1], got)
			}
		}
	}
	if compared < 38 {
		t.Errorf("only %d values compared", compared)
	}
}
