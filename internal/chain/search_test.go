package chain

import (
	"errors"
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

func TestNewestWhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Uint32().Draw(t, "low")
		high := rapid.Uint32Range(low, 1<<32-1).Draw(t, "high")
		// border is the first number for which it does not hold.
		border := rapid.Uint64Range(uint64(low), uint64(high)+1).Draw(t, "border")
		asked := 0
		n, found, err := newestWhere(low, high, func(n uint32) (bool, error) {
			asked++
			if n < low || n > high {
				t.Fatalf("asked for %d outside [%d, %d]", n, low, high)
			}
			return uint64(n) < border, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := border > uint64(low); found != want {
			t.Fatalf("found = %v, want %v", found, want)
		}
		if found && uint64(n) != border-1 {
			t.Fatalf("n = %d, want %d", n, border-1)
		}
		distance := uint64(high) + 1 - border
		if limit := 2*bits.Len64(distance) + 2; asked > limit {
			t.Fatalf("%d questions for a distance of %d, want at most %d", asked, distance, limit)
		}
	})
}

func TestNewestWhereStopsAtErrors(t *testing.T) {
	broken := errors.New("broken")
	for after := range 5 {
		asked := 0
		_, _, err := newestWhere(0, 1000, func(n uint32) (bool, error) {
			if asked++; asked > after {
				return false, broken
			}
			return n < 900, nil
		})
		if !errors.Is(err, broken) || asked != after+1 {
			t.Errorf("failing after %d questions: error %v after %d", after, err, asked)
		}
	}
	if _, found, err := newestWhere(5, 4, func(uint32) (bool, error) { return true, broken }); found || err != nil {
		t.Errorf("an empty range: found %v, error %v", found, err)
	}
}
