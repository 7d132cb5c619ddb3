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
)

// Candidate is what the tracker needs to know of an entry of the candidate list.
type Candidate struct {
	Slot int
	Name string // telemetry name, compared exactly
}

// State is all that is remembered, as it is loaded when the watching begins.
type State struct {
	Observer Observer
	Slots    []Slot
	Outages  []Outage // that run, or ended after Observer.Seen
	Blind    []Blind  // of the last days, ascending
	Names    []Name
}

// Observer tells of the observer itself.
type Observer struct {
	// Seen is the moment up to which everything else is known: no later than the newest message of any feed in sight.
	Seen  programme.Millis
	Feeds []Feed
}

// Feed is one chain on one telemetry server.
type Feed struct {
	Key   string `json:"key"` // address without secrets, and genesis hash
	Nodes int    `json:"nodes"`
	// At is when Nodes was counted.
	At programme.Millis `json:"at"`
	// Dark is since when the feed cannot be seen, 0 while it can, and Reason why.
	Dark   programme.Millis `json:"dark,omitempty"`
	Reason string           `json:"reason,omitempty"`
}

// Slot is the presence of one slot of the candidate list.
type Slot struct {
	Slot      int
	Name      string
	Listed    bool
	FirstSeen programme.Millis // 0 = never
	LastSeen  programme.Millis // while connected, at least [Observer.Seen] counts instead
	// Gone is the beginning of the absence that still runs; 0 while connected, and before the first sight.
	Gone           programme.Millis
	Live           int      // connections
	Home           []string // keys of the feeds that show its nodes, or showed them last
	Implementation string
	Version        string
	NetworkID      string
	Notices        []Notice
}

// Notice is something odd about a slot that its operator or ours should know. It has no influence on any decision.
type Notice struct {
	Kind  NoticeKind       `json:"kind"`
	Text  string           `json:"text"`
	Since programme.Millis `json:"since"`
}

// NoticeKind names a kind of notice.
type NoticeKind string

// The kinds of notices.
const (
	// NoticeNearMiss: nobody uses the listed name, but somebody one that differs in blanks, case or form only.
	NoticeNearMiss NoticeKind = "near-miss"
	// NoticeDuplicate: nodes with different network ids use the name at the same time.
	NoticeDuplicate NoticeKind = "duplicate-name"
)

// Outage is an absence of all nodes of a slot, of which more than the grace was observed in one piece. To is 0 while it runs.
type Outage struct {
	Slot int
	programme.Interval
}

// Blind is an interval in which the observer could not see. To is 0 while it runs.
type Blind struct {
	programme.Interval
	Reason string
}

// Name is any name seen on the feeds, listed or not: a candidate that is listed later has been known since First.
type Name struct {
	Name  string
	First programme.Millis
	Last  programme.Millis // at least to the day
}

// Batch is what changed since the batch before. It is stored as a whole or not at all.
type Batch struct {
	Observer       Observer
	Slots          []Slot
	Outages        []Outage // new or changed, by slot and beginning
	DroppedOutages []Outage // turned out to be none
	Blind          []Blind  // new or changed, by beginning
	DroppedBlind   []Blind  // have become part of another one
	Names          []Name
	DroppedNames   []string
	// Forget is the moment before which finished outages, blind intervals and names may be deleted; 0 for none.
	Forget programme.Millis
}

// Memory keeps the state between two runs.
type Memory interface {
	LoadPresence(ctx context.Context) (State, error)
	SavePresence(ctx context.Context, b Batch) error
}

// Sighting is where a candidate's node is connected from. It goes to the source of locations.
type Sighting struct {
	Slot      int
	Name      string
	NetworkID string
	// IP is personal data: not to be logged above debug level, and never served.
	IP       netip.Addr
	Location *feed.Location // the telemetry server's own guess; nil when it has none
	System   *feed.System   // nil when the server does not tell
	At       programme.Millis
}
