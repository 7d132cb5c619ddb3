package substratetest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, node *substratetest.TestNode) (context.Context, *rpc.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	c, err := rpc.DialConn(ctx, node.URL(), rpc.Options{PingInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return ctx, c
}

// The answers are those of real nodes, as far as clients depend on them.
func TestAnswers(t *testing.T) {
	node := substratetest.NewNode(t, substratetest.NodeConfig{State: map[string][]byte{"a": {1}, "b": {}, "bc": {2}}})
	node.Mine(substratetest.BlockOptions{Extrinsics: [][]byte{{4, 0}}, Changes: map[string][]byte{"a": nil, "c": {3}}})
	genesis, _ := node.BlockAt(0)
	head := node.Head()
	ctx, c := connect(t, node)
	hexed := func(h [32]byte) string {
		var s string
		if err := c.Call(ctx, &s, "chain_getBlockHash", map[[32]byte]int{genesis.Hash: 0, head.Hash: 1}[h]); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := hexed(genesis.Hash), hexed(head.Hash)
	unknown := "0x" + strings.Repeat("11", 32)
	for _, tc := range []struct {
		method string
		params []any
		want   string // the result, or the error
	}{
		{"system_chain", nil, `"Test"`},
		{"system_health", nil, `{"isSyncing":false,"peers":0,"shouldHavePeers":false}`},
		{"chain_getBlockHash", nil, `"` + second + `"`},
		{"chain_getBlockHash", []any{7}, `null`},
		{"chain_getBlockHash", []any{"0x1"}, `"` + second + `"`},
		{"chain_getBlockHash", []any{[]int{1, 0, 9}}, `["` + second + `","` + first + `",null]`},
		{"chain_getFinalizedHead", nil, `"` + second + `"`},
		{"chain_getHeader", []any{unknown}, `null`},
		{"state_getStorage", []any{"0x61"}, `null`},
		{"state_getStorage", []any{"0x61", first}, `"0x01"`},
		{"state_getStorage", []any{"0x62"}, `"0x"`},
		{"state_getStorage", []any{"0x61", unknown}, "UnknownBlock: Header was not found"},
		{"state_getStorage", []any{"61"}, "Invalid params"},
		{"state_getKeysPaged", []any{"0x", 10, nil, first}, `["0x61","0x62","0x6263"]`},
		{"state_getKeysPaged", []any{"0x62", 10}, `["0x62","0x6263"]`},
		{"state_getKeysPaged", []any{"0x62", 10, "0x62"}, `["0x6263"]`},
		{"state_getKeysPaged", []any{"0x62", 1}, `["0x62"]`},
		{"state_getKeysPaged", []any{"0x7a", 1}, `[]`},
		{"state_getKeysPaged", []any{"0x", 1001}, "count exceeds maximum value"},
		{"state_queryStorageAt", []any{[]string{"0x61", "0x63", "0x61"}}, `[{"block":"` + second + `","changes":[["0x61",null],["0x63","0x03"]]}]`},
		{"state_call", []any{"Nothing_here", "0x"}, "Exported method Nothing_here is not found"},
		{"nothing", nil, "Method not found"},
	} {
		var raw json.RawMessage
		err := c.Call(ctx, &raw, tc.method, tc.params...)
		got := string(raw)
		if err != nil {
			got = err.Error()
		}
		if got != tc.want && (err == nil || !strings.Contains(got, tc.want)) {
			t.Errorf("%s%v: %s, want %s", tc.method, tc.params, got, tc.want)
		}
	}
	var block struct {
		Block struct{ Extrinsics []string }
	}
	if err := c.Call(ctx, &block, "chain_getBlock", second); err != nil || !cmp.Equal(block.Block.Extrinsics, []string{"0x0400"}) {
		t.Errorf("%v, %v", block, err)
	}
	var methods struct{ Methods []string }
	node.Lack("state_call")
	if err := c.Call(ctx, &methods, "rpc_methods"); err != nil || strings.Contains(strings.Join(methods.Methods, " "), "state_call") || len(methods.Methods) < 20 {
		t.Errorf("%v, %v", methods, err)
	}
}

func TestStorageSubscription(t *testing.T) {
	node := substratetest.NewNode(t, substratetest.NodeConfig{State: map[string][]byte{"a": {1}}})
	ctx, c := connect(t, node)
	sub, err := c.Subscribe(ctx, "state_subscribeStorage", "state_unsubscribeStorage", []string{"0x61", "0x62"})
	if err != nil {
		t.Fatal(err)
	}
	next := func() string {
		select {
		case raw := <-sub.C():
			var n struct{ Changes json.RawMessage }
			if err := json.Unmarshal(raw, &n); err != nil {
				t.Fatal(err)
			}
			return string(n.Changes)
		case <-ctx.Done():
			t.Fatal("no notification")
		}
		return ""
	}
	if got := next(); got != `[["0x61","0x01"],["0x62",null]]` {
		t.Errorf("first %s", got)
	}
	node.Mine(substratetest.BlockOptions{Changes: map[string][]byte{"z": {1}}}) // nobody cares
	node.Mine(substratetest.BlockOptions{Changes: map[string][]byte{"a": nil, "b": {7}}})
	if got := next(); got != `[["0x61",null],["0x62","0x07"]]` {
		t.Errorf("then %s", got)
	}
}

func TestOlderStatesDoNotChange(t *testing.T) {
	node := substratetest.NewNode(t, substratetest.NodeConfig{})
	var blocks []*substratetest.Block
	for i := range byte(50) {
		blocks = append(blocks, node.Mine(substratetest.BlockOptions{Changes: map[string][]byte{"k": {i}}}))
	}
	node.SetRaw([]byte("k"), []byte{99})
	for i, b := range blocks {
		want := byte(i)
		if i == len(blocks)-1 {
			want = 99
		}
		if v, ok := node.GetRaw(b, []byte("k")); !ok || v[0] != want {
			t.Errorf("block %d holds %v, want %d", b.Number, v, want)
		}
	}
}

func TestHashesFollowFromTheConfiguration(t *testing.T) {
	var hashes [2][32]byte
	for i := range hashes {
		node := substratetest.NewNode(t, substratetest.NodeConfig{Chain: "same"})
		node.Mine(substratetest.BlockOptions{})
		hashes[i] = node.Mine(substratetest.BlockOptions{}).Hash
	}
	if hashes[0] != hashes[1] {
		t.Error("the same chain has different hashes")
	}
}

func TestClock(t *testing.T) {
	clock := substratetest.NewClock(time.Unix(100, 0))
	var order []string
	note := func(s string) func() {
		return func() { order = append(order, s+clock.Now().Sub(time.Unix(100, 0)).String()) }
	}
	clock.AfterFunc(3*time.Second, note("b"))
	clock.AfterFunc(time.Second, func() {
		note("a")()
		clock.AfterFunc(time.Second, note("a again "))
	})
	stop := clock.AfterFunc(2*time.Second, note("never"))
	if !stop() || stop() {
		t.Error("a timer cannot be stopped once")
	}
	clock.Advance(2500 * time.Millisecond)
	clock.Advance(10 * time.Second)
	if diff := cmp.Diff([]string{"a1s", "a again 2s", "b3s"}, order); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := clock.Now().Sub(time.Unix(100, 0)); got != 12500*time.Millisecond {
		t.Errorf("the clock stands at %v", got)
	}
	if err := clock.WaitTimer(cancelled(), time.Second); err == nil {
		t.Error("a timer that nobody has set was found")
	}
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
