package location

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// storeError is a failure of the store, which ends a refresh; failures of sources do not.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

var (
	errQuota   = errors.New("the requests of this month are used up (location.requestsPerMonth)")
	errWaiting = errors.New("the last look-ups of the address failed, it is tried again later")
)

// ask asks one source about an address, or remembers what it said. Together with an error it returns the last good
// answer, if there is one.
func (l *Locator) ask(ctx context.Context, s Source, a netip.Addr) (outside.Place, programme.Millis, error) {
	if s.Local() {
		p, err := s.Locate(ctx, a)
		return p, l.now(), err
	}
	key := l.o.Key.Name(a)
	m, _, err := l.o.Store.Lookup(ctx, s.Name(), key)
	if err != nil {
		return outside.Place{}, 0, &storeError{err}
	}
	m.Source, m.Key = s.Name(), key
	now := l.now()
	if m.Retry > now {
		return m.Place, m.At, remembered(&m)
	}
	ok, err := l.o.Store.SpendRequest(ctx, s.Name(), l.o.Now().UTC().Format("2006-01"), l.o.Monthly)
	if err != nil {
		return outside.Place{}, 0, &storeError{err}
	}
	if !ok {
		return m.Place, m.At, errQuota
	}
	p, err := s.Locate(ctx, a)
	if ctx.Err() != nil {
		return outside.Place{}, 0, context.Cause(ctx)
	}
	now = l.now()
	switch {
	case err == nil:
		m = outside.Lookup{Source: m.Source, Key: key, Found: true, Place: p, At: now, Retry: now + sources.Span(l.o.Lifetime)}
	case errors.Is(err, ErrNotFound):
		m = outside.Lookup{Source: m.Source, Key: key, At: now, Retry: now + sources.Span(notFoundLives)}
	case aboutTheSource(err):
		return m.Place, m.At, err // the address has nothing to do with it
	default:
		m.Failures++
		m.Retry = now + sources.Span(retryAfter(m.Failures))
	}
	if err := l.o.Store.SaveLookup(ctx, m); err != nil {
		return outside.Place{}, 0, &storeError{err}
	}
	return m.Place, m.At, err
}

// remembered is the error that goes with a remembered answer.
func remembered(m *outside.Lookup) error {
	switch {
	case m.Failures > 0:
		return errWaiting
	case !m.Found:
		return ErrNotFound
	}
	return nil
}

// aboutTheSource reports whether a failure says nothing about the single request: the source was not asked, or it
// wants fewer requests, or it has just been found to be down.
func aboutTheSource(err error) bool {
	var f *fetch.Error
	return errors.As(err, &f) && (f.Kind == fetch.Open || f.Kind == fetch.Limited || !f.Retry.IsZero())
}

// retryAfter doubles with every failure.
func retryAfter(failures int) time.Duration {
	d := firstRetry
	for i := 1; i < failures && d < lastRetry; i++ {
		d *= 2
	}
	return min(d, lastRetry)
}
