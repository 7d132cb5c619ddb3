package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// payout is a payout to its validator and two backers.
func payout(validator programme.Address, era programme.Era, page uint32) []memory.Reward {
	p := Fill[memory.Payout]()
	p.Validator, p.Era, p.Page = validator, era, page
	var out []memory.Reward
	for i, account := range []programme.Address{validator, "x", "y"} {
		r := memory.Reward{
			Payout: p, Account: account, Role: memory.RoleNominator, Amount: programme.PlanckFromParts(1, uint64(i)), Exposure: programme.PlanckFromParts(2, 3), Destination: "Staked",
		}
		if i == 0 {
			r.Role = memory.RoleValidator
		}
		out = append(out, r)
	}
	return out
}

func read(t *testing.T, s Memory, by memory.RewardFilter) []memory.Reward {
	t.Helper()
	var out []memory.Reward
	check(t, s.Rewards(t.Context(), by, func(r memory.Reward) error {
		out = append(out, r)
		return nil
	}))
	return out
}

func payouts(t *testing.T, s, again Memory) {
	ctx := t.Context()
	b, a, a2 := payout("b", 8, 0), payout("a", 7, 0), payout("a", 7, 1)
	save := func(list ...[]memory.Reward) func() error {
		return func() error { return s.SavePayouts(ctx, slices.Concat(list...)) }
	}
	Changes(t, again, save(b, a), memory.SubjectRewards)
	Changes(t, again, save(a, b)) // blocks may be searched again
	Changes(t, again, save())
	check(t, save(b, a2)())
	same(t, read(t, again, memory.RewardFilter{}), slices.Concat(a, a2, b))
	same(t, read(t, again, memory.RewardFilter{Validator: "a"}), slices.Concat(a, a2))
	same(t, read(t, again, memory.RewardFilter{Account: "y", Role: memory.RoleNominator}), []memory.Reward{a[2], a2[2], b[2]})
	same(t, len(read(t, again, memory.RewardFilter{Account: "y", Role: memory.RoleValidator})), 0)
	for by, want := range map[memory.RewardFilter][]memory.Reward{
		{From: 7}: slices.Concat(a, a2, b), {From: 8}: b, {From: 9}: nil, {To: 6}: nil, {To: 7}: slices.Concat(a, a2), {To: 8}: slices.Concat(a, a2, b),
		{From: 7, To: 7}: slices.Concat(a, a2), {From: 8, To: 7}: nil, {From: 8, Validator: "a"}: nil, {To: 7, Account: "y"}: {a[2], a2[2]},
		{From: 8, Account: "x", Role: memory.RoleNominator}: {b[1]},
	} {
		same(t, read(t, again, by), want)
	}
	stop, seen := errors.New("enough"), 0
	err := again.Rewards(ctx, memory.RewardFilter{}, func(memory.Reward) error {
		seen++
		return stop
	})
	if !errors.Is(err, stop) || seen != 1 {
		t.Errorf("%d rewards, then %v", seen, err)
	}
	// The connection is free again.
	if n := len(must[[]memory.RewardSum](t)(again.RewardSums(ctx, memory.RewardFilter{}))); n != 4 {
		t.Errorf("%d sums", n)
	}
	Changes(t, again, func() error { return s.SaveBlockIndex(ctx, memory.BlockIndex{Earliest: 5, Latest: 1<<32 - 1}) }, memory.SubjectBlocks)
	check(t, s.SaveBlockIndex(ctx, memory.BlockIndex{Earliest: 4, Latest: 9}))
	same(t, must[memory.BlockIndex](t)(again.BlockIndex(ctx)), memory.BlockIndex{Earliest: 4, Latest: 9})
}

// rewardSums compares the sums that are kept with those of all rewards.
func rewardSums(t *testing.T, s, again Memory) {
	r := rand.New(rand.NewPCG(3, 4))
	var all []memory.Reward
	for i := range 12 {
		p := payout(programme.Address(fmt.Sprint("v", i%3)), programme.Era(i/3), 0)
		for j := range p {
			p[j].Amount, p[j].Commission = programme.PlanckFromParts(r.Uint64(), r.Uint64()>>40), programme.Perbill(r.Uint32N(1e9))
			p[j].Stake, p[j].LeastStake = programme.PlanckFromParts(r.Uint64(), 0), programme.PlanckFromParts(r.Uint64(), 0)
			if i == 5 {
				p[j].LeastStake = programme.Planck{} // is not known
			}
		}
		for j := range p[1:] {
			p[j+1].Payout = p[0].Payout
		}
		check(t, s.SavePayouts(t.Context(), p))
		check(t, s.SavePayouts(t.Context(), p))
		all = append(all, p...)
	}
	for _, by := range []memory.RewardFilter{{}, {Role: memory.RoleNominator}, {Account: "v1"}, {Validator: "v1"}, {Validator: "v1", Role: memory.RoleValidator, Account: "v1"},
		{From: 1}, {To: 2}, {From: 1, To: 2, Role: memory.RoleNominator}, {From: 3, Validator: "v2"}, {To: 1, Account: "x"}, {From: 9}} {
		got := must[[]memory.RewardSum](t)(again.RewardSums(t.Context(), by))
		want := summed(all, by)
		if len(got) != len(want) {
			t.Fatalf("%+v: %d sums, want %d", by, len(got), len(want))
		}
		for i := range want {
			g, w := got[i], want[i]
			if g.Role != w.Role || g.Account != w.Account || g.Count != w.Count || g.Total != w.Total ||
				far(g.Stake, w.Stake) || far(g.LeastStake, w.LeastStake) || far(g.Commission, w.Commission) || far(g.Efficiency, w.Efficiency) {
				t.Errorf("%+v: %+v, want %+v", by, g, w)
			}
		}
	}
}

func far(a, b float64) bool { return math.Abs(a-b) > 1e-9*math.Abs(b) }

func summed(all []memory.Reward, by memory.RewardFilter) []memory.RewardSum {
	type key struct {
		role    string
		account programme.Address
	}
	sums := map[key]*memory.RewardSum{}
	efficient := map[key]float64{}
	for i := range all {
		r := &all[i]
		if by.Role != "" && r.Role != by.Role || by.Account != "" && r.Account != by.Account || by.Validator != "" && r.Validator != by.Validator ||
			r.Era < by.From || by.To != 0 && r.Era > by.To {
			continue
		}
		k := key{r.Role, r.Account}
		if sums[k] == nil {
			sums[k] = &memory.RewardSum{Role: r.Role, Account: r.Account}
		}
		m := sums[k]
		m.Count++
		m.Total = m.Total.Add(r.Amount)
		m.Stake += r.Stake.Float64()
		m.LeastStake += r.LeastStake.Float64()
		m.Commission += float64(r.Commission)
		if !r.LeastStake.IsZero() {
			efficient[k]++
			m.Efficiency += 100 * r.LeastStake.Float64() / r.Stake.Float64()
		}
	}
	var out []memory.RewardSum
	for k, m := range sums {
		n := float64(m.Count)
		m.Stake, m.LeastStake, m.Commission = m.Stake/n, m.LeastStake/n, m.Commission/n
		if efficient[k] > 0 {
			m.Efficiency /= efficient[k]
		}
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b memory.RewardSum) int {
		return cmp.Or(b.Total.Cmp(a.Total), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Role, b.Role))
	})
	return out
}
