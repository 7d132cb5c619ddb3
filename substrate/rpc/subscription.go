package rpc

import (
	"context"
	"encoding/json"
)

// Subscription is a stream of notifications of one connection. It ends with its connection; who needs more than that
// subscribes again and fills the gap.
type Subscription struct {
	conn        *Conn
	unsubscribe string // method
	ch          chan json.RawMessage

	// The rest is guarded by conn.mu.
	id        string // as the node writes it; empty until its reply has arrived
	ended     bool
	err       error
	abandoned bool // the subscriber left before the reply
}

// C yields the notifications and is closed when the subscription ends; Err then tells why.
func (s *Subscription) C() <-chan json.RawMessage { return s.ch }

// Err is the reason why the subscription ended, nil while it lives.
func (s *Subscription) Err() error {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.err
}

// Conn is the connection the notifications come over.
func (s *Subscription) Conn() *Conn { return s.conn }

// Close ends the subscription and tells the node, without waiting for its answer.
func (s *Subscription) Close() {
	s.conn.mu.Lock()
	live := !s.ended
	if live {
		delete(s.conn.subs, s.id)
		s.end(ErrClosed)
	}
	s.conn.mu.Unlock()
	if live {
		s.leave()
	}
}

// end closes the channel, once. conn.mu is held.
func (s *Subscription) end(err error) {
	if !s.ended {
		s.ended, s.err = true, err
		close(s.ch)
	}
}

// leave tells the node to send no more.
func (s *Subscription) leave() {
	if s.unsubscribe != "" {
		s.conn.notify(s.unsubscribe, json.RawMessage(s.id))
	}
}

// Subscribe starts a subscription. unsubscribe is the method that ends it at the node.
func (c *Conn) Subscribe(ctx context.Context, method, unsubscribe string, params ...any) (*Subscription, error) {
	s := &Subscription{conn: c, unsubscribe: unsubscribe, ch: make(chan json.RawMessage, c.opts.SubscriptionBuffer)}
	w := &waiter{answer: make(chan reply, 1), sub: s}
	c.mu.Lock()
	c.early.expected++
	c.mu.Unlock()
	err := c.call(ctx, w, nil, method, params)
	c.mu.Lock()
	if c.early.expected--; c.early.expected == 0 {
		c.early.reset()
	}
	late := err != nil && s.id != "" && !s.ended // the reply came while the caller was leaving
	if late {
		delete(c.subs, s.id)
		s.end(err)
	}
	c.mu.Unlock()
	if late {
		s.leave()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// startSubscription registers a subscription by the id in its reply and hands over what came before. c.mu is held.
func (c *Conn) startSubscription(s *Subscription, result json.RawMessage) error {
	id, err := subscriptionID(result)
	if err != nil {
		return err
	}
	s.id = id
	if s.abandoned {
		s.end(ErrClosed)
		c.wg.Go(s.leave) // the caller holds the lock that leave takes; the read loop keeps wg above zero
		return nil
	}
	c.subs[id] = s
	for _, n := range c.early.take(id) {
		c.push(s, n)
	}
	if c.early.overflowed && !s.ended {
		delete(c.subs, id)
		s.end(ErrSlowConsumer)
		c.wg.Go(s.leave)
	}
	return nil
}

// deliver hands a notification to its subscription, or keeps it while a reply with an id is awaited.
func (c *Conn) deliver(m *message) {
	id, n, ok := m.notification()
	if !ok {
		return // a message of the node's own kind, nobody asked for it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.subs[id]; s != nil {
		c.push(s, n)
	} else if c.err == nil {
		c.early.keep(id, n)
	}
}

// push appends to a subscription's buffer. c.mu is held.
func (c *Conn) push(s *Subscription, n notification) {
	var end error
	switch {
	case s.ended:
		return
	case len(n.Error) > 0 && string(n.Error) != "null":
		end = Garbage("an error over a subscription: %s", excerpt(n.Error))
	case len(n.Result) == 0:
		end = Garbage("a notification without a result")
	default:
		select {
		case s.ch <- n.Result:
			return
		default:
			end = ErrSlowConsumer
		}
	}
	delete(c.subs, s.id)
	s.end(end)
	c.wg.Go(s.leave)
}

// earlyNotifications keeps notifications that came before the reply naming their subscription: only while such a
// reply is awaited, and not more than a bounded number.
type earlyNotifications struct {
	expected   int // replies awaited
	count      int
	overflowed bool
	byID       map[string][]notification
}

const maxEarly = 1024

func (e *earlyNotifications) keep(id string, n notification) {
	if e.expected == 0 {
		return
	}
	if e.count >= maxEarly {
		e.overflowed = true
		return
	}
	if e.byID == nil {
		e.byID = map[string][]notification{}
	}
	e.byID[id] = append(e.byID[id], n)
	e.count++
}

func (e *earlyNotifications) take(id string) []notification {
	kept := e.byID[id]
	delete(e.byID, id)
	e.count -= len(kept)
	return kept
}

func (e *earlyNotifications) reset() { e.byID, e.count, e.overflowed = nil, 0, false }
