package chain

import (
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/codec"
)

// The layouts below are what this package needs of the runtimes' types, matched by the names of fields, so that
// fields which a runtime adds or moves do not matter. Names that generations spell differently are alternatives.

// amount takes balances of the chain.
type amount struct{ programme.Planck }

// SetU128 makes amount a destination for integers of up to 128 bits.
func (a *amount) SetU128(lo, hi uint64) { a.Planck = programme.PlanckFromParts(lo, hi) }

type activeEra struct {
	Index uint32
	Start *uint64 // ms; absent in the first blocks of an era
}

// ledger is what an account has bonded. Its list of claimed eras is complete in generation A, holds the eras before
// paged payouts in B, and is gone in C.
type ledger struct {
	Stash         account
	Total, Active amount
	Claimed       []uint32 `scale:"claimed_rewards|legacy_claimed_rewards,optional"`
}

type preferences struct {
	Commission uint32
	Blocked    bool
}

// destination is where rewards go; Account is set for the variant of that name.
type destination struct {
	Kind    string `scale:",variant"`
	Account *account
}

type nominations struct {
	Targets     []account
	SubmittedIn uint32
}

// unpagedExposure is the stake behind a validator in the old form.
type unpagedExposure struct {
	Total, Own amount
	Others     []individual
}

// overview is the stake behind a validator in the paged form; nominators are in the pages.
type overview struct {
	Total, Own amount
	PageCount  uint32
}

// stake is what both forms of an exposure begin with.
type stake struct{ Total amount }

type exposurePage struct{ Others []individual }

type individual struct {
	Who   account
	Value amount
}

type rewardPoints struct {
	Total      uint32
	Individual map[account]uint32
}

// reportedSlash is an entry of ValidatorSlashInEra. In generations A and B the amount is what was slashed of the own
// stake, in C the own stake of which the fraction is slashed.
type reportedSlash struct {
	Fraction uint32 `scale:"0"`
	Own      amount `scale:"1"`
}

type unappliedSlash struct {
	Validator account
	Own       amount
}

// queuedOffence is an offence whose slash has not been computed yet.
type queuedOffence struct{ SlashFraction uint32 }

// processedOffence is the offence whose slash is being computed.
type processedOffence struct {
	Era       uint32        `scale:"0"`
	Validator account       `scale:"1"`
	Offence   queuedOffence `scale:"2"`
}

type accountInfo struct{ Data accountData }

type accountData struct{ Free, Reserved amount }

// registration is an identity. Some relay chains put it in a tuple with the primary username.
type registration struct {
	_          struct{} `scale:",first"`
	Judgements []judgement
	Info       identityInfo
}

type judgement struct {
	Registrar uint32 `scale:"0"`
	Kind      string `scale:"1"`
}

// identityInfo is what the owner says; the other fields differ between relay chains and People chains.
type identityInfo struct{ Display codec.Variant }

type superOf struct {
	Parent account       `scale:"0"`
	Name   codec.Variant `scale:"1"`
}
