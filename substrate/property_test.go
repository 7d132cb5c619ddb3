package substrate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Whatever goes wrong how often, an iteration gives either exactly what the chain holds or an error.
func TestIterateAgainstModel(t *testing.T) {
	bad, good := newNode(t), newNode(t)
	size := 0
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.IntRange(0, 40).Draw(rt, "values")
		for ; size < want; size++ {
			bad.Put("Staking", "Validators", map[string]any{"commission": uint32(size), "blocked": false}, account(size))
			good.Put("Staking", "Validators", map[string]any{"commission": uint32(size), "blocked": false}, account(size))
		}
		for ; size > want; size-- {
			for _, n := range []*substratetest.TestNode{bad, good} {
				if err := n.Unset("Staking", "Validators", account(size-1)); err != nil {
					rt.Fatal(err)
				}
			}
		}
		helped := rapid.Bool().Draw(rt, "second endpoint")
		cfg := config(bad)
		if helped {
			cfg = config(bad, good)
		}
		cfg.PageSize = rapid.IntRange(1, 12).Draw(rt, "page")
		cfg.ChunkSize = rapid.IntRange(1, 9).Draw(rt, "chunk")
		cfg.MaxChunk = rapid.IntRange(cfg.ChunkSize, 12).Draw(rt, "largest chunk")
		cfg.Chunks = rapid.IntRange(1, 4).Draw(rt, "chunks")
		c, err := substrate.Dial(testContext(t), cfg)
		if err != nil {
			rt.Fatal(err)
		}
		defer c.Close()
		b, err := c.Finalised(testContext(t))
		if err != nil {
			rt.Fatal(err)
		}
		faults := map[string]substratetest.Fault{
			"cut": substratetest.Cut(), "rate": substratetest.RateLimit(), "garbage": substratetest.Raw("{"),
			"wrong id": substratetest.WrongID(), "truncated": substratetest.TruncatedHex(), "too big": substratetest.TooBig(),
			"closed": substratetest.CloseWith(1008, "slow down"), "null": substratetest.Reply(nil),
			"pruned": substratetest.Fail(4003, "State already discarded for 0x00"), "empty": substratetest.Reply([]string{"0x"}),
			"refused": substratetest.Fail(-32601, "Method not found"), "repeated": repeatPage(),
		}
		names := []string{"cut", "rate", "garbage", "wrong id", "truncated", "too big", "closed", "null", "pruned", "empty", "refused", "repeated"}
		var injected []*substratetest.Injection
		for i := range rapid.IntRange(0, 3).Draw(rt, "faults") {
			injected = append(injected, bad.Inject(substratetest.Rule{
				Method: rapid.SampledFrom([]string{"state_getKeysPaged", "state_queryStorageAt", ""}).Draw(rt, fmt.Sprint("method", i)),
				Skip:   rapid.IntRange(0, 10).Draw(rt, fmt.Sprint("skip", i)),
				Times:  rapid.IntRange(0, 3).Draw(rt, fmt.Sprint("times", i)),
				Do:     faults[rapid.SampledFrom(names).Draw(rt, fmt.Sprint("fault", i))],
			}))
		}
		got, err := readValidators(testContext(t), b)
		for _, i := range injected {
			i.Stop()
		}
		if err != nil {
			if len(injected) == 0 {
				rt.Fatalf("an error without a cause: %v", err)
			}
			return
		}
		model := map[[32]byte]uint32{}
		for i := range want {
			model[account(i)] = uint32(i)
		}
		if diff := cmp.Diff(model, got); diff != "" {
			rt.Fatalf("(-want +got)\n%s", diff)
		}
	})
}
