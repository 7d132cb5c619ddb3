package plan

import (
	"errors"

	"github.com/thousand-validators/otv/internal/programme"
)

// What a database of plans answers when it does not do what was asked. errors.Is finds them.
var (
	// ErrNotFound means that there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrStale means that somebody else has changed it meanwhile: read again and decide again.
	ErrStale = errors.New("changed by another process meanwhile")
	// ErrOpen means that the nominator has another plan that is not finished.
	ErrOpen = errors.New("the nominator has another plan that is not finished")
	// ErrUnexplained means that no stored document explains it.
	ErrUnexplained = errors.New("no stored record explains it")
)

// Error makes an obstacle an error, so that a database can answer with it.
func (o *Obstacle) Error() string { return o.Text }

// DocumentKind is what a document explains.
type DocumentKind string

// The kinds of documents: the record of a round, which explains nominations, and an operator's order, which explains
// removals of announcements only.
const (
	DocumentRound DocumentKind = "round"
	DocumentOrder DocumentKind = "order"
)

// Document is a stored decision. It never changes; its digest is its name.
type Document struct {
	Digest  string
	Kind    DocumentKind
	Bytes   []byte
	Created programme.Millis
}

// Event is a line of a plan's history.
type Event struct {
	Key
	At   programme.Millis `json:"at"`
	From State            `json:"from"`
	To   State            `json:"to"`
	Text string           `json:"text"`
}

// Change is a plan's step as it is stored: all of it or nothing.
type Change struct {
	// Plan is the plan from now on; its Version is the one that was read, and is counted up on storing.
	Plan   Plan
	Events []Event
	// Intent is the intent of a transaction to be signed; nil when the step signs nothing. Its presence makes the
	// database ask [Guard], and take the key's lock for Owner until Until.
	Intent *Intent
	Owner  string
	Until  programme.Millis
	// Alerts are stored with the step that raises them.
	Alerts []Warning
	// At is the moment of the change.
	At programme.Millis
}

// Filter selects plans; zero fields select all.
type Filter struct {
	Network   string
	Nominator programme.Address
	Open      bool // open ones only
	CallHash  string
	Limit     int // newest first; 0 = all
}

// IntentFilter selects intents; zero fields select all.
type IntentFilter struct {
	Network   string
	Signer    programme.Address
	Nominator programme.Address
	Round     string
	Open      bool // those whose fate is not known yet
	Limit     int  // newest first; 0 = all
}

// Pause stops signing: for one nominator, or for all when Nominator is empty.
type Pause struct {
	Nominator programme.Address `json:"nominator,omitempty"`
	Order
}

// Override permits a second set of targets for one nominator and era.
type Override struct {
	Network   string            `json:"network"`
	Nominator programme.Address `json:"nominator"`
	Era       programme.Era     `json:"era"`
	Targets   string            `json:"targets"` // digest of the set that is permitted
	Order
}

// Warning is an alert as it is stored. One with the same network, code, subject and era is the same.
type Warning struct {
	Network   string            `json:"network"`
	Code      string            `json:"code"`
	Subject   string            `json:"subject"`
	Era       programme.Era     `json:"era"`
	Nominator programme.Address `json:"nominator,omitempty"`
	Text      string            `json:"text"`
	At        programme.Millis  `json:"at"`
	Last      programme.Millis  `json:"last"`
	Count     int               `json:"count"`
}

// Lock is a key's lock: the intent whose fate must be known before the key signs again.
type Lock struct {
	Network string            `json:"network"`
	Signer  programme.Address `json:"signer"`
	Intent  string            `json:"intent"`
	// Owner is the process that prepares the signature, and Until the moment up to which others leave that to it.
	Owner string           `json:"owner"`
	Until programme.Millis `json:"until"`
}
