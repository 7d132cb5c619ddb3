package extrinsic

import (
	"context"
	"fmt"
	"math/big"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Caller runs functions of the runtime: the JSON-RPC method state_call.
type Caller interface {
	CallRuntime(ctx context.Context, function string, args []byte) ([]byte, error)
}

// Fee asks the runtime what including an extrinsic costs, in planck, without the tip. The signature does not matter, so
// that nothing has to be signed: see Payload.Assemble.
func Fee(ctx context.Context, c Caller, extrinsic []byte) (*big.Int, error) {
	const function = "TransactionPaymentApi_query_info"
	args := scale.AppendU32(append([]byte(nil), extrinsic...), uint32(len(extrinsic)))
	out, err := c.CallRuntime(ctx, function, args)
	if err != nil {
		return nil, fmt.Errorf("ask for the fee: %w", err)
	}
	fee, err := decodeFee(out)
	if err != nil {
		return nil, fmt.Errorf("ask for the fee: result of %s: %w", function, err)
	}
	return fee, nil
}

// decodeFee reads two compact weights, the class of the dispatch, and the fee of 128 bits.
func decodeFee(b []byte) (*big.Int, error) {
	d := scale.NewDecoder(b)
	for range 2 {
		if _, err := d.Compact(); err != nil {
			return nil, err
		}
	}
	if _, err := d.U8(); err != nil {
		return nil, err
	}
	lo, hi, err := d.U128()
	if err == nil {
		err = d.End()
	}
	if err != nil {
		return nil, err
	}
	fee := new(big.Int).SetUint64(hi)
	return fee.Lsh(fee, 64).Or(fee, new(big.Int).SetUint64(lo)), nil
}

// DryRun is what the JSON-RPC method system_dryRun says would become of an extrinsic.
type DryRun struct {
	// Invalid says why the extrinsic would not be accepted at all; empty if it would.
	Invalid Reason
	// Err is why the call would fail, nil if it would succeed. Calls inside it may still fail.
	Err *DispatchError
}

// DecodeDryRun reads the result of system_dryRun.
func DecodeDryRun(md *metadata.Metadata, b []byte) (DryRun, error) {
	d := scale.NewDecoder(b)
	outer, err := d.U8()
	if err != nil {
		return DryRun{}, fmt.Errorf("decode dry run: %w", err)
	}
	if outer > 1 || d.Remaining() == 0 {
		return DryRun{}, fmt.Errorf("decode dry run: %x is not a result", b)
	}
	rest := b[1:]
	switch {
	case outer == 1:
		return DryRun{Invalid: validityError(rest)}, nil
	case rest[0] == 0 && len(rest) == 1:
		return DryRun{}, nil
	case rest[0] != 1:
		return DryRun{}, fmt.Errorf("decode dry run: %x is not a result", b)
	}
	for id := range metadata.TypeID(md.Types.Len()) {
		t, ok := md.Types.Type(id)
		if !ok || !isDispatchError(t) {
			continue
		}
		v, err := codec.Decode(md.Types, id, rest[1:])
		if err != nil {
			return DryRun{}, fmt.Errorf("decode dry run: %w", err)
		}
		if variant, ok := v.(codec.Variant); ok {
			return DryRun{Err: newDispatchError(md, variant)}, nil
		}
	}
	return DryRun{}, fmt.Errorf("decode dry run: the metadata does not describe errors of calls")
}

// validityError names a TransactionValidityError, which metadata does not describe everywhere: 00 for invalid and the
// kind, 01 for a validity that cannot be told.
func validityError(b []byte) Reason {
	if len(b) < 2 || b[0] != 0 {
		return ReasonUnknown
	}
	kinds := []Reason{ReasonCall, ReasonPayment, ReasonFuture, ReasonStale, ReasonBadProof, ReasonAncient,
		ReasonExhausts, ReasonCustom}
	if int(b[1]) < len(kinds) {
		return kinds[b[1]]
	}
	return ReasonInvalid
}
