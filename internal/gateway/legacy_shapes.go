package gateway

// The shapes of the old backend's answers: its names, misspellings included, its types and its units. What it sent from
// its database as it was carries the members _id, an opaque text of 24 hexadecimal digits, and __v, always 0.
//
// Units: tokens and percentages are floats; a time is in ms since 1970; an era, session or block is a number.

// LegacyCandidate is one candidate with its newest score, nominator stake and location.
type LegacyCandidate struct {
	SlotID             int               `json:"slotId" doc:"identity of the entry in the candidate list"`
	KYC                bool              `json:"kyc"`
	DiscoveredAt       int64             `json:"discoveredAt" doc:"ms; when its node was first seen, 0 = never"`
	NominatedAt        uint32            `json:"nominatedAt" doc:"an era, not a time: of the last nomination, 0 = never"`
	OfflineSince       int64             `json:"offlineSince" doc:"ms; 0 = not offline"`
	OfflineAccumulated int64             `json:"offlineAccumulated" doc:"ms offline within the trailing week"`
	Rank               int               `json:"rank"`
	Faults             int               `json:"faults"`
	InvalidityReasons  string            `json:"invalidityReasons" doc:"always empty; see validity"`
	UnclaimedEras      []uint32          `json:"unclaimedEras"`
	Inclusion          float64           `json:"inclusion" doc:"share of the last 84 eras with points"`
	SpanInclusion      float64           `json:"spanInclusion" doc:"share of the last 28 eras with points"`
	Name               string            `json:"name" doc:"name of its node on telemetry"`
	Stash              string            `json:"stash"`
	KusamaStash        string            `json:"kusamaStash"`
	Commission         *float64          `json:"commission,omitempty" doc:"percent"`
	Identity           *LegacyIdentity   `json:"identity,omitempty"`
	Active             *bool             `json:"active,omitempty" doc:"in the current validator set"`
	Bonded             *float64          `json:"bonded" doc:"tokens; null when it was never read"`
	Valid              bool              `json:"valid"`
	Validity           []LegacyValidity  `json:"validity"`
	Score              *LegacyScore      `json:"score" doc:"null when it was never scored; its session tells how old it is"`
	Total              float64           `json:"total" doc:"points; 0 without a score"`
	Location           string            `json:"location,omitempty" doc:"a city"`
	Provider           string            `json:"provider,omitempty"`
	CPU                string            `json:"cpu,omitempty"`
	Memory             string            `json:"memory,omitempty" doc:"bytes"`
	CoreCount          string            `json:"coreCount,omitempty"`
	VM                 *bool             `json:"vm,omitempty"`
	Region             string            `json:"region,omitempty"`
	Country            string            `json:"country,omitempty" doc:"ISO 3166 alpha-2"`
	Matrix             []string          `json:"matrix"`
	Version            string            `json:"version,omitempty"`
	Implementation     string            `json:"implementation,omitempty"`
	RewardDestination  string            `json:"rewardDestination,omitempty" doc:"Staked, Stash, Controller, None or an address"`
	Nominations        LegacyNominations `json:"nominations"`
}

// LegacyNominations sums up who nominates a candidate.
type LegacyNominations struct {
	TotalStake         *float64 `json:"totalStake,omitempty" doc:"tokens: own and of active nominators"`
	InactiveStake      *float64 `json:"inactiveStake,omitempty" doc:"tokens"`
	ActiveNominators   *int     `json:"activeNominators,omitempty" doc:"a number of accounts"`
	InactiveNominators *int     `json:"inactiveNominators,omitempty" doc:"a number of accounts"`
}

// LegacyIdentity is an identity on chain.
type LegacyIdentity struct {
	ID            string              `json:"_id,omitempty"`
	Name          string              `json:"name" doc:"display name of the parent identity"`
	Address       string              `json:"address" doc:"parent account, or the account itself"`
	Verified      bool                `json:"verified" doc:"judged Reasonable or KnownGood"`
	SubIdentities []LegacySubIdentity `json:"subIdentities"`
	Judgements    []string            `json:"judgements"`
	Display       string              `json:"display,omitempty"`
}

// LegacySubIdentity is an account of an identity.
type LegacySubIdentity struct {
	ID      string `json:"_id"`
	Name    string `json:"name"`
	Address string `json:"address"`
}

// LegacyValidity is the newest answer of one check.
type LegacyValidity struct {
	ID      string `json:"_id"`
	Valid   bool   `json:"valid"`
	Type    string `json:"type"`
	Details string `json:"details" doc:"empty when the check passes"`
	Updated int64  `json:"updated" doc:"ms"`
}

// LegacyScore is the score of a candidate in one session, in points.
type LegacyScore struct {
	Updated        int64   `json:"updated" doc:"ms"`
	Session        uint32  `json:"session"`
	Address        string  `json:"address"`
	Total          float64 `json:"total"`
	Aggregate      float64 `json:"aggregate"`
	Inclusion      float64 `json:"inclusion"`
	SpanInclusion  float64 `json:"spanInclusion"`
	Discovered     float64 `json:"discovered"`
	Nominated      float64 `json:"nominated"`
	Rank           float64 `json:"rank"`
	Unclaimed      float64 `json:"unclaimed"`
	Bonded         float64 `json:"bonded"`
	Faults         float64 `json:"faults"`
	Offline        float64 `json:"offline"`
	Location       float64 `json:"location"`
	Region         float64 `json:"region"`
	Country        float64 `json:"country"`
	Provider       float64 `json:"provider"`
	NominatorStake float64 `json:"nominatorStake"`
	Client         float64 `json:"client"`
	Randomness     float64 `json:"randomness"`
}

// LegacyStake is the stake behind a validator in an era.
type LegacyStake struct {
	ID                 string         `json:"_id"`
	Validator          string         `json:"validator"`
	Era                uint32         `json:"era"`
	TotalStake         float64        `json:"totalStake" doc:"tokens"`
	InactiveStake      float64        `json:"inactiveStake" doc:"tokens"`
	ActiveNominators   []LegacyBacker `json:"activeNominators"`
	InactiveNominators []LegacyBacker `json:"inactiveNominators"`
	Updated            int64          `json:"updated" doc:"ms"`
	V                  int            `json:"__v"`
}

// LegacyBacker is one nominator behind a validator.
type LegacyBacker struct {
	ID      string  `json:"_id"`
	Address string  `json:"address"`
	Bonded  float64 `json:"bonded" doc:"tokens: the exposed part of an active one, the whole active bond of an inactive one"`
}

// LegacyNominator is one of the programme's nominators.
type LegacyNominator struct {
	ID                string         `json:"_id"`
	Address           string         `json:"address" doc:"bonded account"`
	Stash             string         `json:"stash"`
	Proxy             string         `json:"proxy" doc:"signing account, empty when there is none"`
	Bonded            float64        `json:"bonded" doc:"planck, exact below 2^53; bondedPlanck is exact"`
	BondedPlanck      string         `json:"bondedPlanck" doc:"planck as decimal text"`
	AvgStake          float64        `json:"avgStake" doc:"always 0"`
	NominateAmount    float64        `json:"nominateAmount" doc:"always 0"`
	ProxyDelay        uint32         `json:"proxyDelay" doc:"blocks"`
	RewardDestination string         `json:"rewardDestination"`
	Current           []LegacyTarget `json:"current"`
	LastNomination    int64          `json:"lastNomination" doc:"ms, 0 = never"`
	CreatedAt         int64          `json:"createdAt" doc:"ms"`
	V                 int            `json:"__v"`
}

// LegacyTarget is a candidate that a nominator nominates.
type LegacyTarget struct {
	Name     string          `json:"name"`
	Stash    string          `json:"stash"`
	Identity *LegacyIdentity `json:"identity"`
}

// LegacyNomination is one finalised nomination.
type LegacyNomination struct {
	ID         string   `json:"_id"`
	Address    string   `json:"address" doc:"bonded account"`
	Era        uint32   `json:"era"`
	Validators []string `json:"validators"`
	Timestamp  int64    `json:"timestamp" doc:"ms"`
	Bonded     float64  `json:"bonded" doc:"tokens"`
	BlockHash  string   `json:"blockHash"`
	V          int      `json:"__v"`
}

// LegacyLastNomination tells when the programme nominated last.
type LegacyLastNomination struct {
	ID                    string `json:"_id"`
	LastNominatedEraIndex string `json:"lastNominatedEraIndex" doc:"an era as text, 0 = never"`
	When                  int64  `json:"when" doc:"ms"`
	NextNomination        int64  `json:"nextNomination,omitempty" doc:"ms; when the next one is expected"`
	V                     int    `json:"__v"`
}

// LegacyProxyTx is an announcement that waits to be executed.
type LegacyProxyTx struct {
	ID         string   `json:"_id"`
	Number     uint32   `json:"number" doc:"block of the announcement"`
	Controller string   `json:"controller" doc:"bonded account"`
	Targets    []string `json:"targets"`
	CallHash   string   `json:"callHash"`
	V          int      `json:"__v"`
}

// LegacyEraPoints are the points of one validator in one era.
type LegacyEraPoints struct {
	ID        string `json:"_id"`
	Era       uint32 `json:"era"`
	Address   string `json:"address"`
	EraPoints uint32 `json:"eraPoints"`
	V         *int   `json:"__v,omitempty"`
}

// LegacyTotalEraPoints sums up the points of an era.
type LegacyTotalEraPoints struct {
	ID                  string            `json:"_id"`
	TotalEraPoints      uint32            `json:"totalEraPoints"`
	Era                 uint32            `json:"era"`
	Median              float64           `json:"median"`
	Average             float64           `json:"average"`
	Max                 uint32            `json:"max"`
	Min                 uint32            `json:"min"`
	ValidatorsEraPoints []LegacyEraPoints `json:"validatorsEraPoints"`
	V                   int               `json:"__v"`
}

// LegacyStats are the ranges of one factor.
type LegacyStats struct {
	Values            []float64 `json:"values" doc:"ascending"`
	AbsoluteMin       float64   `json:"absoluteMin"`
	AbsoluteMax       float64   `json:"absoluteMax"`
	Q10               float64   `json:"q10"`
	Q25               float64   `json:"q25"`
	Q50               float64   `json:"q50"`
	Q75               float64   `json:"q75"`
	Q90               float64   `json:"q90"`
	Mean              float64   `json:"mean"`
	StandardDeviation float64   `json:"standardDeviation"`
}

// LegacyPlaceStats are the ranges of one place factor.
type LegacyPlaceStats struct {
	LegacyStats
	Values []LegacyPlace `json:"values" doc:"in order of first appearance"`
}

// LegacyPlace is a place with the number of nodes in it.
type LegacyPlace struct {
	ID            string `json:"_id,omitempty"`
	Name          string `json:"name"`
	NumberOfNodes int    `json:"numberOfNodes"`
}

// LegacyScoreMetadata are the ranges and weights behind the scores of a session.
type LegacyScoreMetadata struct {
	ID                   string           `json:"_id"`
	Session              uint32           `json:"session"`
	BondedStats          LegacyStats      `json:"bondedStats" doc:"planck"`
	BondedWeight         float64          `json:"bondedWeight"`
	FaultsStats          LegacyStats      `json:"faultsStats"`
	FaultWeight          float64          `json:"faultWeight"`
	InclusionStats       LegacyStats      `json:"inclusionStats"`
	InclusionWeight      float64          `json:"inclusionWeight"`
	SpanInclusionStats   LegacyStats      `json:"spanInclusionStats"`
	SpanInclusionWeight  float64          `json:"spanInclusionWeight"`
	DiscoveredAtStats    LegacyStats      `json:"discoveredAtStats" doc:"ms"`
	DiscoveredAtWeight   float64          `json:"discoveredAtWeight"`
	NominatedAtStats     LegacyStats      `json:"nominatedAtStats" doc:"eras"`
	NominatedAtWeight    float64          `json:"nominatedAtWeight"`
	OfflineStats         LegacyStats      `json:"offlineStats" doc:"ms"`
	OfflineWeight        float64          `json:"offlineWeight"`
	RankStats            LegacyStats      `json:"rankStats"`
	RankWeight           float64          `json:"rankWeight"`
	LocationStats        LegacyPlaceStats `json:"locationStats"`
	LocationWeight       float64          `json:"locationWeight"`
	RegionStats          LegacyPlaceStats `json:"regionStats"`
	RegionWeight         float64          `json:"regionWeight"`
	CountryStats         LegacyPlaceStats `json:"countryStats"`
	CountryWeight        float64          `json:"countryWeight"`
	ProviderStats        LegacyPlaceStats `json:"providerStats"`
	ProviderWeight       float64          `json:"providerWeight"`
	NominatorStakeStats  LegacyStats      `json:"nominatorStakeStats" doc:"sums of square roots of tokens"`
	NominatorStakeWeight float64          `json:"nominatorStakeWeight"`
	UnclaimedWeight      float64          `json:"unclaimedWeight"`
	ClientWeight         float64          `json:"clientWeight"`
	Updated              int64            `json:"updated" doc:"ms"`
	V                    int              `json:"__v"`
}

// LegacyValidatorSet is the validator set of an era.
type LegacyValidatorSet struct {
	ID         string   `json:"_id"`
	Session    uint32   `json:"session"`
	Era        uint32   `json:"era"`
	Validators []string `json:"validators"`
	V          int      `json:"__v"`
}

// LegacyKeys are the next session keys of a validator.
type LegacyKeys struct {
	ID      string            `json:"_id"`
	Address string            `json:"address"`
	Keys    map[string]string `json:"keys" doc:"by name: grandpa, babe, paraValidator, ...; 0x hex"`
	V       int               `json:"__v"`
}

// LegacyBeefy counts validators by their BEEFY key.
type LegacyBeefy struct {
	Beefy1KVCount            int     `json:"beefy1KVCount" doc:"candidates with a real key"`
	ActiveBeefy1KVCount      int     `json:"activeBeefy1KVCount"`
	ActiveBeefy1KVPercentage float64 `json:"activeBeefy1KVPercentage" doc:"percent of the current set"`
	Total1KVValidatorCount   int     `json:"total1KVValidatorCount" doc:"candidates"`
	BeefyTotalValidatorCount int     `json:"beefyTotalValidatorCount" doc:"all validators with a real key"`
	ActiveBeefyValidators    int     `json:"activeBeefyValidatorCount"`
	ActiveBeefyPercentage    float64 `json:"activeBeefyPercentage" doc:"percent of the current set"`
	ActiveValidatorCount     int     `json:"activeValidatorCount"`
	TotalValidators          int     `json:"totalValidators"`
	TotalBeefyValidators     float64 `json:"totalBeefyValidators" doc:"a percentage, despite its name"`
}
