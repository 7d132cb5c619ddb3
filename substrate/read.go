package substrate

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/storage"
)

// Has tells whether the runtime has a storage item.
func (b *Block) Has(pallet, item string) bool {
	_, err := b.runtime.Metadata.Storage(pallet, item)
	return err == nil
}

// HasConstant tells whether the runtime has a constant.
func (b *Block) HasConstant(pallet, name string) bool {
	_, err := b.runtime.Metadata.Constant(pallet, name)
	return err == nil
}

// HasCall tells whether the metadata describes a runtime call. Metadata of version 14 describes none; [Block.CallRaw]
// may still succeed then.
func (b *Block) HasCall(api, method string) bool {
	_, err := b.runtime.Metadata.API(api, method)
	return err == nil
}

// Constant decodes a constant of the runtime into dst, a *T or *any.
func (b *Block) Constant(pallet, name string, dst any) error {
	c, err := b.runtime.Metadata.Constant(pallet, name)
	if err == nil {
		err = b.runtime.refuse(Constant, pallet, name)
	}
	if err == nil {
		err = b.runtime.decode(c.Type, c.Value, dst)
	}
	return b.fail("constant "+pallet+"."+name, err)
}

// Get reads a storage item, in a map the value of the given keys, into dst, a *T or *any. When the chain holds no value,
// found is false, and dst is left alone if the item is optional, else it gets the item's default.
func (b *Block) Get(ctx context.Context, pallet, item string, dst any, keys ...any) (found bool, err error) {
	entry, err := b.runtime.storage(pallet, item)
	if err != nil {
		return false, b.fail(pallet+"."+item, err)
	}
	key, err := b.runtime.fullKey(entry, keys)
	if err != nil {
		return false, b.fail(pallet+"."+item, err)
	}
	value, found, err := b.getRaw(ctx, key)
	if err != nil {
		return false, b.fail(what(entry, keys), err)
	}
	if !found {
		if entry.Optional {
			return false, nil
		}
		value = entry.Default
	}
	if err := b.runtime.decode(entry.Value, value, dst); err != nil {
		return false, b.fail(what(entry, keys), err)
	}
	return found, nil
}

// GetRaw reads the bytes under a raw key.
func (b *Block) GetRaw(ctx context.Context, key []byte) (value []byte, found bool, err error) {
	value, found, err = b.getRaw(ctx, key)
	return value, found, b.fail("storage key "+toHex(key), err)
}

func (b *Block) getRaw(ctx context.Context, key []byte) ([]byte, bool, error) {
	var value *hexBytes
	if err := b.session.Call(ctx, &value, "state_getStorage", toHex(key), b.Hash); err != nil {
		return nil, false, err
	}
	if value == nil {
		return nil, false, nil
	}
	return *value, true, nil
}

// fullKey makes the raw key of one value.
func (r *Runtime) fullKey(entry *metadata.StorageEntry, keys []any) ([]byte, error) {
	if len(keys) != len(entry.Keys) {
		return nil, fmt.Errorf("%d keys are given and the item has %d: %w", len(keys), len(entry.Keys), storage.ErrArguments)
	}
	return storage.Key(r.Metadata.Types, entry, keys...)
}

// what names an item with its keys, for texts.
func what(entry *metadata.StorageEntry, keys []any) string {
	name := entry.Pallet + "." + entry.Name
	for i, k := range keys {
		if i == 0 {
			name += "["
		} else {
			name += ", "
		}
		switch k := k.(type) {
		case [32]byte:
			name += toHex(k[:])
		case []byte:
			name += toHex(k)
		default:
			name += fmt.Sprint(k)
		}
	}
	if len(keys) > 0 {
		name += "]"
	}
	return name
}

// Call runs a function of a runtime API at the block and decodes its answer into dst, a *T or *any. Arguments are values
// that codec.Encode takes. It needs metadata of version 15 or later.
func (b *Block) Call(ctx context.Context, api, method string, dst any, args ...any) error {
	name := "runtime call " + api + "_" + method
	rt, err := b.NextRuntime(ctx) // calls run the code in the state
	if err != nil {
		return err
	}
	m, err := rt.Metadata.API(api, method)
	if err == nil {
		err = rt.refuse(RuntimeCall, api, method)
	}
	if err != nil {
		return b.fail(name, err)
	}
	encoded, err := rt.encodeArgs(m, args)
	if err != nil {
		return b.fail(name, err)
	}
	answer, err := b.callRaw(ctx, api+"_"+method, encoded)
	if err == nil {
		err = rt.decode(m.Output, answer, dst)
	}
	return b.fail(name, err)
}

// CallRaw runs a function of the runtime by its full name, such as "StakingApi_nominations_quota", with encoded arguments,
// and returns the encoded answer.
func (b *Block) CallRaw(ctx context.Context, name string, args []byte) ([]byte, error) {
	answer, err := b.callRaw(ctx, name, args)
	return answer, b.fail("runtime call "+name, err)
}

func (b *Block) callRaw(ctx context.Context, name string, args []byte) ([]byte, error) {
	var answer *hexBytes
	err := b.session.Do(ctx, rpc.Request{
		Method: "state_call", Params: []any{name, toHex(args), b.Hash}, Result: &answer,
		Check: func() error {
			if answer == nil {
				return rpc.Garbage("null for a runtime call")
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return *answer, nil
}

// encodeArgs encodes the arguments of a runtime call one after the other.
func (r *Runtime) encodeArgs(m *metadata.APIMethod, args []any) ([]byte, error) {
	if len(args) != len(m.Inputs) {
		return nil, fmt.Errorf("%d arguments are given and the function takes %d", len(args), len(m.Inputs))
	}
	var encoded []byte
	for i, in := range m.Inputs {
		part, err := codec.Encode(r.Metadata.Types, in.Type, args[i])
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", in.Name, err)
		}
		encoded = append(encoded, part...)
	}
	return encoded, nil
}
