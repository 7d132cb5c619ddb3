package substrate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Runtime is one version of a chain's code. It does not change and may be used from many goroutines.
type Runtime struct {
	SpecName           string
	SpecVersion        uint32
	TransactionVersion uint32
	Genesis            Hash
	Metadata           *metadata.Metadata
	// Blob is the metadata as the chain gave it.
	Blob []byte
	// Mismatches are the expected types that this runtime has differently, by [Config].Expect.
	Mismatches []Mismatch

	changed map[string]Mismatch // by name, for RefuseChanged
	plans   sync.Map            // planKey -> planned
}

// runtimeVersion is the answer to state_getRuntimeVersion.
type runtimeVersion struct {
	SpecName           string     `json:"specName"`
	SpecVersion        uint32     `json:"specVersion"`
	TransactionVersion uint32     `json:"transactionVersion"`
	APIs               [][2]apiID `json:"apis"`
}

// apiID is the name's hash, a string, or the version, a number, of a runtime API.
type apiID struct{ text string }

// UnmarshalJSON keeps the text.
func (a *apiID) UnmarshalJSON(raw []byte) error {
	a.text = string(raw)
	return nil
}

// metadataAPI is BLAKE2b-64 of "Metadata".
const metadataAPI = `"0x37e397fc7c91f5e4"`

// offersVersions tells whether the runtime can be asked which metadata versions it has: from version 2 of the API on.
func (v *runtimeVersion) offersVersions() bool {
	for _, api := range v.APIs {
		if api[0].text == metadataAPI {
			return api[1].text != "1" && api[1].text != "0"
		}
	}
	return false
}

type runtimeKey struct {
	name    string
	version uint32
	tx      uint32
}

func (v *runtimeVersion) key() runtimeKey {
	return runtimeKey{v.SpecName, v.SpecVersion, v.TransactionVersion}
}

// runtimes are the runtimes met so far. Old ones are kept: a year of a chain has about a dozen.
type runtimes struct {
	mu      sync.Mutex
	byKey   map[runtimeKey]*loading
	since   map[runtimeKey]uint32 // earliest block whose state is known to hold this code
	current *Runtime
}

// loading is a runtime that its users wait for together.
type loading struct {
	done chan struct{}
	rt   *Runtime
	err  error
}

// Runtime is the latest runtime the client has met.
func (c *Client) Runtime() *Runtime {
	c.runtimes.mu.Lock()
	defer c.runtimes.mu.Unlock()
	return c.runtimes.current
}

// loadRuntime returns the runtime of a version, whose metadata is read at the given block when it is new.
func (c *Client) loadRuntime(ctx context.Context, s *rpc.Session, v *runtimeVersion, at Hash) (*Runtime, error) {
	for {
		c.runtimes.mu.Lock()
		l, mine := c.runtimes.byKey[v.key()], false
		if l == nil {
			l, mine = &loading{done: make(chan struct{})}, true
			if c.runtimes.byKey == nil {
				c.runtimes.byKey = map[runtimeKey]*loading{}
			}
			c.runtimes.byKey[v.key()] = l
		}
		c.runtimes.mu.Unlock()
		if mine {
			l.rt, l.err = c.readRuntime(ctx, s, v, at)
			c.runtimes.mu.Lock()
			if l.err != nil {
				delete(c.runtimes.byKey, v.key())
			} else if cur := c.runtimes.current; cur == nil || cur.SpecVersion <= l.rt.SpecVersion {
				c.runtimes.current = l.rt
			}
			c.runtimes.mu.Unlock()
			close(l.done)
			return l.rt, l.err
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if l.err == nil {
			return l.rt, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		// The one that was reading has failed, perhaps because its caller left. Try ourselves.
	}
}

func (c *Client) readRuntime(ctx context.Context, s *rpc.Session, v *runtimeVersion, at Hash) (*Runtime, error) {
	blob, err := c.readMetadata(ctx, s, v, at)
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s %d: %w", v.SpecName, v.SpecVersion, err)
	}
	m, err := metadata.Parse(blob)
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s %d: %w", v.SpecName, v.SpecVersion, err)
	}
	rt := &Runtime{
		SpecName: v.SpecName, SpecVersion: v.SpecVersion, TransactionVersion: v.TransactionVersion,
		Genesis: c.chain.Genesis, Metadata: m, Blob: blob,
	}
	if rt.Mismatches, err = rt.Compare(c.cfg.Expect); err != nil {
		return nil, err
	}
	if c.cfg.RefuseChanged && len(rt.Mismatches) > 0 {
		rt.changed = map[string]Mismatch{}
		for _, m := range rt.Mismatches {
			rt.changed[m.key()] = m
		}
	}
	for _, m := range rt.Mismatches {
		c.log.Warn("type changed", "chain", c.name(), "runtime", v.SpecVersion, "item", m.String())
	}
	return rt, nil
}

// supported are the metadata versions we read, best first.
var supported = [...]uint32{16, 15, 14}

// readMetadata reads the blob of the best version that both sides know.
func (c *Client) readMetadata(ctx context.Context, s *rpc.Session, v *runtimeVersion, at Hash) ([]byte, error) {
	if v.offersVersions() {
		blob, err := c.bestMetadata(ctx, s, at)
		var answered *rpc.Error
		if err == nil && blob != nil || err != nil && !errors.As(lastError(err), &answered) {
			return blob, err
		}
		// The node has the runtime say no, or does not let us call it: the old way is left.
	}
	var blob hexBytes
	if err := s.Call(ctx, &blob, "state_getMetadata", at); err != nil {
		return nil, err
	}
	return blob, nil
}

func (c *Client) bestMetadata(ctx context.Context, s *rpc.Session, at Hash) ([]byte, error) {
	var encoded hexBytes
	if err := s.Call(ctx, &encoded, "state_call", "Metadata_metadata_versions", "0x", at); err != nil {
		return nil, err
	}
	d := scale.NewDecoder(encoded)
	count, err := d.Count(4)
	if err != nil {
		return nil, fmt.Errorf("the list of metadata versions: %w", err)
	}
	offered := map[uint32]bool{}
	for range count {
		version, err := d.U32()
		if err != nil {
			return nil, fmt.Errorf("the list of metadata versions: %w", err)
		}
		offered[version] = true
	}
	for _, version := range supported {
		if !offered[version] {
			continue
		}
		var answer hexBytes
		arg := toHex(scale.AppendU32(nil, version))
		if err := s.Call(ctx, &answer, "state_call", "Metadata_metadata_at_version", arg, at); err != nil {
			return nil, err
		}
		d := scale.NewDecoder(answer)
		some, err := d.Bool()
		if err != nil {
			return nil, fmt.Errorf("metadata of version %d: %w", version, err)
		}
		if !some {
			continue
		}
		blob, err := d.Bytes()
		if err != nil {
			return nil, fmt.Errorf("metadata of version %d: %w", version, err)
		}
		return blob, nil
	}
	return nil, nil
}

type planKey struct {
	id metadata.TypeID
	t  reflect.Type
}

type planned struct {
	plan *codec.Plan
	err  error
}

// Plan is the compiled way from a type of the metadata to a Go type, made once for each pair. Use it for many values.
func (r *Runtime) Plan(id metadata.TypeID, t reflect.Type) (*codec.Plan, error) {
	key := planKey{id, t}
	if p, ok := r.plans.Load(key); ok {
		return p.(planned).plan, p.(planned).err
	}
	plan, err := codec.Compile(r.Metadata.Types, id, t)
	r.plans.Store(key, planned{plan, err})
	return plan, err
}

// StoragePlan is the Plan for the values of a storage item and the Go type T.
func StoragePlan[T any](r *Runtime, pallet, item string) (*codec.Plan, error) {
	entry, err := r.storage(pallet, item)
	if err != nil {
		return nil, err
	}
	plan, err := r.Plan(entry.Value, reflect.TypeFor[T]())
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", pallet, item, err)
	}
	return plan, nil
}

// decode fills dst, a *T or *any.
func (r *Runtime) decode(id metadata.TypeID, b []byte, dst any) error {
	if dynamic, ok := dst.(*any); ok {
		v, err := codec.Decode(r.Metadata.Types, id, b)
		if err != nil {
			return err
		}
		*dynamic = v
		return nil
	}
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer {
		return fmt.Errorf("the destination is a %T, not a pointer", dst)
	}
	plan, err := r.Plan(id, t.Elem())
	if err != nil {
		return err
	}
	return plan.Unmarshal(b, dst)
}

// storage finds a storage item that may be read.
func (r *Runtime) storage(pallet, item string) (*metadata.StorageEntry, error) {
	entry, err := r.Metadata.Storage(pallet, item)
	if err != nil {
		return nil, err
	}
	return entry, r.refuse(Storage, pallet, item)
}

// refuse is the error for an item whose type has changed, if such are not to be read.
func (r *Runtime) refuse(kind ItemKind, pallet, item string) error {
	if m, ok := r.changed[itemKey(kind, pallet, item)]; ok {
		return &TypeChangedError{Mismatch: m, SpecName: r.SpecName, SpecVersion: r.SpecVersion}
	}
	return nil
}
