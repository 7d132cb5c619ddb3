package extrinsic

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/thousand-validators/otv/substrate/rpc"
)

func TestParseStatus(t *testing.T) {
	hash := "0x1111111111111111111111111111111111111111111111111111111111111111"
	tests := []struct {
		raw  string
		want Status
		ends bool
	}{
		{`"future"`, Status{Kind: StatusFuture}, false},
		{`"ready"`, Status{Kind: StatusReady}, false},
		{`{"ready":null}`, Status{Kind: StatusReady}, false},
		{`{"broadcast":["12D3","12D4"]}`, Status{Kind: StatusBroadcast}, false},
		{`{"inBlock":"` + hash + `"}`, Status{StatusInBlock, fill(0x11)}, false},
		{`{"retracted":"` + hash + `"}`, Status{StatusRetracted, fill(0x11)}, false},
		{`{"finalityTimeout":"` + hash + `"}`, Status{StatusFinalityTimeout, fill(0x11)}, true},
		{`{"finalized":"` + hash + `"}`, Status{StatusFinalized, fill(0x11)}, true},
		{`{"usurped":"` + hash + `"}`, Status{StatusUsurped, fill(0x11)}, true},
		{`"dropped"`, Status{Kind: StatusDropped}, true},
		{`"invalid"`, Status{Kind: StatusInvalid}, true},
		{`"brandNew"`, Status{Kind: "brandNew"}, false},
		{`{"brandNew":{"a":1}}`, Status{Kind: "brandNew"}, false},
	}
	for _, tt := range tests {
		got, err := ParseStatus(json.RawMessage(tt.raw))
		if err != nil || got != tt.want || got.Ends() != tt.ends {
			t.Errorf("%s: %+v, %v, ends %t", tt.raw, got, err, got.Ends())
		}
	}
	for _, raw := range []string{``, `null`, `""`, `1`, `[]`, `{}`, `{"ready":null,"future":null}`, `"finalized"`, `{"finalized":null}`,
		`{"finalized":"0x11"}`, `{"inBlock":7}`, `{"inBlock":"zz"}`, `{"usurped":`} {
		if got, err := ParseStatus(json.RawMessage(raw)); err == nil {
			t.Errorf("%q: accepted as %+v", raw, got)
		}
	}
}

func FuzzParseStatus(f *testing.F) {
	for _, s := range []string{`"ready"`, `{"ready":null}`, `{"finalized":"0x11"}`, `[`, `{"a":1,"b":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := ParseStatus(raw)
		if err == nil && s.Kind == "" {
			t.Errorf("%q: a status without a name", raw)
		}
	})
}

func TestRefusal(t *testing.T) {
	tests := []struct {
		code          int
		message, data string
		want          Reason
	}{
		{1010, "Invalid Transaction", `"Transaction is outdated"`, ReasonStale},
		{1010, "Invalid Transaction", `"Transaction will be valid in the future"`, ReasonFuture},
		{1010, "Invalid Transaction", `"Transaction has a bad signature"`, ReasonBadProof},
		{1010, "Invalid Transaction", `"Inability to pay some fees (e.g. account balance too low)"`, ReasonPayment},
		{1010, "Invalid Transaction", `"Transaction has an ancient birth block"`, ReasonAncient},
		{1010, "Invalid Transaction", `"Transaction would exhaust the block limits"`, ReasonExhausts},
		{1010, "Invalid Transaction", `"Transaction call is not expected"`, ReasonCall},
		{1010, "Invalid Transaction", `"Custom error: 7"`, ReasonCustom},
		{1010, "Invalid Transaction", "", ReasonInvalid},
		{1010, `{"invalid":{"stale":null}}`, "", ReasonStale},
		{1010, `{"invalid":{"badProof":null}}`, "", ReasonBadProof},
		{1010, `{"invalid":{"custom":5}}`, "", ReasonCustom},
		{1010, `{"invalid":{"brandNew":null}}`, "", ReasonInvalid},
		{1011, "Unknown Transaction Validity", "", ReasonUnknown},
		{1012, "Transaction is temporarily banned", "", ReasonBanned},
		{1013, "Transaction Already Imported", "", ReasonAlreadyImported},
		{1014, "Priority is too low: (1 vs 2)", "", ReasonLowPriority},
		{1016, "Immediately Dropped", "", ReasonPoolFull},
		{-32601, "Method not found", "", ReasonError},
		{0, "unknown", "", ReasonError},
	}
	for _, tt := range tests {
		answer := &rpc.Error{Code: tt.code, Message: tt.message, Data: json.RawMessage(tt.data)}
		got := Refusal(errors.Join(errors.New("submit"), answer))
		if got == nil || got.Reason != tt.want || !errors.Is(got, answer) {
			t.Errorf("%d %s %s: %v, want %s", tt.code, tt.message, tt.data, got, tt.want)
		}
	}
	for _, err := range []error{nil, errFake, &rpc.ConnError{Doing: "read", Err: errFake}, &rpc.TimeoutError{}} {
		if got := Refusal(err); got != nil {
			t.Errorf("%v is taken for a refusal: %v", err, got)
		}
	}
}
