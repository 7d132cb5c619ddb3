package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// Run is one run of a job, as its body sees it.
type Run struct {
	Job     string
	Cause   Cause
	Attempt int // 1 for the first
	Logger  *slog.Logger

	engine *Engine
	entry  int64
	owner  string
	began  time.Time
	cancel context.CancelCauseFunc

	mu        sync.Mutex
	percent   float64
	iteration string
}

// Progress tells how far the run has come: done of total parts, the last of them item. It is stored with the next sign
// of life.
func (r *Run) Progress(done, total int, item string) {
	r.mu.Lock()
	if total > 0 {
		r.percent = 100 * float64(min(done, total)) / float64(total)
	}
	r.iteration = item
	percent := r.percent
	r.mu.Unlock()
	if r.engine != nil {
		r.engine.Observe(Event{Job: r.Job, Status: Running, Progress: percent})
	}
}

func (r *Run) progress() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.percent
}

// show puts the progress into a state.
func (r *Run) show(s *State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Progress, s.Iteration = r.percent, r.iteration
}

// end notes in a state that the run is over.
func (r *Run) end(s *State) {
	if s.Status != Finished {
		r.show(s)
	}
	now := r.engine.millis()
	s.RunCount++
	s.Owner, s.Queued, s.Updated, s.FinishedAt = "", 0, now, now
}

// mine is the state of the job, if the run still owns it.
func (r *Run) mine(have map[string]*State) (*State, error) {
	s := have[r.Job]
	if s == nil || s.Owner != r.owner {
		return nil, errLost
	}
	return s, nil
}

// begin notes that the run begins.
func (r *Run) begin(ctx context.Context) error {
	e := r.engine
	r.began = time.Now()
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		s := have[r.Job]
		if s == nil {
			s = &State{Name: r.Job}
		}
		s.Status, s.Owner, s.Queued, s.Beat, s.Cause, s.Attempt = Running, r.owner, r.entry, s.Beat+1, r.Cause, r.Attempt
		s.Progress, s.Iteration = 0, ""
		s.ExecutedAt = e.millis()
		s.Updated = s.ExecutedAt
		return e.table.save(ctx, tx, s)
	})
	if err == nil {
		e.Observe(Event{Job: r.Job, Status: Running, Begins: true})
	}
	return err
}

// beats shows again and again that the run is alive, and looks whether it is still wanted, until ctx ends.
func (r *Run) beats(ctx context.Context) {
	ticker := time.NewTicker(r.engine.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch err := r.beat(ctx); {
		case err == nil, ctx.Err() != nil:
		case errors.Is(err, errLost), errors.Is(err, errCancelled):
			r.cancel(err)
			return
		default:
			r.Logger.Warn("the progress of a job could not be stored", "error", err)
		}
	}
}

func (r *Run) beat(ctx context.Context) error {
	e := r.engine
	stored := Event{Job: r.Job, Status: Running}
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		s, err := r.mine(have)
		if err != nil {
			return err
		}
		entry, err := e.client.JobGetTx(ctx, tx, r.entry)
		if err != nil {
			return err
		}
		if cancelled(entry) {
			return errCancelled
		}
		s.Beat++
		s.Updated = e.millis()
		r.show(s)
		stored.Progress = s.Progress
		return e.table.save(ctx, tx, s)
	})
	if err == nil {
		e.Observe(stored)
	}
	return err
}

// cancelled reports whether somebody wants a running entry to be cancelled.
func cancelled(entry *rivertype.JobRow) bool {
	var m struct {
		At time.Time `json:"cancel_attempted_at"`
	}
	return json.Unmarshal(entry.Metadata, &m) == nil && !m.At.IsZero()
}
