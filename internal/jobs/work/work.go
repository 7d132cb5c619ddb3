// Package work has what each job of the catalogue does (package jobs). The jobs of one process share one look at the
// world, so that whatever they write at about the same time is of the same block.
package work

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/rounds"
)

// Rounds looks at the world and remembers what it saw. Package rounds has it.
type Rounds interface {
	View(ctx context.Context, age time.Duration, progress func(chain.Progress)) (*rounds.View, error)
	Show(ctx context.Context, v *rounds.View) (int, error)
	Amend(ctx context.Context, v *rounds.View, put func(dst, src *memory.Standing)) (int, error)
	Score(ctx context.Context, v *rounds.View) (int, error)
	Judge(ctx context.Context, v *rounds.View) (int, error)
	Track(ctx context.Context, v *rounds.View) (int, error)
	Rerank(ctx context.Context, v *rounds.View, active map[int]int) error
	Hold(ctx context.Context, force bool, progress func(chain.Progress)) (*rounds.Held, error)
}

// Archive reads what snapshots do not hold, at one block.
type Archive interface {
	Validators(ctx context.Context, era programme.Era) ([]programme.Address, error)
	Points(ctx context.Context, era programme.Era) (*chain.Points, error)
	Keys(ctx context.Context) (map[programme.Address][]programme.SessionKey, error)
	Subs(ctx context.Context, supers []programme.Address) (map[programme.Address][]programme.Address, error)
}

// Memory is where the results go.
type Memory interface {
	// EraTotals are those of the eras whose points are stored. SaveEraPoints stores all points of an era with their total.
	EraTotals(ctx context.Context) ([]memory.EraTotal, error)
	SaveEraPoints(ctx context.Context, total memory.EraTotal, list []memory.EraPoints) error
	SaveEraStatistics(ctx context.Context, s memory.EraStatistics) error
	// SetEras are the eras from one on whose validator sets are stored. ActiveErasOf counts, per group, the eras of which any
	// account was in the set, those whose sets are not stored any more included.
	SetEras(ctx context.Context, from programme.Era) ([]programme.Era, error)
	ActiveErasOf(ctx context.Context, groups map[int][]programme.Address) (map[int]int, error)
	SaveValidatorSet(ctx context.Context, s memory.ValidatorSet) error
	SaveSessionKeys(ctx context.Context, list []memory.SessionKeys) error
	SaveStakes(ctx context.Context, list []memory.Stake) error
	SaveLocationStatistics(ctx context.Context, s memory.LocationStatistics) error
	SaveNominators(ctx context.Context, list []memory.Nominator) error
	SaveChain(ctx context.Context, c memory.Chain) error
	RaiseAlert(ctx context.Context, w plan.Warning) (fresh bool, err error)
	// Clean deletes what is older than it is to be kept.
	Clean(ctx context.Context, keep memory.Retention, progress func(done, total int, what string)) ([]memory.Cleaned, error)
}

// Monitor looks for a new client release and names the newest one known, empty when none is.
type Monitor interface {
	Refresh(ctx context.Context) (newest string, err error)
}

// Indexer searches final blocks for payouts. It tells progress in blocks, and what came of it in one sentence.
type Indexer interface {
	Index(ctx context.Context, progress func(done, total int, block uint32)) (result string, err error)
}

// Nominator moves plans on. Package nominator has it.
type Nominator interface {
	Look(ctx context.Context) error
}

// Bench is what the jobs are done with. Rounds, Archive and Memory are required by all; Nominator by those of the core
// queue. Without a Monitor or an Indexer their jobs are absent.
type Bench struct {
	Rounds    Rounds
	Archive   func(ctx context.Context) (Archive, error)
	Memory    Memory
	Monitor   Monitor
	Indexer   Indexer
	Nominator Nominator
	// Trigger makes jobs wanted that have a cause; nil in tests of single jobs.
	Trigger func(ctx context.Context, cause jobs.Cause) error
	// Keep says for how long what is written again and again is kept.
	Keep memory.Retention
	// Force has the next round held whether a nominator is due or not; once.
	Force bool

	Now func() time.Time
	// Age is how old a snapshot may be for what is shown; 1 minute when 0.
	Age time.Duration
	// NoMonitor and NoIndexer say why there is none.
	NoMonitor, NoIndexer string

	newest string // release that was known last
}

// Bodies are the bodies of all jobs that can be done, and the reasons of those that cannot.
func (b *Bench) Bodies() (bodies map[string]jobs.Body, absent map[string]string, err error) {
	if b.Rounds == nil || b.Archive == nil || b.Memory == nil || b.Now == nil {
		return nil, nil, errors.New("work: rounds, archive, memory and clock are needed")
	}
	if b.Age == 0 {
		b.Age = time.Minute
	}
	bodies = map[string]jobs.Body{
		jobs.ActiveValidator: b.activeValidator, jobs.Validity: b.validity, jobs.Score: b.score, jobs.EraStats: b.eraStats,
		jobs.EraPoints: b.eraPoints, jobs.Inclusion: b.inclusion, jobs.SessionKey: b.sessionKey, jobs.UnclaimedEras: b.unclaimedEras,
		jobs.ValidatorPref: b.validatorPref, jobs.LocationStats: b.locationStats, jobs.NominatorStake: b.nominatorStake,
		jobs.Scorekeeper: b.scorekeeper, jobs.Stale: b.stale, jobs.CleanUp: b.cleanUp,
	}
	absent = map[string]string{jobs.ClearOffline: "there is nothing to do: offline time is counted over a trailing window and never reset"}
	if bodies[jobs.Monitor] = b.monitor; b.Monitor == nil {
		delete(bodies, jobs.Monitor)
		absent[jobs.Monitor] = reason(b.NoMonitor, "no source of client releases is configured")
	}
	if bodies[jobs.BlockData] = b.blockData; b.Indexer == nil {
		delete(bodies, jobs.BlockData)
		absent[jobs.BlockData] = reason(b.NoIndexer, "no indexer of blocks is configured")
	}
	bodies[jobs.Execution], bodies[jobs.Cancel] = b.execution, b.cancel
	if b.Nominator == nil {
		for _, name := range []string{jobs.Execution, jobs.Cancel} {
			delete(bodies, name)
			absent[name] = "no nominators are configured here"
		}
	}
	return bodies, absent, nil
}

func reason(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}

// view looks at the world and tells the job's progress meanwhile: reading the chains is the first half of the work.
func (b *Bench) view(ctx context.Context, r *jobs.Run) (*rounds.View, error) {
	return b.Rounds.View(ctx, b.Age, reading(r))
}

// parts is about how many parts a snapshot has.
const parts = 10

// reading tells how far the reading of the chains has come, as the first half of a job.
func reading(r *jobs.Run) func(chain.Progress) {
	done := 0
	return func(p chain.Progress) {
		if p.Done {
			done = min(done+1, parts)
		}
		r.Progress(done, 2*parts, fmt.Sprintf("reading %s: %d", p.Part, p.Read))
	}
}

// half tells the progress of the second half of a job.
func half(r *jobs.Run, done, total int, item string) { r.Progress(total+done, 2*total, item) }

func (b *Bench) trigger(ctx context.Context, cause jobs.Cause) error {
	if b.Trigger == nil {
		return nil
	}
	return b.Trigger(ctx, cause)
}
