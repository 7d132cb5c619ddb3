package chain

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

func TestArchiveEqualsWorld(t *testing.T) {
	for _, name := range []string{"A", "B", "C", "kusama 1009002"} {
		t.Run(name, func(t *testing.T) {
			r, gen := newRig(t, name, nil), networkOf(t, name).gen
			chains := r.open(t.Context(), t)
			address := func(id account) programme.Address { return programme.Address(ss58.EncodeAccount(r.prefix, id)) }
			rapid.Check(t, func(rt *rapid.T) {
				w := drawWorld(rt, gen)
				r.next(w)
				subs := map[programme.Address][]programme.Address{}
				r.fillSubs(w, func(parent account, ids []account) {
					subs[address(parent)] = newBook(r.prefix).addresses(ids)
				})
				a, err := chains.Archive(t.Context(), "")
				if err != nil {
					rt.Fatal(err)
				}
				if c := a.Clock; c.Eras.Active != programme.Era(w.active) || c.Eras.Session != programme.Session(w.session) || c.Time != programme.Millis(w.now) {
					rt.Fatalf("%+v", c)
				}
				for era := w.active - 3; era <= w.active; era++ {
					compareEra(t.Context(), rt, a, w, era, address)
				}
				keys, err := a.Keys(t.Context())
				if err != nil {
					rt.Fatal(err)
				}
				for id := range w.intentions {
					_, want := w.keys[id]
					if _, got := keys[address(id)]; got != want {
						rt.Fatalf("keys of %s: %v", address(id), got)
					}
				}
				var supers []programme.Address
				for _, s := range w.supers {
					supers = append(supers, address(s.parent))
				}
				got, err := a.Subs(t.Context(), supers)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(subs, got, cmpopts.EquateEmpty()); diff != "" {
					rt.Fatal(diff)
				}
			})
		})
	}
}

func compareEra(ctx context.Context, rt *rapid.T, a *Archive, w *world, era uint32, address func(account) programme.Address) {
	var ids, old []account
	for at := range w.exposures {
		if at.era == era {
			ids = append(ids, at.stash)
		}
	}
	for at := range w.legacy {
		if at.era == era {
			old = append(old, at.stash)
		}
	}
	if len(ids) == 0 {
		ids = old
	}
	validators, err := a.Validators(ctx, programme.Era(era))
	if err != nil {
		rt.Fatal(err)
	}
	if diff := cmp.Diff(newBook(a.book.prefix).addresses(ids), validators, cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("validators of era %d: %s", era, diff)
	}
	points, err := a.Points(ctx, programme.Era(era))
	if err != nil {
		rt.Fatal(err)
	}
	want := map[programme.Address]uint32{}
	for id, n := range w.points[era] {
		if n > 0 {
			want[address(id)] = n
		}
	}
	if _, ok := w.points[era]; !ok {
		if points != nil {
			rt.Fatalf("points of era %d: %v, there is no entry", era, points)
		}
		return
	}
	if diff := cmp.Diff(want, points.Of); diff != "" {
		rt.Fatalf("points of era %d: %s", era, diff)
	}
}

// fillSubs writes the other direction of the world's sub-identities.
func (r *rig) fillSubs(w *world, tell func(account, []account)) {
	n := r.relay
	if r.people != nil {
		n = r.people
	}
	byParent := map[account][]account{}
	for id, s := range w.supers {
		byParent[s.parent] = append(byParent[s.parent], id)
	}
	for parent, ids := range byParent {
		put(n, "Identity", "SubsOf", []any{1, ids}, parent)
		tell(parent, ids)
	}
}

func TestFollow(t *testing.T) {
	w := newWorld("A")
	r := newRig(t, "A", w)
	chains := r.open(t.Context(), t)
	enough := errors.New("enough")
	var seen []programme.Era
	err := chains.Follow(t.Context(), func(_ context.Context, c Clock) error {
		seen = append(seen, c.Eras.Active)
		if len(seen) == 2 {
			return enough
		}
		w.active++
		r.next(w)
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]programme.Era{1000, 1001}, seen); diff != "" {
		t.Error(diff)
	}
}
