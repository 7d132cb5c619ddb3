package keys

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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

// TestSharedVectors checks a second, independent set of keys, signatures and key files.
func TestSharedVectors(t *testing.T) {
	text := sharedText(t, "spec/chain.md")
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([0-9a-f]{64})` `(5[^`]+)` \\| (?:`([0-9a-f]{64})` `(5[^`]+)`|error) \\|$")
	rows := row.FindAllStringSubmatch(text, -1)
	if len(rows) != 9 {
		t.Fatalf("found %d rows of secret URIs, want 9", len(rows))
	}
	for _, r := range rows {
		uri := r[1]
		if rest, ok := strings.CutPrefix(uri, "M"); ok {
			uri = DevelopmentPhrase + rest
		}
		check := func(scheme Scheme, key, address string) {
			pair, err := FromURI(uri, scheme)
			if key == "" {
				if err == nil {
					t.Errorf("%s %s is accepted", scheme, r[1])
				}
				return
			}
			if err != nil {
				t.Errorf("%s %s: %v", scheme, r[1], err)
				return
			}
			if got := hex.EncodeToString(pair.Public().Bytes()); got != key || pair.Address(42) != address {
				t.Errorf("%s %s: %s %s, want %s %s", scheme, r[1], got, pair.Address(42), key, address)
			}
		}
		check(Sr25519, r[2], r[3])
		check(Ed25519, r[4], r[5])
	}

	signatures := regexp.MustCompile("`([0-9a-f]{128})`").FindAllStringSubmatch(text, -1)
	if len(signatures) != 2 {
		t.Fatalf("found %d signatures, want 2", len(signatures))
	}
	for i, scheme := range []Scheme{Ed25519, Sr25519} {
		pair := mustURI(t, "//Alice", scheme)
		sig, err := hex.DecodeString(signatures[i][1])
		if err != nil {
			t.Fatal(err)
		}
		if !pair.Verify([]byte("hello"), sig) || pair.Verify([]byte("hullo"), sig) {
			t.Errorf("%s: the signature does not verify as it should", scheme)
		}
		if own, err := pair.Sign([]byte("hello")); err != nil || (hex.EncodeToString(own) == signatures[i][1]) != (scheme == Ed25519) {
			t.Errorf("%s: own signature %x, %v", scheme, own, err)
		}
	}

	files := regexp.MustCompile(`(?m)^encoded (\S+)$`).FindAllStringSubmatch(text, -1)
	if len(files) != 2 {
		t.Fatalf("found %d key files, want 2", len(files))
	}
	for i, want := range []*Pair{mustURI(t, DevelopmentPhrase+"//polkadot/0", Sr25519), mustURI(t, DevelopmentPhrase+"//polkadot", Ed25519)} {
		file, err := json.Marshal(map[string]any{"encoded": files[i][1], "address": want.Address(0), "encoding": map[string]any{
			"content": []string{"pkcs8", string(want.Public().Scheme())}, "type": []string{"scrypt", "xsalsa20-poly1305"}, "version": "3"}})
		if err != nil {
			t.Fatal(err)
		}
		pair, err := FromKeystore(file, []byte("correct horse"))
		if err != nil {
			t.Errorf("key file %d: %v", i, err)
		} else if pair.Public() != want.Public() {
			t.Errorf("key file %d: %v, want %v", i, pair.Public(), want.Public())
		}
	}
}
