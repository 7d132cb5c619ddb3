package programme

// Profile names a rule set.
type Profile string

// The two rule sets. Reference reproduces the old backend number by number.
const (
	ProfileProgramme Profile = "programme"
	ProfileReference Profile = "reference"
)

// Rules are all limits, weights and switches a round is decided with. They are part of the record.
type Rules struct {
	Profile  Profile  `json:"profile"`
	Switches Switches `json:"switches"`
	Limits   Limits   `json:"limits"`
	Weights  Weights  `json:"weights"`
	Brakes   Brakes   `json:"brakes"`
}

// Switches are the deviations between the two rule sets, one each; true is the programme's rule. A profile sets
// them all. docs/rules.md has a line for each, under the name of its JSON key.
type Switches struct {
	// Presence: online while connected or within the grace; else the old rule (last announcement within 16 h).
	PresenceConnections bool `json:"presenceConnections"`
	// UnseenFails: a node that was never seen fails CONNECTION_TIME; in the old rule it passes.
	UnseenFails bool `json:"unseenFails"`
	// RollingOffline: offline time is the trailing week's, running outage and observer's gaps considered; in the
	// old rule it is the sum of finished outages as given.
	RollingOffline bool `json:"rollingOffline"`
	// EmptyIntentionsUnknown: an empty list of intentions is a failed read; in the old rule everybody passes.
	EmptyIntentionsUnknown bool `json:"emptyIntentionsUnknown"`
	// MainClientOnly: CLIENT_UPGRADE applies to Parity Polkadot only; in the old rule to all but Kagome Node.
	MainClientOnly bool `json:"mainClientOnly"`
	// RemoteValidity: KUSAMA_RANK asks for validity there; the old rule only for an empty list of reasons.
	RemoteValidity bool `json:"remoteValidity"`
	// ProviderFolded: banned providers match trimmed and case-insensitively, or by AS number; else exact text.
	ProviderFolded bool `json:"providerFolded"`
	// GeoSeparately: country and region are looked at each on its own; in the old rule both must be known.
	GeoSeparately bool `json:"geoSeparately"`
	// KeysRequired: a stash without any session keys fails BEEFY; in the old rule it passes.
	KeysRequired bool `json:"keysRequired"`
	// CompleteEras: inclusion looks at complete eras only; the old window includes the running one.
	CompleteEras bool `json:"completeEras"`
	// NominatedByProgramme: the nominated factor uses the last nomination by the programme; in the old rule the
	// last active era.
	NominatedByProgramme bool `json:"nominatedByProgramme"`
	// NoneIsMissing: the place "None" (a failed lookup) counts as missing; in the old rule as a place.
	NoneIsMissing bool `json:"noneIsMissing"`
	// SeededDraw: the random factor comes from the block hash and the stash; else the draws are given.
	SeededDraw bool `json:"seededDraw"`
	// OwnByStash: the programme's own nominators are recognised by stash; in the old rule by bonded account.
	OwnByStash bool `json:"ownByStash"`
	// BoundedCount: the number of nominations is bounded by the list and the runtime, in integer arithmetic.
	BoundedCount bool `json:"boundedCount"`
	// DueByThreshold: a nominator is due every EraBuffer eras of the active era; in the old rule every planned era.
	DueByThreshold bool `json:"dueByThreshold"`
	// ZeroWeight: a weight of 0 switches a factor off; in the old rule it means the default. It acts on loading.
	ZeroWeight bool `json:"zeroWeight"`
	// ForcedGrace: a forced client version has a grace period from the moment it was forced; in the old rule none.
	ForcedGrace bool `json:"forcedGrace"`
	// UnreadableRelease: a release name that is no full version makes CLIENT_UPGRADE unknown; in the old rule
	// everybody fails.
	UnreadableRelease bool `json:"unreadableRelease"`
	// CommissionOfValidators: COMMISION is unknown without an intention to validate; in the old rule the commission
	// counts as 0 and passes.
	CommissionOfValidators bool `json:"commissionOfValidators"`
	// Suspension: a suspended candidate fails SUSPENDED; the old rule set knows no suspension.
	Suspension bool `json:"suspension"`
}

// Limits are the thresholds of the checks and of the selection, and the switches of single checks.
type Limits struct {
	MaxCommission       Perbill  `json:"maxCommission"`
	MinSelfStake        Planck   `json:"minSelfStake"`
	UnclaimedEras       uint32   `json:"unclaimedEras"` // eras that may stay unclaimed
	OnlineLimit         Millis   `json:"onlineLimit"`   // old rule of ONLINE; also how long a blind feed holds verdicts
	DisconnectionGrace  Millis   `json:"disconnectionGrace"`
	UpgradeGrace        Millis   `json:"upgradeGrace"`
	ConnectionTime      Millis   `json:"connectionTime"`
	OfflineWindow       Millis   `json:"offlineWindow"`
	OfflineAllowed      Millis   `json:"offlineAllowed"` // within the window
	HoldUnknown         Millis   `json:"holdUnknown"`
	HoldRemote          Millis   `json:"holdRemote"`
	RemoteRank          int      `json:"remoteRank"` // least rank on the other network
	RequireKusamaStash  bool     `json:"requireKusamaStash"`
	SkipConnectionTime  bool     `json:"skipConnectionTime"`
	SkipIdentity        bool     `json:"skipIdentity"`
	SkipUnclaimed       bool     `json:"skipUnclaimed"`
	SkipClientUpgrade   bool     `json:"skipClientUpgrade"`
	SkipBeefy           bool     `json:"skipBeefy"`
	SkipSanctioned      bool     `json:"skipSanctioned"`
	BannedProviders     []string `json:"bannedProviders,omitempty"`
	BannedASNs          []uint32 `json:"bannedAsns,omitempty"`
	SanctionedCountries []string `json:"sanctionedCountries,omitempty"`
	SanctionedRegions   []string `json:"sanctionedRegions,omitempty"`
	ExemptClients       []string `json:"exemptClients,omitempty"` // implementations CLIENT_UPGRADE leaves alone
	MainClient          string   `json:"mainClient"`              // "Parity Polkadot"
	EraBuffer           Era      `json:"eraBuffer"`               // eras between two nominations of one nominator
	MinNominatorBond    Planck   `json:"minNominatorBond"`        // a nominator needs more than this
	MaxTargets          uint32   `json:"maxTargets"`              // the programme's own cap, the runtime's comes on top
	InclusionEras       uint32   `json:"inclusionEras"`           // 84
	SpanEras            uint32   `json:"spanEras"`                // 28
}

// Weights are the points each factor can bring.
type Weights struct {
	Inclusion      float64 `json:"inclusion"`
	SpanInclusion  float64 `json:"spanInclusion"`
	Discovered     float64 `json:"discovered"`
	Nominated      float64 `json:"nominated"`
	Rank           float64 `json:"rank"`
	Unclaimed      float64 `json:"unclaimed"` // per unclaimed era, subtracted
	Bonded         float64 `json:"bonded"`
	Faults         float64 `json:"faults"`
	Offline        float64 `json:"offline"`
	Location       float64 `json:"location"`
	Region         float64 `json:"region"`
	Country        float64 `json:"country"`
	Provider       float64 `json:"provider"`
	NominatorStake float64 `json:"nominatorStake"` // configured as score.nominations
	Client         float64 `json:"client"`
}

// Brakes stop acting when the world looks wrong. Shares are whole percent of the listed candidates; 0 switches a
// brake off.
type Brakes struct {
	MaxFlips    int `json:"maxFlips"`    // candidates whose validity changed since the previous record, percent
	MinFlips    int `json:"minFlips"`    // but never fewer candidates than this
	MaxUnknown  int `json:"maxUnknown"`  // candidates undecided because of one check, percent
	MinEligible int `json:"minEligible"` // least number of eligible candidates
}

// DefaultRules are the rules of a profile with the built-in limits and weights of no particular network.
func DefaultRules(p Profile) Rules {
	on := p != ProfileReference
	r := Rules{
		Profile: p,
		Switches: Switches{
			PresenceConnections: on, UnseenFails: on, RollingOffline: on, EmptyIntentionsUnknown: on,
			MainClientOnly: on, RemoteValidity: on, ProviderFolded: on, GeoSeparately: on, KeysRequired: on,
			CompleteEras: on, NominatedByProgramme: on, NoneIsMissing: on, SeededDraw: on, OwnByStash: on,
			BoundedCount: on, DueByThreshold: on, ZeroWeight: on, ForcedGrace: on, UnreadableRelease: on,
			CommissionOfValidators: on, Suspension: on,
		},
		Limits: Limits{
			MaxCommission: 150_000_000, MinSelfStake: NewPlanck(10_000_000_000_000_000_000), UnclaimedEras: 4,
			OnlineLimit: 16 * Hour, DisconnectionGrace: 5 * Minute, UpgradeGrace: 48 * Hour, ConnectionTime: Week,
			OfflineWindow: Week, OfflineAllowed: 12_096_000, HoldUnknown: 6 * Hour, HoldRemote: 24 * Hour,
			RemoteRank: 100, MainClient: "Parity Polkadot", EraBuffer: 4,
			MinNominatorBond: Planck{}, MaxTargets: 16, InclusionEras: 84, SpanEras: 28,
		},
		Weights: DefaultWeights(),
		Brakes:  Brakes{MaxFlips: 20, MinFlips: 10, MaxUnknown: 20, MinEligible: 1},
	}
	if !on {
		r.Limits.ExemptClients = []string{"Kagome Node"}
	}
	return r
}

// DefaultWeights are the weights of the old backend when nothing is configured.
func DefaultWeights() Weights {
	return Weights{
		Inclusion: 220, SpanInclusion: 220, Discovered: 5, Nominated: 80, Rank: 5, Unclaimed: 10, Bonded: 50,
		Faults: 5, Offline: 2, Location: 40, Region: 10, Country: 10, Provider: 100, NominatorStake: 100,
		Client: 200,
	}
}
