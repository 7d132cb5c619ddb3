// Package hash has the hash functions of Substrate chains: Twox, which is xxHash64 run with the seeds 0, 1, 2, 3 and
// the results joined little endian, and BLAKE2b with 16, 32 or 64 bytes of output.
//
// Twox is fast and not collision resistant; chains use it for keys that nobody can choose.
package hash

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/crypto/blake2b"
)

// Twox64 is xxHash64 with seed 0.
func Twox64(b []byte) (out [8]byte) {
	twox(out[:], b)
	return out
}

// Twox128 is xxHash64 with seeds 0 and 1.
func Twox128(b []byte) (out [16]byte) {
	twox(out[:], b)
	return out
}

// Twox256 is xxHash64 with seeds 0 to 3.
func Twox256(b []byte) (out [32]byte) {
	twox(out[:], b)
	return out
}

func twox(out, b []byte) {
	binary.LittleEndian.PutUint64(out, xxhash.Sum64(b))
	for seed := 1; seed*8 < len(out); seed++ {
		d := xxhash.NewWithSeed(uint64(seed))
		_, _ = d.Write(b) // never fails, says the library
		binary.LittleEndian.PutUint64(out[seed*8:], d.Sum64())
	}
}

// Blake2b128 is BLAKE2b with 16 bytes of output.
func Blake2b128(b []byte) (out [16]byte) {
	h, err := blake2b.New(len(out), nil)
	if err != nil {
		return out // cannot happen: the size is valid and there is no key
	}
	_, _ = h.Write(b)
	h.Sum(out[:0])
	return out
}

// Blake2b256 is BLAKE2b with 32 bytes of output.
func Blake2b256(b []byte) [32]byte { return blake2b.Sum256(b) }

// Blake2b512 is BLAKE2b with 64 bytes of output.
func Blake2b512(b []byte) [64]byte { return blake2b.Sum512(b) }
