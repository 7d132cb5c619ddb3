package programme

// Inputs are everything a round is decided from, frozen. The same inputs always give the same decision.
type Inputs struct {
	// Now is the timestamp of the staking chain's block: the round knows no other clock.
	Now      Millis   `json:"now"`
	Rules    Rules    `json:"rules"`
	Snapshot Snapshot `json:"snapshot"`
	// Seed is the hash of the staking chain's block; the random factor of each candidate comes from it.
	Seed       string           `json:"seed"`
	Candidates []CandidateInput `json:"candidates"` // by slot
	Nominators []Nominator      `json:"nominators"` // in configuration order, which decides who chooses first
	Sources    []Source         `json:"sources"`
	Release    *Release         `json:"release,omitempty"`
	Force      bool             `json:"force"` // include every bonded nominator, due or not
	Previous   *Previous        `json:"previous,omitempty"`
}

// CandidateInput is one candidate with what is known of it outside the chain. Its chain facts are in
// Snapshot.Candidates under its stash.
type CandidateInput struct {
	Candidate
	Facts
	// Overrides are those that have not expired, at most one for each check.
	Overrides []Override `json:"overrides,omitempty"`
}

// Nominator is one of the programme's own accounts, as configured.
type Nominator struct {
	Address Address `json:"address"`         // bonded account
	Proxy   Address `json:"proxy,omitempty"` // signing account when it acts through a proxy
	// Delay is the configured proxy delay in blocks; the chain's own value is what counts.
	Delay uint32 `json:"delay,omitempty"`
	// Open says that a plan of this nominator is not finished, so that it is not due.
	Open bool `json:"open,omitempty"`
	Max  int  `json:"max,omitempty"` // most targets for this nominator, 0 = as computed
}

// Previous is what is kept of the record before this one.
type Previous struct {
	Digest     string              `json:"digest"`
	Now        Millis              `json:"now"`
	ActiveEra  Era                 `json:"activeEra"`
	Candidates []PreviousCandidate `json:"candidates"`
	Nominators []PreviousNominator `json:"nominators"`
}

// PreviousCandidate is a candidate's outcome in the previous record.
type PreviousCandidate struct {
	Slot     int      `json:"slot"`
	Stash    Address  `json:"stash"`
	Validity Validity `json:"validity"`
	Position int      `json:"position"` // 0 when it was not ranked
	// Definite are the newest definite answers with their moments; unknown checks may hold them for a while.
	Definite []DefiniteAnswer `json:"definite,omitempty"`
}

// DefiniteAnswer is the last pass, fail or n/a of a check.
type DefiniteAnswer struct {
	Code  Code   `json:"code"`
	State State  `json:"state"`
	At    Millis `json:"at"`
}

// PreviousNominator is what a nominator was given in the previous record.
type PreviousNominator struct {
	Address Address   `json:"address"`
	Targets []Address `json:"targets,omitempty"`
}

// Decision is the outcome of a round.
type Decision struct {
	Counts     Counts              `json:"counts"`
	Candidates []CandidateDecision `json:"candidates"` // by slot
	Nominators []NominatorDecision `json:"nominators"` // in configuration order
	Statistics []Statistics        `json:"statistics"`
	Difference *Difference         `json:"difference,omitempty"`
	Brakes     []Brake             `json:"brakes"`
}

// Counts sum up a decision.
type Counts struct {
	Listed     int `json:"listed"`
	Valid      int `json:"valid"`
	Invalid    int `json:"invalid"`
	Unknown    int `json:"unknown"`
	Scored     int `json:"scored"`
	Nominators int `json:"nominators"` // due
	Seats      int `json:"seats"`      // targets the due nominators can take
	Assigned   int `json:"assigned"`   // targets really given
}

// CandidateDecision is what a round says of one candidate.
type CandidateDecision struct {
	Slot     int       `json:"slot"`
	Name     string    `json:"name"`
	Stash    Address   `json:"stash"`
	Validity Validity  `json:"validity"`
	Verdicts []Verdict `json:"verdicts"`
	Score    *Score    `json:"score,omitempty"`
	Position int       `json:"position"` // 1 = best; 0 when not ranked
	// Nominator is the account that gets the candidate; empty with the binding reason in Reason.
	Nominator Address `json:"nominator,omitempty"`
	Reason    string  `json:"reason"`
}

// NominatorDecision is what a round gives one nominator.
type NominatorDecision struct {
	Address Address `json:"address"`
	Due     bool    `json:"due"`
	Reason  string  `json:"reason"` // why it is due or not, and how its number of targets came about
	Number  int     `json:"number"` // targets it can take
	// Targets are the stashes to nominate, best first; Added and Removed compare them with the chain.
	Targets []Address `json:"targets,omitempty"`
	Added   []Address `json:"added,omitempty"`
	Removed []Address `json:"removed,omitempty"`
}

// Difference compares a decision with the previous record.
type Difference struct {
	Digest      string       `json:"digest"` // of the previous record
	Listed      []int        `json:"listed,omitempty"`
	Delisted    []int        `json:"delisted,omitempty"`
	NowValid    []int        `json:"nowValid,omitempty"`
	NowInvalid  []int        `json:"nowInvalid,omitempty"`
	NowUnknown  []int        `json:"nowUnknown,omitempty"`
	Checks      []CheckFlip  `json:"checks,omitempty"`
	Nominations []TargetFlip `json:"nominations,omitempty"`
}

// CheckFlip counts the candidates for whom one check changed its definite answer.
type CheckFlip struct {
	Code    Code `json:"code"`
	ToFail  int  `json:"toFail"`
	ToPass  int  `json:"toPass"`
	Unknown int  `json:"unknown"` // definite before, unknown now
}

// TargetFlip compares one nominator's planned targets with those of the previous record.
type TargetFlip struct {
	Address Address   `json:"address"`
	Added   []Address `json:"added,omitempty"`
	Removed []Address `json:"removed,omitempty"`
}

// Brake is one safety limit and whether it was reached. A tripped brake forbids acting on the decision.
type Brake struct {
	Name    string `json:"name"`
	Tripped bool   `json:"tripped"`
	Value   int    `json:"value"`
	Limit   int    `json:"limit"`
	Detail  string `json:"detail"`
}
