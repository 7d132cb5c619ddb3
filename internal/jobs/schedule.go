package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"

	"github.com/thousand-validators/otv/internal/config"
)

// Plans are the schedules of a configuration.
func Plans(list []config.Schedule) []Plan {
	out := make([]Plan, len(list))
	for i, s := range list {
		out[i] = Plan{Key: s.Job, Cron: s.Cron, Enabled: s.Enabled}
	}
	return out
}

// takePlans assigns schedules to jobs.
func (e *Engine) takePlans(plans []Plan) error {
	for _, p := range plans {
		var job *Job
		for i := range e.jobs {
			if e.jobs[i].Key == p.Key && p.Key != "" {
				job = &e.jobs[i]
			}
		}
		if job == nil {
			return fmt.Errorf("jobs: cron.%s: %w", p.Key, ErrUnknown)
		}
		if _, err := parse(p.Cron); err != nil {
			return fmt.Errorf("jobs: cron.%s: %w", p.Key, err)
		}
		e.plans[job.Name] = p
	}
	return nil
}

// parse reads a schedule of six fields, seconds first.
func parse(text string) (cron.Schedule, error) {
	return cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
}

// clocked is a schedule that does not make up for what it missed while the clock was jumping or the process asleep.
type clocked struct {
	cron.Schedule
	now func() time.Time
}

// Next implements river.PeriodicSchedule; in UTC.
func (c clocked) Next(t time.Time) time.Time {
	next := c.Schedule.Next(t.UTC())
	if now := c.now().UTC(); next.Before(now) {
		next = c.Schedule.Next(now)
	}
	return next
}

// periodic hands the schedules to the queue, which has one process follow them however many there are. That process only
// makes the jobs wanted, so that they keep their order.
func (e *Engine) periodic() ([]*river.PeriodicJob, error) {
	var out []*river.PeriodicJob
	for i := range e.jobs {
		name := e.jobs[i].Name
		p, ok := e.plans[name]
		if !ok || !p.Enabled && e.mine(&e.jobs[i]) { // whoever works on a job of another queue may have it switched on
			continue
		}
		s, err := parse(p.Cron)
		if err != nil {
			return nil, err
		}
		out = append(out, river.NewPeriodicJob(clocked{s, time.Now}, func() (river.JobArgs, *river.InsertOpts) {
			select {
			case e.ticks <- name:
			default: // asked for so often that nobody keeps up; the next time will do
			}
			return nil, nil
		}, nil))
	}
	return out, nil
}

// gathering is how long further schedules are waited for that come at the same second, so that their jobs are queued in
// their order.
const gathering = 250 * time.Millisecond

// due makes jobs wanted whose schedule has come.
func (e *Engine) due(ctx context.Context, first string) {
	e.scheduled.Add(1)
	names := []string{first}
	timer := time.NewTimer(gathering)
	defer timer.Stop()
	for more := true; more; {
		select {
		case name := <-e.ticks:
			names = append(names, name)
		case <-timer.C:
			more = false
		case <-ctx.Done():
			return
		}
	}
	if err := e.Request(ctx, BySchedule, names...); err != nil && ctx.Err() == nil {
		e.Logger.Error("scheduled jobs could not be queued; the next time tries again", "jobs", names, "error", err)
	}
}
