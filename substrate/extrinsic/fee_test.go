package extrinsic

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
)

type callerFunc func(function string, args []byte) ([]byte, error)

func (f callerFunc) CallRuntime(_ context.Context, function string, args []byte) ([]byte, error) {
	return f(function, args)
}

func TestFee(t *testing.T) {
	x := []byte{8, 4, 0}
	answer := unhex(t, "0284d717"+"a10f"+"00"+"00e40b54020000000000000000000000")
	fee, err := Fee(t.Context(), callerFunc(func(function string, args []byte) ([]byte, error) {
		if function != "TransactionPaymentApi_query_info" || !bytes.Equal(args, []byte{8, 4, 0, 3, 0, 0, 0}) {
			t.Errorf("called %s with %x", function, args)
		}
		return answer, nil
	}), x)
	if err != nil || fee.String() != "10000000000" {
		t.Errorf("fee %v, %v", fee, err)
	}
	for n := range len(answer) {
		if _, err := Fee(t.Context(), callerFunc(func(string, []byte) ([]byte, error) { return answer[:n], nil }), x); err == nil {
			t.Errorf("%d bytes of an answer are accepted", n)
		}
	}
	if _, err := Fee(t.Context(), callerFunc(func(string, []byte) ([]byte, error) { return nil, errFake }), x); !errors.Is(err, errFake) {
		t.Errorf("error %v", err)
	}
}

func TestDecodeDryRun(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	tests := []struct {
		raw     string
		invalid Reason
		err     string
	}{
		{"0000", "", ""},
		{"010003", ReasonStale, ""},
		{"010004", ReasonBadProof, ""},
		{"010001", ReasonPayment, ""},
		{"010707", ReasonUnknown, ""},
		{"010100", ReasonUnknown, ""},
		{"0100ff", ReasonInvalid, ""},
		{"010007" + "05", ReasonCustom, ""},
		{"000102", "", "BadOrigin"},
		{"0001030600000000", "", "Staking.NotController: Not a controller account."},
	}
	for _, tt := range tests {
		r, err := DecodeDryRun(md, unhex(t, tt.raw))
		if err != nil || r.Invalid != tt.invalid || (r.Err == nil) != (tt.err == "") || r.Err != nil && r.Err.Error() != tt.err {
			t.Errorf("%s: %+v, %v", tt.raw, r, err)
		}
	}
	for _, raw := range []string{"", "00", "01", "0002", "000000", "0201", "000103", "00010200"} {
		if r, err := DecodeDryRun(md, unhex(t, raw)); err == nil {
			t.Errorf("%q: %+v", raw, r)
		}
	}
	if _, err := DecodeDryRun(&metadata.Metadata{}, []byte{0, 1, 2}); err == nil {
		t.Error("a failure is decoded without metadata")
	}
}
