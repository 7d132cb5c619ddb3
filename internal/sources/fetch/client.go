package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options configure a [Client]. Zero values mean the defaults named with each field.
type Options struct {
	What      string            // what is fetched, for messages: "client releases". Required
	Clock     Clock             // required
	Jitter    func() float64    // random number in [0, 1); nil means no jitter
	Transport http.RoundTripper // nil means one of its own
	// Secret headers are sent to the host of the request and to no other, whatever it redirects to.
	Secret http.Header

	Timeout    time.Duration // of one attempt, body included; 20 s
	MaxBytes   int64         // greatest body; 1 MiB
	Attempts   int           // requests for one Get; 3
	Pause      time.Duration // before the second attempt, doubling; 1 s
	MaxPause   time.Duration // 30 s; also the longest a source may ask us to wait within one Get
	Rate       rate.Limit    // requests per second; 1
	Burst      int           // 5
	Trip       int           // failures in a row that open the circuit; 5
	OpenFor    time.Duration // first time, doubling; 1 min
	MaxOpenFor time.Duration // 1 h; also the longest a source may send us away for

	// Observe, unless nil, is told the outcome of every request really made, and how long it took.
	Observe func(outcome Kind, took time.Duration)
}

func (o Options) withDefaults() Options {
	duration := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	duration(&o.Timeout, 20*time.Second)
	duration(&o.Pause, time.Second)
	duration(&o.MaxPause, 30*time.Second)
	duration(&o.OpenFor, time.Minute)
	duration(&o.MaxOpenFor, time.Hour)
	number := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	number(&o.Attempts, 3)
	number(&o.Burst, 5)
	number(&o.Trip, 5)
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 20
	}
	if o.Rate == 0 {
		o.Rate = 1
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	return o
}

// maxHeader bounds the headers of an answer, which come before any limit on the body.
const maxHeader = 64 << 10

// Client asks one source. It is safe for concurrent use.
type Client struct {
	o       Options
	http    *http.Client
	limiter *rate.Limiter

	mu      sync.Mutex
	state   State
	probing bool // the one request that finds out whether an open circuit may close is under way
}

// State is how a source is doing.
type State struct {
	Tried, Good time.Time // newest request and newest good answer; zero = never
	Failures    int       // since the newest good answer
	Retry       time.Time // not asked before this moment; zero = any time
	Last        error     // why the newest request failed; nil after a good one
	Requests    int64     // requests really made
}

// New makes a client; nothing is asked yet.
func New(o Options) *Client {
	o = o.withDefaults()
	if o.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxResponseHeaderBytes = maxHeader
		t.MaxIdleConnsPerHost = 2
		o.Transport = t
	}
	c := &Client{o: o, limiter: rate.NewLimiter(o.Rate, o.Burst)}
	c.http = &http.Client{Transport: o.Transport, CheckRedirect: c.redirect}
	return c
}

// State is a copy of the client's state.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

const maxRedirects = 5

// redirect follows a few redirects, never from https to http, and never with secrets to another host.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case len(via) > maxRedirects:
		return errors.New("it redirects too often")
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return errors.New("it redirects to something that is no web address")
	case r.URL.Scheme == "http" && from.Scheme == "https":
		return errors.New("it redirects from https to http")
	}
	if r.URL.Host != via[0].URL.Host {
		for name := range c.o.Secret {
			r.Header.Del(name)
		}
	}
	return nil
}

// Get fetches a URL. It returns when there is a good answer, when another attempt would not help, or when ctx ends.
// An error is an [Error] unless ctx ended.
func (c *Client) Get(ctx context.Context, req Request) (*Answer, error) {
	u, err := url.Parse(req.URL)
	if err != nil || u.Host == "" {
		return nil, &Error{What: c.o.What, Host: "an unusable address", Kind: Refused, Err: errors.New("the address in the configuration cannot be used")}
	}
	fail := func(kind Kind, retry time.Time, err error) *Error {
		return &Error{What: c.o.What, Host: u.Host, Kind: kind, Retry: retry, Err: err}
	}
	var last *Error
	for attempt := 1; ; attempt++ {
		probe, retry, err := c.admit()
		if err != nil {
			if last != nil {
				last.Retry = retry
				return nil, last
			}
			return nil, fail(Open, retry, err)
		}
		if err := c.pace(ctx); err != nil {
			c.release(probe)
			return nil, err
		}
		begin := c.o.Clock.Now()
		answer, failure := c.once(ctx, &req)
		if ctx.Err() != nil {
			c.release(probe)
			return nil, context.Cause(ctx)
		}
		if failure == nil {
			c.settle(probe, OK, nil, time.Time{}, begin)
			return answer, nil
		}
		e := fail(failure.kind, time.Time{}, failure.err)
		retry = c.settle(probe, failure.kind, e, failure.retry, begin)
		e.Retry = retry
		last = e
		pause, again := c.pause(attempt, failure, retry)
		if !again {
			return nil, e
		}
		if err := wait(ctx, c.o.Clock, pause); err != nil {
			return nil, err
		}
	}
}

// pace waits for the client's own rate limit.
func (c *Client) pace(ctx context.Context) error {
	now := c.o.Clock.Now()
	r := c.limiter.ReserveN(now, 1)
	if err := wait(ctx, c.o.Clock, r.DelayFrom(now)); err != nil {
		r.CancelAt(now)
		return err
	}
	return nil
}

// pause is how long to wait before another attempt, and whether there is one.
func (c *Client) pause(attempt int, f *failure, retry time.Time) (time.Duration, bool) {
	if attempt >= c.o.Attempts {
		return 0, false
	}
	if f.kind == Limited {
		d := retry.Sub(c.o.Clock.Now())
		return d, d <= c.o.MaxPause
	}
	if !f.kind.again() || !retry.IsZero() {
		return 0, false
	}
	d := min(c.o.Pause<<(attempt-1), c.o.MaxPause)
	return d + time.Duration(c.o.Jitter()*float64(d)/2), true
}
