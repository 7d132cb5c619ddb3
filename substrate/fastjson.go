package substrate

import (
	"bytes"
	"encoding/hex"
)

// The answers that carry nearly all bytes, pages of keys and sets of values, are read here in one pass when they have the
// form that nodes write. Anything else, right or wrong, is left to encoding/json. What comes here has been found to be
// valid JSON already.

// cursor reads JSON text from the left.
type cursor struct {
	b []byte
	i int
}

// take skips blanks and takes a character, if it is the one wanted.
func (c *cursor) take(want byte) bool {
	for c.i < len(c.b) {
		switch ch := c.b[c.i]; ch {
		case ' ', '\t', '\r', '\n':
			c.i++
		case want:
			c.i++
			return true
		default:
			return false
		}
	}
	return false
}

// literal takes a text that follows at once.
func (c *cursor) literal(want string) bool {
	if len(c.b)-c.i < len(want) || string(c.b[c.i:c.i+len(want)]) != want {
		return false
	}
	c.i += len(want)
	return true
}

// hexText takes a string of 0x and digits and returns the digits, which the caller checks. A string with anything to be
// unescaped has no digits only, and fails there.
func (c *cursor) hexText() ([]byte, bool) {
	if !c.take('"') || !c.literal("0x") {
		return nil, false
	}
	rest := c.b[c.i:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil, false
	}
	c.i += end + 1
	return rest[:end], true
}

// end tells whether only blanks are left.
func (c *cursor) end() bool {
	c.take(0) // skips blanks; there is no such character in JSON
	return c.i == len(c.b)
}

func unhex(digits []byte) ([]byte, bool) {
	b := make([]byte, hex.DecodedLen(len(digits)))
	_, err := hex.Decode(b, digits)
	return b, err == nil
}

// fastKeys reads ["0x...", ...].
func fastKeys(raw []byte) ([][]byte, bool) {
	c := cursor{b: raw}
	if !c.take('[') {
		return nil, false
	}
	keys := [][]byte{}
	if c.take(']') {
		return keys, c.end()
	}
	for {
		digits, ok := c.hexText()
		if !ok {
			return nil, false
		}
		key, ok := unhex(digits)
		if !ok {
			return nil, false
		}
		keys = append(keys, key)
		if c.take(']') {
			return keys, c.end()
		}
		if !c.take(',') {
			return nil, false
		}
	}
}

// fastValues reads [{"block": "0x...", "changes": [["0x...", "0x..." or null], ...]}] with exactly the given block and keys,
// all 0x text, and puts the values in their places.
func fastValues(raw []byte, block string, keys []string, values [][]byte) bool {
	c := cursor{b: raw}
	if !c.take('[') || !c.take('{') || !c.take('"') || !c.literal(`block"`) || !c.take(':') {
		return false
	}
	if digits, ok := c.hexText(); !ok || string(digits) != block[2:] {
		return false
	}
	if !c.take(',') || !c.take('"') || !c.literal(`changes"`) || !c.take(':') || !c.take('[') {
		return false
	}
	for i, key := range keys {
		if i > 0 && !c.take(',') || !c.take('[') {
			return false
		}
		if digits, ok := c.hexText(); !ok || string(digits) != key[2:] || !c.take(',') {
			return false
		}
		if c.take('n') {
			if !c.literal("ull") {
				return false
			}
			values[i] = nil
		} else {
			digits, ok := c.hexText()
			if !ok {
				return false
			}
			if values[i], ok = unhex(digits); !ok {
				return false
			}
		}
		if !c.take(']') {
			return false
		}
	}
	return c.take(']') && c.take('}') && c.take(']') && c.end()
}
