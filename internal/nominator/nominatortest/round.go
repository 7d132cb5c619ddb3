// Package nominatortest makes records of rounds for tests of what acts on them.
package nominatortest

import (
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
)

const token = 1_000_000_000_000

// Round is a round on a test chain, in which all candidates are in order and every nominator is due.
type Round struct {
	Genesis string // of the chain that hosts staking
	Prefix  uint16
	Number  uint32 // of its block
	Era     programme.Era
	Planned programme.Era
	// Seed makes the round another one.
	Seed       int
	Candidates []programme.Address
	// Nominators need an address and the era of their last nomination.
	Nominators []programme.ChainNominator
	// Change alters the inputs, nil for none.
	Change func(*programme.Inputs)
}

// Record decides the round. Each nominator gets up to four targets.
func (r Round) Record() ([]byte, error) {
	in := r.inputs()
	if r.Change != nil {
		r.Change(&in)
	}
	rec, err := decision.Decide(in)
	if err != nil {
		return nil, err
	}
	for _, c := range rec.Decision.Candidates {
		if c.Validity != programme.Valid {
			return nil, fmt.Errorf("candidate %s is %s: %s", c.Stash, c.Validity, c.Reason)
		}
	}
	return rec.Bytes()
}

func (r Round) inputs() programme.Inputs {
	now := programme.Millis(1_800_000_000_000) + programme.Millis(r.Seed)
	in := programme.Inputs{
		Now: now, Rules: rules(), Seed: fmt.Sprintf("0x%064x", r.Seed),
		Snapshot: programme.Snapshot{
			Network:  programme.Network{Name: "westend", Chain: "Fake", Genesis: r.Genesis, SS58Prefix: r.Prefix, Decimals: 12, Symbol: "UNIT"},
			Topology: programme.Topology{Kind: "single", Generation: "A"},
			Blocks:   []programme.ChainBlock{{Role: programme.RoleStaking, Chain: "Fake", Genesis: r.Genesis, SpecName: "westend", Number: r.Number, Time: now}},
			Eras:     programme.Eras{Active: r.Era, Planned: r.Planned, SessionsPerEra: 6, EraLength: 6 * programme.Hour, HistoryDepth: 84},
			Limits:   programme.ChainLimits{MaxNominations: 16}, IntentionCount: len(r.Candidates),
		},
	}
	for _, name := range []programme.SourceName{
		programme.SourceChain, programme.SourceTelemetry, programme.SourceLocation, programme.SourceRelease, programme.SourceRemote, programme.SourceHistory,
	} {
		in.Sources = append(in.Sources, programme.Source{Name: name, State: programme.SourceOK, At: now})
	}
	for e := r.Era - min(r.Era, 84); e < r.Era; e++ {
		in.Snapshot.PointEras = append(in.Snapshot.PointEras, programme.EraTotal{Era: e, Total: 1000})
	}
	bond := programme.Bond{Bonded: true, Total: programme.NewPlanck(5000 * token), Active: programme.NewPlanck(5000 * token)}
	for i, stash := range r.Candidates {
		in.Candidates = append(in.Candidates, candidate(i, stash, now))
		in.Snapshot.Candidates = append(in.Snapshot.Candidates, programme.ChainCandidate{
			Stash: stash, Intention: programme.Intention{Present: true, Commission: 50_000_000}, Bond: bond, Payee: "Staked",
			Exposure: &programme.Exposure{Total: programme.NewPlanck(100 * token), Own: programme.NewPlanck(10 * token)},
		})
		in.Snapshot.Elected = append(in.Snapshot.Elected, programme.Elected{Stash: stash, Total: programme.NewPlanck(100 * token)})
	}
	for _, n := range r.Nominators {
		in.Nominators = append(in.Nominators, programme.Nominator{Address: n.Address})
		n.Stash, n.Bond, n.Free = n.Address, bond, programme.NewPlanck(1000*token)
		in.Snapshot.Nominators = append(in.Snapshot.Nominators, n)
	}
	return in
}

// rules leave away what this is not about.
func rules() programme.Rules {
	r := programme.DefaultRules(programme.ProfileProgramme)
	l := &r.Limits
	l.SkipConnectionTime, l.SkipIdentity, l.SkipUnclaimed, l.SkipClientUpgrade, l.SkipBeefy, l.SkipSanctioned = true, true, true, true, true, true
	l.MinSelfStake, l.MaxTargets, l.EraBuffer = programme.NewPlanck(1), 4, 1
	r.Brakes = programme.Brakes{MinEligible: 1}
	return r
}

func candidate(i int, stash programme.Address, now programme.Millis) programme.CandidateInput {
	return programme.CandidateInput{
		Candidate: programme.Candidate{Slot: i + 1, Name: fmt.Sprintf("node %d", i), Stash: stash},
		Facts: programme.Facts{
			Presence: &programme.Presence{FirstSeen: now - 500*programme.Day, LastSeen: now, Live: 1, Implementation: "Parity Polkadot", Version: "1.7.1"},
			Location: &programme.Location{City: "A", Region: "B", Country: "CH", Provider: fmt.Sprint(i), At: now},
			History:  &programme.History{Rank: i},
		},
	}
}
