package memory

import "github.com/thousand-validators/otv/internal/programme"

// JobStatus is what a job is doing.
type JobStatus string

// The states of a job, named as the old API does.
const (
	JobNotRunning JobStatus = "Not Running" // never ran, or switched off
	JobStarted    JobStatus = "started"     // scheduled, did not run yet
	JobRunning    JobStatus = "running"
	JobErrored    JobStatus = "errored" // the last run failed
	JobFinished   JobStatus = "finished"
)

// Job is the state of one job of the catalogue over all processes.
type Job struct {
	Name      string // such as ValidityJob
	Status    JobStatus
	Enabled   bool
	Schedule  string // six fields, seconds first
	Runs      int64  // ended runs
	Started   programme.Millis
	Ended     programme.Millis
	Updated   programme.Millis
	Progress  float64 // 0 to 100
	Iteration string  // what it is at
	Result    string  // one sentence on the last good run
	Error     string  // one sentence on the last run when it failed
}

// Action is something that an operator did.
type Action struct {
	Seq     int64            `json:"seq,omitempty"` // in the audit log
	At      programme.Millis `json:"at"`
	Author  string           `json:"author"`
	Verb    string           `json:"verb"`    // such as pause, resume, revoke, lift, override, overrule, rerun
	Subject string           `json:"subject"` // what it was done to
	Reason  string           `json:"reason"`
	Detail  string           `json:"detail,omitempty"` // JSON, empty for none
}

// Subject names a part of the memory whose changes are counted together, so that whoever keeps something derived from it
// knows when that is old.
type Subject string

// The subjects.
const (
	SubjectCandidates  Subject = "candidates"
	SubjectStandings   Subject = "standings" // verdicts and validity
	SubjectScores      Subject = "scores"
	SubjectRanks       Subject = "ranks"
	SubjectRounds      Subject = "rounds"
	SubjectNominators  Subject = "nominators"
	SubjectNominations Subject = "nominations"
	SubjectPlans       Subject = "plans" // plans, intents, announcements, pauses, alerts
	SubjectPoints      Subject = "points"
	SubjectEras        Subject = "eras"
	SubjectValidators  Subject = "validators" // sets and keys
	SubjectStakes      Subject = "stakes"
	SubjectPresence    Subject = "presence"
	SubjectLocations   Subject = "locations"
	SubjectReleases    Subject = "releases"
	SubjectRewards     Subject = "rewards"
	SubjectBlocks      Subject = "blocks"
	SubjectJobs        Subject = "jobs"
	SubjectSources     Subject = "sources"
	SubjectChain       Subject = "chain"
	SubjectActions     Subject = "actions"
	SubjectOverrides   Subject = "overrides" // answers of operators to checks
)
