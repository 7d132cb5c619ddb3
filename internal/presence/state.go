// Package presence watches the nodes of the candidates on telemetry feeds. It keeps, per slot of the candidate list,
// when a node of its name was first and last seen and the outages in between, and, of the observer itself, when it
// could not see: whatever happened then is never held against anybody. docs/presence.md has the rules in words.
//
// [Tracker] holds the rules: a state machine without clock, network or disk. [Watcher] feeds it from real feeds and
// keeps its memory in a store. [Report] makes of that memory what a round is decided from.
package presence

import (
	"context"
	"net/netip"

	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Candidate is what the tracker needs to know of an entry of the candidate list.
type Candidate struct {
	Slot int
	Name string // telemetry name, compared exactly
}

// Memory keeps the state between two runs.
type Memory interface {
	LoadPresence(ctx context.Context) (memory.PresenceState, error)
	SavePresence(ctx context.Context, b memory.PresenceBatch) error
}

// Reader reads what a [Watcher] has stored, in this process or another one.
type Reader interface {
	// PresenceSince returns what is known of the time since the given moment.
	PresenceSince(ctx context.Context, from programme.Millis) (memory.PresenceHistory, error)
}

// Sighting is where a candidate's node is connected from. It goes to the source of locations.
type Sighting struct {
	Slot      int
	Name      string
	NetworkID string
	// IP is personal data: not to be logged above debug level, and never served. It is not valid when the server does
	// not tell; that it is one on the internet is for the source of locations to check.
	IP       netip.Addr
	Location *feed.Location // the telemetry server's own guess; nil when it has none
	At       programme.Millis
}
