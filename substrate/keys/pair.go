package keys

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/thousand-validators/otv/substrate/hash"
)

// ErrWiped is the error of signing with a key pair after Wipe.
var ErrWiped = errors.New("the key was wiped from memory")

// SeedSize is the length of a raw seed in bytes.
const SeedSize = 32

// Pair is a key pair: a public key and the secret that signs for it. However it is printed, encoded or logged, only
// the public key appears. It is safe for concurrent use. Copies share the secret, so that wiping one wipes all.
type Pair struct {
	public Public
	// hidden returns the secret. A function, because fmt looks through the unexported fields of whatever struct
	// holds a Pair, without asking Format, and with some verbs even through pointers; but never into a closure.
	hidden func() *secret
}

func newPair(scheme Scheme, public, private []byte) *Pair {
	s := &secret{bytes: private}
	p := &Pair{public: Public{scheme: scheme}, hidden: func() *secret { return s }}
	copy(p.public.key[:], public)
	return p
}

// secret holds the private key: the scalar of sr25519 or ecdsa (32 bytes), or seed and public key of ed25519 (64).
// Wiped, it is nil.
type secret struct {
	mu    sync.Mutex
	bytes []byte
}

// FromSeed makes the key pair of a raw seed of 32 bytes. The seed is copied; wiping it stays with the caller.
func FromSeed(seed []byte, scheme Scheme) (*Pair, error) {
	if _, err := ParseScheme(string(scheme)); err != nil {
		return nil, err
	}
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("a raw seed has %d bytes, this one has %d", SeedSize, len(seed))
	}
	switch scheme {
	case Ed25519:
		return fromEd25519(ed25519.NewKeyFromSeed(seed))
	case ECDSA:
		return fromECDSA(bytes.Clone(seed))
	default:
		sk, err := expandSr25519([SeedSize]byte(seed))
		if err != nil {
			return nil, err
		}
		defer wipeSr25519(sk)
		return fromSr25519(sk)
	}
}

// expandSr25519 makes the scalar and the nonce of a seed, the way ed25519 does.
func expandSr25519(seed [SeedSize]byte) (*schnorrkel.SecretKey, error) {
	mini, err := schnorrkel.NewMiniSecretKeyFromRaw(seed)
	if err != nil {
		return nil, errors.New("the seed is not usable for sr25519")
	}
	return mini.ExpandEd25519(), nil
}

// fromSr25519 takes the scalar of sk. The nonce is not kept: the library draws a random one for each signature.
func fromSr25519(sk *schnorrkel.SecretKey) (*Pair, error) {
	pub, err := sk.Public()
	if err != nil {
		return nil, errors.New("the secret is not an sr25519 key: its scalar is out of range")
	}
	scalar, key := sk.Encode(), pub.Encode()
	if scalar == [32]byte{} {
		return nil, errors.New("the secret is not an sr25519 key: its scalar is zero")
	}
	defer wipe(scalar[:])
	return newPair(Sr25519, key[:], bytes.Clone(scalar[:])), nil
}

// fromEd25519 takes over key.
func fromEd25519(key ed25519.PrivateKey) (*Pair, error) {
	return newPair(Ed25519, key[ed25519.SeedSize:], key), nil
}

// fromECDSA takes over key, 32 bytes.
func fromECDSA(key []byte) (*Pair, error) {
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetByteSlice(key); overflow || scalar.IsZero() {
		wipe(key)
		return nil, errors.New("the secret is not an ecdsa key: it is zero or not below the order of the curve")
	}
	sk := secp256k1.NewPrivateKey(&scalar)
	defer func() { sk.Zero(); scalar.Zero() }()
	return newPair(ECDSA, sk.PubKey().SerializeCompressed(), key), nil
}

// Public is the public key.
func (p Pair) Public() Public { return p.public }

// AccountID is the account the key controls.
func (p Pair) AccountID() [32]byte { return p.public.AccountID() }

// Address is the account in SS58 with a network's prefix.
func (p Pair) Address(prefix uint16) string { return p.public.Address(prefix) }

// Verify reports whether sig is this key's signature of message.
func (p Pair) Verify(message, sig []byte) bool { return p.public.Verify(message, sig) }

// Sign returns the signature of message: 64 bytes, or 65 for ecdsa. After Wipe it returns [ErrWiped].
func (p Pair) Sign(message []byte) ([]byte, error) {
	if p.hidden == nil {
		return nil, errors.New("sign: there is no key")
	}
	s := p.hidden()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes == nil {
		return nil, fmt.Errorf("sign with %s: %w", p.public, ErrWiped)
	}
	switch p.public.scheme {
	case Sr25519:
		return signSr25519(s.bytes, message)
	case Ed25519:
		return ed25519.Sign(s.bytes, message), nil
	case ECDSA:
		return signECDSA(s.bytes, message), nil
	}
	return nil, errors.New("sign: there is no key")
}

func signSr25519(scalar, message []byte) ([]byte, error) {
	sk := schnorrkel.NewSecretKey([32]byte(scalar), [32]byte{})
	defer wipeSr25519(sk)
	sig, err := sk.Sign(schnorrkel.NewSigningContext(sr25519Context(), message))
	if err != nil {
		return nil, errors.New("sign with sr25519: no random numbers")
	}
	out := sig.Encode()
	return out[:], nil
}

func signECDSA(key, message []byte) []byte {
	sk := secp256k1.PrivKeyFromBytes(key)
	defer sk.Zero()
	digest := hash.Blake2b256(message)
	compact := ecdsa.SignCompact(sk, digest[:], true)
	return append(compact[1:], compact[0]-compactBase)
}

// Wipe overwrites the secret with zeros. Signing is impossible from then on; the public key remains.
func (p Pair) Wipe() {
	if p.hidden == nil {
		return
	}
	s := p.hidden()
	s.mu.Lock()
	defer s.mu.Unlock()
	wipe(s.bytes)
	s.bytes = nil
}

// String names the public key and hides the secret.
func (p Pair) String() string { return p.public.String() + " (secret hidden)" }

// GoString is String.
func (p Pair) GoString() string { return p.String() }

// Format writes String for every verb, so that no verb can show the secret.
func (p Pair) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// MarshalText is String: text encoders show the public key only.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalJSON is String as a JSON string.
func (p Pair) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// LogValue is String.
func (p Pair) LogValue() slog.Value { return slog.StringValue(p.String()) }

// wipe overwrites b with zeros.
func wipe(b []byte) { clear(b) }

// wipeSr25519 overwrites the scalar, the only part of sk that the library lets others change.
func wipeSr25519(sk *schnorrkel.SecretKey) { _ = sk.Decode([32]byte{}) }
