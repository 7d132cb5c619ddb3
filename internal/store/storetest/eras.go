package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func points(t *testing.T, s, again Memory) {
	ctx := t.Context()
	total := func(era programme.Era) memory.EraTotal {
		e := Fill[memory.EraTotal]()
		e.Era, e.Total = era, 1<<32-1
		return e
	}
	of := func(era programme.Era, list ...memory.EraPoints) []memory.EraPoints {
		for i := range list {
			list[i].Era = era
		}
		return list
	}
	a7 := of(7, memory.EraPoints{Stash: "a", Points: 20}, memory.EraPoints{Stash: "b", Points: 1<<32 - 1})
	Changes(t, again, func() error { return s.SaveEraPoints(ctx, total(7), a7) }, memory.SubjectPoints)
	check(t, s.SaveEraPoints(ctx, total(6), of(6, memory.EraPoints{Stash: "a", Points: 5})))
	a7 = of(7, memory.EraPoints{Stash: "a", Points: 21})
	check(t, s.SaveEraPoints(ctx, total(7), a7)) // who is missing has none any more
	a6 := memory.EraPoints{Era: 6, Stash: "a", Points: 5}
	same(t, must[[]memory.EraPoints](t)(again.EraPoints(ctx, "a", 0)), []memory.EraPoints{a6, a7[0]})
	same(t, must[[]memory.EraPoints](t)(again.EraPoints(ctx, "b", 0)), []memory.EraPoints{})
	same(t, must[[]memory.EraPoints](t)(again.EraPoints(ctx, "", 7)), a7)
	same(t, must[[]memory.EraTotal](t)(again.EraTotals(ctx)), []memory.EraTotal{total(6), total(7)})
	same(t, must[[]memory.EraTotal](t)(again.EraTotalsFrom(ctx, 7)), []memory.EraTotal{total(7)})
}

func eraStatistics(t *testing.T, s, again Memory) {
	ctx := t.Context()
	at := func(era programme.Era, valid int) memory.EraStatistics {
		return memory.EraStatistics{Era: era, At: 5, Listed: 9, Valid: valid, Active: 2, KYC: 1}
	}
	Changes(t, again, func() error { return s.SaveEraStatistics(ctx, at(8, 3)) }, memory.SubjectEras)
	check(t, s.SaveEraStatistics(ctx, at(7, 4)))
	check(t, s.SaveEraStatistics(ctx, at(8, 5)))
	same(t, must[memory.EraStatistics](t)(again.EraStatistics(ctx)), at(8, 5))
	same(t, must[[]memory.EraStatistics](t)(again.EraStatisticsFrom(ctx, 0)), []memory.EraStatistics{at(7, 4), at(8, 5)})
}

func validatorSets(t *testing.T, s, again Memory) {
	ctx := t.Context()
	set := func(era programme.Era, session programme.Session, validators ...programme.Address) memory.ValidatorSet {
		return memory.ValidatorSet{Era: era, Session: session, At: programme.Millis(session), Validators: validators}
	}
	save := func(v memory.ValidatorSet) { t.Helper(); check(t, s.SaveValidatorSet(ctx, v)) }
	counts := func(want int, accounts ...programme.Address) {
		t.Helper()
		if n := must[int](t)(again.ActiveEras(ctx, accounts...)); n != want {
			t.Errorf("%v were active in %d eras, want %d", accounts, n, want)
		}
	}
	Changes(t, again, func() error { return s.SaveValidatorSet(ctx, set(5, 30, "a", "b", "a")) }, memory.SubjectValidators)
	save(set(7, 42, "b", "c"))
	save(set(6, 36, "a"))
	counts(2, "a")
	counts(2, "b")
	counts(3, "a", "b")
	counts(1, "c", "nobody")
	// The newest set of an era takes the place of the one before it.
	save(set(5, 31, "c", "b"))
	counts(1, "a")
	counts(2, "c")
	want := []memory.ValidatorSet{set(5, 31, "c", "b"), set(6, 36, "a"), set(7, 42, "b", "c")}
	same(t, must[[]memory.ValidatorSet](t)(again.ValidatorSetsFrom(ctx, 0)), want)
	same(t, must[[]memory.ValidatorSet](t)(again.ValidatorSetsFrom(ctx, 7)), want[2:])
	same(t, must[memory.ValidatorSet](t)(again.ValidatorSet(ctx)), want[2])
	same(t, must[[]programme.Era](t)(again.SetEras(ctx, 6)), []programme.Era{6, 7})
	same(t, must[map[int]int](t)(again.ActiveErasOf(ctx, map[int][]programme.Address{4: {"a", "c"}, 9: {"b"}, 2: nil, 1: {"nobody"}})), map[int]int{4: 3, 9: 2, 2: 0, 1: 0})
}

// activeEras compares the counts with the sets that they are counts of, in whatever order these come.
func activeEras(t *testing.T, s, again Memory) {
	r := rand.New(rand.NewPCG(1, 2))
	const accounts, eras = 5, 12
	name := func(i int) programme.Address { return programme.Address(fmt.Sprint("a", i)) }
	model := map[programme.Era]map[int]bool{}
	for range 40 {
		v := memory.ValidatorSet{Era: programme.Era(r.IntN(eras))}
		model[v.Era] = map[int]bool{}
		for i := range accounts {
			if r.IntN(2) == 0 {
				v.Validators = append(v.Validators, name(i))
				model[v.Era][i] = true
			}
		}
		check(t, s.SaveValidatorSet(t.Context(), v))
	}
	groups, want := map[int][]programme.Address{}, map[int]int{}
	for bits := range 1 << accounts {
		groups[bits], want[bits] = nil, 0
		for i := range accounts {
			if bits&(1<<i) != 0 {
				groups[bits] = append(groups[bits], name(i))
			}
		}
		for _, set := range model {
			for i := range accounts {
				if bits&(1<<i) != 0 && set[i] {
					want[bits]++
					break
				}
			}
		}
	}
	same(t, must[map[int]int](t)(again.ActiveErasOf(t.Context(), groups)), want)
}

func sessionKeys(t *testing.T, s, again Memory) {
	ctx := t.Context()
	keys := func(stash programme.Address, at programme.Millis, key string) memory.SessionKeys {
		return memory.SessionKeys{Stash: stash, Keys: []programme.SessionKey{{Name: "babe", Key: key}}, Updated: at}
	}
	Changes(t, again, func() error {
		return s.SaveSessionKeys(ctx, []memory.SessionKeys{keys("b", 1, "0x1"), keys("a", 1, "0x2"), {Stash: "c", Updated: 1}})
	}, memory.SubjectValidators)
	Changes(t, again, func() error { return s.SaveSessionKeys(ctx, []memory.SessionKeys{keys("b", 2, "0x1")}) })
	check(t, s.SaveSessionKeys(ctx, []memory.SessionKeys{keys("a", 3, "0x3"), keys("b", 3, "0x1")}))
	same(t, must[[]memory.SessionKeys](t)(again.SessionKeys(ctx)), []memory.SessionKeys{keys("a", 3, "0x3"), keys("b", 1, "0x1"), {Stash: "c", Updated: 1}})
}

func stakes(t *testing.T, s, again Memory) {
	ctx := t.Context()
	stake := func(stash programme.Address, era programme.Era, at programme.Millis) memory.Stake {
		k := Fill[memory.Stake]()
		k.Stash, k.Era, k.Updated = stash, era, at
		return k
	}
	save := func(list ...memory.Stake) func() error { return func() error { return s.SaveStakes(ctx, list) } }
	Changes(t, again, save(stake("b", 5, 1), stake("a", 5, 1), stake("a", 6, 2)), memory.SubjectStakes)
	Changes(t, again, save(stake("a", 6, 3))) // nothing has changed
	poor := stake("a", 7, 4)
	poor.Active, poor.Waiting, poor.Total = nil, nil, programme.Planck{}
	check(t, save(poor)())
	same(t, must[[]memory.Stake](t)(again.NewestStakes(ctx)), []memory.Stake{poor, stake("b", 5, 1)})
	same(t, must[[]memory.Stake](t)(again.Stakes(ctx, "a", 2)), []memory.Stake{poor, stake("a", 6, 2)})
	if n := len(must[[]memory.Stake](t)(again.Stakes(ctx, "a", 0))); n != 3 {
		t.Errorf("%d stakes", n)
	}
	era := programme.Era(6)
	same(t, must[memory.Stake](t)(again.Stake(ctx, "a", &era)), stake("a", 6, 2))
	same(t, must[memory.Stake](t)(again.Stake(ctx, "a", nil)), poor)
	era = 9
	missing[memory.Stake](t)(again.Stake(ctx, "a", &era))
	poor.Inactive = programme.PlanckFromParts(1<<64-1, 1<<64-1)
	Changes(t, again, save(poor), memory.SubjectStakes)
	same(t, must[memory.Stake](t)(again.Stake(ctx, "a", nil)), poor)
}

func places(t *testing.T, s, again Memory) {
	ctx := t.Context()
	at := func(session programme.Session, nodes int) memory.LocationStatistics {
		st := Fill[memory.LocationStatistics]()
		st.Session, st.Nodes = session, nodes
		return st
	}
	Changes(t, again, func() error { return s.SaveLocationStatistics(ctx, at(5, 1)) }, memory.SubjectLocations)
	check(t, s.SaveLocationStatistics(ctx, at(4, 2)))
	check(t, s.SaveLocationStatistics(ctx, at(5, 3)))
	session := programme.Session(4)
	same(t, must[memory.LocationStatistics](t)(again.LocationStatistics(ctx, &session)), at(4, 2))
	same(t, must[memory.LocationStatistics](t)(again.LocationStatistics(ctx, nil)), at(5, 3))
	session = 6
	missing[memory.LocationStatistics](t)(again.LocationStatistics(ctx, &session))
}

func known(t *testing.T, s, again Memory) {
	c := Fill[memory.Chain]()
	Changes(t, again, func() error { return s.SaveChain(t.Context(), c) }, memory.SubjectChain)
	c.Blocks, c.Updated = slices.Clone(c.Blocks[:1]), 9
	check(t, s.SaveChain(t.Context(), c))
	same(t, must[memory.Chain](t)(again.Chain(t.Context())), c)
}
