package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/thousand-validators/otv/internal/store"
)

// Why a run was cut off.
var (
	errCancelled = errors.New("cancelled by an operator")
	errLost      = errors.New("the job was taken from this worker, which had been silent for too long")
)

// worker does the jobs of one name.
type worker struct {
	river.WorkerDefaults[args]
	engine *Engine
	job    *Job
}

// Timeout leaves it to the engine, so that a run that takes too long is told from a process that stops.
func (w *worker) Timeout(*river.Job[args]) time.Duration { return -1 }

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, entry *river.Job[args]) error {
	e := w.engine
	keep := context.WithoutCancel(ctx) // what is written about a run is written also when it is cut off
	r := &Run{
		Job: w.job.Name, Cause: entry.Args.Cause, Attempt: entry.Attempt, Logger: e.Logger.With("job", w.job.Name),
		engine: e, entry: entry.ID, owner: fmt.Sprintf("%s/%d/%d", e.client.ID(), entry.ID, entry.Attempt),
	}
	body, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.cancel = cancel
	if err := r.begin(keep); err != nil {
		return err
	}
	limited, free := context.WithTimeoutCause(body, w.job.Timeout, fmt.Errorf("it took longer than %s", w.job.Timeout))
	defer free()
	beating, silent := context.WithCancel(keep)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.beats(beating)
	}()
	result, err := r.do(limited, e.Bodies[w.job.Name])
	silent()
	<-done
	cause := context.Cause(limited)
	switch {
	case errors.Is(cause, errLost):
		r.Logger.Warn("a run was not finished", "reason", errLost)
		return river.JobCancel(errLost) // without effect: the entry is closed already
	case err == nil:
		return w.finish(keep, r, entry, result)
	case errors.Is(cause, errCancelled):
		if err := w.fail(keep, r, errCancelled, true); err != nil {
			return err
		}
		return river.JobCancel(errCancelled)
	case ctx.Err() != nil: // the process stops
		if err := w.giveBack(keep, r); err != nil {
			return err
		}
		return river.JobSnooze(0)
	case cause != nil:
		err = cause
	}
	r.Logger.Error("a job failed", "error", err, "attempt", entry.Attempt, "of", entry.MaxAttempts)
	if failed := w.fail(keep, r, err, false); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// do runs the body. A panic is an error like any other, so that the process lives on.
func (r *Run) do(ctx context.Context, body Body) (result string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the job broke down: %v", p)
			r.Logger.Error("a job broke down", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return body(ctx, r)
}

// finish closes the entry, stores the result, and queues what has waited for it, all at once.
func (w *worker) finish(ctx context.Context, r *Run, entry *river.Job[args], result string) error {
	e := w.engine
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		s, err := r.mine(have)
		if err != nil {
			return err
		}
		if err := e.complete(ctx, tx, entry); err != nil {
			return fmt.Errorf("close the entry of %s: %w", w.job.Name, err)
		}
		s.Status, s.Result, s.Error, s.Progress, s.Rescues = Finished, result, "", 100, 0
		r.end(s)
		if err := e.table.save(ctx, tx, s); err != nil {
			return err
		}
		return e.dispatch(ctx, tx, have, entry.ID)
	})
	if errors.Is(err, errLost) {
		return river.JobCancel(err)
	}
	if err == nil {
		e.Observe(Event{Job: w.job.Name, Status: Finished, Progress: 100, Took: time.Since(r.began)})
	}
	return err
}

// complete closes an entry within a transaction.
func (e *Engine) complete(ctx context.Context, tx *sql.Tx, entry *river.Job[args]) error {
	var err error
	if e.DB.Dialect() == store.PostgreSQL {
		_, err = river.JobCompleteTx[*riverdatabasesql.Driver](ctx, tx, entry)
	} else {
		_, err = river.JobCompleteTx[*riversqlite.Driver](ctx, tx, entry)
	}
	return err
}

// fail stores an error. Others wait no longer; the entry is tried again by the queue, unless it was cancelled.
func (w *worker) fail(ctx context.Context, r *Run, cause error, final bool) error {
	e := w.engine
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		s, err := r.mine(have)
		if err != nil {
			return err
		}
		s.Status, s.Error = Errored, cause.Error()
		if final {
			s.Wanted = ""
		}
		r.end(s)
		if err := e.table.save(ctx, tx, s); err != nil {
			return err
		}
		return e.dispatchOthers(ctx, tx, have, w.job.Name, r.entry)
	})
	if err == nil {
		e.Observe(Event{Job: w.job.Name, Status: Errored, Progress: r.progress(), Took: time.Since(r.began)})
	}
	return err
}

// dispatchOthers queues what has waited for a job that failed, but not the job itself: its entry is not closed yet.
func (e *Engine) dispatchOthers(ctx context.Context, tx *sql.Tx, have map[string]*State, name string, entry int64) error {
	self := have[name]
	wanted := self.Wanted
	self.Wanted = ""
	err := e.dispatch(ctx, tx, have, entry)
	self.Wanted = wanted
	return err
}

// giveBack notes that a run was cut off because the process stops; the entry goes back to the queue.
func (w *worker) giveBack(ctx context.Context, r *Run) error {
	e := w.engine
	return e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		s, err := r.mine(have)
		if errors.Is(err, errLost) {
			return nil
		}
		s.Status, s.Owner, s.Queued, s.Updated = Started, "", 0, e.millis()
		return e.table.save(ctx, tx, s)
	})
}
