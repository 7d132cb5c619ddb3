package scoring

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
)

const now = programme.Millis(1_772_366_400_000)

// round is a made-up round with a number of candidates.
func round(r *rand.Rand, candidates int) *programme.Inputs {
	in := &programme.Inputs{Now: now, Rules: programme.DefaultRules(programme.ProfileProgramme)}
	in.Snapshot.Network.Decimals = 12
	in.Snapshot.Eras.Active = 1000
	in.Sources = []programme.Source{{Name: programme.SourceTelemetry, State: programme.SourceOK, At: now}}
	for e := programme.Era(916); e < 1000; e++ {
		in.Snapshot.PointEras = append(in.Snapshot.PointEras, programme.EraTotal{Era: e, Total: 1})
	}
	for i := range candidates {
		c := programme.CandidateInput{Candidate: programme.Candidate{Slot: i, Stash: programme.Address(fmt.Sprint("stash-", i))}}
		c.Presence = &programme.Presence{FirstSeen: now - programme.Millis(r.IntN(1e9)), Implementation: []string{"", "Parity Polkadot", "Other"}[r.IntN(3)]}
		c.History = &programme.History{Rank: r.IntN(50), Faults: r.IntN(3), NominatedEra: programme.Era(r.IntN(1000))}
		if r.IntN(4) > 0 {
			c.Location = &programme.Location{City: fmt.Sprint(r.IntN(5)), Region: fmt.Sprint(r.IntN(4)), Country: fmt.Sprint(r.IntN(3)), Provider: fmt.Sprint(r.IntN(3))}
		}
		cc := programme.ChainCandidate{Stash: c.Stash, Bond: programme.Bond{Bonded: true, Active: programme.NewPlanck(r.Uint64N(1e16))}, Points: map[programme.Era]uint32{}}
		for range r.IntN(90) {
			cc.Points[programme.Era(910+r.IntN(90))] = uint32(r.IntN(100))
		}
		in.Candidates = append(in.Candidates, c)
		in.Snapshot.Candidates = append(in.Snapshot.Candidates, cc)
	}
	for i := range 3 * candidates {
		b := programme.Backer{Stash: programme.Address(fmt.Sprintf("backer-%04d", i)), Active: programme.NewPlanck(r.Uint64N(1e15))}
		for range 1 + r.IntN(3) {
			b.Targets = append(b.Targets, in.Candidates[r.IntN(candidates)].Stash)
		}
		in.Snapshot.Backers = append(in.Snapshot.Backers, b)
		if cc := &in.Snapshot.Candidates[r.IntN(candidates)]; r.IntN(2) == 0 {
			if cc.Exposure == nil {
				cc.Exposure = &programme.Exposure{}
			}
			cc.Exposure.Others = append(cc.Exposure.Others, programme.Backing{Who: b.Stash, Value: programme.NewPlanck(r.Uint64N(1e15))})
		}
	}
	return in
}

func all(in *programme.Inputs) []*programme.CandidateInput {
	out := make([]*programme.CandidateInput, len(in.Candidates))
	for i := range in.Candidates {
		out[i] = &in.Candidates[i]
	}
	return out
}

// constant is a draw without chance.
func constant(programme.Address) float64 { return 0.25 }

// Neither the order of the candidates nor that of the snapshot's candidates changes a single bit of a score.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		in := round(r, rapid.IntRange(1, 30).Draw(t, "candidates"))
		members := all(in)
		scores, stats, err := Evaluate(in, members, constant)
		if err != nil {
			t.Fatal(err)
		}
		bySlot := map[int]programme.Score{}
		for i, m := range members {
			bySlot[m.Slot] = scores[i]
		}
		r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		r.Shuffle(len(in.Snapshot.Candidates), func(i, j int) {
			s := in.Snapshot.Candidates
			s[i], s[j] = s[j], s[i]
		})
		again, stats2, err := Evaluate(in, members, constant)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range members {
			if diff := cmp.Diff(bySlot[m.Slot], again[i]); diff != "" {
				t.Fatalf("slot %d: %s", m.Slot, diff)
			}
		}
		for i := range stats {
			stats[i].Places, stats2[i].Places = nil, nil // listed by first appearance
		}
		if diff := cmp.Diff(stats, stats2); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Every part lies between nothing and its weight, except the unclaimed eras, and the parts add up.
func TestScoresAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := round(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)), rapid.IntRange(1, 30).Draw(t, "candidates"))
		u := rapid.Float64Range(0, 0.999999).Draw(t, "draw")
		scores, _, err := Evaluate(in, all(in), func(programme.Address) float64 { return u })
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scores {
			var total float64
			for _, p := range s.Parts {
				if p.Points < 0 || p.Points > p.Weight || p.Scaled < 0 || p.Scaled > 1 {
					t.Fatalf("%+v", p)
				}
				total += p.Points
			}
			if total != s.Aggregate || s.Randomness < 1 || s.Randomness >= 1.15 {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func TestInclusion(t *testing.T) {
	read := func(first, last programme.Era) []programme.EraTotal {
		var out []programme.EraTotal
		for e := first; e <= last; e++ {
			out = append(out, programme.EraTotal{Era: e})
		}
		return out
	}
	points := func(eras ...programme.Era) map[programme.Era]uint32 {
		out := map[programme.Era]uint32{}
		for _, e := range eras {
			out[e] = 1
		}
		return out
	}
	tests := []struct {
		name       string
		active     programme.Era
		known      []programme.EraTotal
		points     map[programme.Era]uint32
		gap, old   bool
		inc, span  float64
		allMissing bool
	}{
		{name: "ends of the windows", active: 1000, known: read(900, 1000), points: points(915, 916, 971, 972, 999, 1000), inc: 4.0 / 84, span: 2.0 / 28},
		{name: "ends of the old windows", active: 1000, known: read(900, 1000), points: points(917, 973, 1000), old: true, inc: 3.0 / 84, span: 2.0 / 28},
		{name: "just outside the old windows", active: 1000, known: read(900, 1001), points: points(916, 972, 1001), old: true, inc: 1.0 / 84, span: 0},
		{name: "zero points are none", active: 1000, known: read(916, 999), points: map[programme.Era]uint32{999: 0, 998: 5}, inc: 1.0 / 84, span: 1.0 / 28},
		{name: "an era that was not read", active: 1000, known: read(916, 998), points: points(999, 998), inc: 1.0 / 84, span: 1.0 / 28},
		{name: "young chain", active: 10, known: read(0, 9), points: points(0, 9), inc: 2.0 / 84, span: 2.0 / 28},
		{name: "nothing read", active: 1000, points: points(999), allMissing: true},
		{name: "only eras outside", active: 1000, known: read(800, 915), points: points(900), allMissing: true},
		{name: "gap", active: 1000, known: read(916, 999), points: points(999), gap: true, allMissing: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &programme.Inputs{Rules: programme.DefaultRules(programme.ProfileProgramme)}
			in.Rules.Switches.CompleteEras = !tt.old
			in.Snapshot.Eras.Active, in.Snapshot.PointEras = tt.active, tt.known
			if tt.gap {
				in.Snapshot.Gaps = map[programme.Part]string{programme.PartPoints: "gone"}
			}
			w := newEraWindow(in)
			inc, span := w.shares(tt.points)
			if IsMissing(inc) != tt.allMissing || (!tt.allMissing && (inc != tt.inc || span != tt.span)) {
				t.Errorf("inclusion %v, span %v; want %v, %v", inc, span, tt.inc, tt.span)
			}
		})
	}
	in := &programme.Inputs{Rules: programme.DefaultRules(programme.ProfileProgramme)}
	in.Rules.Limits.InclusionEras, in.Rules.Limits.SpanEras = math.MaxUint32, 0
	in.Snapshot.Eras.Active, in.Snapshot.PointEras = math.MaxUint32, read(5, 6)
	if w := newEraWindow(in); len(w.known) > maxWindow {
		t.Errorf("an absurd window takes %d bytes", len(w.known))
	}
}

func TestBacking(t *testing.T) {
	token := func(n uint64) programme.Planck { return programme.NewPlanck(n * 1_000_000_000_000) }
	in := &programme.Inputs{Rules: programme.DefaultRules(programme.ProfileProgramme)}
	in.Snapshot.Network.Decimals = 12
	in.Nominators = []programme.Nominator{{Address: "own-account"}, {Address: "own-two"}}
	in.Snapshot.Nominators = []programme.ChainNominator{{Address: "own-account", Stash: "own-stash"}, {Address: "own-two"}}
	in.Candidates = []programme.CandidateInput{{Candidate: programme.Candidate{Slot: 1, Stash: "a"}}, {Candidate: programme.Candidate{Slot: 2, Stash: "b"}},
		{Candidate: programme.Candidate{Slot: 3, Stash: "not-read"}}}
	in.Snapshot.Candidates = []programme.ChainCandidate{
		{Stash: "a", Exposure: &programme.Exposure{Others: []programme.Backing{{Who: "x", Value: token(4)}, {Who: "own-stash", Value: token(100)}}}},
		{Stash: "b"},
	}
	in.Snapshot.Backers = []programme.Backer{
		{Stash: "own-account", Active: token(16), Targets: []programme.Address{"b"}},
		{Stash: "own-stash", Active: token(900), Targets: []programme.Address{"a", "b"}},
		{Stash: "own-two", Active: token(900), Targets: []programme.Address{"a"}},
		{Stash: "x", Active: token(25), Targets: []programme.Address{"a", "b", "b", "elsewhere"}}, // in a's exposure, twice for b
		{Stash: "y", Active: token(9), Targets: []programme.Address{"a"}},
	}
	chain := map[programme.Address]*programme.ChainCandidate{}
	for i := range in.Snapshot.Candidates {
		chain[in.Snapshot.Candidates[i].Stash] = &in.Snapshot.Candidates[i]
	}
	check := func(name string, want ...float64) {
		t.Helper()
		got := backing(in, all(in), chain)
		for i := range want {
			if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
				t.Errorf("%s: candidate %d has %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	nan := math.NaN()
	check("by stash", 2+3, 4+5, nan)
	in.Rules.Switches.OwnByStash = false
	check("by account", 2+10+3, 30+5, nan)
	in.Snapshot.Gaps = map[programme.Part]string{programme.PartBackers: "gone"}
	check("nominators not read", nan, nan, nan)
	in.Snapshot.Gaps = map[programme.Part]string{programme.PartExposures: "gone"}
	check("exposures not read", nan, nan, nan)
}

// Addresses that collide in the table are still told apart.
func TestAccountsThatCollide(t *testing.T) {
	a := newAccounts(100)
	var names []programme.Address
	for i := range 300 { // more than announced, and all with the same end
		names = append(names, programme.Address(fmt.Sprintf("%d-the-same-end", i)), programme.Address(fmt.Sprint(i)))
	}
	for i, n := range names {
		if a.find(key(n), n) >= 0 {
			t.Fatalf("%s is there before it was added", n)
		}
		if got := a.add(key(n), n); got != int32(i) {
			t.Fatalf("%s has the number %d, want %d", n, got, i)
		}
	}
	for i, n := range names {
		if got := a.find(key(n), programme.Address(strings.Clone(string(n)))); got != int32(i) || a.add(key(n), n) != int32(i) {
			t.Errorf("%s has the number %d, want %d", n, got, i)
		}
	}
	for _, n := range []programme.Address{"x-the-same-end", ""} {
		if a.find(key(n), n) >= 0 {
			t.Errorf("found %q, which was never added", n)
		}
	}
	if a.size() != len(names) {
		t.Errorf("%d addresses, want %d", a.size(), len(names))
	}
}

// The sums are those of the plain definition, to the last bit.
func TestBackingFollowsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	in := round(r, 40)
	for range 120 { // accounts in several exposures, among them the programme's own
		who := in.Snapshot.Backers[r.IntN(len(in.Snapshot.Backers))].Stash
		if cc := &in.Snapshot.Candidates[r.IntN(40)]; cc.Exposure != nil {
			cc.Exposure.Others = append(cc.Exposure.Others, programme.Backing{Who: who, Value: programme.NewPlanck(r.Uint64N(1e15))})
		}
	}
	own := map[programme.Address]bool{}
	for i := range 5 {
		a := in.Snapshot.Backers[7*i].Stash
		own[a] = true
		in.Nominators = append(in.Nominators, programme.Nominator{Address: a})
	}
	chain := map[programme.Address]*programme.ChainCandidate{}
	for i := range in.Snapshot.Candidates {
		chain[in.Snapshot.Candidates[i].Stash] = &in.Snapshot.Candidates[i]
	}
	got := backing(in, all(in), chain)
	for i, c := range in.Candidates {
		var want float64
		active := map[programme.Address]bool{}
		if e := chain[c.Stash].Exposure; e != nil {
			for _, o := range e.Others {
				active[o.Who] = true
				if !own[o.Who] {
					want += Root(o.Value.Float64() / 1e12)
				}
			}
		}
		for _, b := range in.Snapshot.Backers {
			if slices.Contains(b.Targets, c.Stash) && !own[b.Stash] && !active[b.Stash] {
				want += Root(b.Active.Float64() / 1e12)
			}
		}
		if got[i] != want {
			t.Errorf("candidate %d has %v, want %v", i, got[i], want)
		}
	}
}

func TestSwitchesOfTheFigures(t *testing.T) {
	in := round(rand.New(rand.NewPCG(3, 3)), 1)
	c := &in.Candidates[0]
	c.History.NominatedEra = 700
	in.Snapshot.Candidates[0].Points = map[programme.Era]uint32{950: 1, 980: 3, 990: 0}
	c.Presence.Outages = []programme.Interval{{From: now - 30*programme.Day, To: now - 29*programme.Day}}
	figures := func() Figures { return gather(in, all(in))[0] }
	if f := figures(); f.Nominated != 700 || f.Offline != 0 {
		t.Errorf("nominated %v, offline %v", f.Nominated, f.Offline)
	}
	in.Rules.Switches.NominatedByProgramme, in.Rules.Switches.RollingOffline = false, false
	if f := figures(); f.Nominated != 980 || f.Offline != float64(programme.Day) {
		t.Errorf("by the old rules: nominated %v, offline %v", f.Nominated, f.Offline)
	}
	in.Sources[0].State = programme.SourceOff
	if f := figures(); !IsMissing(f.Discovered) || f.Client != "" {
		t.Errorf("telemetry is off, and yet %+v", f)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	in := round(rand.New(rand.NewPCG(4, 4)), 2)
	for _, u := range []float64{-0.1, 1, math.NaN(), math.Inf(1)} {
		if _, _, err := Evaluate(in, all(in), func(programme.Address) float64 { return u }); err == nil {
			t.Errorf("the draw %v is accepted", u)
		}
	}
	for _, w := range []float64{math.NaN(), math.Inf(1)} {
		in.Rules.Weights.Bonded = w
		if _, _, err := Evaluate(in, all(in), constant); err == nil || !strings.Contains(err.Error(), "bonded") {
			t.Errorf("the weight %v gives %v", w, err)
		}
	}
	in.Rules.Weights = programme.DefaultWeights()
	in.Rules.Weights.Inclusion, in.Rules.Weights.Client = math.MaxFloat64, math.MaxFloat64
	in.Rules.Weights.SpanInclusion = math.MaxFloat64
	if _, _, err := Evaluate(in, all(in), constant); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("an infinite score gives %v", err)
	}
}

func TestNobodyToScore(t *testing.T) {
	in := round(rand.New(rand.NewPCG(5, 5)), 2)
	scores, stats, err := Evaluate(in, nil, constant)
	if err != nil || len(scores) != 0 || len(stats) != factorCount-2 {
		t.Errorf("%v, %v, %v", scores, stats, err)
	}
	if slices.ContainsFunc(stats, func(s programme.Statistics) bool { return s.Count != 0 || s.Mean != 0 }) {
		t.Errorf("the ranges of nobody are %+v", stats)
	}
}

// No architecture may fuse a product with a sum: these values differ in the last bit if one does.
func TestProductsAreRoundedBeforeTheyAreAdded(t *testing.T) {
	list := []float64{0.1, 0.7000000000000001, 1.3, 2.9}
	var want float64
	mean := Mean(list)
	for _, v := range list {
		d := v - mean
		square := d * d
		want += math.Float64frombits(math.Float64bits(square)) // a fused product would not pass through here
	}
	if got := squares(list); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}
