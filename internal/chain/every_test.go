package chain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// TestEveryRequestFails makes a chain fail from its first, second, ... request on until the snapshot gets through. Every
// time it is one clear error, or, where only identities are concerned, a gap.
func TestEveryRequestFails(t *testing.T) {
	pruned := substratetest.Fail(4003, "Client error: UnknownBlock: State already discarded for 0x00")
	for _, network := range []string{"A", "C"} {
		w := village(networkOf(t, network).gen)
		r := newRig(t, network, w)
		r.cfg.Client = quickly()
		r.cfg.Client.Attempts = 1
		chains := r.open(t.Context(), t)
		if _, err := chains.Snapshot(t.Context(), request(w)); err != nil { // connects to all chains
			t.Fatal(err)
		}
		for _, n := range r.nodes() {
			for skip := 0; ; skip++ {
				fault := n.Inject(substratetest.Rule{Skip: skip, Do: pruned})
				s, err := chains.Snapshot(t.Context(), request(w))
				fault.Stop()
				if fault.Hits() == 0 {
					if err != nil {
						t.Errorf("%s: nothing failed, but: %v", network, err)
					}
					if skip < 5 {
						t.Errorf("%s: only %d requests", network, skip)
					}
					break
				}
				where := fmt.Sprintf("%s, %s from request %d on", network, n.URL(), skip)
				if n == r.people {
					if err != nil || len(s.Gaps) != 1 || s.Gaps[programme.PartIdentity] == "" {
						t.Errorf("%s: gaps %v, error %v", where, s, err)
					}
					continue
				}
				if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "discarded") {
					t.Errorf("%s: %v", where, err)
				}
			}
		}
	}
}

// TestNoIdentities is a relay chain whose identities have left, without a People chain.
func TestNoIdentities(t *testing.T) {
	w := village("B")
	r := newRig(t, "kusama 1003000", w)
	r.cfg.People = nil
	s := r.snapshot(t.Context(), t, request(w))
	if want := "Relay (kusama 1003000) has no identities any more: set global.apiPeopleEndpoints"; s.Gaps[programme.PartIdentity] != want {
		t.Errorf("gaps %v, want %q", s.Gaps, want)
	}
	if want := (programme.Topology{Kind: "single", Generation: "B"}); s.Topology != want {
		t.Errorf("topology %+v, want %+v", s.Topology, want)
	}
	if len(s.Blocks) != 2 {
		t.Errorf("blocks %+v", s.Blocks)
	}
}

func TestShare(t *testing.T) {
	for _, tt := range []struct {
		fraction programme.Perbill
		of, want string
	}{
		{0, "1000", "0"},
		{1_000_000_000, "340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
		{4_000_000_000, "7", "7"},
		{500_000_000, "3", "1"}, // from the middle down
		{500_000_001, "3", "2"},
		{10_000_000, "149", "1"},
		{10_000_000, "151", "2"},
		{333_333_333, "9000000000000000000000", "2999999997000000000000"},
	} {
		of, err := programme.ParsePlanck(tt.of)
		if err != nil {
			t.Fatal(err)
		}
		if got := share(tt.fraction, of); got.String() != tt.want {
			t.Errorf("share(%d, %s) = %s, want %s", tt.fraction, tt.of, got, tt.want)
		}
	}
}

func TestMergeSlashes(t *testing.T) {
	a, b := someone("a"), someone("b")
	p := programme.NewPlanck
	reported := map[slashKey]slashFact{
		{7, a}: {fraction: 100, own: p(10)}, {5, a}: {fraction: 50, own: p(5)}, {6, b}: {fraction: 1, own: p(1)},
	}
	waiting := map[slashKey]slashFact{
		{7, a}: {own: p(9)}, {9, a}: {fraction: 3, own: p(2)},
	}
	want := map[account][]programme.Slash{
		a: {
			{Era: 5, Fraction: 50, Own: p(5), Applied: true}, {Era: 7, Fraction: 100, Own: p(10)}, {Era: 9, Fraction: 3, Own: p(2)},
		},
		b: {{Era: 6, Fraction: 1, Own: p(1), Applied: true}},
	}
	if diff := cmp.Diff(want, mergeSlashes(reported, waiting), planckByValue); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzStoredValue puts any bytes under any key that a snapshot reads. The snapshot is taken, with or without gaps, or
// fails with an error that has a kind.
func FuzzStoredValue(f *testing.F) {
	w := village("C")
	r := newRig(f, "C", w)
	chains := r.open(f.Context(), f)
	req := request(w)
	type place struct {
		node *node
		key  []byte
	}
	var places []place
	for _, n := range r.nodes() {
		for _, key := range n.written {
			places = append(places, place{n, key})
		}
	}
	for i := range places {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	}
	f.Fuzz(func(t *testing.T, which uint8, value []byte) {
		at := places[int(which)%len(places)]
		before, ok := at.node.GetRaw(at.node.Head(), at.key)
		if !ok {
			t.Fatal("no value")
		}
		if value == nil {
			value = []byte{}
		}
		at.node.SetRaw(at.key, value)
		defer at.node.SetRaw(at.key, slices.Clone(before))
		_, err := chains.Snapshot(t.Context(), req)
		if err != nil && !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrUnsuitable) && !errors.Is(err, ErrRequest) {
			t.Errorf("%s of %x in %x: %v", at.node.URL(), value, at.key[:storage.PrefixSize], err)
		}
	})
}
