package nominator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/keys"
)

// closed are the states at which nothing more happens.
var closed = []plan.State{plan.Succeeded, plan.Failed, plan.Cancelled}

// That the pool takes a transaction, and that a block has it, is no success yet.
func TestAcceptedIsNotDone(t *testing.T) {
	r := newRig(t, fakechain.Config{Lag: 2})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Submitted || r.chain.Pooled() != 1 {
		t.Fatalf("%s, %d in the pool", got.State, r.chain.Pooled())
	}
	r.blocks(1) // it is in a block that is not final
	r.look(s)
	if got := r.plan(s, p.Key); got.State.Closed() {
		t.Fatalf("%s before its block was final", got.State)
	}
	r.blocks(3)
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Succeeded {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
}

// Only final blocks decide: what a discarded block said counts for nothing.
func TestDiscardedBlocksDecideNothing(t *testing.T) {
	r := newRig(t, fakechain.Config{Lag: 5})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.look(s)
	first := r.plan(s, p.Key).Tx.Intent
	r.blocks(3)
	r.chain.Fork(3)
	if r.chain.Pooled() != 1 {
		t.Fatal("the transaction did not go back to the pool")
	}
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Announcing || got.Tx == nil || got.Tx.Intent != first {
		t.Fatalf("%s, %+v, %+v", got.State, got.Tx, r.chain.Submitted())
	}
	got := r.until(s, p.Key, plan.Announced)
	state, _ := r.chain.State()
	if h := state.Announcements[r.delegate.AccountID()][0].Height; got.Announcement.Height != h || got.Announcement.Number != h {
		t.Errorf("announced at %+v, on chain at %d", got.Announcement, h)
	}
}

func TestFailedExtrinsicIsAFailure(t *testing.T) {
	r := newRig(t, fakechain.Config{NoDryRun: true})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.look(s)
	r.edit(func(s *fakechain.State) { // after it was signed, before it is included
		for id := range s.Validators {
			s.Validators[id] = fakechain.Validator{Blocked: true}
		}
	})
	got := r.until(s, p.Key, closed...)
	if got.State != plan.Failed || !strings.Contains(got.Reason, "BadTarget") {
		t.Errorf("%s, %s", got.State, got.Reason)
	}
	if a := r.alerts(s); !slices.Equal(a, []string{plan.AlertFailed}) {
		t.Errorf("alerts %v", a)
	}
	if len(r.targets(r.direct)) != 0 {
		t.Error("there are targets on chain")
	}
}

// The outer transaction succeeds whatever becomes of the call inside.
func TestFailedInnerCallIsAFailure(t *testing.T) {
	for name, who := range map[string]func(*rig) *keys.Pair{"proxy": theProxied, "delayed proxy": theDelayed} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{NoDryRun: true})
			s := r.service(nil)
			p := r.propose(s, r.record(r.validators, nil, who(r)), who(r))
			r.until(s, p.Key, plan.Submitted, plan.Executing)
			r.edit(func(s *fakechain.State) { delete(s.Ledgers, who(r).AccountID()) })
			got := r.until(s, p.Key, closed...)
			if got.State != plan.Failed || !strings.Contains(got.Reason, "inside failed") || !strings.Contains(got.Reason, "NotController") {
				t.Errorf("%s, %s", got.State, got.Reason)
			}
		})
	}
}

// What a pool forgets is handed in again, byte for byte; what it forgets for good expires, and is signed anew only then.
func TestDroppedTransactionsAreNotLost(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(func(s *nominator.Settings) { s.Period = 16 })
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.look(s)
	first := r.plan(s, p.Key).Tx.Intent
	r.chain.Drop("dropped")
	for range 8 {
		if err := r.chain.Block(func(fakechain.Submission) bool { return false }); err != nil {
			t.Fatal(err)
		}
		r.look(s)
	}
	if got := r.plan(s, p.Key); got.State != plan.Submitted || got.Tx.Intent != first || r.chain.Pooled() != 1 {
		t.Fatalf("%s, %+v, %d in the pool", got.State, got.Tx, r.chain.Pooled())
	}
	hashes := map[[32]byte]bool{}
	for _, x := range r.chain.Submitted() {
		hashes[x.Hash] = true
	}
	if len(hashes) != 1 || len(r.chain.Submitted()) < 2 {
		t.Fatalf("%d different transactions in %d submissions", len(hashes), len(r.chain.Submitted()))
	}
	for range 20 { // to the end of its life
		if err := r.chain.Block(func(x fakechain.Submission) bool { return !hashes[x.Hash] }); err != nil {
			t.Fatal(err)
		}
		r.look(s)
	}
	if got := r.plan(s, p.Key); got.State != plan.Succeeded || got.Attempts != 1 {
		t.Errorf("%s, %s, %d attempts\n%s", got.State, got.Reason, got.Attempts, r.logs)
	}
	i, err := s.Store.Intent(t.Context(), first)
	if err != nil || i.Status != plan.Expired {
		t.Errorf("the first intent is %s (%v)", i.Status, err)
	}
	if n := len(r.chain.Effects()); n != 1 {
		t.Errorf("%d nominations", n)
	}
}

// What a node answers to a submission is told with the plan, and the same bytes are handed in again after some blocks.
func TestRefusedSubmissionsAreTold(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	free := func(n uint64) {
		r.edit(func(s *fakechain.State) { s.Accounts[r.direct.AccountID()] = fakechain.Account{Free: n} })
	}
	s := r.service(func(s *nominator.Settings) {
		s.Show = func(e nominator.Exhibit) {
			if e.Hash != "" { // signed and tried
				free(token / 100_000)
			}
		}
	})
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.look(s)
	r.blocks(1)
	r.look(s)
	got := r.plan(s, p.Key)
	if got.State != plan.Submitted || !strings.Contains(got.Tx.Pool, "Inability to pay some fees") {
		t.Fatalf("%s, %+v, %+v", got.State, got.Tx, r.chain.Submitted())
	}
	if i, err := s.Store.Intent(t.Context(), got.Tx.Intent); err != nil || !strings.Contains(i.Error, "Inability to pay") {
		t.Errorf("the intent says %q (%v)", i.Error, err)
	}
	free(1000 * token)
	if got := r.until(s, p.Key, closed...); got.State != plan.Succeeded || got.Attempts != 0 {
		t.Errorf("%s, %s, %d attempts", got.State, got.Reason, got.Attempts)
	}
	if x := r.chain.Submitted(); len(x) != 2 || x[0].Hash != x[1].Hash {
		t.Errorf("submissions %+v", x)
	}
}

// Somebody else with the key takes the nonce.
func TestUsurpedTransactionsAreSignedAnewAndReported(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	r.edit(func(s *fakechain.State) {
		s.Proxies[r.stranger.AccountID()] = []fakechain.Proxy{{Delegate: r.delegate.AccountID(), Type: "Any", Delay: 5}}
	})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.delayed), r.delayed)
	r.look(s)
	if err := r.chain.Foreign(r.delegate, r.stranger.AccountID(), [32]byte{7}, 0); err != nil {
		t.Fatal(err)
	}
	got := r.until(s, p.Key, closed...)
	if got.State != plan.Succeeded {
		t.Errorf("%s, %s\n%s", got.State, got.Reason, r.logs)
	}
	if a := r.alerts(s); !slices.Contains(a, plan.AlertKeyInUse) || !slices.Contains(a, plan.AlertForeign) {
		t.Errorf("alerts %v", a)
	}
	if state, _ := r.chain.State(); len(state.Announcements[r.delegate.AccountID()]) != 1 {
		t.Errorf("announcements %v", state.Announcements)
	}
}

// Nominators that share a key get their turn, one transaction at a time, with nonces in a row.
func TestOneKeyServesItsNominatorsInTurn(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	r.edit(func(s *fakechain.State) {
		s.Proxies[r.delayed.AccountID()] = []fakechain.Proxy{{Delegate: r.proxy.AccountID(), Type: "Staking", Delay: 3}}
	})
	s := r.service(func(s *nominator.Settings) { s.Accounts[2].Signer, s.Accounts[2].Key = r.address(r.proxy), r.proxy })
	record := r.record(r.validators, nil, r.proxied, r.delayed)
	a, b := r.propose(s, record, r.proxied), r.propose(s, record, r.delayed)
	for range 60 {
		r.look(s)
		open, err := s.Store.Intents(t.Context(), plan.IntentFilter{Open: true})
		if err != nil || len(open) > 1 {
			t.Fatalf("%d transactions of one key under way (%v)", len(open), err)
		}
		r.blocks(1)
	}
	for _, p := range []plan.Plan{a, b} {
		if got := r.plan(s, p.Key); got.State != plan.Succeeded {
			t.Errorf("%s: %s, %s", got.Mode, got.State, got.Reason)
		}
	}
	all, err := s.Store.Intents(t.Context(), plan.IntentFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for k, i := range all {
		if want := uint64(len(all) - 1 - k); i.Nonce != want || i.Status != plan.Done {
			t.Errorf("%s has the nonce %d and is %s", i.Kind, i.Nonce, i.Status)
		}
	}
}

// On old chains the bonded account and the stash are two. Targets belong to the stash.
func TestControllerIsNotTheStash(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	r.edit(func(s *fakechain.State) {
		s.Ledgers[r.direct.AccountID()] = fakechain.Ledger{Stash: r.stranger.AccountID(), Active: 500 * token}
	})
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	got := r.until(s, p.Key, closed...)
	if got.State != plan.Succeeded || got.Stash != r.address(r.stranger) || !plan.SameSet(r.targets(r.stranger), p.Targets) {
		t.Errorf("%s, %s, stash %s", got.State, got.Reason, got.Stash)
	}
}

// The very transaction is tried first, where the node allows it. What fails there is not sent, and not replaced before it
// can have no effect any more.
func TestDryRunKeepsBadTransactionsBack(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	var shown []nominator.Exhibit
	s := r.service(func(s *nominator.Settings) {
		s.Show = func(e nominator.Exhibit) {
			if len(shown) == 0 { // between the checks and the signature
				r.edit(func(s *fakechain.State) { delete(s.Ledgers, r.direct.AccountID()) })
			}
			shown = append(shown, e)
		}
	})
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.look(s)
	if len(shown) != 2 || !strings.Contains(shown[1].DryRun, "NotController") || shown[0].Fee != programme.NewPlanck(fakechain.Fee) {
		t.Fatalf("shown %+v", shown)
	}
	if n := len(r.chain.Submitted()); n != 0 {
		t.Fatalf("%d transactions were submitted", n)
	}
	i, err := s.Store.Intent(t.Context(), r.plan(s, p.Key).Tx.Intent)
	if err != nil || i.Status != plan.Withheld {
		t.Fatalf("the intent is %s (%v)", i.Status, err)
	}
	r.blocks(70)
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Planned || !strings.Contains(got.Note, "is not bonded") {
		t.Errorf("%s, %s", got.State, got.Note)
	}
}
