package decision

import (
	"bytes"
	"errors"
	"testing"
)

func TestCheckDigest(t *testing.T) {
	r := decided(t, population(3, 40, 60, 3))
	b := encoded(t, r)
	if err := CheckDigest(b, r.Digest); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"another byte": bytes.Replace(b, []byte(`"schema":"otv`), []byte(`"schema":"otw`), 1),
		"no digest":    bytes.Replace(b, []byte(r.Digest), []byte("sha256:00"), 1),
		"empty":        nil,
		"cut":          b[:len(b)/2],
	} {
		if err := CheckDigest(bad, r.Digest); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
