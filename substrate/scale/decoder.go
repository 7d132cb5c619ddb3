package scale

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"unicode/utf8"
)

// MaxZeroSized is the greatest number of elements that Count accepts when elements take no bytes, as in Vec<()>:
// there the input cannot bound the number.
const MaxZeroSized = 1 << 16

// Decoder reads values one after another from a byte slice, which it never changes. After an error the offset
// stands where the failed value begins. The zero value reads from an empty input.
type Decoder struct {
	b   []byte
	off int
}

// NewDecoder returns a decoder at the beginning of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{b: b} }

// Reset makes d read from the beginning of b.
func (d *Decoder) Reset(b []byte) { d.b, d.off = b, 0 }

// Remaining is the number of bytes not read yet.
func (d *Decoder) Remaining() int { return len(d.b) - d.off }

// Offset is the number of bytes read so far.
func (d *Decoder) Offset() int { return d.off }

// Since returns the bytes from an earlier offset up to here, without copying; nil if the offset lies outside.
func (d *Decoder) Since(offset int) []byte {
	if offset < 0 || offset > d.off {
		return nil
	}
	return d.b[offset:d.off:d.off]
}

// End returns an error unless all bytes were read.
func (d *Decoder) End() error {
	if d.off < len(d.b) {
		return d.fail(d.off, "end of input, "+strconv.Itoa(len(d.b)-d.off)+" bytes before it", ErrTrailing)
	}
	return nil
}

// fail is an error at offset, where it leaves the decoder.
func (d *Decoder) fail(offset int, what string, err error) error {
	d.off = offset
	return &Error{Offset: offset, What: what, Err: err}
}

// Read returns the next n bytes without copying: they share memory with the input.
func (d *Decoder) Read(n int) ([]byte, error) {
	if n < 0 || n > len(d.b)-d.off {
		return nil, d.fail(d.off, strconv.Itoa(n)+" bytes", ErrEnd)
	}
	p := d.b[d.off : d.off+n : d.off+n]
	d.off += n
	return p, nil
}

// U8 reads one byte.
func (d *Decoder) U8() (byte, error) {
	if d.off >= len(d.b) {
		return 0, d.fail(d.off, "u8", ErrEnd)
	}
	v := d.b[d.off]
	d.off++
	return v, nil
}

// U16 reads two bytes.
func (d *Decoder) U16() (uint16, error) {
	if len(d.b)-d.off < 2 {
		return 0, d.fail(d.off, "u16", ErrEnd)
	}
	v := binary.LittleEndian.Uint16(d.b[d.off:])
	d.off += 2
	return v, nil
}

// U32 reads four bytes.
func (d *Decoder) U32() (uint32, error) {
	if len(d.b)-d.off < 4 {
		return 0, d.fail(d.off, "u32", ErrEnd)
	}
	v := binary.LittleEndian.Uint32(d.b[d.off:])
	d.off += 4
	return v, nil
}

// U64 reads eight bytes.
func (d *Decoder) U64() (uint64, error) {
	if len(d.b)-d.off < 8 {
		return 0, d.fail(d.off, "u64", ErrEnd)
	}
	v := binary.LittleEndian.Uint64(d.b[d.off:])
	d.off += 8
	return v, nil
}

// U128 reads sixteen bytes and returns the low and the high half.
func (d *Decoder) U128() (lo, hi uint64, err error) {
	if len(d.b)-d.off < 16 {
		return 0, 0, d.fail(d.off, "u128", ErrEnd)
	}
	lo = binary.LittleEndian.Uint64(d.b[d.off:])
	hi = binary.LittleEndian.Uint64(d.b[d.off+8:])
	d.off += 16
	return lo, hi, nil
}

// Bool reads one byte that is 00 or 01.
func (d *Decoder) Bool() (bool, error) {
	at := d.off
	v, err := d.U8()
	if err != nil {
		return false, d.fail(at, "bool", ErrEnd)
	}
	if v > 1 {
		return false, d.fail(at, "bool", ErrBool)
	}
	return v == 1, nil
}

// Compact reads a compact integer of up to 64 bits.
func (d *Decoder) Compact() (uint64, error) {
	at := d.off
	if at >= len(d.b) {
		return 0, d.fail(at, "compact", ErrEnd)
	}
	if b := d.b[at]; b&3 == 0 {
		d.off++
		return uint64(b >> 2), nil
	}
	lo, hi, err := d.CompactU128()
	if err == nil && hi != 0 {
		return 0, d.fail(at, "compact of 64 bits", ErrRange)
	}
	return lo, err
}

// CompactU128 reads a compact integer of up to 128 bits and returns the low and the high half.
func (d *Decoder) CompactU128() (lo, hi uint64, err error) {
	at := d.off
	rest := d.b[at:]
	if len(rest) == 0 {
		return 0, 0, d.fail(at, "compact", ErrEnd)
	}
	first := rest[0]
	var size, least int
	switch first & 3 {
	case 0:
		d.off = at + 1
		return uint64(first >> 2), 0, nil
	case 1:
		size, least = 2, 6
	case 2:
		size, least = 4, 14
	default:
		return d.compactLong(at, int(first>>2)+4)
	}
	if len(rest) < size {
		return 0, 0, d.fail(at, "compact", ErrEnd)
	}
	for i := size - 1; i >= 0; i-- {
		lo = lo<<8 | uint64(rest[i])
	}
	lo >>= 2
	if lo>>least == 0 {
		return 0, 0, d.fail(at, "compact", ErrCompact)
	}
	d.off = at + size
	return lo, 0, nil
}

// compactLong reads the form with a length byte at the given offset and n bytes after it.
func (d *Decoder) compactLong(at, n int) (lo, hi uint64, err error) {
	rest := d.b[at+1:]
	if len(rest) < n {
		return 0, 0, d.fail(at, "compact", ErrEnd)
	}
	if n > 16 {
		return 0, 0, d.fail(at, "compact of 128 bits", ErrRange)
	}
	for i := n - 1; i >= 0; i-- {
		hi = hi<<8 | lo>>56
		lo = lo<<8 | uint64(rest[i])
	}
	if rest[n-1] == 0 || (hi == 0 && lo < 1<<30) {
		return 0, 0, d.fail(at, "compact", ErrCompact)
	}
	d.off = at + 1 + n
	return lo, hi, nil
}

// CompactBig reads a compact integer of up to 536 bits, the most the encoding can express.
func (d *Decoder) CompactBig() (*big.Int, error) {
	at := d.off
	if at >= len(d.b) {
		return nil, d.fail(at, "compact", ErrEnd)
	}
	if first := d.b[at]; first&3 != 3 || first>>2 <= 12 {
		lo, hi, err := d.CompactU128()
		if err != nil {
			return nil, err
		}
		return bigFromParts(lo, hi), nil
	}
	n := int(d.b[at]>>2) + 4
	if len(d.b)-at-1 < n {
		return nil, d.fail(at, "compact", ErrEnd)
	}
	raw := d.b[at+1 : at+1+n]
	if raw[n-1] == 0 {
		return nil, d.fail(at, "compact", ErrCompact)
	}
	d.off = at + 1 + n
	return BigFromLE(raw), nil
}

// Bytes reads a compact length and that many bytes, without copying: they share memory with the input.
func (d *Decoder) Bytes() ([]byte, error) {
	at := d.off
	n, err := d.Compact()
	if err != nil {
		return nil, err
	}
	if n > uint64(len(d.b)-d.off) {
		return nil, d.fail(at, strconv.FormatUint(n, 10)+" bytes", ErrEnd)
	}
	return d.Read(int(n))
}

// String reads text: a compact length and that many bytes of UTF-8.
func (d *Decoder) String() (string, error) {
	at := d.off
	b, err := d.Bytes()
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", d.fail(at, "text", ErrText)
	}
	return string(b), nil
}

// Count reads the compact number of elements of a sequence. It is an error when the rest of the input is too short
// for that many elements of at least minElemSize bytes each, so that the result is safe to allocate for. For
// elements of no size the limit is [MaxZeroSized].
func (d *Decoder) Count(minElemSize int) (int, error) {
	at := d.off
	n, err := d.Compact()
	if err != nil {
		return 0, err
	}
	limit := uint64(MaxZeroSized)
	if minElemSize > 0 {
		limit = uint64((len(d.b) - d.off) / minElemSize)
	}
	if n > limit {
		return 0, d.fail(at, "sequence of "+strconv.FormatUint(n, 10)+" elements", ErrEnd)
	}
	return int(n), nil
}

func bigFromParts(lo, hi uint64) *big.Int {
	v := new(big.Int).SetUint64(hi)
	return v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(lo))
}

// BigFromLE is the non-negative integer with the given little-endian bytes.
func BigFromLE(b []byte) *big.Int {
	be := make([]byte, len(b))
	for i, v := range b {
		be[len(b)-1-i] = v
	}
	return new(big.Int).SetBytes(be)
}
