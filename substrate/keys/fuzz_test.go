package keys

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzParseURI: no text makes the parser panic, every error hides the secret, and what is accepted signs.
func FuzzParseURI(f *testing.F) {
	var uris []goldenURI
	golden(f, "uris.json", &uris)
	for _, u := range uris {
		f.Add(u.URI)
	}
	for _, s := range []string{"", "/", "//", "///", "////", "/Alice", "//a///", "0x", "0x//", "//0x00", "//+1", "//99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		u, err := parseURI(uri)
		if err != nil {
			// numbers in messages are counts, so only letters can betray a secret
			for _, word := range strings.FieldsFunc(uri, func(r rune) bool { return r < 'a' || r > 'z' }) {
				if len(word) > 12 && strings.Contains(err.Error(), word) {
					t.Errorf("error %q repeats %q", err, word)
				}
			}
			return
		}
		if (u.phrase == "") == (u.hexSeed == "") || len(u.path) > maxJunctions {
			t.Fatalf("inconsistent: %+v", u)
		}
		if len(u.path) > 4 {
			return // slow, and nothing new
		}
		pair, err := FromURI(uri, Ed25519)
		if err != nil {
			return // a soft junction
		}
		sig, err := pair.Sign([]byte("m"))
		if err != nil || !pair.Verify([]byte("m"), sig) {
			t.Fatalf("%v does not sign: %v", pair, err)
		}
	})
}

// FuzzKeystore runs everything but scrypt itself, which would take a second for each input.
func FuzzKeystore(f *testing.F) {
	for _, w := range goldenKeystores(f) {
		f.Add([]byte(w.File), []byte(w.Password))
	}
	f.Add([]byte("{}"), []byte("p"))
	quick := func(password, salt []byte, _, _, _, size int) ([]byte, error) {
		return bytes.Repeat(append(salt[:1:1], 1), size)[:size], nil
	}
	f.Fuzz(func(t *testing.T, file, password []byte) {
		pair, err := openKeystore(file, password, quick)
		if (pair == nil) == (err == nil) {
			t.Fatalf("pair %v, error %v", pair, err)
		}
	})
}

// FuzzDecodePKCS8 takes the plain part by itself, which encryption keeps away from the other target.
func FuzzDecodePKCS8(f *testing.F) {
	header, divider := pkcs8Frame()
	for _, scheme := range schemes() {
		pair, err := FromURI("//Alice", scheme)
		if err != nil {
			f.Fatal(err)
		}
		plain := append(bytes.Clone(header), pair.hidden().bytes[:32]...)
		plain = append(append(plain, divider...), pair.Public().Bytes()...)
		f.Add(plain, string(scheme))
	}
	f.Fuzz(func(t *testing.T, plain []byte, scheme string) {
		s, err := ParseScheme(scheme)
		if err != nil {
			return
		}
		pair, err := decodePKCS8(plain, s)
		if (pair == nil) == (err == nil) {
			t.Fatalf("pair %v, error %v", pair, err)
		}
		if err == nil && !bytes.HasSuffix(plain, pair.Public().Bytes()) {
			t.Fatal("the key is not the stored one")
		}
	})
}
