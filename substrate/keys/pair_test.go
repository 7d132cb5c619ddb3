package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func schemes() []Scheme { return []Scheme{Sr25519, Ed25519, ECDSA} }

func mustURI(t testing.TB, uri string, scheme Scheme) *Pair {
	t.Helper()
	p, err := FromURI(uri, scheme)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// showings are forms in which fmt, encoders and loggers could show bytes.
func showings(b []byte) []string {
	decimal := make([]string, len(b))
	for i, v := range b {
		decimal[i] = strconv.Itoa(int(v))
	}
	return []string{
		string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), base64.StdEncoding.EncodeToString(b),
		strings.Join(decimal, " "), strings.Join(decimal, ", "), strings.Join(decimal, ","),
	}
}

func TestSecretNeverShows(t *testing.T) {
	type holder struct { // as a service would keep it
		Name  string
		pair  *Pair
		Value Pair
		inner Pair
	}
	for _, scheme := range schemes() {
		pair := mustURI(t, "//Alice//stash", scheme)
		h := holder{Name: "n", pair: pair, Value: *pair, inner: *pair}
		var out strings.Builder
		for _, v := range []any{pair, *pair, h, &h, []*Pair{pair}, map[string]Pair{"k": *pair}, fmt.Errorf("wrapped: %v", pair)} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "%t", "%p"} {
				fmt.Fprintf(&out, verb+"\n", v)
			}
			if b, err := json.Marshal(v); err == nil {
				out.Write(b)
			}
			for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				slog.New(handler).Info("m", "v", v, slog.Any("group", slog.GroupValue(slog.Any("v", v))))
			}
		}
		for _, form := range showings(pair.hidden().bytes[:32]) {
			if strings.Contains(out.String(), form) {
				t.Errorf("%s: the secret shows as %q", scheme, form)
			}
		}
		if !strings.Contains(out.String(), hex.EncodeToString(pair.Public().Bytes())) {
			t.Errorf("%s: the public key does not show", scheme)
		}
		if got := pair.String(); strings.Count(got, "hidden") != 1 {
			t.Errorf("String: %q", got)
		}
	}
}

func TestWipe(t *testing.T) {
	for _, scheme := range schemes() {
		pair := mustURI(t, "//Alice", scheme)
		bytesOfSecret, copied, pub := pair.hidden().bytes, *pair, pair.Public()
		if slices.Max(bytesOfSecret) == 0 {
			t.Fatal("there is no secret to wipe")
		}
		pair.Wipe()
		if slices.Max(bytesOfSecret) != 0 {
			t.Errorf("%s: bytes remain after Wipe", scheme)
		}
		if _, err := copied.Sign([]byte("m")); err == nil {
			t.Errorf("%s: a copy still signs", scheme)
		}
		if pair.Public() != pub {
			t.Errorf("%s: the public key is gone", scheme)
		}
		pair.Wipe() // again does no harm
	}
	var none Pair
	none.Wipe()
	if _, err := none.Sign(nil); err == nil {
		t.Error("the zero pair signs")
	}
}

// TestWipeWhileSigning must be clean under the race detector; each signature is either right or refused.
func TestWipeWhileSigning(t *testing.T) {
	for _, scheme := range schemes() {
		pair := mustURI(t, "//Alice", scheme)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				<-start
				for range 5 {
					sig, err := pair.Sign([]byte("m"))
					if err == nil && !pair.Verify([]byte("m"), sig) {
						t.Errorf("%s: wrong signature", scheme)
					}
				}
			})
		}
		wg.Go(func() { <-start; pair.Wipe() })
		close(start)
		wg.Wait()
	}
}

func TestSignVerifyProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scheme := rapid.SampledFrom(schemes()).Draw(t, "scheme")
		seed := rapid.SliceOfN(rapid.Byte(), SeedSize, SeedSize).Draw(t, "seed")
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
		pair, err := FromSeed(seed, scheme)
		if err != nil {
			t.Skip("not a secret of this scheme")
		}
		again, err := FromURI("0x"+hex.EncodeToString(seed), scheme)
		if err != nil || again.Public() != pair.Public() {
			t.Fatalf("the URI of the seed gives %v, %v", again, err)
		}
		sig, err := pair.Sign(message)
		if err != nil || len(sig) != scheme.SignatureSize() {
			t.Fatalf("%d bytes of signature: %v", len(sig), err)
		}
		if !pair.Verify(message, sig) {
			t.Fatal("own signature does not verify")
		}
		if pair.Verify(append(message, 0), sig) {
			t.Fatal("the signature verifies a longer message")
		}
		i := rapid.IntRange(0, len(sig)*8-1).Draw(t, "bit")
		bad := bytes.Clone(sig)
		bad[i/8] ^= 1 << (i % 8)
		if pair.Verify(message, bad) {
			t.Fatalf("the signature verifies with bit %d changed", i)
		}
		secret := pair.hidden().bytes
		pair.Wipe()
		if slices.Max(secret) != 0 {
			t.Fatal("bytes remain after Wipe")
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, scheme := range schemes() {
		pair, err := FromURI("//Alice", scheme)
		if err != nil {
			b.Fatal(err)
		}
		message := make([]byte, 150)
		b.Run(string(scheme), func(b *testing.B) {
			for b.Loop() {
				if _, err := pair.Sign(message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
