package substrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/storage"
)

// ErrStop ends an iteration early when its function returns it; the iteration then returns no error.
var ErrStop = errors.New("stop")

// GetMany reads many values of a map. fn is called for every key, in order and one at a time; value is the caller's to
// keep. When the chain holds no value, found is false and value is the item's default, nil if the item is optional.
func (b *Block) GetMany(ctx context.Context, pallet, item string, keys [][]any, fn func(i int, value []byte, found bool) error) error {
	name := pallet + "." + item
	entry, err := b.runtime.storage(pallet, item)
	if err != nil {
		return b.fail(name, err)
	}
	raw := make([][]byte, len(keys))
	for i := range keys {
		if raw[i], err = b.runtime.fullKey(entry, keys[i]); err != nil {
			return b.fail(name, err)
		}
	}
	sizer := b.sizer(name)
	at := 0
	return b.pipeline(ctx, name, sizer, func(_ context.Context, emit func([][]byte) error) error {
		for rest := raw; len(rest) > 0; {
			n := min(sizer.Size(), len(rest))
			if err := emit(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}, func(_, values [][]byte) error {
		for _, v := range values {
			found := v != nil
			if !found && !entry.Optional {
				v = bytes.Clone(entry.Default)
			}
			if err := fn(at, v, found); err != nil {
				return err
			}
			at++
		}
		return nil
	})
}

// Iterate reads all values of a map whose first key parts are as given, in the order of their raw keys. fn is called one
// at a time with the key parts as dynamic values of package codec and the encoded value, which are the caller's to keep.
// It may return [ErrStop] to end early.
func (b *Block) Iterate(ctx context.Context, pallet, item string, prefix []any, fn func(keys []any, value []byte) error) error {
	entry, start, err := b.mapPrefix(pallet, item, prefix)
	if err != nil {
		return b.fail(pallet+"."+item, err)
	}
	name := what(entry, prefix)
	sizer := b.sizer(pallet + "." + item)
	return b.pipeline(ctx, name, sizer, func(ctx context.Context, emit func([][]byte) error) error {
		return b.listKeys(ctx, start, func(page [][]byte) error {
			for len(page) > 0 {
				n := min(sizer.Size(), len(page))
				if err := emit(page[:n]); err != nil {
					return err
				}
				page = page[n:]
			}
			return nil
		})
	}, func(keys, values [][]byte) error {
		for i, key := range keys {
			if values[i] == nil {
				return b.fail(name, rpc.Garbage("the key %s without a value", toHex(key)))
			}
			parts, err := storage.DecodeKey(b.runtime.Metadata.Types, entry, key)
			if err != nil {
				return b.fail(name, err)
			}
			if err := fn(parts, values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// IterateKeys is Iterate without the values.
func (b *Block) IterateKeys(ctx context.Context, pallet, item string, prefix []any, fn func(keys []any) error) error {
	entry, start, err := b.mapPrefix(pallet, item, prefix)
	if err != nil {
		return b.fail(pallet+"."+item, err)
	}
	name := what(entry, prefix)
	var own error // of fn, which is not ours to wrap
	err = b.listKeys(ctx, start, func(page [][]byte) error {
		for _, key := range page {
			parts, err := storage.DecodeKey(b.runtime.Metadata.Types, entry, key)
			if err != nil {
				return err
			}
			if own = fn(parts); own != nil {
				return own
			}
		}
		return nil
	})
	switch {
	case errors.Is(own, ErrStop):
		return nil
	case own != nil:
		return own
	}
	return b.fail(name, err)
}

// mapPrefix finds a map and the beginning of the keys asked for.
func (b *Block) mapPrefix(pallet, item string, prefix []any) (*metadata.StorageEntry, []byte, error) {
	entry, err := b.runtime.storage(pallet, item)
	if err != nil {
		return nil, nil, err
	}
	if !entry.IsMap() {
		return nil, nil, errors.New("it is a single value, not a map")
	}
	start, err := storage.Key(b.runtime.Metadata.Types, entry, prefix...)
	return entry, start, err
}

func (b *Block) sizer(name string) *rpc.Sizer {
	cfg := &b.client.cfg
	return b.client.pool.Sizer(name, rpc.SizerLimits{Start: cfg.ChunkSize, Max: cfg.MaxChunk, TargetBytes: cfg.ChunkBytes})
}

// listKeys lists the raw keys with a prefix, page by page. The end is where the node has no more keys, and not where a
// page is shorter than asked for: a node may have a lower limit than we think.
func (b *Block) listKeys(ctx context.Context, prefix []byte, page func(keys [][]byte) error) error {
	size := b.client.cfg.PageSize
	patience := maxTimeouts
	var last []byte
	for {
		keys, err := b.listPage(ctx, prefix, last, size)
		if err != nil {
			reason := lastError(err)
			if rpc.IsTimeout(reason) {
				patience--
			} else if !rpc.IsTooBig(reason) {
				return err
			}
			if patience <= 0 || size == 1 || ctx.Err() != nil {
				return err
			}
			size /= 2
			continue
		}
		if len(keys) == 0 {
			return nil
		}
		if err := page(keys); err != nil {
			return err
		}
		last = keys[len(keys)-1]
	}
}

// listPage lists the keys after last. The answer must be what was asked for: sorted, with the prefix, after last.
func (b *Block) listPage(ctx context.Context, prefix, last []byte, size int) ([][]byte, error) {
	var start any
	if last != nil {
		start = toHex(last)
	}
	var raw json.RawMessage
	var keys [][]byte
	err := b.session.Do(ctx, rpc.Request{
		Method: "state_getKeysPaged", Params: []any{toHex(prefix), size, start, b.Hash}, Result: &raw, Splittable: true,
		Check: func() (err error) {
			if keys, err = parseKeys(raw); err != nil {
				return err
			}
			before := last
			for _, key := range keys {
				if !bytes.HasPrefix(key, prefix) {
					return rpc.Garbage("the key %s, which does not begin with %s", toHex(key), toHex(prefix))
				}
				if before != nil && bytes.Compare(key, before) <= 0 {
					return rpc.Garbage("the key %s again or out of order", toHex(key))
				}
				before = key
			}
			return nil
		},
	})
	return keys, err
}

// parseKeys reads a page of keys.
func parseKeys(raw json.RawMessage) ([][]byte, error) {
	if keys, ok := fastKeys(raw); ok {
		return keys, nil
	}
	var answer *[]hexBytes
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, rpc.Garbage("something else than a page of keys: %v", err)
	}
	if answer == nil {
		return nil, rpc.Garbage("null for a page of keys")
	}
	keys := make([][]byte, len(*answer))
	for i, key := range *answer {
		keys[i] = key
	}
	return keys, nil
}

// chunk is a part of a pipeline: keys whose values are being fetched.
type chunk struct {
	keys, values [][]byte
	err          error
	done         chan struct{}
}

// pipeline fetches the values of keys while the next keys are still being produced, with a bounded number of chunks on
// their way or waiting, and hands them to consume in the order of production, one chunk at a time.
func (b *Block) pipeline(ctx context.Context, name string, sizer *rpc.Sizer,
	produce func(ctx context.Context, emit func(keys [][]byte) error) error,
	consume func(keys, values [][]byte) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	room := make(chan struct{}, b.client.cfg.Chunks)
	chunks := make(chan *chunk, b.client.cfg.Chunks)
	var produced error
	wg.Go(func() {
		defer close(chunks)
		produced = produce(ctx, func(keys [][]byte) error {
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			ch := &chunk{keys: keys, done: make(chan struct{})}
			wg.Go(func() {
				defer close(ch.done)
				ch.values, ch.err = b.fetch(ctx, sizer, ch.keys)
			})
			chunks <- ch // has room for as many as there is room for
			return nil
		})
	})
	for ch := range chunks {
		<-ch.done
		if ch.err != nil {
			return b.fail(name, ch.err)
		}
		if len(ch.values) != len(ch.keys) {
			return b.fail(name, fmt.Errorf("%d values for %d keys", len(ch.values), len(ch.keys)))
		}
		err := consume(ch.keys, ch.values)
		<-room
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return b.fail(name, produced)
}
