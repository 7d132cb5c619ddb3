package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
)

// Kinds of failures; errors.Is finds them in the errors of this package. Interrupted contexts have no kind.
var (
	// ErrUnavailable means that a chain did not deliver: no endpoint answers, state is pruned, an answer is garbage.
	// Trying again later or with other endpoints may help.
	ErrUnavailable = errors.New("a chain did not deliver")
	// ErrUnsuitable means that a chain is not the one expected or lacks what is needed: the configuration is wrong.
	ErrUnsuitable = errors.New("a chain is not suitable")
	// ErrRequest means that what was asked for cannot be: a malformed address, a block that is not final.
	ErrRequest = errors.New("the request cannot be fulfilled")
)

// kindError adds a kind to an error without changing its text.
type kindError struct{ kind, err error }

func (e *kindError) Error() string   { return e.err.Error() }
func (e *kindError) Unwrap() []error { return []error{e.err, e.kind} }

func unavailable(format string, args ...any) error {
	return &kindError{ErrUnavailable, fmt.Errorf(format, args...)}
}

func unsuitable(format string, args ...any) error {
	return &kindError{ErrUnsuitable, fmt.Errorf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return &kindError{ErrRequest, fmt.Errorf(format, args...)}
}

// failed is the error for what a chain did not do. An error that has a kind keeps it.
func failed(ctx context.Context, action string, err error) error {
	var known *kindError
	var wrong *substrate.WrongChainError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return interrupted(ctx, action, err)
	case errors.As(err, &wrong):
		return unsuitable("%s: wrong network: %w", action, err)
	}
	return kinded(fmt.Errorf("%s: %w", action, err))
}

// kinded gives an error its kind.
func kinded(err error) error {
	switch {
	case unreadable(err):
		return &kindError{ErrUnsuitable, err}
	case rpc.IsPruned(err):
		return unavailable("%w; only an archive node keeps the state of every block", err)
	}
	return &kindError{ErrUnavailable, err}
}

// interrupted is the error for a context that ended: why, and what was waited for when that is known.
func interrupted(ctx context.Context, action string, err error) error {
	cause := context.Cause(ctx)
	var read *substrate.ReadError
	if errors.As(err, &read) {
		return fmt.Errorf("%s: %w while waiting for %s of %s block %d", action, cause, read.What, read.Chain, read.Number)
	}
	return fmt.Errorf("%s: %w", action, cause)
}

// unreadable tells an item that is missing or has an unexpected form from a chain that does not answer.
func unreadable(err error) bool {
	var call *rpc.CallError
	return !errors.As(err, &call) && !errors.Is(err, rpc.ErrClosed) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
