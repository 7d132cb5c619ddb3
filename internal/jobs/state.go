package jobs

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/store"
)

// Status is how a job stands, by the names that consumers of the old backend know.
type Status string

// The statuses. Finished and errored tell about the last run until the next one begins.
const (
	NotRunning Status = "Not Running" // switched off
	Started    Status = "started"     // has not run yet
	Running    Status = "running"
	Finished   Status = "finished"
	Errored    Status = "errored"
)

// State is what is known of a job, whatever process runs it.
type State struct {
	bun.BaseModel `bun:"table:job_states" json:"-"`

	Name      string `bun:",pk" json:"name"`
	Status    Status `json:"status"`
	Frequency string `json:"frequency,omitempty"` // six cron fields; empty without a schedule
	// Updated is the moment of the last change, ExecutedAt and FinishedAt the begin and end of the last run; ms, 0 = never.
	Updated    programme.Millis `json:"updated"`
	ExecutedAt programme.Millis `json:"executedAt,omitempty"`
	FinishedAt programme.Millis `json:"finishedAt,omitempty"`
	RunCount   int64            `json:"runCount"` // runs that ended, well or not
	Progress   float64          `json:"progress"` // percent
	Iteration  string           `json:"iteration,omitempty"`
	Result     string           `json:"result,omitempty"` // of the last run that ended well, in words
	Error      string           `json:"error,omitempty"`  // of the last run; empty when it ended well
	Cause      Cause            `json:"cause,omitempty"`  // of the last run
	Attempt    int              `json:"attempt,omitempty"`
	// Wanted is the cause of the next run; empty when none is.
	Wanted Cause `json:"wanted,omitempty"`
	// WantedAt is when that was asked for, and QueuedAt the same of the entry that is in the queue.
	WantedAt programme.Millis `json:"wantedAt,omitempty"`
	QueuedAt programme.Millis `json:"-"`
	// Owner names the process, queue entry and attempt that runs it; Beat goes up while that lives.
	Owner string `json:"owner,omitempty"`
	Beat  int64  `json:"-"`
	// Queued is the entry of the queue that Owner works on.
	Queued int64 `json:"-"`
	// Rescues counts the workers in a row that were lost with it.
	Rescues int `json:"rescues,omitempty"`
}

const makeStates = `CREATE TABLE IF NOT EXISTS job_states (
	name TEXT NOT NULL PRIMARY KEY, status TEXT NOT NULL, frequency TEXT NOT NULL,
	updated BIGINT NOT NULL, executed_at BIGINT NOT NULL, finished_at BIGINT NOT NULL, run_count BIGINT NOT NULL,
	progress DOUBLE PRECISION NOT NULL, iteration TEXT NOT NULL, result TEXT NOT NULL, error TEXT NOT NULL,
	cause TEXT NOT NULL, attempt BIGINT NOT NULL, wanted TEXT NOT NULL, wanted_at BIGINT NOT NULL, queued_at BIGINT NOT NULL,
	owner TEXT NOT NULL, beat BIGINT NOT NULL, queued BIGINT NOT NULL, rescues BIGINT NOT NULL)`

// Database is where the queue lives. Package store has it.
type Database interface {
	// Atomic runs fn in a transaction that nobody else writes beside, in any process.
	Atomic(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error
	// SQL is the pool for writing; on SQLite it has one connection.
	SQL() *sql.DB
	Dialect() store.Dialect
}

// table has the queries on states.
type table struct{ db *bun.DB }

func newTable(db Database) (table, error) {
	switch db.Dialect() {
	case store.SQLite:
		return table{bun.NewDB(db.SQL(), sqlitedialect.New())}, nil
	case store.PostgreSQL:
		return table{bun.NewDB(db.SQL(), pgdialect.New())}, nil
	}
	return table{}, fmt.Errorf("jobs: no queue is possible on %s", db.Dialect())
}

// all reads all states by name.
func (t table) all(ctx context.Context, c bun.IConn) (map[string]*State, error) {
	var rows []*State
	if err := t.db.NewSelect().Conn(c).Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read job states: %w", err)
	}
	out := make(map[string]*State, len(rows))
	for _, r := range rows {
		out[r.Name] = r
	}
	return out, nil
}

func (t table) save(ctx context.Context, c bun.IConn, s *State) error {
	_, err := t.db.NewInsert().Conn(c).Model(s).On("CONFLICT (name) DO UPDATE").
		Set("status = EXCLUDED.status").Set("frequency = EXCLUDED.frequency").Set("updated = EXCLUDED.updated").
		Set("executed_at = EXCLUDED.executed_at").Set("finished_at = EXCLUDED.finished_at").Set("run_count = EXCLUDED.run_count").
		Set("progress = EXCLUDED.progress").Set("iteration = EXCLUDED.iteration").Set("result = EXCLUDED.result").
		Set("error = EXCLUDED.error").Set("cause = EXCLUDED.cause").Set("attempt = EXCLUDED.attempt").
		Set("wanted = EXCLUDED.wanted").Set("wanted_at = EXCLUDED.wanted_at").Set("queued_at = EXCLUDED.queued_at").
		Set("owner = EXCLUDED.owner").Set("beat = EXCLUDED.beat").
		Set("queued = EXCLUDED.queued").Set("rescues = EXCLUDED.rescues").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store the state of %s: %w", s.Name, err)
	}
	return nil
}
