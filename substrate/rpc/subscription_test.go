package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func subscribeHeads(t testing.TB, c *rpc.Conn) *rpc.Subscription {
	t.Helper()
	s, err := c.Subscribe(testContext(t), "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func number(t testing.TB, raw json.RawMessage) string {
	t.Helper()
	var h struct{ Number string }
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h.Number
}

func TestSubscription(t *testing.T) {
	for name, prepare := range map[string]func(*substratetest.TestNode){
		"reply first":        func(*substratetest.TestNode) {},
		"notification first": func(n *substratetest.TestNode) { n.EarlyNotifications(true) },
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			prepare(node)
			s := subscribeHeads(t, dialConn(t, node, rpc.Options{}))
			for i := range 20 {
				if got, want := number(t, receive(t, s.C())), fmt.Sprintf("0x%x", i); got != want {
					t.Fatalf("head %s, want %s", got, want)
				}
				node.Mine(substratetest.BlockOptions{})
			}
		})
	}
}

func TestUnsubscribe(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	c := dialConn(t, node, rpc.Options{})
	s := subscribeHeads(t, c)
	other := subscribeHeads(t, c)
	left := node.Inject(substratetest.Rule{Method: "chain_unsubscribeNewHeads", Skip: 1 << 20})
	s.Close()
	s.Close() // again does nothing
	if !errors.Is(s.Err(), rpc.ErrClosed) {
		t.Errorf("ended with %v", s.Err())
	}
	if err := c.Call(ctx, nil, "system_chain"); err != nil { // behind the request to unsubscribe
		t.Fatal(err)
	}
	if node.Count("chain_unsubscribeNewHeads") != 1 || node.Subscriptions() != 1 {
		t.Errorf("%d requests to unsubscribe, %d subscriptions left", node.Count("chain_unsubscribeNewHeads"), node.Subscriptions())
	}
	left.Stop()
	receive(t, other.C())
}

// A subscriber who leaves before the reply with the id must not leave a subscription behind at the node.
func TestSubscriberLeavesBeforeTheReply(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	gate := make(chan struct{})
	held := node.Inject(substratetest.Rule{Method: "chain_subscribeNewHeads", Do: substratetest.Hold(gate)})
	gone := node.Inject(substratetest.Rule{Method: "chain_unsubscribeNewHeads", Do: substratetest.Delay(0)})
	c := dialConn(t, node, rpc.Options{})
	leaving, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		_, err := c.Subscribe(leaving, "chain_subscribeNewHeads", "chain_unsubscribeNewHeads")
		done <- err
	}()
	if err := held.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	leave()
	if err := receive(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(gate)
	if err := gone.Wait(ctx, 1); err != nil {
		t.Errorf("nobody unsubscribed: %v", err)
	}
}

func TestSlowConsumer(t *testing.T) {
	node := newNode(t)
	s := subscribeHeads(t, dialConn(t, node, rpc.Options{SubscriptionBuffer: 3}))
	gone := node.Inject(substratetest.Rule{Method: "chain_unsubscribeNewHeads", Do: substratetest.Delay(0)})
	for range 10 {
		node.Mine(substratetest.BlockOptions{})
	}
	if err := gone.Wait(testContext(t), 1); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range s.C() {
		n++
	}
	if n != 3 || !errors.Is(s.Err(), rpc.ErrSlowConsumer) {
		t.Errorf("%d notifications, then %v", n, s.Err())
	}
}

func TestSubscriptionGarbage(t *testing.T) {
	ctx := testContext(t)
	for name, tc := range map[string]struct {
		frame string
		dead  bool
	}{
		"id is an object": {`{"id":1,"result":{}}`, true},
		"id is null":      {`{"id":1,"result":null}`, true},
		"error":           {`{"id":1,"error":{"code":-32601,"message":"Method not found"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			node.Inject(substratetest.Rule{Do: substratetest.Raw(tc.frame)})
			c := dialConn(t, node, rpc.Options{})
			if _, err := c.Subscribe(ctx, "chain_subscribeNewHeads", "chain_unsubscribeNewHeads"); err == nil {
				t.Error("no error")
			}
			if tc.dead {
				receive(t, c.Done())
			}
		})
	}
	t.Run("numeric id, error over the subscription", func(t *testing.T) {
		node := newNode(t)
		node.Inject(substratetest.Rule{Times: 1, Do: substratetest.Raw(`{"id":1,"result":5}`)})
		c := dialConn(t, node, rpc.Options{})
		s := subscribeHeads(t, c)
		node.Inject(substratetest.Rule{Method: "a", Do: substratetest.Raw(`{"method":"x","params":{"subscription":5,"result":{"number":"0x7"}}}`)})
		node.Inject(substratetest.Rule{Method: "b", Do: substratetest.Raw(`{"method":"x","params":{"subscription":5,"error":"gone"}}`)})
		node.Inject(substratetest.Rule{Method: "c", Do: substratetest.Raw(`{"method":"x","params":["not","a","subscription"]}`)})
		calls, cancel := context.WithCancel(ctx)
		defer cancel()
		done := make(chan error, 3)
		for _, m := range []string{"a", "c", "b"} {
			go func() { done <- c.Call(calls, nil, m) }()
			if m == "a" {
				if got := number(t, receive(t, s.C())); got != "0x7" {
					t.Errorf("head %s", got)
				}
			}
		}
		if raw, ok := <-s.C(); ok {
			t.Errorf("a notification %s too many", raw)
		}
		var garbage *rpc.GarbageError
		if !errors.As(s.Err(), &garbage) {
			t.Errorf("ended with %v", s.Err())
		}
		cancel()
		for range 3 {
			if err := receive(t, done); err == nil {
				t.Error("a frame that answers nothing ended a call")
			}
		}
	})
}
