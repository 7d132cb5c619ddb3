package plan

import "github.com/thousand-validators/otv/internal/programme"

// Observation is everything a plan's next step depends on. All of it is read at Head, a finalised block, except what
// an [Outcome] says about the block of its own.
type Observation struct {
	Head Head
	// May says whether something may be signed for this nominator now; if not, Why says what forbids it.
	May Permission
	// MayRemove is the same for removals ordered by an operator, which a pause does not hold up.
	MayRemove Permission
	// Tx is what became of the plan's transaction; required when the plan has one.
	Tx *Outcome
	// Heights are the heights of the announcements of the plan's call by its signer, for its nominator, ascending.
	Heights []uint32
	// Relation is the proxy relation of the plan's type, nil when the chain has none any more.
	Relation *Relation
	// Clock is the proxy pallet's clock as far as it is known without the announcement's own block.
	Clock Clock
	// Targets are those of the stash on chain, set in the planned era SubmittedIn; empty when it does not nominate.
	Targets     []programme.Address
	SubmittedIn programme.Era
	// CallHash is the hash of the plan's nomination as the runtime at Head encodes it, empty for removals.
	CallHash string
	// Blacklisted says that the configuration wants announcements of this call removed.
	Blacklisted bool
	// Review is the judgement on the targets at Head; nil when it was not asked for.
	Review *Review
}

// Permission says whether something is allowed, and if not, why.
type Permission struct {
	OK  bool
	Why string
}

// Relation is a proxy relation on chain.
type Relation struct {
	Delegate programme.Address
	Type     string
	Delay    uint32 // blocks of the pallet's clock
}

// Review judges targets again before execution. What could not be read is neither fine nor a breach.
type Review struct {
	Breaches []string // each a sentence about one target
	Unknown  []string // each says what could not be read
}

// Outcome is what is known of a transaction.
type Outcome struct {
	Stage Stage
	// Pool is the newest word of the node about a transaction that is not in a final block; for people only.
	Pool string
	// Never says that the transaction was not sent to anybody, and why.
	Never string
	// Error is the reason for which the transaction failed in its block, and Inner the one of the call inside a proxy
	// call, which does not make the transaction fail.
	Error, Inner string
	Extrinsic    string
	// Block is the block that includes it.
	Block Head
	// After is the state at the end of that block; nil when it could not be read, which is not a failure.
	After *After
}

// Stage is how far a transaction has come.
type Stage string

// The stages of a transaction.
const (
	Pending  Stage = "pending"
	Seen     Stage = "seen"     // in a block that is not final
	Included Stage = "included" // in a final block
	Lost     Stage = "lost"     // expired or never signed: it can not be included any more
)

// After is the state at the end of the block that included a transaction.
type After struct {
	Targets []programme.Address // of the stash
	Heights []uint32            // of the plan's announcements, ascending
}

// ActionKind is something a step asks for.
type ActionKind string

// The actions.
const (
	Send   ActionKind = "send"   // sign and submit a transaction; the plan already names its kind
	Moved  ActionKind = "moved"  // a line for the plan's history
	Alert  ActionKind = "alert"  // tell an operator
	Replan ActionKind = "replan" // the nominator needs a new round at once
)

// Action is one thing a step asks for.
type Action struct {
	Kind ActionKind
	// Tx is the kind of transaction to send.
	Tx Kind
	// From and To are the states of a move.
	From, To State
	// Code names the kind of alert; with the subject and the era it tells repetitions.
	Code string
	Text string
}

// The codes of alerts.
const (
	AlertFailed       = "plan-failed"
	AlertBreach       = "target-breach"
	AlertOld          = "announcement-old"
	AlertVanished     = "announcement-vanished"
	AlertClock        = "clock-unknown"
	AlertStranger     = "executed-by-another-account"
	AlertForeign      = "announcement-foreign"
	AlertUnknown      = "announcement-unknown"
	AlertOtherProxy   = "announcement-by-another-proxy"
	AlertBlacklisted  = "announcement-blacklisted"
	AlertStuckRemoval = "removal-stuck"
	AlertKeyInUse     = "key-used-elsewhere"
)
