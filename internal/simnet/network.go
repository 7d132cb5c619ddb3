package simnet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
)

// Network is a running network. Its methods may be called from many goroutines.
type Network struct {
	// Relay is the relay chain, or the only chain. Hub and People are nil when there is only one.
	Relay, Hub, People *simchain.Chain
	Feed               *simfeed.Server
	Sources            *simsources.Server

	o      Options
	people *population

	mu      sync.Mutex // held while a block is built
	slot    uint64
	down    map[simchain.Account]bool // validators that produce nothing
	set     *simchain.ValidatorSet    // on its way to the relay chain
	session uint64                    // whose script has run, counted from the start
	paid    uint32                    // era up to which rewards have been paid out
	forks   int                       // faults that make two heads at once
	faults  map[string]*faultCount
	err     error

	timeMu sync.Mutex
	time   int64     // ms, of the newest blocks
	built  time.Time // by the machine's clock

	stop   context.CancelFunc
	ticker sync.WaitGroup
}

// warmSessions is how many sessions the relay chain is older than the parachains, so that block numbers differ.
const warmSessions = 10

// Start starts a network, whose first blocks are final when it returns. Without Speed nothing happens then until Step is
// called; with it, time stops when ctx ends. Close ends everything.
func Start(ctx context.Context, o Options) (*Network, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("start the simulated network: %w", err)
	}
	n := &Network{o: o, down: map[simchain.Account]bool{}, faults: map[string]*faultCount{}, time: o.Start.UnixMilli(), stop: func() {}}
	if n.people, err = newPopulation(o); err == nil {
		if err = n.startChains(); err == nil {
			if err = n.startServices(); err == nil {
				err = n.Steps(lag + 1)
			}
		}
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("start the simulated network: %w", err)
	}
	if o.Speed > 0 {
		ctx, n.stop = context.WithCancel(ctx)
		n.ticker.Go(func() { n.run(ctx) })
	}
	return n, nil
}

func (n *Network) config(role simchain.Role, name string, g simchain.Genesis) simchain.Config {
	return simchain.Config{
		Role: role, Name: name, SpecName: map[simchain.Role]string{simchain.RoleHub: "simhub", simchain.RolePeople: "simpeople"}[role],
		Params: n.o.params(), Decimals: decimals, Symbol: symbol, Genesis: g, Seed: n.o.Seed, Start: uint64(n.o.Start.UnixMilli()), Lag: lag,
		KeepStates: n.o.KeepStates, Up: func(id simchain.Account) bool { return !n.down[id] },
	}
}

func (n *Network) startChains() (err error) {
	g := n.people.genesis(n.o)
	if n.o.Topology == One {
		cfg := n.config(simchain.RoleOne, "Simnet", g)
		cfg.SpecName = "simnet"
		n.Relay, err = simchain.Start(cfg)
		return err
	}
	if n.Hub, err = simchain.Start(n.config(simchain.RoleHub, "Simnet Asset Hub", g)); err != nil {
		return err
	}
	if n.People, err = simchain.Start(n.config(simchain.RolePeople, "Simnet People", g)); err != nil {
		return err
	}
	g.Validators = n.Hub.Elected(n.o.Eras)
	g.Session = n.o.Eras*n.o.SessionsPerEra - warmSessions
	cfg := n.config(simchain.RoleRelay, "Simnet", g)
	cfg.SpecName = "simnet"
	blocks := warmSessions*n.o.SessionBlocks + lag + 1
	block := uint64(n.o.BlockTime.Milliseconds())
	cfg.Start -= blocks * block
	if n.Relay, err = simchain.Start(cfg); err != nil {
		return err
	}
	for i := range blocks {
		if _, err := n.Relay.Build(simchain.Inbox{Time: cfg.Start + (i+1)*block}); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) startServices() (err error) {
	if n.Feed, err = simfeed.Start(simfeed.Config{Label: "Simnet", Genesis: n.Relay.Genesis(), Now: n.millis}); err != nil {
		return err
	}
	if n.Sources, err = simsources.Start(n.millis, "simnet"); err != nil {
		return err
	}
	n.Sources.AddRelease(simsources.Release{Tag: "polkadot-v" + oldVersion, Title: "Simulated client " + oldVersion, Published: n.millis() - 90*24*3600*1000})
	for _, c := range n.people.candidates {
		n.Sources.SetPlace(c.IP, c.Place)
		n.Sources.SetRank(c.Address(), simsources.Rank{Name: c.Name, Rank: 90 + 10*(c.Slot%5), Valid: true})
		c.node = n.Feed.Join(c.feedNode(n.millis() - 30*24*3600*1000))
	}
	for _, c := range n.people.others {
		c.node = n.Feed.Join(c.feedNode(n.millis()))
	}
	list, err := n.candidateList()
	if err != nil {
		return err
	}
	n.Sources.SetCandidates(list)
	number, hash := n.Relay.Head()
	n.Feed.Best(number, hash)
	n.Feed.Flush()
	_, planned := n.Staking().Era()
	n.paid = planned
	if active, _ := n.Staking().Era(); active > 0 {
		n.paid = active - 1
	}
	return nil
}

// Close stops everything.
func (n *Network) Close() {
	n.stop()
	n.ticker.Wait()
	for _, c := range n.Chains() {
		c.Close()
	}
	if n.Feed != nil {
		n.Feed.Close()
	}
	if n.Sources != nil {
		n.Sources.Close()
	}
}

// Chains are the chains there are, the relay chain first.
func (n *Network) Chains() []*simchain.Chain {
	var list []*simchain.Chain
	for _, c := range []*simchain.Chain{n.Relay, n.Hub, n.People} {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Staking is the chain with staking and proxies.
func (n *Network) Staking() *simchain.Chain {
	if n.Hub != nil {
		return n.Hub
	}
	return n.Relay
}

// identities is the chain with identities.
func (n *Network) identities() *simchain.Chain {
	if n.People != nil {
		return n.People
	}
	return n.Relay
}

// Candidates are the programme's candidates, by slot.
func (n *Network) Candidates() []Candidate {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]Candidate, len(n.people.candidates))
	for i, c := range n.people.candidates {
		list[i] = *c
	}
	return list
}

// Nominators are the programme's own.
func (n *Network) Nominators() []Nominator { return append([]Nominator(nil), n.people.nominators...) }

// Stranger is somebody outside the programme. With a shared key, that key is its proxy, too.
func (n *Network) Stranger() simchain.Account { return n.people.stranger() }

// Now is the time on the chains' clocks.
func (n *Network) Now() time.Time { return time.UnixMilli(n.millis()) }

func (n *Network) millis() int64 {
	n.timeMu.Lock()
	defer n.timeMu.Unlock()
	return n.time
}

// Flowing is the time on the chains' clocks, between two blocks too: what somebody would read on a clock that goes
// [Options].Speed times as fast as the machine's. It never goes back and is never ahead of the next block. Step by step it
// is the same as Now.
func (n *Network) Flowing() time.Time {
	n.timeMu.Lock()
	defer n.timeMu.Unlock()
	since := time.Duration(0)
	if n.o.Speed > 0 && !n.built.IsZero() {
		since = min(time.Duration(float64(n.o.Clock.Now().Sub(n.built))*n.o.Speed), n.o.BlockTime-time.Millisecond)
	}
	return time.UnixMilli(n.time).Add(since)
}

// Err is why time has stopped to pass by itself; nil while it does.
func (n *Network) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// run makes blocks as time passes.
func (n *Network) run(ctx context.Context) {
	every := time.Duration(float64(n.o.BlockTime) / n.o.Speed)
	for next := n.o.Clock.Now(); ; {
		// Making a block takes time itself. What a machine that was asleep has missed is not made up for.
		now := n.o.Clock.Now()
		if next = next.Add(every); now.Sub(next) > 10*every {
			next = now
		}
		due := make(chan struct{})
		stop := n.o.Clock.AfterFunc(max(next.Sub(now), 0), func() { close(due) })
		select {
		case <-due:
		case <-ctx.Done():
			stop()
			return
		}
		if err := n.Step(); err != nil {
			n.mu.Lock()
			n.err = err
			n.mu.Unlock()
			return
		}
	}
}

// Steps is Step several times.
func (n *Network) Steps(count int) error {
	for range count {
		if err := n.Step(); err != nil {
			return err
		}
	}
	return nil
}

// Step makes the next block on every chain, and lets everybody do what is due then.
func (n *Network) Step() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.slot++
	n.timeMu.Lock()
	n.time = n.o.Start.UnixMilli() + int64(n.slot)*n.o.BlockTime.Milliseconds()
	n.built = n.o.Clock.Now()
	now := uint64(n.time)
	n.timeMu.Unlock()
	if err := n.buildAll(now); err != nil {
		return fmt.Errorf("simulated network, block %d: %w", n.slot, err)
	}
	if n.forks > 0 {
		for _, c := range n.Chains() {
			if err := c.Sibling(); err != nil {
				return err
			}
		}
	}
	if err := n.script(); err != nil {
		return fmt.Errorf("simulated network, block %d: %w", n.slot, err)
	}
	number, hash := n.Relay.Head()
	n.Feed.Best(number, hash)
	n.Feed.Finalized(n.Relay.Finalised())
	n.Feed.Flush()
	return nil
}

func (n *Network) buildAll(now uint64) error {
	out, err := n.Relay.Build(simchain.Inbox{Time: now, Set: n.set})
	if err != nil || n.Hub == nil {
		return err
	}
	n.set = nil
	// Parachains build on the relay chain's block before the newest one.
	head, _ := n.Relay.Head()
	in := simchain.Inbox{Time: now, Relay: head - 1, Reports: out.Reports, Offences: out.Offences}
	sent, err := n.Hub.Build(in)
	if err != nil {
		return err
	}
	n.set = sent.Set
	_, err = n.People.Build(simchain.Inbox{Time: now, Relay: head - 1})
	return err
}
