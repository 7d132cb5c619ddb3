package keys

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/scrypt"
)

type goldenKeystore struct {
	Name, Password string
	Scheme         Scheme
	Public         hexBytes
	File           json.RawMessage
}

func goldenKeystores(t testing.TB) []goldenKeystore {
	var out []goldenKeystore
	golden(t, "keystores.json", &out)
	if len(out) < 13 {
		t.Fatalf("only %d golden key files", len(out))
	}
	return out
}

// TestFromKeystore opens files that the reference client wrote and opened itself.
func TestFromKeystore(t *testing.T) {
	for _, w := range goldenKeystores(t) {
		t.Run(w.Name, func(t *testing.T) {
			if !IsKeystore(w.File) {
				t.Error("not recognised as a key file")
			}
			if needs, err := NeedsPassword(w.File); err != nil || needs != (w.Password != "") {
				t.Errorf("NeedsPassword: %t, %v", needs, err)
			}
			pair, err := FromKeystore(w.File, []byte(w.Password))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(pair.Public().Bytes(), w.Public) || pair.Public().Scheme() != w.Scheme {
				t.Errorf("key %s, want %s 0x%x", pair.Public(), w.Scheme, w.Public)
			}
			sig, err := pair.Sign([]byte("m"))
			if err != nil || !pair.Verify([]byte("m"), sig) {
				t.Errorf("the key does not sign: %v", err)
			}
		})
	}
}

func TestFromKeystorePassword(t *testing.T) {
	for _, w := range goldenKeystores(t) {
		if w.Name != "sr25519 scrypt 2^15" && w.Name != "sr25519 version 2" {
			continue // the others would only take longer
		}
		for _, wrong := range []string{w.Password + "!", strings.ToUpper(w.Password), " "} {
			if _, err := FromKeystore(w.File, []byte(wrong)); !errors.Is(err, ErrPassword) {
				t.Errorf("%s with a wrong password: %v", w.Name, err)
			}
		}
		if _, err := FromKeystore(w.File, nil); err == nil || !strings.Contains(err.Error(), "password is needed") {
			t.Errorf("%s without password: %v", w.Name, err)
		}
	}
}

// edit changes the members of a golden file.
func edit(t *testing.T, name string, change func(file, encoding map[string]any)) []byte {
	t.Helper()
	for _, w := range goldenKeystores(t) {
		if w.Name != name {
			continue
		}
		var file map[string]any
		if err := json.Unmarshal(w.File, &file); err != nil {
			t.Fatal(err)
		}
		change(file, file["encoding"].(map[string]any))
		out, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Fatalf("no golden key file %q", name)
	return nil
}

// editPlain changes the plain bytes of an unencrypted golden file.
func editPlain(t *testing.T, name string, change func(plain []byte) []byte) []byte {
	t.Helper()
	return edit(t, name, func(file, _ map[string]any) {
		plain, err := base64.StdEncoding.DecodeString(file["encoded"].(string))
		if err != nil {
			t.Fatal(err)
		}
		file["encoded"] = base64.StdEncoding.EncodeToString(change(plain))
	})
}

func TestFromKeystoreRefuses(t *testing.T) {
	flip := func(i int) func([]byte) []byte {
		return func(b []byte) []byte { b[(i+len(b))%len(b)] ^= 8; return b }
	}
	set := func(key string, value any) func(_, _ map[string]any) {
		return func(file, encoding map[string]any) {
			if _, ok := encoding[key]; ok {
				encoding[key] = value
			} else {
				file[key] = value
			}
		}
	}
	cost := func(n, p, r uint32) []byte {
		return edit(t, "sr25519 version 3", func(file, _ map[string]any) {
			raw, err := base64.StdEncoding.DecodeString(file["encoded"].(string))
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range []uint32{n, p, r} {
				binary.LittleEndian.PutUint32(raw[32+4*i:], v)
			}
			file["encoded"] = base64.StdEncoding.EncodeToString(raw)
		})
	}
	const sr, ed, ec, enc = "sr25519 none", "ed25519 none", "ecdsa none", "sr25519 version 3"
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"no JSON", []byte("{"), "not JSON"},
		{"a phrase", []byte(DevelopmentPhrase), "not JSON"},
		{"other JSON", []byte(`{"a":1}`), "not an account exported"},
		{"huge", []byte("{" + strings.Repeat(" ", maxKeystore) + "}"), "at most 65536"},
		{"version 0", edit(t, sr, set("version", "0")), "version 0, which does not say"},
		{"version 4", edit(t, sr, set("version", "4")), `version "4", only 1, 2 and 3`},
		{"ethereum", edit(t, sr, set("content", []string{"pkcs8", "ethereum"})), `scheme "ethereum"`},
		{"not pkcs8", edit(t, sr, set("content", []string{"raw", "sr25519"})), `instead of "pkcs8"`},
		{"unknown cipher", edit(t, sr, set("type", []string{"scrypt", "aes"})), `encrypted as ["scrypt" "aes"]`},
		{"cipher and none", edit(t, sr, set("type", []string{"none", "scrypt"})), "not supported"},
		{"no base64", edit(t, sr, set("encoded", "!!!!")), "not valid base64"},
		{"no hex", edit(t, sr, set("encoded", "0xz")), "not valid base64"},
		{"too long", edit(t, sr, set("encoded", "0x"+strings.Repeat("00", maxEncoded+1))), "at most 4096"},
		{"empty box", edit(t, enc, set("encoded", "AAAA")), "too short"},
		{"no box", edit(t, "sr25519 version 2", set("encoded", "AAAA")), "too short"},
		{"address of another", edit(t, sr, set("address", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY")), "does not belong"},
		{"no address", edit(t, sr, set("address", "")), "not a valid address"},
		{"hex address of another", edit(t, ec, set("address", "0x02")), "not the public key"},
		{"ecdsa as sr25519", edit(t, ec, set("content", []string{"pkcs8", "sr25519"})), "33 bytes instead of 32"},
		{"sr25519 as ed25519", edit(t, sr, set("content", []string{"pkcs8", "ed25519"})), "halves"},
		{"header", editPlain(t, sr, flip(0)), "do not begin"},
		{"divider", editPlain(t, sr, flip(16+64)), "not a secret followed"},
		{"public key", editPlain(t, sr, flip(-1)), "does not belong to its secret"},
		{"sr25519 scalar", editPlain(t, sr, flip(16)), "does not belong to its secret"},
		{"sr25519 cofactor", editPlain(t, sr, func(b []byte) []byte { b[16] |= 1; return b }), "multiple of the cofactor"},
		{"sr25519 scalar too great", editPlain(t, sr, func(b []byte) []byte { b[47] = 0xff; return b }), "out of range"},
		{"sr25519 scalar zero", editPlain(t, sr, func(b []byte) []byte { clear(b[16:48]); return b }), "zero"},
		{"ed25519 seed", editPlain(t, ed, flip(16)), "halves"},
		{"ecdsa secret", editPlain(t, ec, flip(16)), "does not belong to its secret"},
		{"short", editPlain(t, sr, func(b []byte) []byte { return b[:30] }), "not a secret followed"},
		{"bytes behind", editPlain(t, sr, func(b []byte) []byte { return append(b, 0) }), "33 bytes instead of 32"},
		{"no work", cost(1, 1, 8), "none that wallets use"},
		{"gigabytes", cost(1<<20, 1, 8), "none that wallets use"},
		{"wide", cost(1<<17, 1, 16), "none that wallets use"},
		{"r and p exchanged", cost(1<<17, 8, 1), "none that wallets use"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pair, err := FromKeystore(tt.file, []byte("correct horse"))
			if err == nil {
				t.Fatalf("accepted as %v", pair)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q lacks %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "horse") {
				t.Errorf("error %q repeats the password", err)
			}
		})
	}
	if _, err := NeedsPassword([]byte("[]")); err == nil {
		t.Error("NeedsPassword accepts what is no key file")
	}
}

// TestScryptParameters pins the list of accepted costs and the order N, p, r.
func TestScryptParameters(t *testing.T) {
	accepted := [][3]uint32{{8192, 10, 8}, {16384, 5, 8}, {32768, 3, 8}, {32768, 1, 8}, {65536, 2, 8}, {131072, 1, 8}}
	header := make([]byte, scryptHeader)
	for _, c := range accepted {
		for i, v := range c {
			binary.LittleEndian.PutUint32(header[32+4*i:], v)
		}
		n, p, r, err := scryptParameters(header)
		if err != nil || [3]uint32{uint32(n), uint32(p), uint32(r)} != c {
			t.Errorf("%v: %d %d %d, %v", c, n, p, r, err)
		}
		if _, err := scrypt.Key(nil, nil, 2, r, p, 1); err != nil {
			t.Errorf("%v: scrypt refuses: %v", c, err)
		}
	}
}
