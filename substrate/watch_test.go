package substrate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// follower collects heads until it has seen enough.
type follower struct {
	heads chan substrate.Head
	done  chan error
}

func follow(ctx context.Context, c *substrate.Client, after *substrate.Head) *follower {
	f := &follower{heads: make(chan substrate.Head, 1000), done: make(chan error, 1)}
	go func() {
		f.done <- c.FollowFinalised(ctx, after, func(h substrate.Head) error {
			f.heads <- h
			return nil
		})
	}()
	return f
}

func (f *follower) next(t *testing.T) substrate.Head {
	t.Helper()
	select {
	case h := <-f.heads:
		return h
	case err := <-f.done:
		t.Fatalf("the follower ended: %v", err)
	case <-testContext(t).Done():
		t.Fatal("no head came")
	}
	return substrate.Head{}
}

// expect takes the heads of the blocks from one number to another.
func (f *follower) expect(t *testing.T, node *substratetest.TestNode, from, to uint32) {
	t.Helper()
	for n := from; n <= to; n++ {
		b, ok := node.BlockAt(n)
		if !ok {
			t.Fatalf("there is no block %d", n)
		}
		want := substrate.Head{Number: n, Hash: b.Hash, Parent: b.Parent}
		if diff := cmp.Diff(want, f.next(t)); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}

func mine(node *substratetest.TestNode, n int, o substratetest.BlockOptions) {
	for range n {
		node.Mine(o)
	}
}

func TestFollowFinalisedWithoutGaps(t *testing.T) {
	for name, prepare := range map[string]func(*substratetest.TestNode){
		"plain":      func(*substratetest.TestNode) {},
		"duplicates": func(n *substratetest.TestNode) { n.DuplicateNotifications(true) },
		"early":      func(n *substratetest.TestNode) { n.EarlyNotifications(true) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(testContext(t))
			node := newNode(t)
			prepare(node)
			mine(node, 3, substratetest.BlockOptions{})
			f := follow(ctx, dial(t, config(node)), nil)
			f.expect(t, node, 3, 3)
			mine(node, 1, substratetest.BlockOptions{})
			f.expect(t, node, 4, 4)
			mine(node, 250, substratetest.BlockOptions{Unfinalised: true})
			if err := node.Finalise(254); err != nil {
				t.Fatal(err)
			}
			f.expect(t, node, 5, 254)
			node.CutAll()
			mine(node, 5, substratetest.BlockOptions{})
			f.expect(t, node, 255, 259)
			cancel()
			if err := <-f.done; !errors.Is(err, context.Canceled) {
				t.Errorf("ended with %v", err)
			}
			if len(f.heads) != 0 {
				t.Errorf("a head too many: %v", <-f.heads)
			}
		})
	}
}

func TestFollowFinalisedFromAfar(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	a, b := newNode(t), newNode(t)
	mine(a, 120, substratetest.BlockOptions{})
	mine(b, 130, substratetest.BlockOptions{})
	first, _ := a.BlockAt(2)
	f := follow(ctx, dial(t, config(a, b)), &substrate.Head{Number: 2, Hash: first.Hash, Parent: first.Parent})
	f.expect(t, a, 3, 120)
	a.Down() // the other endpoint is ahead
	f.expect(t, b, 121, 130)
}

func TestFollowerNoticesRewind(t *testing.T) {
	node := newNode(t)
	mine(node, 3, substratetest.BlockOptions{})
	f := follow(testContext(t), dial(t, config(node)), nil)
	f.expect(t, node, 3, 3)
	node.Rewind(2)
	mine(node, 2, substratetest.BlockOptions{Salt: "other"})
	var rewound *substrate.RewoundError
	if err := <-f.done; !errors.As(err, &rewound) || rewound.Number != 3 {
		t.Errorf("ended with %v", err)
	}
}

func TestSilentSubscription(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	clock := substratetest.NewClock(time.Unix(1_700_000_000, 0))
	node := newNode(t)
	cfg := config(node)
	cfg.Clock, cfg.HeadTimeout = clock, time.Minute
	c := dial(t, cfg)
	// This node takes the subscription and never sends anything over it.
	node.Handle("chain_subscribeFinalizedHeads", func(substratetest.Request) (any, error) { return "dead", nil })
	f := follow(ctx, c, &substrate.Head{Number: 0, Hash: c.Chain().Genesis})
	mine(node, 2, substratetest.BlockOptions{})
	if err := clock.WaitTimer(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	f.expect(t, node, 1, 2)
	if err := clock.WaitTimer(ctx, time.Minute); err != nil { // subscribed again
		t.Fatal(err)
	}
}

func TestFollowerReturnsCallersError(t *testing.T) {
	node := newNode(t)
	mine1 := errors.New("enough")
	err := dial(t, config(node)).FollowFinalised(testContext(t), nil, func(substrate.Head) error { return mine1 })
	if err != mine1 { //nolint:errorlint // it must be the very one
		t.Errorf("got %v", err)
	}
}

func TestFollowerEndsWithClient(t *testing.T) {
	node := newNode(t)
	c := dial(t, config(node))
	f := follow(testContext(t), c, nil)
	f.expect(t, node, 0, 0)
	c.Close()
	if err := <-f.done; err == nil {
		t.Error("no error")
	}
}

func TestFollowRuntime(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	node := newNode(t)
	versions := make(chan uint32, 10)
	done := make(chan error, 1)
	c := dial(t, config(node))
	go func() {
		done <- c.FollowRuntime(ctx, func(rt *substrate.Runtime) error {
			versions <- rt.SpecVersion
			return nil
		})
	}()
	if v := <-versions; v != 9 {
		t.Errorf("first version %d", v)
	}
	node.CutAll()
	node.Mine(substratetest.BlockOptions{})
	node.Mine(substratetest.BlockOptions{Upgrade: &substratetest.Runtime{SpecVersion: 10, Metadata: newPrefs(t)}})
	if v := <-versions; v != 10 {
		t.Errorf("second version %d", v)
	}
	if c.Runtime().SpecVersion != 10 {
		t.Error("the client does not know the new runtime")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if len(versions) != 0 {
		t.Errorf("version %d came again", <-versions)
	}
}
