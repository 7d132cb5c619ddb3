package extrinsic

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// Reason is why a node did not take a transaction.
type Reason string

// The reasons, by the chain's names where it has one.
const (
	ReasonStale           Reason = "Stale"             // the nonce was used already
	ReasonFuture          Reason = "Future"            // the nonce is too high
	ReasonBadProof        Reason = "BadProof"          // signature: made for another runtime version or chain, or the lifetime is over
	ReasonPayment         Reason = "Payment"           // the sender cannot pay the fee
	ReasonAncient         Reason = "AncientBirthBlock" // the chain has forgotten the first block of the lifetime
	ReasonExhausts        Reason = "ExhaustsResources" // it would fill more of a block than is allowed
	ReasonCall            Reason = "Call"              // the call is not expected or not permitted now
	ReasonCustom          Reason = "Custom"            // a rule of the runtime
	ReasonInvalid         Reason = "Invalid"           // another kind of invalidity
	ReasonUnknown         Reason = "Unknown"           // the node cannot tell whether it is valid
	ReasonBanned          Reason = "Banned"            // seen recently and rejected, or already included
	ReasonAlreadyImported Reason = "AlreadyImported"   // it is in the pool: as good as accepted
	ReasonLowPriority     Reason = "LowPriority"       // another one with the same nonce is in the pool
	ReasonPoolFull        Reason = "PoolFull"
	ReasonError           Reason = "Error" // another error, such as a limit on the number of calls
)

// RefusedError means that a node did not take a transaction. It proves nothing about copies submitted before.
type RefusedError struct {
	Reason Reason
	// Err is the node's answer.
	Err error
}

// Error is the reason and the node's words.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the node refused the transaction (%s): %v", e.Reason, e.Err)
}

// Unwrap is the node's answer.
func (e *RefusedError) Unwrap() error { return e.Err }

// Refusal reads the node's answer to a submission. It returns nil for errors that are no answer, such as those of a lost
// connection, after which the transaction may or may not have arrived; and for nil.
func Refusal(err error) *RefusedError {
	var answer *rpc.Error
	if !errors.As(err, &answer) {
		return nil
	}
	reasons := map[int]Reason{
		1010: ReasonInvalid, 1011: ReasonUnknown, 1012: ReasonBanned, 1013: ReasonAlreadyImported,
		1014: ReasonLowPriority, 1016: ReasonPoolFull,
	}
	reason, ok := reasons[answer.Code]
	switch {
	case !ok:
		reason = ReasonError
	case reason == ReasonInvalid:
		reason = invalidity(answer)
	}
	return &RefusedError{Reason: reason, Err: err}
}

// invalidity reads why a transaction is invalid. Nodes tell it in English in the data of the error; some tools that
// stand in for nodes tell it as JSON in the message: {"invalid":{"stale":null}}.
func invalidity(e *rpc.Error) Reason {
	var named struct {
		Invalid map[string]json.RawMessage `json:"invalid"`
	}
	if json.Unmarshal([]byte(e.Message), &named) == nil {
		for name := range named.Invalid {
			for _, r := range []Reason{ReasonStale, ReasonFuture, ReasonBadProof, ReasonPayment, ReasonAncient,
				ReasonExhausts, ReasonCall, ReasonCustom} {
				if strings.EqualFold(name, string(r)) {
					return r
				}
			}
		}
	}
	text := strings.ToLower(e.Message + " " + string(e.Data))
	for _, known := range []struct {
		words  string
		reason Reason
	}{
		{"outdated", ReasonStale},
		{"valid in the future", ReasonFuture},
		{"bad signature", ReasonBadProof},
		{"inability to pay", ReasonPayment},
		{"ancient birth block", ReasonAncient},
		{"exhaust", ReasonExhausts},
		{"call is not expected", ReasonCall},
		{"custom error", ReasonCustom},
	} {
		if strings.Contains(text, known.words) {
			return known.reason
		}
	}
	return ReasonInvalid
}
