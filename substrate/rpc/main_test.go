package rpc_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func newNode(t testing.TB) *substratetest.TestNode {
	return substratetest.NewNode(t, substratetest.NodeConfig{})
}

func newClock() *substratetest.Clock { return substratetest.NewClock(time.Unix(1_700_000_000, 0)) }

func dialConn(t testing.TB, node *substratetest.TestNode, opts rpc.Options) *rpc.Conn {
	t.Helper()
	if opts.PingInterval == 0 {
		opts.PingInterval = -1
	}
	c, err := rpc.DialConn(testContext(t), node.URL(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// newPool makes a pool without pings and with short, exact waiting times.
func newPool(t testing.TB, change func(*rpc.Config), nodes ...*substratetest.TestNode) *rpc.Pool {
	t.Helper()
	cfg := rpc.Config{
		Options:     rpc.Options{PingInterval: -1},
		Backoff:     rpc.Backoff{Base: time.Millisecond, Max: 4 * time.Millisecond},
		RateBackoff: rpc.Backoff{Base: time.Millisecond, Max: 4 * time.Millisecond},
		Random:      func() float64 { return 0 },
	}
	for _, n := range nodes {
		cfg.Endpoints = append(cfg.Endpoints, n.URL())
	}
	if change != nil {
		change(&cfg)
	}
	p, err := rpc.NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// receive takes a value from a channel that must yield one.
func receive[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	var v T
	select {
	case v = <-ch:
	case <-testContext(t).Done():
		t.Fatal("nothing came")
	}
	return v
}
