package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/ChainSafe/go-schnorrkel"
)

// pkcs8Frame returns what stands in front of the secret and between it and the public key in the plain part of a key
// file. The bytes look like a PKCS #8 structure but have fixed values for all schemes and sizes.
func pkcs8Frame() (header, divider []byte) {
	return []byte{0x30, 0x53, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20},
		[]byte{0xa1, 0x23, 0x03, 0x21, 0x00}
}

// decodePKCS8 makes the key pair of the plain part: header, secret (64 bytes, or a seed of 32), divider, public key.
func decodePKCS8(plain []byte, scheme Scheme) (*Pair, error) {
	header, divider := pkcs8Frame()
	body, ok := bytes.CutPrefix(plain, header)
	if !ok {
		return nil, errors.New("its contents do not begin like a key of polkadot-js")
	}
	size := 64
	if len(body) < size || !bytes.HasPrefix(body[size:], divider) {
		size = SeedSize
	}
	if len(body) < size || !bytes.HasPrefix(body[size:], divider) {
		return nil, errors.New("its contents are not a secret followed by a public key")
	}
	secret, public := body[:size], body[size+len(divider):]
	if n := scheme.PublicKeySize(); len(public) != n {
		return nil, fmt.Errorf("its public key has %d bytes instead of %d", len(public), n)
	}
	pair, err := fromStoredSecret(secret, scheme)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(pair.public.Bytes(), public) != 1 {
		pair.Wipe()
		return nil, errors.New("its public key does not belong to its secret")
	}
	return pair, nil
}

func fromStoredSecret(secret []byte, scheme Scheme) (*Pair, error) {
	switch {
	case len(secret) == SeedSize:
		return FromSeed(secret, scheme)
	case scheme == Ed25519: // seed and public key
		pair, err := FromSeed(secret[:ed25519.SeedSize], Ed25519)
		if err == nil && subtle.ConstantTimeCompare(pair.hidden().bytes, secret) != 1 {
			pair.Wipe()
			err = errors.New("the two halves of its ed25519 secret do not belong together")
		}
		return pair, err
	case scheme == Sr25519: // scalar times eight, and nonce
		if secret[0]&7 != 0 {
			return nil, errors.New("its sr25519 secret is not a multiple of the cofactor")
		}
		sk := schnorrkel.NewSecretKeyFromEd25519Bytes([64]byte(secret))
		defer wipeSr25519(sk)
		return fromSr25519(sk)
	}
	return nil, fmt.Errorf("its secret has %d bytes, which is not the form of %s", len(secret), scheme)
}
