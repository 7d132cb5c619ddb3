package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// request is a call as it goes over the wire.
type request struct {
	Version string `json:"jsonrpc"`
	ID      uint64 `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

func newRequest(id uint64, method string, params []any) request {
	if params == nil {
		params = []any{} // some nodes refuse calls without the member
	}
	return request{Version: "2.0", ID: id, Method: method, Params: params}
}

// message is anything a node sends: a reply (ID set), or a notification (Method set).
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// decodeFrame reads one WebSocket message: a single JSON-RPC message or a batch of them.
func decodeFrame(frame []byte) (messages []message, batch bool, err error) {
	frame = bytes.TrimLeft(frame, " \t\r\n")
	if len(frame) == 0 {
		return nil, false, errors.New("an empty message")
	}
	if frame[0] != '[' {
		var m message
		if err := json.Unmarshal(frame, &m); err != nil {
			return nil, false, fmt.Errorf("something that is not JSON-RPC (%s): %w", excerpt(frame), err)
		}
		return []message{m}, false, nil
	}
	if err := json.Unmarshal(frame, &messages); err != nil {
		return nil, true, fmt.Errorf("a batch that is not JSON-RPC (%s): %w", excerpt(frame), err)
	}
	if len(messages) == 0 {
		return nil, true, errors.New("an empty batch")
	}
	return messages, true, nil
}

// reply holds what came back for one call.
type reply struct {
	result json.RawMessage
	err    error
}

// isNotification tells a notification from a reply. Replies carry an id, even if it is null.
func (m *message) isNotification() bool { return m.Method != "" && len(m.ID) == 0 }

// hasID tells whether the message carries an id other than null.
func (m *message) hasID() bool { return len(m.ID) > 0 && string(m.ID) != "null" }

// numericID reads the id of a reply. We only ever send whole numbers, but a node may send them back as strings.
func (m *message) numericID() (uint64, error) {
	text := string(m.ID)
	if len(text) > 1 && text[0] == '"' {
		if err := json.Unmarshal(m.ID, &text); err != nil {
			return 0, fmt.Errorf("a reply with the unreadable id %s", excerpt(m.ID))
		}
	}
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a reply with the id %s, which was never sent", excerpt(m.ID))
	}
	return id, nil
}

// reply turns the message into the outcome of a call.
func (m *message) reply() (reply, error) {
	switch {
	case m.Error != nil:
		return reply{err: m.Error}, nil //nolint:nilerr // the call's error, not one of reading the message
	case len(m.Result) > 0:
		return reply{result: m.Result}, nil
	default:
		return reply{}, fmt.Errorf("a reply with neither result nor error (id %s)", excerpt(m.ID))
	}
}

// notification is the params member of a subscription's message.
type notification struct {
	Subscription json.RawMessage `json:"subscription"`
	Result       json.RawMessage `json:"result"`
	Error        json.RawMessage `json:"error"`
}

// notification reads the params of a notification; ok is false for methods that are not subscriptions.
func (m *message) notification() (id string, n notification, ok bool) {
	if err := json.Unmarshal(m.Params, &n); err != nil || len(n.Subscription) == 0 {
		return "", n, false
	}
	id, err := subscriptionID(n.Subscription)
	return id, n, err == nil
}

// subscriptionID normalises a subscription id, which may be a string or a number. Strings keep their quotes, so that "1"
// and 1 stay apart.
func subscriptionID(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || len(raw) > 256 || (raw[0] != '"' && (raw[0] < '0' || raw[0] > '9')) {
		return "", fmt.Errorf("%s is not a subscription id", excerpt(raw))
	}
	return string(raw), nil
}

// excerpt shortens bytes from outside for an error text.
func excerpt(b []byte) string {
	const limit = 60
	if len(b) == 0 {
		return "nothing"
	}
	if len(b) > limit {
		return strconv.Quote(string(b[:limit])) + "..."
	}
	return strconv.Quote(string(b))
}
