package rpc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestFailOver(t *testing.T) {
	for name, tc := range map[string]struct {
		harm func(*substratetest.TestNode)
	}{
		"down":         {func(n *substratetest.TestNode) { n.Down() }},
		"handshake":    {func(n *substratetest.TestNode) { n.RefuseHandshakes(502, 0) }},
		"cut":          {func(n *substratetest.TestNode) { n.Inject(substratetest.Rule{Do: substratetest.Cut()}) }},
		"garbage":      {func(n *substratetest.TestNode) { n.Inject(substratetest.Rule{Do: substratetest.Raw("?")}) }},
		"rate limited": {func(n *substratetest.TestNode) { n.Inject(substratetest.Rule{Do: substratetest.RateLimit()}) }},
		"provider's limit": {func(n *substratetest.TestNode) {
			n.Inject(substratetest.Rule{Do: substratetest.Fail(-32005, "daily request count exceeded")})
		}},
		"closed": {func(n *substratetest.TestNode) {
			n.Inject(substratetest.Rule{Do: substratetest.CloseWith(1008, "policy")})
		}},
		"pruned": {func(n *substratetest.TestNode) {
			n.Inject(substratetest.Rule{Do: substratetest.Fail(4003, "Client error: Api called for an unknown Block: State already discarded for BlockId")})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bad, good := newNode(t), newNode(t)
			tc.harm(bad)
			p := newPool(t, nil, bad, good)
			var chain string
			if err := p.Call(testContext(t), &chain, "system_chain"); err != nil || chain != "Test" {
				t.Errorf("%q, %v", chain, err)
			}
		})
	}
}

// A session stays with an endpoint that serves it, but a call that fails there goes elsewhere, however soon the endpoint
// is fit again: other calls may be answered there all the time.
func TestACallThatFailsGoesElsewhere(t *testing.T) {
	bad, good := newNode(t), newNode(t)
	p := newPool(t, func(c *rpc.Config) {
		c.Attempts, c.Backoff = 2, rpc.Backoff{Base: time.Nanosecond, Max: time.Nanosecond}
	}, bad, good)
	s := p.Session(nil)
	if err := s.Call(testContext(t), nil, "system_chain"); err != nil || s.Endpoint() != bad.URL() {
		t.Fatal(s.Endpoint(), err)
	}
	bad.Inject(substratetest.Rule{Method: "system_chain", Do: substratetest.Raw("?")})
	if err := s.Call(testContext(t), nil, "system_chain"); err != nil {
		t.Error(err)
	}
	if n := bad.Count("system_chain"); n != 2 {
		t.Errorf("the bad one was asked %d times, once well and once in vain", n)
	}
}

func TestAnswersAreNotAskedAgain(t *testing.T) {
	a, b := newNode(t), newNode(t)
	p := newPool(t, nil, a, b)
	err := p.Call(testContext(t), nil, "nothing", "a parameter", strings.Repeat("long", 100))
	var call *rpc.CallError
	if !rpc.IsMethodNotFound(err) || !errors.As(err, &call) || len(call.Tried) != 1 {
		t.Fatalf("got %v", err)
	}
	if a.Count("nothing")+b.Count("nothing") != 1 {
		t.Error("an answer was asked for again")
	}
	for _, want := range []string{"nothing(a parameter, longlong", a.URL(), "Method not found"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if len(err.Error()) > 400 {
		t.Errorf("the error has %d characters", len(err.Error()))
	}
}

func TestOnceIsNotRepeated(t *testing.T) {
	ctx := testContext(t)
	a, b := newNode(t), newNode(t)
	p := newPool(t, nil, a, b)
	for _, n := range []*substratetest.TestNode{a, b} {
		n.Inject(substratetest.Rule{Method: "author_submitExtrinsic", Do: substratetest.Cut()})
	}
	if err := p.Do(ctx, rpc.Request{Method: "author_submitExtrinsic", Once: true}); err == nil {
		t.Error("no error")
	}
	if got := a.Count("author_submitExtrinsic") + b.Count("author_submitExtrinsic"); got != 1 {
		t.Errorf("submitted %d times", got)
	}
	a.Down() // not reached, so it may be tried elsewhere
	b.Handle("submit", func(substratetest.Request) (any, error) { return "0x", nil })
	if err := p.Do(ctx, rpc.Request{Method: "submit", Once: true}); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestNoThunderingHerd(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	node := newNode(t)
	p := newPool(t, func(c *rpc.Config) {
		c.Clock, c.Attempts = clock, 10
		c.Backoff = rpc.Backoff{Base: time.Second, Max: 8 * time.Second}
	}, node)
	call := func(n int) *sync.WaitGroup {
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				if err := p.Call(ctx, nil, "system_chain"); err != nil {
					t.Error(err)
				}
			})
		}
		return &wg
	}
	call(100).Wait()
	if node.Accepted() != 1 {
		t.Errorf("%d connections for the first calls", node.Accepted())
	}
	gate := make(chan struct{})
	held := node.Inject(substratetest.Rule{Method: "system_chain", Do: substratetest.Hold(gate)})
	wg := call(100)
	if err := held.Wait(ctx, rpc.DefaultMaxInFlight); err != nil {
		t.Fatal(err)
	}
	held.Stop()
	node.CutAll()
	close(gate)
	// All of them have lost their connection, which counts as one failure, and wait for the same moment.
	if err := clock.WaitTimer(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	if h := p.Health()[0]; h.Failures != 1 || h.Connected {
		t.Errorf("health is %+v", h)
	}
	clock.Advance(time.Second)
	wg.Wait()
	if node.Accepted() != 2 {
		t.Errorf("%d connections after the cut", node.Accepted()-1)
	}
	if h := p.Health()[0]; h.Failures != 0 || !h.Connected {
		t.Errorf("health is %+v", h)
	}
}

func TestBackOffGrows(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	node := newNode(t)
	node.Down()
	p := newPool(t, func(c *rpc.Config) {
		c.Clock, c.Attempts = clock, 5
		c.Backoff = rpc.Backoff{Base: time.Second, Max: 3 * time.Second}
	}, node)
	done := make(chan error, 1)
	go func() { done <- p.Call(ctx, nil, "system_chain") }()
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second} {
		if err := clock.WaitTimer(ctx, want); err != nil {
			t.Fatalf("no wait of %v: %v", want, err)
		}
		clock.Advance(want)
	}
	err := receive(t, done)
	if err == nil || strings.Count(err.Error(), node.URL()) != 1 {
		t.Errorf("got %v", err)
	}
	if h := p.Health()[0]; h.Failures != 5 || h.LastError == nil || !h.CoolUntil.Equal(clock.Now().Add(3*time.Second)) {
		t.Errorf("health is %+v", h)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	ctx := testContext(t)
	clock := newClock()
	node := newNode(t)
	node.RefuseHandshakes(429, 17)
	p := newPool(t, func(c *rpc.Config) { c.Clock = clock }, node)
	done := make(chan error, 1)
	go func() { done <- p.Call(ctx, nil, "system_chain") }()
	if err := clock.WaitTimer(ctx, 17*time.Second); err != nil {
		t.Fatal(err)
	}
	node.RefuseHandshakes(0, 0)
	clock.Advance(17 * time.Second)
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
}

func TestRefusedEndpoints(t *testing.T) {
	ctx := testContext(t)
	a, b := newNode(t), newNode(t)
	admitted := 0
	var mu sync.Mutex
	p := newPool(t, func(c *rpc.Config) {
		c.Admit = func(_ context.Context, conn *rpc.Conn) error {
			mu.Lock()
			defer mu.Unlock()
			admitted++
			if conn.Name() == a.URL() {
				return &rpc.RefusedError{Err: errors.New("not ours")}
			}
			return nil
		}
	}, a, b)
	for range 3 {
		if err := p.Call(ctx, nil, "system_chain"); err != nil {
			t.Fatal(err)
		}
	}
	if h := p.Health(); h[0].Refused == nil || h[1].Refused != nil || admitted != 2 {
		t.Errorf("health %+v after %d admissions", h, admitted)
	}
	b.Down()
	if err := p.Call(ctx, nil, "system_chain"); err == nil || !strings.Contains(err.Error(), a.URL()+": not ours") || !strings.Contains(err.Error(), b.URL()) {
		t.Errorf("got %v", err)
	}
}

// TestRefusedForAWhile: an endpoint that was admitted before is asked again after a rest.
func TestRefusedForAWhile(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	var wrong atomic.Bool
	p := newPool(t, func(c *rpc.Config) {
		c.Admit = func(context.Context, *rpc.Conn) error {
			if wrong.Load() {
				return &rpc.RefusedError{Err: errors.New("not ours")}
			}
			return nil
		}
	}, node)
	if err := p.Call(ctx, nil, "system_chain"); err != nil {
		t.Fatal(err)
	}
	wrong.Store(true)
	node.CutAll()
	for {
		err := p.Call(ctx, nil, "system_chain")
		if err != nil && strings.Contains(err.Error(), "not ours") {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("it was not refused: %v", err)
		}
	}
	if h := p.Health(); h[0].Refused != nil || h[0].Failures == 0 {
		t.Errorf("health %+v", h)
	}
	wrong.Store(false)
	for p.Call(ctx, nil, "system_chain") != nil {
		if ctx.Err() != nil {
			t.Fatal("it was never asked again")
		}
	}
}

func TestSessionStaysAndVerifies(t *testing.T) {
	ctx := testContext(t)
	a, b := newNode(t), newNode(t)
	p := newPool(t, nil, a, b)
	var verified []string
	s := p.Session(func(_ context.Context, conn *rpc.Conn) error {
		verified = append(verified, conn.Name())
		return nil
	})
	ask := func() {
		t.Helper()
		if err := s.Call(ctx, nil, "system_chain"); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	ask()
	a.Down()
	ask()
	a.Up()
	ask() // stays where it is
	want := []string{a.URL(), b.URL()}
	if strings.Join(verified, " ") != strings.Join(want, " ") || s.Endpoint() != b.URL() {
		t.Errorf("verified %v, now at %s", verified, s.Endpoint())
	}
}

func TestClosedPool(t *testing.T) {
	clock := newClock()
	node := newNode(t)
	node.Down()
	p := newPool(t, func(c *rpc.Config) { c.Clock = clock }, node)
	done := make(chan error, 1)
	go func() { done <- p.Call(testContext(t), nil, "system_chain") }()
	if err := clock.WaitTimer(testContext(t), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if err := receive(t, done); !errors.Is(err, rpc.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := p.Call(testContext(t), nil, "system_chain"); !errors.Is(err, rpc.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestPoolConfiguration(t *testing.T) {
	for _, endpoints := range [][]string{nil, {"http://a"}, {"ws://"}, {"ws://a", "ws://a"}, {"://"}, {"ws://a b"}} {
		if _, err := rpc.NewPool(rpc.Config{Endpoints: endpoints}); err == nil {
			t.Errorf("%q was accepted", endpoints)
		}
	}
}

func TestCancelledWhileResting(t *testing.T) {
	clock := newClock()
	node := newNode(t)
	node.Down()
	p := newPool(t, func(c *rpc.Config) { c.Clock = clock }, node)
	why := errors.New("no patience")
	ctx, cancel := context.WithCancelCause(testContext(t))
	done := make(chan error, 1)
	go func() { done <- p.Call(ctx, nil, "system_chain") }()
	if err := clock.WaitTimer(ctx, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	err := receive(t, done)
	if !errors.Is(err, why) || !strings.Contains(err.Error(), node.URL()) {
		t.Errorf("got %v", err)
	}
}

func TestBatchThroughPool(t *testing.T) {
	ctx := testContext(t)
	a, b := newNode(t), newNode(t)
	a.Inject(substratetest.Rule{Skip: 1, Do: substratetest.RateLimit()}) // the second call of the batch
	p := newPool(t, nil, a, b)
	var names [3]string
	elems := make([]rpc.BatchElem, 3)
	for i := range elems {
		elems[i] = rpc.BatchElem{Method: "system_chain", Result: &names[i]}
	}
	if err := p.Session(nil).Batch(ctx, elems, false); err != nil {
		t.Fatal(err)
	}
	if names != [3]string{"Test", "Test", "Test"} || b.Count("system_chain") != 3 {
		t.Errorf("%v; %d at the second endpoint", names, b.Count("system_chain"))
	}
}
