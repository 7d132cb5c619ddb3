package extrinsic

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// ErrExtension means that the runtime has a transaction extension which needs data that this package cannot know.
var ErrExtension = errors.New("transaction extension is not supported")

// extensionSet is the version of the set of extensions that signed extrinsics of format version 4 carry.
const extensionSet = 0

// extensions encodes the data of all extensions: what is sent, and what is only signed.
func extensions(chain Chain, opts Options) (extra, additional []byte, err error) {
	md := chain.Metadata
	list, ok := md.Extrinsic.ExtensionsOf(extensionSet)
	if !ok {
		return nil, nil, fmt.Errorf("the metadata lists no transaction extensions of version %d", extensionSet)
	}
	for _, e := range list {
		v, err := extensionValues(chain, opts, e)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %s: %w", ErrExtension, e.Identifier, err)
		}
		extra, additional = append(extra, v.extra...), append(additional, v.additional...)
	}
	return extra, additional, nil
}

// values is the data of one extension.
type values struct{ extra, additional []byte }

// extensionValues encodes the data of one extension and compares it with the types in the metadata, so that an
// extension that changed its form is refused rather than mis-signed.
func extensionValues(chain Chain, opts Options, e metadata.Extension) (v values, err error) {
	reg := chain.Metadata.Types
	switch e.Identifier {
	case "CheckSpecVersion":
		v.additional = scale.AppendU32(nil, chain.SpecVersion)
	case "CheckTxVersion":
		v.additional = scale.AppendU32(nil, chain.TransactionVersion)
	case "CheckGenesis":
		v.additional = chain.Genesis[:]
	case "CheckMortality", "CheckEra":
		v.extra, v.additional = opts.Era.Append(nil), opts.BirthHash[:]
		if opts.Era.IsImmortal() {
			v.additional = chain.Genesis[:]
		}
	case "CheckNonce":
		v.extra = scale.AppendCompact(nil, opts.Nonce)
	case "ChargeTransactionPayment":
		v.extra, err = scale.AppendCompactBig(nil, opts.tip())
	case "ChargeAssetTxPayment":
		if v.extra, err = scale.AppendCompactBig(nil, opts.tip()); err == nil {
			v.extra = append(v.extra, 0) // no asset: the fee is paid in the chain's own token
		}
	case "CheckMetadataHash":
		v.extra, err = disabled(reg, e.Extra)
		v.additional = []byte{0} // no hash
	case "RestrictOrigins":
		v.extra = []byte{0} // an ordinary origin
	}
	if err != nil {
		return values{}, err
	}
	if v.extra, err = checked(reg, e.Extra, v.extra); err != nil {
		return values{}, err
	}
	if v.additional, err = checked(reg, e.Additional, v.additional); err != nil {
		return values{}, fmt.Errorf("signed data: %w", err)
	}
	return v, nil
}

// checked returns the data for a type: nothing where nothing fits, none for an Option of an unknown extension, and
// otherwise b if it is a value of the type.
func checked(reg *metadata.Registry, id metadata.TypeID, b []byte) ([]byte, error) {
	if b == nil {
		if isNothing(reg, id) {
			return nil, nil
		}
		if t, ok := inside(reg, id); ok {
			if _, ok := optionOf(t); ok {
				return []byte{0}, nil
			}
		}
		return nil, fmt.Errorf("it needs a value of type %s", reg.Name(id))
	}
	if _, err := codec.Decode(reg, id, b); err != nil {
		return nil, fmt.Errorf("its data has a form that is not known: %w", err)
	}
	return b, nil
}

// disabled encodes the variant Disabled of a mode, which may be the only field of a struct.
func disabled(reg *metadata.Registry, id metadata.TypeID) ([]byte, error) {
	t, ok := reg.Type(id)
	if ok && t.Kind == metadata.Composite && len(t.Fields) == 1 {
		t, ok = inside(reg, t.Fields[0].Type)
	}
	if ok && t.Kind == metadata.Enum {
		if v, ok := t.VariantByName("Disabled"); ok && len(v.Fields) == 0 {
			return []byte{v.Index}, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be disabled", reg.Name(id))
}

// tip is the tip, zero when there is none.
func (o Options) tip() *big.Int {
	if o.Tip == nil {
		return new(big.Int)
	}
	return o.Tip
}
