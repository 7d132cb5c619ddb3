package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/programme"
)

// session is one connection. One goroutine reads and tells the observer; another keeps the connection alive.
type session struct {
	client   *Client
	observer Observer
	log      *slog.Logger
	conn     *websocket.Conn
	stop     context.CancelCauseFunc

	heard      atomic.Int64 // when the last message came, in Unix nanoseconds
	asked      atomic.Int64 // when the snapshot was asked for; 0 while none is awaited
	subscribes int          // subscriptions asked for on this connection
	subscribed bool         // the server has confirmed the newest one
	removed    bool         // the chain was taken away with the message before
	complete   bool
	completed  time.Time
	buffer     bytes.Buffer
}

// run follows the feed until the connection ends, and says why it did.
func (s *session) run(parent context.Context) error {
	ctx, stop := context.WithCancelCause(parent)
	s.stop = stop
	defer stop(nil)
	if err := s.dial(ctx); err != nil {
		return err
	}
	defer func() { _ = s.conn.CloseNow() }()
	s.heard.Store(s.client.Now().UnixNano())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.keep(ctx)
	}()
	err := s.read(ctx)
	if cause := context.Cause(ctx); cause != nil && parent.Err() == nil {
		err = cause
	}
	stop(nil)
	<-done
	return err
}

func (s *session) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.client.Timing.Dial)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, s.client.URL, &websocket.DialOptions{HTTPClient: s.client.HTTP})
	if response != nil && response.Body != nil {
		_ = response.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("connect: %w", describe(err))
	}
	conn.SetReadLimit(MaxFrame)
	s.conn = conn
	return nil
}

func (s *session) read(ctx context.Context) error {
	for {
		frame, err := s.frame(ctx)
		if err != nil {
			return err
		}
		if err := Check(frame); err != nil {
			return fmt.Errorf("a frame cannot be used: %w", err)
		}
		at := s.client.Now()
		s.heard.Store(at.UnixNano())
		now := programme.Millis(at.UnixMilli())
		if err := Decode(frame, func(m *Message) error { return s.message(ctx, now, m) }); err != nil {
			return err
		}
		s.emptied(now)
	}
}

// emptied tells that the chain is gone, once it is clear that it has not merely been given another label.
func (s *session) emptied(now programme.Millis) {
	if s.removed {
		s.removed, s.subscribed = false, false
		s.observer.Emptied(now)
	}
}

// frame reads the next frame; it is valid until the next call.
func (s *session) frame(ctx context.Context) ([]byte, error) {
	_, r, err := s.conn.Reader(ctx)
	if err == nil {
		s.buffer.Reset()
		_, err = io.Copy(&s.buffer, r)
	}
	switch {
	case err == nil:
		return s.buffer.Bytes(), nil
	case errors.Is(err, websocket.ErrMessageTooBig):
		return nil, fmt.Errorf("a frame is larger than %d MiB", MaxFrame>>20)
	case websocket.CloseStatus(err) >= 0:
		return nil, fmt.Errorf("the server closed the connection with status %d", websocket.CloseStatus(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the connection was cut")
	}
	return nil, fmt.Errorf("read: %w", describe(err))
}

// message acts on what concerns the subscription and passes everything on.
func (s *session) message(ctx context.Context, now programme.Millis, m *Message) error {
	if m.Malformed != nil && m.Action.Essential() {
		return fmt.Errorf("a message of action %d cannot be read: %w", m.Action, m.Malformed)
	}
	ours := m.Chain.Genesis == s.client.Genesis
	if ours && m.Action == AddedChain {
		s.removed = false
	}
	s.emptied(now)
	switch m.Action {
	case RemovedChain:
		// Taken away and given back at once, it has got another label. Else its last node has left.
		s.removed = ours && s.subscribed
	case AddedChain:
		if ours && !s.subscribed && s.asked.Load() == 0 {
			if err := s.subscribe(ctx); err != nil {
				return err
			}
		}
	case SubscribedTo:
		if ours {
			s.subscribed, s.complete = true, false
			s.observer.Opened(now)
		}
	case UnsubscribedFrom:
		if ours {
			s.subscribed = false
		}
	}
	if err := s.observer.Message(now, m); err != nil {
		return err
	}
	if m.Action == Pong && s.subscribed && !s.complete && m.Text == s.nonce() {
		s.complete, s.completed = true, s.client.Now()
		s.asked.Store(0)
		s.log.Info("telemetry feed in sight")
		return s.observer.Complete(now)
	}
	return nil
}

// subscribe asks for the chain, and for an echo. The server handles commands in order, so the echo comes after the
// last node; there is no other mark.
func (s *session) subscribe(ctx context.Context) error {
	s.subscribes++
	s.asked.Store(s.client.Now().UnixNano())
	for _, command := range []string{"subscribe:" + s.client.Genesis, "ping:" + s.nonce()} {
		if err := s.send(ctx, command); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) nonce() string { return "all-" + strconv.Itoa(s.subscribes) }

func (s *session) send(ctx context.Context, command string) error {
	ctx, cancel := context.WithTimeout(ctx, s.client.Timing.Dial)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, []byte(command)); err != nil {
		return fmt.Errorf("send: %w", describe(err))
	}
	return nil
}

// keep pings the server, and ends the connection when it is silent or does not finish its list of nodes.
func (s *session) keep(ctx context.Context) {
	t := s.client.Timing
	step := max(min(t.KeepAlive, t.Silence, t.Snapshot)/6, time.Millisecond)
	tick := time.NewTicker(step)
	defer tick.Stop()
	last := s.client.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.client.Now()
		asked := s.asked.Load()
		switch {
		case now.Sub(time.Unix(0, s.heard.Load())) > t.Silence:
			s.stop(fmt.Errorf("no message for more than %s", t.Silence))
			return
		case asked != 0 && now.Sub(time.Unix(0, asked)) > t.Snapshot:
			s.stop(fmt.Errorf("the list of nodes did not end within %s", t.Snapshot))
			return
		case now.Sub(last) >= t.KeepAlive:
			last = now
			if err := s.send(ctx, "ping:alive"); err != nil {
				s.stop(err)
				return
			}
		}
	}
}
