package memory

import "github.com/thousand-validators/otv/internal/programme"

// Observer tells of the one who watches the telemetry feeds.
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
	// Dark is since when the feed cannot be relied on, 0 while it can, and Reason why.
	Dark   programme.Millis `json:"dark,omitempty"`
	Reason string           `json:"reason,omitempty"`
}

// Presence is the presence of the nodes of one slot of the candidate list.
type Presence struct {
	Slot      int
	Name      string // telemetry name
	Listed    bool
	FirstSeen programme.Millis // 0 = never
	LastSeen  programme.Millis // while connected, at least [Observer.Seen] counts instead
	// Gone is the beginning of the absence that still runs; 0 while connected, and before the first sight.
	Gone           programme.Millis
	Live           int      // connections
	Home           []string // keys of the feeds that show its nodes, or showed them last
	Implementation string
	Version        string
	NetworkID      string // libp2p peer id
	Hardware       Hardware
	Notices        []Notice
}

// Hardware is what a node says of its machine. Zero and nil mean that it does not say.
type Hardware struct {
	CPU    string `json:"cpu,omitempty"`
	Memory uint64 `json:"memory,omitempty"` // bytes
	Cores  uint64 `json:"cores,omitempty"`
	Kernel string `json:"kernel,omitempty"`
	Distro string `json:"distro,omitempty"`
	VM     *bool  `json:"vm,omitempty"`
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

// Outage is an absence of all nodes of a slot, of which more than the grace was observed in one piece. To is 0 while it
// runs.
type Outage struct {
	Slot int
	programme.Interval
}

// Blind is an interval in which the observer could not see. To is 0 while it runs.
type Blind struct {
	programme.Interval
	Reason string
}

// SeenName is any name seen on the feeds, listed or not: a candidate that is listed later has been known since First.
type SeenName struct {
	Name  string
	First programme.Millis
	Last  programme.Millis // at least to the day
}

// PresenceState is all that is remembered of presence, as it is loaded when the watching begins.
type PresenceState struct {
	Observer Observer
	Slots    []Presence
	Outages  []Outage // that run, or ended after Observer.Seen
	Blind    []Blind  // the newest ones, ascending
	Names    []SeenName
}

// PresenceBatch is what changed since the batch before. It is stored as a whole or not at all.
type PresenceBatch struct {
	Observer       Observer
	Slots          []Presence
	Outages        []Outage // new or changed, by slot and beginning
	DroppedOutages []Outage // turned out to be none
	Blind          []Blind  // new or changed, by beginning
	DroppedBlind   []Blind  // have become part of another one
	Names          []SeenName
	DroppedNames   []string
	// Forget is the moment before which finished outages and blind intervals may be deleted; 0 for none.
	Forget programme.Millis
}

// PresenceHistory is what is known of an interval of time.
type PresenceHistory struct {
	Observer Observer
	Slots    []Presence // by slot
	Outages  []Outage   // those that touch the interval, by slot and beginning
	Blind    []Blind    // those that touch the interval, ascending
}
