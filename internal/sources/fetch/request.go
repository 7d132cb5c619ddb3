package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Request is what to ask.
type Request struct {
	URL string
	// Accept is the type of the answer; empty means JSON.
	Accept string
	// ETag and LastModified are those of the answer at hand; the source may then say that nothing has changed.
	ETag, LastModified string
	// Decode, unless nil, reads the body. Its error means that the answer is not what was asked for.
	Decode func(body []byte) error
}

// Answer is a good answer.
type Answer struct {
	Body               []byte
	ETag, LastModified string
	// Unchanged says that what is at hand is still current; there is no body then.
	Unchanged bool
}

// failure is one failed attempt.
type failure struct {
	kind  Kind
	err   error
	retry time.Time // when the source itself says so
}

// defaultRetry is how long a source is left alone that asks for fewer requests and does not say how long.
const defaultRetry = time.Minute

// maxText bounds the words of an error of the connection.
const maxText = 200

var errTimeout = errors.New("timed out")

// once makes one request.
func (c *Client) once(ctx context.Context, req *Request) (*Answer, *failure) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := c.o.Clock.AfterFunc(c.o.Timeout, func() { cancel(errTimeout) })
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, req.URL, nil)
	if err != nil {
		return nil, &failure{kind: Refused, err: errors.New("the address in the configuration cannot be used")}
	}
	c.headers(r, req)
	res, err := c.http.Do(r)
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // reading is over
	conditional := req.ETag != "" || req.LastModified != ""
	if res.StatusCode == http.StatusNotModified && conditional {
		return &Answer{Unchanged: true, ETag: req.ETag, LastModified: req.LastModified}, nil
	}
	if f := c.status(res); f != nil {
		return nil, f
	}
	if res.ContentLength > c.o.MaxBytes {
		return nil, &failure{kind: Content, err: fmt.Errorf("the answer has %d bytes; the limit is %d", res.ContentLength, c.o.MaxBytes)}
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, c.o.MaxBytes+1))
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	if int64(len(body)) > c.o.MaxBytes {
		return nil, &failure{kind: Content, err: fmt.Errorf("the answer is greater than the limit of %d bytes", c.o.MaxBytes)}
	}
	if err := plausible(res, body); err != nil {
		return nil, &failure{kind: Content, err: err}
	}
	if req.Decode != nil {
		if err := req.Decode(body); err != nil {
			return nil, &failure{kind: Content, err: fmt.Errorf("the answer cannot be used: %w", err)}
		}
	}
	return &Answer{Body: body, ETag: res.Header.Get("ETag"), LastModified: res.Header.Get("Last-Modified")}, nil
}

func (c *Client) headers(r *http.Request, req *Request) {
	accept := req.Accept
	if accept == "" {
		accept = "application/json"
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "otv")
	for name, values := range c.o.Secret {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	if req.ETag != "" {
		r.Header.Set("If-None-Match", req.ETag)
	}
	if req.LastModified != "" {
		r.Header.Set("If-Modified-Since", req.LastModified)
	}
}

// broken puts an error of the connection into words that hold no URL.
func (c *Client) broken(ctx context.Context, err error) *failure {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return &failure{kind: TimedOut, err: fmt.Errorf("no complete answer within %s", c.o.Timeout)}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &failure{kind: Unreachable, err: errors.New("the answer broke off")}
	}
	text := err.Error() // it may quote what the server sent
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return &failure{kind: Unreachable, err: errors.New(text)}
}

// status judges the status of an answer.
func (c *Client) status(res *http.Response) *failure {
	text := fmt.Errorf("the server answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	switch code := res.StatusCode; {
	case code == http.StatusOK, code == http.StatusNoContent:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusForbidden && exhausted(res.Header):
		return &failure{kind: Limited, err: text, retry: c.retry(res.Header)}
	case code == http.StatusNotFound:
		return &failure{kind: NotFound, err: text}
	case code >= 500:
		return &failure{kind: Failing, err: text}
	case code >= 400:
		return &failure{kind: Refused, err: text}
	}
	return &failure{kind: Content, err: text}
}

// exhausted recognises a 403 that means "too many requests", as GitHub's API answers.
func exhausted(h http.Header) bool {
	return h.Get("X-RateLimit-Remaining") == "0" || h.Get("Retry-After") != ""
}

// retry is the moment from which the source wants to be asked again.
func (c *Client) retry(h http.Header) time.Time {
	now := c.o.Clock.Now()
	after := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(after, 10, 32); err == nil && n >= 0 {
		return now.Add(time.Duration(n) * time.Second)
	}
	if t, err := http.ParseTime(after); err == nil {
		return t
	}
	if n, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil && n > now.Unix() && n < now.Unix()+(1<<31) {
		return time.Unix(n, 0)
	}
	return now.Add(defaultRetry)
}

// plausible finds answers that are plainly something else: a web page, as captive portals and error pages of proxies
// send, or a type that is neither JSON nor text.
func plausible(res *http.Response, body []byte) error {
	if res.StatusCode == http.StatusNoContent && len(body) == 0 {
		return nil
	}
	if start := bytes.TrimSpace(body); len(start) > 0 && start[0] == '<' {
		return errors.New("the server answers with a web page")
	}
	header := res.Header.Get("Content-Type")
	if header == "" {
		return nil
	}
	kind, _, err := mime.ParseMediaType(header)
	if err != nil {
		return errors.New("the server states an unreadable content type")
	}
	if strings.HasPrefix(kind, "text/") && kind != "text/html" || strings.HasSuffix(kind, "json") || kind == "application/octet-stream" {
		return nil
	}
	return fmt.Errorf("the server answers with %.40q", kind)
}
