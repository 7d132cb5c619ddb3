package substrate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestIterateSizes(t *testing.T) {
	node := newNode(t)
	c := dial(t, config(node))
	size := 0
	for _, n := range []int{0, 1, 255, 256, 257, 999, 1000, 1001, 5000} {
		for ; size < n; size++ {
			node.Put("Staking", "Validators", map[string]any{"commission": uint32(size), "blocked": false}, account(size))
		}
		all, err := readValidators(testContext(t), finalised(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != n {
			t.Errorf("%d values of %d", len(all), n)
		}
		for i := range n {
			if all[account(i)] != uint32(i) {
				t.Fatalf("of %d: value %d is %d", n, i, all[account(i)])
			}
		}
	}
}

func TestIterateOrderPrefixAndStop(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	for era := range 4 {
		for i := range 30 {
			node.Put("Staking", "ClaimedRewards", []any{era, i}, era, account(i))
		}
	}
	b := finalised(t, dial(t, config(node)))
	var seen int
	var last []byte
	err := b.Iterate(ctx, "Staking", "ClaimedRewards", []any{2}, func(keys []any, value []byte) error {
		seen++
		if len(keys) != 2 || keys[0] != uint64(2) {
			t.Errorf("keys are %v", keys)
		}
		key, _, err := node.Encode("Staking", "ClaimedRewards", []any{}, keys...)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(last, key) >= 0 {
			t.Error("keys are not in order")
		}
		last = key
		return nil
	})
	if err != nil || seen != 30 {
		t.Errorf("%d values, %v", seen, err)
	}
	seen = 0
	err = b.Iterate(ctx, "Staking", "ClaimedRewards", nil, func([]any, []byte) error {
		if seen++; seen == 7 {
			return fmt.Errorf("enough: %w", substrate.ErrStop)
		}
		return nil
	})
	if err != nil || seen != 7 {
		t.Errorf("stopped after %d with %v", seen, err)
	}
	mine := errors.New("mine")
	if err := b.Iterate(ctx, "Staking", "ClaimedRewards", nil, func([]any, []byte) error { return mine }); err != mine { //nolint:errorlint // it must be the very one
		t.Errorf("the caller's error came back as %v", err)
	}
	var keys []any
	err = b.IterateKeys(ctx, "Staking", "ClaimedRewards", []any{1}, func(k []any) error {
		keys = append(keys, k[1].(codec.AccountID))
		if len(keys) == 5 {
			return substrate.ErrStop
		}
		return nil
	})
	if err != nil || len(keys) != 5 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestGetMany(t *testing.T) {
	node := newNode(t)
	populate(t, 1500, node)
	for _, way := range []struct {
		name    string
		prepare func()
	}{
		{"queries", func() {}},
		{"batches", func() { node.Lack("state_queryStorageAt") }},
		{"one by one", func() { node.LimitBatches(-1) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			way.prepare()
			b := finalised(t, dial(t, config(node)))
			var keys [][]any
			for i := range 1600 {
				keys = append(keys, []any{account(i)})
			}
			keys = append(keys, keys[3], keys[3]) // asked for more than once
			var got []string
			err := b.GetMany(testContext(t), "Staking", "Validators", keys, func(i int, value []byte, found bool) error {
				if i != len(got) {
					t.Fatalf("value %d came as number %d", i, len(got))
				}
				got = append(got, fmt.Sprintf("%x %v", value, found))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range got {
				n := i
				if i >= 1600 {
					n = 3
				}
				_, value, err := node.Encode("Staking", "Validators", map[string]any{"commission": uint32(n), "blocked": n%2 == 1}, account(n))
				if err != nil {
					t.Fatal(err)
				}
				want := fmt.Sprintf("%x true", value)
				if n >= 1500 {
					want = "0000 false" // the default
				}
				if g != want {
					t.Fatalf("value %d is %s, want %s", i, g, want)
				}
			}
			if len(got) != len(keys) {
				t.Errorf("%d values for %d keys", len(got), len(keys))
			}
		})
	}
}

func TestChunksAdaptToResponseLimit(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	populate(t, 2000, node)
	node.LimitResponses(40_000) // about 200 values; a page of keys must be split too
	all, err := readValidators(ctx, finalisedWithin(t, node, 40_000))
	if err != nil || len(all) != 2000 {
		t.Fatalf("%d values, %v", len(all), err)
	}
}

// finalisedWithin opens the head of a node whose answers are limited, after having read its metadata without the limit.
func finalisedWithin(t *testing.T, node *substratetest.TestNode, limit int) *substrate.Block {
	node.LimitResponses(0)
	b := finalised(t, dial(t, config(node)))
	node.LimitResponses(limit)
	return b
}

func TestShortPagesAreNotTheEnd(t *testing.T) {
	node := newNode(t)
	populate(t, 25, node)
	node.LimitPages(7)
	if all, err := readValidators(testContext(t), finalised(t, dial(t, config(node)))); err != nil || len(all) != 25 {
		t.Errorf("%d values, %v", len(all), err)
	}
}

func TestGarbagePages(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		do     substratetest.Fault
		want   string
	}{
		"repeated page":    {"state_getKeysPaged", repeatPage(), "again or out of order"},
		"foreign keys":     {"state_getKeysPaged", substratetest.Reply([]string{"0x00"}), "does not begin with"},
		"null page":        {"state_getKeysPaged", substratetest.Reply(nil), "null for a page of keys"},
		"not a page":       {"state_getKeysPaged", substratetest.Reply(map[string]int{"a": 1}), "something else than a page of keys"},
		"truncated hex":    {"state_getKeysPaged", substratetest.TruncatedHex(), "not hexadecimal"},
		"wrong id":         {"state_getKeysPaged", substratetest.WrongID(), "never sent"},
		"not JSON":         {"state_getKeysPaged", substratetest.Raw("<html>"), "not JSON-RPC"},
		"values of others": {"state_queryStorageAt", substratetest.Reply([]any{map[string]any{"block": substrate.Hash{9}, "changes": []any{}}}), "values of block 0x09000000"},
		"missing values":   {"state_queryStorageAt", dropChanges(), "no value for the key"},
		"no sets":          {"state_queryStorageAt", substratetest.Reply([]any{}), "0 sets of values"},
		"truncated value":  {"state_queryStorageAt", substratetest.TruncatedHex(), "not hexadecimal"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			good, bad := newNode(t), newNode(t)
			populate(t, 1200, good, bad)
			cfg := config(bad)
			b := finalised(t, dial(t, cfg))
			injected := bad.Inject(substratetest.Rule{Method: tc.method, Do: tc.do})
			_, err := readValidators(ctx, b)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "Staking.Validators") {
				t.Errorf("alone: %v, want %q", err, tc.want)
			}
			var garbage *rpc.GarbageError
			if !errors.As(err, &garbage) {
				t.Errorf("not a GarbageError: %v", err)
			}
			injected.Stop()
			// With a second endpoint the same trouble costs nothing but time.
			b = finalised(t, dial(t, config(bad, good)))
			bad.Inject(substratetest.Rule{Method: tc.method, Skip: 1, Do: tc.do})
			got, err := readValidators(ctx, b)
			if err != nil {
				t.Fatalf("with a second endpoint: %v", err)
			}
			want, err := readValidators(ctx, finalised(t, dial(t, config(good))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// repeatPage answers every page with the first one.
func repeatPage() substratetest.Fault {
	var first []byte
	return substratetest.Mangle(func(frame []byte) []byte {
		var m map[string]json.RawMessage
		if json.Unmarshal(frame, &m) != nil {
			return frame
		}
		if first == nil {
			first = m["result"]
		}
		m["result"] = first
		out, err := json.Marshal(m)
		if err != nil {
			return frame
		}
		return out
	})
}

// dropChanges leaves the last value out of every answer.
func dropChanges() substratetest.Fault {
	return substratetest.Mangle(func(frame []byte) []byte {
		at := bytes.LastIndex(frame, []byte(`,["0x`))
		if at < 0 {
			return frame
		}
		return append(bytes.Clone(frame[:at]), "]}]}"...)
	})
}

// What one node refuses is not held against another.
func TestRefusedWaysAreRememberedForEachEndpoint(t *testing.T) {
	old, modern := newNode(t), newNode(t)
	populate(t, 3, old, modern)
	old.Lack("state_queryStorageAt")
	c := dial(t, config(old, modern))
	read := func() {
		t.Helper()
		b := finalised(t, c)
		if all, err := readValidators(testContext(t), b); err != nil || len(all) != 3 {
			t.Fatalf("%d values, %v", len(all), err)
		}
	}
	read()
	read()
	if n := old.Count("state_queryStorageAt"); n != 1 {
		t.Errorf("the old node was asked %d times for what it lacks, want 1", n)
	}
	old.Down()
	read()
	if n := modern.Count("state_queryStorageAt"); n != 1 {
		t.Errorf("the modern node was asked %d times for all values at once, want 1", n)
	}
	if n := modern.Count("state_getStorage"); n != 0 {
		t.Errorf("the modern node was asked %d times for single values", n)
	}
}
