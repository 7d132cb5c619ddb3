package app

import (
	"context"
	"sync"
)

// handle is something that one component makes and others wait for. Its zero value is empty.
type handle[T any] struct {
	mu      sync.Mutex
	value   T
	there   bool
	changed chan struct{} // closed when a value comes; nil while nobody waits
}

// set puts a value in.
func (h *handle[T]) set(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.value, h.there = v, true
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// clear takes the value away.
func (h *handle[T]) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var none T
	h.value, h.there = none, false
}

// now is the value, without waiting.
func (h *handle[T]) now() (T, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.value, h.there
}

// get waits for the value.
func (h *handle[T]) get(ctx context.Context) (T, error) {
	for {
		h.mu.Lock()
		v, there := h.value, h.there
		if !there && h.changed == nil {
			h.changed = make(chan struct{})
		}
		changed := h.changed
		h.mu.Unlock()
		if there {
			return v, nil
		}
		select {
		case <-ctx.Done():
			return v, context.Cause(ctx)
		case <-changed:
		}
	}
}
