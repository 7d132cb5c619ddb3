package fetch

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong, for metrics and for those who decide what to do.
type Kind string

// The kinds of failures.
const (
	Unreachable Kind = "unreachable" // no connection, or it broke
	TimedOut    Kind = "timeout"     // no complete answer in time
	Failing     Kind = "failing"     // 5xx
	Limited     Kind = "limited"     // the source asks for fewer requests
	Refused     Kind = "refused"     // 4xx: the request, or its token, is not accepted
	NotFound    Kind = "not-found"   // 404: the source knows nothing of it
	Content     Kind = "content"     // the answer is not what was asked for
	Open        Kind = "open"        // not asked: the source has just failed too often
)

// OK is the outcome of a good request, where outcomes are counted.
const OK Kind = "ok"

// Error is a failed request.
type Error struct {
	What string // what was to be fetched: "client releases"
	Host string
	Kind Kind
	// Retry is the moment before which the source is not asked again; zero when it may be asked any time.
	Retry time.Time
	Err   error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("fetch %s from %s: %v", e.What, e.Host, e.Err)
	if !e.Retry.IsZero() {
		text += "; it is asked again from " + e.Retry.UTC().Format(time.RFC3339)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an error of this package, empty for any other.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// again reports whether another attempt may help at once.
func (k Kind) again() bool { return k == Unreachable || k == TimedOut || k == Failing }
