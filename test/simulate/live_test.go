package simulate_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// live lives through the seed and reports which promise was broken.
func (r *run) live() error {
	for r.step = 1; r.step <= busySteps+quietSteps; r.step++ {
		if r.step <= busySteps {
			r.mischief()
		}
		r.people()
		if r.mend(r.step > busySteps); r.step > busySteps {
			r.fuse = 0
		}
		if err := r.net.Step(); err != nil {
			return fmt.Errorf("the simulated network has stopped: %w", err)
		}
		r.observe()
		if err := r.work(); err != nil {
			return err
		}
		if r.step%2 != 0 {
			continue // the programme has done nothing
		}
		if err := r.check(); err != nil {
			return err
		}
		if r.step >= busySteps+r.calm() && !r.due && r.rested() && r.settled() == nil {
			return nil
		}
	}
	return r.settled()
}

// rested reports whether nothing is under way.
func (r *run) rested() bool {
	plans, intents, err := r.open()
	return err == nil && len(intents) == 0 && !slices.ContainsFunc(plans, func(p plan.Plan) bool { return p.State != plan.Planned || p.Tx != nil })
}

// restart ends the programme and starts it anew. While no node answers, it cannot be started; then the faults have to end.
func (r *run) restart() {
	r.stopProgramme()
	_ = r.begun() // the next step tries again; that nothing ever comes of it is found at the end
}

// observe lets the feed be seen, and writes down the truth about who is away.
func (r *run) observe() {
	now := r.now()
	for _, c := range r.net.Candidates() {
		list := r.truth[c.Slot]
		away := len(list) > 0 && list[len(list)-1].To == 0
		switch {
		case !c.Online() && !away:
			r.truth[c.Slot] = append(list, programme.Interval{From: now})
		case c.Online() && away:
			list[len(list)-1].To = now
		}
	}
	if r.eye == nil {
		return
	}
	// A feed in trouble may never show the block. One that is flooded does, after everything that came before it: not to wait
	// for that would have the simulated clock run away from it.
	limit := 500 * time.Millisecond
	if slices.ContainsFunc(r.faults, func(f active) bool { return strings.HasPrefix(f.name, "feed/") && f.name != "feed/flood" }) {
		limit = 2 * time.Millisecond
	}
	number, _ := r.net.Relay.Head()
	r.eye.await(uint64(number), limit)
	r.eye.do(func() { r.eye.tracker.Tick(now) })
}

// order is in which the jobs are done; those of once are about what plans do not depend on, and are done the first time only.
func order() (order []string, once map[string]bool) {
	return []string{jobs.EraPoints, jobs.EraStats, jobs.SessionKey, jobs.Inclusion, jobs.Validity, jobs.Score, jobs.Scorekeeper, jobs.Stale},
		map[string]bool{jobs.EraPoints: true, jobs.EraStats: true, jobs.SessionKey: true, jobs.Inclusion: true, jobs.Score: true, jobs.Stale: true}
}

// work lets the programme do what is due at a block.
func (r *run) work() (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case crash:
			r.note("the process is killed at %s", x.at)
			r.restart()
		default:
			panic(x)
		}
	}()
	if r.acting == nil { // it could not be started
		r.restart()
		if r.acting == nil {
			return nil
		}
	}
	if r.step%2 != 0 {
		return nil
	}
	if err := r.eye.save(r.ctx, r.db); err != nil {
		return fmt.Errorf("%w: presence cannot be stored: %w", errBroken, err)
	}
	r.plans = nil
	r.tried("look", r.acting.Look(r.ctx))
	if era := r.net.Staking().FinalEra(); era != r.era {
		r.era, r.due = era, true // what a new era causes
	}
	if r.due && r.step%sessionBlocks == 4 || r.again() {
		r.visits++
		r.due = true // until they are done
		r.jobs(r.visits == 1)
		r.plans = nil
	}
	return nil
}

// all are the plans.
func (r *run) all() (_ []plan.Plan, err error) {
	if r.plans == nil {
		r.plans, err = r.db.Plans(r.ctx, plan.Filter{})
	}
	return r.plans, err
}

// again reports whether a plan was closed that asks for a round at once.
func (r *run) again() bool {
	list, err := r.all()
	if err != nil {
		return false
	}
	for _, p := range list {
		if k := p.Round + string(p.Nominator); p.State.Closed() && p.Replan && !r.replays[k] {
			r.replays[k] = true
			return true
		}
	}
	return false
}

// jobs does the jobs that a new era causes.
func (r *run) jobs(all bool) {
	list, once := order()
	for _, name := range list {
		body := r.bodies[name]
		if body == nil || once[name] && !all {
			continue
		}
		result, err := body(r.ctx, &jobs.Run{Job: name, Logger: r.log})
		r.tried(name, err)
		if err == nil && name == jobs.Scorekeeper {
			r.note("round: %s", result)
			r.due = false
		}
		if err != nil && len(r.faults) > 0 {
			return // the queue tries again; the next session is enough here
		}
	}
}

// tried notes what did not go well. Without a fault everything has to.
func (r *run) tried(what string, err error) {
	if err != nil {
		r.note("%s: %v", what, err)
	}
}
