package simchain

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = 10_000_000_000

func pair(t testing.TB, name string) *keys.Pair {
	t.Helper()
	p, err := keys.FromURI("//"+name, keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rig is a chain that a test builds block by block.
type rig struct {
	*Chain
	t    testing.TB
	time uint64
	last Outbox
}

const genesisTime = 1_780_272_000_000

// testGenesis has 12 validators, 5 nominators and a proxied account.
func testGenesis(t testing.TB) Genesis {
	var g Genesis
	for i := range 12 {
		id := pair(t, fmt.Sprintf("v%d", i)).AccountID()
		g.Balances = append(g.Balances, Balance{id, 1000 * token})
		g.Stakers = append(g.Stakers, Staker{Stash: id, Bond: uint64(100+i) * token, Validate: true, Keys: true, Commission: 50_000_000})
		g.Validators = append(g.Validators, id)
	}
	for i := range 5 {
		id := pair(t, fmt.Sprintf("n%d", i)).AccountID()
		g.Balances = append(g.Balances, Balance{id, 10_000 * token})
		g.Stakers = append(g.Stakers, Staker{Stash: id, Bond: 5000 * token, Targets: g.Validators[i : i+6]})
	}
	delegate := pair(t, "delegate").AccountID()
	g.Balances = append(g.Balances, Balance{delegate, 100 * token})
	g.Proxies = []Proxy{{Real: pair(t, "n0").AccountID(), Delegate: delegate, Type: "Staking", Delay: 5}}
	g.Identities = []Identity{{Who: g.Validators[0], Display: "first", Judged: true}, {Who: g.Validators[1], Display: "second", Super: g.Validators[0]}}
	g.Eras = 3
	return g
}

func newRig(t testing.TB, role Role) *rig {
	t.Helper()
	g := testGenesis(t)
	c, err := Start(Config{
		Role: role, Name: "Test " + string(role), SpecName: "sim", Params: testParams(), Decimals: 10, Symbol: "SIM", Genesis: g, Seed: 7,
		Start: genesisTime, Lag: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &rig{Chain: c, t: t, time: genesisTime}
}

// build makes n blocks.
func (r *rig) build(n int) {
	r.t.Helper()
	for range n {
		r.time += 6000
		out, err := r.Build(Inbox{Time: r.time})
		if err != nil {
			r.t.Fatal(err)
		}
		r.last = out
	}
}

// events are those of the newest block, as pallet.name.
func (r *rig) events() []string {
	r.t.Helper()
	var names []string
	r.look(func(w *work) {
		list, _ := read[[]any](w.view, "System", "Events")
		for _, e := range list {
			record, _ := e.(codec.Struct)
			v, _ := record.Get("event")
			c := toCall(v)
			names = append(names, c.String())
		}
		if w.err != nil {
			r.t.Fatal(w.err)
		}
	})
	return names
}

func (r *rig) act(who, pallet, name string, arguments ...any) {
	r.t.Helper()
	if err := r.Act(pair(r.t, who), pallet, name, arguments...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) ledger(id Account) (l ledger) {
	r.look(func(w *work) { l, _ = w.ledger(id) })
	return l
}

func (r *rig) account(id Account) (a accountInfo) {
	r.look(func(w *work) { a, _ = w.account(id) })
	return a
}

// TestEras: eras pass on a chain that has everything, with consistent exposures, points and rewards.
func TestEras(t *testing.T) {
	r := newRig(t, RoleOne)
	if active, planned := r.Era(); active != 3 || planned != 3 {
		t.Fatalf("eras %d and %d", active, planned)
	}
	r.build(60)
	if active, planned := r.Era(); active != 4 || planned != 4 {
		t.Errorf("eras %d and %d", active, planned)
	}
	r.build(50)
	if active, planned := r.Era(); active != 4 || planned != 5 {
		t.Errorf("eras %d and %d in the last session", active, planned)
	}
	r.audit()
	if ids := r.Validators(); len(ids) != 10 {
		t.Errorf("%d validators", len(ids))
	}
}

// audit fails the test when the state contradicts itself.
func (r *rig) audit() {
	r.t.Helper()
	if err := r.Audit(); err != nil {
		r.t.Error(err)
	}
}

func TestPayout(t *testing.T) {
	r := newRig(t, RoleHub)
	r.build(1)
	v := pair(t, "v0").AccountID()
	era := uint32(2)
	before := r.account(pair(t, "n0").AccountID())
	r.act("n4", "Staking", "payout_stakers", v, era)
	r.build(1)
	if got := r.events(); !slices.Contains(got, "System.ExtrinsicFailed") {
		t.Errorf("a claimed era was paid: %v", got)
	}
	r.look(func(w *work) {
		w.tree = w.tree.Copy()
		w.remove("Staking", "ClaimedRewards", era, v)
		w.events = nil
		if f := w.payout(v, era, 0); f != nil {
			t.Fatal(f)
		}
		a, _ := w.account(pair(t, "n0").AccountID())
		reward, _ := read[uint64](w.view, "Staking", "ErasValidatorReward", era)
		if got := a.Data.Free + a.Data.Reserved; got <= before.Data.Free+before.Data.Reserved || reward == 0 {
			t.Errorf("n0 has %d after the payout, %d before; the era's reward is %d", got, before.Data.Free+before.Data.Reserved, reward)
		}
		if f := w.payout(v, era, 0); f == nil || f.Name != "AlreadyClaimed" {
			t.Errorf("paid twice: %v", f)
		}
	})
}

// TestCommitment: hashes cover the state, not only what is in the body.
func TestCommitment(t *testing.T) {
	start := func(change func(*Genesis)) *Chain {
		g := testGenesis(t)
		change(&g)
		c, err := Start(Config{Role: RoleHub, Name: "Same", SpecName: "sim", Params: testParams(), Genesis: g, Start: genesisTime})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	a, b, c := start(func(*Genesis) {}), start(func(*Genesis) {}), start(func(g *Genesis) { g.Balances[0].Free++ })
	if a.Genesis() != b.Genesis() || a.Genesis() == c.Genesis() {
		t.Errorf("block 0 is %x, %x, and with another balance %x", a.Genesis(), b.Genesis(), c.Genesis())
	}
	for _, x := range []*Chain{a, b} {
		in := Inbox{Time: genesisTime + 6000}
		if x == b {
			in.Offences = []Offence{{pair(t, "v0").AccountID(), 1}}
		}
		if _, err := x.Build(in); err != nil {
			t.Fatal(err)
		}
	}
	_, first := a.Head()
	if _, second := b.Head(); first == second {
		t.Error("an offence leaves no trace in the hash")
	}
}

// TestSessionReport: points count for one session.
func TestSessionReport(t *testing.T) {
	r := newRig(t, RoleRelay)
	most := 20 + 60*uint32(len(r.Validators())) // in a block
	points := func() (sum uint32) {
		r.look(func(w *work) {
			for _, p := range all[uint32](w.view, "StakingAhClient", "ValidatorPoints") {
				sum += p.value
			}
		})
		return sum
	}
	r.build(9)
	before := points()
	r.build(1)
	if after := points(); after == 0 || after > most || before <= after {
		t.Errorf("%d points in nine blocks, %d after the session has changed", before, after)
	}
	r.build(2)
	if len(r.last.Reports) != 1 {
		t.Fatalf("%d reports are final", len(r.last.Reports))
	}
	reported := uint32(0)
	for _, p := range r.last.Reports[0].Points {
		reported += p.Points
	}
	if reported != before {
		t.Errorf("%d points are reported, %d were earned", reported, before)
	}
}

// TestSlash: an offence is reported, computed, and applied when it is due; what is bonded since stays.
func TestSlash(t *testing.T) {
	r := newRig(t, RoleOne)
	v := r.Validators()[0]
	before := r.ledger(v)
	r.Offend(Offence{v, 100_000_000})
	r.build(60 * 2)
	if now := r.ledger(v); now.Active != before.Active {
		t.Errorf("%d of %d are lost before the slash is due", before.Active-now.Active, before.Active)
	}
	r.build(60)
	if lost := before.Active - r.ledger(v).Active; lost != before.Active/10 {
		t.Errorf("%d of %d are lost", lost, before.Active)
	}
	r.audit()
}

// TestDelayedProxy: announced, too early, in time.
func TestDelayedProxy(t *testing.T) {
	for _, role := range []Role{RoleOne, RoleHub} {
		r := newRig(t, role)
		relay := uint32(1000)
		next := func() {
			r.time += 6000
			relay++
			if _, err := r.Build(Inbox{Time: r.time, Relay: relay}); err != nil {
				t.Fatal(err)
			}
		}
		next()
		real, delegate := pair(t, "n0").AccountID(), pair(t, "delegate").AccountID()
		targets := []Account{pair(t, "v7").AccountID()}
		c, err := r.Call("Staking", "nominate", targets)
		if err != nil {
			t.Fatal(err)
		}
		free := r.account(delegate).Data
		r.act("delegate", "Proxy", "announce", real, c.Hash())
		next()
		number, _ := r.Head()
		var height uint32
		r.look(func(w *work) { height = w.announcements(delegate).List[0].Height })
		want := number
		if role == RoleHub {
			want = relay
		}
		if height != want {
			t.Errorf("%s: announced at %d, want %d", role, height, want)
		}
		if got := r.account(delegate).Data; got.Reserved != testParams().AnnouncementBase+testParams().AnnouncementFactor || got.Free >= free.Free {
			t.Errorf("%s: deposit %+v", role, got)
		}
		for range 3 {
			next()
		}
		r.act("n4", "Proxy", "proxy_announced", delegate, real, "Staking", c)
		next()
		if got := r.events(); !slices.Contains(got, "System.ExtrinsicFailed") {
			t.Errorf("%s: executed a block early: %v", role, got)
		}
		r.act("n4", "Proxy", "proxy_announced", delegate, real, "Staking", c)
		next()
		if got := r.events(); !slices.Contains(got, "Proxy.ProxyExecuted") || !slices.Equal(r.Targets(real), targets) {
			t.Errorf("%s: not executed: %v", role, got)
		}
		if got := r.account(delegate).Data; got.Reserved != 0 {
			t.Errorf("%s: the deposit is kept: %+v", role, got)
		}
	}
}

// TestBatches: the three kinds deal with failures in their ways.
func TestBatches(t *testing.T) {
	r := newRig(t, RoleOne)
	n1 := pair(t, "n1").AccountID()
	call := func(pallet, name string, args ...any) any {
		c, err := r.Call(pallet, name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	good, bad := call("Staking", "chill"), call("Staking", "nominate", []Account{})
	for name, want := range map[string]struct {
		event   string
		chilled bool
	}{
		"batch":       {"Utility.BatchInterrupted", true},
		"batch_all":   {"System.ExtrinsicFailed", false},
		"force_batch": {"Utility.BatchCompletedWithErrors", true},
	} {
		r.act("n1", "Staking", "nominate", []Account{pair(t, "v1").AccountID()})
		r.build(1)
		r.act("n1", "Utility", name, []any{good, bad})
		r.build(1)
		if got := r.events(); !slices.Contains(got, want.event) || (len(r.Targets(n1)) == 0) != want.chilled {
			t.Errorf("%s: %v, targets %d", name, got, len(r.Targets(n1)))
		}
	}
}

// TestRefusals: the pool says why it takes nothing.
func TestRefusals(t *testing.T) {
	r := newRig(t, RoleHub)
	r.build(3)
	alice := pair(t, "n2")
	c, err := r.Call("Staking", "chill")
	if err != nil {
		t.Fatal(err)
	}
	signed := func(change func(*signing)) []byte {
		s := r.signing(c)
		change(&s)
		return s.sign(t, alice)
	}
	poor := pair(t, "nobody")
	for name, x := range map[string]struct {
		bytes []byte
		code  string
	}{
		"other genesis": {signed(func(s *signing) { s.chain.Genesis[0] ^= 1 }), "bad signature"},
		"other version": {signed(func(s *signing) { s.chain.SpecVersion++ }), "bad signature"},
		"other birth":   {signed(func(s *signing) { s.options.BirthHash[0] ^= 1 }), "bad signature"},
		"no funds":      {r.signing(c).sign(t, poor), "Inability to pay some fees"},
		"garbage":       {[]byte{4, 0}, "cannot be decoded"},
	} {
		raw, _ := json.Marshal(hexOf(x.bytes))
		_, err := r.submit(substratetest.Request{Params: []json.RawMessage{raw}})
		text, _ := json.Marshal(err)
		if err == nil || !contains(string(text), x.code) {
			t.Errorf("%s: %s", name, text)
		}
	}
	good := signed(func(*signing) {})
	raw, _ := json.Marshal(hexOf(good))
	if _, err := r.submit(substratetest.Request{Params: []json.RawMessage{raw}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.submit(substratetest.Request{Params: []json.RawMessage{raw}}); err == nil || !contains(err.Error(), "already imported") {
		t.Errorf("taken twice: %v", err)
	}
	r.build(1)
	if _, err := r.submit(substratetest.Request{Params: []json.RawMessage{raw}}); err == nil {
		t.Error("taken after it was used")
	}
}
