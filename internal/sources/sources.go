// Package sources holds what the adapters to outside sources share: values that know their age, and the book that is
// kept of how a source is doing. The adapters themselves are in the packages below it.
package sources

import (
	"context"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Millis is a moment in the programme's terms.
func Millis(t time.Time) programme.Millis { return programme.Millis(t.UnixMilli()) }

// Span is a duration in the programme's terms.
func Span(d time.Duration) programme.Millis { return programme.Millis(d.Milliseconds()) }

// Answer is a value with its age, or the reason why nothing is known.
type Answer[T any] struct {
	Value T
	Known bool
	At    programme.Millis // newest confirmation of the value
	Age   programme.Millis
	// Why says why nothing is known.
	Why string
}

// Fresh answers with a value unless it is older than most, or was never there (at 0).
func Fresh[T any](value T, at, now, most programme.Millis) Answer[T] {
	age := max(now-at, 0)
	switch {
	case at <= 0:
		return Answer[T]{Why: "nothing is known yet"}
	case age > most:
		return Answer[T]{At: at, Age: age, Why: fmt.Sprintf("the newest value is of %s, which is too old", at)}
	}
	return Answer[T]{Value: value, Known: true, At: at, Age: age}
}

// HealthStore keeps how sources are doing.
type HealthStore interface {
	SourceHealth(ctx context.Context, network, name string) (h outside.Health, ok bool, err error)
	SaveSourceHealth(ctx context.Context, h outside.Health) error
}

// Book keeps a record of how one source is doing.
type Book struct {
	Store         HealthStore
	Network, Name string
	// Fresh is how long the newest good value speaks for the source although newer attempts fail.
	Fresh time.Duration
}

// Outcome is what came of one refresh of a source.
type Outcome struct {
	At     programme.Millis
	Err    error            // nil when the source delivered
	Remark string           // about a delivery that is not perfect
	Retry  programme.Millis // the source is not asked before this moment
}

// Note writes an outcome down. Err is about the source; a failure to write is what it returns.
func (b Book) Note(ctx context.Context, o Outcome) error {
	h, _, err := b.Store.SourceHealth(ctx, b.Network, b.Name)
	if err != nil {
		return err
	}
	return b.Store.SaveSourceHealth(ctx, b.next(h, o))
}

func (b Book) next(h outside.Health, o Outcome) outside.Health {
	h.Network, h.Name, h.Tried, h.Retry = b.Network, b.Name, o.At, o.Retry
	if o.Err == nil {
		h.State, h.Good, h.Failures, h.Detail = programme.SourceOK, o.At, 0, o.Remark
		return h
	}
	h.Failures++
	h.Detail = o.Err.Error()
	h.State = programme.SourceDown
	if h.Good > 0 && o.At-h.Good <= Span(b.Fresh) {
		h.State = programme.SourceOK
	}
	return h
}

// Set writes down a state that does not come from asking: switched off, or not set up.
func (b Book) Set(ctx context.Context, state programme.SourceState, detail string) error {
	h, _, err := b.Store.SourceHealth(ctx, b.Network, b.Name)
	if err != nil {
		return err
	}
	h.Network, h.Name, h.State, h.Detail, h.Failures, h.Retry = b.Network, b.Name, state, detail, 0, 0
	return b.Store.SaveSourceHealth(ctx, h)
}
