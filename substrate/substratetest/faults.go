package substratetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Rule makes requests go wrong.
type Rule struct {
	Method string             // only requests for this method; empty for all
	Match  func(Request) bool // and only those; nil for all. Called under the node's lock: it must not call the node
	Skip   int                // so many matching requests pass unharmed first
	Times  int                // so many are hit; 0 means all that follow
	Do     Fault
}

// Fault is what happens to a request.
type Fault struct {
	drop   bool                // no answer
	cut    bool                // the connection ends without a closing handshake
	status int                 // the connection is closed with this status
	reason string              //
	hold   <-chan struct{}     // the answer waits
	delay  time.Duration       // the answer waits
	err    *rpcError           // this error instead of an answer
	result any                 // this result instead of the true one
	other  bool                // result is set
	mangle func([]byte) []byte // changes the frame of the answer
	lone   bool                // err is answered with id null for the whole frame
}

// Stall never answers the request. Other requests go on.
func Stall() Fault { return Fault{drop: true} }

// Cut breaks the connection instead of answering, after what was answered before has been sent.
func Cut() Fault { return Fault{cut: true} }

// CloseWith closes the connection with a WebSocket status, such as 1008 or 1013, instead of answering.
func CloseWith(status int, reason string) Fault { return Fault{status: status, reason: reason} }

// Hold answers when gate is closed.
func Hold(gate <-chan struct{}) Fault { return Fault{hold: gate} }

// Delay answers after real time has passed; for measurements and simulations, not for tests.
func Delay(d time.Duration) Fault { return Fault{delay: d} }

// Fail answers an error. Code 0 leaves the code away, as some development nodes do.
func Fail(code int, message string) Fault { return Fault{err: &rpcError{Code: code, Message: message}} }

// FailNull answers an error with id null, as nodes do when they refuse a message unread.
func FailNull(code int, message string) Fault {
	return Fault{err: &rpcError{Code: code, Message: message}, lone: true}
}

// RateLimit answers as a node over its limit of calls.
func RateLimit() Fault { return Fail(-32999, "RPC rate limit exceeded") }

// TooBig answers as a node whose answer is over its limit.
func TooBig() Fault { return Fail(-32008, "Response is too big") }

// Reply answers another result, which is written as JSON.
func Reply(result any) Fault { return Fault{result: result, other: true} }

// Raw sends a frame of any text instead of the answer.
func Raw(frame string) Fault { return Fault{mangle: func([]byte) []byte { return []byte(frame) }} }

// Mangle changes the frame of the answer.
func Mangle(f func(frame []byte) []byte) Fault { return Fault{mangle: f} }

// WrongID answers under an id that was never asked.
func WrongID() Fault {
	return Mangle(func(frame []byte) []byte {
		return []byte(strings.Replace(string(frame), `"id":`, `"id":9999`, 1))
	})
}

// TruncatedHex cuts the last digit of the last byte string in the answer.
func TruncatedHex() Fault {
	return Mangle(func(frame []byte) []byte {
		text := string(frame)
		at := strings.LastIndex(text, `"0x`)
		if at < 0 {
			return frame
		}
		end := at + 1 + strings.IndexByte(text[at+1:], '"')
		return []byte(text[:end-1] + text[end:])
	})
}

// Injection is a rule at work.
type Injection struct {
	rule Rule

	mu      sync.Mutex
	seen    int
	hits    int
	stopped bool
	changed chan struct{}
}

// faults are the rules and the switches of a node.
type faults struct {
	mu    sync.Mutex
	rules []*Injection
	ended chan struct{} // closed with the node
	once  sync.Once

	handshake   atomic.Int64 // HTTP status that handshakes are refused with; 0 accepts
	retryAfter  atomic.Int64 // seconds, with the refusal
	maxResponse atomic.Int64 // bytes; 0 is no limit
	maxBatch    atomic.Int64 // calls; 0 is no limit, negative takes no batches
	maxPage     atomic.Int64 // keys; 0 is as many as are asked for
	duplicates  atomic.Bool
	early       atomic.Bool
	muted       atomic.Bool
	lacking     map[string]bool // guarded by mu
}

func (f *faults) init() {
	f.ended = make(chan struct{})
	f.lacking = map[string]bool{}
}

func (f *faults) stop() { f.once.Do(func() { close(f.ended) }) }

// Inject puts a rule to work. Of several that match a request, the first injected one acts.
func (n *Node) Inject(r Rule) *Injection {
	i := &Injection{rule: r, changed: make(chan struct{})}
	n.faults.mu.Lock()
	defer n.faults.mu.Unlock()
	n.faults.rules = append(n.faults.rules, i)
	return i
}

// Stop ends the rule.
func (i *Injection) Stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stopped = true
}

// Hits is how often the rule has acted.
func (i *Injection) Hits() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits
}

// Wait waits until the rule has acted n times.
func (i *Injection) Wait(ctx context.Context, n int) error {
	for {
		i.mu.Lock()
		hits, changed := i.hits, i.changed
		i.mu.Unlock()
		if hits >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the fault was hit %d times, not %d: %w", hits, n, ctx.Err())
		}
	}
}

// applies counts a request and tells whether the rule hits it.
func (i *Injection) applies(r Request) bool {
	if i.rule.Method != "" && i.rule.Method != r.Method || i.rule.Match != nil && !i.rule.Match(r) {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped || i.rule.Times > 0 && i.hits >= i.rule.Times {
		return false
	}
	if i.seen++; i.seen <= i.rule.Skip {
		return false
	}
	i.hits++
	close(i.changed)
	i.changed = make(chan struct{})
	return true
}

// of finds the fault for a request.
func (f *faults) of(r Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lacking[r.Method] {
		return Fail(-32601, "Method not found"), true
	}
	for _, i := range f.rules {
		if i.applies(r) {
			return i.rule.Do, true
		}
	}
	return Fault{}, false
}

// Down makes the node unreachable: open connections are cut, and new ones too as soon as they are opened.
func (n *Node) Down() {
	n.listener.shut.Store(true)
	n.CutAll()
}

// Up ends Down.
func (n *Node) Up() { n.listener.shut.Store(false) }

// RefuseHandshakes answers new connections with an HTTP status such as 429, and Retry-After when seconds is positive.
// Status 0 accepts again.
func (n *Node) RefuseHandshakes(status, seconds int) {
	n.faults.retryAfter.Store(int64(seconds))
	n.faults.handshake.Store(int64(status))
}

// LimitResponses refuses answers of more than so many bytes as nodes do; 0 is no limit.
func (n *Node) LimitResponses(bytes int) { n.faults.maxResponse.Store(int64(bytes)) }

// LimitBatches refuses batches of more than so many calls; 0 is no limit, a negative number takes no batches at all.
func (n *Node) LimitBatches(calls int) { n.faults.maxBatch.Store(int64(calls)) }

// LimitPages returns at most so many keys at once, even if more are asked for; 0 ends it.
func (n *Node) LimitPages(keys int) { n.faults.maxPage.Store(int64(keys)) }

// DuplicateNotifications sends every notification twice.
func (n *Node) DuplicateNotifications(on bool) { n.faults.duplicates.Store(on) }

// EarlyNotifications sends the first notification of a subscription before the reply with its id.
func (n *Node) EarlyNotifications(on bool) { n.faults.early.Store(on) }

// MuteNotifications swallows all notifications: subscriptions stay open and say nothing.
func (n *Node) MuteNotifications(on bool) { n.faults.muted.Store(on) }

// AnnounceAgain sends the header of an older block to all who follow final blocks, as nodes do that have fallen behind.
func (n *Node) AnnounceAgain(number uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(number) < len(n.blocks) {
		n.publish("chain_finalizedHead", header(n.blocks[number]))
	}
}

// Lack makes the node not know methods.
func (n *Node) Lack(methods ...string) {
	n.faults.mu.Lock()
	defer n.faults.mu.Unlock()
	for _, m := range methods {
		n.faults.lacking[m] = true
	}
}

// Know ends Lack.
func (n *Node) Know(methods ...string) {
	n.faults.mu.Lock()
	defer n.faults.mu.Unlock()
	for _, m := range methods {
		delete(n.faults.lacking, m)
	}
}

// PruneBefore discards the states of all blocks before the given one.
func (n *Node) PruneBefore(number uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range n.blocks {
		b.pruned = b.Number < number || int(b.Number) < n.forgotten
	}
}

// CutAll breaks all open connections.
func (n *Node) CutAll() {
	n.mu.Lock()
	conns := make([]*conn, 0, len(n.conns))
	for c := range n.conns {
		conns = append(conns, c)
	}
	n.mu.Unlock()
	for _, c := range conns {
		c.enqueue(outgoing{cut: true})
	}
}

func closeStatus(status int) websocket.StatusCode { return websocket.StatusCode(status) }
