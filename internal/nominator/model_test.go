package nominator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

// crash is what a fault point throws to end a process in place.
type crash struct{ at nominator.Point }

// process is one running instance of the service.
type process struct {
	service *nominator.Service
	store   *store.Store
	fuse    int // fault points until it ends; 0 = none
}

// model runs several processes on one chain and one database, and knows what must never happen.
type model struct {
	*rig
	t         *rapid.T
	dir       string
	chains    []*onchain.Chain // one connection for each process
	processes []*process
	start     uint32 // first block of this run
	submitted int    // submissions before this run
	records   [][]byte
	mode      nominator.Mode
	behind    map[int]uint32 // how many blocks the node of a process is behind
}

// TestNoSequenceOfEventsNominatesTwice plays random sequences of everything that can happen, and compares what the chain
// and the database say with the promises.
func TestNoSequenceOfEventsNominatesTwice(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	chains := []*onchain.Chain{r.dial(), r.dial()}
	rapid.Check(t, func(t *rapid.T) {
		m := &model{rig: r, t: t, chains: chains, mode: nominator.ModeAct, behind: map[int]uint32{}}
		m.begin()
		defer m.end()
		m.rounds++
		m.round(t)
		for range rapid.IntRange(10, 80).Draw(t, "steps") {
			m.action(rapid.SampledFrom(weighted()).Draw(t, "action"))(t)
			m.check(t)
		}
		m.drain()
		m.check(t)
	})
}

// weighted lists the actions, the usual ones more often.
func weighted() []string {
	var out []string
	for name, weight := range map[string]int{
		"look": 30, "look together": 6, "blocks": 25, "many blocks": 8, "round": 10, "crash": 8, "kill": 2, "fork": 5, "idle": 8, "lag": 3,
		"drop": 2, "usurp": 2, "era": 3, "block": 2, "commission": 3, "unbond": 1, "stranger": 2, "reject": 1,
		"reconnect": 1, "clock": 2, "pause": 1, "resume": 3, "cancel": 1,
	} {
		for range weight {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (m *model) action(name string) func(*rapid.T) {
	return map[string]func(*rapid.T){
		"look":          m.lookOnce,
		"look together": m.lookTogether,
		"blocks":        m.mine,
		"many blocks":   m.mineMany,
		"idle":          m.idle,
		"lag":           m.lag,
		"fork":          func(t *rapid.T) { m.chain.Fork(rapid.IntRange(1, 3).Draw(t, "depth")) },
		"drop":          func(t *rapid.T) { m.chain.Drop(rapid.SampledFrom([]string{"", "dropped", "invalid"}).Draw(t, "word")) },
		"usurp":         m.usurp,
		"round":         m.round,
		"era":           m.era,
		"block":         m.blockTarget,
		"commission":    m.commission,
		"unbond":        m.unbond,
		"stranger":      m.strange,
		"reject":        m.reject,
		"reconnect":     func(*rapid.T) { m.chain.Node().CutAll() },
		"clock":         m.jump,
		"crash":         m.crash,
		"kill":          m.restart,
		"pause":         m.pause,
		"resume":        m.resume,
		"cancel":        m.cancel,
	}[name]
}

func (m *model) jump(t *rapid.T) {
	m.clock.now = m.clock.now.Add(time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "seconds")) * time.Second)
}

func (m *model) begin() {
	var err error
	if m.dir, err = os.MkdirTemp("", "otv-model-*"); err != nil {
		m.t.Fatal(err)
	}
	m.db = filepath.Join(m.dir, "otv.db")
	m.chain.Drop("")
	m.edit(func(s *fakechain.State) {
		s.Era, s.Planned = s.Era+2, s.Era+2
		s.Nominations, s.Announcements = map[fakechain.ID]fakechain.Nomination{}, map[fakechain.ID][]fakechain.Announcement{}
		m.heal(s)
	})
	_, m.start = m.chain.State()
	m.start++
	m.submitted = len(m.chain.Submitted())
	m.processes = nil
	for i := range m.chains {
		m.processes = append(m.processes, m.newProcess(i))
	}
}

// heal undoes what a sequence did to the accounts.
func (m *model) heal(s *fakechain.State) {
	for id := range s.Validators {
		s.Validators[id] = fakechain.Validator{Commission: 50_000_000}
	}
	for _, p := range []*keys.Pair{m.direct, m.proxied, m.delayed} {
		s.Ledgers[p.AccountID()] = fakechain.Ledger{Stash: p.AccountID(), Active: 500 * token}
	}
}

func (m *model) newProcess(i int) *process {
	p := &process{}
	var err error
	if p.store, err = store.Open(context.Background(), m.db); err != nil {
		m.t.Fatal(err)
	}
	p.service, err = nominator.New(nominator.Settings{
		Chain: laggard{m.chains[i], func() string { return m.chain.HashBehind(m.behind[i]) }}, Store: p.store, Accounts: m.accounts(), Mode: m.mode, Consent: true, Programme: m.list,
		MaxCommission: 100_000_000, Now: m.clock.Now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Period: 16,
		Fault: func(at nominator.Point) {
			if p.fuse > 0 {
				if p.fuse--; p.fuse == 0 {
					panic(crash{at})
				}
			}
		},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return p
}

func (m *model) end() {
	for _, p := range m.processes {
		p.service.Close()
		_ = p.store.Close() // only the file's folder is of interest, and that goes
	}
	_ = os.RemoveAll(m.dir)
}

// survive runs fn; it reports whether the process crashed in it.
func survive(fn func()) (crashed bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case crash:
			crashed = true
		default:
			panic(r)
		}
	}()
	fn()
	return false
}

// see lets a process look; errors are part of life, but for those that tell of a broken promise.
func (m *model) see(i int) {
	p := m.processes[i]
	if survive(func() { _ = p.service.Look(context.Background()) }) {
		m.replace(i)
	}
}

// replace puts a new process in the place of one that has ended without having closed anything.
func (m *model) replace(i int) {
	old := m.processes[i]
	m.processes[i] = m.newProcess(i)
	go old.service.Close() // its mutex may be held for ever by the crash
	_ = old.store.Close()
}

func (m *model) any(t *rapid.T) int { return rapid.IntRange(0, len(m.processes)-1).Draw(t, "process") }

func (m *model) lookOnce(t *rapid.T) { m.see(m.any(t)) }

func (m *model) lookTogether(*rapid.T) {
	var wg sync.WaitGroup
	for _, p := range m.processes {
		p.fuse = 0
		wg.Go(func() { _ = p.service.Look(context.Background()) })
	}
	wg.Wait()
}

func (m *model) mine(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "blocks") {
		m.one(rapid.IntRange(0, 2).Draw(t, "lag"), rapid.IntRange(0, 3).Draw(t, "empty") > 0)
	}
}

func (m *model) mineMany(t *rapid.T) {
	for range rapid.IntRange(5, 20).Draw(t, "blocks") {
		m.one(0, rapid.Bool().Draw(t, "empty"))
	}
}

// idle makes blocks that nothing gets into, up to the end of transactions' lives.
func (m *model) idle(t *rapid.T) {
	m.lookOnce(t)
	for range rapid.IntRange(2, 20).Draw(t, "blocks") {
		m.one(0, false)
	}
	m.lookOnce(t)
}

// laggard is a node that may not know the newest final blocks.
type laggard struct {
	*onchain.Chain
	back func() (hash string)
}

func (l laggard) Head(ctx context.Context) (plan.Head, error) {
	if h := l.back(); h != "" {
		return l.HeadAt(ctx, h)
	}
	return l.Chain.Head(ctx)
}

// lag makes the node of a process show an older block, until the next time.
func (m *model) lag(t *rapid.T) {
	m.behind[m.any(t)] = uint32(rapid.IntRange(0, 8).Draw(t, "behind"))
}

func (m *model) one(lag int, full bool) {
	m.chain.SetLag(lag)
	if err := m.chain.Block(func(fakechain.Submission) bool { return full }); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) someone(t *rapid.T) *keys.Pair {
	return rapid.SampledFrom([]*keys.Pair{m.direct, m.proxied, m.delayed}).Draw(t, "nominator")
}

func (m *model) signer(who *keys.Pair) *keys.Pair {
	return map[*keys.Pair]*keys.Pair{m.direct: m.direct, m.proxied: m.proxy, m.delayed: m.delegate}[who]
}

// round decides a round of the present era and hands it to a process.
func (m *model) round(t *rapid.T) {
	state, number := m.chain.State()
	n := rapid.IntRange(6, len(m.validators)).Draw(t, "candidates")
	m.rounds++
	b, err := m.decide(state, number, m.validators[len(m.validators)-n:], nil, []*keys.Pair{m.delayed, m.proxied, m.direct}[:rapid.IntRange(1, 3).Draw(t, "nominators")])
	if err != nil {
		t.Fatal(err)
	}
	m.records = append(m.records, b)
	record := b
	if rapid.IntRange(0, 4).Draw(t, "an old record") == 0 {
		record = rapid.SampledFrom(m.records).Draw(t, "record")
	}
	m.proposeTo(m.any(t), record)
}

func (m *model) proposeTo(i int, record []byte) {
	if survive(func() { _, _ = m.processes[i].service.Propose(context.Background(), record, "") }) {
		m.replace(i)
	}
}

func (m *model) era(t *rapid.T) {
	late := rapid.Bool().Draw(t, "last session")
	m.edit(func(s *fakechain.State) {
		if late && s.Planned == s.Era {
			s.Planned++
		} else {
			s.Era++
			s.Planned = max(s.Era, s.Planned)
		}
	})
}

func (m *model) validator(t *rapid.T) fakechain.ID {
	return pair(m.rig.t, fmt.Sprintf("//validator//%d", rapid.IntRange(8, 15).Draw(t, "validator"))).AccountID()
}

func (m *model) blockTarget(t *rapid.T) {
	id := m.validator(t)
	m.edit(func(s *fakechain.State) {
		v := s.Validators[id]
		v.Blocked = !v.Blocked
		s.Validators[id] = v
	})
}

func (m *model) commission(t *rapid.T) {
	id, c := m.validator(t), rapid.SampledFrom([]uint32{50_000_000, 500_000_000}).Draw(t, "commission")
	m.edit(func(s *fakechain.State) {
		v := s.Validators[id]
		v.Commission = c
		s.Validators[id] = v
	})
}

func (m *model) unbond(t *rapid.T) {
	id := m.someone(t).AccountID()
	m.edit(func(s *fakechain.State) {
		if _, ok := s.Ledgers[id]; ok {
			delete(s.Ledgers, id)
		} else {
			s.Ledgers[id] = fakechain.Ledger{Stash: id, Active: 500 * token}
		}
	})
}

// usurp sends a transaction of somebody else who has the key, with the nonce of ours.
func (m *model) usurp(t *rapid.T) {
	who := m.signer(m.someone(t))
	state, _ := m.chain.State()
	h := [32]byte{byte(rapid.IntRange(1, 250).Draw(t, "hash"))}
	call, err := extrinsic.Call(m.chain.Runtime().Metadata, "Proxy", "announce", m.stranger.AccountID(), h)
	if err != nil {
		t.Fatal(err)
	}
	_ = m.chain.Send(who, call, state.Accounts[who.AccountID()].Nonce) // the pool may refuse it
}

// strange executes an announcement of ours with somebody else's key.
func (m *model) strange(t *rapid.T) {
	for _, p := range m.plans() {
		if p.Mode != plan.Delayed || p.Announcement == nil || p.State.Closed() {
			continue
		}
		md := m.chain.Runtime().Metadata
		inner, err := extrinsic.ParseCall(md, p.Call)
		if err != nil {
			t.Fatal(err)
		}
		call, err := extrinsic.Call(md, "Proxy", "proxy_announced", m.delegate.AccountID(), m.delayed.AccountID(), "Staking", inner)
		if err != nil {
			t.Fatal(err)
		}
		state, _ := m.chain.State()
		_ = m.chain.Send(m.stranger, call, state.Accounts[m.stranger.AccountID()].Nonce)
		return
	}
}

// reject takes the announcements of the delayed nominator off the chain.
func (m *model) reject(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
		return
	}
	m.edit(func(s *fakechain.State) { delete(s.Announcements, m.delegate.AccountID()) })
}

func (m *model) crash(t *rapid.T) {
	m.processes[m.any(t)].fuse = rapid.IntRange(1, 25).Draw(t, "fault points")
}

func (m *model) restart(t *rapid.T) {
	i := m.any(t)
	m.processes[i].service.Close()
	_ = m.processes[i].store.Close()
	m.processes[i] = m.newProcess(i)
}

func (m *model) pause(t *rapid.T) {
	_, err := m.processes[m.any(t)].service.Pause(context.Background(), "", "model", "storm")
	if err != nil {
		t.Fatal(err)
	}
}

func (m *model) resume(t *rapid.T) {
	err := m.processes[m.any(t)].service.Resume(context.Background(), "", "model", "calm")
	if err != nil && !errors.Is(err, plan.ErrNotFound) {
		t.Fatal(err)
	}
}

func (m *model) cancel(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
		return
	}
	_, _ = m.processes[m.any(t)].service.Cancel(context.Background(), m.address(m.someone(t)), "", "model", "enough")
}

func (m *model) plans() []plan.Plan {
	out, err := m.processes[0].store.Plans(context.Background(), plan.Filter{})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

func (m *model) intents() []plan.Intent {
	out, err := m.processes[0].store.Intents(context.Background(), plan.IntentFilter{})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// check compares chain and database with the promises.
func (m *model) check(t *rapid.T) {
	if broken := m.broken(m.processes[0].store, m.start, m.submitted); broken != "" {
		t.Fatal(broken)
	}
}

// calm reports whether nothing is under way any more.
func (m *model) calm() bool {
	return !slices.ContainsFunc(m.plans(), func(p plan.Plan) bool {
		return !p.State.Closed() && (p.State != plan.Planned || p.Tx != nil)
	}) && !slices.ContainsFunc(m.intents(), func(i plan.Intent) bool { return i.Status.Open() })
}

// drain lets everything calm down: then every plan must have come to rest, and every effect have its plan.
func (m *model) drain() {
	for i, p := range m.processes {
		p.fuse, m.behind[i] = 0, 0
	}
	_ = m.processes[0].service.Resume(context.Background(), "", "model", "the end")
	m.edit(m.heal)
	for range 150 {
		for i := range m.processes {
			m.see(i)
		}
		if m.calm() {
			break
		}
		m.one(0, true)
		m.clock.now = m.clock.now.Add(10 * time.Second)
	}
	for _, p := range m.plans() {
		if p.Tx != nil || p.State == plan.Cancelling || p.State == plan.Executable {
			m.t.Fatalf("the plan of %s (%s) has not come to rest: %s, %s, %+v", p.Nominator, p.Mode, p.State, p.Note, p.Tx)
		}
	}
	for _, i := range m.intents() {
		if i.Status.Open() {
			m.t.Fatalf("the fate of %s is not settled: %s", i.ID, i.Status)
		}
	}
	if broken := m.unexplained(m.processes[0].store, m.start); broken != "" {
		m.t.Fatal(broken)
	}
}
