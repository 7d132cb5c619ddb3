package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ChainSafe/go-schnorrkel"
	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"

	"github.com/thousand-validators/otv/substrate/ss58"
)

// ErrPassword means that a key file did not open with the password given.
var ErrPassword = errors.New("the password is wrong, or the file is damaged")

// Sizes in a key file, in bytes.
const (
	maxKeystore  = 64 << 10 // whole file
	maxEncoded   = 4 << 10  // the encoded key
	scryptHeader = 32 + 3*4 // salt, N, p, r
	boxNonce     = 24
)

// keystore is a key file of polkadot-js, as far as it matters here. Unknown members are left alone: wallets keep
// names and dates there.
type keystore struct {
	Encoded  string `json:"encoded"`
	Address  string `json:"address"`
	Encoding struct {
		Content oneOrMore `json:"content"`
		Type    oneOrMore `json:"type"`
		Version string    `json:"version"`
	} `json:"encoding"`
}

// oneOrMore is a text or a list of texts: older files have the former.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*o = make([]string, 1)
		return json.Unmarshal(b, &(*o)[0])
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// IsKeystore reports whether data looks like a JSON key file rather than a secret URI.
func IsKeystore(data []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) }

// NeedsPassword reports whether a JSON key file is encrypted.
func NeedsPassword(data []byte) (bool, error) {
	ks, err := parseKeystore(data)
	if err != nil {
		return false, fmt.Errorf("key file: %w", err)
	}
	return !slices.Equal(ks.Encoding.Type, []string{"none"}), nil
}

// FromKeystore opens a JSON key file of polkadot-js with its password, which a file of type "none" does not need. It
// recomputes the public key and compares it with the one in the encrypted part and with the address. Opening an
// encrypted file takes up to a second and 128 MiB, by design of the format. The error never repeats a secret; it wraps
// [ErrPassword] when the file did not open. Wiping data and password stays with the caller.
func FromKeystore(data, password []byte) (*Pair, error) {
	p, err := openKeystore(data, password, scrypt.Key)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return p, nil
}

// stretch is the signature of scrypt.Key, which tests of everything else replace by something quick.
type stretch func(password, salt []byte, n, r, p, size int) ([]byte, error)

func openKeystore(data, password []byte, kdf stretch) (*Pair, error) {
	ks, err := parseKeystore(data)
	if err != nil {
		return nil, err
	}
	scheme, err := ks.scheme()
	if err != nil {
		return nil, err
	}
	encoded, err := ks.bytes()
	if err != nil {
		return nil, err
	}
	defer wipe(encoded)
	plain, err := ks.decrypt(encoded, password, kdf)
	if err != nil {
		return nil, err
	}
	defer wipe(plain)
	pair, err := decodePKCS8(plain, scheme)
	if err != nil {
		return nil, err
	}
	if err := ks.checkAddress(pair.public); err != nil {
		pair.Wipe()
		return nil, err
	}
	return pair, nil
}

func parseKeystore(data []byte) (*keystore, error) {
	if len(data) > maxKeystore {
		return nil, fmt.Errorf("it has %d bytes, at most %d are accepted", len(data), maxKeystore)
	}
	var ks keystore
	if err := json.Unmarshal(data, &ks); err != nil {
		return nil, errors.New("it is not JSON of the form that polkadot-js exports")
	}
	if ks.Encoded == "" || len(ks.Encoding.Content) == 0 || len(ks.Encoding.Type) == 0 {
		return nil, errors.New(`it lacks "encoded", "encoding.content" or "encoding.type": it is not an account exported by polkadot-js`)
	}
	switch ks.Encoding.Version {
	case "1", "2", "3":
		return &ks, nil
	case "0":
		return nil, errors.New("it has version 0, which does not say what kind of key it holds: " +
			"import it into polkadot-js and export it again")
	}
	return nil, fmt.Errorf("it has version %.20q, only 1, 2 and 3 are known", ks.Encoding.Version)
}

func (ks *keystore) scheme() (Scheme, error) {
	c := ks.Encoding.Content
	if len(c) != 2 || c[0] != "pkcs8" {
		return "", fmt.Errorf(`its content is %.60q instead of "pkcs8" and a key scheme`, c)
	}
	scheme, err := ParseScheme(c[1])
	if err != nil {
		return "", fmt.Errorf("it holds a key of scheme %.20q, only sr25519, ed25519 and ecdsa are supported", c[1])
	}
	return scheme, nil
}

func (ks *keystore) bytes() (b []byte, err error) {
	if digits, isHex := strings.CutPrefix(ks.Encoded, "0x"); isHex {
		b, err = hex.DecodeString(digits)
	} else {
		b, err = base64.StdEncoding.DecodeString(ks.Encoded)
	}
	if err != nil {
		return nil, errors.New(`"encoded" is not valid base64`)
	}
	if len(b) > maxEncoded {
		wipe(b)
		return nil, fmt.Errorf(`"encoded" has %d bytes, at most %d are accepted`, len(b), maxEncoded)
	}
	return b, nil
}

// decrypt returns a copy of the plain bytes. Which steps it takes follows from the type, never from the password.
func (ks *keystore) decrypt(encoded, password []byte, kdf stretch) ([]byte, error) {
	var key [32]byte
	defer wipe(key[:])
	types := ks.Encoding.Type
	switch {
	case slices.Equal(types, []string{"none"}):
		return slices.Clone(encoded), nil
	case len(password) == 0:
		return nil, errors.New("it is encrypted: a password is needed")
	case slices.Equal(types, []string{"scrypt", "xsalsa20-poly1305"}):
		if len(encoded) < scryptHeader {
			return nil, errors.New(`"encoded" is too short`)
		}
		n, p, r, err := scryptParameters(encoded)
		if err != nil {
			return nil, err
		}
		stretched, err := kdf(password, encoded[:32], n, r, p, 64)
		if err != nil || len(stretched) < len(key) {
			return nil, errors.New("its scrypt parameters are not usable")
		}
		copy(key[:], stretched)
		wipe(stretched)
		encoded = encoded[scryptHeader:]
	case slices.Equal(types, []string{"xsalsa20-poly1305"}):
		copy(key[:], password) // versions 1 and 2: cut or padded with zeros to 32 bytes, nothing more
	default:
		return nil, fmt.Errorf("it is encrypted as %.80q, which is not supported", types)
	}
	if len(encoded) < boxNonce+secretbox.Overhead {
		return nil, errors.New(`"encoded" is too short`)
	}
	plain, ok := secretbox.Open(nil, encoded[boxNonce:], (*[boxNonce]byte)(encoded[:boxNonce]), &key)
	if !ok {
		return nil, ErrPassword
	}
	return plain, nil
}

// scryptParameters reads the cost from the header. Only what wallets write is accepted, so that no file can ask for
// gigabytes or for no work at all.
func scryptParameters(header []byte) (n, p, r int, err error) {
	n64 := binary.LittleEndian.Uint32(header[32:])
	p64 := binary.LittleEndian.Uint32(header[36:])
	r64 := binary.LittleEndian.Uint32(header[40:])
	switch [3]uint32{n64, p64, r64} {
	case [3]uint32{1 << 13, 10, 8}, [3]uint32{1 << 14, 5, 8}, [3]uint32{1 << 15, 3, 8},
		[3]uint32{1 << 15, 1, 8}, [3]uint32{1 << 16, 2, 8}, [3]uint32{1 << 17, 1, 8}:
		return int(n64), int(p64), int(r64), nil
	}
	return 0, 0, 0, fmt.Errorf("its scrypt parameters N=%d p=%d r=%d are none that wallets use", n64, p64, r64)
}

// checkAddress compares the address of the file with the key: SS58 with any prefix, or the public key in hexadecimal,
// which wallets write for ecdsa.
func (ks *keystore) checkAddress(pub Public) error {
	if digits, isHex := strings.CutPrefix(ks.Address, "0x"); isHex {
		if key, err := hex.DecodeString(digits); err == nil && bytes.Equal(key, pub.Bytes()) {
			return nil
		}
		return errors.New(`its "address" is not the public key of its secret`)
	}
	_, id, err := ss58.DecodeAccount(ks.Address)
	if err != nil {
		return errors.New(`its "address" is not a valid address`)
	}
	if id != pub.AccountID() {
		return errors.New(`its "address" does not belong to its secret`)
	}
	return nil
}

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
