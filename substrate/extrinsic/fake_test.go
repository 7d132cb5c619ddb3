package extrinsic

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// fakeNode is a Node without a network. Blocks become final one by one, whenever somebody waits for one: grow makes them.
type fakeNode struct {
	md     *metadata.Metadata
	events []byte // the same in every block

	mu     sync.Mutex
	blocks []fakeBlock // by number, all final
	grow   func(number uint32) (body [][]byte, nonce uint64, ok bool)

	submitErr error
	statuses  chan json.RawMessage // closed: the connection is lost
	submitted int

	fail  func(method string) error // an error for a call
	calls map[string]int
}

type fakeBlock struct {
	hash  [32]byte
	body  [][]byte
	nonce uint64 // of every account after the block
}

var errFake = errors.New("fake network error")

// newFakeNode has finalised the blocks 0 to head.
func newFakeNode(t testing.TB, head uint32) *fakeNode {
	md := runtime(t, "westend-9320.v14")
	var events []struct {
		Metadata string
		Events   hexBytes
	}
	golden(t, "events.json", &events)
	n := &fakeNode{md: md, statuses: make(chan json.RawMessage, 16), calls: map[string]int{}}
	for _, e := range events {
		if e.Metadata == "westend-9320.v14" {
			n.events = e.Events
		}
	}
	for range head + 1 {
		n.add(nil, 0)
	}
	return n
}

func fakeHash(number int) [32]byte {
	return hash.Blake2b256(binary.LittleEndian.AppendUint64([]byte("block"), uint64(number)))
}

func (n *fakeNode) add(body [][]byte, nonce uint64) {
	n.blocks = append(n.blocks, fakeBlock{fakeHash(len(n.blocks)), body, nonce})
}

// bodyWith is a body in which the extrinsic has the given position.
func bodyWith(x []byte, position int) [][]byte {
	body := make([][]byte, position+2)
	for i := range body {
		body[i] = []byte{8, 4, byte(i)}
	}
	body[position] = x
	return body
}

func (n *fakeNode) called(method string) error {
	n.calls[method]++
	if n.fail != nil {
		return n.fail(method)
	}
	return nil
}

func (n *fakeNode) Finalised(context.Context) (Head, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	last := len(n.blocks) - 1
	return Head{uint32(last), fakeHash(last)}, n.called("Finalised")
}

func (n *fakeNode) HashAt(_ context.Context, number uint32) ([32]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(number) >= len(n.blocks) {
		return [32]byte{}, fmt.Errorf("block %d is not final", number)
	}
	return fakeHash(int(number)), n.called("HashAt")
}

func (n *fakeNode) find(hash [32]byte) (int, bool) {
	for i := range n.blocks {
		if n.blocks[i].hash == hash {
			return i, true
		}
	}
	return 0, false
}

func (n *fakeNode) Block(_ context.Context, hash [32]byte) (Block, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := n.find(hash)
	if !ok {
		return Block{}, fmt.Errorf("no block %x", hash)
	}
	return Block{Number: uint32(i), Parent: fakeHash(i - 1), Body: n.blocks[i].body}, n.called("Block")
}

func (n *fakeNode) Events(_ context.Context, hash [32]byte) (*metadata.Metadata, []byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.find(hash); !ok {
		return nil, nil, fmt.Errorf("no block %x", hash)
	}
	return n.md, n.events, n.called("Events")
}

func (n *fakeNode) NonceAt(_ context.Context, hash, _ [32]byte) (uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i, ok := n.find(hash)
	if !ok {
		return 0, fmt.Errorf("no block %x", hash)
	}
	return n.blocks[i].nonce, n.called("NonceAt")
}

func (n *fakeNode) SubmitAndWatch(_ context.Context, _ []byte) (Watch, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.submitted++
	if n.submitErr != nil {
		return nil, n.submitErr
	}
	return &fakeWatch{n.statuses}, nil
}

// FollowFinalised grows the chain when all of it was handed out.
func (n *fakeNode) FollowFinalised(ctx context.Context, after Head, fn func(Head) error) error {
	for number := after.Number + 1; ; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.mu.Lock()
		err := n.called("FollowFinalised")
		if err == nil && int(number) >= len(n.blocks) {
			if n.grow == nil {
				n.mu.Unlock()
				<-ctx.Done() // nothing ever happens
				return ctx.Err()
			}
			body, nonce, ok := n.grow(number)
			if ok {
				n.add(body, nonce)
			} else {
				err = errFake
			}
		}
		n.mu.Unlock()
		if err != nil {
			return err
		}
		if err := fn(Head{number, fakeHash(int(number))}); err != nil {
			return err
		}
	}
}

type fakeWatch struct{ statuses chan json.RawMessage }

func (w *fakeWatch) Next(ctx context.Context) (json.RawMessage, error) {
	select {
	case s, ok := <-w.statuses:
		if !ok {
			return nil, errFake
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *fakeWatch) Close() {}
