package jobs

import (
	"fmt"
	"slices"
	"time"
)

// The jobs, by the names that consumers of the old backend know.
const (
	ActiveValidator = "ActiveValidatorJob"
	Monitor         = "MonitorJob"
	ClearOffline    = "ClearOfflineJob"
	Validity        = "ValidityJob"
	Score           = "ScoreJob"
	EraStats        = "EraStatsJob"
	EraPoints       = "EraPointsJob"
	Inclusion       = "InclusionJob"
	SessionKey      = "SessionKeyJob"
	UnclaimedEras   = "UnclaimedErasJob"
	ValidatorPref   = "ValidatorPrefJob"
	LocationStats   = "LocationStatsJob"
	NominatorStake  = "NominatorJob"
	BlockData       = "BlockDataJob"
	Scorekeeper     = "MainScorekeeperJob"
	Execution       = "ExecutionJob"
	Cancel          = "CancelJob"
	Stale           = "StaleNominationJob"
	CleanUp         = "CleanUpJob"
)

// Cause is why a job is wanted.
type Cause string

// The causes.
const (
	AtStart    Cause = "start"     // a process has started
	OnBlock    Cause = "block"     // a block of the staking chain is final
	OnSession  Cause = "session"   // another session
	OnEra      Cause = "era"       // another active era
	OnFeed     Cause = "telemetry" // nodes came, went, or changed their version or place
	OnList     Cause = "list"      // the candidate list changed
	OnRelease  Cause = "release"   // a client was released
	OnPlan     Cause = "plan"      // a nominator's plan closed, or a target of one became unfit
	BySchedule Cause = "schedule"
	ByOperator Cause = "operator"
	ByRescue   Cause = "rescue" // the worker that had it is gone
)

// Queues. A process works on those of its roles.
const (
	QueueWork  = "work"  // everything that any worker can do
	QueueCore  = "core"  // what needs the nominators' keys, or decides rounds
	QueueIndex = "index" // long walks through blocks, which must not keep others waiting
)

// Job is an entry of the catalogue.
type Job struct {
	Name  string
	Key   string // under cron in the configuration; empty when the job has no schedule
	Queue string
	// After are the jobs whose results it uses. When they are wanted too, it runs after them.
	After []string
	// On are the causes that make it wanted besides its schedule and an operator.
	On []Cause
	// Timeout bounds one run, Attempts how often a failing run is tried before the next cause.
	Timeout       time.Duration
	Attempts      int
	Reads, Writes string // in words, for docs/jobs.md
}

const (
	usualTimeout  = 10 * time.Minute
	longTimeout   = 30 * time.Minute
	usualAttempts = 5
)

// Catalogue lists all jobs in the order in which the old backend showed them.
func Catalogue() []Job {
	list := []Job{
		{Name: ActiveValidator, Key: "activeValidator", After: []string{EraStats}, On: []Cause{AtStart, OnSession, OnList},
			Reads: "validator set of the newest session", Writes: "`active` of every candidate"},
		{Name: Monitor, Key: "monitor", On: []Cause{AtStart},
			Reads: "releases of the client", Writes: "release"},
		{Name: ClearOffline, On: nil, Attempts: 1,
			Reads: "nothing", Writes: "nothing: offline time is counted over a trailing window and never reset"},
		{Name: Validity, Key: "validity", After: []string{Monitor, SessionKey, UnclaimedEras, EraStats}, On: []Cause{AtStart, OnSession, OnEra, OnFeed, OnList, OnRelease},
			Reads: "snapshot, presence, locations, release, remote ranks, history", Writes: "how every candidate stands: verdicts, validity and how they changed, and as of the same block what the jobs for single facts write; faults and ranks; clock of the chain"},
		{Name: Score, Key: "score", After: []string{Validity, Inclusion, EraStats, ValidatorPref, NominatorStake}, On: []Cause{AtStart, OnSession, OnEra, OnList},
			Reads: "the same as ValidityJob", Writes: "score of every valid candidate, score statistics of the session"},
		{Name: EraStats, Key: "eraStats", On: []Cause{AtStart, OnSession, OnEra, OnList, OnPlan},
			Reads: "validator sets, identities, rank events", Writes: "validator set of the session, identities, era, counts of candidates, both ranks, closing of nomination periods"},
		{Name: EraPoints, Key: "eraPoints", On: []Cause{AtStart, OnEra},
			Reads: "reward points of the eras whose totals are not stored", Writes: "points per stash and era, totals per era"},
		{Name: Inclusion, Key: "inclusion", After: []string{EraPoints}, On: []Cause{AtStart, OnEra, OnList},
			Reads: "reward points of the last eras", Writes: "`inclusion` and `spanInclusion` of every candidate"},
		{Name: SessionKey, Key: "sessionKey", On: []Cause{AtStart, OnSession, OnList},
			Reads: "next session keys", Writes: "session keys"},
		{Name: UnclaimedEras, Key: "unclaimedEras", After: []string{EraPoints}, On: []Cause{AtStart, OnEra, OnList},
			Reads: "claimed reward pages", Writes: "`unclaimedEras` of every candidate"},
		{Name: ValidatorPref, Key: "validatorPref", On: []Cause{AtStart, OnSession, OnList},
			Reads: "intentions, ledgers, payees", Writes: "`commission`, `controller`, `rewardDestination`, `bonded` of every candidate"},
		{Name: LocationStats, Key: "locationStats", After: []string{EraStats}, On: []Cause{AtStart, OnSession},
			Reads: "locations, validator set", Writes: "location statistics of the session"},
		{Name: NominatorStake, Key: "nominator", On: []Cause{AtStart, OnSession, OnEra},
			Reads: "exposures of the active era, nominators of the candidates", Writes: "stake of the nominators of every candidate"},
		{Name: BlockData, Key: "block", Queue: QueueIndex, Timeout: longTimeout, On: []Cause{AtStart},
			Reads: "final blocks", Writes: "payouts, rewards, block index"},
		{Name: Scorekeeper, Key: "scorekeeper", Queue: QueueCore, Timeout: longTimeout,
			After: []string{ActiveValidator, Monitor, Validity, Score, EraStats, EraPoints, Inclusion, SessionKey, UnclaimedEras, ValidatorPref, LocationStats, NominatorStake},
			On:    []Cause{AtStart, OnEra, OnFeed, OnPlan},
			Reads: "everything above", Writes: "when a nominator is due a round with its record, its plans, and how the candidates stand and score in it; how the nominators stand"},
		{Name: Execution, Key: "execution", Queue: QueueCore, After: []string{Scorekeeper}, On: []Cause{AtStart},
			Reads: "open plans, announcements", Writes: "transactions that are due"},
		{Name: Cancel, Key: "cancel", Queue: QueueCore, On: []Cause{AtStart},
			Reads: "announcements of the nominators' proxies", Writes: "removals of announcements that no open plan explains"},
		{Name: Stale, Key: "stale", Queue: QueueCore, On: []Cause{AtStart, OnEra},
			Reads: "nominations on chain", Writes: "alerts about nominations that have become old"},
		{Name: CleanUp, Key: "cleanUp", Queue: QueueIndex, Timeout: longTimeout,
			Reads: "ages of what is stored", Writes: "nothing: deletes what is older than `retention` says"},
	}
	for i := range list {
		j := &list[i]
		if j.Queue == "" {
			j.Queue = QueueWork
		}
		if j.Timeout == 0 {
			j.Timeout = usualTimeout
		}
		if j.Attempts == 0 {
			j.Attempts = usualAttempts
		}
	}
	return list
}

// order sorts jobs so that each comes after those it depends on; those that are not in the list do not matter. It fails
// when they depend on each other.
func order(list []Job) ([]Job, error) {
	left := slices.Clone(list)
	waits := func(j Job) bool {
		return slices.ContainsFunc(left, func(o Job) bool { return slices.Contains(j.After, o.Name) })
	}
	var out []Job
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(j Job) bool { return !waits(j) })
		if i < 0 {
			return nil, fmt.Errorf("jobs: %s and others depend on each other", left[0].Name)
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out, nil
}
