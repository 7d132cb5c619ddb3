package programme

// Candidate is one entry of the programme's candidate list.
type Candidate struct {
	Slot          int      `json:"slot"` // stable identity of the entry
	Name          string   `json:"name"` // telemetry name, exact
	Stash         Address  `json:"stash"`
	KusamaStash   string   `json:"kusamaStash,omitempty"` // as listed; used on Polkadot only
	SkipSelfStake bool     `json:"skipSelfStake"`
	KYC           bool     `json:"kyc"` // informational
	Matrix        []string `json:"matrix,omitempty"`
}

// Facts is what sources other than the chains know about one candidate. A nil part is unknown; only presence is
// different while the telemetry feed is in order: the feed shows the whole network, so nil means never seen.
type Facts struct {
	Presence *Presence   `json:"presence,omitempty"`
	Location *Location   `json:"location,omitempty"`
	Remote   *RemoteRank `json:"remote,omitempty"`
	History  *History    `json:"history,omitempty"`
}

// Presence is what the telemetry feed showed of a candidate's nodes.
type Presence struct {
	FirstSeen Millis `json:"firstSeen"` // first time our own feed saw the name; 0 = never
	LastSeen  Millis `json:"lastSeen"`  // last moment a node of the name was connected; 0 = never
	Live      int    `json:"live"`      // connections now
	// Outages are the intervals without any connection, counted from the disconnection itself, ascending. The
	// last may still run (To = 0).
	Outages        []Interval `json:"outages,omitempty"`
	Implementation string     `json:"implementation,omitempty"` // self-reported client name
	Version        string     `json:"version,omitempty"`        // self-reported client version
	// Pending says that nobody watched for the name yet: it was listed a moment ago, and nothing is known of its nodes.
	Pending bool `json:"pending,omitempty"`
}

// Interval is [From, To); To = 0 means that it still runs.
type Interval struct {
	From Millis `json:"from"`
	To   Millis `json:"to"`
}

// Location is where a candidate's node appears to be. Empty text means unknown.
type Location struct {
	City     string `json:"city,omitempty"`
	Region   string `json:"region,omitempty"`
	Country  string `json:"country,omitempty"` // ISO 3166 alpha-2
	Provider string `json:"provider,omitempty"`
	ASN      uint32 `json:"asn,omitempty"` // autonomous system number, 0 when unknown
	At       Millis `json:"at"`
}

// RemoteRank is what another instance of the programme says of a candidate's node there.
type RemoteRank struct {
	Found   bool     `json:"found"` // false: the other programme does not know the stash
	Valid   bool     `json:"valid"`
	Rank    int      `json:"rank"`
	Failing []string `json:"failing,omitempty"` // types of the checks that fail there
	At      Millis   `json:"at"`
}

// History is what the programme itself remembers of a candidate.
type History struct {
	Rank   int `json:"rank"`   // the rank selected by rank.mode
	Faults int `json:"faults"` // faults that were not revoked
	// NominatedEra is the era of the last finalised nomination by the programme, 0 = never.
	NominatedEra Era `json:"nominatedEra"`
	// Suspended tells since when and why the candidate is suspended; nil when it is not.
	Suspended *Suspension `json:"suspended,omitempty"`
}

// Suspension excludes a candidate until an operator lifts it.
type Suspension struct {
	Since  Millis `json:"since"`
	Reason string `json:"reason"`
}

// Release is the newest release of the client that candidates must run.
type Release struct {
	Name        string `json:"name"`        // "v1.15.2"
	PublishedAt Millis `json:"publishedAt"` // start of the grace period
	Forced      bool   `json:"forced"`      // set by the operator
}

// SourceName names an origin of facts.
type SourceName string

// The sources of a round.
const (
	SourceChain     SourceName = "chain"
	SourceTelemetry SourceName = "telemetry"
	SourceLocation  SourceName = "location"
	SourceRelease   SourceName = "release"
	SourceRemote    SourceName = "remote-rank"
	SourceHistory   SourceName = "history"
)

// SourceState says whether a source can be relied on.
type SourceState string

// The states of a source.
const (
	SourceOK     SourceState = "ok"     // delivers
	SourceOff    SourceState = "off"    // switched off by the operator: its checks do not apply
	SourceAbsent SourceState = "absent" // nothing supplies it yet: its checks are unknown
	// SourceDown: configured, but failing or blind. What only a look at the present could answer is unknown; lasting
	// facts it delivered earlier (first sight, finished outages, a location) still count.
	SourceDown SourceState = "down"
)

// Source is the state of one origin of facts at the moment the inputs were frozen.
type Source struct {
	Name   SourceName  `json:"name"`
	State  SourceState `json:"state"`
	At     Millis      `json:"at"` // of its newest good value; 0 = never
	Detail string      `json:"detail,omitempty"`
	// Blind lists the intervals in which the source saw nothing; they are never charged to a validator.
	Blind []Interval `json:"blind,omitempty"`
}
