package scoring

import "github.com/thousand-validators/otv/internal/programme"

// Direction says which values of a factor are good.
type Direction string

// The directions.
const (
	LowIsGood   Direction = "low"      // points = (1 - scaled) x weight
	HighIsGood  Direction = "high"     // points = scaled x weight
	Subtracted  Direction = "subtract" // points = -count x weight
	AllOrNought Direction = "all"      // points = weight or 0
)

// FactorInfo describes a factor of the score. docs/rules.md has a line for each.
type FactorInfo struct {
	Factor    programme.Factor
	WeightKey string // key of the weight in the score section of the configuration
	Direction Direction
	// Low and High are the quantiles between which the value is scaled; both 0 when it is not scaled.
	Low, High float64
	Unit      string // of Contribution.Value
	Meaning   string
}

// factors are in the order in which their points are added up.
var factors = [...]FactorInfo{
	{programme.FactorInclusion, "inclusion", LowIsGood, 0.05, 0.95, "share of eras",
		"Share of the last 84 eras in which the validator earned reward points."},
	{programme.FactorSpanInclusion, "spanInclusion", LowIsGood, 0.05, 0.95, "share of eras",
		"Share of the last 28 eras in which the validator earned reward points."},
	{programme.FactorFaults, "faults", LowIsGood, 0.10, 0.90, "faults",
		"Faults that were not revoked."},
	{programme.FactorDiscovered, "discovered", LowIsGood, 0.10, 0.90, "ms since 1970",
		"Moment at which the node was first seen; earlier is better."},
	{programme.FactorNominated, "nominated", LowIsGood, 0.10, 0.90, "era",
		"Era of the last nomination by the programme; longer ago is better, never is best."},
	{programme.FactorRank, "rank", HighIsGood, 0.10, 0.90, "rank",
		"Rank in the programme."},
	{programme.FactorUnclaimed, "unclaimed", Subtracted, 0, 0, "eras",
		"Eras whose rewards are not fully paid out; the weight is taken off for each."},
	{programme.FactorBonded, "bonded", HighIsGood, 0.05, 0.85, "planck",
		"The validator's own active bond."},
	{programme.FactorLocation, "location", LowIsGood, 0, 1, "nodes in the same city",
		"Valid candidates in the same city."},
	{programme.FactorRegion, "region", LowIsGood, 0, 1, "nodes in the same region",
		"Valid candidates in the same region."},
	{programme.FactorCountry, "country", LowIsGood, 0, 1, "nodes in the same country",
		"Valid candidates in the same country."},
	{programme.FactorProvider, "provider", LowIsGood, 0, 1, "nodes at the same provider",
		"Valid candidates at the same hosting provider."},
	{programme.FactorOffline, "offline", LowIsGood, 0.10, 0.90, "ms",
		"Time offline within the last week."},
	{programme.FactorNominatorStake, "nominations", HighIsGood, 0.05, 0.95, "sum of square roots of tokens",
		"Backing by others: the sum of the square roots of their stakes, the programme's own nominators left out."},
	{programme.FactorClient, "client", AllOrNought, 0, 0, "",
		"Running another client than the main one."},
}

// Factors lists all factors in the order of addition.
func Factors() []FactorInfo {
	list := factors
	return list[:]
}

// The positions of the factors above.
const (
	iInclusion = iota
	iSpanInclusion
	iFaults
	iDiscovered
	iNominated
	iRank
	iUnclaimed
	iBonded
	iLocation
	iRegion
	iCountry
	iProvider
	iOffline
	iNominatorStake
	iClient
	factorCount
)

// weights are the weights in the order of the factors.
func weights(w *programme.Weights) [factorCount]float64 {
	return [factorCount]float64{
		w.Inclusion, w.SpanInclusion, w.Faults, w.Discovered, w.Nominated, w.Rank, w.Unclaimed, w.Bonded,
		w.Location, w.Region, w.Country, w.Provider, w.Offline, w.NominatorStake, w.Client,
	}
}

// isPlace reports whether the factor at position i counts nodes per place.
func isPlace(i int) bool { return i >= iLocation && i <= iProvider }

// isNumeric reports whether the factor at position i is scaled between quantiles of the candidates' own values.
func isNumeric(i int) bool { return i != iUnclaimed && i != iClient && !isPlace(i) }
