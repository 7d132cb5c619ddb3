package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/thousand-validators/otv/internal/programme"
)

// live are the states of entries that are going to be worked on, or are.
func live() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateRetryable,
	}
}

// entries are the live entries of the queue by job. There is at most one for each, see [unique].
func (e *Engine) entries(ctx context.Context, tx *sql.Tx) (map[string]*rivertype.JobRow, error) {
	list, err := e.client.JobListTx(ctx, tx, river.NewJobListParams().States(live()...).First(1000))
	if err != nil {
		return nil, fmt.Errorf("list the queue: %w", err)
	}
	out := make(map[string]*rivertype.JobRow, len(list.Jobs))
	for _, j := range list.Jobs {
		out[j.Kind] = j
	}
	return out, nil
}

// unique has the queue itself refuse a second live entry of a job.
func unique() river.UniqueOpts {
	return river.UniqueOpts{ByState: live(), ByQueue: true}
}

// dispatch queues what is wanted and need not wait for others. The entry done is left out of account: it is just ending.
func (e *Engine) dispatch(ctx context.Context, tx *sql.Tx, have map[string]*State, done int64) error {
	queue, err := e.entries(ctx, tx)
	if err != nil {
		return err
	}
	for name, entry := range queue {
		if entry.ID == done {
			delete(queue, name)
		}
	}
	busy := func(name string) bool {
		entry := queue[name]
		switch { // one that has failed keeps nobody waiting
		case entry == nil, entry.State == rivertype.JobStateRetryable:
			return false
		case entry.State == rivertype.JobStateRunning:
			return entry.Attempt <= 1
		}
		return entry.Attempt == 0
	}
	for i := range e.jobs {
		j := &e.jobs[i]
		s := have[j.Name]
		if s == nil || s.Wanted == "" || e.waits(j, s.WantedAt, have, busy) {
			continue
		}
		entry := queue[j.Name]
		switch {
		case entry == nil:
			_, err = e.client.InsertTx(ctx, tx, args{job: j.Name, Cause: s.Wanted}, &river.InsertOpts{
				MaxAttempts: j.Attempts, Queue: j.Queue, UniqueOpts: unique(),
			})
		case entry.State == rivertype.JobStateRunning:
			continue // once more when it is done
		case entry.State == rivertype.JobStateRetryable:
			_, err = e.client.JobRetryTx(ctx, tx, entry.ID)
		}
		if err != nil {
			return fmt.Errorf("queue %s: %w", j.Name, err)
		}
		s.Wanted, s.QueuedAt = "", s.WantedAt
		if err := e.table.save(ctx, tx, s); err != nil {
			return err
		}
		if entry == nil {
			queue[j.Name] = &rivertype.JobRow{Kind: j.Name, State: rivertype.JobStateAvailable}
		}
	}
	return nil
}

// patience is how long a job waits for one it comes after: without it, a network whose workers are all gone would hold
// no round either.
const patience = 20 * programme.Minute

// waits reports whether a job that was asked for at a moment has to wait for one it comes after, directly or by way of
// others. It does not wait for what was asked for later, nor for what was asked for too long ago: else a job that is
// asked for often, or that nobody can do, could keep it waiting for ever.
func (e *Engine) waits(j *Job, since programme.Millis, have map[string]*State, busy func(string) bool) bool {
	now := e.millis()
	return slices.ContainsFunc(j.After, func(name string) bool {
		s := have[name]
		switch {
		case s == nil:
		case s.Wanted != "" && s.WantedAt <= since && now-s.WantedAt < patience, busy(name) && s.QueuedAt <= since && now-s.QueuedAt < patience:
			return true
		}
		return e.waits(e.byName[name], since, have, busy)
	})
}

// backoff doubles the pause with every attempt.
type backoff struct {
	first time.Duration
	now   func() time.Time
}

// NextRetry implements river.ClientRetryPolicy.
func (b *backoff) NextRetry(job *rivertype.JobRow) time.Time {
	pause := b.first << min(max(job.Attempt-1, 0), 10)
	return b.now().UTC().Add(min(pause, maxBackoff))
}
