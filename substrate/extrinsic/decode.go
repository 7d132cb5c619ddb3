package extrinsic

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// MaxSize is the length in bytes up to which Decode accepts extrinsics; blocks take no longer ones.
const MaxSize = 10 << 20

// Kind is the form of an extrinsic.
type Kind string

// The forms: with a signature of its own, with neither signature nor extensions, and with extensions only.
const (
	KindSigned  Kind = "signed"
	KindBare    Kind = "bare"
	KindGeneral Kind = "general"
)

// ErrFormat means that the bytes are no extrinsic of a form this package knows.
var ErrFormat = errors.New("not an extrinsic of a known form")

// Extrinsic is a decoded extrinsic.
type Extrinsic struct {
	// Hash of all its bytes, by which it is known.
	Hash [32]byte
	Kind Kind
	// Version of the format: 4 or 5.
	Version uint8
	// Sender and its signature, nil unless KindSigned.
	Sender *Sender
	// ExtensionSet is the version of the set of extensions; Extensions are empty for KindBare.
	ExtensionSet uint8
	Extensions   []ExtensionValue
	Call         DecodedCall
}

// Sender is who signed an extrinsic.
type Sender struct {
	// Address in the dynamic form of package codec, and the account if the address is that of one.
	Address any
	Account *[32]byte
	// Scheme of the signature; empty if the chain has another kind, whose bytes then are the whole encoding.
	Scheme    keys.Scheme
	Signature []byte
}

// ExtensionValue is what an extension sent, in the dynamic form of package codec; an Era for the one that holds it.
type ExtensionValue struct {
	Identifier string
	Value      any
}

// DecodedCall is a call by names, its arguments in the dynamic form of package codec. Calls inside are variants named
// after the pallet that hold a variant named after the call.
type DecodedCall struct {
	Pallet, Name string
	Args         codec.Struct
	Docs         []string
	Bytes        []byte
}

// Hash is the BLAKE2b-256 hash of the encoded call.
func (c DecodedCall) Hash() [32]byte { return hash.Blake2b256(c.Bytes) }

// Decode takes an extrinsic apart: as found in a block or handed to a node, with its length in front. It must have been
// made for the very runtime of the metadata; the bytes of another one may decode to something wrong.
func Decode(md *metadata.Metadata, b []byte) (*Extrinsic, error) {
	x, err := decode(md, b)
	if err != nil {
		return nil, fmt.Errorf("decode extrinsic: %w", err)
	}
	return x, nil
}

func decode(md *metadata.Metadata, b []byte) (*Extrinsic, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%d bytes, at most %d are accepted: %w", len(b), MaxSize, ErrFormat)
	}
	d := scale.NewDecoder(b)
	body, err := d.Bytes()
	if err != nil {
		return nil, fmt.Errorf("length prefix: %w", err)
	}
	if err := d.End(); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, fmt.Errorf("empty: %w", ErrFormat)
	}
	x := &Extrinsic{Hash: Hash(b), Version: body[0] &^ kindMask}
	kind, rest := body[0]&kindMask, body[1:]
	switch {
	case kind == kindBare && (x.Version == version4 || x.Version == version5):
		x.Kind = KindBare
	case kind == kindSigned && x.Version == version4:
		x.Kind = KindSigned
		if rest, err = x.readSender(md, rest); err != nil {
			return nil, err
		}
		rest, err = x.readExtensions(md, rest)
	case kind == kindGeneral && x.Version == version5:
		x.Kind = KindGeneral
		if len(rest) == 0 {
			return nil, fmt.Errorf("version of the extensions: %w", scale.ErrEnd)
		}
		x.ExtensionSet = rest[0]
		rest, err = x.readExtensions(md, rest[1:])
	default:
		return nil, fmt.Errorf("first byte %#02x: %w", body[0], ErrFormat)
	}
	if err != nil {
		return nil, err
	}
	x.Call, err = decodeCall(md, rest)
	return x, err
}

func (x *Extrinsic) readSender(md *metadata.Metadata, b []byte) ([]byte, error) {
	address, n, err := codec.DecodePrefix(md.Types, md.Extrinsic.Address, b)
	if err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	b = b[n:]
	s := &Sender{Address: address, Account: accountOf(address)}
	signature, n, err := codec.DecodePrefix(md.Types, md.Extrinsic.Signature, b)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	s.Signature = bytes.Clone(b[:n])
	if v, ok := signature.(codec.Variant); ok {
		for _, scheme := range []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.ECDSA} {
			if raw, ok := v.Value().(codec.Bytes); ok && v.Name == scheme.Variant() {
				s.Scheme, s.Signature = scheme, raw
			}
		}
	}
	x.Sender = s
	return b[n:], nil
}

// accountOf is the account of an address: the plain id, or the one in MultiAddress::Id.
func accountOf(address any) *[32]byte {
	if v, ok := address.(codec.Variant); ok && v.Name == "Id" {
		address = v.Value()
	}
	if id, ok := address.(codec.AccountID); ok {
		return (*[32]byte)(&id)
	}
	return nil
}

func (x *Extrinsic) readExtensions(md *metadata.Metadata, b []byte) ([]byte, error) {
	list, ok := md.Extrinsic.ExtensionsOf(x.ExtensionSet)
	if !ok {
		return nil, fmt.Errorf("the metadata has no set of extensions of version %d: %w", x.ExtensionSet, ErrFormat)
	}
	for _, e := range list {
		v, n, err := codec.DecodePrefix(md.Types, e.Extra, b)
		if err != nil {
			return nil, fmt.Errorf("extension %s: %w", e.Identifier, err)
		}
		if e.Identifier == "CheckMortality" || e.Identifier == "CheckEra" {
			if era, used, err := DecodeEra(b[:n]); err == nil && used == n {
				v = era
			}
		}
		x.Extensions = append(x.Extensions, ExtensionValue{e.Identifier, v})
		b = b[n:]
	}
	return b, nil
}

// DecodeCall decodes a call that stands alone. All bytes must be used.
func DecodeCall(md *metadata.Metadata, b []byte) (DecodedCall, error) {
	c, err := decodeCall(md, b)
	if err != nil {
		return DecodedCall{}, fmt.Errorf("decode call: %w", err)
	}
	return c, nil
}

func decodeCall(md *metadata.Metadata, b []byte) (DecodedCall, error) {
	v, err := codec.Decode(md.Types, md.Extrinsic.Call, b)
	if err != nil {
		return DecodedCall{}, fmt.Errorf("call: %w", err)
	}
	pallet, inner, ok := outerVariant(v)
	if !ok {
		return DecodedCall{}, fmt.Errorf("the type of calls is no enum of enums: %w", ErrFormat)
	}
	c := DecodedCall{Pallet: pallet, Name: inner.Name, Args: codec.Struct(inner.Fields), Bytes: bytes.Clone(b)}
	if _, variant, err := md.Call(pallet, inner.Name); err == nil {
		c.Docs = variant.Docs
	}
	return c, nil
}

// outerVariant takes apart a value of an enum over all pallets: the variant named after the pallet, and the one inside.
func outerVariant(v any) (pallet string, inner codec.Variant, ok bool) {
	outer, ok := v.(codec.Variant)
	if !ok {
		return "", codec.Variant{}, false
	}
	inner, ok = outer.Value().(codec.Variant)
	return outer.Name, inner, ok
}
