package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/store"
)

// Body does a job. The text it returns tells what came of it, in one sentence. It must stop when ctx ends, and be fit
// to be done again from the beginning: a run may be cut off anywhere.
type Body func(ctx context.Context, r *Run) (result string, err error)

// Plan is when a job runs by itself.
type Plan struct {
	Key     string // of the job in the configuration
	Cron    string // six fields, seconds first, UTC
	Enabled bool
}

// Options are what an engine works with. DB and Bodies are required.
type Options struct {
	DB Database
	// Bodies has what each job does, by name. A process that works on no queue needs none.
	Bodies map[string]Body
	// Absent says of jobs that cannot be done why not. They never run, and their states tell the reason.
	Absent map[string]string
	// Plans are the schedules. A job without one runs by causes only, and a job that is not enabled never.
	Plans []Plan
	// Process names the process in the queue; no other has the name. Empty: the queue makes one up.
	Process string
	// Queues are those this process works on, with the number of jobs at once. Empty: it only asks for jobs.
	Queues map[string]int
	// Observe, unless nil, is told of every change of a state in this process.
	Observe func(Event)

	// Now is the clock of what is told about jobs. The queue itself goes by the machine's clock.
	Now    func() time.Time
	Logger *slog.Logger
	// Poll is how often the queue is looked at, Beat how often a worker shows that it is alive, and Lease how long it may
	// be silent before its job is taken from it.
	Poll, Beat, Lease time.Duration
	// Backoff is the pause before the second attempt; it doubles with each further one.
	Backoff time.Duration
}

// Event is a change of a job's state, for metrics.
type Event struct {
	Job      string
	Status   Status
	Progress float64
	Begins   bool // the run has just begun
	// Took is the duration of a run that has ended, by the machine's clock.
	Took time.Duration
}

// Defaults of [Options].
const (
	defaultPoll    = time.Second
	defaultBeat    = 5 * time.Second
	defaultLease   = 30 * time.Second
	defaultBackoff = 10 * time.Second
	maxBackoff     = 10 * time.Minute
	maxRescues     = 3 // in a row, until the next cause
)

// Engine asks for jobs, works on them, and tells how they stand. Several processes with an engine each may share a
// database.
type Engine struct {
	Options
	driver riverdriver.Driver[*sql.Tx]
	client *river.Client[*sql.Tx]
	table  table
	jobs   []Job // in dependency order
	byName map[string]*Job
	plans  map[string]Plan // by job

	ticks     chan string  // jobs whose schedule has come
	scheduled atomic.Int64 // how often one has in this process
	stop      context.CancelFunc
	running   sync.WaitGroup
	seen      map[string]sighting // workers, by job; used by one goroutine
}

// args is an entry of the queue. All entries have the same form; the kind is the name of the job.
type args struct {
	job   string
	Cause Cause `json:"cause"`
}

func (a args) Kind() string { return a.job }

// driverOf is River's driver for a database.
func driverOf(db Database) (riverdriver.Driver[*sql.Tx], error) {
	switch db.Dialect() {
	case store.SQLite:
		return riversqlite.New(db.SQL()), nil
	case store.PostgreSQL:
		return riverdatabasesql.New(db.SQL()), nil
	}
	return nil, fmt.Errorf("jobs: no queue is possible on %s", db.Dialect())
}

// Migrate makes the tables of the queue, or brings them up to date. Several processes may do so at once.
func Migrate(ctx context.Context, db Database) error {
	driver, err := driverOf(db)
	if err != nil {
		return err
	}
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("jobs: prepare the queue: %w", err)
	}
	// One step at a time: PostgreSQL wants the new value of an enumeration committed before it is used.
	for more := true; more && err == nil; {
		err = db.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, makeStates); err != nil {
				return err
			}
			done, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{MaxSteps: 1}) //nolint:staticcheck // deprecated for those who take several steps at once
			more = err == nil && len(done.Versions) > 0
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("jobs: make the tables of the queue: %w", err)
	}
	return nil
}

// New makes an engine; the tables must be there (see [Migrate]). It does nothing before [Engine.Start].
func New(o Options) (*Engine, error) {
	e := &Engine{Options: o, byName: map[string]*Job{}, plans: map[string]Plan{}, ticks: make(chan string, 64), seen: map[string]sighting{}}
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Logger == nil {
		e.Logger = slog.New(slog.DiscardHandler)
	}
	if e.Observe == nil {
		e.Observe = func(Event) {}
	}
	for _, d := range []struct {
		have *time.Duration
		want time.Duration
	}{{&e.Poll, defaultPoll}, {&e.Beat, defaultBeat}, {&e.Lease, defaultLease}, {&e.Backoff, defaultBackoff}} {
		if *d.have == 0 {
			*d.have = d.want
		}
	}
	var err error
	if e.jobs, err = order(Catalogue()); err != nil {
		return nil, err
	}
	for i := range e.jobs {
		e.byName[e.jobs[i].Name] = &e.jobs[i]
	}
	if err := e.takePlans(o.Plans); err != nil {
		return nil, err
	}
	if e.driver, err = driverOf(o.DB); err != nil {
		return nil, err
	}
	if e.table, err = newTable(o.DB); err != nil {
		return nil, err
	}
	return e, e.makeClient()
}

func (e *Engine) makeClient() (err error) {
	cfg := &river.Config{
		ID: e.Process, Logger: quiet(e.Logger), PollOnly: true,
		FetchPollInterval: e.Poll, FetchCooldown: min(e.Poll, 100*time.Millisecond),
		JobTimeout: -1, RescueStuckJobsAfter: 24 * time.Hour, // the engine does both itself
		RetryPolicy: &backoff{first: e.Backoff, now: time.Now},
	}
	if len(e.Queues) > 0 {
		cfg.Queues, cfg.Workers = map[string]river.QueueConfig{}, river.NewWorkers()
		for name, n := range e.Queues {
			cfg.Queues[name] = river.QueueConfig{MaxWorkers: n}
		}
		for i := range e.jobs {
			j := &e.jobs[i]
			if e.mine(j) && e.Bodies[j.Name] == nil && e.Absent[j.Name] == "" {
				return fmt.Errorf("jobs: nothing is known of how to do %s", j.Name)
			}
			river.AddWorkerArgs(cfg.Workers, args{job: j.Name}, river.Worker[args](&worker{engine: e, job: j}))
		}
		if cfg.PeriodicJobs, err = e.periodic(); err != nil {
			return err
		}
	}
	if e.client, err = river.NewClient(e.driver, cfg); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// Start begins to work, and makes every job wanted that runs at start.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.Register(ctx); err != nil {
		return err
	}
	ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	if len(e.Queues) == 0 {
		return nil
	}
	if err := e.client.Start(ctx); err != nil {
		e.stop()
		return fmt.Errorf("jobs: start the workers: %w", err)
	}
	e.running.Go(func() { e.keep(ctx) })
	return e.Trigger(ctx, AtStart)
}

// Stop ends the work: jobs under way may go on until ctx ends, and are then cut off and given back to the queue.
func (e *Engine) Stop(ctx context.Context) error {
	if e.stop == nil {
		return nil
	}
	defer e.running.Wait()
	defer e.stop()
	if len(e.Queues) == 0 {
		return nil
	}
	err := e.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.client.StopAndCancel(last); err != nil {
		return fmt.Errorf("jobs: stop the workers: %w", err)
	}
	return nil
}

// mine reports whether the process works on a job.
func (e *Engine) mine(j *Job) bool {
	_, ok := e.Queues[j.Queue]
	return ok
}

// Register makes a state for every job, as [Engine.Start] does too: they can be asked for then, and are shown.
func (e *Engine) Register(ctx context.Context) error {
	if err := e.register(ctx); err != nil {
		return fmt.Errorf("jobs: make their states: %w", err)
	}
	return nil
}

func (e *Engine) register(ctx context.Context) error {
	return e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		for i := range e.jobs {
			name := e.jobs[i].Name
			s := have[name]
			if s == nil {
				s = &State{Name: name, Status: Started}
			}
			plan, planned := e.plans[name]
			if mine := e.mine(&e.jobs[i]); planned && (mine || s.Frequency == "") {
				s.Frequency = plan.Cron
			} else if !mine && have[name] != nil {
				continue // those who work on it know whether it is switched off
			}
			switch {
			case e.Absent[name] != "" && e.mine(&e.jobs[i]):
				s.Status, s.Wanted, s.Error = NotRunning, "", e.Absent[name]
			case planned && !plan.Enabled:
				s.Status, s.Wanted = NotRunning, ""
			case s.Status == NotRunning:
				s.Status, s.Error = Started, ""
			}
			if err := e.table.save(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// States tells how all jobs stand, in the order of the catalogue. It needs no engine.
func States(ctx context.Context, db Database) ([]State, error) {
	t, err := newTable(db)
	if err != nil {
		return nil, err
	}
	have, err := t.all(ctx, db.SQL())
	if err != nil {
		return nil, err
	}
	var out []State
	for _, j := range Catalogue() {
		if s := have[j.Name]; s != nil {
			out = append(out, *s)
		}
	}
	return out, nil
}

// ErrUnknown means that there is no job of a name.
var ErrUnknown = errors.New("no such job")

// Trigger makes every job wanted that has the cause in its catalogue entry.
func (e *Engine) Trigger(ctx context.Context, cause Cause) error {
	var names []string
	for i := range e.jobs {
		if slices.Contains(e.jobs[i].On, cause) {
			names = append(names, e.jobs[i].Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return e.Request(ctx, cause, names...)
}

// Request makes jobs wanted. Those that are switched off are left out, unless an operator asks.
func (e *Engine) Request(ctx context.Context, cause Cause, names ...string) error {
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error { return e.RequestTx(ctx, tx, cause, names...) })
	if err != nil {
		return fmt.Errorf("jobs: ask for jobs: %w", err)
	}
	return nil
}

// RequestTx makes jobs wanted together with the data that causes it, in a transaction of [Database].Atomic.
func (e *Engine) RequestTx(ctx context.Context, tx *sql.Tx, cause Cause, names ...string) error {
	have, err := e.table.all(ctx, tx)
	if err != nil {
		return err
	}
	now := e.millis()
	for _, name := range names {
		s := have[name]
		if s == nil {
			return fmt.Errorf("%q: %w", name, ErrUnknown)
		}
		if s.Wanted != "" || s.Status == NotRunning && (cause != ByOperator || s.Error != "") {
			continue
		}
		s.Wanted, s.WantedAt = cause, now
		if err := e.table.save(ctx, tx, s); err != nil {
			return err
		}
	}
	return e.dispatch(ctx, tx, have, 0)
}

func (e *Engine) millis() programme.Millis { return programme.Millis(e.Now().UnixMilli()) }
