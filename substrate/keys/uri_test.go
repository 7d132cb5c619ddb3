package keys

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

type goldenURI struct {
	URI                        string
	Scheme                     Scheme
	Public, Account, Signature hexBytes
	Address                    string
	Deterministic, Refused     bool
}

// TestFromURI compares keys, addresses and signatures with those of the reference client.
func TestFromURI(t *testing.T) {
	var want []goldenURI
	golden(t, "uris.json", &want)
	if len(want) < 50 {
		t.Fatalf("only %d golden URIs", len(want))
	}
	for _, w := range want {
		t.Run(string(w.Scheme)+" "+w.URI, func(t *testing.T) {
			pair, err := FromURI(w.URI, w.Scheme)
			if w.Refused {
				if err == nil {
					t.Fatalf("accepted as %s", pair.Public())
				}
				assertHides(t, err.Error(), w.URI)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]byte(w.Public), pair.Public().Bytes()); diff != "" {
				t.Errorf("public key (-reference +ours):\n%s", diff)
			}
			if [32]byte(w.Account) != pair.AccountID() || pair.Address(42) != w.Address {
				t.Errorf("account %x, address %s, want %x, %s", pair.AccountID(), pair.Address(42), w.Account, w.Address)
			}
			if !pair.Verify([]byte("hello"), w.Signature) {
				t.Error("the reference client's signature does not verify")
			}
			if pair.Verify([]byte("hell"), w.Signature) {
				t.Error("the signature verifies another message")
			}
			sig, err := pair.Sign([]byte("hello"))
			if err != nil {
				t.Fatal(err)
			}
			if same := cmp.Equal([]byte(w.Signature), sig); same != w.Deterministic {
				t.Errorf("signature equals the reference client's: %t, want %t", same, w.Deterministic)
			}
			if !pair.Verify([]byte("hello"), sig) {
				t.Error("own signature does not verify")
			}
			pub, err := PublicFromURI(w.URI, w.Scheme)
			if err != nil || pub != pair.Public() {
				t.Errorf("PublicFromURI: %v, %v", pub, err)
			}
		})
	}
}

// assertHides fails when text repeats a word or a junction of a secret.
func assertHides(t testing.TB, text, secret string) {
	t.Helper()
	for _, part := range strings.FieldsFunc(secret, func(r rune) bool { return r == '/' || r == ' ' }) {
		if len(part) > 3 && part != "soft" && part != "hard" && strings.Contains(text, part) {
			t.Errorf("%q repeats a part of the secret: %q", text, part)
		}
	}
}

func TestFromURIRefuses(t *testing.T) {
	const m = DevelopmentPhrase
	seed := "0x" + strings.Repeat("ab", 32)
	tests := []struct{ name, uri, want string }{
		{"empty", "", "empty"},
		{"single slash", "/Alice", "single slash"},
		{"single slash and password", "/Alice///zebra", "single slash"},
		{"only a slash", "/", "single slash"},
		{"trailing slashes", m + "//", "junction 1 of the path has no name"},
		{"trailing slash", m + "//Alice/", "junction 2 of the path has no name"},
		{"eleven words", strings.Join(strings.Fields(m)[:11], " "), "11 words instead of 12"},
		{"thirteen words", m + " walk", "13 words"},
		{"unknown word", strings.Replace(m, "smoke", "smokee", 1), "word 6 of the phrase is not in the English"},
		{"upper case", strings.Replace(m, "smoke", "Smoke", 1), "word 6 of the phrase"},
		{"wrong checksum", strings.Replace(m, "smoke", "lake", 1), "wrong checksum"},
		{"words swapped", strings.Replace(m, "bottom drive", "drive bottom", 1), "wrong checksum"},
		{"two spaces", strings.Replace(m, " lake", "  lake", 1), "single spaces"},
		{"space in front", " " + m, "single spaces"},
		{"space before the path", m + " //Alice", "single spaces"},
		{"no-break space", strings.Replace(m, " lake", "\u00a0lake", 1), "11 words"},
		{"line break", m + "\n", "line break"},
		{"not UTF-8", m + "//\xff", "UTF-8"},
		{"decomposed", m + "//u\u0308ber", "composed form"},
		{"decomposed password", m + "///u\u0308ber", "composed form"},
		{"short seed", seed[:64], "this one has 62 characters"},
		{"long seed", seed + "cd", "this one has 66 characters"},
		{"seed of two keys", seed + seed[2:], "this one has 128"},
		{"no hex", "0x" + strings.Repeat("zq", 32), "no hex digit"},
		{"seed without 0x", seed[2:], "write 0x in front of it"},
		{"raw string", "Alice", "1 words instead of 12"},
		{"hex junction", "//0x0102030405", "starts with 0x"},
		{"great number", "//18446744073709551616", "more than 64 bits"},
		{"signed number", "//+12345", "with a sign"},
		{"too long", m + "//" + strings.Repeat("x", maxURI), "at most 4096"},
		{"deep path", m + strings.Repeat("/a", maxJunctions+1), "more than 64 junctions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, scheme := range []Scheme{Sr25519, Ed25519, ECDSA} {
				pair, err := FromURI(tt.uri, scheme)
				if err == nil {
					t.Fatalf("%s: accepted as %s", scheme, pair.Public())
				}
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: error %q lacks %q", scheme, err, tt.want)
				}
				assertHides(t, err.Error(), tt.uri)
			}
		})
	}
	if _, err := FromURI("//Alice", "sr25518"); err == nil {
		t.Error("an unknown scheme is accepted")
	}
	if _, err := PublicFromURI("//Alice", ""); err == nil {
		t.Error("no scheme is accepted")
	}
}

func TestFromSeedRefuses(t *testing.T) {
	order := "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141" // of secp256k1
	for name, digits := range map[string]string{"zero": strings.Repeat("00", 32), "order": order} {
		seed, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		if pair, err := FromSeed(seed, ECDSA); err == nil {
			t.Errorf("%s is accepted as an ecdsa secret: %v", name, pair)
		}
		if _, err := FromSeed(seed, Sr25519); err != nil {
			t.Errorf("%s is a fine sr25519 seed: %v", name, err)
		}
	}
	for _, scheme := range []Scheme{Sr25519, Ed25519, ECDSA} {
		for _, n := range []int{0, 31, 33, 64} {
			if _, err := FromSeed(make([]byte, n), scheme); err == nil {
				t.Errorf("%s: a seed of %d bytes is accepted", scheme, n)
			}
		}
	}
	if _, err := FromSeed(make([]byte, 32), "x"); err == nil {
		t.Error("an unknown scheme is accepted")
	}
}

func TestIsDevelopmentURI(t *testing.T) {
	for uri, want := range map[string]bool{
		"//Alice": true, DevelopmentPhrase: true, DevelopmentPhrase + "//x///y": true,
		"0x" + strings.Repeat("11", 32): false, "/Alice": false, "": false,
		"legal winner thank year wave sausage worth useful legal winner thank yellow//Alice": false,
	} {
		if got := IsDevelopmentURI(uri); got != want {
			t.Errorf("%q: %t", uri, got)
		}
	}
}

func TestNewPublic(t *testing.T) {
	for _, scheme := range []Scheme{Sr25519, Ed25519, ECDSA} {
		pair, err := FromURI("//Alice", scheme)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := NewPublic(scheme, pair.Public().Bytes())
		if err != nil || pub != pair.Public() {
			t.Errorf("%s: %v, %v", scheme, pub, err)
		}
		if _, err := NewPublic(scheme, pub.Bytes()[1:]); err == nil {
			t.Errorf("%s: a short key is accepted", scheme)
		}
		sig, err := pair.Sign([]byte("m"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range sig { // every byte of a signature counts
			bad := append([]byte(nil), sig...)
			bad[i] ^= 0x10
			if pub.Verify([]byte("m"), bad) {
				t.Errorf("%s: signature with byte %d changed verifies", scheme, i)
			}
		}
		for n := range sig {
			if pub.Verify([]byte("m"), sig[:n]) {
				t.Errorf("%s: %d bytes of signature verify", scheme, n)
			}
		}
	}
	noPoint := append([]byte{2}, make([]byte, 32)...)
	for i := range noPoint[1:] {
		noPoint[1+i] = 0xff
	}
	for scheme, key := range map[Scheme][]byte{Sr25519: noPoint[1:], ECDSA: noPoint, "": nil} {
		if _, err := NewPublic(scheme, key); err == nil {
			t.Errorf("%q: bytes that are no key are accepted", scheme)
		}
	}
	if (Public{}).Verify(nil, nil) {
		t.Error("the zero key verifies the empty signature")
	}
}

func TestErrorsAreTyped(t *testing.T) {
	pair, err := FromURI("//Alice", Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	pair.Wipe()
	if _, err := pair.Sign([]byte("m")); !errors.Is(err, ErrWiped) {
		t.Errorf("signing after Wipe: %v", err)
	}
}
