package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
)

// every is how often the database is looked at.
const every = 300 * time.Millisecond

// watcher tells what changes in the database.
type watcher struct {
	db      *store.Store
	network *simnet.Network
	tell    *teller
	last    facts
	failed  string
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil && err.Error() != w.failed {
			w.failed = err.Error()
			w.tell.say("demo", "the database cannot be read at the moment: "+w.failed)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *watcher) look(ctx context.Context) error {
	if err := w.network.Err(); err != nil {
		return fmt.Errorf("the simulated network has stopped: %w", err)
	}
	var f facts
	err := w.db.View(ctx, func(ctx context.Context) (err error) {
		f, err = read(ctx, w.db)
		return err
	})
	if err != nil {
		return err
	}
	for _, line := range story(&w.last, &f, w.nominators()) {
		w.tell.say("programme", line)
	}
	w.last, w.failed = f, ""
	return nil
}

// nominators are the addresses of the programme's own, in the order of the configuration.
func (w *watcher) nominators() []programme.Address {
	var out []programme.Address
	for _, n := range w.network.Nominators() {
		out = append(out, programme.Address(n.Address()))
	}
	return out
}

// facts are what a story is told of.
type facts struct {
	candidates []memory.Candidate
	standings  []memory.Standing
	rankings   []memory.Ranking
	scores     []memory.Score
	plans      []plan.Plan // newest first
	chain      *memory.Chain
	era        *memory.EraStatistics
}

func read(ctx context.Context, db *store.Store) (f facts, err error) {
	var errs [7]error
	f.candidates, errs[0] = db.Candidates(ctx)
	f.standings, errs[1] = db.Standings(ctx)
	f.rankings, errs[2] = db.Rankings(ctx)
	f.scores, errs[3] = db.NewestScores(ctx)
	f.plans, errs[4] = db.Plans(ctx, plan.Filter{Limit: 50})
	if c, err := db.Chain(ctx); err == nil {
		f.chain = &c
	} else if !errors.Is(err, store.ErrNotFound) {
		errs[5] = err
	}
	if e, err := db.EraStatistics(ctx); err == nil {
		f.era = &e
	} else if !errors.Is(err, store.ErrNotFound) {
		errs[6] = err
	}
	return f, errors.Join(errs[:]...)
}
