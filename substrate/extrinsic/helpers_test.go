package extrinsic

import (
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// hexBytes are bytes that JSON holds as 0x and hex digits.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(strings.TrimPrefix(string(text), "0x"))
	*h = b
	return err
}

func golden(t testing.TB, name string, dst any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, dst); err != nil {
		t.Fatal(err)
	}
}

var parsed sync.Map // label -> *metadata.Metadata; parsing takes long and results never change

// runtime is the metadata with a label in the shared fixtures.
func runtime(t testing.TB, label string) *metadata.Metadata {
	t.Helper()
	if md, ok := parsed.Load(label); ok {
		return md.(*metadata.Metadata)
	}
	f, err := os.Open(filepath.Join("..", "testdata", "metadata", label+".scale.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	md, err := metadata.Parse(blob)
	if err != nil {
		t.Fatal(err)
	}
	actual, _ := parsed.LoadOrStore(label, md)
	return actual.(*metadata.Metadata)
}

func pair(t testing.TB, uri string, scheme keys.Scheme) *keys.Pair {
	t.Helper()
	p, err := keys.FromURI(uri, scheme)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func account(t testing.TB, uri string) [32]byte {
	t.Helper()
	return pair(t, uri, keys.Sr25519).AccountID()
}

func mustCall(t testing.TB, md *metadata.Metadata, pallet, name string, args ...any) RuntimeCall {
	t.Helper()
	c, err := Call(md, pallet, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fill(b byte) (out [32]byte) {
	for i := range out {
		out[i] = b
	}
	return out
}

func decimal(t testing.TB, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return n
}
