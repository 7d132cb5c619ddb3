package simchain

import (
	"math/bits"

	"github.com/thousand-validators/otv/substrate/codec"
)

// The types below are those of storage, matched by the names of fields. Balances of a simulated network fit into 64 bits.

type accountInfo struct {
	Nonce, Consumers, Providers, Sufficients uint32
	Data                                     accountData
}

type accountData struct {
	Free, Reserved, Frozen uint64
	Flags                  codec.BigInt
}

type balanceLock struct {
	ID      [8]byte
	Amount  uint64
	Reasons string
}

type ledger struct {
	Stash         Account
	Total, Active uint64
	Unlocking     []chunk
	Legacy        []uint32 `scale:"legacy_claimed_rewards,optional"`
}

type chunk struct {
	Value uint64
	Era   uint32
}

type prefs struct {
	Commission uint32
	Blocked    bool
}

type nominations struct {
	Targets     []Account
	SubmittedIn uint32
	Suppressed  bool
}

// payee is where rewards go.
type payee struct {
	Kind    string `scale:",variant"`
	Account *Account
}

type activeEra struct {
	Index uint32
	Start *uint64
}

type overview struct {
	Total, Own     uint64
	NominatorCount uint32
	PageCount      uint32
}

type exposurePage struct {
	PageTotal uint64
	Others    []individual
}

type individual struct {
	Who   Account
	Value uint64
}

type eraPoints struct {
	Total      uint32
	Individual []pointsOf
}

type pointsOf struct {
	Who    Account `scale:"0"`
	Points uint32  `scale:"1"`
}

type bondedEra struct {
	Era     uint32 `scale:"0"`
	Session uint32 `scale:"1"`
}

type queuedKeys struct {
	Who  Account `scale:"0"`
	Keys any     `scale:"1"`
}

type proxies struct {
	List    []proxyDefinition `scale:"0"`
	Deposit uint64            `scale:"1"`
}

type proxyDefinition struct {
	Delegate  Account
	ProxyType string
	Delay     uint32
}

type announcements struct {
	List    []announcement `scale:"0"`
	Deposit uint64         `scale:"1"`
}

type announcement struct {
	Real     Account
	CallHash [32]byte
	Height   uint32
}

type registration struct {
	Judgements []judgement
	Deposit    uint64
	Info       any
}

type judgement struct {
	Registrar uint32 `scale:"0"`
	Kind      any    `scale:"1"`
}

// named is a registration with a primary username.
type named struct {
	Registration registration `scale:"0"`
	Username     *[]byte      `scale:"1"`
}

type registrar struct {
	Account Account
	Fee     uint64
	Fields  uint64
}

type slashInEra struct {
	Fraction uint32 `scale:"0"`
	Own      uint64 `scale:"1"`
}

type share struct {
	Who   Account `scale:"0"`
	Value uint64  `scale:"1"`
}

// unapplied is a slash that waits: in a list of an era, or under a key of its own.
type unapplied struct {
	Validator Account
	Own       uint64
	Others    []share
	Reporters []Account `scale:"reporters,optional"`
	Reporter  *Account  `scale:"reporter,optional"`
	Payout    uint64
}

type offenceRecord struct {
	Reporter           *Account
	ReportedEra        uint32
	ExposurePage       uint32
	SlashFraction      uint32
	PriorSlashFraction uint32
}

type validatorSet struct {
	Era     uint32    `scale:"0"`
	Stashes []Account `scale:"1"`
}

// whole is 100 % as a Perbill.
const whole = 1_000_000_000

// mulDiv is a·b/c without overflow, rounded down; the result must fit.
func mulDiv(a, b, c uint64) uint64 {
	if c == 0 {
		return 0
	}
	hi, lo := bits.Mul64(a, b)
	if hi >= c {
		return ^uint64(0)
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}
