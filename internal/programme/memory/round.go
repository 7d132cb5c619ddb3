package memory

import "github.com/thousand-validators/otv/internal/programme"

// Round is a nomination round that was held. Its record, under the digest, has everything else.
type Round struct {
	Digest    string
	Number    int64 // counts up
	Network   string
	At        programme.Millis // time of its block
	Block     uint32           // of the staking chain
	BlockHash string
	Era       programme.Era // active era
	Session   programme.Session
	Counts    programme.Counts
	Tripped   []string // names of the brakes that forbid acting on it
	Previous  string   // digest of the record before it, empty for the first
	Created   programme.Millis
}

// Nominator is one of the programme's nominators as the newest look saw it.
type Nominator struct {
	programme.Nominator
	Chain   programme.ChainNominator
	Order   int              // place in the configuration
	Created programme.Millis // when it first appeared
	Updated programme.Millis
	Removed programme.Millis // when it left the configuration, 0 while it is in it
	// Last is the time of its last finalised nomination by the programme, 0 = never.
	Last programme.Millis
}

// Nomination is a finalised nomination by one of the programme's nominators.
type Nomination struct {
	Nominator programme.Address // bonded account
	Era       programme.Era     // active era at the block
	At        programme.Millis
	Block     uint32
	BlockHash string
	Targets   []programme.Address
	Bonded    programme.Planck
	Round     string // digest of the record that explains it
}

// Period is a nomination period: it opens with the first finalised nomination of a round and closes when the next opens.
type Period struct {
	Number  int64
	Opened  programme.Era // first era that belongs to it
	At      programme.Millis
	Closed  programme.Era    // first era of the next one, 0 while it runs
	Settled programme.Millis // when the ranks of all candidates had been settled, 0 before
	// Slots are those that were listed when it opened and not suspended.
	Slots []int
}
