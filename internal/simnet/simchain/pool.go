package simchain

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// transaction is one that was taken into the pool.
type transaction struct {
	hash      [32]byte
	bytes     []byte
	unsigned  []byte // all that the signature covers, and the sender
	sender    Account
	nonce     uint32
	tip       uint64
	options   extrinsic.Options
	call      call
	encoded   []byte
	public    keys.Public
	signature []byte
	verified  map[verification]bool
	included  [][32]byte
}

// verification is what decides whether a signature is right.
type verification struct {
	birth [32]byte
	spec  uint32
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

// invalid is the answer of a node that does not take a transaction.
func invalid(reason string) error { return substratetest.RPCError(1010, "Invalid Transaction", reason) }

// Why a transaction cannot be in a block.
type validity string

const (
	valid      validity = ""
	future     validity = "future"
	stale      validity = "stale"
	badProof   validity = "bad proof"
	noPayment  validity = "payment"
	unreadable validity = "unreadable"
)

func (v validity) err() error {
	switch v {
	case stale:
		return invalid("Transaction is outdated")
	case badProof:
		return invalid("Transaction has a bad signature")
	case noPayment:
		return invalid("Inability to pay some fees (e.g. account balance too low)")
	case unreadable:
		return substratetest.RPCError(1002, "Verification Error: Runtime error: Execution failed", "the extrinsic cannot be decoded")
	}
	return nil
}

// take decodes an extrinsic by a runtime. It must be signed.
func take(rt *runtime, b []byte) (*transaction, error) {
	x, err := extrinsic.Decode(rt.md, b)
	if err != nil {
		return nil, unreadable.err()
	}
	if x.Sender == nil || x.Sender.Account == nil || x.Sender.Scheme == "" || x.Sender.Scheme == keys.ECDSA {
		return nil, invalid("Transaction call is not expected")
	}
	t := &transaction{
		hash: x.Hash, bytes: b, sender: *x.Sender.Account, encoded: x.Call.Bytes, signature: x.Sender.Signature, verified: map[verification]bool{},
		call: call{pallet: x.Call.Pallet, name: x.Call.Name, args: args(x.Call.Args)},
	}
	if t.public, err = keys.NewPublic(x.Sender.Scheme, t.sender[:]); err != nil {
		return nil, badProof.err()
	}
	for _, e := range x.Extensions {
		switch e.Identifier {
		case "CheckMortality":
			t.options.Era, _ = e.Value.(extrinsic.Era)
		case "CheckNonce":
			t.nonce = uint32(toAmount(e.Value))
		case "ChargeTransactionPayment":
			t.tip = toAmount(e.Value)
		case "ChargeAssetTxPayment":
			s, _ := e.Value.(codec.Struct)
			tip, _ := s.Get("tip")
			t.tip = toAmount(tip)
		}
	}
	t.options.Nonce, t.options.Tip = uint64(t.nonce), new(big.Int).SetUint64(t.tip)
	t.unsigned = fmt.Appendf(slices.Concat(t.sender[:], t.encoded), "%s %d %d", t.options.Era, t.nonce, t.tip)
	return t, nil
}

func (c *Chain) runtimeOf(rt *runtime) extrinsic.Chain {
	return extrinsic.Chain{Metadata: rt.md, Genesis: c.genesis, SpecVersion: rt.node.SpecVersion, TransactionVersion: rt.node.TransactionVersion}
}

// signed verifies the signature as the runtime does: everything that was signed is put together again from what the
// chain knows, so that another genesis, version, birth block or mode gives a bad proof.
func (c *Chain) signed(rt *runtime, t *transaction, number uint32) bool {
	birth := t.options.Era.Birth(number)
	if t.options.Era.IsImmortal() {
		birth = 0
	}
	if int(birth) >= len(c.blocks) || number-birth > blockHashCount && birth > 0 {
		return false
	}
	o := t.options
	o.BirthHash = c.blocks[birth].hash
	v := verification{o.BirthHash, rt.node.SpecVersion}
	if ok, known := t.verified[v]; known {
		return ok
	}
	ok := false
	if inner, err := extrinsic.ParseCall(rt.md, t.encoded); err == nil {
		if p, err := extrinsic.NewPayload(c.runtimeOf(rt), inner, o); err == nil {
			ok = t.public.Verify(p.Message(), t.signature)
		}
	}
	t.verified[v] = ok
	return ok
}

// check says why a transaction cannot be in the block under construction. c.mu is held.
func (c *Chain) check(w *work, t *transaction) validity {
	a, _ := w.account(t.sender)
	switch {
	case t.nonce < a.Nonce:
		return stale
	case !c.signed(w.rt, t, w.number):
		return badProof
	case w.usable(a) < feeOf(len(t.bytes))+t.tip:
		return noPayment
	case t.nonce > a.Nonce:
		return future
	}
	return valid
}

// ready takes the transactions that can be in a block, in the order in which they can; those that never will be are
// dropped. The returned iterator applies them one after another, because each changes what is valid.
func (c *Chain) ready(w *work) func(func(int, *transaction) bool) {
	return func(yield func(int, *transaction) bool) {
		if c.held {
			return
		}
		for i, t := range slices.Clone(c.pool) {
			switch v := c.check(w, t); v {
			case valid:
				if i >= maxPerBlock || !yield(i, t) {
					return
				}
			case future:
			default:
				c.drop(t)
				c.tell(t, "invalid")
			}
		}
	}
}

// maxPerBlock bounds the transactions in a block.
const maxPerBlock = 500

func (c *Chain) drop(t *transaction) {
	c.pool = slices.DeleteFunc(c.pool, func(o *transaction) bool { return o == t })
}

// sortPool orders by nonce, and keeps the order of arrival else.
func sortPool(pool []*transaction) {
	slices.SortStableFunc(pool, func(a, b *transaction) int { return int(a.nonce) - int(b.nonce) })
}

// admit puts a transaction into the pool. c.mu is held.
func (c *Chain) admit(t *transaction) error {
	for _, o := range c.pool {
		switch {
		case o.hash == t.hash:
			return substratetest.RPCError(1013, "Transaction is already imported", nil)
		case o.sender == t.sender && o.nonce == t.nonce && o.tip >= t.tip:
			return substratetest.RPCError(1014, fmt.Sprintf("Priority is too low: (%d vs %d)", o.tip, t.tip),
				"The transaction has too low priority to replace another transaction already in the pool.")
		}
	}
	if len(c.pool) >= maxPool {
		return substratetest.RPCError(1016, "Immediately dropped", "The transaction couldn't enter the pool because of the limit")
	}
	w := c.work(c.blocks[len(c.blocks)-1], Inbox{})
	if w.rt != c.rt {
		w.view = newView(c.rt, w.tree)
	}
	if err := c.check(w, t).err(); err != nil {
		return err
	}
	for _, o := range c.pool {
		if o.sender == t.sender && o.nonce == t.nonce {
			c.tell(o, map[string]any{"usurped": hexOf(t.hash[:])})
			c.drop(o)
			break
		}
	}
	c.pool = append(c.pool, t)
	sortPool(c.pool)
	return nil
}

// maxPool bounds the pool.
const maxPool = 5000

// apply executes a transaction: fee and nonce count in any case, the rest only when the call succeeds.
func (w *work) apply(t *transaction) {
	a, _ := w.account(t.sender)
	fee := feeOf(len(t.bytes)) + t.tip
	a.Nonce++
	a.Data.Free -= fee
	w.setAccount(t.sender, a)
	w.burn(fee)
	w.emit("Balances", "Withdraw", map[string]any{"who": t.sender, "amount": fee})
	f := w.dispatch(t.sender, t.call)
	w.emit("TransactionPayment", "TransactionFeePaid", map[string]any{"who": t.sender, "actual_fee": fee, "tip": t.tip})
	info := dispatchInfo("Normal", "Yes")
	if f != nil {
		w.emit("System", "ExtrinsicFailed", map[string]any{"dispatch_error": w.dispatchError(f), "dispatch_info": info})
		return
	}
	w.emit("System", "ExtrinsicSuccess", map[string]any{"dispatch_info": info})
}

// Act signs a call with a key and puts it into the pool, behind whatever of that key is there already. Its signatures
// must not be random for the history to be the same every time: use ed25519.
func (c *Chain) Act(key *keys.Pair, pallet, name string, arguments ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	inner, err := extrinsic.Call(c.rt.md, pallet, name, arguments...)
	if err != nil {
		return err
	}
	return c.send(key, inner)
}

// Call encodes a call for the runtime that executes the next block.
func (c *Chain) Call(pallet, name string, arguments ...any) (extrinsic.RuntimeCall, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return extrinsic.Call(c.rt.md, pallet, name, arguments...)
}

// ActBatch is Act for several calls in a Utility.force_batch.
func (c *Chain) ActBatch(key *keys.Pair, calls []extrinsic.RuntimeCall) error {
	return c.Act(key, "Utility", "force_batch", calls)
}

// send signs and admits. c.mu is held.
func (c *Chain) send(key *keys.Pair, inner extrinsic.RuntimeCall) error {
	head := uint32(len(c.blocks) - 1)
	era, err := extrinsic.Mortal(64, head)
	if err != nil {
		return err
	}
	p, err := extrinsic.NewPayload(c.runtimeOf(c.rt), inner, extrinsic.Options{
		Nonce: uint64(c.nextNonce(key.AccountID())), Era: era, BirthHash: c.blocks[era.Birth(head)].hash,
	})
	if err != nil {
		return err
	}
	signed, err := p.Sign(key)
	if err != nil {
		return err
	}
	t, err := take(c.rt, signed)
	if err != nil {
		return err
	}
	return c.admit(t)
}

// nextNonce counts transactions in the pool. c.mu is held.
func (c *Chain) nextNonce(id Account) uint32 {
	head := c.blocks[len(c.blocks)-1]
	a, _ := read[accountInfo](newView(head.rt, head.state), "System", "Account", id)
	next := a.Nonce
	for _, t := range c.pool {
		if t.sender == id && t.nonce == next {
			next++
		}
	}
	return next
}

func topic(t *transaction) string { return "tx " + hex.EncodeToString(t.hash[:]) }

// tell sends a status to whoever watches.
func (c *Chain) tell(t *transaction, status any) { c.node.Publish(topic(t), status) }
