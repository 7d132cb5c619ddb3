package ss58

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/mr-tron/base58"
	"pgregory.net/rapid"
)

const alice = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"

func account(t testing.TB, s string) (id [32]byte) {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("bad account id %q in a test", s)
	}
	return [32]byte(b)
}

func TestAccounts(t *testing.T) {
	zero := strings.Repeat("00", 32)
	tests := []struct {
		prefix uint16
		id     string
		want   string
	}{
		{0, zero, "111111111111111111111111111111111HC1"},
		{0, alice, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"},
		{2, zero, "CaKWz5omakTK7ovp4m3koXrHyHb7NG3Nt7GENHbviByZpKp"},
		{2, alice, "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F"},
		{42, zero, "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM"},
		{42, alice, "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"},
		{64, zero, "cEVaCm5a61UpVfABWNjfSNHbhAPf92NWiACfxy89Fd2hGkJAc"},
		{64, alice, "cEaNSpz4PxFcZ7nT1VEKrKewH67rfx6MfcM6yKojyyPz7qaqp"},
		{1284, zero, "VdqXXUQAu7ij6h3jUtwwMFRh4cZFTYXkcm48SYtmawoMHT536"},
		{1284, alice, "VdvKmYJfD4VXA9fzz1SbmCo2eYHSzUFbaDCZSuaNKJAe8YNg6"},
	}
	for _, tt := range tests {
		id := account(t, tt.id)
		if got := EncodeAccount(tt.prefix, id); got != tt.want {
			t.Errorf("EncodeAccount(%d, %s) = %s, want %s", tt.prefix, tt.id, got, tt.want)
		}
		prefix, got, err := DecodeAccount(tt.want)
		if err != nil || prefix != tt.prefix || got != id {
			t.Errorf("DecodeAccount(%s) = %d, %x, %v; want %d, %s", tt.want, prefix, got, err, tt.prefix, tt.id)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	raw := func(b ...byte) string { // with a right checksum of two bytes
		c := checksum(b)
		return base58.Encode(append(b, c[:2]...))
	}
	id := account(t, alice)
	tests := []struct {
		name string
		s    string
		want error
	}{
		{"empty", "", ErrLength},
		{"one character", "1", ErrLength},
		{"letter outside the alphabet", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp0", ErrBase58},
		{"not ASCII", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sé", ErrBase58},
		{"too long", strings.Repeat("5", 65), ErrLength},
		{"one letter changed", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp6", ErrChecksum},
		{"payload of 31 bytes", raw(append([]byte{0}, id[:31]...)...), ErrLength},
		{"first byte from 0x80 on", raw(append([]byte{0x80}, id[:]...)...), ErrPrefix},
		{"reserved prefix 46", raw(append([]byte{46}, id[:]...)...), ErrPrefix},
		{"reserved prefix 47", raw(append([]byte{47}, id[:]...)...), ErrPrefix},
		{"prefix 42 in two bytes", raw(append([]byte{0x4a, 0x80}, id[:]...)...), ErrPrefix},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Decode(tt.s); !errors.Is(err, tt.want) {
				t.Errorf("Decode(%q) error = %v, want %v", tt.s, err, tt.want)
			}
		})
	}
	short, err := Encode(42, []byte{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := DecodeAccount(short); !errors.Is(err, ErrLength) {
		t.Errorf("DecodeAccount of an account index: error = %v, want %v", err, ErrLength)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, prefix := range []uint16{46, 47, 16384, 65535} {
		if s, err := Encode(prefix, make([]byte, 32)); !errors.Is(err, ErrPrefix) {
			t.Errorf("Encode with prefix %d = %q, %v; want %v", prefix, s, err, ErrPrefix)
		}
	}
	for _, n := range []int{0, 3, 5, 16, 31, 34, 64} {
		if s, err := Encode(42, make([]byte, n)); !errors.Is(err, ErrLength) {
			t.Errorf("Encode of %d bytes = %q, %v; want %v", n, s, err, ErrLength)
		}
	}
	if got := EncodeAccount(46, account(t, alice)); got != "0x"+alice {
		t.Errorf("EncodeAccount with a reserved prefix = %s, want the id in hexadecimal", got)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.Uint16Max(MaxPrefix).Filter(validPrefix).Draw(t, "prefix")
		size := rapid.SampledFrom([]int{1, 2, 4, 8, 32, 33}).Draw(t, "size")
		payload := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "payload")
		s, err := Encode(prefix, payload)
		if err != nil {
			t.Fatal(err)
		}
		gotPrefix, got, err := Decode(s)
		if err != nil || gotPrefix != prefix || string(got) != string(payload) {
			t.Fatalf("Decode(%s) = %d, %x, %v; want %d, %x", s, gotPrefix, got, err, prefix, payload)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "111111111111111111111111111111111HC1",
		"cEaNSpz4PxFcZ7nT1VEKrKewH67rfx6MfcM6yKojyyPz7qaqp", "F7Hs", "", "1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		prefix, payload, err := Decode(s)
		if err != nil {
			return
		}
		back, err := Encode(prefix, payload)
		if err != nil || back != s {
			t.Errorf("Decode accepted %q, which Encode writes as %q (%v)", s, back, err)
		}
	})
}
