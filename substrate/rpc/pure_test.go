package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"
)

func TestParseEndpointHidesSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"wss://rpc.example.org":                                   "wss://rpc.example.org",
		"ws://127.0.0.1:9944/":                                    "ws://127.0.0.1:9944",
		"wss://user:password@example.org/polkadot":                "wss://example.org/polkadot",
		"wss://example.org/v1/0123456789abcdef0123?apikey=secret": "wss://example.org/v1/...",
		"ws://[::1]:9944\n":                                       "ws://[::1]:9944",
	} {
		if got, err := ParseEndpoint(address); err != nil || got != want {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
	if _, err := ParseEndpoint("user:secret@localhost:9944"); err == nil || err.Error() != "the endpoint localhost:9944 has no ws:// or wss:// in front" {
		t.Errorf("an endpoint without a scheme: %v", err)
	}
	for _, address := range []string{"", "example.org", "http://user:secret@example.org", "ws:///path", "ws://secret\x7f@a", "wss://a:secret"} {
		_, err := ParseEndpoint(address)
		if err == nil || strings.Contains(err.Error(), "secret@") || strings.Contains(err.Error(), "user") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestBackoffDelay(t *testing.T) {
	b := Backoff{Base: time.Second, Max: 10 * time.Second}
	for failures, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1000: 10 * time.Second} {
		if got := b.Delay(failures, func() float64 { return 0 }); got != want {
			t.Errorf("%d failures: %v, want %v", failures, got, want)
		}
		least := b.Delay(failures, func() float64 { return 0.999999 })
		if least < want/2 || least > want/2+want/100 {
			t.Errorf("%d failures: at least %v", failures, least)
		}
	}
}

func TestClassification(t *testing.T) {
	closed := func(code websocket.StatusCode) error {
		return &ConnError{Doing: "read", Err: plainCause(fmt.Errorf("x: %w", websocket.CloseError{Code: code}))}
	}
	for _, tc := range []struct {
		err  error
		want kind
	}{
		{&Error{Code: -32999, Message: "RPC rate limit exceeded"}, kindRate},
		{&Error{Code: -32005, Message: "limit exceeded"}, kindRate},
		{&Error{Code: -32005, Message: "Batched requests are not supported by this server"}, kindAnswer},
		{&Error{Code: -32006, Message: "Too many subscriptions on the connection"}, kindRate},
		{&Error{Code: -32009, Message: "Server is busy, try again later"}, kindRate},
		{&Error{Message: "Too Many Requests"}, kindRate},
		{&HandshakeError{Status: 429}, kindRate},
		{closed(1008), kindRate},
		{closed(1013), kindRate},
		{closed(1006), kindBroken},
		{closed(1001), kindBroken},
		{closed(1009), kindTooBig},
		{&Error{Code: -32007}, kindTooBig},
		{&Error{Code: -32008}, kindTooBig},
		{&Error{Code: -32010}, kindTooBig},
		{&Error{Code: -32011}, kindTooBig},
		{&ConnError{Doing: "read", Err: plainCause(fmt.Errorf("x: %w", websocket.ErrMessageTooBig))}, kindTooBig},
		{&Error{Code: 4003, Message: "Client error: UnknownBlock: State already discarded for 0x12"}, kindPruned},
		{&Error{Code: 4003, Message: "Client error", Data: json.RawMessage(`"State already discarded for 0x12"`)}, kindPruned},
		{&UnknownBlockError{"5"}, kindPruned},
		{&Error{Code: 4003, Message: "Client error: Execution failed"}, kindAnswer},
		{&Error{Code: 1010, Message: "Invalid Transaction"}, kindAnswer},
		{&TimeoutError{time.Second}, kindTimeout},
		{&ConnError{Doing: "read", Err: &TimeoutError{time.Second}, Stalled: true}, kindBroken},
		{Garbage("x"), kindBroken},
		{ErrClosed, kindBroken},
		{errors.New("anything else"), kindAnswer},
	} {
		if got := kindOf(tc.err); got != tc.want {
			t.Errorf("%v is of kind %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-5": 0, "999999999": time.Hour, "soon": 0,
		now.Add(30 * time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT"): 30 * time.Second,
		now.Add(-time.Hour).Format("Mon, 02 Jan 2006 15:04:05 GMT"):       0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestSizer(t *testing.T) {
	s := NewSizer(SizerLimits{Start: 100, Max: 1000, TargetBytes: 1 << 20, Quick: time.Second})
	s.Answered(100, 1000, time.Millisecond)
	if got := s.Size(); got != 150 {
		t.Errorf("after a quick answer %d", got)
	}
	s.Answered(150, 1000, 2*time.Second)
	if got := s.Size(); got != 150 {
		t.Errorf("after a slow answer %d", got)
	}
	s.Refused(150)
	if got := s.Size(); got != 75 {
		t.Errorf("after a refusal %d", got)
	}
	for range 10 {
		s.Answered(s.Size(), 1000, 0)
	}
	if got := s.Size(); got < 130 || got >= 150 {
		t.Errorf("it grew to %d, where 150 was refused", got)
	}
	for range 3 * patience {
		s.Answered(s.Size(), 1000, 0)
	}
	if got := s.Size(); got <= 150 {
		t.Errorf("after a long calm %d", got)
	}
	s.Answered(10, 10<<20, 0) // a mebibyte each
	if got := s.Size(); got != 1 {
		t.Errorf("for large values %d", got)
	}
}

// Against a node with a hard limit every read ends, and few requests are refused.
func TestSizerFindsTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 1500).Draw(t, "limit")
		s := NewSizer(SizerLimits{Start: rapid.IntRange(1, 1000).Draw(t, "start")})
		refused := 0
		for range 500 {
			n := s.Size()
			if n < 1 || n > 1000 {
				t.Fatalf("size %d", n)
			}
			if n > limit {
				refused++
				s.Refused(n)
			} else {
				s.Answered(n, n, 0)
			}
		}
		if n := s.Size(); limit < 1000 && n < limit/2 {
			t.Fatalf("size %d under the limit %d", n, limit)
		}
		if refused > 60 {
			t.Fatalf("%d of 500 requests were refused", refused)
		}
	})
}

func FuzzDecodeFrame(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"result":"0x"}`, `{"id":"7","error":{"code":-1,"message":"m","data":{}}}`,
		`[{"id":1,"result":null},{"method":"m","params":{"subscription":"s","result":1}}]`, `[]`, `[[]]`, `null`, `[null]`,
		`{"id":1e3}`, `{"method":1}`, `{"params":{"subscription":{}}}`, "\xff", `{"id":-1,"result":0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		messages, _, err := decodeFrame(frame)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
			return
		}
		if len(messages) == 0 {
			t.Error("neither messages nor an error")
		}
		for i := range messages {
			m := &messages[i]
			if m.isNotification() {
				if id, _, ok := m.notification(); ok && id == "" {
					t.Error("a subscription without an id")
				}
				continue
			}
			if !m.hasID() {
				continue
			}
			if id, err := m.numericID(); err == nil {
				if text := strings.TrimLeft(strings.Trim(string(m.ID), `"`), "0"); text != "" && fmt.Sprint(id) != text {
					t.Errorf("the id %s is read as %d", m.ID, id)
				}
			}
			r, err := m.reply()
			if err == nil && r.err == nil {
				var v any
				_ = r.decode(&v) // must not panic
			}
			if r.err != nil && r.err.Error() == "" {
				t.Error("an error without a text")
			}
		}
	})
}
