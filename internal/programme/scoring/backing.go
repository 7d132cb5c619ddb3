package scoring

import (
	"math"

	"github.com/thousand-validators/otv/internal/programme"
)

// Root is what one backer adds to a candidate's backing: the square root of the stake in tokens, so that many
// backers count more than one large one.
func Root(tokens float64) float64 { return math.Sqrt(tokens) }

// supporter is a backer as the backing of the members needs it. The key of its stash is computed once, because the
// stash is looked up once for each of its targets.
type supporter struct {
	stash programme.Address
	key   uint64
	root  float64
}

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
	supporters := make([]supporter, len(s.Backers))
	for b := range s.Backers {
		stash := s.Backers[b].Stash
		supporters[b] = supporter{stash, key(stash), Root(s.Backers[b].Active.Float64() / unit)}
	}
	behind := nominations(s.Backers, supporters, members, own)
	exposed := newAccounts(0)
	for i, m := range members {
		cc := chain[m.Stash]
		if cc == nil {
			out[i] = Missing()
			continue
		}
		var others []programme.Backing
		if cc.Exposure != nil {
			others = cc.Exposure.Others
		}
		var total float64
		exposed.reset(len(others))
		for o := range others {
			who := others[o].Who
			k := key(who)
			exposed.add(k, who)
			if own.find(k, who) < 0 {
				total += Root(others[o].Value.Float64() / unit)
			}
		}
		for _, b := range behind[i] {
			if s := &supporters[b]; exposed.find(s.key, s.stash) < 0 {
				total += s.root
			}
		}
		out[i] = total
	}
	return out
}

// nominations lists for every member the positions of the backers that nominate it, each once, in the order of the
// backers and without the programme's own.
func nominations(backers []programme.Backer, supporters []supporter, members []*programme.CandidateInput, own *accounts) [][]int32 {
	stashes := newAccounts(len(members))
	for _, m := range members {
		stashes.add(key(m.Stash), m.Stash)
	}
	named := 0
	for b := range backers {
		named += len(backers[b].Targets)
	}
	type nomination struct{ member, backer int32 }
	hits := make([]nomination, 0, named)
	sizes := make([]int, len(members))
	for b := range backers {
		if own.find(supporters[b].key, supporters[b].stash) >= 0 {
			continue
		}
		for _, target := range backers[b].Targets {
			if i := stashes.find(key(target), target); i >= 0 {
				hits = append(hits, nomination{i, int32(b)})
				sizes[i]++
			}
		}
	}
	flat := make([]int32, len(hits))
	out := make([][]int32, len(members))
	from := 0
	for i, n := range sizes {
		out[i] = flat[from : from : from+n]
		from += n
	}
	for _, h := range hits {
		if list := out[h.member]; len(list) == 0 || list[len(list)-1] != h.backer {
			out[h.member] = append(list, h.backer)
		}
	}
	return out
}

// ownAccounts are the accounts under which the programme's own nominators appear on chain: their stashes, or by
// the old rule their bonded accounts.
func ownAccounts(in *programme.Inputs) *accounts {
	stash := make(map[programme.Address]programme.Address, len(in.Snapshot.Nominators))
	for i := range in.Snapshot.Nominators {
		stash[in.Snapshot.Nominators[i].Address] = in.Snapshot.Nominators[i].Stash
	}
	own := newAccounts(len(in.Nominators))
	for i := range in.Nominators {
		account := in.Nominators[i].Address
		if s := stash[account]; s != "" && in.Rules.Switches.OwnByStash {
			account = s
		}
		own.add(key(account), account)
	}
	return own
}
