package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/jobs/work"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/sources/release"
)

// jobsPart is the name of the work on jobs on the health board.
const jobsPart = "work on jobs"

// How many jobs of a queue a process works on at once.
const (
	workers     = 4
	coreWorkers = 2
)

// runJobs asks for jobs, and works on those of the process's roles.
func (p *process) runJobs(ctx context.Context, ready func()) error {
	r, err := p.newRounds()
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := p.work(ctx, r, ready); err != nil {
			return err
		}
	}
	return nil
}

// queues are those that the process works on.
func (p *process) queues(leads bool) map[string]int {
	q := map[string]int{}
	if p.has(config.RoleWorker) {
		q[jobs.QueueWork], q[jobs.QueueIndex] = workers, 1
	}
	if leads {
		q[jobs.QueueCore] = coreWorkers
	}
	return q
}

// work works on jobs until ctx ends, or it changes whether this process leads.
func (p *process) work(ctx context.Context, r *rounds.Service, ready func()) error {
	leads, decided, changed := p.lead.state()
	engine, err := p.newEngine(r, p.queues(leads))
	if err != nil {
		return err
	}
	if err := engine.Register(ctx); err != nil {
		return err
	}
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	board, err := engine.Board(own)
	if err != nil {
		return err
	}
	p.engine.set(engine)
	p.jobBoard.set(board)
	ready()
	if len(engine.Queues) > 0 && (decided || !p.has(config.RoleCore)) {
		begun, err := p.begin(own, changed, engine)
		if err != nil || !begun {
			return err
		}
		defer p.endJobs(engine)
	}
	select {
	case <-ctx.Done():
	case <-changed:
	}
	return nil
}

// begin starts an engine once there is something to work on. It returns false when ctx ends or changed is closed before.
func (p *process) begin(ctx context.Context, changed <-chan struct{}, engine *jobs.Engine) (bool, error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-waiting.Done():
		}
	}()
	p.board.Set(jobsPart, health.Starting, "waits for the chains")
	_, err := p.chains.get(waiting)
	if err == nil {
		p.board.Set(jobsPart, health.Starting, "waits for the candidate list")
		err = p.awaitCandidates(waiting)
	}
	if err != nil {
		if waiting.Err() != nil {
			return false, nil
		}
		return false, err
	}
	if err := engine.Start(ctx); err != nil {
		return false, err
	}
	var names []string
	for name := range engine.Queues {
		names = append(names, name)
	}
	slices.Sort(names)
	p.board.Set(jobsPart, health.OK, fmt.Sprintf("queues %v", names))
	p.log.Info("works on jobs", "component", "jobs", "queues", names)
	return true, nil
}

// awaitCandidates waits until candidates are stored. That the database does not answer meanwhile is waited out.
func (p *process) awaitCandidates(ctx context.Context) error {
	ticker := time.NewTicker(p.Pace.Candidates)
	defer ticker.Stop()
	for {
		list, err := p.database.get().Candidates(ctx)
		if err == nil && len(list) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// endJobs lets jobs end for half of the time that the process has to stop, so that what comes after has time, too.
func (p *process) endJobs(engine *jobs.Engine) {
	p.board.Set(jobsPart, health.Starting, "stopping")
	limit := time.Duration(p.cfg.Run.StopTimeout) * time.Millisecond / 2
	if leads, _, _ := p.lead.state(); p.has(config.RoleCore) && !leads {
		limit = min(limit, p.Pace.Lease/3) // another core is going to act
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := engine.Stop(ctx); err != nil {
		p.log.Warn("jobs did not stop in order; they are taken up again", "component", "jobs", "error", err)
	}
}

func (p *process) newEngine(r *rounds.Service, queues map[string]int) (*jobs.Engine, error) {
	o := jobs.Options{
		DB: p.database.get(), Process: p.id, Queues: queues, Plans: jobs.Plans(p.cfg.Schedules), Observe: p.observe,
		Now: p.Now, Logger: p.log.With("component", "jobs"), Poll: p.Pace.Poll, Beat: p.Pace.Beat, Lease: p.Pace.Silence,
	}
	if len(queues) > 0 {
		b := &work.Bench{
			Rounds: counted{r, p}, Memory: p.database.get(), Now: p.Now, Trigger: p.trigger, Nominator: looker{p}, Keep: p.cfg.Retention,
			Archive: func(ctx context.Context) (work.Archive, error) {
				c, err := p.chains.get(ctx)
				if err != nil {
					return nil, err
				}
				return c.Archive(ctx, "")
			},
		}
		p.addMonitor(b)
		var err error
		if o.Bodies, o.Absent, err = b.Bodies(); err != nil {
			return nil, err
		}
	}
	e, err := jobs.New(o)
	if err == nil {
		for _, j := range jobs.Catalogue() {
			if _, mine := queues[j.Queue]; mine {
				p.metrics.JobScheduled(j.Name)
			}
		}
	}
	return e, err
}

// addMonitor gives the release monitor to the jobs, or the reason why there is none.
func (p *process) addMonitor(b *work.Bench) {
	s, ok := p.sources.now()
	if ok && s.Release != nil {
		b.Monitor = monitor{s.Release}
		return
	}
	for name, state := range p.cfg.SourceStates() {
		if name == programme.SourceRelease {
			b.NoMonitor = state.Detail
		}
	}
}

// monitor names the newest client release.
type monitor struct{ source *release.Source }

// Refresh implements the monitor of the jobs.
func (m monitor) Refresh(ctx context.Context) (string, error) {
	if err := m.source.Refresh(ctx); err != nil {
		return "", err
	}
	newest, err := m.source.Newest(ctx)
	return newest.Value.Name, err
}

// looker looks with the nominators' service at the chain.
type looker struct{ p *process }

// Look implements the nominator of the jobs.
func (l looker) Look(ctx context.Context) error {
	s, err := l.p.nominator.get(ctx)
	if err != nil {
		return err
	}
	return s.Look(ctx)
}

// counted counts the rounds that are held.
type counted struct {
	*rounds.Service
	p *process
}

// Hold implements the rounds of the jobs.
func (c counted) Hold(ctx context.Context, force bool, progress func(chain.Progress)) (*rounds.Held, error) {
	held, err := c.Service.Hold(ctx, force, progress)
	switch {
	case err != nil && ctx.Err() == nil:
		c.p.metrics.Round("failed", c.p.Now())
	case held == nil || !held.New:
	case len(held.Braked) > 0:
		c.p.metrics.Round("braked", c.p.Now())
	default:
		c.p.metrics.Round("decided", c.p.Now())
	}
	return held, err
}

// observe puts what jobs do into the metrics.
func (p *process) observe(e jobs.Event) {
	switch e.Status {
	case jobs.Running:
		if e.Begins {
			p.metrics.JobRunning(e.Job)
		}
		p.metrics.JobProgress(e.Job, e.Progress)
	case jobs.Finished, jobs.Errored:
		p.metrics.JobEnded(e.Job, p.Now(), e.Took, e.Status == jobs.Finished)
	}
}

// trigger makes jobs wanted for a cause, whichever process works on them.
func (p *process) trigger(ctx context.Context, cause jobs.Cause) error {
	e, err := p.engine.get(ctx)
	if err != nil {
		return err
	}
	return e.Trigger(ctx, cause)
}

// runWatch has jobs wanted when sessions and eras change.
func (p *process) runWatch(ctx context.Context, ready func()) error {
	ready()
	w := &jobs.Watch{Heads: waitingChain{&p.chains}, Trigger: p.trigger, Logger: p.log.With("component", "watch")}
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// jobPages serves the board of the queue.
func (p *process) jobPages(w http.ResponseWriter, r *http.Request) {
	h, ok := p.jobBoard.now()
	if !ok {
		http.Error(w, "the queue is not open yet", http.StatusServiceUnavailable)
		return
	}
	h.ServeHTTP(w, r)
}
