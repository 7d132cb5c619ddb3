// Package storage makes and reads the keys under which a runtime keeps its storage.
//
// A key begins with the hashes of the pallet's storage prefix and of the item's name, 16 bytes each. In a map one part
// follows for every part of the map's key: its encoding, hashed as the metadata says. The hashers whose names end in
// Concat, and Identity, leave the encoding readable behind the hash, so that keys found by listing can be decoded;
// from the others nothing can be read back.
package storage

import (
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// PrefixSize is the number of bytes with which all keys of an item begin.
const PrefixSize = 32

// Reasons why a key cannot be made or decoded.
var (
	// ErrArguments means that a key has more parts than the item's.
	ErrArguments = errors.New("too many key parts")
	// ErrKey means that bytes are not a key of the item.
	ErrKey = errors.New("not a key of the storage item")
)

// Hashed stands, in decoded keys, for a part of which only the hash is known.
type Hashed []byte

// String is the hash in hexadecimal.
func (h Hashed) String() string { return codec.Bytes(h).String() }

// MarshalText writes the hash in hexadecimal.
func (h Hashed) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// Prefix is what all keys of an item begin with. The first argument is the storage prefix of the pallet, which
// metadata gives and which mostly is the pallet's name.
func Prefix(palletPrefix, item string) (key [PrefixSize]byte) {
	p, i := hash.Twox128([]byte(palletPrefix)), hash.Twox128([]byte(item))
	copy(key[:], p[:])
	copy(key[16:], i[:])
	return key
}

// Key is the key of an item, or with fewer arguments than the map has key parts, what the keys with these first parts
// begin with. Arguments are values that [codec.Encode] takes.
func Key(reg *metadata.Registry, entry *metadata.StorageEntry, args ...any) ([]byte, error) {
	if len(args) > len(entry.Hashers) || len(args) > len(entry.Keys) {
		return nil, fmt.Errorf("key of %s.%s: %d key parts given, the item has %d: %w",
			entry.Pallet, entry.Name, len(args), len(entry.Hashers), ErrArguments)
	}
	prefix := Prefix(entry.Prefix, entry.Name)
	key := append(make([]byte, 0, PrefixSize+48*len(args)), prefix[:]...)
	for i, arg := range args {
		part, err := codec.Encode(reg, entry.Keys[i], arg)
		if err != nil {
			return nil, fmt.Errorf("key of %s.%s: part %d: %w", entry.Pallet, entry.Name, i+1, err)
		}
		if key, err = AppendHashed(key, entry.Hashers[i], part); err != nil {
			return nil, fmt.Errorf("key of %s.%s: part %d: %w", entry.Pallet, entry.Name, i+1, err)
		}
	}
	return key, nil
}

// AppendHashed appends an encoded key part as a hasher makes it.
func AppendHashed(key []byte, h metadata.Hasher, part []byte) ([]byte, error) {
	switch h {
	case metadata.Blake2_128, metadata.Blake2_128Concat:
		sum := hash.Blake2b128(part)
		key = append(key, sum[:]...)
	case metadata.Blake2_256:
		sum := hash.Blake2b256(part)
		key = append(key, sum[:]...)
	case metadata.Twox128:
		sum := hash.Twox128(part)
		key = append(key, sum[:]...)
	case metadata.Twox256:
		sum := hash.Twox256(part)
		key = append(key, sum[:]...)
	case metadata.Twox64Concat:
		sum := hash.Twox64(part)
		key = append(key, sum[:]...)
	case metadata.Identity:
	default:
		return nil, fmt.Errorf("hasher %d is not known", h)
	}
	if _, readable := hashSize(h); readable {
		key = append(key, part...)
	}
	return key, nil
}

// hashSize is the number of bytes that a hasher puts in front, and whether the part itself follows.
func hashSize(h metadata.Hasher) (size int, readable bool) {
	switch h {
	case metadata.Blake2_128, metadata.Twox128:
		return 16, false
	case metadata.Blake2_256, metadata.Twox256:
		return 32, false
	case metadata.Blake2_128Concat:
		return 16, true
	case metadata.Twox64Concat:
		return 8, true
	case metadata.Identity:
		return 0, true
	}
	return 0, false
}

// DecodeKey returns the parts of a full key as dynamic values of package codec, [Hashed] where the hasher hides them.
// Hashes in front of readable parts are checked.
func DecodeKey(reg *metadata.Registry, entry *metadata.StorageEntry, key []byte) ([]any, error) {
	fail := func(format string, args ...any) ([]any, error) {
		return nil, fmt.Errorf("decode key of %s.%s: %w", entry.Pallet, entry.Name, fmt.Errorf(format, args...))
	}
	prefix := Prefix(entry.Prefix, entry.Name)
	if len(key) < PrefixSize || string(key[:PrefixSize]) != string(prefix[:]) {
		return fail("it begins differently: %w", ErrKey)
	}
	if len(entry.Keys) != len(entry.Hashers) {
		return fail("%d hashers for %d key parts: %w", len(entry.Hashers), len(entry.Keys), ErrKey)
	}
	rest := key[PrefixSize:]
	parts := make([]any, len(entry.Hashers))
	for i, h := range entry.Hashers {
		size, readable := hashSize(h)
		if len(rest) < size {
			return fail("part %d: %d bytes of a hash of %d: %w", i+1, len(rest), size, ErrKey)
		}
		sum := rest[:size]
		rest = rest[size:]
		if !readable {
			parts[i] = append(Hashed{}, sum...)
			continue
		}
		v, used, err := codec.DecodePrefix(reg, entry.Keys[i], rest)
		if err != nil {
			return fail("part %d: %w", i+1, err)
		}
		want, err := AppendHashed(nil, h, rest[:used])
		if err != nil {
			return fail("part %d: %w", i+1, err)
		}
		if string(want[:size]) != string(sum) {
			return fail("part %d: the hash is not the one of the value behind it: %w", i+1, ErrKey)
		}
		parts[i] = v
		rest = rest[used:]
	}
	if len(rest) > 0 {
		return fail("%d bytes too many: %w", len(rest), ErrKey)
	}
	return parts, nil
}
