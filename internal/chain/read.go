package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
)

// in says where a value could not be used. Errors of the client already say so.
func in(b *substrate.Block, pallet, item string, err error) error {
	if err == nil {
		return nil
	}
	var already *substrate.ReadError
	if errors.As(err, &already) {
		return err
	}
	return &substrate.ReadError{Chain: b.Client().Chain().Name, Number: b.Number, Hash: b.Hash, What: pallet + "." + item, Err: err}
}

// many reads the values for keys of a map and hands over those that are there, in the order of keys. The value is
// overwritten by the next one, but not what it points to.
func many[T any](ctx context.Context, b *substrate.Block, pallet, item string, keys [][]any, fn func(i int, v *T)) error {
	if len(keys) == 0 {
		return nil
	}
	p, err := substrate.StoragePlan[T](b.Runtime(), pallet, item)
	if err != nil {
		return in(b, pallet, item, err)
	}
	v := new(T)
	err = b.GetMany(ctx, pallet, item, keys, func(i int, value []byte, found bool) error {
		if !found {
			return nil
		}
		if err := p.Unmarshal(value, v); err != nil {
			return err
		}
		fn(i, v)
		return nil
	})
	return in(b, pallet, item, err)
}

// each reads a whole map, or the part of it under the first parts of its keys.
func each[T any](ctx context.Context, b *substrate.Block, pallet, item string, prefix []any, fn func(keys []any, v *T) error) error {
	p, err := substrate.StoragePlan[T](b.Runtime(), pallet, item)
	if err != nil {
		return in(b, pallet, item, err)
	}
	v := new(T)
	err = b.Iterate(ctx, pallet, item, prefix, func(keys []any, value []byte) error {
		if err := p.Unmarshal(value, v); err != nil {
			return err
		}
		return fn(keys, v)
	})
	return in(b, pallet, item, err)
}

// blockTime is the time the block's author set.
func blockTime(ctx context.Context, b *substrate.Block) (programme.Millis, error) {
	t, err := b.Timestamp(ctx)
	return programme.Millis(t.UnixMilli()), err
}

// byAccount are the keys of a map with an account as its key.
func byAccount(ids []account) [][]any {
	parts := make([]any, len(ids))
	keys := make([][]any, len(ids))
	for i, id := range ids {
		parts[i] = id
		keys[i] = parts[i : i+1 : i+1]
	}
	return keys
}

// keyAccount is the account at a position of a key.
func keyAccount(keys []any, i int) (account, error) {
	if i < len(keys) {
		if id, ok := keys[i].(codec.AccountID); ok {
			return account(id), nil
		}
	}
	return account{}, fmt.Errorf("key part %d is not an account", i)
}

// keyU32 is the number at a position of a key.
func keyU32(keys []any, i int) (uint32, error) {
	if i < len(keys) {
		if n, ok := keys[i].(uint64); ok && n <= 1<<32-1 {
			return uint32(n), nil
		}
	}
	return 0, fmt.Errorf("key part %d is not a number of 32 bits", i)
}
