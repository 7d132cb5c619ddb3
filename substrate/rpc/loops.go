package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// readLoop hands every message to whom it concerns until the connection ends.
func (c *Conn) readLoop() {
	for {
		_, frame, err := c.ws.Read(c.ctx)
		if err != nil {
			c.fail(&ConnError{Doing: "read", Err: plainCause(err)})
			return
		}
		c.lastReceived.Store(c.opts.Clock.Now().UnixNano())
		if err := c.dispatch(frame); err != nil {
			c.fail(&GarbageError{Reason: err.Error()})
			return
		}
	}
}

func (c *Conn) dispatch(frame []byte) error {
	messages, batch, err := decodeFrame(frame)
	if err != nil {
		return err
	}
	var answered *group
	for i := range messages {
		m := &messages[i]
		if m.isNotification() {
			c.deliver(m)
			continue
		}
		if !m.hasID() {
			if err := c.answerNobody(m); err != nil {
				return err
			}
			continue
		}
		g, err := c.answer(m)
		if err != nil {
			return err
		}
		if g != nil {
			answered = g
		}
	}
	if batch && answered != nil {
		return c.expectComplete(answered)
	}
	return nil
}

// answer gives a reply to the call that waits for it.
func (c *Conn) answer(m *message) (*group, error) {
	id, err := m.numericID()
	if err != nil {
		return nil, err
	}
	r, err := m.reply()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.waiting[id]
	if !ok {
		if id == 0 || id > c.lastID {
			return nil, fmt.Errorf("a reply with the id %d, which was never sent", id)
		}
		return nil, nil // its call has given up
	}
	delete(c.waiting, id)
	if w.sub != nil && r.err == nil {
		if err := c.startSubscription(w.sub, r.result); err != nil {
			w.answer <- reply{err: &GarbageError{Reason: err.Error()}}
			return nil, err
		}
	}
	w.answer <- r
	return w.group, nil
}

// answerNobody handles an error with id null: the node refused a message before reading its ids. Refusals of batches go
// to the batches in flight; any other refusal may concern every call.
func (c *Conn) answerNobody(m *message) error {
	if m.Error == nil {
		return errors.New("a reply without an id")
	}
	batches := m.Error.Code == CodeBatchUnsupported || m.Error.Code == CodeBatchTooLong || m.Error.Code == CodeBatchTooBig
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, w := range c.waiting {
		if batches && w.group == nil {
			continue
		}
		delete(c.waiting, id)
		var err error = m.Error
		if w.group != nil {
			err = &batchError{err}
		}
		w.answer <- reply{err: err}
	}
	return nil
}

// expectComplete fails a batch of which the node answered only a part: answers to a batch come together.
func (c *Conn) expectComplete(g *group) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range g.ids {
		if _, missing := c.waiting[id]; missing {
			return fmt.Errorf("a batch without the answer to request %d", id)
		}
	}
	return nil
}

// writeLoop writes the queued frames. A frame that cannot be written within the call timeout ends the connection: the
// node reads no more. This one timeout runs on real time, because an injected clock that jumps ahead would cut off writes
// that have only just begun.
func (c *Conn) writeLoop() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case frame := <-c.out:
			ctx, cancel := c.ctx, context.CancelFunc(func() {})
			if c.opts.CallTimeout > 0 {
				ctx, cancel = context.WithTimeout(c.ctx, c.opts.CallTimeout)
			}
			err := c.ws.Write(ctx, websocket.MessageText, frame)
			if err != nil {
				stalled := ctx.Err() != nil && c.ctx.Err() == nil
				c.fail(&ConnError{Doing: "write", Err: plainCause(err), Stalled: stalled})
			}
			cancel()
		}
	}
}

// pingLoop ends a connection whose peer does not even answer pings.
func (c *Conn) pingLoop() {
	for sleepUntil(c.ctx, c.opts.Clock, c.opts.Clock.Now().Add(c.opts.PingInterval)) == nil {
		ctx, cancel := withTimeout(c.ctx, c.opts.Clock, c.opts.PingTimeout, &TimeoutError{After: c.opts.PingTimeout})
		err := c.ws.Ping(ctx)
		if err != nil && c.ctx.Err() == nil {
			stalled := ctx.Err() != nil
			if stalled {
				err = context.Cause(ctx)
			}
			c.fail(&ConnError{Doing: "ping", Err: plainCause(err), Stalled: stalled})
		}
		cancel()
	}
}

// dialCause explains a failed handshake without repeating the address, which may hold secrets.
func dialCause(ctx context.Context, resp *http.Response, err error, now time.Time) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		return &HandshakeError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), now)}
	}
	return plainCause(err)
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	const longest = time.Hour
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), longest)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), longest)
	}
	return 0
}

// plainError is an error of the network in plain words; the original stays reachable for errors.Is and errors.As.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.err }

// plainCause replaces the layers of wrapping that the network libraries add by what the reader needs to know.
func plainCause(err error) error {
	var ce websocket.CloseError
	var dns *net.DNSError
	var ue *url.Error
	switch {
	case errors.As(err, &ce):
		text := fmt.Sprintf("the node closed the connection with status %d", ce.Code)
		if ce.Reason != "" {
			text += " (" + shorten(ce.Reason, 120) + ")"
		}
		return &plainError{text, err}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return &plainError{"the node sent a message over the size limit", err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &plainError{"connection refused", err}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http does not export this one
		return &plainError{"the connection was cut", err}
	case errors.As(err, &dns):
		return &plainError{dns.Error(), err}
	case errors.As(err, &ue):
		return plainCause(ue.Err)
	}
	return err
}
