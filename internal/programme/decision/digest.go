package decision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// digestMember is the member of a record's canonical form that its digest does not cover.
const digestMember = `,"digest":"sha256:`

// CheckDigest reports whether the bytes of a record are those that its digest was computed from. It does not decide the
// round again as [Verify] does, and costs next to nothing.
func CheckDigest(b []byte, digest string) error {
	member := []byte(digestMember + string(bytes.TrimPrefix([]byte(digest), []byte("sha256:"))) + `"`)
	if n := bytes.Count(b, member); n != 1 {
		return fmt.Errorf("%w: it names the digest %s %d times instead of once", ErrRefused, digest, n)
	}
	before, after, _ := bytes.Cut(bytes.TrimSuffix(b, []byte("\n")), member)
	sum := sha256.New()
	sum.Write(before)
	sum.Write(after)
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("%w: the digest of its content is %s, not %s", ErrRefused, got, digest)
	}
	return nil
}
