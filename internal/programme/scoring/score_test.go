package scoring

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

// people are three candidates at the lower end, in the middle and at the upper end of every range.
func people() []Figures {
	base := func(k float64) Figures {
		return Figures{Inclusion: k / 2, SpanInclusion: k / 2, Faults: k, Rank: 100 * k, Discovered: 1000 * (k + 1), Nominated: 10 * k,
			Bonded: 1e12 * k, Offline: 60_000 * k, NominatorStake: 50 * k, Client: "Parity Polkadot",
			City: "Oslo", Region: "Oslo", Country: "NO", Provider: "Granite"}
	}
	out := []Figures{base(0), base(1), base(2)}
	out[0].City, out[0].Client = "Bergen", "Other"
	out[2].Unclaimed = 3
	return out
}

func score(members []Figures, i int, draw float64) programme.Score {
	w := programme.DefaultWeights()
	return Measure(members).Score("Parity Polkadot", &w, &members[i], draw)
}

func part(s programme.Score, f programme.Factor) programme.Contribution {
	for _, p := range s.Parts {
		if p.Factor == f {
			return p
		}
	}
	return programme.Contribution{}
}

func TestScoreOfTheEnds(t *testing.T) {
	low, high := score(people(), 0, 0), score(people(), 2, 0.5)
	wantLow := map[programme.Factor]float64{"inclusion": 220, "spanInclusion": 220, "faults": 5, "discovered": 5, "nominated": 80, "rank": 0,
		"unclaimed": 0, "bonded": 0, "location": 40, "region": 10, "country": 10, "provider": 100, "offline": 2, "nominatorStake": 0, "client": 200}
	wantHigh := map[programme.Factor]float64{"inclusion": 0, "spanInclusion": 0, "faults": 0, "discovered": 0, "nominated": 0, "rank": 5,
		"unclaimed": -30, "bonded": 50, "location": 0, "region": 10, "country": 10, "provider": 100, "offline": 0, "nominatorStake": 100, "client": 0}
	for name, tt := range map[string]struct {
		got  programme.Score
		want map[programme.Factor]float64
		sum  float64
		rand float64
	}{"low": {low, wantLow, 892, 1}, "high": {high, wantHigh, 245, 1.075}} {
		got := map[programme.Factor]float64{}
		for _, p := range tt.got.Parts {
			got[p.Factor] = p.Points
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if tt.got.Aggregate != tt.sum || tt.got.Randomness != tt.rand || !near(tt.got.Total, tt.sum*tt.rand) {
			t.Errorf("%s: %v x %v = %v", name, tt.got.Aggregate, tt.got.Randomness, tt.got.Total)
		}
	}
}

func TestMissingNumbers(t *testing.T) {
	members := people()
	members[1] = Figures{Inclusion: Missing(), SpanInclusion: Missing(), Faults: Missing(), Rank: Missing(), Discovered: Missing(),
		Nominated: Missing(), Bonded: Missing(), Offline: Missing(), NominatorStake: Missing()}
	s := score(members, 1, 0)
	for f, want := range map[programme.Factor]float64{"inclusion": 220, "spanInclusion": 220, "faults": 5, "discovered": 5, "nominated": 80,
		"rank": 0, "bonded": 0, "offline": 2, "nominatorStake": 0, "location": 10, "region": 2.5, "country": 2.5, "provider": 25, "client": 0} {
		p := part(s, f)
		if p.Points != want || p.Value != 0 || p.Note == "" {
			t.Errorf("%s: %+v, want %v points and a note", f, p, want)
		}
	}
	stats := map[programme.Factor]programme.Statistics{}
	w := programme.DefaultWeights()
	for _, st := range Measure(members).Statistics(&w) {
		stats[st.Factor] = st
	}
	if got := stats["rank"].Count; got != 3 {
		t.Errorf("a missing rank counts as 0 in the range, which has %d values", got)
	}
	if got := stats["nominatorStake"].Count; got != 2 {
		t.Errorf("a missing backing is left out of the range, which has %d values", got)
	}
}

func TestPlaces(t *testing.T) {
	rules, old := programme.DefaultRules(programme.ProfileProgramme), programme.DefaultRules(programme.ProfileReference)
	for _, r := range []*programme.Rules{&rules, &old} {
		r.Limits.BannedProviders = []string{"Banned Inc.", NoProvider}
	}
	tests := []struct {
		name     string
		location *programme.Location
		rules    *programme.Rules
		note     string
		points   float64 // of the provider
	}{
		{"banned", &programme.Location{City: "Oslo", Provider: "Banned Inc."}, &rules, noteBanned, 0},
		{"banned in other letters", &programme.Location{City: "Oslo", Provider: "banned inc. "}, &rules, noteBanned, 0},
		{"other letters by the old rule", &programme.Location{City: "Oslo", Provider: "banned inc. "}, &old, noteNewPlace, 100},
		{"none known", nil, &rules, noteNoPlace, 25},
		{"none known, placeholder banned by the old rule", nil, &old, noteBanned, 0},
		{"nobody else there", &programme.Location{City: "Faroe", Provider: "New"}, &rules, noteNewPlace, 100},
		{"failed lookup", &programme.Location{City: "None", Provider: "None"}, &rules, noteNoPlace, 25},
		{"failed lookup by the old rule", &programme.Location{City: "None", Provider: "None"}, &old, noteNewPlace, 100},
		{"placeholder text", &programme.Location{City: NoLocation, Provider: NoLocation}, &rules, noteNoPlace, 25},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f Figures
			f.SetPlaces(tt.rules, tt.location)
			w := programme.DefaultWeights()
			p := part(Measure(people()).Score("Parity Polkadot", &w, &f, 0), programme.FactorProvider)
			if p.Note != tt.note || p.Points != tt.points {
				t.Errorf("%+v, want %v points, %q", p, tt.points, tt.note)
			}
		})
	}
}

func TestFactorsAreDescribed(t *testing.T) {
	var names []programme.Factor
	for _, f := range Factors() {
		names = append(names, f.Factor)
		if f.WeightKey == "" || f.Direction == "" || f.Meaning == "" || f.Low > f.High {
			t.Errorf("%+v", f)
		}
	}
	want := []programme.Factor{"inclusion", "spanInclusion", "faults", "discovered", "nominated", "rank", "unclaimed", "bonded", "location",
		"region", "country", "provider", "offline", "nominatorStake", "client"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	Factors()[0].Factor = "changed"
	if Factors()[0].Factor == "changed" {
		t.Error("the list can be changed from outside")
	}
	// The weights are in the same order.
	w := programme.Weights{Inclusion: 1, SpanInclusion: 2, Faults: 3, Discovered: 4, Nominated: 5, Rank: 6, Unclaimed: 7, Bonded: 8,
		Location: 9, Region: 10, Country: 11, Provider: 12, Offline: 13, NominatorStake: 14, Client: 15}
	for i, v := range weights(&w) {
		if v != float64(i+1) {
			t.Errorf("the weight of %s is %v", factors[i].Factor, v)
		}
	}
}

func TestRestoredRangesScoreAlike(t *testing.T) {
	members := people()
	fresh := Measure(members)
	values := map[programme.Factor][]float64{}
	places := map[programme.Factor][]programme.Place{}
	w := programme.DefaultWeights()
	for _, s := range fresh.Statistics(&w) {
		if s.Places != nil {
			places[s.Factor] = s.Places
		} else {
			values[s.Factor] = fresh.Values(s.Factor)
		}
	}
	restored := RestoreRanges(values, places)
	for i := range members {
		a, b := fresh.Score("x", &w, &members[i], 0.25), restored.Score("x", &w, &members[i], 0.25)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
	}
	if fresh.Values("nothing") != nil {
		t.Error("an unknown factor has values")
	}
}
