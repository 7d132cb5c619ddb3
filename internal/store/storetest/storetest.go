// Package storetest is the conformance suite of databases of plans. Whatever keeps plans and intents has to pass it;
// the safety of signing rests on what it demands.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Store is what the suite is about.
type Store interface {
	SaveDocument(ctx context.Context, d plan.Document) error
	Document(ctx context.Context, digest string) (plan.Document, error)

	CreatePlan(ctx context.Context, p plan.Plan) (stored plan.Plan, created bool, err error)
	Advance(ctx context.Context, c plan.Change) (plan.Plan, error)
	Plan(ctx context.Context, key plan.Key) (plan.Plan, error)
	Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error)
	History(ctx context.Context, key plan.Key) ([]plan.Event, error)

	UpdateIntent(ctx context.Context, i plan.Intent, from plan.Status) error
	Intent(ctx context.Context, id string) (plan.Intent, error)
	Intents(ctx context.Context, f plan.IntentFilter) ([]plan.Intent, error)
	Lock(ctx context.Context, network string, signer programme.Address) (plan.Lock, error)

	Pause(ctx context.Context, p plan.Pause) (set bool, err error)
	Resume(ctx context.Context, p plan.Pause) error
	Pauses(ctx context.Context) ([]plan.Pause, error)
	AddOverride(ctx context.Context, o plan.Override) error
	Overridden(ctx context.Context, network string, nominator programme.Address, era programme.Era, targets string) (bool, error)
	RaiseAlert(ctx context.Context, w plan.Warning) (fresh bool, err error)
	Alerts(ctx context.Context, network string, limit int) ([]plan.Warning, error)
}

// Run runs the suite. Open is called for every test and returns an empty database; again returns another handle on
// the same data, as another process would have it.
func Run(t *testing.T, open func(t *testing.T) (s, again Store)) {
	for name, test := range map[string]func(*testing.T, Store, Store){
		"documents":                       documents,
		"a plan needs a record":           needsRecord,
		"plans are kept whole":            roundTrip,
		"one open plan per nominator":     oneOpen,
		"one removal per announcement":    oneRemoval,
		"stale steps are refused":         stale,
		"a refused step changes nothing":  atomic,
		"a key signs one at a time":       oneAtATime,
		"one set per nominator and era":   oneSet,
		"an override permits one set":     overrides,
		"an intent has one way to go":     intentStatus,
		"two processes cannot both win":   race,
		"pauses":                          pauses,
		"alerts are not repeated":         alerts,
		"lists can be filtered and cut":   lists,
		"scanning never goes back":        scanning,
		"a removal needs no targets":      removalIntent,
		"closed plans make room":          room,
		"digests and orders are separate": kinds,
	} {
		t.Run(name, func(t *testing.T) {
			s, again := open(t)
			test(t, s, again)
		})
	}
}

const network = "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b programme.Planck) bool { return a == b })); d != "" {
		t.Fatalf("-want +got:\n%s", d)
	}
}

func document(t *testing.T, s Store, n int) string {
	t.Helper()
	digest := fmt.Sprintf("sha256:%064d", n)
	check(t, s.SaveDocument(t.Context(), plan.Document{Digest: digest, Kind: plan.DocumentRound, Bytes: fmt.Appendf(nil, "record %d", n), Created: 1000}))
	return digest
}

// newPlan is a plan of round n for a nominator.
func newPlan(t *testing.T, s Store, n int, nominator programme.Address) plan.Plan {
	return plan.Plan{
		Key: plan.Key{Round: document(t, s, n), Nominator: nominator}, Network: network, Stash: nominator, Signer: "signer", Mode: plan.Direct,
		Era: 100, Targets: []programme.Address{"b", "a"}, Call: []byte{1, 2}, CallHash: "0x12", State: plan.Planned, Reason: "because",
		Created: 5000, Updated: 5000,
	}
}

func create(t *testing.T, s Store, p plan.Plan) plan.Plan {
	t.Helper()
	p, created, err := s.CreatePlan(t.Context(), p)
	if err != nil || !created {
		t.Fatalf("created %v, error %v", created, err)
	}
	return p
}

// intent is what a plan signs.
func intent(p *plan.Plan, id string, kind plan.Kind) *plan.Intent {
	return &plan.Intent{
		ID: id, Key: p.Key, Kind: kind, Network: p.Network, Signer: p.Signer, Era: p.Era, Targets: plan.TargetsDigest(p.Targets),
		Call: p.CallHash, Payload: "0xaa", Nonce: 7, Birth: 1000, BirthHash: "0xbb", Period: 64, Status: plan.Prepared, Scanned: 1000,
		Created: 6000, Updated: 6000,
	}
}

func sending(p plan.Plan, id string, kind plan.Kind) plan.Change {
	p.State, p.Tx = plan.Submitted, &plan.Tx{Kind: kind, Intent: id}
	return plan.Change{
		Plan: p, At: 6000, Owner: "me", Until: 9000, Intent: intent(&p, id, kind),
		Events: []plan.Event{{Key: p.Key, At: 6000, From: plan.Planned, To: plan.Submitted, Text: "sending"}},
	}
}

// settle ends an intent.
func settle(t *testing.T, s Store, id string, status plan.Status) {
	t.Helper()
	i := must[plan.Intent](t)(s.Intent(t.Context(), id))
	from := i.Status
	i.Status, i.Number = status, 1010
	check(t, s.UpdateIntent(t.Context(), i, from))
}

// closed closes a plan.
func closed(t *testing.T, s Store, key plan.Key, state plan.State) {
	t.Helper()
	p := must[plan.Plan](t)(s.Plan(t.Context(), key))
	p.State, p.Tx = state, nil
	must[plan.Plan](t)(s.Advance(t.Context(), plan.Change{Plan: p, At: 7000}))
}

// refused demands that err is an obstacle.
func refused(t *testing.T, err error) {
	t.Helper()
	_ = obstacle(t, err)
}

func obstacle(t *testing.T, err error) *plan.Obstacle {
	t.Helper()
	var o *plan.Obstacle
	if !errors.As(err, &o) {
		t.Fatalf("error is %v, want an obstacle", err)
	}
	return o
}
