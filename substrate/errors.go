package substrate

import (
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
)

// ErrNotFound is wrapped by errors about a pallet, item, constant or function that the runtime does not have.
var ErrNotFound = metadata.ErrNotFound

// WrongChainError refuses an endpoint whose first block is another chain's.
type WrongChainError struct {
	Endpoint  string // without credentials
	Got, Want Hash   // genesis hashes
}

func (e *WrongChainError) Error() string {
	return fmt.Sprintf("the endpoint %s serves another chain: its genesis hash is %s, not %s", e.Endpoint, e.Got, e.Want)
}

// ReadError says what could not be read where.
type ReadError struct {
	Chain  string
	Number uint32
	Hash   Hash
	What   string // "Staking.Ledger", "runtime call StakingApi_nominations_quota"
	Err    error
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("%s block %d (%s): %s: %v", e.Chain, e.Number, e.Hash.Short(), e.What, e.Err)
}

func (e *ReadError) Unwrap() error { return e.Err }

// UnknownBlockError says that no endpoint knows a block.
type UnknownBlockError struct {
	Chain string
	Block string // number or hash
	Err   error
}

func (e *UnknownBlockError) Error() string {
	return fmt.Sprintf("%s has no block %s that any endpoint knows: %v", e.Chain, e.Block, e.Err)
}

func (e *UnknownBlockError) Unwrap() error { return e.Err }

// RewoundError says that a finalised block handed out earlier is no longer on the chain. Only development nodes do this.
type RewoundError struct {
	Chain    string
	Number   uint32
	Was, Now Hash
}

func (e *RewoundError) Error() string {
	return fmt.Sprintf("%s was rewound: finalised block %d was %s and is now %s", e.Chain, e.Number, e.Was.Short(), e.Now.Short())
}

// name is what the chain is called in texts.
func (c *Client) name() string {
	switch {
	case c.chain.Name != "":
		return c.chain.Name
	case c.cfg.Label != "":
		return c.cfg.Label
	}
	return "the chain"
}

// wrap adds the chain and the action to an error.
func (c *Client) wrap(action string, err error) error {
	return fmt.Errorf("%s: %s: %w", c.name(), action, err)
}

// fail adds chain, block and item to an error, once.
func (b *Block) fail(what string, err error) error {
	var already *ReadError
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &ReadError{Chain: b.client.name(), Number: b.Number, Hash: b.Hash, What: what, Err: err}
}

// lastError is what the endpoint said that was asked last.
func lastError(err error) error {
	var call *rpc.CallError
	if errors.As(err, &call) && len(call.Tried) > 0 {
		return call.Tried[len(call.Tried)-1].Err
	}
	return err
}

// lastEndpoint names the endpoint that was asked last.
func lastEndpoint(err error) string {
	var call *rpc.CallError
	if errors.As(err, &call) && len(call.Tried) > 0 {
		return call.Tried[len(call.Tried)-1].Endpoint
	}
	return ""
}
