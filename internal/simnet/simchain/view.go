package simchain

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Account is an account id.
type Account = [32]byte

// runtime is the code of a chain between two upgrades.
type runtime struct {
	node    substratetest.Runtime
	md      *metadata.Metadata
	entries map[string]*metadata.StorageEntry
	plans   map[planKey]*codec.Plan
}

type planKey struct {
	item string
	typ  reflect.Type
}

// newRuntime builds the metadata of a role for a version of the runtime.
func newRuntime(role Role, p Params, name string, spec, tx uint32, shift uint8) (*runtime, error) {
	r := &runtime{
		node:    substratetest.Runtime{SpecName: name, SpecVersion: spec, TransactionVersion: tx, Metadatas: map[uint32][]byte{}},
		entries: map[string]*metadata.StorageEntry{}, plans: map[planKey]*codec.Plan{},
	}
	b := newBuilder(role, p, name, spec, shift)
	for _, version := range []uint8{14, 15} {
		blob, err := b.Encode(version)
		if err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", name, err)
		}
		if version == 14 {
			r.node.Metadata = blob
		}
		r.node.Metadatas[uint32(version)] = blob
	}
	var err error
	r.md, err = metadata.Parse(r.node.Metadatas[15])
	return r, err
}

// view is a state under construction, or one that is being read. The first thing that goes wrong is kept in err: the
// types are fixed when the metadata is built, so that only a mistake in this package can be one.
type view struct {
	rt      *runtime
	tree    *substratetest.State
	touched map[string]struct{}
	err     error
}

func newView(rt *runtime, tree *substratetest.State) *view {
	return &view{rt: rt, tree: tree, touched: map[string]struct{}{}}
}

func (v *view) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

// entry finds a storage item. An item that the runtime does not have is a mistake.
func (v *view) entry(pallet, item string) *metadata.StorageEntry {
	name := pallet + "." + item
	if e := v.rt.entries[name]; e != nil {
		return e
	}
	e, err := v.rt.md.Storage(pallet, item)
	if err != nil {
		v.fail(err)
		return nil
	}
	v.rt.entries[name] = e
	return e
}

func (v *view) key(e *metadata.StorageEntry, keys []any) string {
	k, err := storage.Key(v.rt.md.Types, e, keys...)
	if err != nil {
		v.fail(err)
	}
	return string(k)
}

// write sets an item.
func (v *view) write(value any, pallet, item string, keys ...any) {
	e := v.entry(pallet, item)
	if e == nil {
		return
	}
	b, err := codec.Encode(v.rt.md.Types, e.Value, value)
	if err != nil {
		v.fail(fmt.Errorf("write %s.%s: %w", pallet, item, err))
		return
	}
	k := v.key(e, keys)
	v.tree.Set(k, b)
	v.touched[k] = struct{}{}
}

// remove deletes an item.
func (v *view) remove(pallet, item string, keys ...any) {
	e := v.entry(pallet, item)
	if e == nil {
		return
	}
	k := v.key(e, keys)
	v.tree.Delete(k)
	v.touched[k] = struct{}{}
}

// removeAll deletes all entries of a map whose keys begin with the given parts.
func (v *view) removeAll(pallet, item string, keys ...any) {
	e := v.entry(pallet, item)
	if e == nil {
		return
	}
	for _, k := range v.keysFrom(v.key(e, keys)) {
		v.tree.Delete(k)
		v.touched[k] = struct{}{}
	}
}

func (v *view) keysFrom(prefix string) []string {
	var list []string
	v.tree.Ascend(prefix, func(k string, _ []byte) bool {
		if len(k) < len(prefix) || k[:len(prefix)] != prefix {
			return false
		}
		list = append(list, k)
		return true
	})
	return list
}

func (v *view) plan(name string, id metadata.TypeID, t reflect.Type) *codec.Plan {
	k := planKey{name, t}
	if p := v.rt.plans[k]; p != nil {
		return p
	}
	p, err := codec.Compile(v.rt.md.Types, id, t)
	if err != nil {
		v.fail(fmt.Errorf("read %s: %w", name, err))
		return nil
	}
	v.rt.plans[k] = p
	return p
}

// read gets an item; false when there is no entry.
func read[T any](v *view, pallet, item string, keys ...any) (out T, found bool) {
	e := v.entry(pallet, item)
	if e == nil {
		return out, false
	}
	b, ok := v.tree.Get(v.key(e, keys))
	if !ok {
		return out, false
	}
	return decode[T](v, e, b)
}

func decode[T any](v *view, e *metadata.StorageEntry, b []byte) (out T, ok bool) {
	name := e.Pallet + "." + e.Name
	p := v.plan(name, e.Value, reflect.TypeFor[T]())
	if p == nil {
		return out, false
	}
	if err := p.Unmarshal(b, &out); err != nil {
		v.fail(fmt.Errorf("read %s: %w", name, err))
		return out, false
	}
	return out, true
}

// row is an entry of a map.
type row[T any] struct {
	keys  []any
	value T
}

// account is a part of the key.
func (r row[T]) account(i int) Account {
	if i < len(r.keys) {
		if id, ok := r.keys[i].(codec.AccountID); ok {
			return Account(id)
		}
	}
	return Account{}
}

// number is a part of the key.
func (r row[T]) number(i int) uint32 {
	if i < len(r.keys) {
		if n, ok := r.keys[i].(uint64); ok {
			return uint32(n)
		}
	}
	return 0
}

// all reads the entries of a map whose keys begin with the given parts, in the order of their keys.
func all[T any](v *view, pallet, item string, keys ...any) []row[T] {
	e := v.entry(pallet, item)
	if e == nil {
		return nil
	}
	var list []row[T]
	for _, k := range v.keysFrom(v.key(e, keys)) {
		parts, err := storage.DecodeKey(v.rt.md.Types, e, []byte(k))
		if err != nil {
			v.fail(err)
			return nil
		}
		b, _ := v.tree.Get(k)
		value, ok := decode[T](v, e, b)
		if !ok {
			return nil
		}
		list = append(list, row[T]{parts, value})
	}
	return list
}

// root is a commitment to the changes since the parent's.
func (v *view) root(parent [32]byte, fork uint32) [32]byte {
	keys := make([]string, 0, len(v.touched))
	for k := range v.touched {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := append(parent[:], byte(fork), byte(fork>>8), byte(fork>>16), byte(fork>>24))
	for _, k := range keys {
		b, ok := v.tree.Get(k)
		if !ok {
			b = nil
		}
		kh, vh := hash.Blake2b128([]byte(k)), hash.Blake2b128(b)
		out = append(append(out, kh[:]...), vh[:]...)
	}
	return hash.Blake2b256(out)
}
