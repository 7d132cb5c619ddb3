package chain

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSnapshotEqualsWorld fills nodes of every generation with random populations and compares.
func TestSnapshotEqualsWorld(t *testing.T) {
	for _, name := range []string{
		"westend 9320", "paseo 1001002", "paseo 1001002 v15", "polkadot 1002005", "kusama 1003000", "polkadot 2000000", "kusama 1009002",
	} {
		t.Run(name, func(t *testing.T) {
			r, gen := newRig(t, name, nil), networkOf(t, name).gen
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
