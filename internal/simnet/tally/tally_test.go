package tally

import (
	"context"
	"errors"
	"testing"
)

func TestTally(t *testing.T) {
	var c Tally[string]
	if c.Is("a") || c.Hits("a") != 0 {
		t.Error("it acts before it was begun")
	}
	first, second := c.Begin("a"), c.Begin("a")
	waited := make(chan error)
	go func() { waited <- c.Wait(t.Context(), "a", 2) }()
	if !c.Is("a") || c.Is("b") || !c.Is("a") {
		t.Error("it does not act, or another does")
	}
	if err := <-waited; err != nil || c.Hits("a") != 2 {
		t.Errorf("%v, %d hits", err, c.Hits("a"))
	}
	first()
	first()
	if !c.Is("a") {
		t.Error("ending one of two ended both")
	}
	if second(); c.Is("a") {
		t.Error("it acts after it was ended")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Wait(ended, "a", 99); !errors.Is(err, context.Canceled) {
		t.Errorf("waited for what did not come: %v", err)
	}
}
