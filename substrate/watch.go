package substrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// callerError is an error of the caller's function, which ends a follower and is handed back as it is.
type callerError struct{ err error }

func (e *callerError) Error() string { return e.err.Error() }

// FollowFinalised calls fn for every finalised block, each once and in order without gaps, until ctx ends or fn returns an
// error. With after it begins behind that block, else with the present finalised head. Broken connections are
// replaced and what was missed meanwhile is made up for. Blocks that were finalised earlier but are gone end it with
// a [RewoundError].
func (c *Client) FollowFinalised(ctx context.Context, after *Head, fn func(Head) error) error {
	f := &headFollower{client: c, session: c.pool.Session(nil), fn: fn}
	if after != nil {
		last := *after
		f.last = &last
	}
	return c.follow(ctx, "finalised heads", "chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads", f.session, f.head, f.poll)
}

// FollowRuntime calls fn whenever the chain's code changes, first for the present one, until ctx ends or fn returns an
// error. The runtime has been compared with [Config].Expect; see [Runtime.Mismatches].
func (c *Client) FollowRuntime(ctx context.Context, fn func(*Runtime) error) error {
	var last runtimeKey
	s := c.pool.Session(nil)
	return c.follow(ctx, "runtime versions", "state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion", s,
		func(ctx context.Context, raw json.RawMessage) error {
			var v runtimeVersion
			if err := json.Unmarshal(raw, &v); err != nil || v.SpecName == "" {
				return rpc.Garbage("a runtime version that cannot be read")
			}
			if v.key() == last {
				return nil
			}
			best, err := c.Best(ctx)
			if err != nil {
				return err
			}
			rt, err := best.NextRuntime(ctx)
			if err != nil {
				return err
			}
			key := runtimeKey{rt.SpecName, rt.SpecVersion, rt.TransactionVersion}
			if key == last {
				return errNotYet
			}
			last = key
			c.runtimes.mu.Lock()
			c.runtimes.current = rt
			c.runtimes.mu.Unlock()
			if err := fn(rt); err != nil {
				return &callerError{err}
			}
			return nil
		}, func(context.Context) error { return nil })
}

// follow keeps a subscription alive. handle gets each notification; silent is called after a while without any, and returns
// errResubscribe when the subscription seems dead.
func (c *Client) follow(ctx context.Context, name, method, unsubscribe string, s *rpc.Session,
	handle func(context.Context, json.RawMessage) error, silent func(context.Context) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(rpc.ErrClosed) })()
	for failures := 0; ; {
		progress, err := c.followOnce(ctx, method, unsubscribe, s, handle, silent)
		var own *callerError
		var rewound *RewoundError
		switch {
		case errors.As(err, &own):
			return own.err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &rewound):
			return err
		case rpc.IsMethodNotFound(lastError(err)), c.allRefused():
			return c.wrap(name, err)
		}
		if progress {
			failures = 0
		}
		failures++
		c.log.Info("subscription ended, subscribing again", "chain", c.name(), "subscription", name, "error", err)
		if err := c.pause(ctx, failures); err != nil {
			return context.Cause(ctx)
		}
	}
}

// pause waits between two subscriptions so that a node that ends each at once is not pestered. The first time is free: a
// connection that breaks now and then costs nothing.
func (c *Client) pause(ctx context.Context, failures int) error {
	if failures <= 1 {
		return nil
	}
	d := time.Duration(min(failures, 30)) * time.Second
	woken := make(chan struct{})
	stop := c.clock.AfterFunc(d, func() { close(woken) })
	defer stop()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) allRefused() bool {
	for _, h := range c.pool.Health() {
		if h.Refused == nil {
			return false
		}
	}
	return true
}

// followOnce subscribes and handles notifications until something breaks. progress tells whether any was handled.
func (c *Client) followOnce(ctx context.Context, method, unsubscribe string, s *rpc.Session,
	handle func(context.Context, json.RawMessage) error, silent func(context.Context) error,
) (progress bool, err error) {
	sub, err := s.Subscribe(ctx, method, unsubscribe)
	if err != nil {
		return false, err
	}
	defer sub.Close()
	for {
		quiet := make(chan struct{})
		stop := c.clock.AfterFunc(c.cfg.HeadTimeout, func() { close(quiet) })
		select {
		case raw, ok := <-sub.C():
			stop()
			if !ok {
				return progress, sub.Err()
			}
			if err := handle(ctx, raw); err != nil {
				return progress, err
			}
			progress = true
		case <-quiet:
			if err := silent(ctx); err != nil {
				return progress, err
			}
		case <-ctx.Done():
			stop()
			return progress, ctx.Err()
		}
	}
}

// headFollower hands out finalised heads without gaps.
type headFollower struct {
	client  *Client
	session *rpc.Session
	fn      func(Head) error
	last    *Head // handed out last; nil before the first without a starting point
}

// head takes a notification: everything up to it that has not been handed out is due.
func (f *headFollower) head(ctx context.Context, raw json.RawMessage) error {
	var h header
	if err := json.Unmarshal(raw, &h); err != nil {
		return rpc.Garbage("a header that cannot be read: %v", err)
	}
	return f.upTo(ctx, uint32(h.Number))
}

var errNotYet = errors.New("a new runtime was announced, but the best block still has the old one")

var errSilent = errors.New("there are new finalised blocks, but the subscription was silent")

// poll looks whether the subscription has missed something.
func (f *headFollower) poll(ctx context.Context) error {
	var hash Hash
	if err := f.session.Call(ctx, &hash, "chain_getFinalizedHead"); err != nil {
		return err
	}
	var h *header
	if err := f.session.Call(ctx, &h, "chain_getHeader", hash); err != nil {
		return err
	}
	if h == nil || f.last != nil && uint32(h.Number) <= f.last.Number {
		return nil // really nothing new; a node that lags behind is no reason to leave the subscription
	}
	if err := f.upTo(ctx, uint32(h.Number)); err != nil {
		return err
	}
	return errSilent
}

// gapStep is how many missed blocks are asked for at once.
const gapStep = 100

// upTo hands out all blocks after the last one up to a number.
func (f *headFollower) upTo(ctx context.Context, number uint32) error {
	if f.last == nil {
		hashes, err := f.hashes(ctx, max(number, 1)-1, number)
		if err != nil {
			return err
		}
		head := Head{Number: number, Hash: hashes[len(hashes)-1]}
		if number > 0 {
			head.Parent = hashes[0]
		}
		return f.hand(head)
	}
	for f.last.Number < number {
		to := number
		if to-f.last.Number > gapStep {
			to = f.last.Number + gapStep
		}
		from := f.last.Number
		hashes, err := f.hashes(ctx, from, to)
		if err != nil {
			return err
		}
		if hashes[0] != f.last.Hash {
			return &RewoundError{Chain: f.client.name(), Number: from, Was: f.last.Hash, Now: hashes[0]}
		}
		for i := 1; i < len(hashes); i++ {
			if err := f.hand(Head{Number: from + uint32(i), Hash: hashes[i], Parent: hashes[i-1]}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *headFollower) hand(h Head) error {
	f.last = &h
	if err := f.fn(h); err != nil {
		return &callerError{err}
	}
	return nil
}

// hashes asks for the hashes of the blocks from one number to another, both included. These are final, so that any
// endpoint gives the same; one that lags behind is passed over.
func (f *headFollower) hashes(ctx context.Context, from, to uint32) ([]Hash, error) {
	numbers := make([]uint32, 0, to-from+1)
	for n := from; ; n++ {
		numbers = append(numbers, n)
		if n == to {
			break
		}
	}
	var answer []*Hash
	err := f.session.Do(ctx, rpc.Request{
		Method: "chain_getBlockHash", Params: []any{numbers}, Result: &answer,
		Check: func() error {
			if len(answer) != len(numbers) {
				return rpc.Garbage("%d hashes for %d blocks", len(answer), len(numbers))
			}
			for i, h := range answer {
				if h == nil {
					return &rpc.UnknownBlockError{Block: fmt.Sprint(numbers[i])}
				}
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	hashes := make([]Hash, len(answer))
	for i, h := range answer {
		hashes[i] = *h
	}
	return hashes, nil
}
