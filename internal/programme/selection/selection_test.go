package selection

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
)

const token = 1_000_000_000_000

// world is a network with seats of equal price, in tokens.
func world(profile programme.Profile, maximum uint32, seats int, price uint64) *programme.Inputs {
	in := &programme.Inputs{Rules: programme.DefaultRules(profile)}
	in.Rules.Limits.MaxTargets = maximum
	in.Snapshot.Network.Decimals, in.Snapshot.Network.Symbol = 12, "KSM"
	for range seats {
		in.Snapshot.Elected = append(in.Snapshot.Elected, programme.Elected{Total: programme.NewPlanck(price * token)})
	}
	return in
}

func balance(planck uint64) *programme.ChainNominator {
	return &programme.ChainNominator{Free: programme.NewPlanck(planck)}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		name      string
		maximum   uint32
		seats     int
		price     uint64
		balance   uint64 // planck
		programme int
		reference int
		says      string // by the programme's rules
	}{
		{"nine seats", 24, 100, 100, 1000 * token, 10, 10, "980 KSM after the buffer cover 9 of 100 seats, plus 5 % rounded up makes 10"},
		{"more than the maximum", 24, 100, 2500, 60_000 * token, 24, 24, "59880 KSM after the buffer cover 23"},
		{"more than a lower maximum", 16, 100, 2500, 60_000 * token, 16, 16, "limited to 16 by the programme"},
		{"within the buffer", 24, 100, 100, 15 * token, 1, 2, "its balance of 15 KSM is within the buffer of 20 KSM, so it gets one target"},
		{"exactly the buffer", 24, 100, 100, 20 * token, 1, 2, "within the buffer"},
		{"barely above the buffer", 24, 100, 100, 21 * token, 1, 1, "1 KSM after the buffer cover 0 of 100 seats"},
		{"exactly one seat does not count", 24, 100, 100, 120 * token, 1, 1, "cover 0"},
		{"a planck more", 24, 100, 100, 120*token + 1, 2, 2, "cover 1"},
		{"more than all seats", 24, 10, 1, 1_000_000 * token, 6, 6, "cover 5 of 10 seats"},
		{"five seats", 24, 5, 1, 1_000_000 * token, 1, 1, "cover 0 of 5 seats"},
		{"no seats", 24, 0, 1, 1_000_000 * token, 1, 1, "cover 0 of 0 seats"},
		{"seats of nothing are left out", 24, 50, 0, 1_000_000 * token, 1, 1, "cover 0 of 0 seats"},
		{"no limit", 0, 100, 1, 10_000 * token, 100, 100, "cover 95 of 100 seats, plus 5 % rounded up makes 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for profile, want := range map[programme.Profile]int{programme.ProfileProgramme: tt.programme, programme.ProfileReference: tt.reference} {
				got, why := Number(world(profile, tt.maximum, tt.seats, tt.price), &programme.Nominator{}, balance(tt.balance))
				if got != want {
					t.Errorf("%s: %d targets (%s), want %d", profile, got, why, want)
				}
				if profile == programme.ProfileProgramme && !strings.Contains(why, tt.says) {
					t.Errorf("%q does not say %q", why, tt.says)
				}
			}
		})
	}
}

func TestNumberIsLimited(t *testing.T) {
	in := world(programme.ProfileProgramme, 24, 100, 1)
	in.Snapshot.Limits.MaxNominations = 16
	rich := balance(100_000 * token)
	if _, why := Number(in, &programme.Nominator{}, rich); !strings.Contains(why, "cover 16 or more of 100 seats") {
		t.Error(why)
	}
	if got, why := Number(in, &programme.Nominator{}, rich); got != 16 || !strings.Contains(why, "limited to 16 by the runtime") {
		t.Errorf("%d: %s", got, why)
	}
	if got, why := Number(in, &programme.Nominator{Max: 3}, rich); got != 3 || !strings.Contains(why, "limited to 3 by the nominator's own setting") {
		t.Errorf("%d: %s", got, why)
	}
	if got, why := Number(in, &programme.Nominator{}, nil); got != 1 || !strings.Contains(why, "nothing is known") {
		t.Errorf("%d: %s", got, why)
	}
}

// With a limit only the cheapest seats are looked at, whatever their order.
func TestCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var elected []programme.Elected
		var want []uint64
		for range rapid.IntRange(0, 60).Draw(t, "elected") {
			n := rapid.Uint64Range(0, 20).Draw(t, "stake")
			elected = append(elected, programme.Elected{Total: programme.NewPlanck(n)})
			if n > 0 {
				want = append(want, n)
			}
		}
		slices.Sort(want)
		most := rapid.IntRange(1, 70).Draw(t, "most")
		seats, usable := cheapest(elected, most)
		if usable != len(want) || len(seats) != min(most, len(want)) {
			t.Fatalf("%d of %d seats, want %d of %d", len(seats), usable, min(most, len(want)), len(want))
		}
		for i, s := range seats {
			if s != programme.NewPlanck(want[i]) {
				t.Fatalf("%v, want %v", seats, want)
			}
		}
	})
}

// The table of counts: one target more for every twenty, begun ones included.
func TestNumberByCount(t *testing.T) {
	for count, want := range map[int][2]int{0: {1, 1}, 1: {2, 2}, 2: {3, 3}, 5: {6, 6}, 10: {11, 11}, 15: {16, 16}, 20: {21, 16}, 21: {23, 16}, 22: {24, 16}, 23: {24, 16}, 40: {24, 16}} {
		for i, maximum := range []uint32{24, 16} {
			in := world(programme.ProfileProgramme, maximum, 100, 1000)
			// The fixed buffer of 20 tokens is the larger one up to 10,000 tokens, 0.2 % above.
			spendable := uint64(count*1000 + 1)
			gross := max(spendable+20, uint64(math.Ceil(float64(spendable)/0.998)))
			if got, why := Number(in, nil, balance(gross*token)); got != want[i] {
				t.Errorf("%d seats give %d targets, want %d: %s", count, got, want[i], why)
			}
		}
	}
}

// The old formula in floats, ceil(1.05 n), is the same as the one in integers up to the maximum.
func TestFivePercentInIntegers(t *testing.T) {
	for n := 1; n <= 23; n++ {
		if got, want := n+(n+19)/20, int(math.Ceil(float64(n)*1.05)); got != want {
			t.Errorf("%d: %d, the old formula gives %d", n, got, want)
		}
	}
}

// The number grows with the balance, keeps its limits, and is exact: S < B - max(B/500, 20) with fractions.
func TestNumberIsMonotoneBoundedAndExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := world(programme.ProfileProgramme, uint32(rapid.IntRange(1, 24).Draw(t, "maximum")), 0, 0)
		in.Snapshot.Network.Decimals = rapid.SampledFrom([]int{10, 12}).Draw(t, "decimals")
		in.Snapshot.Limits.MaxNominations = uint32(rapid.IntRange(1, 30).Draw(t, "runtime"))
		var totals []uint64
		for range rapid.IntRange(0, 60).Draw(t, "seats") {
			n := rapid.Uint64Range(0, 1<<55).Draw(t, "seat")
			in.Snapshot.Elected = append(in.Snapshot.Elected, programme.Elected{Total: programme.NewPlanck(n)})
			if n > 0 {
				totals = append(totals, n)
			}
		}
		slices.Sort(totals)
		free, reserved := rapid.Uint64Range(0, 1<<59).Draw(t, "free"), rapid.Uint64Range(0, 1<<59).Draw(t, "reserved")
		account := &programme.ChainNominator{Free: programme.NewPlanck(free), Reserved: programme.NewPlanck(reserved)}
		got, why := Number(in, &programme.Nominator{}, account)

		held := new(big.Rat).SetInt(new(big.Int).Add(new(big.Int).SetUint64(free), new(big.Int).SetUint64(reserved)))
		buffer := new(big.Rat).Quo(held, big.NewRat(500, 1))
		fixed := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(in.Snapshot.Network.Decimals)), nil))
		if fixed.Mul(fixed, big.NewRat(20, 1)); fixed.Cmp(buffer) > 0 {
			buffer = fixed
		}
		spendable := new(big.Rat).Sub(held, buffer)
		n, sum := 0, new(big.Rat)
		for _, s := range totals[min(5, len(totals)):] {
			if sum.Add(sum, new(big.Rat).SetInt(new(big.Int).SetUint64(s))); sum.Cmp(spendable) >= 0 {
				break
			}
			n++
		}
		want := min(max(1, n+int(math.Ceil(float64(n)/20))), int(in.Rules.Limits.MaxTargets), int(in.Snapshot.Limits.MaxNominations))
		if got != want {
			t.Fatalf("%d targets, want %d: %s", got, want, why)
		}
		more := *account
		more.Free = more.Free.Add(programme.NewPlanck(rapid.Uint64().Draw(t, "more")))
		if again, _ := Number(in, &programme.Nominator{}, &more); again < got {
			t.Fatalf("more balance gives fewer targets: %d after %d", again, got)
		}
	})
}

func TestDue(t *testing.T) {
	bonded := func(tokens uint64) programme.Bond {
		return programme.Bond{Bonded: true, Active: programme.NewPlanck(tokens * token)}
	}
	targets := []programme.Address{"a"}
	tests := []struct {
		name      string
		nominator programme.Nominator
		chain     *programme.ChainNominator
		force     bool
		programme string // "due" or "not due", and what is said
		reference string
	}{
		{"unknown on chain", programme.Nominator{}, nil, false, "not due: nothing is known", "not due: nothing is known"},
		{"not bonded", programme.Nominator{}, &programme.ChainNominator{}, true, "not due: the account is not bonded", "not due: the account is not bonded"},
		{"open plan", programme.Nominator{Open: true}, &programme.ChainNominator{Bond: bonded(100)}, true, "not due: a plan of it is not finished", "not due: a plan of it is not finished"},
		{"exactly the minimum", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(50)}, false, "not due: its active bond of 50 KSM is not more than 50 KSM", "not due: its active bond of 50 KSM is not more than 50 KSM"},
		{"exactly the minimum, forced", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(50)}, true, "due: the round is forced", "due: the round is forced"},
		{"below the chain's minimum, forced", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(4)}, true, "not due: its active bond of 4 KSM is below the chain's minimum of 5 KSM", "not due: its active bond of 4 KSM is below"},
		{"nominates nobody", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(51)}, false, "due: it nominates nobody", "due: it nominated in era 0"},
		{"four eras ago", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(51), Targets: targets, SubmittedIn: 96}, false, "due: it nominated in era 96, the active era is 100, the interval is 4", "due: it nominated in era 96, the planned era is 101"},
		{"three eras ago", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(51), Targets: targets, SubmittedIn: 97}, false, "not due before active era 101: it nominated in era 97", "due: "},
		{"three eras ago, forced", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(51), Targets: targets, SubmittedIn: 97}, true, "due: the round is forced", "due: the round is forced"},
		{"in the planned era", programme.Nominator{}, &programme.ChainNominator{Bond: bonded(51), Targets: targets, SubmittedIn: 101}, false, "not due before active era 105", "not due before planned era 102"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for profile, want := range map[programme.Profile]string{programme.ProfileProgramme: tt.programme, programme.ProfileReference: tt.reference} {
				in := &programme.Inputs{Rules: programme.DefaultRules(profile), Force: tt.force}
				in.Rules.Limits.MinNominatorBond = programme.NewPlanck(50 * token)
				in.Snapshot.Network.Decimals, in.Snapshot.Network.Symbol = 12, "KSM"
				in.Snapshot.Limits.MinNominatorBond = programme.NewPlanck(5 * token)
				in.Snapshot.Eras = programme.Eras{Active: 100, Planned: 101}
				due, why := Due(in, &tt.nominator, tt.chain)
				if due == strings.HasPrefix(why, "not due") || !strings.HasPrefix(why, want) {
					t.Errorf("%s: %v, %q; want %q", profile, due, why, want)
				}
			}
		})
	}
}

func TestDueOnAYoungChain(t *testing.T) {
	in := &programme.Inputs{Rules: programme.DefaultRules(programme.ProfileProgramme)}
	in.Snapshot.Eras = programme.Eras{Active: 1, Planned: 1}
	fresh := &programme.ChainNominator{Bond: programme.Bond{Bonded: true, Active: programme.NewPlanck(1)}}
	if due, why := Due(in, &programme.Nominator{}, fresh); !due {
		t.Errorf("a nominator that never nominated waits: %s", why)
	}
}

func TestDistribute(t *testing.T) {
	list := []programme.Address{"a", "b", "c", "d", "e"}
	seat := func(n int) Seat { return Seat{Number: n} }
	tests := []struct {
		name  string
		seats []Seat
		want  [][]programme.Address
	}{
		{"nobody", nil, [][]programme.Address{}},
		{"consecutive and disjoint", []Seat{seat(2), seat(0), seat(1)}, [][]programme.Address{{"a", "b"}, nil, {"c"}}},
		{"the list runs out", []Seat{seat(3), seat(4), seat(2)}, [][]programme.Address{{"a", "b", "c"}, {"d", "e"}, nil}},
		{"exactly used up", []Seat{seat(5), seat(1)}, [][]programme.Address{list, nil}},
		{"negative", []Seat{seat(-1), seat(1)}, [][]programme.Address{nil, {"a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Distribute(list, tt.seats)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for i := range got {
				if len(got[i]) > 0 {
					_ = append(got[i], "extra")
				}
			}
			if !slices.Equal(list, []programme.Address{"a", "b", "c", "d", "e"}) {
				t.Error("appending to one slice changes the list")
			}
		})
	}
}

// Nobody is given twice, nobody out of order, and nobody is left over while there are seats.
func TestDistributeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []programme.Address
		for i := range rapid.IntRange(0, 60).Draw(t, "candidates") {
			list = append(list, programme.Address(fmt.Sprint(i)))
		}
		var seats []Seat
		room := 0
		for range rapid.IntRange(0, 8).Draw(t, "nominators") {
			n := rapid.IntRange(0, 24).Draw(t, "number")
			seats = append(seats, Seat{Number: n})
			room += n
		}
		var flat []programme.Address
		for i, got := range Distribute(list, seats) {
			if len(got) > seats[i].Number {
				t.Fatalf("seat %d has room for %d and got %d", i, seats[i].Number, len(got))
			}
			flat = append(flat, got...)
		}
		if !slices.Equal(flat, list[:min(room, len(list))]) {
			t.Fatalf("given %v of %v", flat, list)
		}
	})
}
