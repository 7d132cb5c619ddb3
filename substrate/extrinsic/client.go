package extrinsic

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/ss58"
	"github.com/thousand-validators/otv/substrate/storage"
)

// Client is a [Node] and a [Caller] over a chain client. It keeps no state of its own.
type Client struct{ client *substrate.Client }

// NewClient makes a Client; closing the chain client stays with the caller.
func NewClient(c *substrate.Client) *Client { return &Client{c} }

// Chain is the runtime that a transaction must be made for if it shall be included after the block: the one whose code
// is in the block's state.
func (c *Client) Chain(ctx context.Context, at *substrate.Block) (Chain, error) {
	rt, err := at.NextRuntime(ctx)
	if err != nil {
		return Chain{}, err
	}
	return Chain{
		Metadata: rt.Metadata, Genesis: rt.Genesis,
		SpecVersion: rt.SpecVersion, TransactionVersion: rt.TransactionVersion,
	}, nil
}

// NextNonce is the nonce for an account's next transaction, counting those that wait in the node's pool.
func (c *Client) NextNonce(ctx context.Context, account [32]byte) (uint64, error) {
	var nonce uint64
	address := ss58.EncodeAccount(c.client.Chain().SS58Prefix, account)
	if err := c.client.Pool().Call(ctx, &nonce, "system_accountNextIndex", address); err != nil {
		return 0, fmt.Errorf("next nonce of %s: %w", address, err)
	}
	return nonce, nil
}

// Finalised is the newest finalised block.
func (c *Client) Finalised(ctx context.Context) (Head, error) {
	b, err := c.client.Finalised(ctx)
	if err != nil {
		return Head{}, err
	}
	return Head{Number: b.Number, Hash: b.Hash}, nil
}

// FollowFinalised calls fn for every block that becomes final after the given one.
func (c *Client) FollowFinalised(ctx context.Context, after Head, fn func(Head) error) error {
	last := substrate.Head{Number: after.Number, Hash: after.Hash}
	return c.client.FollowFinalised(ctx, &last, func(h substrate.Head) error {
		return fn(Head{Number: h.Number, Hash: h.Hash})
	})
}

// HashAt is the hash of a finalised block. Only a node that has finalised the block is asked: on another, the number could
// be that of a block on a fork.
func (c *Client) HashAt(ctx context.Context, number uint32) ([32]byte, error) {
	name := strconv.FormatUint(uint64(number), 10)
	session := c.client.Pool().Session(func(ctx context.Context, conn *rpc.Conn) error {
		var head substrate.Hash
		if err := conn.Call(ctx, &head, "chain_getFinalizedHead"); err != nil {
			return err
		}
		var h blockHeader
		if err := conn.Call(ctx, &h, "chain_getHeader", head); err != nil {
			return err
		}
		if h.Number < blockNumber(number) {
			return &rpc.UnknownBlockError{Block: name}
		}
		return nil
	})
	var hash *substrate.Hash
	err := session.Do(ctx, rpc.Request{
		Method: "chain_getBlockHash", Params: []any{number}, Result: &hash,
		Check: func() error {
			if hash == nil {
				return &rpc.UnknownBlockError{Block: name}
			}
			return nil
		},
	})
	if err != nil {
		return [32]byte{}, err
	}
	return *hash, nil
}

// Block reads a block by its hash.
func (c *Client) Block(ctx context.Context, hash [32]byte) (Block, error) {
	var answer *struct {
		Block struct {
			Header     blockHeader `json:"header"`
			Extrinsics []hexText   `json:"extrinsics"`
		} `json:"block"`
	}
	err := c.client.Pool().Do(ctx, rpc.Request{
		Method: "chain_getBlock", Params: []any{substrate.Hash(hash)}, Result: &answer,
		Check: func() error {
			if answer == nil {
				return &rpc.UnknownBlockError{Block: substrate.Hash(hash).String()}
			}
			return nil
		},
	})
	if err != nil {
		return Block{}, err
	}
	out := Block{Number: uint32(answer.Block.Header.Number), Parent: answer.Block.Header.Parent}
	for _, x := range answer.Block.Extrinsics {
		out.Body = append(out.Body, x)
	}
	return out, nil
}

// Events is the storage value System.Events after a block and the metadata of the runtime that executed the block.
func (c *Client) Events(ctx context.Context, hash [32]byte) (*metadata.Metadata, []byte, error) {
	b, err := c.client.BlockByHash(ctx, hash)
	if err != nil {
		return nil, nil, err
	}
	md := b.Runtime().Metadata
	entry, err := md.Storage("System", "Events")
	if err != nil {
		return nil, nil, err
	}
	key, err := storage.Key(md.Types, entry)
	if err != nil {
		return nil, nil, err
	}
	raw, found, err := b.GetRaw(ctx, key)
	if err == nil && !found {
		raw = entry.Default
	}
	return md, raw, err
}

// NonceAt is the number of transactions of an account that are included up to a block.
func (c *Client) NonceAt(ctx context.Context, hash, account [32]byte) (uint64, error) {
	b, err := c.client.BlockByHash(ctx, hash)
	if err != nil {
		return 0, err
	}
	var info struct{ Nonce uint64 }
	_, err = b.Get(ctx, "System", "Account", &info, account)
	return info.Nonce, err
}

// SubmitAndWatch submits to one node and to no other, whatever it answers.
func (c *Client) SubmitAndWatch(ctx context.Context, extrinsic []byte) (Watch, error) {
	var conn *rpc.Conn
	session := c.client.Pool().Session(func(_ context.Context, verified *rpc.Conn) error {
		conn = verified
		return nil
	})
	// any harmless call: it makes the session settle on a connection that is alive
	if err := session.Call(ctx, nil, "chain_getFinalizedHead"); err != nil {
		return nil, fmt.Errorf("%w: find a node: %w", ErrNotSent, err)
	}
	sub, err := conn.Subscribe(ctx, "author_submitAndWatchExtrinsic", "author_unwatchExtrinsic", "0x"+hex.EncodeToString(extrinsic))
	if err != nil {
		return nil, fmt.Errorf("submit to %s: %w", conn.Name(), err)
	}
	return &subscription{sub}, nil
}

// subscription is a Watch.
type subscription struct{ *rpc.Subscription }

// Next waits for a status.
func (s *subscription) Next(ctx context.Context) (json.RawMessage, error) {
	select {
	case raw, ok := <-s.C():
		if !ok {
			return nil, s.Err()
		}
		return raw, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// CallRuntime runs a function of the runtime at the finalised head.
func (c *Client) CallRuntime(ctx context.Context, function string, args []byte) ([]byte, error) {
	b, err := c.client.Finalised(ctx)
	if err != nil {
		return nil, err
	}
	return b.CallRaw(ctx, function, args)
}

// DryRun lets a node say what would become of an extrinsic, on top of its best block. Most public nodes refuse: then the
// error satisfies rpc.IsMethodNotFound.
func (c *Client) DryRun(ctx context.Context, md *metadata.Metadata, extrinsic []byte) (DryRun, error) {
	var answer hexText
	if err := c.client.Pool().Call(ctx, &answer, "system_dryRun", "0x"+hex.EncodeToString(extrinsic)); err != nil {
		return DryRun{}, fmt.Errorf("dry run: %w", err)
	}
	return DecodeDryRun(md, answer)
}

// Fee is what including an extrinsic costs, in planck.
func (c *Client) Fee(ctx context.Context, extrinsic []byte) (*big.Int, error) {
	return Fee(ctx, c, extrinsic)
}

// blockHeader is a block's header as far as it is needed.
type blockHeader struct {
	Parent substrate.Hash `json:"parentHash"`
	Number blockNumber    `json:"number"`
}

// blockNumber is written in hexadecimal, with or without leading zeros.
type blockNumber uint32

// UnmarshalText reads the number.
func (n *blockNumber) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	v, err := strconv.ParseUint(digits, 16, 32)
	if !ok || err != nil {
		return fmt.Errorf("%.40q is not a block number", text)
	}
	*n = blockNumber(v)
	return nil
}

// hexText are bytes written as 0x and hexadecimal digits.
type hexText []byte

// UnmarshalText reads the bytes.
func (h *hexText) UnmarshalText(text []byte) error {
	digits, ok := bytes.CutPrefix(text, []byte("0x"))
	b := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(b, digits); !ok || err != nil {
		return fmt.Errorf("%.40q is not hexadecimal", text)
	}
	*h = b
	return nil
}
