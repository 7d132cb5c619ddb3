package rounds_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/rounds"
)

func TestABrakedRoundIsNotActedOnAndTriedAgain(t *testing.T) {
	r := newRig(t, 40, 1)
	r.hold(false)
	r.succeed()
	for range 4 {
		r.w.NextEra()
	}
	for slot := 1; slot <= 30; slot++ {
		r.w.Candidate(slot).Intention.Commission = 1_000_000_000
	}
	h := r.hold(false)
	if !h.New || len(h.Braked) != 1 || len(r.proposed) != 1 {
		t.Fatalf("%+v", h)
	}
	if a := r.m.Alerts(); len(a) != 1 || a[0].Code != rounds.AlertBraked || !strings.Contains(a[0].Text, "changed their validity") {
		t.Errorf("%+v", a)
	}
	r.w.Next(5 * time.Minute)
	if h := r.hold(false); h.New || !strings.Contains(h.Reason, "tried again in 5m0s") {
		t.Fatalf("%+v", h)
	}
	for slot := 1; slot <= 30; slot++ {
		r.w.Candidate(slot).Intention.Commission = 50_000_000
	}
	r.w.Next(5 * time.Minute)
	if h := r.hold(false); !h.New {
		t.Fatalf("%+v", h)
	}
}

// What could not be seen when the programme began is no change once it is seen, and the round is not put off any longer.
func TestABlindRoundIsHeldAgainOnceThereIsSight(t *testing.T) {
	r := newRig(t, 40, 1)
	sight := func(s programme.SourceState) { r.w.Sources[programme.SourceTelemetry] = rounds.SourceFacts{State: s} }
	sight(programme.SourceDown)
	if h := r.hold(false); !h.New || !slices.Equal(h.Braked, []string{decision.BrakeUnknown, decision.BrakeEligible}) {
		t.Fatalf("%+v", h)
	}
	r.w.Next(2 * time.Minute)
	if h := r.hold(false); h.New || !strings.Contains(h.Reason, "tried again in 8m0s") {
		t.Fatalf("still blind: %+v", h)
	}
	sight(programme.SourceOK)
	r.w.Next(time.Minute)
	if h := r.hold(false); !h.New || len(h.Braked) > 0 || len(r.proposed) != 1 {
		t.Fatalf("sighted: %+v", h)
	}
	r.succeed()
	for range 4 {
		r.w.NextEra()
	}
	// Blind later on, which changes what is known of everybody: the time that follows is for people to look.
	sight(programme.SourceDown)
	if h := r.hold(false); !slices.Contains(h.Braked, decision.BrakeFlips) {
		t.Fatalf("blind again: %+v", h)
	}
	sight(programme.SourceOK)
	r.w.Next(2 * time.Minute)
	if h := r.hold(false); h.New {
		t.Fatalf("two minutes later: %+v", h)
	}
	r.w.Next(8 * time.Minute)
	if h := r.hold(false); !h.New || len(h.Braked) > 0 || len(r.proposed) != 2 {
		t.Fatalf("ten minutes later: %+v", h)
	}
}
