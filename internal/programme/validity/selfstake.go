package validity

import (
	"github.com/thousand-validators/otv/internal/programme"
)

func selfStakeLimit(in *programme.Inputs) string {
	return "at least " + tokens(in, in.Rules.Limits.MinSelfStake)
}

func tokens(in *programme.Inputs, p programme.Planck) string {
	n := &in.Snapshot.Network
	if n.Symbol == "" {
		return p.Tokens(n.Decimals) + " tokens"
	}
	return p.Tokens(n.Decimals) + " " + n.Symbol
}

// selfStake: the active bond of the stash's own ledger is at least the minimum.
func selfStake(s *subject, v *programme.Verdict) {
	if s.c.SkipSelfStake {
		notApplicable(v, "The candidate is exempt.")
		return
	}
	if !s.read(v, "") {
		return
	}
	bond := &s.chain.Bond
	if !bond.Bonded {
		fail(v, "not bonded", "The stash is not bonded; "+v.Limit+" must be bonded.")
		return
	}
	value := tokens(s.in, bond.Active)
	if bond.Active.Cmp(s.in.Rules.Limits.MinSelfStake) < 0 {
		fail(v, value, "The active bond of the stash is "+value+"; "+v.Limit+" must be bonded.")
		return
	}
	pass(v, value, "")
}
