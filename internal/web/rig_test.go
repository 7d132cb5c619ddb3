package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// moment0 is the moment of all tests.
const moment0 = programme.Millis(1_780_000_000_000)

// world is data that is held in memory.
type world struct {
	statusFacts
	err error
}

var errLost = errors.New("dial 10.1.2.3: no database")

func (w *world) Chain(context.Context) (memory.Chain, error) {
	if w.statusFacts.Chain == nil {
		return memory.Chain{}, fmt.Errorf("chain: %w", plan.ErrNotFound)
	}
	return *w.statusFacts.Chain, w.err
}

func (w *world) EraStatistics(context.Context) (memory.EraStatistics, error) {
	if w.Era == nil {
		return memory.EraStatistics{}, plan.ErrNotFound
	}
	return *w.Era, nil
}

func (w *world) Candidates(context.Context) ([]memory.Candidate, error) {
	return w.statusFacts.Candidates, nil
}

func (w *world) NewestRound(_ context.Context, network string) (memory.Round, bool, error) {
	if w.Round == nil || w.Round.Network != network {
		return memory.Round{}, false, nil
	}
	return *w.Round, true, nil
}

func (w *world) Nominators(context.Context) ([]memory.Nominator, error) {
	return w.statusFacts.Nominators, nil
}

func (w *world) Plans(_ context.Context, f plan.Filter) ([]plan.Plan, error) {
	var out []plan.Plan
	for _, p := range w.statusFacts.Plans {
		if p.Network == f.Network {
			out = append(out, p)
		}
	}
	return out, nil
}

func (w *world) Pauses(context.Context) ([]plan.Pause, error) { return w.statusFacts.Pauses, nil }

func (w *world) Alerts(_ context.Context, network string, _ int) ([]plan.Warning, error) {
	var out []plan.Warning
	for _, a := range w.statusFacts.Alerts {
		if a.Network == network {
			out = append(out, a)
		}
	}
	return out, nil
}

func (w *world) SourceHealths(_ context.Context, network string) ([]outside.Health, error) {
	var out []outside.Health
	for _, h := range w.Sources {
		if h.Network == network {
			out = append(out, h)
		}
	}
	return out, nil
}

func (w *world) Jobs(context.Context) ([]memory.Job, error) { return w.statusFacts.Jobs, nil }

// Genesis hashes.
const (
	relay = "0x1111111111111111111111111111111111111111111111111111111111111111"
	hub   = "0x2222222222222222222222222222222222222222222222222222222222222222"
)

func address(i int) programme.Address {
	return programme.Address(fmt.Sprintf("5Addr%042dx", i))
}

// full has one of everything, and names that must not become markup.
func full() (*world, health.Report) {
	w := &world{}
	w.statusFacts.Chain = &memory.Chain{
		Network: programme.Network{Name: "simnet", Chain: "Simnet Asset Hub", Genesis: relay, SS58Prefix: 42, Decimals: 10, Symbol: "SIM"},
		Eras:    programme.Eras{Active: 1234, ActiveStart: moment0 - 45_000, Planned: 1234, Session: 7407, SessionsPerEra: 6, EraLength: 60_000},
		Blocks: []programme.ChainBlock{
			{Role: programme.RoleStaking, Chain: "Simnet Asset Hub", Genesis: hub, SpecName: "simhub", SpecVersion: 1_002_000, Number: 12_345, Time: moment0 - 2000},
			{Role: programme.RoleSession, Chain: "Simnet", Genesis: relay, SpecName: "simnet", SpecVersion: 1_002_000, Number: 22_345, Time: moment0 - 2000},
			{Role: programme.RoleIdentity, Chain: "Simnet People", Genesis: "0x33", SpecName: "simpeople", SpecVersion: 1_002_000, Number: 12_346, Time: moment0 - 1000},
		},
		Updated: moment0 - 1000,
	}
	w.Era = &memory.EraStatistics{Era: 1234, Listed: 40, Valid: 31, Active: 12, KYC: 0}
	for i := range 20 {
		name := fmt.Sprintf("sim-%03d", i)
		if i == 3 {
			name = `<script>alert("3")</script>`
		}
		w.statusFacts.Candidates = append(w.statusFacts.Candidates, memory.Candidate{Candidate: programme.Candidate{Slot: i, Name: name, Stash: address(i)}})
	}
	targets := func(from, n int) (out []programme.Address) {
		for i := range n {
			out = append(out, address(from+i))
		}
		return out
	}
	nominator := func(i int, proxy programme.Address, delay uint32, on []programme.Address, last programme.Millis) memory.Nominator {
		a := address(100 + i)
		return memory.Nominator{
			Nominator: programme.Nominator{Address: a, Proxy: proxy, Delay: delay}, Order: i, Last: last, Updated: moment0 - 10_000,
			Chain: programme.ChainNominator{
				Address: a, Stash: a, Targets: on, Bond: programme.Bond{Bonded: true, Active: programme.NewPlanck(1_000_000_000_000_000)},
			},
		}
	}
	w.statusFacts.Nominators = []memory.Nominator{
		nominator(2, address(112), 10, targets(16, 6), 0), nominator(0, "", 0, targets(0, 4), moment0-30_000), nominator(1, address(111), 0, nil, 0),
	}
	mk := func(i int, mode plan.Mode, s plan.State, reason string) plan.Plan {
		return plan.Plan{
			Key: plan.Key{Round: "sha256:aa", Nominator: address(100 + i)}, Network: hub, Mode: mode, Era: 1234, Targets: targets(2, 5),
			State: s, Reason: reason, Updated: moment0 - 20_000,
		}
	}
	waiting := mk(2, plan.Delayed, plan.Announced, "announced at height 22341")
	waiting.Delay, waiting.Announcement = 10, &plan.Announcement{Height: 22_341, Clock: plan.ClockRelay}
	older := mk(2, plan.Delayed, plan.Succeeded, "6 targets nominated in block 12000")
	w.statusFacts.Plans = []plan.Plan{
		waiting, mk(0, plan.Direct, plan.Succeeded, "4 targets nominated in block 12341"), mk(1, plan.Proxy, plan.Failed, "the transaction failed in block 12342: Staking.BadTarget"), older,
	}
	w.statusFacts.Pauses = []plan.Pause{{Nominator: address(101), Order: plan.Order{Author: "alice", Reason: "looks <odd>", At: moment0 - 3_600_000}}}
	w.Round = &memory.Round{
		Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Number: 17, Network: relay, At: moment0 - 44_000, Block: 12_303,
		BlockHash: "0xabcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789", Era: 1234,
		Counts: programme.Counts{Listed: 40, Valid: 31, Invalid: 8, Unknown: 1, Scored: 31, Nominators: 3, Seats: 48, Assigned: 31},
	}
	w.statusFacts.Jobs = []memory.Job{
		{Name: "ValidityJob", Status: memory.JobRunning, Schedule: "0 */5 * * * *", Runs: 1041, Progress: 62.4, Iteration: "sim-025", Ended: moment0 - 60_000},
		{Name: "EraPointsJob", Status: memory.JobFinished, Runs: 12, Progress: 100, Result: "points of 1 era stored", Ended: moment0 - 40_000},
		{Name: "NominatorJob", Status: memory.JobErrored, Runs: 3, Progress: 20, Error: "read exposures: no node answers", Ended: moment0 - 5_000},
		{Name: "BlockDataJob", Status: memory.JobNotRunning, Error: "there is no indexer in this program"},
		{Name: "StaleNominationJob", Status: memory.JobStarted},
	}
	w.Sources = []outside.Health{
		{Network: "simnet", Name: "location", State: programme.SourceOK, Good: moment0 - 9_000},
		{Network: "simnet", Name: "prices", State: programme.SourceDown, Detail: "the service answers 500", Failures: 3, Good: moment0 - 900_000},
		{Network: "other", Name: "never shown", State: programme.SourceOK},
	}
	w.statusFacts.Alerts = []plan.Warning{
		{Network: hub, Code: "nomination-failed", Text: "Staking.BadTarget", Last: moment0 - 10_000, Count: 1},
		{Network: relay, Code: "candidate-list", Text: "line 3: no such member", Last: moment0 - 5_000, Count: 4},
	}
	since := time.UnixMilli(int64(moment0 - 600_000))
	h := health.Report{Status: health.Degraded, Ready: true, Parts: []health.Part{
		{Name: "database", State: health.OK, Since: since, Needed: true},
		{Name: "chain relay", State: health.Degraded, Text: "ws://127.0.0.1:1; not used: ws://127.0.0.1:2: another chain", Since: since},
		{Name: "chain people", State: health.Down, Text: "no node answers", Since: since},
		{Name: "telemetry", State: health.Off, Since: since},
	}}
	return w, h
}

// site makes a site of a world.
func site(w *world, h health.Report, simulation string) (*Site, error) {
	return New(Options{
		Data: w, Health: func() health.Report { return h }, Now: func() time.Time { return time.UnixMilli(int64(moment0)) },
		Version: "v1.2.3", Label: "simnet", Simulation: simulation, BlockTime: time.Second, Details: simulation != "",
		Links: []Link{{"API", "/swagger"}}, Record: func(digest string) string { return "/rounds/" + digest },
	})
}

const simulated = "Chains, validators and tokens are made up, in this very process."
