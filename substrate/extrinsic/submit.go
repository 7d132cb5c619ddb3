package extrinsic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Node is the part of a chain client that submits transactions and waits for their fate.
type Node interface {
	Ledger
	// SubmitAndWatch hands a transaction to one node and returns what that says about it. The error of a refusal is, or
	// wraps, the node's *rpc.Error. It must not try a second node once the first may have received the transaction: the
	// refusal of the second would hide that the first accepted. An error wraps ErrNotSent when no node received anything.
	SubmitAndWatch(ctx context.Context, extrinsic []byte) (Watch, error)
	// FollowFinalised calls fn for every block after the given one as it becomes final, in order and without gaps, until
	// ctx ends or fn returns an error, which it hands back.
	FollowFinalised(ctx context.Context, after Head, fn func(Head) error) error
}

// Watch is the stream of statuses of one transaction.
type Watch interface {
	// Next waits for a status. After an error there are no more.
	Next(ctx context.Context) (json.RawMessage, error)
	Close()
}

// ErrNotSent means that no node received the transaction.
var ErrNotSent = errors.New("the transaction was not sent")

// Submit hands a signed transaction to a node and waits until its fate is settled. Store s before the call: after a
// crash, Track finds the fate again from it.
//
// What the node says on the way goes to report, which may be nil and is called from one other goroutine until Submit
// returns. It settles nothing: what one node drops others may include, and a lost connection says nothing at all. The
// fate is found in finalised blocks, as by Track; so for a mortal transaction Submit returns at the latest when the
// lifetime has passed in finalised blocks.
//
// With an error the fate is not known, and the outcome is what is. One that is a *RefusedError or wraps [ErrNotSent]
// means that this call brought the transaction nowhere: unless it was submitted before, it will never be included.
func Submit(ctx context.Context, node Node, extrinsic []byte, s Sought, report func(Status)) (Outcome, error) {
	pending := Outcome{State: Pending}
	if Hash(extrinsic) != s.Hash {
		return pending, fmt.Errorf("submit transaction %x: its bytes have another hash: %w", s.Hash, ErrNotSent)
	}
	watch, err := node.SubmitAndWatch(ctx, extrinsic)
	switch refused := Refusal(err); {
	case err == nil:
		watching, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			follow(watching, watch, report)
		}()
		defer func() {
			stop()
			<-done
			watch.Close()
		}()
	case errors.Is(err, ErrNotSent):
		return pending, fmt.Errorf("submit transaction %x: %w", s.Hash, err)
	case refused != nil && refused.Reason != ReasonAlreadyImported:
		// perhaps it was submitted before and is included already: then the refusal means nothing
		if o, err := Find(ctx, node, s); err == nil && o.Settled() {
			return o, nil
		}
		return pending, fmt.Errorf("submit transaction %x: %w", s.Hash, refused)
	}
	return Track(ctx, node, s) // sent, perhaps sent, or sent before
}

// follow reports statuses until one ends the watch, or the watch breaks.
func follow(ctx context.Context, watch Watch, report func(Status)) {
	for {
		raw, err := watch.Next(ctx)
		if err != nil {
			return
		}
		status, err := ParseStatus(raw)
		if err != nil {
			continue
		}
		if report != nil {
			report(status)
		}
		if status.Ends() {
			return
		}
	}
}

// Track waits until the fate of a submitted transaction is settled, looking into every block as it becomes final. Each
// block of the lifetime is read once. It can be called at any time after the submission, also by another process; the
// transaction is not submitted again. With an error the fate is not known, and the outcome is what is.
func Track(ctx context.Context, node Node, s Sought) (Outcome, error) {
	head, err := node.Finalised(ctx)
	if err != nil {
		return Outcome{State: Pending}, fmt.Errorf("track transaction %x: newest finalised block: %w", s.Hash, err)
	}
	o, err := s.find(ctx, node, head)
	if err != nil || o.Settled() {
		return o, err
	}
	s.First = max(s.First, head.Number+1)
	settled := errors.New("settled")
	var failed error
	err = node.FollowFinalised(ctx, head, func(head Head) error {
		if o, failed = s.find(ctx, node, head); failed != nil {
			return failed
		}
		if o.Settled() {
			return settled
		}
		s.First = max(s.First, head.Number+1)
		return nil
	})
	switch {
	case failed != nil:
		return o, failed
	case o.Settled():
		return o, nil
	case err == nil:
		err = errors.New("the node ended them")
	}
	return o, fmt.Errorf("track transaction %x: wait for finalised blocks: %w", s.Hash, err)
}
