package simulate_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	seeds   = flag.Int("seeds", 8, "how many seeds are lived through")
	first   = flag.Uint64("first", 1, "the first seed")
	replay  = flag.Uint64("seed", 0, "live through this seed only, and tell what happens")
	workers = flag.Int("workers", 6*runtime.GOMAXPROCS(0), "how many seeds at once; half of their time is waiting for nodes that stall")
)

// A fault that has not acted in so many seeds would not act in more. In a few seeds some kinds have to act at least.
const (
	enough = 300
	few    = 8
	some   = 20
)

// TestSimulate lives through seeds.
func TestSimulate(t *testing.T) {
	dir := fast(t)
	debug.SetGCPercent(400) // worlds are small and short-lived; with more, fresh memory costs what the collector saves
	tmpl, err := newTemplate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if *replay != 0 {
		if err := one(t.Context(), *replay, tmpl, dir, os.Stderr, func(*run) {}); err != nil {
			t.Fatal(err)
		}
		return
	}
	count := *seeds
	if testing.Short() {
		count = min(count, 4)
	}
	var mu sync.Mutex
	faults := survived{}
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
				err := one(t.Context(), seed, tmpl, dir, io.Discard, func(r *run) {
					mu.Lock()
					defer mu.Unlock()
					faults.add(r)
				})
				if err != nil {
					t.Errorf("seed %d: %v\nreplay it with: go test ./test/simulate -args -seed %d", seed, err, seed)
				}
			}
		})
	}
	group.Wait()
	acts, _ := faults.kinds()
	acted := 0
	for kind, n := range acts {
		switch {
		case n > 0:
			acted++
		case count >= enough:
			t.Errorf("the fault %s has not acted", kind)
		}
	}
	t.Logf("%d seeds; %d kinds of faults have acted and were survived\n%s", count, acted, faults)
	if count >= few && acted < some {
		t.Errorf("%d kinds of faults have acted in %d seeds, at least %d should", acted, count, some)
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

// one lives through one seed, and hands it over if it kept the promises.
func one(ctx context.Context, seed uint64, t template, parent string, logs io.Writer, kept func(*run)) error {
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
	if err := r.live(); err != nil {
		return fmt.Errorf("step %d: %w\n  %s", r.step, err, strings.Join(r.notes[max(0, len(r.notes)-25):], "\n  "))
	}
	kept(r)
	return nil
}
