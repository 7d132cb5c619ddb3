package extrinsic

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// Head names a block.
type Head struct {
	Number uint32
	Hash   [32]byte
}

// Block is what finding a transaction needs of a block.
type Block struct {
	Number uint32
	Parent [32]byte
	// Body holds the extrinsics with their length prefixes.
	Body [][]byte
}

// Ledger is the part of a chain client that finds transactions.
type Ledger interface {
	// Finalised is the newest finalised block.
	Finalised(ctx context.Context) (Head, error)
	// HashAt is the hash of a finalised block. It must never be that of a block on another fork.
	HashAt(ctx context.Context, number uint32) ([32]byte, error)
	// Block reads a block by its hash.
	Block(ctx context.Context, hash [32]byte) (Block, error)
	// Events is the storage value System.Events after a block, and the metadata of the runtime that executed the block:
	// the one its parent left behind.
	Events(ctx context.Context, hash [32]byte) (*metadata.Metadata, []byte, error)
	// NonceAt is the number of transactions of an account that are included up to a block.
	NonceAt(ctx context.Context, hash, account [32]byte) (uint64, error)
}

// State is how much is known about the fate of a transaction.
type State string

// The states. All but Pending are final: nothing that happens later changes them.
const (
	// Pending means that it is in no finalised block yet and may still get into one.
	Pending State = "pending"
	// Finalised means that it is in a finalised block.
	Finalised State = "finalised"
	// Expired means that its lifetime passed in finalised blocks without it: it can never be included.
	Expired State = "expired"
	// Superseded means that another transaction of the sender used its nonce: it can never be included.
	Superseded State = "superseded"
)

// Outcome is the fate of a transaction.
type Outcome struct {
	State State
	// Block and Index tell where it is, for Finalised.
	Block Head
	Index uint32
	// Events of the transaction, for Finalised.
	Events []Event
	// Applied means that the chain applied it, for Finalised. Failures are all errors that the events tell of: the
	// transaction's own when it was not applied, and those of calls inside it, which may be there although it was.
	Applied  bool
	Failures []*Failure
}

// Settled reports whether the outcome is final.
func (o Outcome) Settled() bool { return o.State != Pending && o.State != "" }

// Succeeded reports whether it is in a finalised block, was applied, and no call inside it failed.
func (o Outcome) Succeeded() bool { return o.State == Finalised && o.Applied && len(o.Failures) == 0 }

// Sought says which transaction to find and where. It is small, so that it can be stored before the transaction is
// submitted, and is all that [Find] and [Track] need after a restart.
type Sought struct {
	Hash   [32]byte
	Sender [32]byte
	Nonce  uint64
	// First is the number of the first block that could hold it: that of the birth block, or of the finalised block
	// known when an immortal transaction was made.
	First uint32
	// Death is the number of the first block that cannot hold it any more; math.MaxUint64 for an immortal one.
	Death uint64
}

// NewSought makes a Sought for an extrinsic made with the given options, current being the block its era was made with.
func NewSought(extrinsic []byte, sender [32]byte, opts Options, current uint32) Sought {
	s := Sought{Hash: Hash(extrinsic), Sender: sender, Nonce: opts.Nonce, First: current, Death: opts.Era.Death(current)}
	if !opts.Era.IsImmortal() {
		s.First = opts.Era.Birth(current)
	}
	return s
}

// Find looks for a transaction in the finalised blocks of its lifetime. It reads at most as many blocks as the lifetime
// has. An error means that the answer is not known; if the state then is Finalised, only the events are.
func Find(ctx context.Context, ledger Ledger, s Sought) (Outcome, error) {
	head, err := ledger.Finalised(ctx)
	if err != nil {
		return Outcome{State: Pending}, fmt.Errorf("find transaction %x: newest finalised block: %w", s.Hash, err)
	}
	return s.find(ctx, ledger, head)
}

// find looks up to the finalised block head.
func (s Sought) find(ctx context.Context, ledger Ledger, head Head) (Outcome, error) {
	o, err := s.search(ctx, ledger, head)
	if err != nil {
		err = fmt.Errorf("find transaction %x: %w", s.Hash, err)
	}
	return o, err
}

func (s Sought) search(ctx context.Context, ledger Ledger, head Head) (Outcome, error) {
	pending := Outcome{State: Pending}
	if head.Number < s.First {
		return pending, nil
	}
	last := head
	over := uint64(head.Number)+1 >= s.Death
	if over && uint64(head.Number) >= s.Death { // begin at the last block of the lifetime, not at a head far beyond it
		if s.Death <= uint64(s.First) {
			return pending, errors.New("its lifetime ends before it begins")
		}
		last.Number = uint32(s.Death - 1)
		hash, err := ledger.HashAt(ctx, last.Number)
		if err != nil {
			return pending, fmt.Errorf("hash of block %d: %w", last.Number, err)
		}
		last.Hash = hash
	}
	at, index, found, err := s.walk(ctx, ledger, last)
	switch {
	case err != nil:
		return pending, err
	case found:
		return included(ctx, ledger, at, index)
	case over:
		return Outcome{State: Expired}, nil
	}
	nonce, err := ledger.NonceAt(ctx, head.Hash, s.Sender)
	if err != nil {
		return pending, fmt.Errorf("nonce of the sender at block %d: %w", head.Number, err)
	}
	if nonce > s.Nonce {
		return Outcome{State: Superseded}, nil
	}
	return pending, nil
}

// walk goes from a block back to the first of the lifetime along the parents' hashes, which no node can get wrong.
func (s Sought) walk(ctx context.Context, ledger Ledger, from Head) (at Head, index uint32, found bool, err error) {
	for at = from; ; {
		b, err := ledger.Block(ctx, at.Hash)
		if err != nil {
			return at, 0, false, fmt.Errorf("block %d: %w", at.Number, err)
		}
		if b.Number != at.Number {
			return at, 0, false, fmt.Errorf("the node gave block %d for the hash of block %d", b.Number, at.Number)
		}
		if i, ok := position(b.Body, s.Hash); ok {
			return at, i, true, nil
		}
		if at.Number <= s.First || at.Number == 0 {
			return at, 0, false, nil
		}
		at = Head{Number: at.Number - 1, Hash: b.Parent}
	}
}

// position is where in a block's body the extrinsic with a hash is.
func position(body [][]byte, hash [32]byte) (uint32, bool) {
	for i, x := range body {
		if Hash(x) == hash {
			return uint32(i), true
		}
	}
	return 0, false
}

// included reads what became of the extrinsic at a position in a finalised block.
func included(ctx context.Context, ledger Ledger, at Head, index uint32) (Outcome, error) {
	o := Outcome{State: Finalised, Block: at, Index: index}
	md, raw, err := ledger.Events(ctx, at.Hash)
	if err != nil {
		return o, fmt.Errorf("it is in block %d, whose events cannot be read: %w", at.Number, err)
	}
	events, err := DecodeEvents(md, raw)
	if err != nil {
		return o, fmt.Errorf("it is in block %d: %w", at.Number, err)
	}
	o.Events = EventsOf(events, index)
	o.Applied, o.Failures = Result(o.Events)
	if !o.Applied && len(o.Failures) == 0 {
		return o, fmt.Errorf("it is in block %d, whose events do not tell what became of extrinsic %d", at.Number, index)
	}
	return o, nil
}
