package selection

import (
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
)

// Due says whether a nominator is to nominate anew in this round, and why. It must be bonded, with more than the
// programme's minimum and no less than the chain's, have no unfinished plan, and its nomination must be EraBuffer
// active eras old (by the old rule one planned era). A forced round asks neither for the age nor for the
// programme's minimum.
func Due(in *programme.Inputs, n *programme.Nominator, chain *programme.ChainNominator) (bool, string) {
	decimals, symbol := in.Snapshot.Network.Decimals, in.Snapshot.Network.Symbol
	switch {
	case chain == nil:
		return false, "not due: nothing is known of it on chain"
	case !chain.Bond.Bonded:
		return false, "not due: the account is not bonded"
	case n.Open:
		return false, "not due: a plan of it is not finished"
	}
	active := chain.Bond.Active
	if least := in.Snapshot.Limits.MinNominatorBond; active.Cmp(least) < 0 {
		return false, fmt.Sprintf("not due: its active bond of %s is below the chain's minimum of %s",
			amount(active, decimals, symbol), amount(least, decimals, symbol))
	}
	if in.Force {
		return true, "due: the round is forced"
	}
	if least := in.Rules.Limits.MinNominatorBond; active.Cmp(least) <= 0 {
		return false, fmt.Sprintf("not due: its active bond of %s is not more than %s",
			amount(active, decimals, symbol), amount(least, decimals, symbol))
	}
	if len(chain.Targets) == 0 && in.Rules.Switches.DueByThreshold {
		return true, "due: it nominates nobody"
	}
	now, wait, what := int64(in.Snapshot.Eras.Active), int64(in.Rules.Limits.EraBuffer), "active"
	if !in.Rules.Switches.DueByThreshold {
		now, wait, what = int64(in.Snapshot.Eras.Planned), 1, "planned"
	}
	last := int64(chain.SubmittedIn)
	if len(chain.Targets) == 0 {
		last = 0
	}
	if now-last >= wait {
		return true, fmt.Sprintf("due: it nominated in era %d, the %s era is %d, the interval is %d", last, what, now, wait)
	}
	return false, fmt.Sprintf("not due before %s era %d: it nominated in era %d, the interval is %d", what, last+wait, last, wait)
}

// Seat is the number of candidates a nominator takes.
type Seat struct {
	Nominator programme.Address
	Number    int
}

// Distribute gives each nominator the next candidates of the list, best first, in the order of the seats. When the
// list runs out, the last one gets what is left and those after it nothing.
func Distribute(ranked []programme.Address, seats []Seat) [][]programme.Address {
	out := make([][]programme.Address, len(seats))
	for i, s := range seats {
		n := min(max(s.Number, 0), len(ranked))
		if n == 0 {
			continue
		}
		out[i] = ranked[:n:n]
		ranked = ranked[n:]
	}
	return out
}
