package candidates

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Defaults of a [Loader].
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxBytes = 2 << 20 // ten times the greatest list there is
)

// Options configure a [Loader].
type Options struct {
	Location string // http(s) URL or file path
	Network  Network
	// CacheDir is where the last good list of a URL is kept over restarts; empty keeps it in memory only. Files are
	// never copied there: a process that starts anew with a bad file must say so.
	CacheDir string
	// Transport makes the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	Timeout   time.Duration    // of a whole request; 0 means DefaultTimeout
	MaxBytes  int64            // greatest list; 0 means DefaultMaxBytes
	Now       func() time.Time // required
}

// Loader reads a list again and again and keeps the last good one. It is safe for concurrent use.
type Loader struct {
	o      Options
	name   string // the location for messages, without a password
	client *http.Client

	mu     sync.Mutex
	good   *held // the last good list
	cached bool  // the cache was looked at
}

// held is a good list with what its source said of it.
type held struct {
	body         []byte
	list         *List
	etag         string
	lastModified string
	fetched      time.Time // when the body was read
	confirmed    time.Time // when the source last said that it is current
}

// Result is a usable list.
type Result struct {
	List     *List
	Location string
	// Fetched is when the list was read, Confirmed when its source last said that it is current.
	Fetched, Confirmed time.Time
	// Changed says that the list differs from the one of the call before, or that there was none.
	Changed bool
	// Stale is set when the source did not deliver a good list and the last good one stands in.
	Stale *StaleError
	// CacheErr says why the list could not be kept or found on disk; the list itself is not affected.
	CacheErr error
}

// StaleError says that the last good list had to be used.
type StaleError struct {
	Location string
	Since    time.Time // the last moment at which the list was known to be current
	Cause    error     // why the source did not deliver; a *RefusedError when its list is bad
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("the candidate list of %s stands in: %v", e.Since.UTC().Format(time.RFC3339), e.Cause)
}

func (e *StaleError) Unwrap() error { return e.Cause }

// NewLoader makes a loader; nothing is read yet.
func NewLoader(o Options) *Loader {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	name := o.Location
	if u, err := url.Parse(name); err == nil && u.User != nil {
		name = u.Redacted()
	}
	return &Loader{o: o, name: name, client: &http.Client{Transport: o.Transport, CheckRedirect: redirect}}
}

const maxRedirects = 5

// redirect follows a few redirects, but never from https to http.
func redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		return fmt.Errorf("a redirect to %s", r.URL.Scheme)
	case r.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https":
		return errors.New("a redirect from https to http")
	}
	return nil
}

// remote reports whether the list comes from a URL.
func (l *Loader) remote() bool {
	s := strings.ToLower(l.o.Location)
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}

// Load reads the list. It fails only when the source delivers no good list and there is no earlier one either, or when
// ctx ends.
func (l *Loader) Load(ctx context.Context) (Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var cacheErr error
	if l.good == nil && l.remote() && l.o.CacheDir != "" && !l.cached {
		l.cached = true
		l.good, cacheErr = l.readCache()
	}
	before := l.good
	cause := l.refresh(ctx)
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("read candidate list %s: %w", l.name, err)
	}
	if l.good == nil {
		return Result{}, cause
	}
	r := Result{
		List: l.good.list, Location: l.name, Fetched: l.good.fetched, Confirmed: l.good.confirmed,
		Changed: before == nil || !bytes.Equal(before.body, l.good.body), CacheErr: cacheErr,
	}
	if cause != nil {
		r.Stale = &StaleError{l.name, l.good.confirmed, cause}
	} else if l.remote() && l.o.CacheDir != "" {
		if err := l.writeCache(l.good); err != nil {
			r.CacheErr = err
		}
	}
	return r, nil
}

// refresh asks the source and replaces l.good when it has a good list.
func (l *Loader) refresh(ctx context.Context) error {
	next, err := l.read(ctx)
	if err != nil {
		return err
	}
	if next.list == nil {
		next.list = Parse(next.body, l.o.Network)
	}
	if err := next.list.Err(l.name); err != nil {
		return err
	}
	l.good = next
	return nil
}

func (l *Loader) read(ctx context.Context) (*held, error) {
	if l.remote() {
		return l.fetch(ctx)
	}
	f, err := os.Open(l.o.Location)
	if err != nil {
		return nil, fmt.Errorf("read candidate list: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	body, err := l.limited(f)
	if err != nil {
		return nil, fmt.Errorf("read candidate list %s: %w", l.name, err)
	}
	now := l.o.Now()
	return &held{body: body, fetched: now, confirmed: now}, nil
}

// limited reads all of r up to the size limit.
func (l *Loader) limited(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, l.o.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > l.o.MaxBytes {
		return nil, fmt.Errorf("it is greater than the limit of %d bytes", l.o.MaxBytes)
	}
	return body, nil
}

// fetch makes a conditional request when a good list is at hand.
func (l *Loader) fetch(ctx context.Context) (*held, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.Timeout)
	defer cancel()
	fail := func(format string, args ...any) (*held, error) {
		return nil, fmt.Errorf("fetch candidate list %s: %w", l.name, fmt.Errorf(format, args...))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.o.Location, nil)
	if err != nil {
		return fail("%w", err)
	}
	req.Header.Set("Accept", "application/json, text/plain;q=0.9")
	req.Header.Set("User-Agent", "otv")
	if g := l.good; g != nil {
		if g.etag != "" {
			req.Header.Set("If-None-Match", g.etag)
		}
		if g.lastModified != "" {
			req.Header.Set("If-Modified-Since", g.lastModified)
		}
	}
	res, err := l.client.Do(req)
	if err != nil {
		return fail("%w", l.plain(err))
	}
	defer func() { _ = res.Body.Close() }() // reading is over
	now := l.o.Now()
	switch {
	case res.StatusCode == http.StatusNotModified && l.good != nil:
		same := *l.good
		same.confirmed = now
		return &same, nil
	case res.StatusCode != http.StatusOK:
		return fail("the server answers %s", res.Status)
	}
	body, err := l.limited(res.Body)
	if err != nil {
		return fail("%w", l.plain(err))
	}
	if start := bytes.TrimSpace(body); len(start) > 0 && start[0] == '<' {
		return fail("the server answers with a web page instead of JSON (%s)", res.Header.Get("Content-Type"))
	}
	next := &held{body: body, etag: res.Header.Get("ETag"), lastModified: res.Header.Get("Last-Modified"), fetched: now, confirmed: now}
	if g := l.good; g != nil && bytes.Equal(body, g.body) {
		next.list, next.fetched = g.list, g.fetched
	}
	return next, nil
}

// plain puts the errors of the HTTP client into words; they repeat method and URL otherwise.
func (l *Loader) plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %w", l.o.Timeout, context.DeadlineExceeded)
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
