package app

import (
	"context"
	"errors"
	"time"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// runFigures puts into metrics and on the health board what is in the database: jobs, candidates, outside sources.
func (p *process) runFigures(ctx context.Context, ready func()) error {
	ready()
	ticker := time.NewTicker(p.Pace.Figures)
	defer ticker.Stop()
	for {
		if err := p.figures(ctx); err != nil && ctx.Err() == nil {
			p.log.Debug("figures could not be read; they are tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (p *process) figures(ctx context.Context) error {
	db := p.database.get()
	states, err := jobs.States(ctx, db)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for i := range states {
		s := &states[i]
		switch {
		case s.Status == jobs.NotRunning:
			count["off"]++
		case s.Status == jobs.Running:
			count["running"]++
		case s.Wanted != "":
			count["waiting"]++
		case s.Status == jobs.Errored:
			count["errored"]++
		default:
			count["idle"]++
		}
	}
	for _, state := range []string{"idle", "waiting", "running", "errored", "off"} {
		p.metrics.Queue(state, count[state])
	}
	if err := p.candidateFigures(ctx); err != nil {
		return err
	}
	switch index, err := db.BlockIndex(ctx); {
	case err == nil:
		p.metrics.BlocksScanned(0, index.Latest)
	case !errors.Is(err, plan.ErrNotFound):
		return err
	}
	healths, err := db.SourceHealths(ctx, p.cfg.Network.Label)
	if err != nil {
		return err
	}
	for _, h := range healths {
		state := map[programme.SourceState]health.State{
			programme.SourceOK: health.OK, programme.SourceDown: health.Down, programme.SourceAbsent: health.Off, programme.SourceOff: health.Off,
		}[h.State]
		p.board.Set("source "+h.Name, state, h.Detail)
	}
	return nil
}

func (p *process) candidateFigures(ctx context.Context) error {
	db := p.database.get()
	all, err := db.Candidates(ctx)
	if err != nil {
		return err
	}
	listed := map[int]bool{}
	for i := range all {
		if all[i].Listed() {
			listed[all[i].Slot] = true
		}
	}
	standings, err := db.Standings(ctx)
	if err != nil {
		return err
	}
	valid, active := 0, 0
	for i := range standings {
		s := &standings[i]
		if !listed[s.Slot] {
			continue
		}
		if s.Validity == programme.Valid {
			valid++
		}
		if s.Active {
			active++
		}
	}
	p.metrics.Candidates("listed", len(listed))
	p.metrics.Candidates("valid", valid)
	p.metrics.Candidates("active", active)
	return nil
}
