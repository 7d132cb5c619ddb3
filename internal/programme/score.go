package programme

// Factor names a part of the score, as the old API does.
type Factor string

// The factors, in the order in which they are added up.
const (
	FactorInclusion      Factor = "inclusion"
	FactorSpanInclusion  Factor = "spanInclusion"
	FactorFaults         Factor = "faults"
	FactorDiscovered     Factor = "discovered"
	FactorNominated      Factor = "nominated"
	FactorRank           Factor = "rank"
	FactorUnclaimed      Factor = "unclaimed"
	FactorBonded         Factor = "bonded"
	FactorLocation       Factor = "location"
	FactorRegion         Factor = "region"
	FactorCountry        Factor = "country"
	FactorProvider       Factor = "provider"
	FactorOffline        Factor = "offline"
	FactorNominatorStake Factor = "nominatorStake"
	FactorClient         Factor = "client"
)

// Score is the weighted sum for one candidate. Parts are in the order of addition.
type Score struct {
	Parts     []Contribution `json:"parts"`
	Aggregate float64        `json:"aggregate"`
	// Randomness is the multiplier in [1, 1.15).
	Randomness float64 `json:"randomness"`
	Total      float64 `json:"total"` // aggregate x randomness
}

// Contribution is one factor's contribution to a score.
type Contribution struct {
	Factor Factor `json:"factor"`
	// Value is the candidate's own figure, in the factor's unit, and Scaled its place in [0, 1] between the
	// quantiles of all valid candidates. Factors without scaling leave Scaled at 0.
	Value  float64 `json:"value"`
	Scaled float64 `json:"scaled"`
	Weight float64 `json:"weight"`
	Points float64 `json:"points"`
	// Note explains a special case, such as a missing place; empty otherwise.
	Note string `json:"note,omitempty"`
}

// Statistics are the ranges of one numeric factor over the scored candidates.
type Statistics struct {
	Factor            Factor  `json:"factor"`
	Count             int     `json:"count"`
	Weight            float64 `json:"weight"`
	AbsoluteMin       float64 `json:"absoluteMin"`
	AbsoluteMax       float64 `json:"absoluteMax"`
	Q10               float64 `json:"q10"`
	Q25               float64 `json:"q25"`
	Q50               float64 `json:"q50"`
	Q75               float64 `json:"q75"`
	Q90               float64 `json:"q90"`
	Mean              float64 `json:"mean"`
	StandardDeviation float64 `json:"standardDeviation"`
	// Low and High are the quantile values between which the factor is scaled.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Places counts nodes per place for the four place factors, in order of first appearance.
	Places []Place `json:"places,omitempty"`
}

// Place is a city, region, country or provider with the number of scored nodes in it.
type Place struct {
	Name  string `json:"name"`
	Nodes int    `json:"nodes"`
}
