package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

func documents(t *testing.T, s, again Store) {
	ctx := t.Context()
	d := plan.Document{Digest: "sha256:1", Kind: plan.DocumentRound, Bytes: bytes.Repeat([]byte(`{"a":"1"}`), 10_000), Created: 12_345}
	check(t, s.SaveDocument(ctx, d))
	check(t, s.SaveDocument(ctx, d))
	same(t, must[plan.Document](t)(again.Document(ctx, d.Digest)), d)
	other := d
	other.Bytes = []byte("something else")
	if err := s.SaveDocument(ctx, other); err == nil {
		t.Error("other bytes were stored under the same digest")
	}
	same(t, must[plan.Document](t)(s.Document(ctx, d.Digest)), d)
	if _, err := s.Document(ctx, "sha256:2"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("a missing document: %v", err)
	}
}

func kinds(t *testing.T, s, _ Store) {
	ctx := t.Context()
	d := plan.Document{Digest: "sha256:1", Kind: plan.DocumentOrder, Bytes: []byte("{}"), Created: 1}
	check(t, s.SaveDocument(ctx, d))
	d.Kind = plan.DocumentRound
	if err := s.SaveDocument(ctx, d); err == nil {
		t.Error("an order became a record")
	}
}

func needsRecord(t *testing.T, s, _ Store) {
	p := newPlan(t, s, 1, "n")
	p.Round = "sha256:unknown"
	if _, _, err := s.CreatePlan(t.Context(), p); !errors.Is(err, plan.ErrUnexplained) {
		t.Errorf("error is %v, want ErrUnexplained", err)
	}
	if got := must[[]plan.Plan](t)(s.Plans(t.Context(), plan.Filter{})); len(got) != 0 {
		t.Errorf("%d plans are stored", len(got))
	}
}

func roundTrip(t *testing.T, s, again Store) {
	ctx := t.Context()
	p := newPlan(t, s, 1, "n")
	p.Mode, p.ProxyType, p.Delay = plan.Delayed, "Staking", 10_850
	p = create(t, s, p)
	same(t, must[plan.Plan](t)(again.Plan(ctx, p.Key)), p)
	p.State, p.Note, p.Attempts, p.Replan = plan.Announced, "waits", 2, true
	p.Announcement = &plan.Announcement{Height: 4_000_000_000, Clock: plan.ClockRelay, Number: 17, Hash: "0x99"}
	p.Tx = &plan.Tx{Kind: plan.KindExecute, Intent: "i", Pool: "ready"}
	p.Order = &plan.Order{Author: "me", Reason: "why", At: 3}
	p.Effect = &plan.Effect{Number: 8, Hash: "0x8", Extrinsic: "0x9"}
	events := []plan.Event{{Key: p.Key, At: 7000, From: plan.Planned, To: plan.Announced, Text: "it went well"}}
	p = must[plan.Plan](t)(s.Advance(ctx, plan.Change{Plan: p, Events: events, At: 7000}))
	if p.Version != 2 || p.Updated != 7000 {
		t.Errorf("version %d, updated %d", p.Version, p.Updated)
	}
	same(t, must[plan.Plan](t)(again.Plan(ctx, p.Key)), p)
	first := plan.Event{Key: p.Key, At: 5000, To: plan.Planned, Text: "because"}
	same(t, must[[]plan.Event](t)(again.History(ctx, p.Key)), append([]plan.Event{first}, events...))
	if _, err := s.Plan(ctx, plan.Key{Round: "x", Nominator: "n"}); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("a missing plan: %v", err)
	}
}

func oneOpen(t *testing.T, s, _ Store) {
	ctx := t.Context()
	first := create(t, s, newPlan(t, s, 1, "n"))
	// The same again is the same.
	p, created, err := s.CreatePlan(ctx, newPlan(t, s, 1, "n"))
	if err != nil || created {
		t.Fatalf("created %v, error %v", created, err)
	}
	same(t, p, first)
	// An untouched plan gives way.
	second := create(t, s, newPlan(t, s, 2, "n"))
	if p := must[plan.Plan](t)(s.Plan(ctx, first.Key)); p.State != plan.Cancelled {
		t.Errorf("the first plan is %s", p.State)
	}
	if h := must[[]plan.Event](t)(s.History(ctx, first.Key)); len(h) != 2 || h[1].To != plan.Cancelled {
		t.Errorf("its history is %v", h)
	}
	// One with a transaction does not.
	must[plan.Plan](t)(s.Advance(ctx, sending(second, "i1", plan.KindNominate)))
	if _, _, err := s.CreatePlan(ctx, newPlan(t, s, 3, "n")); !errors.Is(err, plan.ErrOpen) {
		t.Errorf("error is %v, want ErrOpen", err)
	}
	// Nor one that has tried before.
	settle(t, s, "i1", plan.Expired)
	p = must[plan.Plan](t)(s.Plan(ctx, second.Key))
	p.State, p.Tx, p.Attempts = plan.Planned, nil, 1
	must[plan.Plan](t)(s.Advance(ctx, plan.Change{Plan: p, At: 1}))
	if _, _, err := s.CreatePlan(ctx, newPlan(t, s, 3, "n")); !errors.Is(err, plan.ErrOpen) {
		t.Errorf("error is %v, want ErrOpen", err)
	}
	// Other nominators and other networks have plans of their own.
	create(t, s, newPlan(t, s, 3, "m"))
	elsewhere := newPlan(t, s, 4, "n")
	elsewhere.Network = "0x00"
	create(t, s, elsewhere)
}

func room(t *testing.T, s, _ Store) {
	for n, state := range []plan.State{plan.Succeeded, plan.Failed, plan.Cancelled} {
		p := create(t, s, newPlan(t, s, n+1, "n"))
		closed(t, s, p.Key, state)
	}
	create(t, s, newPlan(t, s, 9, "n"))
}

func removal(t *testing.T, s Store, n int, nominator programme.Address) plan.Plan {
	p := newPlan(t, s, n, nominator)
	p.Mode, p.Targets, p.Call = plan.Removal, nil, nil
	return p
}

func oneRemoval(t *testing.T, s, _ Store) {
	ctx := t.Context()
	create(t, s, newPlan(t, s, 1, "n"))
	first := create(t, s, removal(t, s, 2, "n"))
	p, created, err := s.CreatePlan(ctx, removal(t, s, 3, "n"))
	if err != nil || created {
		t.Fatalf("created %v, error %v", created, err)
	}
	same(t, p, first)
	other := removal(t, s, 4, "n")
	other.CallHash = "0x13"
	create(t, s, other)
}

func stale(t *testing.T, s, again Store) {
	ctx := t.Context()
	p := create(t, s, newPlan(t, s, 1, "n"))
	q := p
	q.Note = "first"
	must[plan.Plan](t)(again.Advance(ctx, plan.Change{Plan: q, At: 1}))
	p.Note = "second"
	if _, err := s.Advance(ctx, plan.Change{Plan: p, At: 2, Events: []plan.Event{{Key: p.Key}}}); !errors.Is(err, plan.ErrStale) {
		t.Errorf("error is %v, want ErrStale", err)
	}
	if got := must[plan.Plan](t)(s.Plan(ctx, p.Key)); got.Note != "first" {
		t.Errorf("the plan was changed to %q", got.Note)
	}
	if h := must[[]plan.Event](t)(s.History(ctx, p.Key)); len(h) != 1 {
		t.Errorf("the refused step left a line: %v", h)
	}
}

func lists(t *testing.T, s, _ Store) {
	ctx := t.Context()
	for n := range 5 {
		p := create(t, s, newPlan(t, s, n+1, "n"))
		closed(t, s, p.Key, plan.Failed)
	}
	open := newPlan(t, s, 6, "m")
	open.CallHash = "0x66"
	create(t, s, open)
	for name, c := range map[string]struct {
		filter plan.Filter
		want   int
	}{
		"all":       {plan.Filter{}, 6},
		"open":      {plan.Filter{Open: true}, 1},
		"nominator": {plan.Filter{Nominator: "n"}, 5},
		"network":   {plan.Filter{Network: "0x00"}, 0},
		"call":      {plan.Filter{CallHash: "0x66"}, 1},
		"limit":     {plan.Filter{Nominator: "n", Limit: 2}, 2},
	} {
		if got := must[[]plan.Plan](t)(s.Plans(ctx, c.filter)); len(got) != c.want {
			t.Errorf("%s: %d plans, want %d", name, len(got), c.want)
		}
	}
	if got := must[[]plan.Plan](t)(s.Plans(ctx, plan.Filter{Limit: 1})); got[0].Nominator != "m" {
		t.Error("the newest plan is not the first")
	}
}
