// Package ss58 reads and writes SS58, the address format of Substrate chains: base58 of a network prefix, a payload
// and a checksum. The payload is mostly a 32-byte account id; ids of 33 bytes and account indices of 1, 2, 4 and
// 8 bytes exist too.
//
// The same account has another address on each network, and any network's address can be re-encoded for another.
// So always compare the prefix with the one of the chain at hand.
package ss58

import (
	"errors"
	"fmt"

	"github.com/mr-tron/base58"

	"github.com/thousand-validators/otv/substrate/hash"
)

// MaxPrefix is the greatest network prefix.
const MaxPrefix = 1<<14 - 1

// maxText bounds the length of an address: 2 bytes of prefix, 33 of payload and 2 of checksum need 51 characters.
const maxText = 64

// Reasons why a text is not an address. The errors of Decode wrap one of them.
var (
	ErrBase58   = errors.New("not base58")
	ErrLength   = errors.New("wrong length")
	ErrPrefix   = errors.New("invalid network prefix")
	ErrChecksum = errors.New("wrong checksum: the address is mistyped")
)

// Encode writes payload as an address of the network with the given prefix. Payloads of 1, 2, 4, 8, 32 and 33 bytes
// and prefixes up to [MaxPrefix] except the reserved 46 and 47 have an address.
func Encode(prefix uint16, payload []byte) (string, error) {
	if !validPrefix(prefix) {
		return "", fmt.Errorf("encode address: network prefix %d: %w", prefix, ErrPrefix)
	}
	sum := checksumSize(len(payload))
	if sum == 0 {
		return "", fmt.Errorf("encode address: payload of %d bytes: %w", len(payload), ErrLength)
	}
	raw := make([]byte, 0, 2+len(payload)+sum)
	if prefix < 64 {
		raw = append(raw, byte(prefix))
	} else {
		raw = append(raw, 0x40|byte(prefix&0xfc>>2), byte(prefix>>8)|byte(prefix&3<<6))
	}
	raw = append(raw, payload...)
	c := checksum(raw)
	return base58.Encode(append(raw, c[:sum]...)), nil
}

// Decode returns the network prefix and the payload of an address.
func Decode(s string) (prefix uint16, payload []byte, err error) {
	if s == "" || len(s) > maxText {
		return 0, nil, fmt.Errorf("decode address of %d characters: %w", len(s), ErrLength)
	}
	raw, err := base58.Decode(s)
	if err != nil {
		return 0, nil, fmt.Errorf("decode address %q: %w", s, ErrBase58)
	}
	prefix, skip, err := splitPrefix(raw)
	if err != nil {
		return 0, nil, fmt.Errorf("decode address %q: %w", s, err)
	}
	for sum := 1; sum <= 2; sum++ {
		end := len(raw) - sum
		if end <= skip || checksumSize(end-skip) != sum {
			continue
		}
		if c := checksum(raw[:end]); string(c[:sum]) != string(raw[end:]) {
			return 0, nil, fmt.Errorf("decode address %q: %w", s, ErrChecksum)
		}
		return prefix, raw[skip:end], nil
	}
	return 0, nil, fmt.Errorf("decode address %q: %d bytes after the prefix: %w", s, len(raw)-skip, ErrLength)
}

// DecodeAccount is Decode for addresses of 32-byte account ids; others are errors.
func DecodeAccount(s string) (prefix uint16, id [32]byte, err error) {
	prefix, payload, err := Decode(s)
	if err != nil {
		return 0, id, err
	}
	if len(payload) != len(id) {
		return 0, id, fmt.Errorf("decode address %q: payload of %d bytes instead of a 32-byte account id: %w",
			s, len(payload), ErrLength)
	}
	return prefix, [32]byte(payload), nil
}

// EncodeAccount writes an account id as an address. With a prefix for which no address exists, which no chain should
// have, it is the id in hexadecimal with 0x in front: readable, and refused by every decoder of addresses.
func EncodeAccount(prefix uint16, id [32]byte) string {
	s, err := Encode(prefix, id[:])
	if err != nil {
		return fmt.Sprintf("0x%x", id)
	}
	return s
}

func validPrefix(p uint16) bool { return p <= MaxPrefix && p != 46 && p != 47 }

// splitPrefix returns the prefix at the beginning of raw and the number of bytes it takes.
func splitPrefix(raw []byte) (prefix uint16, size int, err error) {
	if len(raw) < 2 {
		return 0, 0, ErrLength
	}
	switch b := raw[0]; {
	case b < 0x40:
		prefix, size = uint16(b), 1
	case b < 0x80:
		prefix, size = uint16(b&0x3f)<<2|uint16(raw[1]>>6)|uint16(raw[1]&0x3f)<<8, 2
		if prefix < 64 { // has a form of one byte: an account must not have two addresses on a network
			return 0, 0, ErrPrefix
		}
	default:
		return 0, 0, ErrPrefix
	}
	if !validPrefix(prefix) {
		return 0, 0, ErrPrefix
	}
	return prefix, size, nil
}

// checksumSize is the number of checksum bytes for a payload of n bytes, 0 when there is no such payload.
func checksumSize(n int) int {
	switch n {
	case 1, 2, 4, 8:
		return 1
	case 32, 33:
		return 2
	}
	return 0
}

// checksum is the hash whose first bytes follow the payload.
func checksum(raw []byte) [64]byte {
	var room [128]byte // enough for every address, on the stack
	return hash.Blake2b512(append(append(room[:0], "SS58PRE"...), raw...))
}
