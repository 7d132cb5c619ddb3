package substrate_test

import (
	"context"
	"testing"
	"time"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// nominations is an entry of Staking.Nominators.
type nominations struct {
	Targets     [][32]byte
	SubmittedIn uint32
	Suppressed  bool
}

// BenchmarkReadNominators reads and decodes a map of the size that Kusama and Polkadot have: 22,500 nominators with 16
// targets each.
func BenchmarkReadNominators(b *testing.B) {
	const nominators = 22_500
	node := newNode(b)
	targets := make([]any, 16)
	for i := range targets {
		targets[i] = account(i)
	}
	for i := range nominators {
		node.Put("Staking", "Nominators", map[string]any{"targets": targets, "submitted_in": 1000, "suppressed": false}, account(i))
	}
	for name, delay := range map[string]time.Duration{"local": 0, "40ms": 40 * time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			block := finalised(b, dial(b, config(node)))
			if delay > 0 {
				defer node.Inject(substratetest.Rule{Do: substratetest.Delay(delay)}).Stop()
			}
			b.ReportAllocs()
			for b.Loop() {
				plan, err := substrate.StoragePlan[nominations](block.Runtime(), "Staking", "Nominators")
				if err != nil {
					b.Fatal(err)
				}
				read, total := 0, 0
				err = block.Iterate(context.Background(), "Staking", "Nominators", nil, func(_ []any, value []byte) error {
					var n nominations
					read++
					err := plan.Unmarshal(value, &n)
					total += len(n.Targets)
					return err
				})
				if err != nil || read != nominators || total != 16*nominators {
					b.Fatalf("%d nominators with %d targets, %v", read, total, err)
				}
			}
			b.ReportMetric(float64(nominators)*float64(b.N)/b.Elapsed().Seconds(), "values/s")
		})
	}
}
