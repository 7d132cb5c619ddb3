package keys

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ChainSafe/go-schnorrkel"
	"github.com/cosmos/go-bip39"
)

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
