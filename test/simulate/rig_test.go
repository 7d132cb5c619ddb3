package simulate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/jobs/work"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/simnet/simchain"
	"github.com/thousand-validators/otv/internal/sources/candidates"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/rpc"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// The world of a seed is small, so that much of it passes in a second.
const (
	sessionBlocks  = 8
	sessionsPerEra = 4
	busySteps      = 40 // in which things break
	quietSteps     = 54 // in which nothing does, at most
	calmSteps      = 12 // in which nothing does, at least; then it goes on until everything has come to rest
	longCalm       = 34 // the same for one seed of eight: another era begins in them
	lifetime       = 16 // of transactions, in blocks
	youngest       = 12 // blocks after the delay within which an announcement may be executed in any case
)

// eraTime is how long an era lasts on the chains' clocks.
const eraTime = programme.Millis(sessionsPerEra * sessionBlocks * 6_000)

// answerTime is how long a node may take. A node that stalls costs this much of the test's time.
const answerTime = 300 * time.Millisecond

// run is the simulation of one seed.
type run struct {
	seed  uint64
	is    traits
	rng   *rand.Rand
	ctx   context.Context
	dir   string
	net   *simnet.Network
	cfg   *config.Config
	db    *store.Store
	log   *slog.Logger
	logs  io.Writer
	notes []string // what happened, for a failure

	chains *chain.Chains
	rounds *rounds.Service
	bodies map[string]jobs.Body
	acting *nominator.Service
	twin   *nominator.Service // another process that does the same
	pairs  []*keys.Pair
	fuse   int // fault points until the process ends; 0 = none

	eye     *eye
	watched context.CancelFunc
	gone    sync.WaitGroup

	faults    []active
	faultDeck deck
	traitor   int                // slot of the target that has turned bad
	turned    simchain.Account   // its stash
	betrayed  uint32             // block after which it did
	foreign   int                // transactions that others have signed with our keys
	resume    int                // step at which the pause ends
	paused    programme.Interval // when signing was forbidden
	blacklist []string           // call hashes
	lied      int                // last step in which a node lied
	visits    int                // how often the jobs were done
	era       uint32             // active one of the newest final block
	due       bool               // they have to be done again: the last time failed
	step      int
	truth     map[int][]programme.Interval                         // when nodes were really away, by slot
	plans     []plan.Plan                                          // all of them; nil when the programme has done something since they were read
	records   map[string]map[programme.Address][]programme.Address // that were verified, with the targets of each nominator
	replays   map[string]bool                                      // plans that asked for a new round
}

// template is a database with its tables made, which every seed gets a copy of.
type template struct{ bytes []byte }

func newTemplate(dir string) (template, error) {
	file := filepath.Join(dir, "template.db")
	s, err := store.Open(context.Background(), file)
	if err != nil {
		return template{}, err
	}
	if err := jobs.Migrate(context.Background(), s); err != nil {
		return template{}, err
	}
	if err := s.Close(); err != nil {
		return template{}, err
	}
	b, err := os.ReadFile(file)
	return template{b}, err
}

// newRun makes the world of a seed.
func newRun(ctx context.Context, seed uint64, dir string, t template, logs io.Writer) (_ *run, err error) {
	r := &run{
		seed: seed, is: traitsOf(seed), rng: rand.New(rand.NewPCG(seed, 0x73696d)), ctx: ctx, dir: dir, logs: logs, lied: -1000,
		log: slog.New(slog.DiscardHandler), truth: map[int][]programme.Interval{}, records: map[string]map[programme.Address][]programme.Address{},
		replays: map[string]bool{},
	}
	if logs != io.Discard {
		r.log = slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	topology := simnet.Three
	if seed%2 == 1 {
		topology = simnet.One
	}
	r.net, err = simnet.Start(ctx, simnet.Options{
		Seed: seed, Topology: topology, Candidates: 6 + int(seed%3)*3, SessionBlocks: sessionBlocks, SessionsPerEra: sessionsPerEra, Eras: 4, ProxyDelay: uint32(4 + seed%9),
		ProxyType: r.is.proxyType, SharedKey: r.is.shared, Unbonded: r.is.unbonded,
		Tell: func(_ time.Time, what string) { r.note("network: %s", what) },
	})
	if err != nil {
		return r, err
	}
	r.faultDeck = newDeck(r.net.Faults())
	if err := r.net.WriteFiles(dir); err != nil {
		return r, err
	}
	r.cfg, err = config.Load(dir, config.Options{Set: []string{
		"act.mode=act", "constraints.clientUpgrade.skip=true", "constraints.sanctionedGeoArea.skip=true", "telemetry.blacklistedProviders=[]",
		"rules.brakes.minFlips=100", "proxy.cancelUnknown=true",
	}})
	if err != nil {
		return r, err
	}
	file := filepath.Join(dir, "otv.db")
	if err := os.WriteFile(file, t.bytes, 0o600); err != nil {
		return r, err
	}
	if r.db, err = store.Open(ctx, file); err != nil {
		return r, err
	}
	return r, r.begun()
}

// begun starts the programme. A machine that is busy with other things may need several attempts.
func (r *run) begun() (err error) {
	for range 20 {
		if err = r.start(); err == nil {
			return nil
		}
		r.note("start: %v", err)
		r.stopProgramme()
		if len(r.faults) > 0 {
			r.mend(true)
		}
	}
	return err
}

// note remembers what happened.
func (r *run) note(format string, args ...any) {
	text := fmt.Sprintf("step %d: ", r.step) + fmt.Sprintf(format, args...)
	r.notes = append(r.notes, text)
	_, _ = fmt.Fprintln(r.logs, text)
}

// client are the settings of connections: nobody waits long, and nothing is put off.
func (r *run) client() substrate.Config {
	b := rpc.Backoff{Base: time.Millisecond, Max: 4 * time.Millisecond}
	return substrate.Config{CallTimeout: answerTime, DialTimeout: answerTime, PingInterval: -1, Attempts: 2, Connect: r.net.Connect, Backoff: b, RateBackoff: b}
}

// start starts the programme, as a process does that begins.
func (r *run) start() (err error) {
	e := r.net.Endpoints()
	c := chain.Config{Relay: []string{e.Relay}, Network: "simnet", Genesis: e.Genesis, Decimals: r.cfg.Network.Decimals, Symbol: r.cfg.Network.Symbol, Client: r.client()}
	if e.AssetHub != "" {
		c.AssetHub, c.People = []string{e.AssetHub}, []string{e.People}
	}
	if r.chains, err = chain.Open(r.ctx, c); err != nil {
		return err
	}
	staking, err := r.chains.Staking(r.ctx)
	if err != nil {
		return err
	}
	if err := r.startNominator(staking); err != nil {
		return err
	}
	rules, err := r.cfg.Rules("")
	if err != nil {
		return err
	}
	roster := &rounds.Roster{
		Source: candidates.NewLoader(candidates.Options{
			Location: r.cfg.CandidatesLocation(), Network: candidates.Network{Label: r.cfg.Network.Label, Prefix: r.cfg.Network.SS58Prefix}, Now: r.net.Now,
		}),
		Memory: r.db, Prefix: r.cfg.Network.SS58Prefix, Genesis: r.cfg.Network.Genesis, Now: r.net.Now,
	}
	if _, err := roster.Sync(r.ctx); err != nil {
		return err
	}
	known := &rounds.Known{
		Outside: rounds.Outside{Network: r.cfg.Network.Label, LocationAge: programme.Day, ReleaseAge: programme.Day, RemoteAge: programme.Day}, Store: r.db,
		Presence: func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
			f, err := presence.Read(ctx, r.db, rules.Limits.OfflineWindow, now)
			return f.Source, f.Candidates, err
		},
	}
	r.rounds, err = rounds.New(rounds.Settings{
		Memory: r.db, Chain: r.chains, Sources: known, Proposer: proposer{r.acting}, Rules: rules, Nominators: r.cfg.ProgrammeNominators,
		Act: r.cfg.Act, RankMode: r.cfg.RankMode, Telemetry: true, Now: r.net.Now, Logger: r.log,
	})
	if err != nil {
		return err
	}
	bench := &work.Bench{
		Rounds: r.rounds, Memory: r.db, Now: r.net.Now, Nominator: r.acting, Age: time.Second,
		Archive: func(ctx context.Context) (work.Archive, error) { return r.chains.Archive(ctx, "") },
	}
	if r.bodies, _, err = bench.Bodies(); err != nil {
		return err
	}
	return r.watch()
}

func (r *run) startNominator(client *substrate.Client) error {
	on := onchain.New(client)
	rules, err := r.cfg.Rules("")
	if err != nil {
		return err
	}
	s := nominator.Settings{
		Chain: on, Store: r.db, Mode: r.mode(), Consent: true, Programme: listed{r}, MaxCommission: rules.Limits.MaxCommission,
		CancelUnknown: true, Blacklist: r.blacklist, Period: lifetime, Now: r.net.Now, Random: random{r.rng}, Logger: r.log,
		Fault: func(at nominator.Point) {
			if r.fuse > 0 {
				if r.fuse--; r.fuse == 0 {
					panic(crash{at})
				}
			}
			r.meet()
		},
	}
	for _, x := range r.net.Nominators() {
		key, err := keys.FromURI(x.Seed, keys.Sr25519)
		if err != nil {
			return err
		}
		r.pairs = append(r.pairs, key)
		a := nominator.Account{Nominator: programme.Address(x.Address()), Signer: programme.Address(key.Address(r.cfg.Network.SS58Prefix)), Proxy: x.Proxy, Key: key}
		if x.Delay > 0 {
			a.Delay = &x.Delay
		}
		s.Accounts = append(s.Accounts, a)
	}
	if r.acting, err = nominator.New(s); err != nil || !r.is.twins {
		return err
	}
	s.Fault = nil
	r.twin, err = nominator.New(s)
	return err
}

// calm is how many steps in which nothing breaks there are at least.
func (r *run) calm() int {
	if r.seed%8 == 0 {
		return longCalm
	}
	return calmSteps
}

// mode is act, and propose for one seed of ten.
func (r *run) mode() nominator.Mode {
	if r.seed%10 == 9 {
		return nominator.ModePropose
	}
	return nominator.ModeAct
}

// stopProgramme ends the programme, in whatever state it is.
func (r *run) stopProgramme() {
	if r.watched != nil {
		r.watched()
		r.gone.Wait()
		r.watched = nil
		_ = r.eye.save(context.Background(), r.db) // the database is closed next, if it is the end
	}
	for _, s := range []**nominator.Service{&r.acting, &r.twin} {
		if *s != nil {
			(*s).Close()
			*s = nil
		}
	}
	if r.chains != nil {
		r.chains.Close()
		r.chains = nil
	}
	for _, k := range r.pairs {
		k.Wipe()
	}
	r.pairs = nil
}

func (r *run) close() {
	r.stopProgramme()
	if r.db != nil {
		_ = r.db.Close() // the file goes, too
	}
	if r.net != nil {
		r.net.Close()
	}
}

func (r *run) now() programme.Millis { return programme.Millis(r.net.Now().UnixMilli()) }

// ours tells whether a 32-byte account is one of our signers or nominators.
func (r *run) address(id [32]byte) programme.Address {
	return programme.Address(ss58.EncodeAccount(r.cfg.Network.SS58Prefix, id))
}

var errBroken = errors.New("a promise is broken")

// open are the plans and intents whose fate is not known.
func (r *run) open() (plans []plan.Plan, intents []plan.Intent, err error) {
	if plans, err = r.db.Plans(r.ctx, plan.Filter{Open: true}); err != nil {
		return nil, nil, err
	}
	intents, err = r.db.Intents(r.ctx, plan.IntentFilter{Open: true})
	return plans, intents, err
}
