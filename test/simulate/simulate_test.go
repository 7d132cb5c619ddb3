package simulate_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	seeds   = flag.Int("seeds", 8, "how many seeds are lived through")
	first   = flag.Uint64("first", 1, "the first seed")
	replay  = flag.Uint64("seed", 0, "live through this seed only, and tell what happens")
	workers = flag.Int("workers", 2*runtime.GOMAXPROCS(0), "how many seeds at once; some of their time is waiting for nodes that stall")
)

// wanted is how many faults must have acted, over all seeds, when there are seeds enough.
const (
	wanted = 30
	enough = 100
)

// TestSimulate lives through seeds.
func TestSimulate(t *testing.T) {
	dir := fast(t)
	debug.SetGCPercent(1000) // worlds are small and short-lived
	tmpl, err := newTemplate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if *replay != 0 {
		if err := one(t.Context(), *replay, tmpl, dir, os.Stderr, func(map[string]int) {}); err != nil {
			t.Fatal(err)
		}
		return
	}
	count := *seeds
	if testing.Short() {
		count = min(count, 4)
	}
	var mu sync.Mutex
	hits := map[string]int{}
	var next atomic.Uint64
	var group sync.WaitGroup
	for range *workers {
		group.Go(func() {
			for {
				i := next.Add(1) - 1
				if i >= uint64(count) || t.Failed() {
					return
				}
				seed := *first + i
				err := one(t.Context(), seed, tmpl, dir, io.Discard, func(h map[string]int) {
					mu.Lock()
					defer mu.Unlock()
					for name, n := range h {
						hits[name] += n
					}
				})
				if err != nil {
					t.Errorf("seed %d: %v\nreplay it with: go test ./test/simulate -args -seed %d", seed, err, seed)
				}
			}
		})
	}
	group.Wait()
	acted := 0
	for _, n := range hits {
		if n > 0 {
			acted++
		}
	}
	t.Logf("%d seeds; %d faults have acted: %s", count, acted, summary(hits))
	if count >= enough && acted < wanted {
		t.Errorf("only %d of the faults have acted in %d seeds, %d must", acted, count, wanted)
	}
}

// fast is a folder in memory, where there is one: nothing that is written here has to survive the machine.
func fast(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "otv-simulate-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func summary(hits map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(hits)) {
		out = append(out, fmt.Sprintf("%s %d", name, hits[name]))
	}
	return strings.Join(out, ", ")
}

// one lives through one seed.
func one(ctx context.Context, seed uint64, t template, parent string, logs io.Writer, hits func(map[string]int)) error {
	dir, err := os.MkdirTemp(parent, "seed-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := newRun(ctx, seed, dir, t, logs)
	if err != nil {
		return err
	}
	defer r.close()
	err = r.live()
	hits(r.net.Hits())
	if err != nil {
		return fmt.Errorf("step %d: %w\n  %s", r.step, err, strings.Join(r.notes[max(0, len(r.notes)-25):], "\n  "))
	}
	return nil
}
