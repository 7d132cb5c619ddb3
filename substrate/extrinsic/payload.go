package extrinsic

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// First bytes of an extrinsic: two bits for the kind and six for the format version.
const (
	kindBare    = 0x00
	kindGeneral = 0x40
	kindSigned  = 0x80
	kindMask    = 0xc0

	version4 = 4
	version5 = 5
)

// maxUnhashed is the length in bytes up to which a payload is signed as it is.
const maxUnhashed = 256

// Chain is the runtime that a transaction is made for. All of it must be read at one block: a transaction signed for an
// older version than the one running is refused as having a bad signature.
type Chain struct {
	Metadata           *metadata.Metadata
	Genesis            [32]byte
	SpecVersion        uint32
	TransactionVersion uint32
}

// Options vary from one transaction to the next.
type Options struct {
	// Nonce of the sender: how many of its transactions came before.
	Nonce uint64
	// Tip to the block's author in planck; nil means none.
	Tip *big.Int
	// Era is the lifetime, and BirthHash the hash of its first block, which is not needed for an immortal one.
	Era       Era
	BirthHash [32]byte
}

// Payload is everything that a signature covers, in three parts.
type Payload struct {
	chain                   Chain
	call, extra, additional []byte
}

// NewPayload encodes what has to be signed. It fails with [ErrExtension] when the runtime wants data that this package
// cannot know, and with [ErrOtherRuntime] when the call was made for another runtime.
func NewPayload(chain Chain, call RuntimeCall, opts Options) (*Payload, error) {
	if chain.Metadata == nil || call.md != chain.Metadata {
		return nil, fmt.Errorf("build the signing payload: %w", ErrOtherRuntime)
	}
	if !slices.Contains(chain.Metadata.Extrinsic.Versions, version4) {
		return nil, fmt.Errorf("build the signing payload: the runtime accepts extrinsics of versions %d, version %d is what can be made",
			chain.Metadata.Extrinsic.Versions, version4)
	}
	if !opts.Era.IsImmortal() && opts.BirthHash == [32]byte{} {
		return nil, fmt.Errorf("build the signing payload: the hash of the first block of the lifetime is missing")
	}
	extra, additional, err := extensions(chain, opts)
	if err != nil {
		return nil, fmt.Errorf("build the signing payload: %w", err)
	}
	return &Payload{chain, call.bytes, extra, additional}, nil
}

// Call, Extra and Additional are copies of the parts.
func (p *Payload) Call() []byte { return bytes.Clone(p.call) }

// Extra is the part of the extensions' data that is sent with the transaction.
func (p *Payload) Extra() []byte { return bytes.Clone(p.extra) }

// Additional is the part of the extensions' data that is only signed.
func (p *Payload) Additional() []byte { return bytes.Clone(p.additional) }

// Bytes is call ‖ extra ‖ additional.
func (p *Payload) Bytes() []byte { return slices.Concat(p.call, p.extra, p.additional) }

// Message is what gets signed: Bytes, or its BLAKE2b-256 hash when longer than 256 bytes.
func (p *Payload) Message() []byte {
	b := p.Bytes()
	if len(b) > maxUnhashed {
		h := hash.Blake2b256(b)
		return h[:]
	}
	return b
}

// Signer is a key that signs; a *keys.Pair is one.
type Signer interface {
	Public() keys.Public
	Sign(message []byte) ([]byte, error)
}

// Sign signs the payload and returns the whole extrinsic, ready to submit. The signature is verified before it is
// returned, so that a broken signer cannot send anything.
func (p *Payload) Sign(signer Signer) ([]byte, error) {
	message := p.Message()
	sig, err := signer.Sign(message)
	if err != nil {
		return nil, fmt.Errorf("sign the transaction: %w", err)
	}
	if !signer.Public().Verify(message, sig) {
		return nil, fmt.Errorf("sign the transaction: the signature made with %s does not verify", signer.Public())
	}
	return p.Assemble(signer.Public(), sig)
}

// Assemble puts the sender and a signature made elsewhere around the payload. The signature is not verified: with one of
// zeros, the result has the size of the real extrinsic, which is what asking for the fee needs.
func (p *Payload) Assemble(sender keys.Public, signature []byte) ([]byte, error) {
	if want := sender.Scheme().SignatureSize(); want == 0 || len(signature) != want {
		return nil, fmt.Errorf("assemble the extrinsic: a signature of %d bytes by %s", len(signature), sender)
	}
	body := []byte{kindSigned | version4}
	body, err := p.appendSender(body, sender.AccountID())
	if err != nil {
		return nil, fmt.Errorf("assemble the extrinsic: %w", err)
	}
	if body, err = p.appendSignature(body, sender.Scheme(), signature); err != nil {
		return nil, fmt.Errorf("assemble the extrinsic: %w", err)
	}
	return scale.AppendBytes(nil, slices.Concat(body, p.extra, p.call)), nil
}

func (p *Payload) appendSender(dst []byte, account [32]byte) ([]byte, error) {
	md := p.chain.Metadata
	if md.Extrinsic.Address == metadata.NoType {
		return nil, fmt.Errorf("the metadata does not name the type of senders")
	}
	return appendValue(dst, md, md.Extrinsic.Address, account, maxNesting)
}

func (p *Payload) appendSignature(dst []byte, scheme keys.Scheme, signature []byte) ([]byte, error) {
	md := p.chain.Metadata
	t, ok := inside(md.Types, md.Extrinsic.Signature)
	if !ok || t.Kind != metadata.Enum {
		return nil, fmt.Errorf("the metadata does not name a type of signatures with several schemes")
	}
	v, ok := t.VariantByName(scheme.Variant())
	if !ok || len(v.Fields) != 1 {
		return nil, fmt.Errorf("the chain accepts no %s signatures", scheme)
	}
	if size, fixed := md.Types.FixedSize(v.Fields[0].Type); !fixed || size != len(signature) {
		return nil, fmt.Errorf("the chain has %s signatures of %d bytes, not %d", scheme, size, len(signature))
	}
	return append(append(dst, v.Index), signature...), nil
}

// BareExtrinsic encodes an extrinsic without sender and signature, of format version 4 or 5.
func BareExtrinsic(call RuntimeCall, version uint8) ([]byte, error) {
	if call.md == nil || !slices.Contains(call.md.Extrinsic.Versions, version) || (version != version4 && version != version5) {
		return nil, fmt.Errorf("encode a bare extrinsic: the runtime does not accept format version %d", version)
	}
	return scale.AppendBytes(nil, append([]byte{kindBare | version}, call.bytes...)), nil
}

// Hash is the hash of a whole extrinsic, its length prefix included, by which it is known once submitted.
func Hash(extrinsic []byte) [32]byte { return hash.Blake2b256(extrinsic) }
