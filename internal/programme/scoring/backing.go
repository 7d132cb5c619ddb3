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
//
// Tens of thousands of backers are gone through once, in their order, and each is looked up once among the exposed
// accounts: the time goes into reaching the addresses in memory.
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
	exposed := newExposed(members, chain)
	stashes := newAccounts(len(members))
	var keys []uint64 // of an exposure, all at once: so the memory delivers many addresses at the same time
	for i, m := range members {
		stashes.add(key(m.Stash), m.Stash)
		cc := chain[m.Stash]
		if cc == nil {
			out[i] = Missing() // and stays so, whatever is added
			continue
		}
		if cc.Exposure == nil {
			continue
		}
		keys = keys[:0]
		for o := range cc.Exposure.Others {
			keys = append(keys, key(cc.Exposure.Others[o].Who))
		}
		for o, k := range keys {
			who := cc.Exposure.Others[o].Who
			exposed.add(k, who, int32(i))
			if own.find(k, who) < 0 {
				out[i] += Root(cc.Exposure.Others[o].Value.Float64() / unit)
			}
		}
	}
	counted := make([]int, len(members)) // the backer (plus one) that was counted last
	for b := range s.Backers {
		stash := s.Backers[b].Stash
		k := key(stash)
		if own.find(k, stash) >= 0 {
			continue
		}
		root, place := Root(s.Backers[b].Active.Float64()/unit), exposed.find(k, stash)
		for _, target := range s.Backers[b].Targets {
			i := stashes.find(key(target), target)
			if i < 0 || counted[i] == b+1 || exposed.behind(place, i) {
				continue
			}
			counted[i] = b + 1
			out[i] += root
		}
	}
	return out
}

// exposed knows in which members' exposures an account is.
type exposed struct {
	*accounts
	newest  []int32 // by the account's number: the position in entries of its newest one
	entries []exposedEntry
}

// exposedEntry is one account's place in one exposure; before is the position of the account's entry before it, or -1.
type exposedEntry struct{ member, before int32 }

// newExposed makes room for the exposures of all members.
func newExposed(members []*programme.CandidateInput, chain map[programme.Address]*programme.ChainCandidate) *exposed {
	size := 0
	for _, m := range members {
		if cc := chain[m.Stash]; cc != nil && cc.Exposure != nil {
			size += len(cc.Exposure.Others)
		}
	}
	return &exposed{newAccounts(size), make([]int32, 0, size), make([]exposedEntry, 0, size)}
}

// add notes that an account is in a member's exposure.
func (e *exposed) add(k uint64, who programme.Address, member int32) {
	n := e.accounts.add(k, who)
	if int(n) == len(e.newest) {
		e.newest = append(e.newest, -1)
	}
	e.entries = append(e.entries, exposedEntry{member, e.newest[n]})
	e.newest[n] = int32(len(e.entries) - 1)
}

// behind reports whether the account with the given number, -1 for none, is in a member's exposure.
func (e *exposed) behind(n, member int32) bool {
	if n < 0 {
		return false
	}
	for at := e.newest[n]; at >= 0; at = e.entries[at].before {
		if e.entries[at].member == member {
			return true
		}
	}
	return false
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
