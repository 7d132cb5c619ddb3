package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
)

// Observer is told what a subscription shows. Its methods are called by one goroutine at a time, with the moments at
// which things arrived. An error of Message or Complete ends the connection; a fresh one is opened in its place.
type Observer interface {
	// Opened says that a subscription begins: the nodes known so far mean nothing any more, all are sent again.
	Opened(now programme.Millis)
	// Message passes on every message; it is used again for the next one.
	Message(now programme.Millis, m *Message) error
	// Emptied says that the last node of the chain has left.
	Emptied(now programme.Millis)
	// Complete says that all nodes of the chain have been sent.
	Complete(now programme.Millis) error
	// Lost says that nothing can be seen any more, and why.
	Lost(now programme.Millis, why error)
}

// Timing says how patient a client is.
type Timing struct {
	Dial      time.Duration // to connect
	KeepAlive time.Duration // between two pings
	Silence   time.Duration // without any message, after which the connection counts as dead
	Snapshot  time.Duration // for the list of all nodes
	// Back-off between attempts: doubling from First to Last, each a fifth longer or shorter at random. It starts
	// again when a connection has been good for Settled.
	First, Last, Settled time.Duration
}

// DefaultTiming is what the telemetry server's own page does, with a shorter back-off.
func DefaultTiming() Timing {
	return Timing{
		Dial: 15 * time.Second, KeepAlive: 30 * time.Second, Silence: 60 * time.Second, Snapshot: 2 * time.Minute,
		First: 2 * time.Second, Last: time.Minute, Settled: time.Minute,
	}
}

// Client follows one chain on one feed.
type Client struct {
	URL     string // ws or wss
	Genesis string // of the chain
	// HTTP makes the connection; nil for the default.
	HTTP   *http.Client
	Timing Timing
	Now    func() time.Time
	// Random is a number in [0, 1); nil for one of the runtime's.
	Random func() float64
	Logger *slog.Logger
}

// Redacted is a URL without what may be a secret in it.
func Redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// errStopped ends a connection because the caller wants it.
var errStopped = errors.New("stopped")

// Follow keeps the subscription alive until ctx ends. Whatever the server does is answered with a new connection.
func (c *Client) Follow(ctx context.Context, o Observer) {
	random := c.Random
	if random == nil {
		random = rand.Float64
	}
	log := c.Logger.With("feed", Redacted(c.URL), "chain", c.Genesis)
	wait, said := c.Timing.First, ""
	for {
		s := &session{client: c, observer: o, log: log}
		err := s.run(ctx)
		if ctx.Err() != nil {
			o.Lost(s.now(), errStopped)
			return
		}
		o.Lost(s.now(), err)
		if s.complete && c.Now().Sub(s.completed) >= c.Timing.Settled {
			wait, said = c.Timing.First, ""
		}
		pause := time.Duration(float64(wait) * (0.8 + 0.4*random()))
		level := slog.LevelWarn
		if err.Error() == said { // the same trouble again, attempt after attempt
			level = slog.LevelDebug
		}
		said = err.Error()
		log.Log(ctx, level, "telemetry feed lost", "err", err, "retry", pause.Round(time.Millisecond))
		wait = min(2*wait, c.Timing.Last)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (s *session) now() programme.Millis { return programme.Millis(s.client.Now().UnixMilli()) }

// describe puts a failure of a connection in words, without the address, which may hold a secret.
func describe(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var slow interface{ Timeout() bool }
	if errors.As(err, &slow) && slow.Timeout() {
		return fmt.Errorf("no answer in time: %w", err)
	}
	return err
}
