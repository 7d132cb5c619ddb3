package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func round(n int, network string) memory.Round {
	r := Fill[memory.Round]()
	r.Digest, r.Network, r.Number = fmt.Sprintf("sha256:%d", n), network, 99
	return r
}

func rounds(t *testing.T, s, again Memory) {
	ctx := t.Context()
	a, b, c := round(1, "n"), round(2, "m"), round(3, "n")
	a.Tripped = nil
	for _, r := range []memory.Round{a, b, c} {
		Changes(t, again, func() error { return s.SaveRound(ctx, r) }, memory.SubjectRounds)
	}
	twice := b
	twice.At = 0
	Changes(t, again, func() error { return s.SaveRound(ctx, twice) }) // it is held already
	a.Number, b.Number, c.Number = 1, 2, 3
	same(t, must[[]memory.Round](t)(again.Rounds(ctx, "", 0)), []memory.Round{c, b, a})
	same(t, must[[]memory.Round](t)(again.Rounds(ctx, "n", 1)), []memory.Round{c})
	same(t, must[[]memory.Round](t)(again.Rounds(ctx, "n", 0)), []memory.Round{c, a})
	same(t, must[memory.Round](t)(again.Round(ctx, 2)), b)
	r, ok, err := again.NewestRound(ctx, "m")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	same(t, r, b)
	if _, ok, err := again.NewestRound(ctx, "other"); ok || err != nil {
		t.Error(ok, err)
	}
}

func roundsRace(t *testing.T, s, again Memory) {
	const each = 8
	var wg sync.WaitGroup
	for p, s := range []Memory{s, again} {
		wg.Go(func() {
			for i := range each {
				if err := s.SaveRound(t.Context(), round(100*p+i, "n")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list := must[[]memory.Round](t)(s.Rounds(t.Context(), "n", 0))
	if len(list) != 2*each {
		t.Fatalf("%d rounds", len(list))
	}
	for i, r := range list {
		if r.Number != int64(2*each-i) {
			t.Errorf("round %d has the number %d", 2*each-i, r.Number)
		}
	}
}

func periods(t *testing.T, s, again Memory) {
	ctx := t.Context()
	a := memory.Period{Number: 1, Opened: 5, At: 7, Slots: []int{3, 1}}
	b := memory.Period{Number: 2, Opened: 9, At: 9}
	Changes(t, again, func() error { return s.SavePeriod(ctx, b) }, memory.SubjectRanks)
	check(t, s.SavePeriod(ctx, a))
	a.Closed, a.Settled = 9, 20
	check(t, s.SavePeriod(ctx, a))
	same(t, must[[]memory.Period](t)(again.Periods(ctx)), []memory.Period{a, b})
}

func nominators(t *testing.T, s, again Memory) {
	ctx := t.Context()
	nominator := func(address programme.Address, order int, at programme.Millis) memory.Nominator {
		n := Fill[memory.Nominator]()
		n.Address, n.Order, n.Updated, n.Created, n.Removed, n.Last = address, order, at, 0, 0, 0
		return n
	}
	save := func(list ...memory.Nominator) func() error {
		return func() error { return s.SaveNominators(ctx, list) }
	}
	read := func() []memory.Nominator { t.Helper(); return must[[]memory.Nominator](t)(again.Nominators(ctx)) }
	// A nomination that came before its nominator was seen counts for it.
	check(t, s.SaveNomination(ctx, memory.Nomination{Nominator: "a", At: 40, BlockHash: "x"}))
	a, b := nominator("a", 2, 50), nominator("b", 1, 50)
	Changes(t, again, save(a, b), memory.SubjectNominators)
	Changes(t, again, save(a, b)) // the same look
	a.Created, b.Created, a.Last = 50, 50, 40
	same(t, read(), []memory.Nominator{b, a})

	// One leaves the configuration, and comes back.
	a2 := nominator("a", 1, 60)
	check(t, save(a2)())
	a2.Created, a2.Last, b.Removed = 50, 40, 60
	same(t, read(), []memory.Nominator{a2, b})
	b2 := nominator("b", 0, 70)
	check(t, save(a2, b2)())
	b2.Created = 50
	same(t, read(), []memory.Nominator{b2, a2})

	// The newest nomination is known whatever a look says; an older one that is found later changes nothing.
	check(t, s.SaveNomination(ctx, memory.Nomination{Nominator: "b", At: 65, BlockHash: "y"}))
	check(t, s.SaveNomination(ctx, memory.Nomination{Nominator: "b", At: 55, BlockHash: "z"}))
	b3 := nominator("b", 0, 80)
	check(t, save(a2, b3)())
	b3.Created, b3.Last = 50, 65
	same(t, read(), []memory.Nominator{b3, a2})
}

func nominations(t *testing.T, s, again Memory) {
	ctx := t.Context()
	nomination := func(nominator programme.Address, block string, at programme.Millis) memory.Nomination {
		n := Fill[memory.Nomination]()
		n.Nominator, n.BlockHash, n.At = nominator, block, at
		return n
	}
	a, b, c := nomination("a", "1", 30), nomination("b", "1", 20), nomination("a", "2", 10)
	b.Targets = []programme.Address{}
	for _, n := range []memory.Nomination{a, b, c} {
		Changes(t, again, func() error { return s.SaveNomination(ctx, n) }, memory.SubjectNominations, memory.SubjectNominators)
	}
	Changes(t, again, func() error { return s.SaveNomination(ctx, nomination("a", "1", 99)) })
	same(t, must[[]memory.Nomination](t)(again.Nominations(ctx)), []memory.Nomination{a, b, c})
	same(t, must[[]memory.Nomination](t)(again.NominationsOf(ctx, "", 2)), []memory.Nomination{c, b})
	same(t, must[[]memory.Nomination](t)(again.NominationsOf(ctx, "a", 0)), []memory.Nomination{c, a})
	same(t, must[[]memory.Nomination](t)(again.NominationsOf(ctx, "a", 1)), []memory.Nomination{c})
}
