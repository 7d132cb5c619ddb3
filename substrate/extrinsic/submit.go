package extrinsic

import (
	"context"
	"encoding/json"
	"fmt"
)

// Node is the part of a chain client that submits transactions and waits for their fate.
type Node interface {
	Ledger
	// SubmitAndWatch hands a transaction to one node and returns what that says about it. The error of a refusal is, or
	// wraps, the node's *rpc.Error. It must not try a second node once the first may have received the transaction: the
	// refusal of the second would hide that the first accepted.
	SubmitAndWatch(ctx context.Context, extrinsic []byte) (Watch, error)
	// NextFinalised waits until a block with a number above the given one is final, and returns the newest such.
	NextFinalised(ctx context.Context, above uint32) (Head, error)
}

// Watch is the stream of statuses of one transaction.
type Watch interface {
	// Next waits for a status. After an error there are no more.
	Next(ctx context.Context) (json.RawMessage, error)
	Close()
}

// Submit hands a signed transaction to a node and waits until its fate is settled. report, which may be nil, is called
// with every status on the way. Store s before the call: after a crash, Track finds the fate again from it.
//
// The statuses of one node settle nothing, except that a block with the transaction is final. When the watch ends in
// another way, or with the connection, Submit goes on like Track; so for a mortal transaction it returns at the latest
// when its lifetime has passed in finalised blocks.
//
// With an error the fate is not known, and the outcome is what is. A *RefusedError in it means that the node did not
// take the transaction and that it is in no finalised block; if it was never submitted before, it was not sent at all.
func Submit(ctx context.Context, node Node, extrinsic []byte, s Sought, report func(Status)) (Outcome, error) {
	pending := Outcome{State: Pending}
	if Hash(extrinsic) != s.Hash {
		return pending, fmt.Errorf("submit transaction %x: its bytes have another hash", s.Hash)
	}
	if report == nil {
		report = func(Status) {}
	}
	watch, err := node.SubmitAndWatch(ctx, extrinsic)
	if err != nil {
		if refused := Refusal(err); refused != nil && refused.Reason != ReasonAlreadyImported {
			// perhaps it was submitted before and is included: then the refusal means nothing
			if o, err := Find(ctx, node, s); err == nil && o.Settled() {
				return o, nil
			}
			return pending, fmt.Errorf("submit transaction %x: %w", s.Hash, refused)
		}
		return Track(ctx, node, s)
	}
	final, err := follow(ctx, watch, report)
	watch.Close()
	if err != nil || final.Kind != StatusFinalized {
		return Track(ctx, node, s)
	}
	b, err := node.Block(ctx, final.Hash)
	if err != nil {
		return Track(ctx, node, s)
	}
	index, ok := position(b.Body, s.Hash)
	if !ok { // the node is mistaken
		return Track(ctx, node, s)
	}
	o, err := included(ctx, node, Head{b.Number, final.Hash}, index)
	if err != nil {
		err = fmt.Errorf("submit transaction %x: %w", s.Hash, err)
	}
	return o, err
}

// follow reports statuses until one ends the watch, or the watch breaks.
func follow(ctx context.Context, watch Watch, report func(Status)) (Status, error) {
	for {
		raw, err := watch.Next(ctx)
		if err != nil {
			return Status{}, err
		}
		status, err := ParseStatus(raw)
		if err != nil {
			return Status{}, err
		}
		report(status)
		if status.Ends() {
			return status, nil
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
	for {
		o, err := s.find(ctx, node, head)
		if err != nil || o.Settled() {
			return o, err
		}
		s.First = max(s.First, head.Number+1)
		above := head.Number
		if head, err = node.NextFinalised(ctx, above); err != nil {
			return o, fmt.Errorf("track transaction %x: wait for a block after %d to be final: %w", s.Hash, above, err)
		}
		if head.Number <= above {
			return o, fmt.Errorf("track transaction %x: waiting for a block after %d ended with block %d", s.Hash, above, head.Number)
		}
	}
}
