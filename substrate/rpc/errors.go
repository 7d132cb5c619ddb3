package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Error codes that nodes use beyond those of JSON-RPC itself.
const (
	CodeMethodNotFound   = -32601 // also "RPC call is unsafe to be called externally"
	CodeBatchUnsupported = -32005 // some providers use it for their request limit
	CodeTooManySubs      = -32006
	CodeRequestTooBig    = -32007
	CodeResponseTooBig   = -32008
	CodeBusy             = -32009
	CodeBatchTooLong     = -32010
	CodeBatchTooBig      = -32011
	CodeRateLimited      = -32999
	CodeClient           = 4003 // "Client error: ...": pruned state and failed runtime calls
)

// Error is an error the node answered.
type Error struct {
	Code    int             `json:"code"` // 0 when the node gave none
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (e *Error) Error() string {
	text := strings.TrimSpace(e.Message)
	if text == "" {
		text = "error without a message"
	}
	if len(e.Data) > 0 && string(e.Data) != "null" {
		var data string
		if json.Unmarshal(e.Data, &data) != nil {
			data = string(e.Data)
		}
		if !strings.Contains(text, data) {
			text += ": " + shorten(data, 200)
		}
	}
	if e.Code == 0 {
		return fmt.Sprintf("the node answered %q", shorten(text, 400))
	}
	return fmt.Sprintf("the node answered %q (code %d)", shorten(text, 400), e.Code)
}

func (e *Error) mentions(texts ...string) bool {
	all := strings.ToLower(e.Message + " " + string(e.Data))
	for _, text := range texts {
		if strings.Contains(all, text) {
			return true
		}
	}
	return false
}

// ErrClosed is the error of calls on a connection, subscription or pool that its owner has closed.
var ErrClosed = errors.New("closed")

// ErrSlowConsumer ends a subscription whose consumer lets its buffer overflow. Nothing is dropped silently: subscribe
// again and fill the gap.
var ErrSlowConsumer = errors.New("the consumer of the subscription is too slow and its buffer is full")

// GarbageError is an answer that cannot be: not JSON, of the wrong shape, or contradicting the question.
type GarbageError struct{ Reason string }

func (e *GarbageError) Error() string { return "the node sent " + e.Reason }

// Garbage builds a GarbageError. A [Request].Check returns one when a well-formed answer contradicts the question.
func Garbage(format string, args ...any) error {
	return &GarbageError{Reason: fmt.Sprintf(format, args...)}
}

// TimeoutError is a call that was not answered in time on a connection that is otherwise alive.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.After) }

// ConnError is the end of a connection: refused, cut, silent.
type ConnError struct {
	Doing string // "connect", "read", "write", "ping"
	Err   error
	// Stalled says that the node stopped answering while its connection stayed open.
	Stalled bool
}

func (e *ConnError) Error() string { return e.Doing + ": " + e.Err.Error() }
func (e *ConnError) Unwrap() error { return e.Err }

// HandshakeError is a refused WebSocket handshake.
type HandshakeError struct {
	Status     int           // HTTP status
	RetryAfter time.Duration // what the server asked for; 0 when it did not say
}

func (e *HandshakeError) Error() string {
	return fmt.Sprintf("the server refused the WebSocket handshake with HTTP status %d", e.Status)
}

// RefusedError marks an endpoint that must never be used, such as one of another chain. A [Config].Admit returns it.
type RefusedError struct{ Err error }

func (e *RefusedError) Error() string { return e.Err.Error() }
func (e *RefusedError) Unwrap() error { return e.Err }

// UnknownBlockError says that a node does not have the block a session reads. A session's verify function returns it;
// the pool then asks another endpoint.
type UnknownBlockError struct{ Block string }

func (e *UnknownBlockError) Error() string { return "the node does not know block " + e.Block }

// IsMethodNotFound tells whether the node does not offer the method, or not to us.
func IsMethodNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == CodeMethodNotFound ||
		e.mentions("method not found", "unsafe to be called externally"))
}

// IsPruned tells whether the node has discarded the state of the block asked for; an archive node has it.
func IsPruned(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.mentions("state already discarded")
}

// IsRateLimited tells whether the node or a proxy in front of it asks us to slow down.
func IsRateLimited(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		switch e.Code {
		case CodeRateLimited, CodeTooManySubs, CodeBusy, 429:
			return true
		case CodeBatchUnsupported:
			return !e.mentions("batch")
		}
		return e.mentions("rate limit", "too many requests")
	}
	var h *HandshakeError
	if errors.As(err, &h) {
		return h.Status == 429
	}
	status := websocket.CloseStatus(err)
	return status == websocket.StatusPolicyViolation || status == websocket.StatusTryAgainLater
}

// IsTooBig tells whether less must be asked for at once: the request, the batch or the response is over a limit, of the
// node's or of ours.
func IsTooBig(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		switch e.Code {
		case CodeRequestTooBig, CodeResponseTooBig, CodeBatchTooLong, CodeBatchTooBig:
			return true
		}
		return false
	}
	return errors.Is(err, websocket.ErrMessageTooBig) || websocket.CloseStatus(err) == websocket.StatusMessageTooBig
}

// IsBatchUnsupported tells whether the node takes no batches at all.
func IsBatchUnsupported(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeBatchUnsupported && e.mentions("batch")
}

// IsTimeout tells whether the node did not answer in time, be it this call or altogether.
func IsTimeout(err error) bool {
	var t *TimeoutError
	var c *ConnError
	return errors.As(err, &t) || errors.As(err, &c) && c.Stalled
}

// Attempt is one endpoint that was tried for a call and what it said.
type Attempt struct {
	Endpoint string // without credentials
	Err      error
}

// CallError is the failure of a call after every endpoint worth asking was asked.
type CallError struct {
	Asked string // method and parameters, shortened
	Tried []Attempt
	Err   error // why it ended, when that is not the endpoints' doing: the context or a closed pool
}

func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString(e.Asked)
	sep := ": "
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
		sep = "; before that "
	}
	for _, a := range e.Tried {
		fmt.Fprintf(&b, "%s%s: %v", sep, a.Endpoint, a.Err)
		sep = "; "
	}
	return b.String()
}

func (e *CallError) Unwrap() []error {
	errs := make([]error, 0, len(e.Tried)+1)
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	for i := len(e.Tried) - 1; i >= 0; i-- { // the latest is the most telling
		errs = append(errs, e.Tried[i].Err)
	}
	return errs
}

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "..."
}
