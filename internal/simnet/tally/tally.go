// Package tally keeps kinds of misbehaviour that are switched on and off, and counts how often each has acted.
package tally

import (
	"context"
	"fmt"
	"sync"
)

// Tally is ready to use. Its methods may be called from many goroutines.
type Tally[K comparable] struct {
	mu      sync.Mutex
	active  map[K]int
	hits    map[K]int
	changed chan struct{} // closed and replaced with every hit
}

// Begin switches a kind on, until end is called. It may be begun several times.
func (t *Tally[K]) Begin(k K) (end func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active == nil {
		t.active = map[K]int{}
	}
	t.active[k]++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.active[k]--
	})
}

// Is reports whether a kind is switched on; if so, it counts as a hit.
func (t *Tally[K]) Is(k K) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active[k] == 0 {
		return false
	}
	if t.hits == nil {
		t.hits = map[K]int{}
	}
	t.hits[k]++
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
	return true
}

// Hits is how often a kind has acted.
func (t *Tally[K]) Hits(k K) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hits[k]
}

// Wait waits until a kind has acted so often.
func (t *Tally[K]) Wait(ctx context.Context, k K, hits int) error {
	for {
		t.mu.Lock()
		have := t.hits[k]
		if t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		if have >= hits {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("it has acted %d times, not %d: %w", have, hits, ctx.Err())
		}
	}
}
