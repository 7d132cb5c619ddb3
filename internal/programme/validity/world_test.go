package validity_test

import (
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// now is the moment of all rounds in these tests: 2026-03-01T12:00:00Z.
const now = programme.Millis(1_772_366_400_000)

const stash = programme.Address("stash-of-the-candidate")

// goodRound is a round with one candidate who passes every check.
func goodRound(p programme.Profile) *programme.Inputs {
	rules := programme.DefaultRules(p)
	rules.Limits.MinSelfStake = programme.NewPlanck(10_000_000_000_000)
	rules.Limits.BannedProviders = []string{"Forbidden Hosting GmbH"}
	rules.Limits.BannedASNs = []uint32{64500}
	rules.Limits.SanctionedCountries = []string{"XA"}
	rules.Limits.SanctionedRegions = []string{"Northern Test"}
	in := &programme.Inputs{Now: now, Rules: rules}
	in.Snapshot = programme.Snapshot{
		Network: programme.Network{Name: "kusama", Decimals: 12, Symbol: "KSM"},
		Blocks: []programme.ChainBlock{
			{Role: programme.RoleStaking, Time: now}, {Role: programme.RoleIdentity, Time: now - 6000},
		},
		Eras:           programme.Eras{Active: 1000, Planned: 1000},
		IntentionCount: 900,
		Candidates: []programme.ChainCandidate{{
			Stash: stash, Intention: programme.Intention{Present: true, Commission: 50_000_000},
			Bond:     programme.Bond{Bonded: true, Active: programme.NewPlanck(25_000_000_000_000)},
			Keys:     []programme.SessionKey{{Name: "grandpa", Key: "0x11"}, {Name: "beefy", Key: "0x0222"}},
			Identity: &programme.Identity{Display: "Someone", Judgements: []programme.Judgement{{Kind: "FeePaid"}, {Kind: "Reasonable"}}},
		}},
	}
	for _, name := range []programme.SourceName{programme.SourceChain, programme.SourceTelemetry, programme.SourceLocation,
		programme.SourceRelease, programme.SourceRemote, programme.SourceHistory} {
		in.Sources = append(in.Sources, programme.Source{Name: name, State: programme.SourceOK, At: now - 1000})
	}
	in.Release = &programme.Release{Name: "v1.15.2", PublishedAt: now - 10*programme.Day}
	in.Candidates = []programme.CandidateInput{{
		Candidate: programme.Candidate{Slot: 7, Name: "🚀 node", Stash: stash, KusamaStash: "the-stash-there"},
		Facts: programme.Facts{
			Presence: &programme.Presence{FirstSeen: now - 30*programme.Day, LastSeen: now, Live: 1,
				Implementation: "Parity Polkadot", Version: "1.15.2-abcdef0"},
			Location: &programme.Location{City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Granite Cloud, Inc.", ASN: 64501, At: now - programme.Day},
			Remote:   &programme.RemoteRank{Found: true, Valid: true, Rank: 250, At: now - programme.Hour},
			History:  &programme.History{Rank: 20},
		},
	}}
	return in
}

// ask returns the answer of one check for the first candidate.
func ask(in *programme.Inputs, code programme.Code) programme.Verdict {
	for _, v := range validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0]) {
		if v.Code == code {
			return v
		}
	}
	return programme.Verdict{}
}

// state sets the state of a source.
func state(in *programme.Inputs, name programme.SourceName, s programme.SourceState) {
	for i := range in.Sources {
		if in.Sources[i].Name == name {
			in.Sources[i].State = s
		}
	}
}

// before gives the candidate a previous definite answer.
func before(in *programme.Inputs, code programme.Code, s programme.State, ago programme.Millis) {
	in.Previous = &programme.Previous{Candidates: []programme.PreviousCandidate{{
		Slot: 7, Stash: stash, Definite: []programme.DefiniteAnswer{{Code: code, State: s, At: now - ago}},
	}}}
}
