package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// sighting is when a worker was first seen in the state it is in. Only this process's clock counts, and only forwards,
// so that clocks that differ or jump take nobody's job away.
type sighting struct {
	entry int64
	beat  int64
	since time.Time
}

// keep looks after the queue until ctx ends: schedules that have come, workers that are gone, and wanted jobs that
// nobody has queued.
func (e *Engine) keep(ctx context.Context) {
	ticker := time.NewTicker(e.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case name := <-e.ticks:
			e.due(ctx, name)
		case <-ticker.C:
			if err := e.tend(ctx); err != nil && ctx.Err() == nil {
				e.Logger.Error("the queue could not be looked after; the next look tries again", "error", err)
			}
		}
	}
}

// tend takes jobs from workers that are gone, and queues what is wanted.
func (e *Engine) tend(ctx context.Context) error {
	return e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		queue, err := e.entries(ctx, tx)
		if err != nil {
			return err
		}
		for i := range e.jobs {
			name := e.jobs[i].Name
			entry, s := queue[name], have[name]
			if entry == nil || s == nil || entry.State != rivertype.JobStateRunning {
				delete(e.seen, name)
				continue
			}
			last, ok := e.seen[name]
			if !ok || last.entry != entry.ID || last.beat != s.Beat {
				e.seen[name] = sighting{entry.ID, s.Beat, time.Now()}
				continue
			}
			if time.Since(last.since) < e.Lease {
				continue
			}
			if err := e.rescue(ctx, tx, entry, s); err != nil {
				return fmt.Errorf("rescue %s: %w", name, err)
			}
			delete(e.seen, name)
		}
		return e.dispatch(ctx, tx, have, 0)
	})
}

// rescue closes the entry of a worker that is gone, so that the worker can do nothing with it should it come back, and
// makes the job wanted again.
func (e *Engine) rescue(ctx context.Context, tx *sql.Tx, entry *rivertype.JobRow, s *State) error {
	now := time.Now().UTC()
	text, err := json.Marshal(rivertype.AttemptError{At: now, Attempt: entry.Attempt, Error: "the worker is gone; another one gets the job"})
	if err != nil {
		return err
	}
	state, again := rivertype.JobStateDiscarded, true
	if cancelled(entry) {
		state, again = rivertype.JobStateCancelled, false
	}
	_, err = e.driver.UnwrapExecutor(tx).JobRescueMany(ctx, &riverdriver.JobRescueManyParams{
		ID: []int64{entry.ID}, Error: [][]byte{text}, FinalizedAt: []*time.Time{&now}, ScheduledAt: []time.Time{entry.ScheduledAt},
		State: []string{string(state)},
	})
	if err != nil {
		return err
	}
	s.Rescues++
	s.Status, s.Owner, s.Queued, s.Updated = Errored, "", 0, e.millis()
	s.Error = "the process that ran it is gone"
	switch {
	case !again:
		s.Error = errCancelled.Error()
	case s.Rescues > maxRescues:
		s.Error = fmt.Sprintf("the processes that ran it were lost %d times in a row; it waits for the next cause", s.Rescues)
		s.Rescues = 0
	case s.Wanted == "":
		s.Wanted, s.WantedAt = ByRescue, e.millis()
	}
	e.Logger.Warn("a job was taken from a worker that is gone", "job", s.Name, "worker", entry.AttemptedBy, "times", s.Rescues)
	return e.table.save(ctx, tx, s)
}
