package decision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Schema names the form of a record and the version of the rules behind it. A change of either that alters any
// decision gets a new number, so that an old record is never judged by new rules.
const Schema = "otv/record/1"

// Record is a round as it is stored and published: what it was decided from, what was decided, and the digest
// that binds both.
type Record struct {
	Schema   string             `json:"schema"`
	Digest   string             `json:"digest"` // "sha256:" and hex, over the canonical form of the other members
	Inputs   programme.Inputs   `json:"inputs"`
	Decision programme.Decision `json:"decision"`
}

// sealed is the part of a record that the digest covers.
type sealed struct {
	Schema   string             `json:"schema"`
	Inputs   programme.Inputs   `json:"inputs"`
	Decision programme.Decision `json:"decision"`
}

// Digest computes the digest of a record's content.
func (r *Record) digest() (string, error) {
	b, err := Canonical(sealed{r.Schema, r.Inputs, r.Decision})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Bytes is the record as it is written to a file: its canonical form and a newline.
func (r *Record) Bytes() ([]byte, error) {
	b, err := Canonical(r)
	if err != nil {
		return nil, fmt.Errorf("write record: %w", err)
	}
	return append(b, '\n'), nil
}

// Decide freezes the inputs, decides the round and seals both. The decision is made from the inputs as they read
// back from their canonical form, so that nothing that is not written down can have a part in it.
func Decide(in programme.Inputs) (*Record, error) {
	frozen, err := Freeze(in)
	if err != nil {
		return nil, err
	}
	d, err := Evaluate(frozen)
	if err != nil {
		return nil, err
	}
	r := &Record{Schema: Schema, Inputs: *frozen, Decision: *d}
	if r.Digest, err = r.digest(); err != nil {
		return nil, err
	}
	return r, nil
}

// Read parses a record strictly without judging it; see [Verify].
func Read(b []byte) (*Record, error) {
	b = bytes.TrimSuffix(b, []byte("\n"))
	var r Record
	if err := ParseCanonical(b, &r); err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("read record: its schema is %q, this program knows %q", r.Schema, Schema)
	}
	return &r, nil
}

// ErrRefused is wrapped by every error of [Verify] that means the record is not what its digest or its inputs say.
var ErrRefused = errors.New("record refused")

// Verify recomputes a record from its own inputs: the decision must be the same to the last bit and the digest
// must fit. The error names the first difference.
func Verify(b []byte) (*Record, error) {
	r, err := Read(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	d, err := Evaluate(&r.Inputs)
	if err != nil {
		return nil, fmt.Errorf("%w: its inputs cannot be decided: %w", ErrRefused, err)
	}
	if diff, err := firstDifference("decision", r.Decision, d); err != nil {
		return nil, err
	} else if diff != "" {
		return nil, fmt.Errorf("%w: %s", ErrRefused, diff)
	}
	digest, err := r.digest()
	if err != nil {
		return nil, err
	}
	if digest != r.Digest {
		return nil, fmt.Errorf("%w: the decision follows from the inputs, but the digest of both is %s and the record says %s", ErrRefused, digest, r.Digest)
	}
	return r, nil
}

// firstDifference compares two values in canonical form and describes the first place, in key order, at which
// they differ; empty when they are the same.
func firstDifference(path string, recorded, computed any) (string, error) {
	a, err := Canonical(recorded)
	if err != nil {
		return "", err
	}
	b, err := Canonical(computed)
	if err != nil {
		return "", err
	}
	if bytes.Equal(a, b) {
		return "", nil
	}
	var ta, tb any
	if err := ParseCanonical(a, &ta); err != nil {
		return "", err
	}
	if err := ParseCanonical(b, &tb); err != nil {
		return "", err
	}
	return treeDifference(path, ta, tb), nil
}

// sortedKeys makes reports the same whatever the order of a map.
func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}

func treeDifference(path string, a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			break
		}
		if slot, ok := a["slot"].(string); ok && a["slot"] == b["slot"] {
			path += "(slot " + slot + ")"
		}
		for _, k := range sortedKeys(a) {
			if _, ok := b[k]; !ok {
				return fmt.Sprintf("%s.%s is recorded as %s, recomputed it is absent", path, k, show(a[k]))
			}
			if d := treeDifference(path+"."+k, a[k], b[k]); d != "" {
				return d
			}
		}
		for _, k := range sortedKeys(b) {
			if _, ok := a[k]; !ok {
				return fmt.Sprintf("%s.%s is absent in the record, recomputed it is %s", path, k, show(b[k]))
			}
		}
		return ""
	case []any:
		b, ok := b.([]any)
		if !ok {
			break
		}
		for i := range min(len(a), len(b)) {
			if d := treeDifference(fmt.Sprintf("%s[%d]", path, i), a[i], b[i]); d != "" {
				return d
			}
		}
		if len(a) != len(b) {
			return fmt.Sprintf("%s has %d entries in the record, recomputed %d", path, len(a), len(b))
		}
		return ""
	default:
		if a == b {
			return ""
		}
	}
	return fmt.Sprintf("%s is recorded as %s, recomputed it is %s", path, show(a), show(b))
}

// show writes a tree shortly.
func show(v any) string {
	b, err := Canonical(v)
	if err != nil {
		return "?"
	}
	if len(b) > 80 {
		return string(b[:77]) + "..."
	}
	return string(b)
}
