package scale

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
)

// maxCompactBits is the widest compact integer: 67 bytes.
const maxCompactBits = 67 * 8

// AppendU16 appends two bytes.
func AppendU16(dst []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(dst, v) }

// AppendU32 appends four bytes.
func AppendU32(dst []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(dst, v) }

// AppendU64 appends eight bytes.
func AppendU64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }

// AppendU128 appends the sixteen bytes of an integer given by its low and its high half.
func AppendU128(dst []byte, lo, hi uint64) []byte { return AppendU64(AppendU64(dst, lo), hi) }

// AppendBool appends 00 or 01.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendCompact appends v in the shortest compact form.
func AppendCompact(dst []byte, v uint64) []byte {
	switch {
	case v < 1<<6:
		return append(dst, byte(v<<2))
	case v < 1<<14:
		return AppendU16(dst, uint16(v<<2|1))
	case v < 1<<30:
		return AppendU32(dst, uint32(v<<2|2))
	}
	n := (bits.Len64(v) + 7) / 8
	dst = append(dst, byte((n-4)<<2|3))
	for range n {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// AppendCompactBig appends v in the shortest compact form. Negative integers and those of more than 536 bits have
// none: then dst is returned unchanged with an error.
func AppendCompactBig(dst []byte, v *big.Int) ([]byte, error) {
	if v.IsUint64() {
		return AppendCompact(dst, v.Uint64()), nil
	}
	if v.Sign() < 0 {
		return dst, fmt.Errorf("encode compact: %s is negative", v)
	}
	if v.BitLen() > maxCompactBits {
		return dst, fmt.Errorf("encode compact: integer of %d bits, at most %d fit", v.BitLen(), maxCompactBits)
	}
	be := v.Bytes()
	dst = append(dst, byte((len(be)-4)<<2|3))
	for i := len(be) - 1; i >= 0; i-- {
		dst = append(dst, be[i])
	}
	return dst, nil
}

// AppendBytes appends the compact length of v and v.
func AppendBytes(dst, v []byte) []byte { return append(AppendCompact(dst, uint64(len(v))), v...) }

// AppendString appends the compact length of s in bytes and s.
func AppendString(dst []byte, s string) []byte {
	return append(AppendCompact(dst, uint64(len(s))), s...)
}
