// Package scale reads and writes SCALE, the binary encoding of Substrate chains.
//
// The rules in short: integers are little endian and of fixed width; a compact integer takes one, two or four
// bytes, or a length byte and up to 67 bytes; a sequence is the compact number of its elements followed by the
// elements; structs, tuples and arrays are plain concatenations; an Option is 00, or 01 and the value; an enum is
// the index byte of its variant followed by the variant's fields. Nothing in the bytes says what they mean: that
// knowledge is in a chain's metadata, see packages metadata and codec of this module.
//
// A Decoder never panics and never allocates more than the input can justify, whatever the bytes are. It is strict:
// a compact integer that is not in its shortest form, a bool other than 00 and 01, and text that is not UTF-8 are
// errors, as they are for the chains themselves. Hence every value has exactly one encoding.
package scale

import (
	"errors"
	"fmt"
)

// Reasons why bytes cannot be decoded. An [Error] wraps one of them.
var (
	// ErrEnd means that the input ended before the value did.
	ErrEnd = errors.New("unexpected end of input")
	// ErrCompact means that a compact integer is not in its shortest form.
	ErrCompact = errors.New("compact integer is not in its shortest form")
	// ErrRange means that an integer is greater than the asked width holds.
	ErrRange = errors.New("integer out of range")
	// ErrBool means that a bool is neither 00 nor 01.
	ErrBool = errors.New("bool is neither 00 nor 01")
	// ErrText means that text is not valid UTF-8.
	ErrText = errors.New("text is not valid UTF-8")
	// ErrTrailing means that bytes were left over.
	ErrTrailing = errors.New("bytes left over after the value")
)

// Error says where in the input decoding failed, and why.
type Error struct {
	// Offset of the first byte of the value that could not be read, counted from the start of the input.
	Offset int
	// What was being read: "u32", "compact", "sequence of 7 elements" and so on.
	What string
	// Err is one of the reasons of this package.
	Err error
}

// Error is one sentence with the offset.
func (e *Error) Error() string {
	return fmt.Sprintf("read %s at byte %d: %v", e.What, e.Offset, e.Err)
}

// Unwrap is the reason.
func (e *Error) Unwrap() error { return e.Err }
