package extrinsic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// transaction is one of 8 blocks' lifetime, made at block 100.
func transaction() ([]byte, Sought) {
	x := []byte{0x10, 0x84, 1, 2, 3}
	return x, Sought{Hash: Hash(x), Sender: fill(7), Nonce: 5, First: 100, Death: 108}
}

// includeIn makes the chain grow with the transaction in one block at one position.
func includeIn(x []byte, block uint32, position int) func(uint32) ([][]byte, uint64, bool) {
	return func(number uint32) ([][]byte, uint64, bool) {
		if number == block {
			return bodyWith(x, position), 6, true
		}
		nonce := uint64(5)
		if number > block {
			nonce = 6
		}
		return bodyWith([]byte{4, 4}, 0), nonce, true
	}
}

func never(uint32) ([][]byte, uint64, bool) { return nil, 5, true }

func TestSubmitOutcomes(t *testing.T) {
	tests := []struct {
		position int // decides about the events
		success  bool
		failures []string
	}{
		{0, true, nil},
		{1, false, []string{"Proxy.ProxyExecuted: Staking.NotController: Not a controller account."}},
		{2, false, []string{"System.ExtrinsicFailed: Proxy.Unannounced: Announcement, if made at all, was made too recently."}},
		{3, false, []string{"Utility.BatchInterrupted: Token.Frozen"}},
		{4, false, []string{"Utility.ItemFailed: BadOrigin", "Utility.ItemFailed: error 9 of the pallet with index 251, which is not in the metadata"}},
		{5, true, nil},
	}
	x, sought := transaction()
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.position), func(t *testing.T) {
			node := newFakeNode(t, 100)
			node.grow = includeIn(x, 103, tt.position)
			o, err := Submit(t.Context(), node, x, sought, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !o.Settled() || o.State != Finalised || o.Block != (Head{103, fakeHash(103)}) || o.Index != uint32(tt.position) {
				t.Errorf("outcome %+v", o)
			}
			if o.Succeeded() != tt.success || o.Applied != (tt.position != 2) || len(o.Events) == 0 {
				t.Errorf("success %t, applied %t, %d events", o.Succeeded(), o.Applied, len(o.Events))
			}
			var failures []string
			for _, f := range o.Failures {
				failures = append(failures, f.Error())
			}
			if strings.Join(failures, "\n") != strings.Join(tt.failures, "\n") {
				t.Errorf("failures\n got  %q\n want %q", failures, tt.failures)
			}
			if node.submitted != 1 {
				t.Errorf("submitted %d times", node.submitted)
			}
		})
	}
}

func TestSubmitNeverIncluded(t *testing.T) {
	x, sought := transaction()
	node := newFakeNode(t, 100)
	node.grow = never
	o, err := Submit(t.Context(), node, x, sought, nil)
	if err != nil || o.State != Expired || !o.Settled() || o.Succeeded() {
		t.Errorf("outcome %+v, %v", o, err)
	}
	if got := len(node.blocks) - 1; got != 107 {
		t.Errorf("expired at block %d, want 107, the last of its lifetime", got)
	}
	if node.calls["Block"] != 8 {
		t.Errorf("%d blocks were read for a lifetime of 8", node.calls["Block"])
	}

	node = newFakeNode(t, 100)
	node.grow = func(number uint32) ([][]byte, uint64, bool) { return nil, 5 + uint64(number/104), true }
	o, err = Submit(t.Context(), node, x, sought, nil)
	if err != nil || o.State != Superseded || len(node.blocks)-1 != 104 {
		t.Errorf("nonce used by another: outcome %+v at block %d, %v", o, len(node.blocks)-1, err)
	}

	late := append([]byte(nil), x...)
	node = newFakeNode(t, 100)
	node.grow = includeIn(late, 107, 0) // the last possible block
	if o, err = Submit(t.Context(), node, x, sought, nil); err != nil || o.State != Finalised || o.Block.Number != 107 {
		t.Errorf("included in the last block: %+v, %v", o, err)
	}
}

func TestSubmitRefused(t *testing.T) {
	x, sought := transaction()
	answer := &rpc.Error{Code: 1010, Message: "Invalid Transaction", Data: json.RawMessage(`"Inability to pay some fees (e.g. account balance too low)"`)}
	node := newFakeNode(t, 100)
	node.submitErr = fmt.Errorf("wrapped: %w", answer)
	o, err := Submit(t.Context(), node, x, sought, nil)
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Reason != ReasonPayment || o.State != Pending || o.Settled() || !errors.Is(err, answer) {
		t.Errorf("outcome %+v, error %v", o, err)
	}

	// refused because it is included already: the fate counts
	node = newFakeNode(t, 100)
	node.add(bodyWith(x, 0), 6)
	node.submitErr = &rpc.Error{Code: 1010, Message: "Invalid Transaction", Data: json.RawMessage(`"Transaction is outdated"`)}
	if o, err = Submit(t.Context(), node, x, sought, nil); err != nil || !o.Succeeded() || o.Block.Number != 101 {
		t.Errorf("outcome %+v, error %v", o, err)
	}

	// in the pool already: as good as sent
	node = newFakeNode(t, 100)
	node.submitErr = &rpc.Error{Code: 1013, Message: "Transaction Already Imported"}
	node.grow = includeIn(x, 102, 0)
	if o, err = Submit(t.Context(), node, x, sought, nil); err != nil || !o.Succeeded() {
		t.Errorf("outcome %+v, error %v", o, err)
	}

	// no answer: it may have arrived
	node = newFakeNode(t, 100)
	node.submitErr = &rpc.ConnError{Doing: "read", Err: errFake}
	node.grow = includeIn(x, 102, 0)
	if o, err = Submit(t.Context(), node, x, sought, nil); err != nil || !o.Succeeded() {
		t.Errorf("outcome %+v, error %v", o, err)
	}

	node = newFakeNode(t, 100)
	node.submitErr = fmt.Errorf("%w: all nodes are down", ErrNotSent)
	if o, err = Submit(t.Context(), node, x, sought, nil); !errors.Is(err, ErrNotSent) || o.State != Pending || node.calls["Block"] != 0 {
		t.Errorf("outcome %+v, error %v", o, err)
	}

	node = newFakeNode(t, 100)
	if o, err = Submit(t.Context(), node, append(x, 0), sought, nil); !errors.Is(err, ErrNotSent) || node.submitted != 0 {
		t.Errorf("other bytes: outcome %+v, error %v", o, err)
	}
}

func TestSubmitReports(t *testing.T) {
	x, sought := transaction()
	for _, last := range []string{`{"finalized":"0x` + strings.Repeat("11", 32) + `"}`, `"dropped"`, `{"invalid":null}`, `{"usurped":"0x` + strings.Repeat("22", 32) + `"}`, "lost"} {
		t.Run(last, func(t *testing.T) {
			node := newFakeNode(t, 100)
			for _, s := range []string{`"ready"`, `17`, `{"ready":null}`, `{"broadcast":["a"]}`, `{"inBlock":"0x` + strings.Repeat("ab", 32) + `"}`, `"surprise"`} {
				node.statuses <- json.RawMessage(s)
			}
			reported := make(chan struct{})
			node.grow = func(number uint32) ([][]byte, uint64, bool) { // nothing becomes final before all was reported
				<-reported
				return includeIn(x, 101, 0)(number)
			}
			if last == "lost" {
				close(node.statuses)
			} else {
				node.statuses <- json.RawMessage(last)
			}
			var mu sync.Mutex
			var got []StatusKind
			o, err := Submit(t.Context(), node, x, sought, func(s Status) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, s.Kind)
				if s.Ends() || last == "lost" && len(got) == 5 {
					close(reported)
				}
			})
			if err != nil || !o.Succeeded() {
				t.Fatalf("outcome %+v, error %v", o, err)
			}
			want := []StatusKind{"ready", "ready", "broadcast", "inBlock", "surprise"}
			if len(got) < 5 || fmt.Sprint(got[:5]) != fmt.Sprint(want) {
				t.Errorf("reported %v, want %v", got, want)
			}
		})
	}
}

func TestSubmitEndsWithContext(t *testing.T) {
	x, sought := transaction()
	node := newFakeNode(t, 100)
	ctx, cancel := context.WithCancel(t.Context())
	node.fail = func(method string) error {
		if method == "FollowFinalised" {
			cancel()
		}
		return nil
	}
	o, err := Submit(ctx, node, x, sought, nil)
	if !errors.Is(err, context.Canceled) || o.State != Pending {
		t.Errorf("outcome %+v, error %v", o, err)
	}
}

func TestFind(t *testing.T) {
	x, sought := transaction()
	immortal := sought
	immortal.Death = math.MaxUint64
	tests := []struct {
		name string
		head uint32
		in   int // block with the transaction
		s    Sought
		want State
	}{
		{"not yet", 103, -1, sought, Pending},
		{"before it was made", 90, -1, sought, Pending},
		{"in the first block", 105, 100, sought, Finalised},
		{"in the last block", 107, 107, sought, Finalised},
		{"long ago", 400, 104, sought, Finalised},
		{"expired long ago", 400, -1, sought, Expired},
		{"expired just now", 107, -1, sought, Expired},
		{"one block left", 106, -1, sought, Pending},
		{"before its lifetime, not read", 400, 99, sought, Expired},
		{"after its lifetime, not read", 400, 108, sought, Expired},
		{"immortal", 400, 399, immortal, Finalised},
		{"immortal, not yet", 400, -1, immortal, Pending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			node := newFakeNode(t, tt.head)
			for i := range node.blocks {
				node.blocks[i].nonce = 5
				if tt.in >= 0 && i == tt.in {
					node.blocks[i].body = bodyWith(x, 0)
				}
			}
			o, err := Find(t.Context(), node, tt.s)
			if err != nil || o.State != tt.want || o.State == Finalised && int(o.Block.Number) != tt.in {
				t.Errorf("outcome %+v, %v, want %s", o, err, tt.want)
			}
			if tt.s.Death == 108 && node.calls["Block"] > 8 {
				t.Errorf("%d blocks were read for a lifetime of 8", node.calls["Block"])
			}
		})
	}
}

// TestFindErrors: whatever fails, the answer is never a final one that is wrong.
func TestFindErrors(t *testing.T) {
	x, sought := transaction()
	for _, method := range []string{"Finalised", "HashAt", "Block", "Events", "NonceAt", "FollowFinalised"} {
		for _, head := range []uint32{104, 400} {
			node := newFakeNode(t, head)
			node.grow = includeIn(x, 106, 0)
			if head == 400 {
				node.blocks[106].body = bodyWith(x, 0)
			}
			failed := false
			node.fail = func(m string) error {
				if m == method && !failed {
					failed = true
					return errFake
				}
				return nil
			}
			o, err := Track(t.Context(), node, sought)
			switch {
			case !failed:
				if err != nil || !o.Succeeded() {
					t.Errorf("%s at %d: %+v, %v", method, head, o, err)
				}
				continue
			case method == "Events":
				if o.State != Finalised || err == nil || o.Applied {
					t.Errorf("%s at %d: %+v, %v", method, head, o, err)
				}
			case !errors.Is(err, errFake) || o.Settled():
				t.Errorf("%s at %d: %+v, %v", method, head, o, err)
			}
			if o, err := Track(t.Context(), node, sought); err != nil || !o.Succeeded() {
				t.Errorf("%s at %d, second time: %+v, %v", method, head, o, err)
			}
		}
	}
	node := newFakeNode(t, 104)
	node.blocks[103].body = bodyWith(x, 6) // the events know no extrinsic 6
	if o, err := Find(t.Context(), node, sought); err == nil || o.State != Finalised || o.Applied {
		t.Errorf("without events of its own: %+v, %v", o, err)
	}
	if o, err := Find(t.Context(), newFakeNode(t, 400), Sought{First: 50, Death: 50}); err == nil || o.Settled() {
		t.Errorf("no lifetime at all: %+v, %v", o, err)
	}
}

// TestTrackProperty: whenever the transaction gets into a block or not, and however often the connection breaks or the
// process restarts in between, the fate found is the true one.
func TestTrackProperty(t *testing.T) {
	base := newFakeNode(t, 0)
	rapid.Check(t, func(rt *rapid.T) {
		period := uint32(1) << rapid.IntRange(2, 5).Draw(rt, "log2 period")
		current := rapid.Uint32Range(0, 60).Draw(rt, "current")
		era, err := Mortal(period, current)
		if err != nil {
			rt.Fatal(err)
		}
		x := []byte{8, 0x84, 1}
		s := NewSought(x, fill(1), Options{Nonce: 5, Era: era}, current)
		in := int64(current) + rapid.Int64Range(1, int64(2*period)).Draw(rt, "included in")
		if uint64(in) >= s.Death {
			in = -1 // the chain would not
		}
		other := int64(-1)
		if in < 0 && rapid.Bool().Draw(rt, "another takes the nonce") {
			other = int64(current) + rapid.Int64Range(1, int64(2*period)).Draw(rt, "in block")
		}
		body := func(number uint32) ([][]byte, uint64) {
			nonce := uint64(5)
			if in >= 0 && int64(number) >= in || other >= 0 && int64(number) >= other {
				nonce = 6
			}
			if int64(number) == in {
				return bodyWith(x, 0), nonce
			}
			return bodyWith([]byte{4, 4}, 0), nonce
		}
		node := &fakeNode{md: base.md, events: base.events, statuses: make(chan json.RawMessage), calls: map[string]int{}}
		for number := range current + 1 {
			node.add(body(number))
		}
		node.grow = func(number uint32) ([][]byte, uint64, bool) {
			b, nonce := body(number)
			return b, nonce, true
		}
		node.fail = func(string) error {
			if rapid.IntRange(0, 9).Draw(rt, "fails") == 0 {
				return errFake
			}
			return nil
		}
		sent := rapid.SampledFrom([]error{nil, &rpc.ConnError{Doing: "read", Err: errFake}, &rpc.Error{Code: 1013}}).Draw(rt, "answer")
		node.submitErr = sent
		o, err := Submit(context.Background(), node, x, s, nil)
		for tries := 0; err != nil || !o.Settled(); tries++ {
			if o.Settled() && o.State != Finalised {
				rt.Fatalf("a final outcome %+v with the error %v", o, err)
			}
			if tries > 200 {
				node.fail = nil
			}
			for range rapid.IntRange(0, 20).Draw(rt, "blocks while away") {
				node.add(body(uint32(len(node.blocks))))
			}
			o, err = Track(context.Background(), node, s)
		}
		switch {
		case in >= 0:
			if o.State != Finalised || int64(o.Block.Number) != in || !o.Applied {
				rt.Fatalf("included in %d: %+v", in, o)
			}
		case o.State == Superseded:
			if other < 0 || uint64(other) >= s.Death {
				rt.Fatalf("nobody else used the nonce in time: %+v", o)
			}
		case o.State != Expired:
			rt.Fatalf("never included: %+v", o)
		}
		if node.submitted != 1 {
			rt.Fatalf("submitted %d times", node.submitted)
		}
	})
}
