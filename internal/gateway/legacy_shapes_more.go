package gateway

// LegacyValidatorLocations are the locations of one validator of the current set.
type LegacyValidatorLocations struct {
	Address   string                `json:"address"`
	Locations []LegacyValidatorSeat `json:"locations" doc:"newest first; only candidates have any"`
}

// LegacyValidatorSeat is one location of a validator.
type LegacyValidatorSeat struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	City     string `json:"city"`
	Region   string `json:"region"`
	Country  string `json:"country"`
	Provider string `json:"provider"`
	Updated  int64  `json:"updated" doc:"ms"`
	Session  uint32 `json:"session"`
	Source   string `json:"source"`
}

// LegacyLocation is where a candidate's node appears to be. The address of the node itself is not published.
type LegacyLocation struct {
	ID string `json:"_id"`
	LegacyValidatorSeat
	SlotID    int    `json:"slotId"`
	VPN       *bool  `json:"vpn,omitempty"`
	CPU       string `json:"cpu,omitempty"`
	Memory    string `json:"memory,omitempty" doc:"bytes"`
	CoreCount string `json:"coreCount,omitempty"`
	VM        *bool  `json:"vm,omitempty"`
	V         int    `json:"__v"`
}

// LegacyLocationStats counts nodes by place. Two names are misspelt as they always were; the right ones stand beside them.
type LegacyLocationStats struct {
	TotalNodes               int           `json:"totalNodes"`
	Session                  uint32        `json:"session"`
	Updated                  int64         `json:"updated" doc:"ms"`
	Locations                []LegacyPlace `json:"locations"`
	Regions                  []LegacyPlace `json:"regions"`
	Countries                []LegacyPlace `json:"countries"`
	Providers                []LegacyPlace `json:"providers"`
	LocationVariance         float64       `json:"locationVariance"`
	RegionVariance           float64       `json:"regionVariance"`
	CountyVariance           float64       `json:"countyVariance"`
	CountryVariance          float64       `json:"countryVariance"`
	ProviderVarianceMistyped float64       `json:"providerVaraince"`
	ProviderVariance         float64       `json:"providerVariance"`
	Decentralization         float64       `json:"decentralization" doc:"mean of the four variances; lower is better"`
}

// LegacyValidStats counts the nodes of valid candidates by place.
type LegacyValidStats struct {
	TotalNodes int                 `json:"totalNodes" doc:"valid candidates with a location"`
	Locations  []LegacyScoredPlace `json:"locations"`
	Regions    []LegacyScoredPlace `json:"regions"`
	Countries  []LegacyScoredPlace `json:"countries"`
	Providers  []LegacyScoredPlace `json:"providers"`
}

// LegacyScoredPlace is a place with the points that a node there gets.
type LegacyScoredPlace struct {
	Name          string  `json:"name"`
	NumberOfNodes int     `json:"numberOfNodes"`
	Score         float64 `json:"score" doc:"points"`
}

// LegacyEraStats counts candidates in an era.
type LegacyEraStats struct {
	ID         string `json:"_id"`
	When       int64  `json:"when" doc:"ms"`
	Era        uint32 `json:"era"`
	TotalNodes int    `json:"totalNodes"`
	Valid      int    `json:"valid"`
	Active     int    `json:"active"`
	KYC        int    `json:"kyc"`
	V          int    `json:"__v"`
}

// LegacyReward is what a validator or nominator got for an era.
type LegacyReward struct {
	Role                     string  `json:"role" enum:"validator,nominator"`
	ExposurePercentage       float64 `json:"exposurePercentage" doc:"percent of the validator's stake"`
	Exposure                 float64 `json:"exposure" doc:"tokens"`
	TotalStake               float64 `json:"totalStake" doc:"tokens"`
	Commission               float64 `json:"commission" doc:"percent"`
	Era                      uint32  `json:"era"`
	Validator                string  `json:"validator"`
	Nominator                string  `json:"nominator"`
	RewardAmount             float64 `json:"rewardAmount" doc:"tokens"`
	RewardDestination        string  `json:"rewardDestination"`
	ErasMinStake             float64 `json:"erasMinStake" doc:"tokens: least stake elected in the era"`
	ValidatorStakeEfficiency float64 `json:"validatorStakeEfficiency" doc:"percent"`
	BlockHash                string  `json:"blockHash"`
	BlockNumber              uint32  `json:"blockNumber"`
	Timestamp                int64   `json:"timestamp" doc:"ms"`
	Date                     string  `json:"date" doc:"DD-MM-YYYY, UTC"`
	CHF                      float64 `json:"chf" doc:"value on that day, 0 without a price"`
	USD                      float64 `json:"usd" doc:"value on that day, 0 without a price"`
	EUR                      float64 `json:"eur" doc:"value on that day, 0 without a price"`
}

// LegacyValidatorTotal sums up the rewards of one validator.
type LegacyValidatorTotal struct {
	Validator   string  `json:"validator"`
	Total       float64 `json:"total" doc:"tokens"`
	RewardCount int     `json:"rewardCount"`
}

// LegacyNominatorTotal sums up the rewards of one nominator.
type LegacyNominatorTotal struct {
	Total       float64 `json:"total" doc:"tokens"`
	RewardCount int     `json:"rewardCount"`
}

// LegacyValidatorSum is one line of the list of all validators' rewards.
type LegacyValidatorSum struct {
	Validator string          `json:"validator"`
	Total     float64         `json:"total" doc:"tokens"`
	Identity  *LegacyIdentity `json:"identity"`
}

// LegacyNominatorSum is one line of the list of all nominators' rewards.
type LegacyNominatorSum struct {
	Nominator string          `json:"nominator"`
	Total     float64         `json:"total" doc:"tokens"`
	Identity  *LegacyIdentity `json:"identity"`
}

// LegacyRewardStats are the averages over the rewards of one validator; null without any.
type LegacyRewardStats struct {
	Total         float64  `json:"total" doc:"tokens"`
	RewardCount   int      `json:"rewardCount"`
	AvgEfficiency *float64 `json:"avgEfficiency" doc:"percent"`
	AvgStake      *float64 `json:"avgStake" doc:"tokens"`
}

// LegacyRewardLine is one line of the list of all validators' averages.
type LegacyRewardLine struct {
	Validator      string          `json:"validator"`
	NumRewards     int             `json:"numRewards"`
	TotalRewards   float64         `json:"totalRewards" doc:"tokens"`
	AvgEfficiency  float64         `json:"avgEfficiency" doc:"percent"`
	AvgStake       float64         `json:"avgStake" doc:"tokens"`
	AvgEraMinStake float64         `json:"avgEraMinStake" doc:"tokens"`
	AvgCommission  float64         `json:"avgCommission" doc:"percent"`
	Identity       *LegacyIdentity `json:"identity"`
}

// LegacyBlockIndex tells which blocks were searched for rewards.
type LegacyBlockIndex struct {
	Latest        *uint32 `json:"latest,omitempty"`
	Earliest      *uint32 `json:"earliest,omitempty"`
	BlocksIndexed int64   `json:"blocksIndexed"`
}

// LegacyRelease is the newest release of the client.
type LegacyRelease struct {
	ID          string `json:"_id"`
	Name        string `json:"name"`
	PublishedAt int64  `json:"publishedAt" doc:"ms"`
	V           int    `json:"__v"`
}

// LegacyJob is the state of one job.
type LegacyJob struct {
	Name       string   `json:"name"`
	Status     string   `json:"status" doc:"Not Running, started, running, errored or finished"`
	Updated    int64    `json:"updated" doc:"ms"`
	Enabled    bool     `json:"enabled"`
	Frequency  string   `json:"frequency,omitempty" doc:"six fields, seconds first"`
	RunCount   *int64   `json:"runCount,omitempty"`
	ExecutedAt int64    `json:"executedAt,omitempty" doc:"ms"`
	Progress   *float64 `json:"progress,omitempty" doc:"0 to 100"`
	Iteration  string   `json:"iteration,omitempty" doc:"what it is at"`
	Error      string   `json:"error,omitempty"`
}

// LegacyNominatorStatus is how one nominator is doing.
type LegacyNominatorStatus struct {
	State             string                `json:"state" doc:"Nominated, Ready to Nominate, Nominating, Awaiting Proxy Execution, Not Nominating or Stale"`
	Status            string                `json:"status" doc:"the same in a sentence"`
	BondedAddress     string                `json:"bondedAddress"`
	StashAddress      string                `json:"stashAddress"`
	BondedAmount      float64               `json:"bondedAmount" doc:"tokens"`
	IsBonded          bool                  `json:"isBonded"`
	IsProxy           bool                  `json:"isProxy"`
	ProxyDelay        uint32                `json:"proxyDelay" doc:"blocks"`
	ProxyAddress      string                `json:"proxyAddress"`
	RewardDestination string                `json:"rewardDestination,omitempty"`
	LastNominationEra uint32                `json:"lastNominationEra"`
	CurrentTargets    []LegacyStatusTarget  `json:"currentTargets"`
	NextTargets       []string              `json:"nextTargets,omitempty"`
	ProxyTxs          []LegacyStatusProxyTx `json:"proxyTxs"`
	Updated           int64                 `json:"updated" doc:"ms"`
	Stale             bool                  `json:"stale"`
	DryRun            bool                  `json:"dryRun" doc:"nothing is signed"`
	ShouldNominate    bool                  `json:"shouldNominate"`
}

// LegacyStatusTarget is a candidate as the status of a nominator shows it.
type LegacyStatusTarget struct {
	Stash string  `json:"stash"`
	Name  string  `json:"name" doc:"name of the identity"`
	KYC   bool    `json:"kyc"`
	Score float64 `json:"score" doc:"points, 0 without a score"`
}

// LegacyStatusProxyTx is an announcement with the time that is left until it can be executed.
type LegacyStatusProxyTx struct {
	ID            string               `json:"_id"`
	Number        uint32               `json:"number"`
	Controller    string               `json:"controller"`
	Targets       []LegacyStatusTarget `json:"targets"`
	CallHash      string               `json:"callHash"`
	ExecutionTime int64                `json:"executionTime" doc:"ms until it can be executed"`
	V             int                  `json:"__v"`
}
