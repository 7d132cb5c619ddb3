package substrate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Every trouble in the middle of a map must end with the same result as no trouble, once a second endpoint can help.
func TestTroubleInTheMiddleOfAMap(t *testing.T) {
	for name, tc := range map[string]struct {
		rule substratetest.Rule
		then func(*substratetest.TestNode)
	}{
		"cut between pages":    {rule: substratetest.Rule{Method: "state_getKeysPaged", Skip: 2, Do: substratetest.Cut()}},
		"cut between values":   {rule: substratetest.Rule{Method: "state_queryStorageAt", Skip: 3, Do: substratetest.Cut()}},
		"closed as overloaded": {rule: substratetest.Rule{Method: "state_queryStorageAt", Skip: 3, Do: substratetest.CloseWith(1013, "try again later")}},
		"rate limited":         {rule: substratetest.Rule{Method: "state_getKeysPaged", Skip: 1, Do: substratetest.RateLimit()}},
		"rate limited once":    {rule: substratetest.Rule{Skip: 8, Times: 3, Do: substratetest.RateLimit()}},
		"state discarded":      {rule: substratetest.Rule{Method: "state_queryStorageAt", Skip: 2, Do: substratetest.Fail(4003, "Client error: UnknownBlock: State already discarded for 0x12")}},
		"busy":                 {rule: substratetest.Rule{Method: "state_queryStorageAt", Skip: 1, Do: substratetest.Fail(-32009, "Server is busy, try again later")}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := testContext(t)
			bad, good := newNode(t), newNode(t)
			populate(t, 2500, bad, good)
			want, err := readValidators(ctx, finalised(t, dial(t, config(good))))
			if err != nil {
				t.Fatal(err)
			}
			b := finalised(t, dial(t, config(bad, good)))
			if b.Endpoint() != bad.URL() {
				t.Fatalf("reading began at %s", b.Endpoint())
			}
			injected := bad.Inject(tc.rule)
			got, err := readValidators(ctx, b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if injected.Hits() == 0 {
				t.Error("there was no trouble")
			}
		})
	}
}

func TestNodeThatStopsAnswering(t *testing.T) {
	ctx := testContext(t)
	clock := substratetest.NewClock(time.Unix(1_700_000_000, 0))
	bad, good := newNode(t), newNode(t)
	populate(t, 1500, bad, good)
	cfg := config(bad, good)
	cfg.Clock = clock
	b := finalised(t, dial(t, cfg))
	stalled := bad.Inject(substratetest.Rule{Method: "state_getKeysPaged", Skip: 1, Do: substratetest.Stall()})
	silenced := bad.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Stall()})
	type result struct {
		all map[[32]byte]uint32
		err error
	}
	done := make(chan result, 1)
	go func() {
		all, err := readValidators(ctx, b)
		done <- result{all, err}
	}()
	if err := stalled.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if err := silenced.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(rpc.DefaultCallTimeout)
	r := <-done
	if r.err != nil || len(r.all) != 1500 {
		t.Fatalf("%d values, %v", len(r.all), r.err)
	}
	if b.Endpoint() != good.URL() {
		t.Errorf("the block is still read from %s", b.Endpoint())
	}
}

func TestEverySingleEndpointFailureIsOneClearError(t *testing.T) {
	for name, tc := range map[string]struct {
		harm func(*substratetest.TestNode)
		want string
		is   func(error) bool
	}{
		"dead":         {func(n *substratetest.TestNode) { n.Down() }, "the connection was cut", nil},
		"pruned":       {func(n *substratetest.TestNode) { n.PruneBefore(100) }, "State already discarded", rpc.IsPruned},
		"rate limited": {func(n *substratetest.TestNode) { n.Inject(substratetest.Rule{Do: substratetest.RateLimit()}) }, "rate limit exceeded", rpc.IsRateLimited},
		"handshake":    {func(n *substratetest.TestNode) { n.RefuseHandshakes(429, 0); n.CutAll() }, "HTTP status 429", rpc.IsRateLimited},
		"no method":    {func(n *substratetest.TestNode) { n.Lack("state_getKeysPaged") }, "Method not found", rpc.IsMethodNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			node := newNode(t)
			populate(t, 5, node)
			b := finalised(t, dial(t, config(node)))
			tc.harm(node)
			_, err := readValidators(testContext(t), b)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{tc.want, node.URL(), "Testnet block 0", "Staking.Validators"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") || tc.is != nil && !tc.is(err) {
				t.Errorf("%q has the wrong form or kind", err)
			}
		})
	}
}

func TestOtherEndpointMustKnowTheBlock(t *testing.T) {
	ctx := testContext(t)
	ahead, behind := newNode(t), newNode(t)
	populate(t, 3, ahead, behind)
	ahead.Mine(substratetest.BlockOptions{})
	c := dial(t, config(ahead, behind))
	b := finalised(t, c)
	if b.Number != 1 {
		t.Fatalf("block %d", b.Number)
	}
	ahead.Down()
	_, err := readValidators(ctx, b)
	if err == nil || !strings.Contains(err.Error(), "does not know block 1") {
		t.Errorf("lagging endpoint: %v", err)
	}
	behind.Mine(substratetest.BlockOptions{Salt: "fork"})
	_, err = readValidators(ctx, b)
	if err == nil || !strings.Contains(err.Error(), "does not know block 1") {
		t.Errorf("forked endpoint: %v", err)
	}
	behind.Rewind(0)
	behind.Mine(substratetest.BlockOptions{})
	if all, err := readValidators(ctx, b); err != nil || len(all) != 3 {
		t.Errorf("endpoint that has caught up: %d values, %v", len(all), err)
	}
}

func TestReadsArePinned(t *testing.T) {
	ctx := testContext(t)
	node := newNode(t)
	node.Put("Staking", "ValidatorCount", 1)
	node.Mine(substratetest.BlockOptions{})
	c := dial(t, config(node))
	old := finalised(t, c)
	node.Mine(substratetest.BlockOptions{})
	node.Put("Staking", "ValidatorCount", 2)
	for b, want := range map[*substrate.Block]uint32{old: 1, finalised(t, c): 2} {
		var n uint32
		if _, err := b.Get(ctx, "Staking", "ValidatorCount", &n); err != nil || n != want {
			t.Errorf("block %d: %d, %v", b.Number, n, err)
		}
	}
	again, err := c.BlockByHash(ctx, old.Hash)
	if err != nil || again.Number != old.Number {
		t.Errorf("%v, %v", again, err)
	}
}

func TestCancelledReadsEndAtOnce(t *testing.T) {
	node := newNode(t)
	populate(t, 10, node)
	b := finalised(t, dial(t, config(node)))
	stalled := node.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Stall()})
	ctx, cancel := context.WithCancelCause(testContext(t))
	why := errors.New("the user has left")
	done := make(chan error, 1)
	go func() {
		_, err := readValidators(ctx, b)
		done <- err
	}()
	if err := stalled.Wait(testContext(t), 1); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// A node that is too slow for large requests, but answers small ones in time, is asked for less.
func TestSlowNodeIsAskedForLess(t *testing.T) {
	ctx := testContext(t)
	clock := substratetest.NewClock(time.Unix(1_700_000_000, 0))
	node := newNode(t)
	populate(t, 64, node)
	cfg := config(node)
	cfg.Clock, cfg.ChunkSize, cfg.Chunks = clock, 64, 1
	b := finalised(t, dial(t, cfg))
	large := node.Inject(substratetest.Rule{
		Method: "state_queryStorageAt", Do: substratetest.Stall(),
		Match: func(r substratetest.Request) bool { return strings.Count(string(r.Params[0]), "0x") > 16 },
	})
	done := make(chan error, 1)
	go func() {
		all, err := readValidators(ctx, b)
		if err == nil && len(all) != 64 {
			err = errors.New("values are missing")
		}
		done <- err
	}()
	released, release := context.WithCancel(ctx)
	var rests sync.WaitGroup
	rests.Go(func() { // whether the endpoint rests after a timeout depends on what its other calls say
		for clock.WaitAny(released, func(d time.Duration) bool { return d < time.Second }) == nil {
			clock.Advance(time.Second)
		}
	})
	for n := 1; n <= 2; n++ { // 64 and 32 are too much
		if err := large.Wait(ctx, n); err != nil {
			t.Fatal(err)
		}
		clock.Advance(rpc.DefaultCallTimeout)
	}
	err := <-done
	release()
	rests.Wait()
	if err != nil {
		t.Error(err)
	}
}
