package nominator_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/nominatortest"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/ss58"
)

const (
	token = 1_000_000_000_000
	// delay is that of the delayed proxy, in blocks of the pallet's clock.
	delay = 20
)

// The secrets of the rig. They must never show up anywhere else.
const (
	directURI   = "0x1111111111111111111111111111111111111111111111111111111111111101//direct"
	proxiedURI  = "0x2222222222222222222222222222222222222222222222222222222222222202//proxied"
	proxyURI    = "0x3333333333333333333333333333333333333333333333333333333333333303//proxy"
	delayedURI  = "0x4444444444444444444444444444444444444444444444444444444444444404//delayed"
	delegateURI = "0x5555555555555555555555555555555555555555555555555555555555555505//delegate"
	strangerURI = "0x6666666666666666666666666666666666666666666666666666666666666606//stranger"
)

// pairs are the keys made so far: stretching a phrase into a seed takes most of the time of a rig.
var pairs sync.Map // URI -> *keys.Pair

func pair(t testing.TB, uri string) *keys.Pair {
	t.Helper()
	if p, ok := pairs.Load(uri); ok {
		return p.(*keys.Pair)
	}
	p, err := keys.FromURI(uri, keys.Sr25519)
	if err != nil {
		t.Fatal(err)
	}
	pairs.Store(uri, p)
	return p
}

func (r *rig) address(p *keys.Pair) programme.Address { return programme.Address(p.Address(r.prefix)) }

// rig is a chain with a programme's nominators: one that signs itself, one with a proxy, one with a delayed proxy.
type rig struct {
	t     testing.TB
	chain *fakechain.Chain
	db    string
	logs  *bytes.Buffer
	clock *clock
	list  *list
	// prefix of the chain's addresses.
	prefix uint16

	direct, proxied, proxy, delayed, delegate, stranger *keys.Pair
	validators                                          []programme.Address
	rounds                                              int
	closers                                             []func()
}

// clock is the wall clock, which no decision may depend on.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// list is the candidate list.
type list struct {
	standing map[programme.Address]nominator.Standing
	err      error
}

func (l *list) Standing(context.Context) (map[programme.Address]nominator.Standing, error) {
	return l.standing, l.err
}

func newRig(t testing.TB, cfg fakechain.Config) *rig {
	t.Helper()
	c, err := fakechain.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	r := &rig{
		t: t, chain: c, db: emptyDatabase(t, t.TempDir()), logs: &bytes.Buffer{},
		clock: &clock{time.UnixMilli(1_800_000_000_000)}, list: &list{standing: map[programme.Address]nominator.Standing{}},
		prefix: 42,
		direct: pair(t, directURI), proxied: pair(t, proxiedURI), proxy: pair(t, proxyURI),
		delayed: pair(t, delayedURI), delegate: pair(t, delegateURI), stranger: pair(t, strangerURI),
	}
	if cfg.Parachain {
		r.prefix = 0
	}
	populate(t, r)
	return r
}

// migrated is an empty database with all its tables, which takes longer to make than most tests to run.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "otv-nominator-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "otv.db")
	s, err := store.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// emptyDatabase makes one in a folder.
func emptyDatabase(t interface{ Fatal(...any) }, dir string) (file string) {
	b, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "otv.db")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// populate puts the accounts on the chain.
func populate(t testing.TB, r *rig) {
	var validators []fakechain.ID
	for i := range 16 {
		p := pair(t, fmt.Sprintf("//validator//%d", i))
		validators = append(validators, p.AccountID())
		r.validators = append(r.validators, r.address(p))
		r.list.standing[r.address(p)] = nominator.Standing{}
	}
	r.edit(func(s *fakechain.State) {
		s.Era, s.Planned, s.MinBond = 100, 100, 10*token
		for _, v := range validators {
			s.Validators[v] = fakechain.Validator{Commission: 50_000_000}
		}
		for _, p := range []*keys.Pair{r.direct, r.proxied, r.proxy, r.delayed, r.delegate, r.stranger} {
			s.Accounts[p.AccountID()] = fakechain.Account{Free: 1000 * token}
		}
		for _, p := range []*keys.Pair{r.direct, r.proxied, r.delayed} {
			s.Ledgers[p.AccountID()] = fakechain.Ledger{Stash: p.AccountID(), Active: 500 * token}
		}
		s.Proxies[r.proxied.AccountID()] = []fakechain.Proxy{{Delegate: r.proxy.AccountID(), Type: "Staking"}}
		s.Proxies[r.delayed.AccountID()] = []fakechain.Proxy{{Delegate: r.delegate.AccountID(), Type: "Staking", Delay: delay}}
	})
}

func (r *rig) edit(fn func(*fakechain.State)) {
	r.t.Helper()
	if err := r.chain.Edit(fn); err != nil {
		r.t.Fatal(err)
	}
}

// blocks makes n blocks.
func (r *rig) blocks(n int) {
	r.t.Helper()
	for range n {
		if err := r.chain.Block(nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) accounts() []nominator.Account {
	return []nominator.Account{
		{Nominator: r.address(r.direct), Signer: r.address(r.direct), Key: r.direct},
		{Nominator: r.address(r.proxied), Signer: r.address(r.proxy), Proxy: true, Key: r.proxy},
		{Nominator: r.address(r.delayed), Signer: r.address(r.delegate), Proxy: true, Key: r.delegate},
	}
}

// open opens the database.
func (r *rig) open() *store.Store {
	r.t.Helper()
	s, err := store.Open(context.Background(), r.db)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() }) // a second close is harmless
	r.closers = append(r.closers, func() { _ = s.Close() })
	return s
}

// dial connects to the chain.
func (r *rig) dial() *onchain.Chain {
	r.t.Helper()
	client, err := substrate.Dial(context.Background(), substrate.Config{Endpoints: []string{r.chain.URL()}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	r.closers = append(r.closers, client.Close)
	return onchain.New(client)
}

// disconnect closes all connections and databases.
func (r *rig) disconnect() {
	for _, end := range r.closers {
		end()
	}
}

// service acts for all nominators; set changes its settings.
func (r *rig) service(set func(*nominator.Settings)) *nominator.Service {
	r.t.Helper()
	s := nominator.Settings{
		Chain: r.dial(), Store: r.open(), Accounts: r.accounts(), Mode: nominator.ModeAct, Consent: true,
		Programme: r.list, MaxCommission: 100_000_000, Now: r.clock.Now,
		Logger: slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if set != nil {
		set(&s)
	}
	v, err := nominator.New(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(v.Close)
	return v
}

// record decides a round in which the nominators get targets from the given candidates. Every call makes another one.
func (r *rig) record(candidates []programme.Address, set func(*programme.Inputs), nominators ...*keys.Pair) []byte {
	r.t.Helper()
	r.rounds++
	state, number := r.chain.State()
	b, err := r.decide(state, number, candidates, set, nominators)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// decide makes a record whose candidates are all in order.
func (r *rig) decide(state *fakechain.State, number uint32, candidates []programme.Address, set func(*programme.Inputs), nominators []*keys.Pair) ([]byte, error) {
	round := nominatortest.Round{
		Genesis: r.chain.Genesis(), Prefix: r.prefix, Number: number, Era: programme.Era(state.Era), Planned: programme.Era(state.Planned),
		Seed: r.rounds, Candidates: candidates, Change: set,
	}
	for _, p := range nominators {
		round.Nominators = append(round.Nominators, programme.ChainNominator{
			Address: r.address(p), SubmittedIn: programme.Era(state.Nominations[p.AccountID()].SubmittedIn),
		})
	}
	return round.Record()
}

// propose makes plans of a record and returns that of one nominator.
func (r *rig) propose(s *nominator.Service, record []byte, who *keys.Pair) plan.Plan {
	r.t.Helper()
	out, err := s.Propose(context.Background(), record, r.address(who))
	if err != nil {
		r.t.Fatal(err)
	}
	if p := out.Proposals[0]; p.Plan == nil {
		r.t.Fatalf("no plan: %s", p.Refused)
	}
	return *out.Proposals[0].Plan
}

func (r *rig) look(s *nominator.Service) {
	r.t.Helper()
	if err := s.Look(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// plan reads a plan back.
func (r *rig) plan(s *nominator.Service, key plan.Key) plan.Plan {
	r.t.Helper()
	p, err := s.Store.Plan(context.Background(), key)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// until looks and makes blocks until a plan is in one of the states.
func (r *rig) until(s *nominator.Service, key plan.Key, states ...plan.State) plan.Plan {
	r.t.Helper()
	for range 400 {
		r.look(s)
		if p := r.plan(s, key); slices.Contains(states, p.State) {
			return p
		}
		r.blocks(1)
	}
	p := r.plan(s, key)
	r.t.Fatalf("the plan is %s (%s, %s), not one of %v\n%s", p.State, p.Reason, p.Note, states, r.logs)
	return p
}

// targets are those on chain.
func (r *rig) targets(who *keys.Pair) []programme.Address {
	state, _ := r.chain.State()
	var out []programme.Address
	for _, id := range state.Nominations[who.AccountID()].Targets {
		out = append(out, programme.Address(ss58.EncodeAccount(r.prefix, id)))
	}
	return out
}

// alerts are the codes of all alerts.
func (r *rig) alerts(s *nominator.Service) []string {
	r.t.Helper()
	list, err := s.Store.Alerts(context.Background(), "", 100)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, w := range list {
		out = append(out, w.Code)
	}
	slices.Sort(out)
	return out
}

// without are all validators but one.
func (r *rig) without(v programme.Address) []programme.Address {
	return slices.DeleteFunc(slices.Clone(r.validators), func(a programme.Address) bool { return a == v })
}

func hexText(h [32]byte) string { return fmt.Sprintf("0x%x", h) }
