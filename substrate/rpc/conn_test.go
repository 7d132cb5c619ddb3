package rpc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestConcurrentCallsGetTheirOwnAnswers(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	node.Handle("echo", func(r substratetest.Request) (any, error) { return r.Params[0], nil })
	c := dialConn(t, node, rpc.Options{MaxInFlight: 7})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			var got int
			if err := c.Call(ctx, &got, "echo", i); err != nil || got != i {
				t.Errorf("call %d: %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	gate := make(chan struct{})
	held := node.Inject(substratetest.Rule{Method: "system_chain", Do: substratetest.Hold(gate)})
	c := dialConn(t, node, rpc.Options{MaxInFlight: 3})
	done := make(chan error, 10)
	for range 10 {
		go func() { done <- c.Call(ctx, nil, "system_chain") }()
	}
	if err := held.Wait(ctx, 3); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Call(short, nil, "system_chain"); !errors.Is(err, context.Canceled) {
		t.Errorf("a call waiting for its turn cannot be cancelled: %v", err)
	}
	if held.Hits() != 3 {
		t.Errorf("%d requests at once", held.Hits())
	}
	close(gate)
	for range 10 {
		if err := receive(t, done); err != nil {
			t.Error(err)
		}
	}
}

func TestAnswersOfAllShapes(t *testing.T) {
	ctx := testContext(t)
	for name, tc := range map[string]struct {
		do   substratetest.Fault
		want string // of the error; empty for success
		dead bool   // the connection has ended
	}{
		"null":               {do: substratetest.Reply(nil)},
		"id as a string":     {do: substratetest.Raw(`{"jsonrpc":"2.0","id":"1","result":"x"}`)},
		"error with data":    {do: substratetest.Raw(`{"id":1,"error":{"code":1010,"message":"Invalid Transaction","data":"stale"}}`), want: `"Invalid Transaction: stale" (code 1010)`},
		"error with object":  {do: substratetest.Raw(`{"id":1,"error":{"code":1,"message":"no","data":{"a":1}}}`), want: `{\"a\":1}`},
		"error, no code":     {do: substratetest.Fail(0, "something went wrong"), want: `the node answered "something went wrong"`},
		"error, no text":     {do: substratetest.Raw(`{"id":1,"error":{"code":5}}`), want: "error without a message"},
		"error for nobody":   {do: substratetest.FailNull(-32600, "Invalid request"), want: "Invalid request"},
		"not JSON":           {do: substratetest.Raw(`<html>`), want: "not JSON-RPC", dead: true},
		"nothing":            {do: substratetest.Raw(" "), want: "an empty message", dead: true},
		"empty batch":        {do: substratetest.Raw(`[]`), want: "an empty batch", dead: true},
		"no result":          {do: substratetest.Raw(`{"id":1}`), want: "neither result nor error", dead: true},
		"id never sent":      {do: substratetest.WrongID(), want: "never sent", dead: true},
		"id zero":            {do: substratetest.Raw(`{"id":0,"result":1}`), want: "never sent", dead: true},
		"id of another sort": {do: substratetest.Raw(`{"id":{},"result":1}`), want: "never sent", dead: true},
		"no id":              {do: substratetest.Raw(`{"result":1}`), want: "a reply without an id", dead: true},
		"another type":       {do: substratetest.Reply([]int{1}), want: "where something else is due"},
		"a cut":              {do: substratetest.Cut(), want: "the connection was cut", dead: true},
		"a closing":          {do: substratetest.CloseWith(1013, "come back later"), want: "status 1013 (come back later)", dead: true},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			node.Inject(substratetest.Rule{Do: tc.do})
			c := dialConn(t, node, rpc.Options{})
			var got string
			err := c.Call(ctx, &got, "system_chain")
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if tc.dead {
				receive(t, c.Done())
			}
			if dead := c.Err() != nil; dead != tc.dead {
				t.Errorf("the connection's end is %v", c.Err())
			}
		})
	}
}

func TestMessageLimit(t *testing.T) {
	node := newNode(t)
	node.Inject(substratetest.Rule{Do: substratetest.Reply(strings.Repeat("x", 2000))})
	c := dialConn(t, node, rpc.Options{MaxMessage: 1000})
	err := c.Call(testContext(t), nil, "system_chain")
	if !rpc.IsTooBig(err) || !strings.Contains(err.Error(), "over the size limit") {
		t.Errorf("got %v", err)
	}
}

func TestTimeoutWhileOthersAreAnswered(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	node := newNode(t)
	stalled := node.Inject(substratetest.Rule{Method: "slow", Do: substratetest.Stall()})
	c := dialConn(t, node, rpc.Options{Clock: clock, CallTimeout: 10 * time.Second})
	done := make(chan error, 1)
	go func() { done <- c.Call(ctx, nil, "slow") }()
	if err := stalled.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(9 * time.Second)
	if err := c.Call(ctx, nil, "system_chain"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	err := receive(t, done)
	var timeout *rpc.TimeoutError
	if !errors.As(err, &timeout) || !rpc.IsTimeout(err) || c.Err() != nil {
		t.Errorf("got %v; the connection's end is %v", err, c.Err())
	}
	if err := c.Call(ctx, nil, "system_chain"); err != nil {
		t.Errorf("the connection is of no use any more: %v", err)
	}
}

func TestSilentNodeEndsTheConnection(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	node := newNode(t)
	stalled := node.Inject(substratetest.Rule{Do: substratetest.Stall()})
	c := dialConn(t, node, rpc.Options{Clock: clock, CallTimeout: 10 * time.Second})
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- c.Call(ctx, nil, "system_chain") }()
	}
	if err := stalled.Wait(ctx, 2); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Second)
	for range 2 {
		if err := receive(t, done); !rpc.IsTimeout(err) || !strings.Contains(err.Error(), "10s") {
			t.Errorf("got %v", err)
		}
	}
	receive(t, c.Done())
}

func TestPing(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	c := dialConn(t, newNode(t), rpc.Options{Clock: clock, PingInterval: time.Second, PingTimeout: 7 * time.Second})
	for range 3 { // each round shows that the ping before was answered
		if err := clock.WaitTimer(ctx, time.Second); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Second)
	}
	if err := clock.WaitTimer(ctx, time.Second); err != nil || c.Err() != nil {
		t.Errorf("%v; the connection's end is %v", err, c.Err())
	}
}

func TestCloseEndsWaitingCalls(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	stalled := node.Inject(substratetest.Rule{Method: "system_chain", Do: substratetest.Stall()})
	c := dialConn(t, node, rpc.Options{})
	sub, err := c.Subscribe(ctx, "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Call(ctx, nil, "system_chain") }()
	if err := stalled.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := receive(t, done); !errors.Is(err, rpc.ErrClosed) {
		t.Errorf("got %v", err)
	}
	for range sub.C() { //nolint:revive // until it is closed
	}
	if !errors.Is(sub.Err(), rpc.ErrClosed) {
		t.Errorf("the subscription ended with %v", sub.Err())
	}
	if err := c.Call(ctx, nil, "system_chain"); !errors.Is(err, rpc.ErrClosed) {
		t.Errorf("a call after the end: %v", err)
	}
}

func TestBatch(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	node.Handle("echo", func(r substratetest.Request) (any, error) { return r.Params[0], nil })
	c := dialConn(t, node, rpc.Options{})
	got := make([]int, 50)
	elems := make([]rpc.BatchElem, 50)
	for i := range elems {
		elems[i] = rpc.BatchElem{Method: "echo", Params: []any{i}, Result: &got[i]}
	}
	elems[7].Method = "nothing"
	if err := c.Batch(ctx, elems); err != nil {
		t.Fatal(err)
	}
	for i := range elems {
		if i == 7 {
			if !rpc.IsMethodNotFound(elems[i].Err) {
				t.Errorf("element 7: %v", elems[i].Err)
			}
		} else if elems[i].Err != nil || got[i] != i {
			t.Errorf("element %d: %d, %v", i, got[i], elems[i].Err)
		}
	}
	if err := c.Batch(ctx, nil); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
}

func TestRefusedBatches(t *testing.T) {
	ctx := testContext(t)
	elems := func() []rpc.BatchElem {
		return []rpc.BatchElem{{Method: "system_chain"}, {Method: "system_chain"}, {Method: "system_chain"}}
	}
	for name, tc := range map[string]struct {
		harm func(*substratetest.TestNode)
		is   func(error) bool
	}{
		"none at all":  {func(n *substratetest.TestNode) { n.LimitBatches(-1) }, rpc.IsBatchUnsupported},
		"too long":     {func(n *substratetest.TestNode) { n.LimitBatches(2) }, rpc.IsTooBig},
		"answer large": {func(n *substratetest.TestNode) { n.LimitResponses(100) }, rpc.IsTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			tc.harm(node)
			c := dialConn(t, node, rpc.Options{})
			if err := c.Batch(ctx, elems()); !tc.is(err) {
				t.Errorf("got %v", err)
			}
			if err := c.Call(ctx, nil, "system_chain"); err != nil {
				t.Errorf("the connection is of no use any more: %v", err)
			}
		})
	}
	t.Run("part of the answers", func(t *testing.T) {
		node := newNode(t)
		node.Inject(substratetest.Rule{Do: substratetest.Raw(`[{"id":1,"result":"a"},{"id":3,"result":"b"}]`)})
		if err := dialConn(t, node, rpc.Options{}).Batch(ctx, elems()); err == nil || !strings.Contains(err.Error(), "without the answer to request 2") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another order", func(t *testing.T) {
		node := newNode(t)
		node.Inject(substratetest.Rule{Do: substratetest.Raw(`[{"id":3,"result":3},{"id":1,"result":1},{"id":2,"result":2}]`)})
		var got [3]int
		es := elems()
		for i := range es {
			es[i].Result = &got[i]
		}
		if err := dialConn(t, node, rpc.Options{}).Batch(ctx, es); err != nil || got != [3]int{1, 2, 3} {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestUnencodableParameters(t *testing.T) {
	c := dialConn(t, newNode(t), rpc.Options{})
	if err := c.Call(testContext(t), nil, "system_chain", make(chan int)); err == nil || !strings.Contains(err.Error(), "encode the parameters of system_chain") {
		t.Errorf("got %v", err)
	}
	if err := c.Call(testContext(t), nil, "system_chain"); err != nil {
		t.Errorf("the next call: %v", err)
	}
}
