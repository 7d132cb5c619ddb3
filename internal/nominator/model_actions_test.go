package nominator_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

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
