package scoring

import (
	"math"

	"github.com/thousand-validators/otv/internal/programme"
)

// Root is what one backer adds to a candidate's backing: the square root of the stake in tokens, so that many
// backers count more than one large one.
func Root(tokens float64) float64 { return math.Sqrt(tokens) }

// backing is the sum of roots over everybody who backs a member: first the stakes in its exposure of the active era,
// then the bonds of accounts that nominate it but are not in that exposure. The programme's own nominators are
// left out. Everything is missing when exposures or nominators could not be read.
func backing(in *programme.Inputs, members []*programme.CandidateInput, chain map[programme.Address]*programme.ChainCandidate) []float64 {
	out := make([]float64, len(members))
	s := &in.Snapshot
	_, noExposures := s.Gaps[programme.PartExposures]
	_, noBackers := s.Gaps[programme.PartBackers]
	if noExposures || noBackers {
		for i := range out {
			out[i] = Missing()
		}
		return out
	}
	position := make(map[programme.Address]int32, len(members))
	for i, m := range members {
		position[m.Stash] = int32(i)
	}
	own := ownAccounts(in)
	unit := math.Pow10(s.Network.Decimals)

	// Backers get a number, and the numbers are listed by target, so that no pair of accounts is ever hashed.
	number := make(map[programme.Address]int32, len(s.Backers))
	roots := make([]float64, len(s.Backers))
	behind := make([][]int32, len(members))
	for b := range s.Backers {
		backer := &s.Backers[b]
		if own[backer.Stash] {
			continue
		}
		number[backer.Stash] = int32(b)
		roots[b] = Root(backer.Active.Float64() / unit)
		for _, target := range backer.Targets {
			if i, ok := position[target]; ok {
				behind[i] = append(behind[i], int32(b))
			}
		}
	}
	seen := make([]int32, len(s.Backers)) // the member (plus one) for whom the backer was counted last
	for i, m := range members {
		cc := chain[m.Stash]
		if cc == nil {
			out[i] = Missing()
			continue
		}
		var total float64
		if cc.Exposure != nil {
			for _, o := range cc.Exposure.Others {
				if own[o.Who] {
					continue
				}
				if b, ok := number[o.Who]; ok {
					seen[b] = int32(i) + 1
				}
				total += Root(o.Value.Float64() / unit)
			}
		}
		for _, b := range behind[i] {
			if seen[b] != int32(i)+1 {
				seen[b] = int32(i) + 1
				total += roots[b]
			}
		}
		out[i] = total
	}
	return out
}

// ownAccounts are the accounts under which the programme's own nominators appear on chain: their stashes, or by
// the old rule their bonded accounts.
func ownAccounts(in *programme.Inputs) map[programme.Address]bool {
	stash := make(map[programme.Address]programme.Address, len(in.Snapshot.Nominators))
	for i := range in.Snapshot.Nominators {
		stash[in.Snapshot.Nominators[i].Address] = in.Snapshot.Nominators[i].Stash
	}
	own := make(map[programme.Address]bool, len(in.Nominators))
	for i := range in.Nominators {
		account := in.Nominators[i].Address
		if s := stash[account]; s != "" && in.Rules.Switches.OwnByStash {
			account = s
		}
		own[account] = true
	}
	return own
}
