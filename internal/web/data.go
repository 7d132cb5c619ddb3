package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Data is what the pages read. Single things that are not there are [plan.ErrNotFound].
type Data interface {
	Chain(ctx context.Context) (memory.Chain, error)
	EraStatistics(ctx context.Context) (memory.EraStatistics, error)
	Candidates(ctx context.Context) ([]memory.Candidate, error)
	// NewestRound is that of a network, named by its genesis hash as [memory.Round] does; ok is false before the first.
	NewestRound(ctx context.Context, network string) (r memory.Round, ok bool, err error)
	Nominators(ctx context.Context) ([]memory.Nominator, error)
	// Plans are the newest first.
	Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error)
	Pauses(ctx context.Context) ([]plan.Pause, error)
	Alerts(ctx context.Context, network string, limit int) ([]plan.Warning, error)
	SourceHealths(ctx context.Context, network string) ([]outside.Health, error)
	Jobs(ctx context.Context) ([]memory.Job, error)
}

// statusFacts are all that the status page is made of. Chain and Era are nil before the first look at the network.
type statusFacts struct {
	Chain      *memory.Chain
	Era        *memory.EraStatistics
	Candidates []memory.Candidate
	Round      *memory.Round
	Nominators []memory.Nominator
	Plans      []plan.Plan // newest first
	Pauses     []plan.Pause
	Alerts     []plan.Warning
	Sources    []outside.Health
	Jobs       []memory.Job
}

// The most of what is shown.
const (
	alertsShown = 8
	plansRead   = 200 // enough to find the newest of every nominator
)

// readStatus reads the facts. It is a handful of small queries; they need not be of one moment.
func readStatus(ctx context.Context, d Data, label string) (f statusFacts, err error) {
	found := func(err error) (bool, error) {
		if errors.Is(err, plan.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	chain, err := d.Chain(ctx)
	ok, err := found(err)
	if err != nil {
		return f, fmt.Errorf("read the network: %w", err)
	}
	if ok {
		f.Chain = &chain
		if err := readNetwork(ctx, d, &f); err != nil {
			return f, err
		}
	}
	era, err := d.EraStatistics(ctx)
	if ok, err = found(err); err != nil {
		return f, fmt.Errorf("read the counts of the era: %w", err)
	}
	if ok {
		f.Era = &era
	}
	if f.Candidates, err = d.Candidates(ctx); err != nil {
		return f, fmt.Errorf("read the candidates: %w", err)
	}
	if f.Nominators, err = d.Nominators(ctx); err != nil {
		return f, fmt.Errorf("read the nominators: %w", err)
	}
	if f.Pauses, err = d.Pauses(ctx); err != nil {
		return f, fmt.Errorf("read what is paused: %w", err)
	}
	if f.Sources, err = d.SourceHealths(ctx, label); err != nil {
		return f, fmt.Errorf("read the sources: %w", err)
	}
	if f.Jobs, err = d.Jobs(ctx); err != nil {
		return f, fmt.Errorf("read the jobs: %w", err)
	}
	return f, nil
}

// readNetwork reads what is stored by network: by the genesis hash of the relay, or only, chain what is seen of it, by that
// of the chain with staking what is signed for it.
func readNetwork(ctx context.Context, d Data, f *statusFacts) error {
	round, ok, err := d.NewestRound(ctx, f.Chain.Genesis)
	if err != nil {
		return fmt.Errorf("read the newest round: %w", err)
	}
	if ok {
		f.Round = &round
	}
	staking := stakingGenesis(f.Chain)
	if f.Plans, err = d.Plans(ctx, plan.Filter{Network: staking, Limit: plansRead}); err != nil {
		return fmt.Errorf("read the plans: %w", err)
	}
	networks := []string{f.Chain.Genesis}
	if staking != f.Chain.Genesis {
		networks = append(networks, staking)
	}
	for _, n := range networks {
		list, err := d.Alerts(ctx, n, alertsShown)
		if err != nil {
			return fmt.Errorf("read the alerts: %w", err)
		}
		f.Alerts = append(f.Alerts, list...)
	}
	return nil
}
