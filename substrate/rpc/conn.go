package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Conn is one WebSocket connection to a node. Its methods may be used from many goroutines.
//
// A connection ends once and for all: when its owner closes it, when the node closes or breaks it, when it stops
// answering, or when it sends what is not JSON-RPC. Every waiting call then fails with the reason.
type Conn struct {
	name string // without credentials
	opts Options
	ws   *websocket.Conn

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	wg     sync.WaitGroup
	out    chan []byte   // frames to write
	slots  chan struct{} // one token per request in flight

	lastReceived atomic.Int64 // clock's nanoseconds

	mu      sync.Mutex
	err     error // why the connection ended; nil while it lives
	busy    bool  // whether calls were waiting when it ended
	lastID  uint64
	waiting map[uint64]*waiter
	subs    map[string]*Subscription
	early   earlyNotifications
}

// waiter is a request in flight.
type waiter struct {
	answer chan reply // buffered for one
	group  *group     // the batch it belongs to, or nil
	sub    *Subscription
}

// group identifies the requests that were sent as one batch.
type group struct{ ids []uint64 }

// DialConn opens a connection. The address has the scheme ws or wss; errors never repeat its credentials.
func DialConn(ctx context.Context, address string, opts Options) (*Conn, error) {
	transport := newTransport(opts)
	defer transport.CloseIdleConnections()
	return dialConn(ctx, address, opts.withDefaults(), transport)
}

// newTransport makes an HTTP transport whose connections are not kept after a refused handshake.
func newTransport(opts Options) *http.Transport {
	if opts.Connect != nil {
		return &http.Transport{DialContext: opts.Connect, DisableKeepAlives: true}
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
}

func dialConn(ctx context.Context, address string, opts Options, transport *http.Transport) (*Conn, error) {
	name, err := ParseEndpoint(address)
	if err != nil {
		return nil, err
	}
	dialCtx, cancelDial := withTimeout(ctx, opts.Clock, opts.DialTimeout, &TimeoutError{After: opts.DialTimeout})
	defer cancelDial()
	ws, resp, err := websocket.Dial(dialCtx, address, &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPClient: &http.Client{Transport: transport},
		HTTPHeader: opts.Header,
	})
	if err != nil {
		return nil, &ConnError{Doing: "connect", Err: dialCause(dialCtx, resp, err, opts.Clock.Now())}
	}
	ws.SetReadLimit(opts.MaxMessage)
	connCtx, cancel := context.WithCancel(context.Background())
	c := &Conn{
		name: name, opts: opts, ws: ws, ctx: connCtx, cancel: cancel,
		out: make(chan []byte, opts.MaxInFlight), slots: make(chan struct{}, opts.MaxInFlight),
		waiting: map[uint64]*waiter{}, subs: map[string]*Subscription{},
	}
	c.lastReceived.Store(opts.Clock.Now().UnixNano())
	c.wg.Go(c.readLoop)
	c.wg.Go(c.writeLoop)
	if opts.PingInterval > 0 {
		c.wg.Go(c.pingLoop)
	}
	return c, nil
}

// Name is the endpoint's address without credentials.
func (c *Conn) Name() string { return c.name }

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.ctx.Done() }

// Err is the reason why the connection ended, nil while it lives.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ended tells why the connection ended, if it has, and whether calls were waiting then.
func (c *Conn) ended() (err error, busy bool) { //nolint:staticcheck // the error is the subject, not a failure
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err, c.busy
}

// Close ends the connection and waits for its goroutines.
func (c *Conn) Close() {
	c.fail(ErrClosed)
	c.wg.Wait()
}

// closeFor ends the connection because of what the node did; the calls still waiting are told.
func (c *Conn) closeFor(reason error) {
	c.fail(&ConnError{Doing: "connection given up", Err: reason, Stalled: IsTimeout(reason)})
	c.wg.Wait()
}

// fail ends the connection with a reason, once.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	c.wg.Add(1) // before anything makes the loops end, so that Close waits for this too
	waiting, subs := c.waiting, c.subs
	c.busy = len(waiting) > 0
	c.waiting, c.subs = nil, nil
	for _, s := range subs {
		s.end(err)
	}
	c.mu.Unlock()
	for _, w := range waiting {
		w.answer <- reply{err: err}
	}
	c.cancel()
	go func() {
		defer c.wg.Done()
		_ = c.ws.CloseNow() // nothing depends on how a dead connection closes
	}()
}

// Call asks and waits for the answer, which is decoded into result unless that is nil.
func (c *Conn) Call(ctx context.Context, result any, method string, params ...any) error {
	w := &waiter{answer: make(chan reply, 1)}
	return c.call(ctx, w, result, method, params)
}

func (c *Conn) call(ctx context.Context, w *waiter, result any, method string, params []any) error {
	release, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	ids, err := c.register(w)
	if err != nil {
		return err
	}
	frame, err := json.Marshal(newRequest(ids[0], method, params))
	if err != nil {
		c.forget(ids)
		return fmt.Errorf("encode the parameters of %s: %w", method, err)
	}
	waitCtx, cancel := withTimeout(ctx, c.opts.Clock, c.opts.CallTimeout, &TimeoutError{After: c.opts.CallTimeout})
	defer cancel()
	sent, err := c.send(ctx, ids, frame)
	if err != nil {
		return err
	}
	select {
	case r := <-w.answer:
		return r.decode(result)
	case <-waitCtx.Done():
		return c.giveUp(ctx, waitCtx, ids, sent)
	}
}

// decode stores the result, or returns the error answered.
func (r reply) decode(result any) error {
	if r.err != nil || result == nil {
		return r.err
	}
	if raw, ok := result.(*json.RawMessage); ok {
		*raw = r.result
		return nil
	}
	if err := json.Unmarshal(r.result, result); err != nil {
		return Garbage("%s where something else is due: %v", excerpt(r.result), err)
	}
	return nil
}

// acquire takes one of the slots that bound the requests in flight.
func (c *Conn) acquire(ctx context.Context) (release func(), err error) {
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.ctx.Done():
		return nil, c.Err()
	}
}

// register gives ids to requests before they are sent, so that no answer can come too early.
func (c *Conn) register(ws ...*waiter) ([]uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	ids := make([]uint64, len(ws))
	for i, w := range ws {
		c.lastID++
		ids[i] = c.lastID
		c.waiting[c.lastID] = w
	}
	return ids, nil
}

func (c *Conn) forget(ids []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if w := c.waiting[id]; w != nil && w.sub != nil {
			w.sub.abandoned = true // the reply is still awaited, to unsubscribe
			continue
		}
		delete(c.waiting, id)
	}
}

// send hands a frame to the writer and returns the time on the clock.
func (c *Conn) send(ctx context.Context, ids []uint64, frame []byte) (time.Time, error) {
	now := c.opts.Clock.Now()
	select {
	case c.out <- frame:
		return now, nil
	case <-c.ctx.Done():
		return now, c.Err()
	case <-ctx.Done():
		c.dropUnsent(ids)
		return now, ctx.Err()
	}
}

func (c *Conn) dropUnsent(ids []uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.waiting, id)
	}
}

// giveUp ends the wait for answers. When the call timed out and nothing at all has arrived since it was sent, the node
// has stopped answering and the whole connection ends.
func (c *Conn) giveUp(ctx, waitCtx context.Context, ids []uint64, sent time.Time) error {
	c.forget(ids)
	if err := ctx.Err(); err != nil {
		return err
	}
	cause := context.Cause(waitCtx)
	if c.lastReceived.Load() <= sent.UnixNano() {
		err := &ConnError{Doing: "read", Err: fmt.Errorf("the node stopped answering: %w", cause), Stalled: true}
		c.fail(err)
		return err
	}
	return cause
}

// BatchElem is one call of a batch. Result is decoded into unless nil; Err is the error of this call alone.
type BatchElem struct {
	Method string
	Params []any
	Result any
	Err    error
}

// Batch sends calls as one JSON-RPC batch. The error is that of the batch as a whole; errors of single calls are in the
// elements.
func (c *Conn) Batch(ctx context.Context, elems []BatchElem) error {
	if len(elems) == 0 {
		return nil
	}
	release, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	g := &group{}
	waiters := make([]*waiter, len(elems))
	for i := range waiters {
		waiters[i] = &waiter{answer: make(chan reply, 1), group: g}
	}
	ids, err := c.register(waiters...)
	if err != nil {
		return err
	}
	g.ids = ids
	requests := make([]request, len(elems))
	for i, e := range elems {
		requests[i] = newRequest(ids[i], e.Method, e.Params)
	}
	frame, err := json.Marshal(requests)
	if err != nil {
		c.forget(ids)
		return fmt.Errorf("encode a batch of %d calls: %w", len(elems), err)
	}
	waitCtx, cancel := withTimeout(ctx, c.opts.Clock, c.opts.CallTimeout, &TimeoutError{After: c.opts.CallTimeout})
	defer cancel()
	sent, err := c.send(ctx, ids, frame)
	if err != nil {
		return err
	}
	for i, w := range waiters {
		select {
		case r := <-w.answer:
			var whole *batchError
			if errors.As(r.err, &whole) {
				c.forget(ids)
				return whole.err
			}
			if r.err != nil && errors.Is(r.err, c.Err()) {
				return r.err // the connection ended
			}
			elems[i].Err = r.decode(elems[i].Result)
		case <-waitCtx.Done():
			return c.giveUp(ctx, waitCtx, ids, sent)
		}
	}
	return nil
}

// batchError marks an error that concerns the batch as a whole.
type batchError struct{ err error }

func (e *batchError) Error() string { return e.err.Error() }

// notify sends a request whose answer nobody waits for.
func (c *Conn) notify(method string, params ...any) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.lastID++
	id := c.lastID
	c.mu.Unlock()
	frame, err := json.Marshal(newRequest(id, method, params))
	if err != nil {
		return
	}
	select {
	case c.out <- frame:
	case <-c.ctx.Done():
	}
}
