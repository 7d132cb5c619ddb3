package plan

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// Mode is how a plan reaches the chain.
type Mode string

// The modes. Removal takes an announcement off the chain that no open plan explains.
const (
	Direct  Mode = "direct"  // the bonded account signs the nomination itself
	Proxy   Mode = "proxy"   // a proxy without delay signs
	Delayed Mode = "delayed" // a proxy with delay announces, waits, and executes
	Removal Mode = "removal"
)

// State is where a plan stands.
type State string

// The states, in the order in which they are passed.
const (
	Planned    State = "planned"
	Submitted  State = "submitted" // signed, and handed to the network if nothing went wrong
	InBlock    State = "in-block"  // in a block that may still be discarded
	Finalised  State = "finalised" // in a final block, the targets on chain not yet read back
	Announcing State = "announcing"
	Announced  State = "announced"
	Executable State = "executable"
	Executing  State = "executing"
	Executed   State = "executed" // like Finalised
	Cancelling State = "cancelling"
	Cancelled  State = "cancelled"
	Succeeded  State = "succeeded"
	Failed     State = "failed"
)

// States lists all states.
func States() []State {
	return []State{Planned, Submitted, InBlock, Finalised, Announcing, Announced, Executable, Executing, Executed, Cancelling, Cancelled, Succeeded, Failed}
}

// Closed reports whether nothing more happens to a plan in this state.
func (s State) Closed() bool { return s == Cancelled || s == Succeeded || s == Failed }

// Key identifies a plan. A round plans once for a nominator, whatever happens.
type Key struct {
	Round     string            `json:"round"` // digest of the document that explains the plan
	Nominator programme.Address `json:"nominator"`
}

// Clock is where the proxy pallet of a runtime takes block numbers from.
type Clock string

// The clocks. It is unknown until an announcement has been seen in the block it was made in.
const (
	ClockUnknown Clock = ""
	ClockOwn     Clock = "own"   // the chain's own block number
	ClockRelay   Clock = "relay" // the relay chain's, as the chain last saw it
)

// Head is a finalised block of the chain that hosts staking and proxies, with its clocks.
type Head struct {
	Number uint32 `json:"number"`
	Hash   string `json:"hash"` // 0x hex
	// Relay is the newest relay chain block number the chain knows, 0 when it is no parachain.
	Relay   uint32        `json:"relay,omitempty"`
	Era     programme.Era `json:"era"`     // active era
	Planned programme.Era `json:"planned"` // the pallet's current era: the active one or the next
}

// Now is the block number of a clock; ok is false when the clock is not known or the head does not have it.
func (h Head) Now(c Clock) (now uint32, ok bool) {
	switch c {
	case ClockOwn:
		return h.Number, true
	case ClockRelay:
		return h.Relay, h.Relay != 0
	}
	return 0, false
}

// Announcement is a plan's announcement on chain.
type Announcement struct {
	Height uint32 `json:"height"` // by the pallet's clock, as stored on chain
	Clock  Clock  `json:"clock"`
	// Number and Hash name the block in which it was made; empty when the announcement was found, not made.
	Number uint32 `json:"number,omitempty"`
	Hash   string `json:"hash,omitempty"`
}

// Plan is what shall happen, and what has happened, for one nominator because of one round.
type Plan struct {
	Key
	Network string            `json:"network"` // genesis hash of the chain that hosts staking, 0x hex
	Stash   programme.Address `json:"stash"`
	Signer  programme.Address `json:"signer"`
	Mode    Mode              `json:"mode"`
	// Era is the active era of the round. Whatever would begin a nomination must be signed in it.
	Era programme.Era `json:"era"`
	// Targets are the stashes to nominate, best first; empty for a removal.
	Targets []programme.Address `json:"targets,omitempty"`
	// ProxyType names the relation used, and Delay is its delay on chain, in blocks of the pallet's clock.
	ProxyType string `json:"proxyType,omitempty"`
	Delay     uint32 `json:"delay,omitempty"`
	// Call is the encoded nomination and CallHash its BLAKE2b-256 hash. What was announced is executed byte for byte.
	Call     []byte `json:"call,omitempty"`
	CallHash string `json:"callHash"`

	State State `json:"state"`
	// Reason says why the plan is in its state, and Note what it waits for.
	Reason       string        `json:"reason,omitempty"`
	Note         string        `json:"note,omitempty"`
	Announcement *Announcement `json:"announcement,omitempty"`
	// Tx is the transaction under way, nil when there is none.
	Tx *Tx `json:"tx,omitempty"`
	// Attempts counts transactions that ended without effect.
	Attempts int `json:"attempts,omitempty"`
	// Order is an operator's order to cancel, kept until the plan is closed.
	Order *Order `json:"order,omitempty"`
	// Replan says that the nominator needs a new round at once when this plan is closed.
	Replan bool `json:"replan,omitempty"`
	// Effect is the final block in which the nomination took effect.
	Effect *Effect `json:"effect,omitempty"`

	Created programme.Millis `json:"created"`
	Updated programme.Millis `json:"updated"`
	// Version counts the changes. Whoever changes a plan names the version it has seen; a stale one is refused.
	Version int64 `json:"version"`
}

// Tx is a plan's transaction under way.
type Tx struct {
	Kind   Kind   `json:"kind"`
	Intent string `json:"intent"` // id of its intent
	Pool   string `json:"pool,omitempty"`
}

// Order is an operator's order.
type Order struct {
	Author string           `json:"author"`
	Reason string           `json:"reason"`
	At     programme.Millis `json:"at"`
}

// Effect is where a nomination took effect.
type Effect struct {
	Number    uint32 `json:"number"`
	Hash      string `json:"hash"`
	Extrinsic string `json:"extrinsic,omitempty"` // hash; empty when another account executed the announcement
}

// Margin is the number of blocks waited beyond the end of the delay.
const Margin = 2

// minWindow is the least number of blocks between executable and too old. A fifth of a short delay would leave no
// time to execute at all.
const minWindow = 10

// ExecutableAt is the first block number at which an announcement is executed.
func ExecutableAt(height, delay uint32) uint64 { return uint64(height) + uint64(delay) + Margin }

// OldestUseful is the last block number at which an announcement made at height is still of use: 1.2 times the
// delay later, rounded up, or a little more for very short delays.
func OldestUseful(height, delay uint32) uint64 {
	d := uint64(delay)
	age := d + (d+4)/5
	return uint64(height) + max(age, d+Margin+minWindow)
}
