package decision

import (
	"fmt"
	"math/rand/v2"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// population makes the inputs of a round on a network of Kusama's kind, the same for the same seed: most candidates
// are in order, and every check has some that fail it or are unknown.
func population(seed uint64, candidates, backers, nominators int) programme.Inputs {
	r := rand.New(rand.NewPCG(seed, 1))
	const active = programme.Era(6612)
	now := programme.Millis(1_715_259_212_000)
	rules := programme.DefaultRules(programme.ProfileProgramme)
	rules.Limits.MinSelfStake = programme.NewPlanck(10_000_000_000_000)
	rules.Limits.BannedProviders = []string{"Forbidden Hosting GmbH"}
	rules.Limits.SanctionedCountries = []string{"XA"}
	rules.Limits.MaxTargets = 24
	in := programme.Inputs{
		Now: now, Rules: rules, Seed: fmt.Sprintf("0x%064x", r.Uint64()),
		Release: &programme.Release{Name: "v1.7.0", PublishedAt: now - 7*programme.Day},
		Snapshot: programme.Snapshot{
			Network:  programme.Network{Name: "kusama", Chain: "Kusama", Genesis: "0xb0", SS58Prefix: 2, Decimals: 12, Symbol: "KSM"},
			Topology: programme.Topology{Kind: "single", Generation: "B"},
			Blocks:   []programme.ChainBlock{{Role: programme.RoleStaking, Chain: "Kusama", SpecName: "kusama", Number: 1, Time: now}},
			Eras:     programme.Eras{Active: active, Planned: active, SessionsPerEra: 6, EraLength: 6 * programme.Hour, HistoryDepth: 84},
			Limits:   programme.ChainLimits{MaxNominations: 24},
		},
	}
	for _, name := range []programme.SourceName{programme.SourceChain, programme.SourceTelemetry, programme.SourceLocation, programme.SourceRelease, programme.SourceRemote, programme.SourceHistory} {
		in.Sources = append(in.Sources, programme.Source{Name: name, State: programme.SourceOK, At: now})
	}
	for e := active - 84; e < active; e++ {
		in.Snapshot.PointEras = append(in.Snapshot.PointEras, programme.EraTotal{Era: e, Total: 100_000})
	}
	var stashes []programme.Address
	for i := range candidates {
		c, chain := candidate(r, i, active, now)
		stashes = append(stashes, c.Stash)
		in.Candidates = append(in.Candidates, c)
		in.Snapshot.Candidates = append(in.Snapshot.Candidates, chain)
		if chain.Exposure != nil {
			in.Snapshot.Elected = append(in.Snapshot.Elected, programme.Elected{Stash: c.Stash, Total: chain.Exposure.Total})
		}
	}
	in.Snapshot.IntentionCount = candidates
	for range backers {
		b := programme.Backer{Stash: address(r), Active: tokens(r.IntN(5000))}
		for range 1 + r.IntN(4) {
			t := stashes[r.IntN(len(stashes))]
			b.Targets = append(b.Targets, t)
			if chain := &in.Snapshot.Candidates[r.IntN(len(stashes))]; chain.Exposure != nil && r.IntN(3) == 0 {
				chain.Exposure.Others = append(chain.Exposure.Others, programme.Backing{Who: b.Stash, Value: b.Active})
			}
		}
		in.Snapshot.Backers = append(in.Snapshot.Backers, b)
	}
	for i := range nominators {
		a := address(r)
		in.Nominators = append(in.Nominators, programme.Nominator{Address: a})
		in.Snapshot.Nominators = append(in.Snapshot.Nominators, programme.ChainNominator{
			Address: a, Stash: a, Bond: programme.Bond{Bonded: true, Controller: a, Total: tokens(60_000), Active: tokens(60_000)},
			Free: tokens(60_000), SubmittedIn: active - programme.Era(6-4*(i%2)), Targets: stashes[:min(4, len(stashes))],
		})
	}
	return in
}

func candidate(r *rand.Rand, i int, active programme.Era, now programme.Millis) (programme.CandidateInput, programme.ChainCandidate) {
	stash := address(r)
	c := programme.CandidateInput{Candidate: programme.Candidate{Slot: i + 1, Name: fmt.Sprintf("node-%04d 🚀", i), Stash: stash}}
	if r.IntN(20) > 0 {
		c.Presence = &programme.Presence{
			FirstSeen: now - programme.Millis(r.Int64N(int64(500*programme.Day))), LastSeen: now, Live: 1,
			Implementation: "Parity Polkadot", Version: "1.7.1-abcdef",
		}
		if r.IntN(10) == 0 {
			from := now - programme.Millis(r.Int64N(int64(programme.Week)))
			c.Presence.Outages = []programme.Interval{{From: from, To: min(now, from+programme.Millis(r.Int64N(int64(8*programme.Hour))))}}
		}
	}
	if r.IntN(10) > 0 {
		k := r.IntN(30)
		c.Location = &programme.Location{City: fmt.Sprintf("City %d", k), Region: fmt.Sprintf("Region %d", k/2), Country: fmt.Sprintf("C%d", k/4), Provider: fmt.Sprintf("Provider %d", r.IntN(12)), At: now}
	}
	c.History = &programme.History{Rank: r.IntN(200), Faults: r.IntN(3), NominatedEra: active - programme.Era(r.IntN(50))}
	chain := programme.ChainCandidate{
		Stash:     stash,
		Intention: programme.Intention{Present: r.IntN(25) > 0, Commission: programme.Perbill(r.IntN(17) * 10_000_000), Blocked: r.IntN(40) == 0},
		Bond:      programme.Bond{Bonded: true, Controller: stash, Total: tokens(8 + r.IntN(2000)), Active: tokens(8 + r.IntN(2000))},
		Payee:     "Staked",
		Keys:      []programme.SessionKey{{Name: "beefy", Key: fmt.Sprintf("0x02%064x", r.Uint64())}},
		Identity:  &programme.Identity{Display: c.Name, Judgements: []programme.Judgement{{Registrar: 1, Kind: "Reasonable"}}},
		Points:    map[programme.Era]uint32{},
	}
	share := r.IntN(4)
	for e := active - 84; e < active; e++ {
		if r.IntN(4) < share {
			chain.Points[e] = uint32(20 + r.IntN(500))
		}
	}
	if share > 0 {
		chain.Exposure = &programme.Exposure{Total: tokens(3000 + r.IntN(4000)), Own: chain.Bond.Active}
	}
	return c, chain
}

func tokens(n int) programme.Planck {
	p, err := programme.ParsePlanck(fmt.Sprintf("%d000000000000", n))
	if err != nil {
		return programme.Planck{}
	}
	return p
}

func address(r *rand.Rand) programme.Address {
	var id [32]byte
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return programme.Address(ss58.EncodeAccount(2, id))
}
