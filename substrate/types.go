package substrate

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Hash is the hash of a block.
type Hash [32]byte

// String is 0x and 64 hexadecimal digits.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// Short is the beginning of the hash, for texts.
func (h Hash) Short() string { return "0x" + hex.EncodeToString(h[:4]) + "…" }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what String writes.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := parseHex(string(text))
	if err != nil {
		return err
	}
	if len(b) != len(h) {
		return fmt.Errorf("a hash has 32 bytes, not %d", len(b))
	}
	copy(h[:], b)
	return nil
}

// ParseHash reads a hash of 0x and 64 hexadecimal digits.
func ParseHash(s string) (h Hash, err error) {
	err = h.UnmarshalText([]byte(s))
	return h, err
}

// parseHex reads bytes as nodes write them.
func parseHex(s string) ([]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return nil, errors.New("the bytes do not begin with 0x")
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("the bytes are not hexadecimal: %w", err)
	}
	return b, nil
}

// hexBytes are bytes in a node's answers.
type hexBytes []byte

// UnmarshalJSON reads a JSON string of hexadecimal bytes without another copy of its text; null gives nil.
func (h *hexBytes) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*h = nil
		return nil
	}
	if len(raw) < 4 || raw[0] != '"' || raw[1] != '0' || raw[2] != 'x' || raw[len(raw)-1] != '"' {
		return errors.New("the bytes are not a string that begins with 0x")
	}
	digits := raw[3 : len(raw)-1]
	b := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(b, digits); err != nil {
		return fmt.Errorf("the bytes are not hexadecimal: %w", err)
	}
	*h = b
	return nil
}

// toHex writes bytes as nodes read them.
func toHex(b []byte) string {
	out := make([]byte, 2+hex.EncodedLen(len(b)))
	out[0], out[1] = '0', 'x'
	hex.Encode(out[2:], b)
	return string(out)
}

// header is a block's header as far as it is needed.
type header struct {
	Parent Hash      `json:"parentHash"`
	Number hexNumber `json:"number"`
}

// hexNumber is a block number. Nodes write it in hexadecimal, with or without leading zeros.
type hexNumber uint32

// UnmarshalJSON reads the number.
func (n *hexNumber) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("the block number is not a string: %w", err)
	}
	digits, ok := strings.CutPrefix(text, "0x")
	v, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil || v > 1<<32-1 {
		return fmt.Errorf("%.40q is not a block number", text)
	}
	*n = hexNumber(v)
	return nil
}
