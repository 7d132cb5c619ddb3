package substratetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Request is one call that reached the node.
type Request struct {
	Method string
	Params []json.RawMessage
}

// Handler answers a method in place of the node. An error becomes a JSON-RPC error; make one with [RPCError] to set its
// code.
type Handler func(Request) (result any, err error)

// Handle installs a handler for a method, in place of the node's own if it has one.
func (n *Node) Handle(method string, h Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.handlers[method] = h
}

type rpcError struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *rpcError) Error() string { return e.Message }

// RPCError is an error with a code and, unless nil, data.
func RPCError(code int, message string, data any) error {
	return &rpcError{Code: code, Message: message, Data: data}
}

// conn is a client's connection.
type conn struct {
	node *Node
	ws   *websocket.Conn
	ctx  context.Context
	stop context.CancelFunc
	subs map[string]subscription // guarded by node.mu

	mu    sync.Mutex
	queue []outgoing
	wake  chan struct{} // of capacity 1
}

// outgoing is a frame to send, or the end of the connection.
type outgoing struct {
	frame  []byte
	cut    bool
	status int
	reason string
}

// accept serves one connection until it ends.
func (n *Node) accept(w http.ResponseWriter, r *http.Request) {
	if status := int(n.faults.handshake.Load()); status != 0 {
		if after := n.faults.retryAfter.Load(); after > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(after, 10))
		}
		w.WriteHeader(status)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(64 << 20)
	ctx, stop := context.WithCancel(context.Background())
	c := &conn{node: n, ws: ws, ctx: ctx, stop: stop, subs: map[string]subscription{}, wake: make(chan struct{}, 1)}
	n.mu.Lock()
	n.conns[c] = struct{}{}
	n.handling.Add(1)
	n.mu.Unlock()
	defer n.handling.Done()
	n.accepted.Add(1)
	if n.listener.shut.Load() {
		c.enqueue(outgoing{cut: true})
	}
	var writing sync.WaitGroup
	writing.Go(c.write)
	for {
		_, frame, err := ws.Read(ctx)
		if err != nil {
			break
		}
		c.receive(frame)
	}
	n.mu.Lock()
	delete(n.conns, c)
	n.mu.Unlock()
	stop()
	_ = ws.CloseNow() // the connection is over either way
	writing.Wait()
}

func (c *conn) enqueue(o outgoing) {
	c.mu.Lock()
	c.queue = append(c.queue, o)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends what is queued, in order.
func (c *conn) write() {
	for {
		c.mu.Lock()
		queue := c.queue
		c.queue = nil
		c.mu.Unlock()
		for _, o := range queue {
			switch {
			case o.cut:
				c.stop()
			case o.status != 0:
				_ = c.ws.Close(closeStatus(o.status), o.reason) // the client may be gone already
				c.stop()
			default:
				if c.ws.Write(c.ctx, websocket.MessageText, o.frame) != nil {
					c.stop()
				}
			}
			if c.ctx.Err() != nil {
				return
			}
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return
		}
	}
}

// incoming is a request as it comes over the wire.
type incoming struct {
	ID     json.RawMessage   `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

// receive answers a frame: a request or a batch of them.
func (c *conn) receive(frame []byte) {
	frame = bytes.TrimSpace(frame)
	if len(frame) == 0 || frame[0] != '[' {
		var in incoming
		if err := json.Unmarshal(frame, &in); err != nil || in.Method == "" {
			c.enqueue(outgoing{frame: errorFrame(nil, &rpcError{Code: -32700, Message: "Parse error"})})
			return
		}
		response, effect, after := c.respond(in)
		c.finish(response, effect, after)
		return
	}
	var batch []incoming
	if err := json.Unmarshal(frame, &batch); err != nil {
		c.enqueue(outgoing{frame: errorFrame(nil, &rpcError{Code: -32700, Message: "Parse error"})})
		return
	}
	switch limit := int(c.node.faults.maxBatch.Load()); {
	case limit < 0:
		c.enqueue(outgoing{frame: errorFrame(nil, &rpcError{Code: -32005, Message: "Batched requests are not supported by this server"})})
		return
	case limit > 0 && len(batch) > limit:
		c.enqueue(outgoing{frame: errorFrame(nil, &rpcError{Code: -32010, Message: "The batch request was too large", Data: fmt.Sprintf("Exceeded max limit of %d", limit)})})
		return
	}
	var all []byte
	var effect Fault
	var after []outgoing
	for _, in := range batch {
		response, f, then := c.respond(in)
		if f.active() {
			effect = f
		}
		all = append(append(all, ','), response...)
		after = append(after, then...)
	}
	if len(all) == 0 {
		c.enqueue(outgoing{frame: errorFrame(nil, &rpcError{Code: -32600, Message: "Invalid request"})})
		return
	}
	all[0] = '['
	all = append(all, ']')
	if limit := c.node.faults.maxResponse.Load(); limit > 0 && int64(len(all)) > limit {
		all = errorFrame(nil, &rpcError{Code: -32011, Message: "The batch response was too large", Data: fmt.Sprintf("Exceeded max limit of %d", limit)})
	}
	c.finish(all, effect, after)
}

// active tells whether the fault concerns the whole frame.
func (f Fault) active() bool {
	return f.drop || f.cut || f.status != 0 || f.hold != nil || f.delay > 0 || f.mangle != nil || f.lone
}

// respond answers one request. after is what is sent once the answer is out.
func (c *conn) respond(in incoming) (response []byte, effect Fault, after []outgoing) {
	n := c.node
	r := Request{Method: in.Method, Params: in.Params}
	n.mu.Lock()
	n.counts[r.Method]++
	h := n.handlers[r.Method]
	n.mu.Unlock()
	fault, faulty := n.faults.of(r)
	var result any
	var err error
	switch {
	case faulty && fault.err != nil && fault.lone:
		return errorFrame(nil, fault.err), fault, nil
	case faulty && fault.err != nil:
		err = fault.err
	case faulty && fault.other:
		result = fault.result
	case faulty && (fault.drop || fault.cut):
	case h != nil:
		if result, err = h(r); err == nil {
			if s, ok := result.(Stream); ok {
				result, after, err = n.stream(c, s)
			}
		}
	default:
		result, after, err = n.method(c, r)
	}
	if err == nil {
		response, err = resultFrame(in.ID, result)
	}
	if err != nil {
		response = errorFrame(in.ID, err)
	}
	if limit := n.faults.maxResponse.Load(); limit > 0 && int64(len(response)) > limit {
		response = errorFrame(in.ID, &rpcError{Code: -32008, Message: "Response is too big", Data: fmt.Sprintf("Exceeded max limit of %d", limit)})
	}
	return response, fault, after
}

// finish sends a response, as far as its fault lets it.
func (c *conn) finish(response []byte, f Fault, after []outgoing) {
	if f.mangle != nil {
		response = f.mangle(response)
	}
	frames := append([]outgoing{{frame: response}}, after...)
	if c.node.faults.early.Load() && len(after) > 0 {
		frames = append(append([]outgoing{}, after...), frames[0])
	}
	switch {
	case f.drop:
		return
	case f.cut, f.status != 0:
		frames = []outgoing{{cut: f.cut, status: f.status, reason: f.reason}}
	}
	send := func() {
		for _, o := range frames {
			c.enqueue(o)
		}
	}
	switch {
	case f.hold != nil:
		c.node.handling.Go(func() {
			select {
			case <-f.hold:
				send()
			case <-c.ctx.Done():
			case <-c.node.faults.ended:
			}
		})
	case f.delay > 0:
		time.AfterFunc(f.delay, send)
	default:
		send()
	}
}

func resultFrame(id json.RawMessage, result any) ([]byte, error) {
	raw, ok := result.(json.RawMessage)
	if !ok {
		var err error
		if raw, err = json.Marshal(result); err != nil {
			return nil, err
		}
	}
	frame := make([]byte, 0, len(raw)+64)
	frame = append(frame, `{"jsonrpc":"2.0","id":`...)
	frame = append(frame, idOrNull(id)...)
	frame = append(frame, `,"result":`...)
	frame = append(frame, raw...)
	return append(frame, '}'), nil
}

func errorFrame(id json.RawMessage, err error) []byte {
	e, ok := err.(*rpcError) //nolint:errorlint // handlers return it unwrapped
	if !ok {
		e = &rpcError{Code: -32603, Message: err.Error()}
	}
	raw, merr := json.Marshal(e)
	if merr != nil {
		raw = []byte(`{"code":-32603,"message":"an error that cannot be written"}`)
	}
	frame := append([]byte(`{"jsonrpc":"2.0","id":`), idOrNull(id)...)
	frame = append(frame, `,"error":`...)
	frame = append(frame, raw...)
	return append(frame, '}')
}

func idOrNull(id json.RawMessage) []byte {
	if len(id) == 0 {
		return []byte("null")
	}
	return id
}
