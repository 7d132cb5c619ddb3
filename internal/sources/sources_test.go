package sources

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

func TestFresh(t *testing.T) {
	if a := Fresh("x", 0, 100, 50); a.Known || a.Why == "" {
		t.Errorf("never: %+v", a)
	}
	if a := Fresh("x", 50, 100, 50); !a.Known || a.Age != 50 || a.Value != "x" {
		t.Errorf("just fresh: %+v", a)
	}
	if a := Fresh("x", 49, 100, 50); a.Known || a.Value != "" || a.Why == "" {
		t.Errorf("too old: %+v", a)
	}
	if a := Fresh("x", 200, 100, 50); !a.Known || a.Age != 0 {
		t.Errorf("from a clock ahead of ours: %+v", a)
	}
}

type oneHealth struct{ h outside.Health }

func (o *oneHealth) SourceHealth(context.Context, string, string) (outside.Health, bool, error) {
	return o.h, true, nil
}
func (o *oneHealth) SaveSourceHealth(_ context.Context, h outside.Health) error { o.h = h; return nil }

func TestBook(t *testing.T) {
	var kept oneHealth
	b := Book{Store: &kept, Network: "n", Name: "prices", Fresh: 10 * time.Millisecond}
	down, ok, broken := programme.SourceDown, programme.SourceOK, errors.New("broken")
	for _, step := range []struct {
		o    Outcome
		want outside.Health
	}{
		{Outcome{At: 5, Err: broken, Retry: 9}, outside.Health{State: down, Detail: "broken", Tried: 5, Failures: 1, Retry: 9}},
		{Outcome{At: 10, Remark: "so so"}, outside.Health{State: ok, Detail: "so so", Good: 10, Tried: 10}},
		{Outcome{At: 20, Err: broken}, outside.Health{State: ok, Detail: "broken", Good: 10, Tried: 20, Failures: 1}},
		{Outcome{At: 21, Err: broken}, outside.Health{State: down, Detail: "broken", Good: 10, Tried: 21, Failures: 2}},
	} {
		if err := b.Note(t.Context(), step.o); err != nil {
			t.Fatal(err)
		}
		step.want.Network, step.want.Name = "n", "prices"
		if d := cmp.Diff(step.want, kept.h); d != "" {
			t.Errorf("at %d: %s", step.o.At, d)
		}
	}
	if err := b.Set(t.Context(), programme.SourceOff, "prices.source is off"); err != nil || kept.h.State != programme.SourceOff || kept.h.Good != 10 || kept.h.Failures != 0 {
		t.Errorf("%+v, %v", kept.h, err)
	}
}
