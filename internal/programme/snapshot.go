package programme

// Snapshot holds every chain fact of a round, read at one finalised block of the staking chain and the
// matching blocks of the other chains. It is part of the record.
//
// Lists are sorted: accounts by address, eras ascending. Candidates holds one entry per stash asked for.
type Snapshot struct {
	Network  Network      `json:"network"`
	Topology Topology     `json:"topology"`
	Blocks   []ChainBlock `json:"blocks"` // by role: staking, session, identity; one chain may have several roles
	Eras     Eras         `json:"eras"`
	Limits   ChainLimits  `json:"limits"`
	// ValidatorSet is the session's active set.
	ValidatorSet []Address `json:"validatorSet"`
	// Elected lists the validators with an exposure in the active era and their total stake.
	Elected []Elected `json:"elected"`
	// PointEras lists the eras of the window [active - 84, active - 1] whose reward points were read, with their
	// totals. An era that is missing here is unknown for every validator.
	PointEras  []EraTotal       `json:"pointEras"`
	Candidates []ChainCandidate `json:"candidates"`
	Nominators []ChainNominator `json:"nominators"` // the programme's own nominators, in the order asked for
	// Backers are the accounts that nominate at least one of the candidates.
	Backers []Backer `json:"backers"`
	// IntentionCount is the number of accounts with an intention to validate on the whole chain; 0 means that
	// the list was empty, which is treated as a failure of the source.
	IntentionCount int `json:"intentionCount"`
	// Gaps names the parts that could not be read and why. A part with a gap is unknown for everybody.
	Gaps map[Part]string `json:"gaps,omitempty"`
	// Warnings are what looked odd while reading, for people: types this program did not know when it was written,
	// contradictions between a node and its runtime. The facts are usable all the same.
	Warnings []string `json:"warnings,omitempty"`
}

// Part is a portion of a snapshot that may be missing while the rest is usable.
type Part string

// The parts of a snapshot that may be missing.
const (
	PartIdentity  Part = "identity"  // the chain that holds identities was out of reach
	PartKeys      Part = "keys"      // next session keys
	PartPoints    Part = "points"    // era reward points
	PartClaims    Part = "claims"    // claimed reward pages
	PartBackers   Part = "backers"   // nominators of the candidates
	PartExposures Part = "exposures" // exposures of the active era
	PartSlashes   Part = "slashes"   // reported and applied slashes
)

// Network identifies the network and its units; everything in it is read from the chain.
type Network struct {
	Name       string `json:"name"`       // lower-case: polkadot, kusama, westend, paseo, or the relay chain's spec name
	Chain      string `json:"chain"`      // the staking chain's own name, as system_chain says
	Genesis    string `json:"genesis"`    // hash of the relay (or only) chain's first block, 0x hex
	SS58Prefix uint16 `json:"ss58Prefix"` // address prefix
	Decimals   int    `json:"decimals"`   // planck per token = 10^decimals
	Symbol     string `json:"symbol"`     // token symbol
}

// Topology says where the facts live.
type Topology struct {
	// Kind is "single" when one chain has everything, "multi" when staking, sessions or identity are apart.
	Kind string `json:"kind"`
	// Generation of the staking pallet: A (unpaged exposures), B (paged), C (staking on Asset Hub).
	Generation string `json:"generation"`
}

// Roles of a chain in a snapshot.
const (
	RoleStaking  = "staking"
	RoleSession  = "session"
	RoleIdentity = "identity"
)

// ChainBlock is the block of one chain at which facts were read.
type ChainBlock struct {
	Role        string `json:"role"`
	Chain       string `json:"chain"`
	Genesis     string `json:"genesis"`
	SpecName    string `json:"specName"`
	SpecVersion uint32 `json:"specVersion"`
	Number      uint32 `json:"number"`
	Hash        string `json:"hash"` // 0x hex
	Time        Millis `json:"time"` // the block's own timestamp
}

// Eras is the staking clock at the snapshot.
type Eras struct {
	Active         Era     `json:"active"`
	ActiveStart    Millis  `json:"activeStart"` // 0 when the chain has not set it yet
	Planned        Era     `json:"planned"`     // the pallet's current era: equal to the active era or one higher
	Session        Session `json:"session"`     // relay chain session index
	SessionsPerEra uint32  `json:"sessionsPerEra"`
	EraLength      Millis  `json:"eraLength"` // nominal duration
	HistoryDepth   uint32  `json:"historyDepth"`
}

// ChainLimits are constants and settings of the runtime that bound what can be done.
type ChainLimits struct {
	MaxNominations     uint32 `json:"maxNominations"` // most targets of one nominator
	MinNominatorBond   Planck `json:"minNominatorBond"`
	MinValidatorBond   Planck `json:"minValidatorBond"`
	ExistentialDeposit Planck `json:"existentialDeposit"`
}

// Elected is a validator with an exposure in the active era.
type Elected struct {
	Stash Address `json:"stash"`
	Total Planck  `json:"total"`
}

// EraTotal is the sum of reward points of an era.
type EraTotal struct {
	Era   Era    `json:"era"`
	Total uint32 `json:"total"`
}

// ChainCandidate holds what the chains say about one candidate's stash.
type ChainCandidate struct {
	Stash     Address   `json:"stash"`
	Intention Intention `json:"intention"`
	Bond      Bond      `json:"bond"`
	// Payee is the reward destination: Staked, Stash, Controller, None, an address, or empty when unset.
	Payee string `json:"payee,omitempty"`
	// Keys are the next session keys; an empty list means the stash has none on chain.
	Keys []SessionKey `json:"keys,omitempty"`
	// Identity is nil when no registration exists, neither of the stash nor of a super-identity.
	Identity *Identity `json:"identity,omitempty"`
	// Exposure in the active era; nil when not elected.
	Exposure *Exposure `json:"exposure,omitempty"`
	// Points per era, only eras with more than zero.
	Points map[Era]uint32 `json:"points,omitempty"`
	// Unclaimed lists eras with points and a set reward whose pages are not all claimed.
	Unclaimed []UnclaimedEra `json:"unclaimed,omitempty"`
	Slashes   []Slash        `json:"slashes,omitempty"`
}

// Intention is the stash's entry in the staking pallet's validators map.
type Intention struct {
	Present    bool    `json:"present"`
	Commission Perbill `json:"commission"` // 0 when not present
	Blocked    bool    `json:"blocked"`
}

// Bond is the stash's ledger. Bonded is false when the stash has no controller or the controller no ledger.
type Bond struct {
	Bonded     bool    `json:"bonded"`
	Controller Address `json:"controller,omitempty"`
	Total      Planck  `json:"total"`
	Active     Planck  `json:"active"`
}

// SessionKey is one public key of a validator's next session keys.
type SessionKey struct {
	Name string `json:"name"` // as the runtime names it: grandpa, babe, beefy, ...
	Key  string `json:"key"`  // 0x hex
}

// Identity is the registration that counts for a stash.
type Identity struct {
	Display string `json:"display"` // "parent / sub" for a sub-identity
	// Super is the address of the super-identity when the registration is the parent's, else empty.
	Super      Address     `json:"super,omitempty"`
	Judgements []Judgement `json:"judgements,omitempty"`
}

// Judgement is what one registrar says of an identity.
type Judgement struct {
	Registrar uint32 `json:"registrar"`
	// Kind is the runtime's name: Unknown, FeePaid, Reasonable, KnownGood, OutOfDate, LowQuality, Erroneous.
	Kind string `json:"kind"`
}

// Exposure is the stake behind an elected validator; pages are summed.
type Exposure struct {
	Total  Planck    `json:"total"`
	Own    Planck    `json:"own"`
	Others []Backing `json:"others,omitempty"`
}

// Backing is the stake of one nominator behind one validator.
type Backing struct {
	Who   Address `json:"who"`
	Value Planck  `json:"value"`
}

// UnclaimedEra is an era whose reward is not fully paid out.
type UnclaimedEra struct {
	Era     Era      `json:"era"`
	Pages   uint32   `json:"pages"`             // number of reward pages
	Claimed []uint32 `json:"claimed,omitempty"` // pages already paid out
}

// Slash is a reported or applied slash of a stash.
type Slash struct {
	Era      Era     `json:"era"`
	Fraction Perbill `json:"fraction"`
	Own      Planck  `json:"own"`     // amount of the validator's own stake
	Applied  bool    `json:"applied"` // false while it may still be cancelled
}

// Backer is an account that nominates candidates.
type Backer struct {
	Stash   Address   `json:"stash"`
	Active  Planck    `json:"active"`  // active bond
	Targets []Address `json:"targets"` // only candidates
}

// ChainNominator holds what the chain says about one of the programme's nominators.
type ChainNominator struct {
	Address Address `json:"address"` // the bonded account, as configured
	Stash   Address `json:"stash"`   // from the ledger; equals Address where controllers are gone
	Bond    Bond    `json:"bond"`
	Payee   string  `json:"payee,omitempty"`
	// Free and Reserved are the balances of the stash; together its whole holding.
	Free     Planck `json:"free"`
	Reserved Planck `json:"reserved"`
	// Targets on chain, empty when it does not nominate; SubmittedIn is the planned era in which they were set.
	Targets     []Address `json:"targets,omitempty"`
	SubmittedIn Era       `json:"submittedIn"`
}
