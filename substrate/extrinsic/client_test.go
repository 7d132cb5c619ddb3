package extrinsic

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// startNode runs a node with the runtime westend 9320 and a client of it.
func startNode(t *testing.T) (*substratetest.TestNode, *Client, *substrate.Client) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "metadata", "westend-9320.v14.scale.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	node := substratetest.NewNode(t, substratetest.NodeConfig{
		Metadata: blob, SpecName: "westend", SpecVersion: 9320, TransactionVersion: 14, Genesis: fill(0xaa),
	})
	client, err := substrate.Dial(testContext(t), substrate.Config{
		Endpoints: []string{node.URL()}, PingInterval: -1,
		Backoff: rpc.Backoff{Base: time.Millisecond, Max: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return node, NewClient(client), client
}

// make signs a nomination as a service would: chain and era from the finalised head, nonce from the node.
func makeTransaction(t *testing.T, c *Client, client *substrate.Client, key *keys.Pair) ([]byte, Sought) {
	t.Helper()
	ctx := testContext(t)
	head, err := client.Finalised(ctx)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := c.Chain(ctx, head)
	if err != nil {
		t.Fatal(err)
	}
	nonce, err := c.NextNonce(ctx, key.AccountID())
	if err != nil {
		t.Fatal(err)
	}
	era, err := Mortal(4, head.Number)
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Nonce: nonce, Era: era, BirthHash: head.Hash}
	p, err := NewPayload(chain, mustCall(t, chain.Metadata, "Staking", "chill"), opts)
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return x, NewSought(x, key.AccountID(), opts, head.Number)
}

// mine makes a block with an extrinsic at position 1, which the golden events say had a failing call inside a proxy.
func mine(t *testing.T, node *substratetest.TestNode, x []byte) *substratetest.Block {
	md := node.Metadata()
	entry, err := md.Storage("System", "Events")
	if err != nil {
		t.Fatal(err)
	}
	key, err := storage.Key(md.Types, entry)
	if err != nil {
		t.Fatal(err)
	}
	return node.Mine(substratetest.BlockOptions{
		Extrinsics: [][]byte{{4, 4}, x}, Changes: map[string][]byte{string(key): allEvents(t)[0].Events},
	})
}

func TestClientSubmit(t *testing.T) {
	node, c, client := startNode(t)
	key := pair(t, "//Alice", keys.Sr25519)
	for range 6 {
		mine(t, node, []byte{4, 9})
	}
	node.Handle("system_accountNextIndex", func(r substratetest.Request) (any, error) {
		if len(r.Params) != 1 || string(r.Params[0]) != `"`+key.Address(42)+`"` {
			t.Errorf("asked for the nonce of %s", r.Params)
		}
		return 3, nil
	})
	received := make(chan struct{})
	node.Handle("author_submitAndWatchExtrinsic", func(substratetest.Request) (any, error) {
		close(received)
		return "watch", nil
	})
	x, sought := makeTransaction(t, c, client, key)
	if sought.First != 6 || sought.Death != 10 || sought.Nonce != 3 {
		t.Errorf("sought %+v", sought)
	}
	mined := make(chan *substratetest.Block, 1)
	go func() {
		<-received
		mine(t, node, []byte{4, 9})
		mined <- mine(t, node, x)
	}()
	o, err := Submit(testContext(t), c, x, sought, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := <-mined
	if o.State != Finalised || o.Block != (Head{b.Number, b.Hash}) || o.Index != 1 || !o.Applied || len(o.Failures) != 1 ||
		!o.Failures[0].Err.Named("Staking", "NotController") {
		t.Errorf("outcome %+v", o)
	}
	if node.Count("author_submitAndWatchExtrinsic") != 1 {
		t.Errorf("submitted %d times", node.Count("author_submitAndWatchExtrinsic"))
	}

	// found again later, from far behind its lifetime
	for range 20 {
		mine(t, node, []byte{4, 9})
	}
	if o, err = Find(testContext(t), c, sought); err != nil || o.State != Finalised || o.Block.Number != b.Number {
		t.Errorf("found again: %+v, %v", o, err)
	}
}

func TestClientExpiry(t *testing.T) {
	node, c, client := startNode(t)
	key := pair(t, "//Alice", keys.Sr25519)
	node.Handle("system_accountNextIndex", func(substratetest.Request) (any, error) { return 0, nil })
	_, sought := makeTransaction(t, c, client, key)
	for range 3 {
		mine(t, node, []byte{4, 9})
	}
	if o, err := Track(testContext(t), c, sought); err != nil || o.State != Expired {
		t.Errorf("outcome %+v, %v", o, err)
	}

	// another transaction of the account was included
	_, sought = makeTransaction(t, c, client, key)
	node.Put("System", "Account", map[string]any{
		"nonce": 1, "consumers": 0, "providers": 1, "sufficients": 0,
		"data": map[string]any{"free": 0, "reserved": 0, "misc_frozen": 0, "fee_frozen": 0},
	}, codec.AccountID(key.AccountID()))
	mine(t, node, []byte{4, 9})
	if o, err := Find(testContext(t), c, sought); err != nil || o.State != Superseded {
		t.Errorf("outcome %+v, %v", o, err)
	}
}

func TestClientRefusals(t *testing.T) {
	node, c, client := startNode(t)
	key := pair(t, "//Alice", keys.Sr25519)
	node.Handle("system_accountNextIndex", func(substratetest.Request) (any, error) { return 0, nil })
	x, sought := makeTransaction(t, c, client, key)
	node.Handle("author_submitAndWatchExtrinsic", func(substratetest.Request) (any, error) {
		return nil, substratetest.RPCError(1010, "Invalid Transaction", "Transaction has a bad signature")
	})
	var refused *RefusedError
	if o, err := Submit(testContext(t), c, x, sought, nil); !errors.As(err, &refused) || refused.Reason != ReasonBadProof || o.Settled() {
		t.Errorf("outcome %+v, %v", o, err)
	}

	// the connection breaks on submission: sent to nobody else, and the fate is found in the blocks
	node.Inject(substratetest.Rule{Method: "author_submitAndWatchExtrinsic", Do: substratetest.Cut()})
	mine(t, node, x)
	before := node.Count("author_submitAndWatchExtrinsic")
	if o, err := Submit(testContext(t), c, x, sought, nil); err != nil || o.State != Finalised {
		t.Errorf("outcome %+v, %v", o, err)
	}
	if n := node.Count("author_submitAndWatchExtrinsic") - before; n != 1 {
		t.Errorf("submitted %d times over a breaking connection", n)
	}

	node.Down()
	node.CutAll()
	if _, err := Submit(testContext(t), c, x, sought, nil); !errors.Is(err, ErrNotSent) {
		t.Errorf("with all nodes down: %v", err)
	}
}

func TestClientFeeAndDryRun(t *testing.T) {
	node, c, client := startNode(t)
	key := pair(t, "//Alice", keys.Sr25519)
	node.Handle("system_accountNextIndex", func(substratetest.Request) (any, error) { return 0, nil })
	x, _ := makeTransaction(t, c, client, key)
	node.HandleCall("TransactionPaymentApi_query_info", func(_ *substratetest.Block, args []byte) ([]byte, error) {
		if len(args) != len(x)+4 {
			return nil, errors.New("wrong arguments")
		}
		return unhex(t, "0284d717"+"a10f"+"00"+"00e40b54020000000000000000000000"), nil
	})
	if fee, err := c.Fee(testContext(t), x); err != nil || fee.String() != "10000000000" {
		t.Errorf("fee %v, %v", fee, err)
	}
	md := runtime(t, "westend-9320.v14")
	if _, err := c.DryRun(testContext(t), md, x); !rpc.IsMethodNotFound(err) {
		t.Errorf("a dry run that the node does not offer: %v", err)
	}
	for raw, want := range map[string]DryRun{`"0x0000"`: {}, `"0x010003"`: {Invalid: ReasonStale}} {
		node.Handle("system_dryRun", func(substratetest.Request) (any, error) { return json.RawMessage(raw), nil })
		if r, err := c.DryRun(testContext(t), md, x); err != nil || r != want {
			t.Errorf("%s: %+v, %v", raw, r, err)
		}
	}
	for _, raw := range []string{`"0000"`, `"0xz"`, `7`} {
		node.Handle("system_dryRun", func(substratetest.Request) (any, error) { return json.RawMessage(raw), nil })
		if r, err := c.DryRun(testContext(t), md, x); err == nil {
			t.Errorf("%s: %+v", raw, r)
		}
	}
}

func TestClientGarbage(t *testing.T) {
	node, c, _ := startNode(t)
	ctx := testContext(t)
	if _, err := c.Block(ctx, fill(9)); err == nil {
		t.Error("a block that nobody knows")
	}
	if _, err := c.HashAt(ctx, 77); err == nil {
		t.Error("the hash of a block that is not there")
	}
	node.Mine(substratetest.BlockOptions{Unfinalised: true})
	if h, err := c.HashAt(ctx, 1); err == nil {
		t.Errorf("the hash of a block that is not final: %x", h)
	}
	if h, err := c.HashAt(ctx, 0); err != nil || h != fill(0xaa) {
		t.Errorf("hash of block 0: %x, %v", h, err)
	}
	for _, raw := range []string{`{}`, `{"block":{"header":{"number":"5","parentHash":"0x11"},"extrinsics":[]}}`,
		`{"block":{"header":{"number":"0x5","parentHash":"0x` + "11" + `"},"extrinsics":["zz"]}}`} {
		node.Handle("chain_getBlock", func(substratetest.Request) (any, error) { return json.RawMessage(raw), nil })
		if b, err := c.Block(ctx, fill(0xaa)); err == nil && raw != `{}` {
			t.Errorf("%s: %+v", raw, b)
		}
	}
}
