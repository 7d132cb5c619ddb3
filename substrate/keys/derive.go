package keys

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/cosmos/go-bip39"
	"github.com/gtank/merlin"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/scale"
)

// derive walks a path from a seed to the key pair at its end.
func derive(seed [SeedSize]byte, path []junction, scheme Scheme) (*Pair, error) {
	defer func() { wipe(seed[:]) }()
	if scheme == Sr25519 {
		return deriveSr25519(seed, path)
	}
	domain := "Ed25519HDKD"
	if scheme == ECDSA {
		domain = "Secp256k1HDKD"
	}
	for i, j := range path {
		if !j.hard {
			return nil, fmt.Errorf("junction %d of the path is soft (a single slash), which only sr25519 keys have", i+1)
		}
		material := append(scale.AppendString(nil, domain), seed[:]...)
		material = append(material, j.code[:]...)
		seed = hash.Blake2b256(material)
		wipe(material)
	}
	return FromSeed(seed[:], scheme)
}

func deriveSr25519(seed [SeedSize]byte, path []junction) (*Pair, error) {
	sk, err := expandSr25519(seed)
	if err != nil {
		return nil, err
	}
	for i, j := range path {
		next, err := stepSr25519(sk, j)
		wipeSr25519(sk)
		if err != nil {
			return nil, fmt.Errorf("junction %d of the path: %w", i+1, err)
		}
		sk = next
	}
	defer wipeSr25519(sk)
	return fromSr25519(sk)
}

// stepSr25519 takes one junction. A hard one makes a new seed of the secret key; a soft one adds to the scalar a number
// that follows from the public key, so that the same step can be taken from the public key alone.
func stepSr25519(sk *schnorrkel.SecretKey, j junction) (*schnorrkel.SecretKey, error) {
	if j.hard {
		mini, _, err := sk.HardDeriveMiniSecretKey(nil, j.code)
		if err != nil {
			return nil, errors.New("hard derivation failed")
		}
		defer func() { _ = mini.Decode([schnorrkel.MiniSecretKeySize]byte{}) }()
		return mini.ExpandEd25519(), nil
	}
	t := merlin.NewTranscript("SchnorrRistrettoHDKD")
	t.AppendMessage([]byte("sign-bytes"), nil)
	ext, err := sk.DeriveKey(t, j.code)
	if err != nil {
		return nil, errors.New("soft derivation failed")
	}
	next, err := ext.Secret()
	if err != nil {
		return nil, errors.New("soft derivation failed")
	}
	return next, nil
}

// checkPhrase says what is wrong with a phrase in more words than the library does, and without the phrase's own.
func checkPhrase(phrase string) error {
	words := strings.Split(phrase, " ")
	for _, w := range words {
		if w == "" {
			return errors.New("its words are not separated by single spaces")
		}
	}
	switch len(words) {
	case 12, 15, 18, 21, 24:
	case 1:
		if len(phrase) == 2*SeedSize && strings.Trim(strings.ToLower(phrase), "0123456789abcdef") == "" {
			return errors.New("it looks like a raw seed: write 0x in front of it")
		}
		fallthrough
	default:
		return fmt.Errorf("its phrase has %d words instead of 12, 15, 18, 21 or 24", len(words))
	}
	for i, w := range words {
		if _, ok := bip39.ReverseWordMap[w]; !ok {
			return fmt.Errorf("word %d of the phrase is not in the English BIP39 word list", i+1)
		}
	}
	if _, err := bip39.MnemonicToByteArray(phrase); err != nil {
		return errors.New("the words of the phrase do not belong together (wrong checksum): one is mistyped or out of place")
	}
	return nil
}

// phraseSeed stretches the entropy of a checked phrase. The library's own errors are dropped, for they repeat words.
func phraseSeed(phrase, password string) (seed [SeedSize]byte, err error) {
	long, err := schnorrkel.SeedFromMnemonic(phrase, password)
	if err != nil {
		return seed, errors.New("the phrase is not a valid BIP39 phrase")
	}
	copy(seed[:], long[:])
	wipe(long[:])
	return seed, nil
}
