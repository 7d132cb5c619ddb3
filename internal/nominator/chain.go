package nominator

import (
	"context"
	"errors"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

// Chain is the chain that hosts staking and proxies. All reads are at one final block; errors mean that the answer is
// not known.
type Chain interface {
	Info() Info
	// Head is the newest finalised block, HeadAt one of the past.
	Head(ctx context.Context) (plan.Head, error)
	HeadAt(ctx context.Context, hash string) (plan.Head, error)
	// Follow calls fn when a block becomes final, until ctx ends or fn fails. It may skip blocks.
	Follow(ctx context.Context, fn func() error) error

	Bonded(ctx context.Context, at plan.Head, account programme.Address) (Bonded, error)
	// Relations are the proxies of an account, in the order in which the chain stores them, which decides.
	Relations(ctx context.Context, at plan.Head, real programme.Address) ([]plan.Relation, error)
	Announcements(ctx context.Context, at plan.Head, delegate programme.Address) (Announcements, error)
	Balance(ctx context.Context, at plan.Head, account programme.Address) (Balance, error)
	Validators(ctx context.Context, at plan.Head, stashes []programme.Address) ([]programme.Intention, error)
	Limits(ctx context.Context, at plan.Head) (Limits, error)
	// ClockOf finds out which clock an announcement's height was read from, if it can still be found out.
	ClockOf(ctx context.Context, at plan.Head, delegate programme.Address, a Announcement) (plan.Clock, error)

	// Encode encodes a call for the runtime that executes the block after at.
	Encode(ctx context.Context, at plan.Head, c Call) (extrinsic.RuntimeCall, error)
	// Draft makes everything but the signature of a transaction that lives from at for period blocks.
	Draft(ctx context.Context, at plan.Head, call extrinsic.RuntimeCall, nonce uint64, period uint32) (Draft, error)
	// NextNonce counts transactions in the pool, FinalNonce those in final blocks up to at.
	NextNonce(ctx context.Context, account programme.Address) (uint64, error)
	FinalNonce(ctx context.Context, at plan.Head, account programme.Address) (uint64, error)
	// Fee is that of the draft, for a signature of the sender's scheme. Nothing is signed for it.
	Fee(ctx context.Context, d Draft, sender keys.Public) (programme.Planck, error)
	// DryRun lets the node try a signed transaction. [ErrUnsupported]: the node does not offer that.
	DryRun(ctx context.Context, at plan.Head, signed []byte) (refused string, err error)
	// Submit hands a signed transaction to a node. An [*extrinsic.RefusedError] is the node's answer; any other error
	// leaves open whether it arrived.
	Submit(ctx context.Context, signed []byte) (Watch, error)
	// Fate looks for a transaction in the final blocks up to at.
	Fate(ctx context.Context, at plan.Head, i *plan.Intent) (Fate, error)
}

// ErrUnsupported means that a node does not offer what was asked for.
var ErrUnsupported = errors.New("the node does not offer it")

// Info identifies a chain.
type Info struct {
	Name     string
	Genesis  string // 0x hex
	Prefix   uint16 // of addresses
	Decimals int
	Symbol   string
}

// Bonded is an account's part in staking.
type Bonded struct {
	OK      bool // it is the controller of a ledger
	Stash   programme.Address
	Active  programme.Planck
	Targets []programme.Address // on chain
	// SubmittedIn is the planned era in which the targets were set.
	SubmittedIn programme.Era
}

// Announcement is one on chain.
type Announcement struct {
	Real     programme.Address
	CallHash string // 0x hex
	Height   uint32
}

// Announcements are those of one delegate.
type Announcements struct {
	List []Announcement
	// Deposit is what is reserved for them.
	Deposit programme.Planck
}

// Balance is what an account can spend.
type Balance struct {
	// Usable is the free balance less what is frozen or has to stay.
	Usable programme.Planck
}

// Limits are the runtime's bounds.
type Limits struct {
	MaxNominations   uint32
	MinNominatorBond programme.Planck
	// Proxy tells whether the chain has the proxy pallet at all.
	Proxy              bool
	MaxPending         uint32
	AnnouncementBase   programme.Planck // deposit for having announcements
	AnnouncementFactor programme.Planck // and for each
	ExistentialDeposit programme.Planck
}

// Call is what a transaction does, in the programme's terms.
type Call struct {
	Kind Kind
	// Real is the nominator and Delegate its proxy.
	Real, Delegate programme.Address
	ProxyType      string
	Targets        []programme.Address // to nominate
	CallHash       string              // that is announced, or whose announcement is removed
	// Inner is the encoded nomination inside a proxy call.
	Inner []byte
}

// Kind is a kind of transaction.
type Kind = plan.Kind

// Draft is a transaction without its signature.
type Draft struct {
	Payload    *extrinsic.Payload
	Call       extrinsic.RuntimeCall
	Nonce      uint64
	Birth      uint32
	BirthHash  string
	Period     uint32
	Digest     string // BLAKE2b-256 of the payload, 0x hex
	CallDigest string
}

// Watch is what a node tells about a transaction.
type Watch interface {
	// Next waits for news. After an error there are none.
	Next(ctx context.Context) (News, error)
	Close()
}

// News is one message about a transaction. It settles nothing.
type News struct {
	Text  string    // "ready", "dropped", "in block 0x..."
	Block plan.Head // for a transaction in a block that may not be final: its hash, and its number if it is known
	// Ended says that no more news follow, and Final that the reason is a final block.
	Ended, Final bool
}

// Fate is what final blocks say about a transaction.
type Fate struct {
	Stage plan.Stage // Pending, Included or Lost
	// Superseded says that it is lost because another transaction used its nonce.
	Superseded   bool
	Number       uint32
	Block        string
	Index        int
	Error, Inner string
	Fee          programme.Planck
}
