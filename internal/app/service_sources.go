package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/lease"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// processClock is the clock of the process for the clients of outside sources. What they wait for takes as long as it
// takes.
type processClock struct {
	fetch.SystemClock
	now func() time.Time
}

// Now implements the clock of the clients.
func (c processClock) Now() time.Time { return c.now() }

// runSources opens the outside sources, and has those asked that no job asks: the other network, and prices. Of all
// processes one does so.
func (p *process) runSources(ctx context.Context, ready func()) (err error) {
	o := SourcesOptions{Store: p.database.get(), Clock: processClock{now: p.Now}, Jitter: rand.Float64, KeyDir: p.cacheDir()}
	asks := p.has(config.RoleCore, config.RoleWorker)
	switch {
	case !p.has(config.RoleTelemetry):
		o.Only = []programme.SourceName{programme.SourceRelease, programme.SourceRemote, outside.SourcePrices}
	case !asks:
		o.Only = []programme.SourceName{programme.SourceLocation}
	}
	s, err := OpenSources(ctx, p.cfg, o)
	var wrong *InputError
	if errors.As(err, &wrong) {
		return lifecycle.Permanent(err)
	}
	if err != nil {
		return err
	}
	p.sources.set(s)
	defer func() {
		p.sources.clear()
		err = errors.Join(err, s.Close())
	}()
	ready()
	if !asks || s.Remote == nil && s.Prices == nil {
		<-ctx.Done()
		return nil
	}
	l := &lease.Lease{DB: p.database.get(), Name: "sources", Owner: p.id, Silence: p.Pace.Lease, Logger: p.log.With("component", "sources")}
	return l.Hold(ctx, func(ctx context.Context) error {
		if err := p.awaitCandidates(ctx); err != nil {
			return err
		}
		ticker := time.NewTicker(p.Pace.Sources)
		defer ticker.Stop()
		for {
			p.ask(ctx, s)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
		}
	})
}

// ask asks the sources that no job asks. How they do is in their health.
func (p *process) ask(ctx context.Context, s *Sources) {
	log := p.log.With("component", "sources")
	if s.Prices != nil {
		if err := s.Prices.Refresh(ctx); err != nil && ctx.Err() == nil {
			log.Warn("prices were not refreshed; the newest ones stay", "error", err)
		}
	}
	if s.Remote == nil {
		return
	}
	all, err := p.database.get().Candidates(ctx)
	var stashes []string
	for i := range all {
		if all[i].Listed() && all[i].KusamaStash != "" {
			stashes = append(stashes, all[i].KusamaStash)
		}
	}
	if err == nil {
		err = s.Remote.Refresh(ctx, stashes)
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("ranks on the other network were not refreshed; the newest ones stay", "error", err)
	}
}
