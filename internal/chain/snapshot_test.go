package chain

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSnapshotEqualsWorld fills nodes of every generation with random populations and compares.
func TestSnapshotEqualsWorld(t *testing.T) {
	for _, gen := range []string{"A", "B", "C"} {
		t.Run(gen, func(t *testing.T) {
			r := newRig(t, gen, newWorld(gen))
			rapid.Check(t, func(rt *rapid.T) {
				w := drawWorld(rt, gen)
				r.next(w)
				got := r.snapshot(t.Context(), t, request(w))
				if diff := r.diff(w, got); diff != "" {
					rt.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}
