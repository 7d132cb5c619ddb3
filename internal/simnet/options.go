package simnet

import (
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
)

// Topology says how the chains share the work.
type Topology string

// The topologies.
const (
	One   Topology = "one"   // one chain has everything
	Three Topology = "three" // relay chain, Asset Hub, People chain
)

// Options describe a network. The zero value of a field is its default.
type Options struct {
	// Seed tells networks apart; equal seeds give equal histories.
	Seed uint64
	// Speed is how many times faster than on the chains' clocks time passes by itself. 0 is step by step.
	Speed    float64
	Topology Topology // Three
	// Candidates is how many there are: 40.
	Candidates int
	// BlockTime is the time between two blocks on the chains' clocks: 6 s.
	BlockTime time.Duration
	// SessionBlocks is the length of a session in blocks: 10. SessionsPerEra is 6.
	SessionBlocks  uint64
	SessionsPerEra uint32
	// Eras is how many eras have passed when the network starts: 20.
	Eras uint32
	// Start is the time of the first block: 1 June 2026.
	Start time.Time
	// ProxyDelay is that of the delayed proxy, in relay chain blocks: 10.
	ProxyDelay uint32
	// ProxyType is the type of the proxies: Staking.
	ProxyType string
	// SharedKey has one key sign for both nominators with proxies, and announce for somebody outside the programme.
	SharedKey bool
	// Unbonded adds a nominator to the programme's, before the others, that has not bonded anything.
	Unbonded bool
	// KeepStates is for how many blocks behind the final one a node knows the state; 0 is all, which takes memory in the
	// long run.
	KeepStates int
	// Clock is what Speed goes by; the wall clock when nil.
	Clock Clock
	// Tell, unless nil, is told what happens, in a sentence each. It is called from one goroutine at a time and must not
	// call the network.
	Tell func(at time.Time, what string)
}

// Clock is a clock that can wait.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f after d, unless it is stopped before.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// lag is how many blocks finality is behind.
const lag = 2

// Tokens.
const (
	decimals = 10
	symbol   = "SIM"
	token    = 10_000_000_000
	prefix   = 42
)

// defaultStart is 1 June 2026, in ms.
const defaultStart = 1_780_272_000_000

func (o Options) withDefaults() (Options, error) {
	if o.Topology == "" {
		o.Topology = Three
	}
	if o.Candidates == 0 {
		o.Candidates = 40
	}
	if o.BlockTime == 0 {
		o.BlockTime = 6 * time.Second
	}
	if o.SessionBlocks == 0 {
		o.SessionBlocks = 10
	}
	if o.SessionsPerEra == 0 {
		o.SessionsPerEra = 6
	}
	if o.Eras == 0 {
		o.Eras = 20
	}
	if o.Start.IsZero() {
		o.Start = time.UnixMilli(defaultStart)
	}
	if o.ProxyDelay == 0 {
		o.ProxyDelay = 10
	}
	if o.ProxyType == "" {
		o.ProxyType = "Staking"
	}
	if o.Clock == nil {
		o.Clock = wallClock{}
	}
	if o.Tell == nil {
		o.Tell = func(time.Time, string) {}
	}
	switch {
	case o.Topology != One && o.Topology != Three:
		return o, fmt.Errorf("topology %q is not one of one, three", o.Topology)
	case o.Candidates < 4 || o.Candidates > 2000:
		return o, fmt.Errorf("%d candidates: 4 to 2000 are possible", o.Candidates)
	case o.SessionBlocks < 4*lag:
		return o, fmt.Errorf("sessions of %d blocks: they need %d at least, because messages between the chains take that long", o.SessionBlocks, 4*lag)
	case o.SessionsPerEra < 4:
		return o, fmt.Errorf("eras of %d sessions: they need 4 at least", o.SessionsPerEra)
	case o.Eras*o.SessionsPerEra < warmSessions:
		return o, fmt.Errorf("a past of %d eras is too short", o.Eras)
	case o.Speed < 0:
		return o, errors.New("time does not run backwards")
	case o.BlockTime%time.Millisecond != 0:
		return o, errors.New("the time between blocks must be whole milliseconds")
	}
	return o, nil
}

// params are the constants of the chains.
func (o Options) params() simchain.Params {
	return simchain.Params{
		SS58Prefix: prefix, BlockTime: uint64(o.BlockTime.Milliseconds()), SessionBlocks: o.SessionBlocks, SessionsPerEra: o.SessionsPerEra,
		PlanningEraOffset: o.SessionsPerEra, BondingDuration: 4, SlashDeferDuration: 2, HistoryDepth: 84, ExposurePage: 8, MaxNominations: 16,
		ValidatorCount:     uint32(bystanders(o.Candidates) + (o.Candidates+1)/2),
		ExistentialDeposit: token / 100, MinNominatorBond: 100 * token, MinValidatorBond: 100 * token,
		ProxyBase: token / 5, ProxyFactor: token / 300, AnnouncementBase: token / 5, AnnouncementFactor: token / 150,
	}
}

// bystanders is how many validators do not take part in the programme.
func bystanders(candidates int) int { return max(4, candidates/4) }
