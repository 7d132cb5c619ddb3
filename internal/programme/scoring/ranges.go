package scoring

import (
	"math"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Names under which nodes without a place are counted. These groups take part in the group sizes.
const (
	NoLocation = "No Location"
	NoProvider = "No Provider"
)

// missingShare is the part of a place factor's weight that a candidate without the place gets.
const missingShare = 0.25

// randomShare is the width of the random multiplier.
const randomShare = 0.15

// Figures are one candidate's own numbers. A missing number is not-a-number (see [Missing]); a missing place is
// empty.
type Figures struct {
	Inclusion, SpanInclusion float64 // share of eras
	Faults, Rank             float64
	Discovered               float64 // ms, 0 = never
	Nominated                float64 // era, 0 = never
	Bonded                   float64 // planck
	Offline                  float64 // ms
	// NominatorStake is the sum of square roots of backing in tokens. A candidate for whom it is missing does not
	// take part in its range.
	NominatorStake float64
	Unclaimed      int // eras
	City, Region, Country,
	Provider string
	Banned bool   // the provider is banned
	Client string // name of the client software
}

// Missing stands for a number that is not known.
func Missing() float64 { return math.NaN() }

// IsMissing reports whether a number is not known.
func IsMissing(f float64) bool { return math.IsNaN(f) }

// numbers are the numeric figures in the order of the factors; positions of other factors stay zero.
func (f *Figures) numbers() [factorCount]float64 {
	return [factorCount]float64{
		iInclusion: f.Inclusion, iSpanInclusion: f.SpanInclusion, iFaults: f.Faults, iDiscovered: f.Discovered,
		iNominated: f.Nominated, iRank: f.Rank, iBonded: f.Bonded, iOffline: f.Offline, iNominatorStake: f.NominatorStake,
	}
}

// places are the names of the four places in the order of their factors.
func (f *Figures) places() [4]string { return [4]string{f.City, f.Region, f.Country, f.Provider} }

// SetPlaces takes the places over from a location; nil means that there is none. It also decides whether the
// provider is banned. By the old rule a missing provider goes by the name "No Provider" there, which an operator
// may have banned.
func (f *Figures) SetPlaces(r *programme.Rules, loc *programme.Location) {
	if loc == nil {
		loc = &programme.Location{}
	}
	known := func(name string) string {
		if r.PlaceKnown(name) {
			return name
		}
		return ""
	}
	f.City, f.Region, f.Country, f.Provider = known(loc.City), known(loc.Region), known(loc.Country), known(loc.Provider)
	provider := f.Provider
	if provider == "" && !r.Switches.ProviderFolded {
		provider = NoProvider
	}
	f.Banned = r.ProviderBanned(provider, loc.ASN)
}

// Ranges are the measured population: what the figures of a candidate are compared with.
type Ranges struct {
	values [factorCount][]float64 // ascending; for places the group sizes
	bounds [factorCount][2]float64
	groups [4]groups
}

// groups counts nodes per place in order of first appearance.
type groups struct {
	list  []programme.Place
	index map[string]int
}

func (g *groups) add(name string) {
	i, ok := g.index[name]
	if !ok {
		i = len(g.list)
		g.index[name] = i
		g.list = append(g.list, programme.Place{Name: name})
	}
	g.list[i].Nodes++
}

// size is the number of nodes at a place; ok is false for a place nobody measured.
func (g *groups) size(name string) (int, bool) {
	i, ok := g.index[name]
	if !ok {
		return 0, false
	}
	return g.list[i].Nodes, true
}

// Measure computes the ranges of a population. The order of the members only decides the order in which places are
// listed. A missing number counts as 0.
func Measure(members []Figures) *Ranges {
	r := &Ranges{}
	flat := make([]float64, 0, len(members)*factorCount)
	for i := range factors {
		if isNumeric(i) {
			n := len(flat)
			flat = flat[:n+len(members)]
			r.values[i] = flat[n:n:len(flat)]
		}
	}
	for k := range r.groups {
		r.groups[k].index = make(map[string]int, min(len(members), 64))
	}
	for m := range members {
		numbers := members[m].numbers()
		for i, v := range numbers {
			switch {
			case !isNumeric(i), i == iNominatorStake && IsMissing(v):
				continue
			case IsMissing(v):
				v = 0
			}
			r.values[i] = append(r.values[i], v)
		}
		for k, name := range members[m].places() {
			if name == "" {
				name = placeholder(k)
			}
			r.groups[k].add(name)
		}
	}
	r.finish()
	return r
}

func placeholder(k int) string {
	if iLocation+k == iProvider {
		return NoProvider
	}
	return NoLocation
}

// RestoreRanges rebuilds ranges from stored lists: the values of the numeric factors and the groups of the place
// factors. What is left out is empty.
func RestoreRanges(values map[programme.Factor][]float64, places map[programme.Factor][]programme.Place) *Ranges {
	r := &Ranges{}
	for i := range factors {
		if isNumeric(i) {
			r.values[i] = slices.Clone(values[factors[i].Factor])
		}
	}
	for k := range r.groups {
		g := &r.groups[k]
		g.list = slices.Clone(places[factors[iLocation+k].Factor])
		g.index = make(map[string]int, len(g.list))
		for i, p := range g.list {
			if _, ok := g.index[p.Name]; !ok {
				g.index[p.Name] = i
			}
		}
	}
	r.finish()
	return r
}

// finish sorts each list once and looks up the quantiles between which its factor is scaled.
func (r *Ranges) finish() {
	for k := range r.groups {
		sizes := make([]float64, len(r.groups[k].list))
		for i, p := range r.groups[k].list {
			sizes[i] = float64(p.Nodes)
		}
		r.values[iLocation+k] = sizes
	}
	for i := range factors {
		if len(r.values[i]) == 0 {
			continue
		}
		slices.Sort(r.values[i])
		r.bounds[i] = [2]float64{Quantile(r.values[i], factors[i].Low), Quantile(r.values[i], factors[i].High)}
	}
}

// Values are the measured values of a factor in ascending order; for a place factor the sizes of the groups.
func (r *Ranges) Values(f programme.Factor) []float64 {
	for i := range factors {
		if factors[i].Factor == f {
			return r.values[i]
		}
	}
	return nil
}

// Statistics are the ranges of the factors that have any, in the order of the factors.
func (r *Ranges) Statistics(w *programme.Weights) []programme.Statistics {
	ws := weights(w)
	out := make([]programme.Statistics, 0, factorCount-2)
	for i := range factors {
		if i == iUnclaimed || i == iClient {
			continue
		}
		s := Summarise(r.values[i])
		s.Factor, s.Weight = factors[i].Factor, ws[i]
		s.Low, s.High = r.bounds[i][0], r.bounds[i][1]
		if isPlace(i) {
			s.Places = slices.Clone(r.groups[i-iLocation].list)
		}
		out = append(out, s)
	}
	return out
}

// scaled is the place of v within the range of the factor at position i, 0 when v is missing.
func (r *Ranges) scaled(i int, v float64) float64 {
	if len(r.values[i]) == 0 || IsMissing(v) {
		return 0
	}
	return between(v, r.bounds[i][0], r.bounds[i][1])
}
