package keys

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Scheme is a kind of signature that Substrate chains accept.
type Scheme string

// The schemes, by the names that key files and tools use.
const (
	Sr25519 Scheme = "sr25519"
	Ed25519 Scheme = "ed25519"
	ECDSA   Scheme = "ecdsa"
)

// ParseScheme reads the name of a scheme.
func ParseScheme(name string) (Scheme, error) {
	switch s := Scheme(name); s {
	case Sr25519, Ed25519, ECDSA:
		return s, nil
	}
	return "", fmt.Errorf("key scheme %q is not one of sr25519, ed25519, ecdsa", name)
}

// Variant is the name of the scheme's variant in the chains' type MultiSignature.
func (s Scheme) Variant() string {
	switch s {
	case Sr25519:
		return "Sr25519"
	case Ed25519:
		return "Ed25519"
	case ECDSA:
		return "Ecdsa"
	}
	return ""
}

// PublicKeySize is the length of the scheme's public keys in bytes, 0 for an unknown scheme.
func (s Scheme) PublicKeySize() int {
	switch s {
	case Sr25519, Ed25519:
		return 32
	case ECDSA:
		return 33
	}
	return 0
}

// SignatureSize is the length of the scheme's signatures in bytes, 0 for an unknown scheme.
func (s Scheme) SignatureSize() int {
	switch s {
	case Sr25519, Ed25519:
		return 64
	case ECDSA:
		return 65
	}
	return 0
}

// Public is a public key. Values are comparable; the zero value is no key, and verifies nothing.
type Public struct {
	scheme Scheme
	key    [33]byte // sr25519 and ed25519 use the first 32 bytes
}

// NewPublic makes a public key of its bytes: 32 of sr25519 or ed25519, 33 (a compressed point) of ecdsa. Bytes that
// are no point of the curve are an error for sr25519 and ecdsa; for ed25519 they only never verify anything.
func NewPublic(scheme Scheme, key []byte) (Public, error) {
	if _, err := ParseScheme(string(scheme)); err != nil {
		return Public{}, err
	}
	if n := scheme.PublicKeySize(); len(key) != n {
		return Public{}, fmt.Errorf("%s public key has %d bytes instead of %d", scheme, len(key), n)
	}
	switch scheme {
	case Sr25519:
		if _, err := schnorrkel.NewPublicKey([32]byte(key)); err != nil {
			return Public{}, fmt.Errorf("%x is not an sr25519 public key", key)
		}
	case ECDSA:
		if _, err := secp256k1.ParsePubKey(key); err != nil {
			return Public{}, fmt.Errorf("%x is not a compressed ecdsa public key", key)
		}
	}
	p := Public{scheme: scheme}
	copy(p.key[:], key)
	return p, nil
}

// Scheme is the key's scheme.
func (p Public) Scheme() Scheme { return p.scheme }

// Bytes is a copy of the key: 32 bytes, or 33 of ecdsa.
func (p Public) Bytes() []byte { return append([]byte(nil), p.key[:p.scheme.PublicKeySize()]...) }

// AccountID is the account the key controls: the key itself, or its BLAKE2b-256 hash for ecdsa.
func (p Public) AccountID() [32]byte {
	if p.scheme == ECDSA {
		return hash.Blake2b256(p.key[:])
	}
	return [32]byte(p.key[:32])
}

// Address is the account in SS58 with a network's prefix.
func (p Public) Address(prefix uint16) string { return ss58.EncodeAccount(prefix, p.AccountID()) }

// String is the scheme and the key in hexadecimal.
func (p Public) String() string {
	return string(p.scheme) + " 0x" + hex.EncodeToString(p.key[:p.scheme.PublicKeySize()])
}

// MarshalText is String.
func (p Public) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Verify reports whether sig is a signature of message by this key, as a chain would check it.
func (p Public) Verify(message, sig []byte) bool {
	if len(sig) != p.scheme.SignatureSize() {
		return false
	}
	switch p.scheme {
	case Sr25519:
		return p.verifySr25519(message, [64]byte(sig))
	case Ed25519:
		return ed25519.Verify(p.key[:32], message, sig)
	case ECDSA:
		return p.verifyECDSA(message, sig)
	}
	return false
}

func (p Public) verifySr25519(message []byte, sig [64]byte) bool {
	key, err := schnorrkel.NewPublicKey([32]byte(p.key[:32]))
	if err != nil {
		return false
	}
	var s schnorrkel.Signature
	if err := s.Decode(sig); err != nil {
		return false
	}
	ok, err := key.Verify(&s, schnorrkel.NewSigningContext(sr25519Context(), message))
	return err == nil && ok
}

// verifyECDSA recovers the signer's key from the signature and compares: the recovery id is part of what a chain checks.
func (p Public) verifyECDSA(message, sig []byte) bool {
	if sig[64] > 3 {
		return false
	}
	digest := hash.Blake2b256(message)
	compact := append([]byte{compactBase + sig[64]}, sig[:64]...)
	key, _, err := ecdsa.RecoverCompact(compact, digest[:])
	return err == nil && [33]byte(key.SerializeCompressed()) == p.key
}

// compactBase is what the compact form of the library adds to the recovery id, for a compressed key.
const compactBase = 27 + 4

// sr25519Context is the signing context of all Substrate chains.
func sr25519Context() []byte { return []byte("substrate") }
