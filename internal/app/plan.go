// Package app wires the rooms of the house together for a task: it knows everybody, and holds no rules.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/sources/candidates"
)

// Plan says how a round is to be planned.
type Plan struct {
	ConfigDir string
	Set       []string // key=value, the strongest layer of the configuration
	Environ   []string
	Profile   programme.Profile // empty: as configured
	// At is the block of the staking chain, a number or a hash; empty for the newest finalised one.
	At string
	// Snapshot is a file with chain facts; with it no chain is asked.
	Snapshot string
	Facts    string // file, empty for none
	Previous string // record file, empty for none
	Force    bool
	Now      func() time.Time
	Logger   *slog.Logger
	// Progress, unless nil, is told what is being read.
	Progress func(chain.Progress)
	// Warn is told what does not keep the round from being planned but should be known.
	Warn func(string)
}

// fewWarnings is how many warnings of a configuration are shown on the way to something else. A configuration taken
// over from the old backend has more, and they are the same every time.
const fewWarnings = 3

// InputError marks a failure of what the operator supplied: configuration, list or files.
type InputError struct{ err error }

func (e *InputError) Error() string { return e.err.Error() }
func (e *InputError) Unwrap() error { return e.err }

// NewInputError marks a failure of what the operator supplied.
func NewInputError(err error) error { return &InputError{err} }

func input(err error) error {
	if err == nil {
		return nil
	}
	return &InputError{err}
}

// SourceError marks a failure of something remote other than a chain.
type SourceError struct{ err error }

func (e *SourceError) Error() string { return e.err.Error() }
func (e *SourceError) Unwrap() error { return e.err }

// Run reads everything the round needs and decides it. Failures are an [InputError], a [SourceError], or an error of
// the chain package with one of its kinds.
func (p Plan) Run(ctx context.Context) (*decision.Record, error) {
	cfg, err := config.Load(p.ConfigDir, config.Options{Environ: p.Environ, Set: p.Set})
	if err != nil {
		return nil, input(err)
	}
	p.warn(cfg)
	m := rounds.Material{Telemetry: cfg.Telemetry.Enable, Release: cfg.ForcedRelease(), Force: p.Force}
	if m.Rules, err = cfg.Rules(p.Profile); err != nil {
		return nil, input(err)
	}
	if m.Facts, err = p.facts(); err != nil {
		return nil, input(err)
	}
	if m.Previous, err = p.previous(); err != nil {
		return nil, input(err)
	}
	list, err := p.list(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if m.Snapshot, err = p.snapshot(ctx, cfg, list); err != nil {
		return nil, err
	}
	for _, w := range m.Snapshot.Warnings {
		p.Warn(w)
	}
	prefix := m.Snapshot.Network.SS58Prefix
	m.Candidates = list.Candidates(prefix)
	m.Nominators = cfg.ProgrammeNominators(prefix)
	in, err := rounds.Gather(m)
	if err != nil {
		return nil, input(err)
	}
	r, err := decision.Decide(in)
	return r, input(err)
}

// warn passes on what is odd about the configuration.
func (p Plan) warn(cfg *config.Config) {
	if n := len(cfg.Warnings); n > fewWarnings {
		p.Warn(fmt.Sprintf("the configuration has %d warnings; `otv config check %s` shows them", n, p.ConfigDir))
		return
	}
	for _, w := range cfg.Warnings {
		p.Warn(w.String())
	}
}

func (p Plan) facts() (*rounds.Facts, error) {
	if p.Facts == "" {
		return nil, nil
	}
	f, err := os.Open(p.Facts)
	if err != nil {
		return nil, fmt.Errorf("read facts: %w", err)
	}
	defer f.Close()
	facts, err := rounds.ParseFacts(f)
	if err != nil {
		return nil, fmt.Errorf("read facts %s: %w", p.Facts, err)
	}
	return facts, nil
}

// previous reads the record before this round. It is verified, because its verdicts may stand in for unknown ones.
func (p Plan) previous() (*rounds.Before, error) {
	if p.Previous == "" {
		return nil, nil
	}
	b, err := os.ReadFile(p.Previous)
	if err != nil {
		return nil, fmt.Errorf("read previous record: %w", err)
	}
	r, err := decision.Verify(b)
	if err != nil {
		return nil, fmt.Errorf("read previous record %s: %w", p.Previous, err)
	}
	return rounds.Remains(r), nil
}

// list loads the candidate list.
func (p Plan) list(ctx context.Context, cfg *config.Config) (*candidates.List, error) {
	userCache, err := os.UserCacheDir()
	if err != nil {
		userCache = "" // no cache folder: the last good list is not kept
	}
	loader := candidates.NewLoader(candidates.Options{
		Location: cfg.CandidatesLocation(),
		Network:  candidates.Network{Label: cfg.Network.Label, Prefix: cfg.Network.SS58Prefix, Accept: cfg.Network.ListPrefixes},
		CacheDir: cfg.Cache(userCache),
		Now:      p.Now,
	})
	result, err := loader.Load(ctx)
	if err != nil {
		if config.IsURL(cfg.CandidatesLocation()) {
			var refused *candidates.RefusedError
			if !errors.As(err, &refused) {
				return nil, &SourceError{fmt.Errorf("load candidate list: %w", err)}
			}
		}
		return nil, input(fmt.Errorf("load candidate list: %w", err))
	}
	if result.Stale != nil {
		p.Warn(result.Stale.Error())
	}
	if result.CacheErr != nil {
		p.Warn(result.CacheErr.Error())
	}
	if n := candidates.Count(result.List.Findings, candidates.Warning); n > 0 {
		p.Warn(fmt.Sprintf("the candidate list has %d warnings; `otv candidates lint` shows them", n))
	}
	return result.List, nil
}

// snapshot reads the chain facts, from a file or from the chains.
func (p Plan) snapshot(ctx context.Context, cfg *config.Config, list *candidates.List) (*programme.Snapshot, error) {
	if p.Snapshot != "" {
		b, err := os.ReadFile(p.Snapshot)
		if err != nil {
			return nil, input(fmt.Errorf("read snapshot: %w", err))
		}
		var s programme.Snapshot
		if err := json.Unmarshal(b, &s); err != nil {
			return nil, input(fmt.Errorf("read snapshot %s: %w", p.Snapshot, err))
		}
		return &s, nil
	}
	chains, err := chain.Open(ctx, chain.Config{
		Relay: cfg.Chains.Relay, AssetHub: cfg.Chains.AssetHub, People: cfg.Chains.People,
		Network: cfg.Network.Name, Genesis: cfg.Network.Genesis,
		Decimals: cfg.Network.Decimals, Symbol: cfg.Network.Symbol,
		Logger: p.Logger,
	})
	if err != nil {
		return nil, err
	}
	defer chains.Close()
	req := chain.Request{At: p.At, Progress: p.Progress}
	for _, c := range list.Candidates(cfg.Network.SS58Prefix) {
		req.Candidates = append(req.Candidates, c.Stash)
	}
	for _, n := range cfg.ProgrammeNominators(cfg.Network.SS58Prefix) {
		req.Nominators = append(req.Nominators, n.Address)
	}
	return chains.Snapshot(ctx, req)
}
