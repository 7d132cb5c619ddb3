package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/thousand-validators/otv/substrate/ss58"
)

// AccountID is a 32-byte account id. It knows no network; in text it is 0x and hexadecimal, and [WithAddresses] writes
// it as an address.
type AccountID [32]byte

// String is the id in hexadecimal.
func (a AccountID) String() string { return "0x" + hex.EncodeToString(a[:]) }

// MarshalText writes the id in hexadecimal.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Bytes are bytes without a known meaning, in text 0x and hexadecimal.
type Bytes []byte

// String is the hexadecimal form.
func (b Bytes) String() string { return "0x" + hex.EncodeToString(b) }

// MarshalText writes the hexadecimal form.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// BigInt is an integer of more than 64 bits, in text decimal. The zero value is 0.
type BigInt struct{ n *big.Int }

// NewBigInt is an integer with the value of n, which must not be changed later.
func NewBigInt(n *big.Int) BigInt { return BigInt{n} }

// Big is the integer. The caller may change it.
func (i BigInt) Big() *big.Int {
	if i.n == nil {
		return new(big.Int)
	}
	return new(big.Int).Set(i.n)
}

// String is the decimal form.
func (i BigInt) String() string {
	if i.n == nil {
		return "0"
	}
	return i.n.String()
}

// MarshalText writes the decimal form; in JSON that is a string, as most readers of JSON lose digits of large numbers.
func (i BigInt) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// Bits is a sequence of bits, in text 0b and the bits from the first to the last.
type Bits []bool

// String is the textual form.
func (b Bits) String() string {
	var sb strings.Builder
	sb.Grow(2 + len(b))
	sb.WriteString("0b")
	for _, bit := range b {
		if bit {
			sb.WriteByte('1')
		} else {
			sb.WriteByte('0')
		}
	}
	return sb.String()
}

// MarshalText writes the textual form.
func (b Bits) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// Field is one field of a Struct or a Variant. Fields of tuple-like variants have no name.
type Field struct {
	Name  string
	Value any
}

// Struct is a value with named fields, in their order.
type Struct []Field

// Get finds a field's value by its name.
func (s Struct) Get(name string) (any, bool) {
	for _, f := range s {
		if f.Name == name {
			return f.Value, true
		}
	}
	return nil, false
}

// MarshalJSON writes an object with the fields in their order.
func (s Struct) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i, f := range s {
		if i > 0 {
			buf.WriteByte(',')
		}
		if err := member(&buf, f.Name, f.Value); err != nil {
			return nil, err
		}
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// Variant is a value of an enum.
type Variant struct {
	Name   string
	Fields []Field
}

// Value is what the variant carries: nil without fields, the value of its only field if that has no name, a Struct
// if the fields have names, else []any.
func (v Variant) Value() any {
	switch {
	case len(v.Fields) == 0:
		return nil
	case v.Fields[0].Name != "":
		return Struct(v.Fields)
	case len(v.Fields) == 1:
		return v.Fields[0].Value
	}
	list := make([]any, len(v.Fields))
	for i, f := range v.Fields {
		list[i] = f.Value
	}
	return list
}

// MarshalJSON writes "Name" for a variant without fields, else {"Name": value}.
func (v Variant) MarshalJSON() ([]byte, error) {
	if len(v.Fields) == 0 {
		return marshal(v.Name)
	}
	var buf bytes.Buffer
	buf.WriteByte('{')
	if err := member(&buf, v.Name, v.Value()); err != nil {
		return nil, err
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// member writes a member of a JSON object.
func member(buf *bytes.Buffer, name string, value any) error {
	key, err := marshal(name)
	if err != nil {
		return err
	}
	val, err := marshal(value)
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	buf.Write(key)
	buf.WriteByte(':')
	buf.Write(val)
	return nil
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

// WithAddresses returns a copy of a dynamic value in which every account id is replaced by its address in the network
// with the given SS58 prefix.
func WithAddresses(v any, prefix uint16) any {
	switch v := v.(type) {
	case AccountID:
		return ss58.EncodeAccount(prefix, v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = WithAddresses(v[i], prefix)
		}
		return out
	case Struct:
		return Struct(fieldsWithAddresses(v, prefix))
	case Variant:
		return Variant{Name: v.Name, Fields: fieldsWithAddresses(v.Fields, prefix)}
	}
	return v
}

func fieldsWithAddresses(fields []Field, prefix uint16) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = Field{Name: f.Name, Value: WithAddresses(f.Value, prefix)}
	}
	return out
}
