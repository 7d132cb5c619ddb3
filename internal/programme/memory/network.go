package memory

import "github.com/thousand-validators/otv/internal/programme"

// EraPoints are the reward points of one validator in an era.
type EraPoints struct {
	Era    programme.Era
	Stash  programme.Address
	Points uint32
}

// EraTotal sums up the reward points of an era over all validators that got any.
type EraTotal struct {
	Era        programme.Era
	Total      uint32
	Validators int
	Median     float64
	Average    float64
	Max, Min   uint32
}

// EraStatistics counts the programme's candidates in an era; the newest look of an era replaces the one before it.
type EraStatistics struct {
	Era                        programme.Era
	At                         programme.Millis
	Listed, Valid, Active, KYC int
}

// ValidatorSet is the validator set of an era.
type ValidatorSet struct {
	Era        programme.Era // active era
	Session    programme.Session
	At         programme.Millis
	Validators []programme.Address
}

// SessionKeys are the next session keys of an account with the intention to validate.
type SessionKeys struct {
	Stash   programme.Address
	Keys    []programme.SessionKey
	Updated programme.Millis
}

// Stake is the stake behind a candidate in an era.
type Stake struct {
	Stash    programme.Address
	Era      programme.Era
	Total    programme.Planck    // own and of active nominators
	Inactive programme.Planck    // of inactive nominators
	Active   []programme.Backing // exposed parts
	Waiting  []programme.Backing // whole active bonds of those who nominate it without being exposed
	Updated  programme.Millis
}

// LocationStatistics count nodes by place in a session.
type LocationStatistics struct {
	Session programme.Session
	At      programme.Millis
	Nodes   int
	// The places, those with most nodes first.
	Cities, Regions, Countries, Providers []programme.Place
	// The variances of the numbers of nodes over the places (divisor n), and their mean: the larger, the more concentrated.
	CityVariance, RegionVariance, CountryVariance, ProviderVariance, Decentralisation float64
}

// Payout is one payout of an era's reward to the backers of a validator.
type Payout struct {
	Validator  programme.Address
	Era        programme.Era
	Page       uint32
	Block      uint32
	BlockHash  string
	At         programme.Millis
	Commission programme.Perbill
	Stake      programme.Planck // total exposure of the validator
	LeastStake programme.Planck // least total exposure in the era
}

// Reward is what one account got from a payout.
type Reward struct {
	Payout
	Account     programme.Address
	Role        string // [RoleValidator] or [RoleNominator]
	Amount      programme.Planck
	Exposure    programme.Planck // of this account behind the validator
	Destination string           // reward destination of this account
	// Prices of one token on that day, by currency; a currency that is missing had no price.
	Prices map[string]float64
}

// Roles of a reward.
const (
	RoleValidator = "validator"
	RoleNominator = "nominator"
)

// RewardFilter selects rewards. Empty members select everything.
type RewardFilter struct {
	Validator programme.Address
	Account   programme.Address
	Role      string
	// From and To are the first and the last era; 0 = no bound.
	From, To programme.Era
	// Asset is the token ("polkadot") whose prices are given with the rewards; empty for none.
	Asset string
}

// RewardSum sums up the rewards of one account in one role.
type RewardSum struct {
	Role    string
	Account programme.Address
	Count   int
	Total   programme.Planck
	// The means over the rewards: the validator's stake and the least stake of the era in planck, the commission in
	// perbill, and the least stake as a percentage of the validator's where that is known.
	Stake, LeastStake, Commission, Efficiency float64
}

// BlockIndex tells which finalised blocks have been searched for payouts: all from Earliest to Latest.
type BlockIndex struct {
	Earliest, Latest uint32
}

// Chain is what is known of the network, for those who show it.
type Chain struct {
	programme.Network
	Eras    programme.Eras
	Limits  programme.ChainLimits
	Blocks  []programme.ChainBlock
	Updated programme.Millis
}
