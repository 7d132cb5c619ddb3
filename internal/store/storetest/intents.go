package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

func atomic(t *testing.T, s, _ Store) {
	ctx := t.Context()
	p, q := create(t, s, newPlan(t, s, 1, "n")), create(t, s, newPlan(t, s, 2, "m"))
	must[plan.Plan](t)(s.Advance(ctx, sending(p, "i1", plan.KindNominate)))
	_, err := s.Advance(ctx, sending(q, "i2", plan.KindNominate)) // the same key
	if o := obstacle(t, err); !o.Busy {
		t.Errorf("obstacle %+v, want a busy key", o)
	}
	same(t, must[plan.Plan](t)(s.Plan(ctx, q.Key)), q)
	if h := must[[]plan.Event](t)(s.History(ctx, q.Key)); len(h) != 1 {
		t.Errorf("the refused step left a line: %v", h)
	}
	if _, err := s.Intent(ctx, "i2"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("the refused intent: %v", err)
	}
}

func oneAtATime(t *testing.T, s, again Store) {
	ctx := t.Context()
	p, q := create(t, s, newPlan(t, s, 1, "n")), create(t, s, newPlan(t, s, 2, "m"))
	if _, err := s.Lock(ctx, network, "signer"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("the lock of an idle key: %v", err)
	}
	must[plan.Plan](t)(s.Advance(ctx, sending(p, "i1", plan.KindNominate)))
	same(t, must[plan.Lock](t)(again.Lock(ctx, network, "signer")), plan.Lock{Network: network, Signer: "signer", Intent: "i1", Owner: "me", Until: 9000})
	for _, status := range []plan.Status{plan.Signed, plan.Sent, plan.Withheld} {
		settle(t, s, "i1", status)
		_, err := again.Advance(ctx, sending(q, "i2", plan.KindNominate))
		if o := obstacle(t, err); !o.Busy || o.Override {
			t.Errorf("%s: obstacle %+v, want a busy key", status, o)
		}
	}
	settle(t, s, "i1", plan.Expired)
	if _, err := s.Lock(ctx, network, "signer"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("the lock is not free: %v", err)
	}
	must[plan.Plan](t)(again.Advance(ctx, sending(q, "i2", plan.KindNominate)))
	// Another key of the same nominator waits as well.
	r := newPlan(t, s, 3, "m")
	r.Mode, r.Signer, r.Targets = plan.Removal, "other", nil
	r = create(t, s, r)
	_, err := s.Advance(ctx, sending(r, "i3", plan.KindRemove))
	if o := obstacle(t, err); !o.Busy {
		t.Errorf("obstacle %+v, want a busy nominator", o)
	}
}

func oneSet(t *testing.T, s, _ Store) {
	ctx := t.Context()
	try := func(n int, era programme.Era, kind plan.Kind, targets ...programme.Address) error {
		p := newPlan(t, s, n, "n")
		p.Era, p.Targets = era, targets
		p = create(t, s, p)
		_, err := s.Advance(ctx, sending(p, fmt.Sprint("i", n), kind))
		if err != nil {
			closed(t, s, p.Key, plan.Failed)
		}
		return err
	}
	finish := func(n int, status plan.Status, state plan.State) {
		settle(t, s, fmt.Sprint("i", n), status)
		closed(t, s, plan.Key{Round: document(t, s, n), Nominator: "n"}, state)
	}
	// What had no effect does not count.
	for n, status := range []plan.Status{plan.Abandoned, plan.Expired, plan.Failing} {
		check(t, try(n+1, 100, plan.KindNominate, "a"))
		finish(n+1, status, plan.Failed)
	}
	check(t, try(4, 100, plan.KindProxy, "b", "c"))
	finish(4, plan.Done, plan.Succeeded)
	// A second one in the same era: neither another set nor the same.
	if o := obstacle(t, try(5, 100, plan.KindNominate, "b")); o.Busy || !o.Override || !strings.Contains(o.Text, "different set") {
		t.Errorf("another set: %+v", o)
	}
	if o := obstacle(t, try(6, 100, plan.KindAnnounce, "c", "b")); o.Busy || !o.Override || !strings.Contains(o.Text, "this set") {
		t.Errorf("the same set, announced: %+v", o)
	}
	check(t, try(7, 101, plan.KindNominate, "b"))
	finish(7, plan.Failing, plan.Failed)
	// An announcement whose plan was cancelled promised nothing.
	check(t, try(8, 101, plan.KindAnnounce, "d"))
	finish(8, plan.Done, plan.Cancelled)
	check(t, try(9, 101, plan.KindExecute, "e"))
	finish(9, plan.Done, plan.Succeeded)
	if o := obstacle(t, try(10, 101, plan.KindExecute, "f")); !o.Override {
		t.Errorf("a second execution: %+v", o)
	}
}

func overrides(t *testing.T, s, _ Store) {
	ctx := t.Context()
	targets := []programme.Address{"x"}
	digest := plan.TargetsDigest(targets)
	p := create(t, s, newPlan(t, s, 1, "n"))
	must[plan.Plan](t)(s.Advance(ctx, sending(p, "i1", plan.KindNominate)))
	settle(t, s, "i1", plan.Done)
	closed(t, s, p.Key, plan.Succeeded)

	check(t, s.AddOverride(ctx, plan.Override{Network: network, Nominator: "n", Era: 100, Targets: digest, Order: plan.Order{Author: "me", Reason: "because", At: 9}}))
	attempt := func(n int) error {
		q := newPlan(t, s, n, "n")
		q.Targets = targets
		q = create(t, s, q)
		_, err := s.Advance(ctx, sending(q, fmt.Sprint("i", n), plan.KindNominate))
		return err
	}
	usable := func() bool { return must[bool](t)(s.Overridden(ctx, network, "n", 100, digest)) }
	other := newPlan(t, s, 2, "n")
	other.Targets = []programme.Address{"y"}
	other = create(t, s, other)
	_, err := s.Advance(ctx, sending(other, "i2", plan.KindNominate))
	refused(t, err) // it is for another set
	check(t, attempt(3))
	if usable() {
		t.Error("the override is not used up while its transaction is under way")
	}
	settle(t, s, "i3", plan.Expired)
	closed(t, s, plan.Key{Round: document(t, s, 3), Nominator: "n"}, plan.Failed)
	if !usable() {
		t.Error("the override is used up although its transaction expired")
	}
	check(t, attempt(4))
	settle(t, s, "i4", plan.Done)
	closed(t, s, plan.Key{Round: document(t, s, 4), Nominator: "n"}, plan.Succeeded)
	refused(t, attempt(5))
}

func intentStatus(t *testing.T, s, again Store) {
	ctx := t.Context()
	p := create(t, s, newPlan(t, s, 1, "n"))
	c := sending(p, "i1", plan.KindNominate)
	must[plan.Plan](t)(s.Advance(ctx, c))
	same(t, must[plan.Intent](t)(again.Intent(ctx, "i1")), *c.Intent)

	i := *c.Intent
	i.Status, i.Hash, i.Extrinsic, i.Updated = plan.Signed, "0xcc", []byte{9, 8}, 6100
	check(t, s.UpdateIntent(ctx, i, plan.Prepared))
	same(t, must[plan.Intent](t)(again.Intent(ctx, "i1")), i)
	// Another process that believed the first one dead comes too late.
	late := *c.Intent
	late.Status = plan.Abandoned
	if err := again.UpdateIntent(ctx, late, plan.Prepared); !errors.Is(err, plan.ErrStale) {
		t.Errorf("error is %v, want ErrStale", err)
	}
	i.Status, i.Number, i.Block, i.Index, i.Error, i.Inner, i.Scanned = plan.Failing, 1004, "0xdd", 3, "broken", "inside", 1004
	i.Fee = programme.PlanckFromParts(1, 7)
	check(t, s.UpdateIntent(ctx, i, plan.Signed))
	same(t, must[plan.Intent](t)(again.Intent(ctx, "i1")), i)
	// What is settled stays settled.
	i.Status = plan.Done
	if err := s.UpdateIntent(ctx, i, plan.Signed); !errors.Is(err, plan.ErrStale) {
		t.Errorf("error is %v, want ErrStale", err)
	}
	if _, err := s.Intent(ctx, "none"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("a missing intent: %v", err)
	}
	same(t, must[[]plan.Intent](t)(s.Intents(ctx, plan.IntentFilter{Open: true})), []plan.Intent{})
	for name, f := range map[string]plan.IntentFilter{
		"all": {}, "network": {Network: network}, "signer": {Signer: "signer"}, "nominator": {Nominator: "n"}, "round": {Round: p.Round}, "limit": {Limit: 1},
	} {
		if got := must[[]plan.Intent](t)(s.Intents(ctx, f)); len(got) != 1 {
			t.Errorf("%s: %d intents", name, len(got))
		}
	}
}

func scanning(t *testing.T, s, again Store) {
	ctx := t.Context()
	p := create(t, s, newPlan(t, s, 1, "n"))
	must[plan.Plan](t)(s.Advance(ctx, sending(p, "i1", plan.KindNominate)))
	i := must[plan.Intent](t)(s.Intent(ctx, "i1"))
	old := i
	i.Scanned = 1020
	check(t, s.UpdateIntent(ctx, i, plan.Prepared))
	check(t, again.UpdateIntent(ctx, old, plan.Prepared))
	if got := must[plan.Intent](t)(s.Intent(ctx, "i1")); got.Scanned != 1020 {
		t.Errorf("scanned up to %d, want 1020", got.Scanned)
	}
}

func removalIntent(t *testing.T, s, _ Store) {
	ctx := t.Context()
	p := create(t, s, newPlan(t, s, 1, "n"))
	must[plan.Plan](t)(s.Advance(ctx, sending(p, "i1", plan.KindNominate)))
	settle(t, s, "i1", plan.Done)
	closed(t, s, p.Key, plan.Succeeded)
	r := create(t, s, removal(t, s, 2, "n"))
	must[plan.Plan](t)(s.Advance(ctx, sending(r, "i2", plan.KindRemove)))
}

func race(t *testing.T, s, again Store) {
	ctx := t.Context()
	const rounds = 10
	for n := range rounds {
		a := newPlan(t, s, 2*n+1, programme.Address(fmt.Sprint("a", n)))
		b := newPlan(t, s, 2*n+2, programme.Address(fmt.Sprint("b", n)))
		a, b = create(t, s, a), create(t, s, b)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { _, errs[0] = s.Advance(ctx, sending(a, fmt.Sprint("a", n), plan.KindNominate)) })
		wg.Go(func() { _, errs[1] = again.Advance(ctx, sending(b, fmt.Sprint("b", n), plan.KindNominate)) })
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if o := obstacle(t, err); !o.Busy {
				t.Errorf("obstacle %+v", o)
			}
		}
		if won != 1 {
			t.Fatalf("%d of two processes signed with one key", won)
		}
		for _, i := range must[[]plan.Intent](t)(s.Intents(ctx, plan.IntentFilter{Open: true})) {
			settle(t, s, i.ID, plan.Expired)
		}
	}
}

func pauses(t *testing.T, s, again Store) {
	ctx := t.Context()
	order := func(at programme.Millis) plan.Order { return plan.Order{Author: "me", Reason: "storm", At: at} }
	global, one := plan.Pause{Order: order(1)}, plan.Pause{Nominator: "n", Order: order(2)}
	for _, p := range []plan.Pause{global, one} {
		if !must[bool](t)(s.Pause(ctx, p)) {
			t.Error("the pause was not set")
		}
	}
	if must[bool](t)(s.Pause(ctx, plan.Pause{Nominator: "n", Order: order(3)})) {
		t.Error("a pause was set twice")
	}
	same(t, must[[]plan.Pause](t)(again.Pauses(ctx)), []plan.Pause{global, one})
	check(t, s.Resume(ctx, plan.Pause{Order: order(4)}))
	same(t, must[[]plan.Pause](t)(again.Pauses(ctx)), []plan.Pause{one})
	if err := s.Resume(ctx, plan.Pause{Order: order(5)}); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("error is %v, want ErrNotFound", err)
	}
	if !must[bool](t)(s.Pause(ctx, global)) {
		t.Error("a pause that has ended cannot be set again")
	}
}

func alerts(t *testing.T, s, again Store) {
	ctx := t.Context()
	w := plan.Warning{Network: network, Code: "c", Subject: "0x1", Era: 5, Nominator: "n", Text: "look", At: 10}
	if !must[bool](t)(s.RaiseAlert(ctx, w)) {
		t.Error("a new alert is not fresh")
	}
	w.At, w.Text = 20, "look again"
	if must[bool](t)(again.RaiseAlert(ctx, w)) {
		t.Error("a repeated alert is fresh")
	}
	next := w
	next.Era, next.At = 6, 30
	if !must[bool](t)(s.RaiseAlert(ctx, next)) {
		t.Error("the alert of another era is not fresh")
	}
	// An alert that comes with a step is stored with it, or not at all.
	p := create(t, s, newPlan(t, s, 1, "n"))
	with := plan.Change{Plan: p, At: 40, Alerts: []plan.Warning{{Network: "0x77", Code: "c", Subject: "s", At: 40, Text: "look"}}}
	must[plan.Plan](t)(s.Advance(ctx, with))
	if _, err := s.Advance(ctx, with); !errors.Is(err, plan.ErrStale) {
		t.Errorf("error is %v, want ErrStale", err)
	}
	if got := must[[]plan.Warning](t)(s.Alerts(ctx, "0x77", 10)); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("alerts of a step: %+v", got)
	}
	w.At, w.Last, w.Count = 10, 20, 2
	next.Last, next.Count = 30, 1
	same(t, must[[]plan.Warning](t)(again.Alerts(ctx, network, 10)), []plan.Warning{next, w})
	same(t, must[[]plan.Warning](t)(again.Alerts(ctx, "0x00", 10)), []plan.Warning{})
}
