package rpc

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Options govern every connection. Zero values mean the defaults given.
type Options struct {
	Clock Clock // SystemClock
	// CallTimeout bounds each call from sending to answer: 30 s. Negative means no bound but the context's.
	CallTimeout time.Duration
	// DialTimeout bounds the handshake and the admission of a new connection: 15 s.
	DialTimeout time.Duration
	// PingInterval is how often a connection is checked while open: 20 s; negative turns it off. A ping unanswered
	// for PingTimeout, 10 s, ends the connection.
	PingInterval, PingTimeout time.Duration
	// MaxMessage is the largest message accepted, in bytes: 64 MiB.
	MaxMessage int64
	// MaxInFlight bounds the requests of one connection that wait for an answer: 32. A batch counts as one.
	MaxInFlight int
	// SubscriptionBuffer is how many notifications a subscription may be behind: 256.
	SubscriptionBuffer int
	// Header is sent with every handshake, for providers that want a token there.
	Header http.Header
	// Connect makes the connections that WebSockets run over; nil: TCP, through the proxy that the environment names.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// Defaults of [Options].
const (
	DefaultCallTimeout        = 30 * time.Second
	DefaultDialTimeout        = 15 * time.Second
	DefaultPingInterval       = 20 * time.Second
	DefaultPingTimeout        = 10 * time.Second
	DefaultMaxMessage         = 64 << 20
	DefaultMaxInFlight        = 32
	DefaultSubscriptionBuffer = 256
)

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	setDefault(&o.CallTimeout, DefaultCallTimeout)
	setDefault(&o.DialTimeout, DefaultDialTimeout)
	setDefault(&o.PingInterval, DefaultPingInterval)
	setDefault(&o.PingTimeout, DefaultPingTimeout)
	setDefault(&o.MaxMessage, DefaultMaxMessage)
	setDefault(&o.MaxInFlight, DefaultMaxInFlight)
	setDefault(&o.SubscriptionBuffer, DefaultSubscriptionBuffer)
	if o.MaxInFlight < 1 {
		o.MaxInFlight = 1
	}
	if o.SubscriptionBuffer < 1 {
		o.SubscriptionBuffer = 1
	}
	return o
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Backoff is the waiting time after failures in a row: Base, doubled each time up to Max, of which a random half is
// taken away so that many clients do not come back together.
type Backoff struct{ Base, Max time.Duration }

// Delay is the wait after the given number of consecutive failures, 1 or more. random yields numbers in [0, 1).
func (b Backoff) Delay(failures int, random func() float64) time.Duration {
	d := b.Base
	for i := 1; i < failures && d < b.Max; i++ {
		d *= 2
	}
	d = min(d, b.Max)
	return d - time.Duration(random()*float64(d)/2)
}

// systemRandom is the default randomness of a pool. Jitter needs no secrecy.
func systemRandom() float64 { return rand.Float64() }
