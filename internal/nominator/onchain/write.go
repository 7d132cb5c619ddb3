package onchain

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/rpc"
)

// Encode encodes a call for the runtime that executes the block after at. What is announced or executed is always
// encoded from its targets, never taken from stored bytes, which may mean something else to another runtime; when the
// hash is not the announced one, it is an error.
func (c *Chain) Encode(ctx context.Context, at plan.Head, call nominator.Call) (extrinsic.RuntimeCall, error) {
	var none extrinsic.RuntimeCall
	chain, err := c.chain(ctx, at)
	if err != nil {
		return none, err
	}
	md := chain.Metadata
	announced, err := callHash(call.CallHash)
	if err != nil && call.Kind != plan.KindNominate && call.Kind != plan.KindProxy {
		return none, err
	}
	real, err := c.account(call.Real)
	if err != nil {
		return none, err
	}
	if call.Kind == plan.KindAnnounce {
		return extrinsic.Call(md, "Proxy", "announce", real, announced)
	}
	if call.Kind == plan.KindRemove {
		return extrinsic.Call(md, "Proxy", "remove_announcement", real, announced)
	}
	targets := make([][32]byte, len(call.Targets))
	for i, t := range call.Targets {
		if targets[i], err = c.account(t); err != nil {
			return none, err
		}
	}
	nominate, err := extrinsic.Call(md, "Staking", "nominate", targets)
	if err != nil || call.Kind == plan.KindNominate {
		return nominate, err
	}
	if call.Kind == plan.KindProxy {
		return extrinsic.Call(md, "Proxy", "proxy", real, call.ProxyType, nominate)
	}
	if h := nominate.Hash(); h != announced {
		return none, fmt.Errorf("the runtime encodes the nomination as %x, announced is %s: the announcement cannot be executed", h, call.CallHash)
	}
	delegate, err := c.account(call.Delegate)
	if err != nil {
		return none, err
	}
	return extrinsic.Call(md, "Proxy", "proxy_announced", delegate, real, call.ProxyType, nominate)
}

func callHash(text string) ([32]byte, error) {
	h, err := substrate.ParseHash(text)
	if err != nil {
		return h, fmt.Errorf("call hash: %w", err)
	}
	return h, nil
}

// chain is the runtime that executes the block after at.
func (c *Chain) chain(ctx context.Context, at plan.Head) (extrinsic.Chain, error) {
	b, err := c.block(ctx, at)
	if err != nil {
		return extrinsic.Chain{}, err
	}
	return c.ex.Chain(ctx, b)
}

// Draft makes everything but the signature.
func (c *Chain) Draft(ctx context.Context, at plan.Head, call extrinsic.RuntimeCall, nonce uint64, period uint32) (nominator.Draft, error) {
	var none nominator.Draft
	chain, err := c.chain(ctx, at)
	if err != nil {
		return none, err
	}
	era, err := extrinsic.Mortal(period, at.Number)
	if err != nil {
		return none, err
	}
	birth := at.Hash
	if era.Birth(at.Number) != at.Number {
		h, err := c.ex.HashAt(ctx, era.Birth(at.Number))
		if err != nil {
			return none, err
		}
		birth = hexOf(h[:])
	}
	birthHash, err := substrate.ParseHash(birth)
	if err != nil {
		return none, err
	}
	p, err := extrinsic.NewPayload(chain, call, extrinsic.Options{Nonce: nonce, Era: era, BirthHash: birthHash})
	if err != nil {
		return none, err
	}
	payload, inner := hash.Blake2b256(p.Bytes()), call.Hash()
	return nominator.Draft{
		Payload: p, Call: call, Nonce: nonce, Birth: era.Birth(at.Number), BirthHash: birth, Period: era.Period(),
		Digest: hexOf(payload[:]), CallDigest: hexOf(inner[:]),
	}, nil
}

// NextNonce counts transactions in the pool.
func (c *Chain) NextNonce(ctx context.Context, account programme.Address) (uint64, error) {
	id, err := c.account(account)
	if err != nil {
		return 0, err
	}
	return c.ex.NextNonce(ctx, id)
}

// FinalNonce counts transactions in final blocks.
func (c *Chain) FinalNonce(ctx context.Context, at plan.Head, account programme.Address) (uint64, error) {
	id, err := c.account(account)
	if err != nil {
		return 0, err
	}
	h, err := substrate.ParseHash(at.Hash)
	if err != nil {
		return 0, err
	}
	return c.ex.NonceAt(ctx, h, id)
}

// Fee asks the runtime, with a signature of zeros in place of a real one.
func (c *Chain) Fee(ctx context.Context, d nominator.Draft, sender keys.Public) (programme.Planck, error) {
	xt, err := d.Payload.Assemble(sender, make([]byte, sender.Scheme().SignatureSize()))
	if err != nil {
		return programme.Planck{}, err
	}
	fee, err := c.ex.Fee(ctx, xt)
	if err != nil {
		return programme.Planck{}, err
	}
	p, ok := programme.PlanckFromBig(fee)
	if !ok {
		return programme.Planck{}, fmt.Errorf("the node asks a fee of %s planck", fee)
	}
	return p, nil
}

// DryRun lets the node try a signed transaction.
func (c *Chain) DryRun(ctx context.Context, at plan.Head, signed []byte) (string, error) {
	chain, err := c.chain(ctx, at)
	if err != nil {
		return "", err
	}
	r, err := c.ex.DryRun(ctx, chain.Metadata, signed)
	switch {
	case rpc.IsMethodNotFound(err):
		return "", nominator.ErrUnsupported
	case err != nil:
		return "", err
	case r.Invalid != "":
		return "the transaction would not be accepted: " + string(r.Invalid), nil
	case r.Err != nil:
		return "the call would fail: " + r.Err.Error(), nil //nolint:nilerr // that is the answer asked for
	}
	return "", nil
}

// Submit hands a signed transaction to a node.
func (c *Chain) Submit(ctx context.Context, signed []byte) (nominator.Watch, error) {
	w, err := c.ex.SubmitAndWatch(ctx, signed)
	if refused := extrinsic.Refusal(err); refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return &watch{c, w}, nil
}

type watch struct {
	chain *Chain
	from  extrinsic.Watch
}

// Close ends the watch.
func (w *watch) Close() { w.from.Close() }

// Next waits for news.
func (w *watch) Next(ctx context.Context) (nominator.News, error) {
	raw, err := w.from.Next(ctx)
	if err != nil {
		return nominator.News{}, err
	}
	s, err := extrinsic.ParseStatus(raw)
	if err != nil {
		return nominator.News{Text: "a message that could not be read"}, nil //nolint:nilerr // what a node says is for people only
	}
	n := nominator.News{Text: string(s.Kind), Ended: s.Ends(), Final: s.Kind == extrinsic.StatusFinalized}
	switch s.Kind {
	case extrinsic.StatusInBlock, extrinsic.StatusFinalized:
		n.Block.Hash = hexOf(s.Hash[:])
		n.Text += " " + n.Block.Hash
		if b, err := w.chain.client.BlockByHash(ctx, s.Hash); err == nil {
			n.Block.Number = b.Number
		}
	}
	return n, nil
}

// pinned is a ledger that ends at one final block, so that the fate of a transaction and the state are of one moment.
type pinned struct {
	*extrinsic.Client
	head extrinsic.Head
}

func (p pinned) Finalised(context.Context) (extrinsic.Head, error) { return p.head, nil }

// Fate looks for a transaction in the final blocks up to at that were not searched yet.
func (c *Chain) Fate(ctx context.Context, at plan.Head, i *plan.Intent) (nominator.Fate, error) {
	sought, err := c.sought(i)
	if err != nil {
		return nominator.Fate{}, err
	}
	head, err := substrate.ParseHash(at.Hash)
	if err != nil {
		return nominator.Fate{}, err
	}
	o, err := extrinsic.Find(ctx, pinned{c.ex, extrinsic.Head{Number: at.Number, Hash: head}}, sought)
	if err != nil {
		return nominator.Fate{}, err
	}
	switch o.State {
	case extrinsic.Expired:
		return nominator.Fate{Stage: plan.Lost}, nil
	case extrinsic.Superseded:
		return nominator.Fate{Stage: plan.Lost, Superseded: true}, nil
	case extrinsic.Finalised:
		return judge(o, i.Kind), nil
	}
	return nominator.Fate{Stage: plan.Pending}, nil
}

func (c *Chain) sought(i *plan.Intent) (extrinsic.Sought, error) {
	sender, err := c.account(i.Signer)
	if err != nil {
		return extrinsic.Sought{}, err
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(i.Hash, "0x"))
	if err != nil || len(raw) != 32 {
		return extrinsic.Sought{}, fmt.Errorf("the stored hash %q of the transaction is not one", i.Hash)
	}
	return extrinsic.Sought{
		Hash: [32]byte(raw), Sender: sender, Nonce: i.Nonce, First: max(i.Birth, i.Scanned) + 1, Death: i.Death(),
	}, nil
}

// judge reads the events of an included transaction. For a call inside a proxy call, only the pallet's own word counts:
// without it nothing is known to have happened.
func judge(o extrinsic.Outcome, kind nominator.Kind) nominator.Fate {
	f := nominator.Fate{Stage: plan.Included, Number: o.Block.Number, Block: hexOf(o.Block.Hash[:]), Index: int(o.Index)}
	executed := kind != plan.KindProxy && kind != plan.KindExecute
	for i := range o.Events {
		e := &o.Events[i]
		if e.Is("Proxy", "ProxyExecuted") {
			executed = true
		}
		if e.Is("TransactionPayment", "TransactionFeePaid") {
			f.Fee = fee(e)
		}
	}
	switch {
	case !o.Applied && len(o.Failures) > 0:
		f.Error = o.Failures[0].Err.Error()
	case !o.Applied:
		f.Error = "the chain does not say why"
	case len(o.Failures) > 0:
		f.Inner = o.Failures[0].Error()
	case !executed:
		f.Inner = "the chain does not tell what became of the call inside"
	}
	return f
}

func fee(e *extrinsic.Event) programme.Planck {
	v, ok := e.Get("actual_fee")
	if !ok {
		return programme.Planck{}
	}
	p, err := programme.ParsePlanck(fmt.Sprint(v))
	if err != nil {
		return programme.Planck{}
	}
	return p
}
