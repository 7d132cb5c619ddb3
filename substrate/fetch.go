package substrate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// maxTimeouts is how many times in a chunk silence is met by asking for less. A node that answers nothing at all is given
// up on after so many timeouts, however large the chunk was.
const maxTimeouts = 4

// fetch reads the values under raw keys, nil where there is none: all at once, unless the node says that it is too much or
// does not answer in time.
func (b *Block) fetch(ctx context.Context, sizer *rpc.Sizer, keys [][]byte) ([][]byte, error) {
	clock := b.client.clock
	values := make([][]byte, 0, len(keys))
	limit, patience := len(keys), maxTimeouts
	for len(values) < len(keys) {
		part := keys[len(values):]
		part = part[:min(limit, len(part))]
		start := clock.Now()
		got, err := b.fetchOnce(ctx, part)
		if err == nil {
			sizer.Answered(len(part), weight(part, got), clock.Now().Sub(start))
			values = append(values, got...)
			continue
		}
		last := lastError(err)
		silent := rpc.IsTimeout(last)
		if silent {
			patience--
		}
		if ctx.Err() != nil || patience == 0 || !silent && (!rpc.IsTooBig(last) || len(part) == 1) {
			return nil, err
		}
		sizer.Refused(len(part))
		limit = min(sizer.Size(), max(len(part)/2, 1))
	}
	return values, nil
}

// weight is about what the answer weighed, in bytes.
func weight(keys, values [][]byte) int {
	total := 0
	for i := range keys {
		total += 2*(len(keys[i])+len(values[i])) + 16
	}
	return total
}

// way is how many values are asked for.
type way string

const (
	byQuery way = "state_queryStorageAt"
	byBatch way = "batches"
)

// refusals remembers, by the names of endpoints, which ways a node refused.
type refusals struct {
	mu   sync.Mutex
	ways map[string][]way
}

func (r *refusals) has(endpoint string, w way) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.ways[endpoint], w)
}

// add reports whether the refusal is news.
func (r *refusals) add(endpoint string, w way) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.ways[endpoint], w) {
		return false
	}
	if r.ways == nil {
		r.ways = map[string][]way{}
	}
	r.ways[endpoint] = append(r.ways[endpoint], w)
	return true
}

// fetchOnce asks by the best way that the node has not refused: all at once, as a batch, one by one.
func (b *Block) fetchOnce(ctx context.Context, keys [][]byte) ([][]byte, error) {
	ways := []struct {
		way
		fetch   func(context.Context, [][]byte) ([][]byte, error)
		refused func(error) bool
	}{{byQuery, b.query, rpc.IsMethodNotFound}, {byBatch, b.batch, rpc.IsBatchUnsupported}}
	for _, w := range ways {
		if b.client.refusals.has(b.Endpoint(), w.way) {
			continue
		}
		values, err := w.fetch(ctx, keys)
		if err == nil || !w.refused(lastError(err)) {
			return values, err
		}
		// The session may have changed to another endpoint under the call.
		if endpoint := lastEndpoint(err); b.client.refusals.add(endpoint, w.way) {
			b.client.log.Info("node refuses a way to read many values", "way", w.way, "endpoint", endpoint)
		}
	}
	return b.single(ctx, keys)
}

// changeSet is an element of the answer to state_queryStorageAt.
type changeSet struct {
	Block   Hash     `json:"block"`
	Changes []change `json:"changes"`
}

type change struct {
	key, value hexBytes // value is nil where there is none
}

// UnmarshalJSON reads a pair.
func (c *change) UnmarshalJSON(raw []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a change of %d parts, not a key and a value", len(pair))
	}
	if err := c.key.UnmarshalJSON(pair[0]); err != nil {
		return err
	}
	return c.value.UnmarshalJSON(pair[1])
}

func (b *Block) query(ctx context.Context, keys [][]byte) ([][]byte, error) {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = toHex(k)
	}
	var raw json.RawMessage
	values := make([][]byte, len(keys))
	err := b.session.Do(ctx, rpc.Request{
		Method: "state_queryStorageAt", Params: []any{texts, b.Hash}, Result: &raw, Splittable: true,
		Check: func() error {
			if fastValues(raw, b.Hash.String(), texts, values) {
				return nil
			}
			var sets []changeSet
			if err := json.Unmarshal(raw, &sets); err != nil {
				return rpc.Garbage("something else than values of storage: %v", err)
			}
			return b.match(sets, keys, values)
		},
	})
	return values, err
}

// match puts the values answered in the order of the keys asked. Every key must be there, at the right block.
func (b *Block) match(sets []changeSet, keys, values [][]byte) error {
	if len(sets) != 1 {
		return rpc.Garbage("%d sets of values where one is due", len(sets))
	}
	if sets[0].Block != b.Hash {
		return rpc.Garbage("values of block %s", sets[0].Block.Short())
	}
	changes := sets[0].Changes
	inOrder := len(changes) == len(keys)
	for i := 0; inOrder && i < len(keys); i++ {
		inOrder = string(changes[i].key) == string(keys[i])
		values[i] = changes[i].value
	}
	if inOrder {
		return nil
	}
	byKey := make(map[string][]byte, len(changes))
	for _, ch := range changes {
		byKey[string(ch.key)] = ch.value
	}
	for i, k := range keys {
		v, ok := byKey[string(k)]
		if !ok {
			return rpc.Garbage("no value for the key %s", toHex(k))
		}
		values[i] = v
	}
	return nil
}

func (b *Block) batch(ctx context.Context, keys [][]byte) ([][]byte, error) {
	answers := make([]*hexBytes, len(keys))
	elems := make([]rpc.BatchElem, len(keys))
	for i, k := range keys {
		elems[i] = rpc.BatchElem{Method: "state_getStorage", Params: []any{toHex(k), b.Hash}, Result: &answers[i]}
	}
	if err := b.session.Batch(ctx, elems, true); err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i := range elems {
		if elems[i].Err != nil {
			return nil, elems[i].Err
		}
		if answers[i] != nil {
			values[i] = *answers[i]
		}
	}
	return values, nil
}

// single reads value by value, several at a time.
func (b *Block) single(ctx context.Context, keys [][]byte) ([][]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	values := make([][]byte, len(keys))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(maxSingles, len(keys)) {
		wg.Go(func() {
			for i := range next {
				value, found, err := b.getRaw(ctx, keys[i])
				if err != nil {
					cancel(err)
					return
				}
				if found {
					values[i] = nonNil(value)
				}
			}
		})
	}
feed:
	for i := range keys {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return values, nil
}

// maxSingles is how many single reads run at a time.
const maxSingles = 16

// nonNil keeps an empty value apart from an absent one.
func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
