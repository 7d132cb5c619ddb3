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
	own := ownAccounts(in)
	unit := math.Pow10(s.Network.Decimals)
	exposed, known := exposures(members, chain)
	behind := nominations(s.Backers, members, own)
	roots, number := make([]float64, len(s.Backers)), make([]int32, len(s.Backers))
	for b := range s.Backers {
		roots[b] = Root(s.Backers[b].Active.Float64() / unit)
		number[b] = exposed.find(s.Backers[b].Stash)
	}
	active := make([]int32, exposed.size())  // the member (plus one) in whose exposure an account was seen last
	counted := make([]int32, len(s.Backers)) // the member (plus one) for whom a backer was counted last
	next := 0
	for i, m := range members {
		cc, mark := chain[m.Stash], int32(i)+1
		if cc == nil {
			out[i] = Missing()
			continue
		}
		var total float64
		if cc.Exposure != nil {
			for _, o := range cc.Exposure.Others {
				active[known[next]] = mark
				next++
				if !own[o.Who] {
					total += Root(o.Value.Float64() / unit)
				}
			}
		}
		for _, b := range behind[i] {
			if n := number[b]; counted[b] == mark || (n >= 0 && active[n] == mark) {
				continue
			}
			counted[b] = mark
			total += roots[b]
		}
		out[i] = total
	}
	return out
}

// exposures numbers the accounts in the members' exposures; known lists the numbers in the order of the exposures.
func exposures(members []*programme.CandidateInput, chain map[programme.Address]*programme.ChainCandidate) (exposed *accounts, known []int32) {
	size := 0
	for _, m := range members {
		if cc := chain[m.Stash]; cc != nil && cc.Exposure != nil {
			size += len(cc.Exposure.Others)
		}
	}
	exposed, known = newAccounts(size), make([]int32, 0, size)
	for _, m := range members {
		if cc := chain[m.Stash]; cc != nil && cc.Exposure != nil {
			for i := range cc.Exposure.Others {
				known = append(known, exposed.add(cc.Exposure.Others[i].Who))
			}
		}
	}
	return exposed, known
}

// nominations lists for every member the positions of the backers that nominate it, in the order of the backers and
// without the programme's own.
func nominations(backers []programme.Backer, members []*programme.CandidateInput, own map[programme.Address]bool) [][]int32 {
	stashes := newAccounts(len(members))
	for _, m := range members {
		stashes.add(m.Stash)
	}
	named := 0
	for b := range backers {
		named += len(backers[b].Targets)
	}
	hits := make([]int32, 0, named) // the member behind every target, -1 for none
	sizes := make([]int, len(members))
	total := 0
	for b := range backers {
		foreign := !own[backers[b].Stash]
		for _, target := range backers[b].Targets {
			i := int32(-1)
			if foreign {
				i = stashes.find(target)
			}
			if hits = append(hits, i); i >= 0 {
				sizes[i]++
				total++
			}
		}
	}
	flat := make([]int32, total)
	out := make([][]int32, len(members))
	from := 0
	for i, n := range sizes {
		out[i] = flat[from : from : from+n]
		from += n
	}
	for b := range backers {
		n := len(backers[b].Targets)
		for _, i := range hits[:n] {
			if i >= 0 {
				out[i] = append(out[i], int32(b))
			}
		}
		hits = hits[n:]
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
