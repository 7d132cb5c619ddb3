package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Kind is what a transaction does.
type Kind string

// The kinds of transactions.
const (
	KindNominate Kind = "nominate" // nominate, signed by the bonded account
	KindProxy    Kind = "proxy"    // nominate inside a proxy call
	KindAnnounce Kind = "announce"
	KindExecute  Kind = "execute" // nominate inside the execution of an announcement
	KindRemove   Kind = "remove"  // take an announcement off the chain
)

// Nominates reports whether a transaction of the kind sets targets when it succeeds.
func (k Kind) Nominates() bool { return k == KindNominate || k == KindProxy || k == KindExecute }

// Status is how far an intent has come.
type Status string

// The statuses of an intent. Prepared means that the signature does not exist yet, or was never let out of the
// process; everything from signed on may reach the chain until it has expired.
const (
	Prepared  Status = "prepared"
	Signed    Status = "signed"    // signed and stored; it may or may not have been sent
	Sent      Status = "sent"      // handed to a node
	Withheld  Status = "withheld"  // signed, seen by a node at most in a dry run, and not to be sent
	Abandoned Status = "abandoned" // never signed and never to be: without any effect
	Expired   Status = "expired"   // its lifetime ended in a final block without it: without any effect
	Failing   Status = "failed"    // in a final block, and failed there
	Done      Status = "done"      // in a final block, and succeeded there
)

// Open reports whether it is not known yet what becomes of the intent.
func (s Status) Open() bool {
	return s == Prepared || s == Signed || s == Sent || s == Withheld
}

// Intent is written before anything is signed. It says what is signed, for whom, why, and how long it can live.
type Intent struct {
	ID string `json:"id"`
	Key
	Kind    Kind              `json:"kind"`
	Network string            `json:"network"` // genesis hash, 0x hex
	Signer  programme.Address `json:"signer"`
	Era     programme.Era     `json:"era"` // active era at the moment of signing
	// Targets is the digest of the set of targets; see [TargetsDigest]. Empty for removals.
	Targets string `json:"targets,omitempty"`
	// Call is the BLAKE2b-256 hash of the call that is signed, and Payload that of the whole signing payload, which
	// binds nonce, mortality, network and runtime as well. Both 0x hex.
	Call    string `json:"call"`
	Payload string `json:"payload"`
	Nonce   uint64 `json:"nonce"`
	// Birth is the block from which the transaction is valid, and Period how many blocks it lives: it can be included
	// in blocks after Birth and before Birth + Period.
	Birth     uint32 `json:"birth"`
	BirthHash string `json:"birthHash"`
	Period    uint32 `json:"period"`

	Status Status `json:"status"`
	// Extrinsic is the signed transaction and Hash its BLAKE2b-256 hash, known once it is signed.
	Extrinsic []byte `json:"extrinsic,omitempty"`
	Hash      string `json:"hash,omitempty"`
	// Scanned is the last final block that was searched for the transaction.
	Scanned uint32 `json:"scanned"`
	// Number, Block and Index say where it was included.
	Number uint32           `json:"number,omitempty"`
	Block  string           `json:"block,omitempty"`
	Index  int              `json:"index,omitempty"`
	Fee    programme.Planck `json:"fee"`
	// Error is why it failed or was withheld; Inner is why the call inside a proxy call failed, which is no failure of
	// the transaction itself.
	Error   string           `json:"error,omitempty"`
	Inner   string           `json:"inner,omitempty"`
	Created programme.Millis `json:"created"`
	Updated programme.Millis `json:"updated"`
}

// Death is the first block in which the transaction is no longer valid.
func (i *Intent) Death() uint64 { return uint64(i.Birth) + uint64(i.Period) }

// TargetsDigest is "sha256:" and the hash over the sorted distinct targets, one a line. Two plans with the same
// digest nominate the same set, whatever their order.
func TargetsDigest(targets []programme.Address) string {
	if len(targets) == 0 {
		return ""
	}
	set := slices.Clone(targets)
	slices.Sort(set)
	h := sha256.New()
	for _, t := range slices.Compact(set) {
		h.Write([]byte(t))
		h.Write([]byte{'\n'})
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// SameSet reports whether two lists of targets are the same set.
func SameSet(a, b []programme.Address) bool { return TargetsDigest(a) == TargetsDigest(b) }
