package simchain

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/simnet/tally"
	"github.com/thousand-validators/otv/substrate/scale"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// serve installs the methods about transactions and the runtime APIs.
func (c *Chain) serve() {
	n := c.node
	n.Handle("author_submitExtrinsic", func(r substratetest.Request) (any, error) {
		t, err := c.submit(r)
		if err != nil {
			return nil, err
		}
		return hexOf(t.hash[:]), nil
	})
	n.Handle("author_submitAndWatchExtrinsic", func(r substratetest.Request) (any, error) {
		t, err := c.submit(r)
		if err != nil {
			return nil, err
		}
		return substratetest.Stream{Topic: topic(t), Method: "author_extrinsicUpdate", First: []any{"ready"}}, nil
	})
	n.Handle("author_unwatchExtrinsic", func(substratetest.Request) (any, error) { return true, nil })
	n.Handle("author_pendingExtrinsics", func(substratetest.Request) (any, error) { return c.pending(), nil })
	n.Handle("system_accountNextIndex", c.accountNextIndex)
	n.Handle("account_nextIndex", c.accountNextIndex)
	n.Handle("system_dryRun", c.dryRun)
	n.Handle("payment_queryInfo", c.queryInfo)

	n.HandleCall("AccountNonceApi_account_nonce", func(b *substratetest.Block, in []byte) ([]byte, error) {
		id, _, err := accountAt(in)
		if err != nil {
			return nil, err
		}
		var nonce uint32
		err = c.at(b, func(w *work) { a, _ := w.account(id); nonce = a.Nonce })
		return scale.AppendU32(nil, nonce), err
	})
	n.HandleCall("TransactionPaymentApi_query_info", func(_ *substratetest.Block, in []byte) ([]byte, error) {
		if len(in) < 4 {
			return nil, fmt.Errorf("query_info: %d bytes", len(in))
		}
		length := binary.LittleEndian.Uint32(in[len(in)-4:])
		out := scale.AppendCompact(scale.AppendCompact(nil, callWeight), 0)
		return append(append(out, 0), u128(feeOf(int(length)))...), nil
	})
	if !c.cfg.Role.staking() {
		return
	}
	n.HandleCall("StakingApi_nominations_quota", func(*substratetest.Block, []byte) ([]byte, error) {
		return scale.AppendU32(nil, c.cfg.Params.MaxNominations), nil
	})
	n.HandleCall("StakingApi_eras_stakers_page_count", func(b *substratetest.Block, in []byte) ([]byte, error) {
		var pages uint32
		err := c.ofEra(b, in, func(w *work, era uint32, stash Account) {
			o, _ := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash)
			pages = pagesOf(o)
		})
		return scale.AppendU32(nil, pages), err
	})
	n.HandleCall("StakingApi_pending_rewards", func(b *substratetest.Block, in []byte) ([]byte, error) {
		pending := false
		err := c.ofEra(b, in, func(w *work, era uint32, stash Account) {
			o, _ := read[overview](w.view, "Staking", "ErasStakersOverview", era, stash)
			paid, _ := read[[]uint32](w.view, "Staking", "ClaimedRewards", era, stash)
			pending = len(paid) < int(o.PageCount)
		})
		return scale.AppendBool(nil, pending), err
	})
}

func accountAt(in []byte) (Account, []byte, error) {
	if len(in) < 32 {
		return Account{}, nil, fmt.Errorf("an account has 32 bytes, not %d", len(in))
	}
	return Account(in[:32]), in[32:], nil
}

// at reads the state of a block.
func (c *Chain) at(b *substratetest.Block, fn func(*work)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.byHash[b.Hash]
	if have == nil || have.state == nil {
		return substratetest.RPCError(4003, "Client error: UnknownBlock: State already discarded for "+hexOf(b.Hash[:]), nil)
	}
	w := &work{view: newView(have.rt, have.state), chain: c, role: c.cfg.Role, params: c.cfg.Params, number: b.Number}
	fn(w)
	return w.err
}

// ofEra reads the arguments era and account.
func (c *Chain) ofEra(b *substratetest.Block, in []byte, fn func(*work, uint32, Account)) error {
	if len(in) < 4 {
		return fmt.Errorf("an era has 4 bytes, not %d", len(in))
	}
	id, _, err := accountAt(in[4:])
	if err != nil {
		return err
	}
	return c.at(b, func(w *work) { fn(w, binary.LittleEndian.Uint32(in), id) })
}

func text(r substratetest.Request, i int) (string, error) {
	var s string
	if i >= len(r.Params) || json.Unmarshal(r.Params[i], &s) != nil {
		return "", substratetest.RPCError(-32602, "Invalid params", nil)
	}
	return s, nil
}

func extrinsicOf(r substratetest.Request) ([]byte, error) {
	s, err := text(r, 0)
	if err != nil {
		return nil, err
	}
	b, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil {
		return nil, substratetest.RPCError(-32602, "Invalid params", nil)
	}
	return b, nil
}

func (c *Chain) submit(r substratetest.Request) (*transaction, error) {
	b, err := extrinsicOf(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := take(c.rt, b)
	if err != nil {
		return nil, err
	}
	if err := c.admit(t); err != nil {
		return nil, err
	}
	if c.cutting.Is(struct{}{}) {
		c.node.CutAll()
	}
	return t, nil
}

// TakeAndCut breaks all connections whenever a transaction was taken, while it is switched on.
func (c *Chain) TakeAndCut() *tally.Tally[struct{}] { return &c.cutting }

func (c *Chain) pending() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []string{}
	for _, t := range c.pool {
		list = append(list, hexOf(t.bytes))
	}
	return list
}

func (c *Chain) accountNextIndex(r substratetest.Request) (any, error) {
	s, err := text(r, 0)
	if err != nil {
		return nil, err
	}
	_, id, err := ss58.DecodeAccount(s)
	if err != nil {
		return nil, substratetest.RPCError(-32602, "Invalid params", err.Error())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nextNonce(id), nil
}

// dryRun tries a transaction on top of the head.
func (c *Chain) dryRun(r substratetest.Request) (any, error) {
	b, err := extrinsicOf(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := take(c.rt, b)
	if err != nil {
		return nil, err
	}
	head := c.blocks[len(c.blocks)-1]
	w := c.work(head, Inbox{Time: head.in.Time, Relay: head.in.Relay})
	w.view = newView(c.rt, w.tree)
	switch c.check(w, t) {
	case stale:
		return "0x010003", nil
	case future:
		return "0x010002", nil
	case noPayment:
		return "0x010001", nil
	case badProof:
		return "0x010004", nil
	}
	f := w.dispatch(t.sender, t.call)
	if f == nil {
		return "0x0000", nil
	}
	out := []byte{0, 1}
	if p, ok := c.rt.md.Pallet(f.Pallet); ok {
		kind, _ := c.rt.md.Types.Type(p.Errors)
		if v, ok := kind.VariantByName(f.Name); ok {
			return hexOf(append(out, 3, p.Index, v.Index, 0, 0, 0)), nil
		}
	}
	switch f.Name {
	case "BadOrigin":
		out = append(out, 2)
	case "FundsUnavailable":
		out = append(out, 7, 0)
	default:
		out = append(out, 0)
	}
	return hexOf(out), nil
}

func (c *Chain) queryInfo(r substratetest.Request) (any, error) {
	b, err := extrinsicOf(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"weight": map[string]any{"ref_time": callWeight, "proof_size": 0}, "class": "normal", "partialFee": strconv.FormatUint(feeOf(len(b)), 10),
	}, nil
}
