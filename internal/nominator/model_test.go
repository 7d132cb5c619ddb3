package nominator_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
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
	m.db = emptyDatabase(m.t, m.dir)
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
