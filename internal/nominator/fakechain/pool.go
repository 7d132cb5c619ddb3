package fakechain

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// tx is a transaction that was taken.
type tx struct {
	Submission
	bytes     []byte
	nonce     uint32
	era       extrinsic.Era
	call      extrinsic.RuntimeCall
	args      codec.Struct
	public    keys.Public
	signature []byte
	good      map[[32]byte]bool // by birth hash: whether the signature is right
}

// handle installs the methods about transactions.
func (c *Chain) handle(cfg Config) {
	c.node.Handle("author_submitExtrinsic", func(r substratetest.Request) (any, error) {
		t, err := c.submit(r)
		if err != nil {
			return nil, err
		}
		return "0x" + hex.EncodeToString(t.Hash[:]), nil
	})
	c.node.Handle("author_submitAndWatchExtrinsic", func(r substratetest.Request) (any, error) {
		t, err := c.submit(r)
		if err != nil {
			return nil, err
		}
		return substratetest.Stream{Topic: topic(t), Method: "author_extrinsicUpdate", First: []any{"ready"}}, nil
	})
	c.node.Handle("author_unwatchExtrinsic", func(substratetest.Request) (any, error) { return true, nil })
	c.node.Handle("system_accountNextIndex", c.nextIndex)
	if !cfg.NoDryRun {
		c.node.Handle("system_dryRun", c.dryRun)
	}
	c.node.HandleCall("TransactionPaymentApi_query_info", func(*substratetest.Block, []byte) ([]byte, error) {
		out := scale.AppendCompact(scale.AppendCompact(nil, 1), 1)
		out = append(out, 0)
		return append(scale.AppendU64(out, Fee), make([]byte, 8)...), nil
	})
	c.node.HandleCall("StakingApi_nominations_quota", func(*substratetest.Block, []byte) ([]byte, error) {
		return scale.AppendU32(nil, uint32(c.maxNominations)), nil
	})
	c.node.Handle("chain_getFinalizedHead", func(substratetest.Request) (any, error) {
		if c.onPoll != nil {
			c.onPoll(c)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return "0x" + hex.EncodeToString(c.blocks[c.finalised].hash[:]), nil
	})
}

func topic(t *tx) string { return "tx " + hex.EncodeToString(t.Hash[:]) }

// tell sends a status to whoever watches.
func (c *Chain) tell(t *tx, status any) { c.node.Publish(topic(t), status) }

// refused is the answer of a node that does not take a transaction.
func refused(code int, message, data string) error {
	return substratetest.RPCError(code, message, data)
}

func (c *Chain) submit(r substratetest.Request) (*tx, error) {
	t, err := c.decode(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	err = c.admit(t)
	if err != nil {
		t.Refused = err.Error()
	}
	c.submitted = append(c.submitted, t.Submission)
	return t, err
}

// admit puts a transaction into the pool. c.mu is held.
func (c *Chain) admit(t *tx) error {
	for _, o := range c.pool {
		switch {
		case o.Hash == t.Hash:
			return refused(1013, "Transaction is already imported", "")
		case o.Sender == t.Sender && o.nonce == t.nonce:
			return refused(1014, "Priority is too low: (1 vs 1)", "The transaction has too low priority to replace another transaction already in the pool.")
		}
	}
	head := c.blocks[len(c.blocks)-1]
	for _, b := range c.blocks[max(0, len(c.blocks)-70):] {
		if slices.ContainsFunc(b.txs, func(o *tx) bool { return o.Hash == t.Hash }) {
			return refused(1010, "Invalid Transaction", "Transaction is outdated")
		}
	}
	switch c.valid(head.state, uint32(len(c.blocks)), t) {
	case "", "future":
	case "stale":
		return refused(1010, "Invalid Transaction", "Transaction is outdated")
	case "proof":
		return refused(1010, "Invalid Transaction", "Transaction has a bad signature")
	case "payment":
		return refused(1010, "Invalid Transaction", "Inability to pay some fees (e.g. account balance too low)")
	}
	c.pool = append(c.pool, t)
	slices.SortStableFunc(c.pool, func(a, b *tx) int { return int(a.nonce) - int(b.nonce) })
	return nil
}

// valid says why a transaction cannot be in the block of a number; empty when it can. c.mu is held.
func (c *Chain) valid(s *State, number uint32, t *tx) string {
	birth := t.era.Birth(number)
	if int(birth) >= len(c.blocks) {
		return "proof"
	}
	if !c.signed(t, c.blocks[birth].hash) {
		return "proof"
	}
	a := s.Accounts[t.Sender]
	switch {
	case t.nonce < a.Nonce:
		return "stale"
	case a.Free < Fee:
		return "payment"
	case t.nonce > a.Nonce:
		return "future"
	}
	return ""
}

// signed verifies the signature for a birth block.
func (c *Chain) signed(t *tx, birth [32]byte) bool {
	if ok, known := t.good[birth]; known {
		return ok
	}
	p, err := extrinsic.NewPayload(c.runtime(), t.call, extrinsic.Options{Nonce: uint64(t.nonce), Era: t.era, BirthHash: birth})
	ok := err == nil && t.public.Verify(p.Message(), t.signature)
	t.good[birth] = ok
	return ok
}

func (c *Chain) runtime() extrinsic.Chain {
	return extrinsic.Chain{Metadata: c.md, Genesis: c.genesis, SpecVersion: c.spec, TransactionVersion: c.txVersion}
}

// decode takes a transaction apart and refuses what is not mortal and signed.
func (c *Chain) decode(r substratetest.Request) (*tx, error) {
	bad := func(what string) error { return refused(1011, "Unknown Transaction Validity", what) }
	var text string
	if len(r.Params) == 0 || json.Unmarshal(r.Params[0], &text) != nil {
		return nil, bad("no extrinsic")
	}
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return nil, bad("not hexadecimal")
	}
	x, err := extrinsic.Decode(c.md, b)
	if err != nil {
		return nil, bad(err.Error())
	}
	if x.Sender == nil || x.Sender.Account == nil {
		return nil, bad("not signed")
	}
	t := &tx{bytes: b, signature: x.Sender.Signature, args: x.Call.Args, good: map[[32]byte]bool{}}
	t.Hash, t.Sender, t.Call = x.Hash, *x.Sender.Account, x.Call.Pallet+"."+x.Call.Name
	if t.public, err = keys.NewPublic(x.Sender.Scheme, x.Sender.Account[:]); err != nil {
		return nil, bad(err.Error())
	}
	if t.call, err = extrinsic.ParseCall(c.md, x.Call.Bytes); err != nil {
		return nil, bad(err.Error())
	}
	for _, e := range x.Extensions {
		switch v := e.Value.(type) {
		case extrinsic.Era:
			t.era = v
		case uint64:
			if e.Identifier == "CheckNonce" {
				t.nonce = uint32(v)
			}
		}
	}
	if t.era.IsImmortal() {
		return nil, bad("this chain takes no immortal transactions")
	}
	return t, nil
}

// nextIndex counts transactions in the pool, as the method does.
func (c *Chain) nextIndex(r substratetest.Request) (any, error) {
	var text string
	if len(r.Params) == 0 || json.Unmarshal(r.Params[0], &text) != nil {
		return nil, fmt.Errorf("no address")
	}
	_, id, err := ss58.DecodeAccount(text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.blocks[len(c.blocks)-1].state.Accounts[id].Nonce
	for _, t := range c.pool {
		if t.Sender == id && t.nonce == next {
			next++
		}
	}
	return next, nil
}

// dryRun tries a transaction on top of the head.
func (c *Chain) dryRun(r substratetest.Request) (any, error) {
	t, err := c.decode(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	head, number := c.blocks[len(c.blocks)-1], uint32(len(c.blocks))
	switch c.valid(head.state, number, t) {
	case "stale":
		return "0x010003", nil
	case "future":
		return "0x010002", nil
	case "payment":
		return "0x010001", nil
	case "proof":
		return "0x010004", nil
	}
	effects := c.effects
	var events []event
	failed := c.run(head.state.clone(), t.Sender, t.args, t.Call, number, &events)
	c.effects = effects
	if failed == nil {
		return "0x0000", nil
	}
	p, ok := c.md.Pallet(failed.pallet)
	if !ok {
		return "0x000102", nil
	}
	id, _ := c.md.Types.Type(p.Errors)
	v, _ := id.VariantByName(failed.name)
	return "0x0001" + hex.EncodeToString([]byte{3, p.Index, v.Index, 0, 0, 0}), nil
}

// Foreign puts a transaction of another program with the same key into the pool: it announces a call for real.
func (c *Chain) Foreign(key *keys.Pair, real ID, callHash [32]byte, nonce uint32) error {
	call, err := extrinsic.Call(c.md, "Proxy", "announce", real, callHash)
	if err != nil {
		return err
	}
	return c.Send(key, call, nonce)
}

// Send signs a call with any key and puts it into the pool, in place of another one with the same nonce.
func (c *Chain) Send(key *keys.Pair, call extrinsic.RuntimeCall, nonce uint32) error {
	c.mu.Lock()
	head := uint32(len(c.blocks) - 1)
	era, err := extrinsic.Mortal(64, head)
	birth := c.blocks[era.Birth(head)].hash
	c.mu.Unlock()
	if err != nil {
		return err
	}
	p, err := extrinsic.NewPayload(c.runtime(), call, extrinsic.Options{Nonce: uint64(nonce), Era: era, BirthHash: birth, Tip: big.NewInt(1)})
	if err != nil {
		return err
	}
	signed, err := p.Sign(key)
	if err != nil {
		return err
	}
	raw, err := json.Marshal("0x" + hex.EncodeToString(signed))
	if err != nil {
		return err
	}
	t, err := c.decode(substratetest.Request{Params: []json.RawMessage{raw}})
	if err != nil {
		return err
	}
	t.good[birth] = true // the tip is not part of what signed looks at
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.pool {
		if o.Sender == t.Sender && o.nonce == t.nonce {
			c.tell(o, map[string]any{"usurped": "0x" + hex.EncodeToString(t.Hash[:])})
		}
	}
	c.pool = slices.DeleteFunc(c.pool, func(o *tx) bool { return o.Sender == t.Sender && o.nonce == t.nonce })
	return c.admit(t)
}

// Runtime is what transactions of this chain are made for.
func (c *Chain) Runtime() extrinsic.Chain { return c.runtime() }
