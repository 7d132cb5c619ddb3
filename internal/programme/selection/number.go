// Package selection says how many candidates a nominator of the programme can take, whether it is due for a new
// nomination, and which candidates it gets. All arithmetic on amounts is exact.
package selection

import (
	"fmt"
	"math"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

const (
	// skippedStakes is how many of the cheapest elected validators are left out of the estimate.
	skippedStakes = 5
	// bufferTokens and bufferDivisor give the part of a balance that is set aside: the larger of 20 tokens and 0.2 %.
	bufferTokens  = 20
	bufferDivisor = 500
	// extraDivisor: one target more for every twenty, begun ones included.
	extraDivisor = 20
)

// Number is how many targets a nominator takes, and in words how that came about. The idea: with its whole balance
// (less a buffer) it could fill that many of the cheapest seats alone, the five cheapest left out; five percent
// come on top; the runtime, the programme and the nominator's own configuration limit it. It is at least 1 unless
// a limit says 0.
//
// By the old rule (Switches.BoundedCount off) balances are floats of tokens and an account whose balance is within
// the buffer gets 2. Where the old backend never came to an end, because the balance exceeds all seats together,
// both rule sets count every seat.
func Number(in *programme.Inputs, n *programme.Nominator, chain *programme.ChainNominator) (int, string) {
	limit, reason := bound(in, n)
	if chain == nil {
		return min(1, limit), "1 target: nothing is known of its balance"
	}
	var count int
	var how string
	if in.Rules.Switches.BoundedCount {
		count, how = exactCount(in, chain, limit)
	} else {
		count, how = floatCount(in, chain)
	}
	number := count + (count+extraDivisor-1)/extraDivisor
	if count == 0 {
		number = 1
		how += ", so it gets one target"
	} else {
		how += fmt.Sprintf(", plus 5 %% rounded up makes %d", number)
	}
	if number > limit {
		return limit, how + fmt.Sprintf(", limited to %d by %s", limit, reason)
	}
	return number, how
}

// bound is the smallest limit on the number of targets and who sets it. A limit of 0 is none.
func bound(in *programme.Inputs, n *programme.Nominator) (int, string) {
	limit, reason := math.MaxInt32, "nothing"
	lower := func(v int64, who string) {
		if v > 0 && v < int64(limit) {
			limit, reason = int(v), who
		}
	}
	lower(int64(in.Snapshot.Limits.MaxNominations), "the runtime")
	lower(int64(in.Rules.Limits.MaxTargets), "the programme")
	if n != nil {
		lower(int64(n.Max), "the nominator's own setting")
	}
	return limit, reason
}

// exactCount is the greatest n for which the n cheapest seats, the five cheapest left out, cost less than the
// buffered balance. It does not count beyond the limit on targets.
//
// The buffer is an exact share of the balance; rounding it down to whole planck changes nothing, because sums of
// whole planck lie below a bound exactly when they lie below the bound rounded up.
func exactCount(in *programme.Inputs, chain *programme.ChainNominator, limit int) (int, string) {
	decimals := in.Snapshot.Network.Decimals
	balance := chain.Free.Add(chain.Reserved)
	buffer := balance.Div(bufferDivisor)
	if fixed := tokens(bufferTokens, decimals); fixed.Cmp(buffer) > 0 {
		buffer = fixed
	}
	spendable := balance.Sub(buffer)
	unit := in.Snapshot.Network.Symbol
	if spendable.IsZero() {
		return 0, fmt.Sprintf("its balance of %s is within the buffer of %s",
			amount(balance, decimals, unit), amount(buffer, decimals, unit))
	}
	seats, usable := cheapest(in.Snapshot.Elected, skippedStakes+limit)
	count := 0
	var sum programme.Planck
	for _, s := range seats[min(skippedStakes, len(seats)):] {
		sum = sum.Add(s)
		if sum.Cmp(spendable) >= 0 {
			break
		}
		count++
	}
	more := ""
	if count == limit {
		more = " or more"
	}
	return count, fmt.Sprintf("%s after the buffer cover %d%s of %d seats", amount(spendable, decimals, unit), count, more, usable)
}

// cheapest are the lowest stakes above zero, ascending and at most so many, and the number of stakes above zero.
func cheapest(elected []programme.Elected, most int) (seats []programme.Planck, usable int) {
	if most >= len(elected) {
		for i := range elected {
			if t := elected[i].Total; !t.IsZero() {
				seats = append(seats, t)
			}
		}
		slices.SortFunc(seats, programme.Planck.Cmp)
		return seats, len(seats)
	}
	for i := range elected {
		t := elected[i].Total
		if t.IsZero() {
			continue
		}
		usable++
		if len(seats) == most {
			if t.Cmp(seats[most-1]) >= 0 {
				continue
			}
			seats = seats[:most-1]
		}
		at, _ := slices.BinarySearchFunc(seats, t, programme.Planck.Cmp)
		seats = slices.Insert(seats, at, t)
	}
	return seats, usable
}

// floatCount is the old backend's calculation in floats of tokens.
func floatCount(in *programme.Inputs, chain *programme.ChainNominator) (int, string) {
	unit := math.Pow10(in.Snapshot.Network.Decimals)
	balance := (chain.Free.Float64() + chain.Reserved.Float64()) / unit
	spendable := balance - max(float64(balance*0.002), bufferTokens)
	if spendable <= 0 {
		return 1, fmt.Sprintf("its balance of %.4f tokens is within the buffer, which counts as one seat", balance)
	}
	seats := make([]float64, 0, len(in.Snapshot.Elected))
	for i := range in.Snapshot.Elected {
		if t := in.Snapshot.Elected[i].Total; !t.IsZero() {
			seats = append(seats, t.Float64()/unit)
		}
	}
	slices.Sort(seats)
	count := 0
	var sum float64
	for _, s := range seats[min(skippedStakes, len(seats)):] {
		sum += s
		if !(sum < spendable) {
			break
		}
		count++
	}
	return count, fmt.Sprintf("%.4f tokens after the buffer cover %d of %d seats", spendable, count, len(seats))
}

// tokens is n whole tokens in planck, at most the greatest amount.
func tokens(n uint64, decimals int) programme.Planck {
	p := programme.NewPlanck(n)
	for range min(max(decimals, 0), 40) {
		p = p.Mul(10)
	}
	return p
}

func amount(p programme.Planck, decimals int, symbol string) string {
	if symbol == "" {
		symbol = "tokens"
	}
	return p.Tokens(decimals) + " " + symbol
}
