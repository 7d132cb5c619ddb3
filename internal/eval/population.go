package eval

import (
	"math"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
)

// population is a stored population as the old backend kept it.
type population struct {
	id         string
	now        float64
	session    node
	rules      programme.Rules
	members    []member
	earlier    []storedRanges
	hasEarlier bool
}

// member is a stored candidate with its figures.
type member struct {
	slot    float64
	stash   string
	valid   bool
	figures scoring.Figures
	// spoilt says that an amount of a nominator is missing, which makes the ranges not a number.
	spoilt bool
}

// readPopulation reads one population. The figures are those the scoring works on.
func readPopulation(n node, profile programme.Profile) population {
	n.object("id", "description", "seed", "clockMs", "session", "era", "config", "candidates", "locations",
		"nominatorStakes", "ownNominators", "earlierMetadata", "metadata", "runs")
	p := population{
		id: n.get("id").text(), now: n.get("clockMs").needed().number(), session: n.get("session"),
		rules: programme.DefaultRules(profile),
	}
	p.rules.Limits.BannedProviders = n.get("config").get("telemetry").get("blacklistedProviders").texts()
	locations := newestLocations(n.get("locations"))
	own := map[string]bool{}
	for _, o := range n.get("ownNominators").items() {
		o.object("address", "stash", "bonded")
		key := "address"
		if p.rules.Switches.OwnByStash {
			key = "stash"
		}
		own[o.get(key).text()] = true
	}
	stakes := newestStakes(n.get("nominatorStakes"))
	for _, c := range n.get("candidates").items() {
		c.object("slotId", "name", "stash", "valid", "bonded", "faults", "inclusion", "spanInclusion", "discoveredAt",
			"nominatedAt", "offlineAccumulated", "rank", "unclaimedEras", "implementation")
		m := member{slot: c.get("slotId").needed().number(), stash: c.get("stash").text(), valid: c.get("valid").boolean()}
		m.figures = scoring.Figures{
			Inclusion: c.get("inclusion").number(), SpanInclusion: c.get("spanInclusion").number(),
			Faults: c.get("faults").number(), Rank: c.get("rank").number(),
			Discovered: c.get("discoveredAt").number(), Nominated: c.get("nominatedAt").number(),
			Bonded: c.get("bonded").number(), Offline: c.get("offlineAccumulated").number(),
			Unclaimed: len(c.get("unclaimedEras").items()), Client: c.get("implementation").text(),
		}
		m.figures.SetPlaces(&p.rules, locations[m.slot])
		m.figures.NominatorStake, m.spoilt = backing(stakes[m.stash], own, profile)
		p.members = append(p.members, m)
	}
	p.hasEarlier = n.get("earlierMetadata").present()
	for _, e := range n.get("earlierMetadata").items() {
		p.earlier = append(p.earlier, readRanges(e))
	}
	return p
}

// newestLocations picks the newest place record of each slot.
func newestLocations(list node) map[float64]*programme.Location {
	out := map[float64]*programme.Location{}
	newest := map[float64]float64{}
	for _, l := range list.items() {
		l.object("slotId", "city", "region", "country", "provider", "updated")
		slot, updated := l.get("slotId").needed().number(), l.get("updated").number()
		if before, ok := newest[slot]; ok && before >= updated {
			continue
		}
		newest[slot] = updated
		out[slot] = location(l)
	}
	return out
}

func location(l node) *programme.Location {
	return &programme.Location{
		City: l.get("city").text(), Region: l.get("region").text(),
		Country: l.get("country").text(), Provider: l.get("provider").text(),
	}
}

// newestStakes picks the record of the highest era of each validator.
func newestStakes(list node) map[string]node {
	out := map[string]node{}
	newest := map[string]float64{}
	for _, s := range list.items() {
		s.object("validator", "era", "activeNominators", "inactiveNominators")
		validator, era := s.get("validator").needed().text(), s.get("era").number()
		if before, ok := newest[validator]; ok && before >= era {
			continue
		}
		newest[validator], out[validator] = era, s
	}
	return out
}

// backing adds up the roots of the nominators' stakes, active ones first. Without a record, or when it lacks one of
// its lists, it is missing. An entry without an amount spoils the sum; by the programme's rules it is left out.
func backing(record node, own map[string]bool, profile programme.Profile) (total float64, spoilt bool) {
	if !record.present() || !record.get("activeNominators").given() || !record.get("inactiveNominators").given() {
		return scoring.Missing(), false
	}
	for _, list := range []string{"activeNominators", "inactiveNominators"} {
		for _, e := range record.get(list).items() {
			e.object("address", "bonded")
			if own[e.get("address").text()] {
				continue
			}
			root := scoring.Root(e.get("bonded").number())
			if math.IsNaN(root) && profile == programme.ProfileProgramme {
				continue
			}
			total += root
		}
	}
	return total, math.IsNaN(total)
}

// storedRanges are ranges as the old backend kept them.
type storedRanges struct {
	session, updated float64
	ranges           *scoring.Ranges
}

// rangeNames are the names of the stored ranges by factor.
var rangeNames = []struct {
	factor programme.Factor
	name   string
	place  bool
}{
	{programme.FactorBonded, "bonded", false},
	{programme.FactorFaults, "faults", false},
	{programme.FactorInclusion, "inclusion", false},
	{programme.FactorSpanInclusion, "spanInclusion", false},
	{programme.FactorDiscovered, "discoveredAt", false},
	{programme.FactorNominated, "nominatedAt", false},
	{programme.FactorOffline, "offline", false},
	{programme.FactorRank, "rank", false},
	{programme.FactorLocation, "location", true},
	{programme.FactorRegion, "region", true},
	{programme.FactorCountry, "country", true},
	{programme.FactorProvider, "provider", true},
	{programme.FactorNominatorStake, "nominatorStake", false},
}

// readRanges reads ranges that were stored before.
func readRanges(n node) storedRanges {
	n.object("session", "updated", "stats", "weights")
	values := map[programme.Factor][]float64{}
	places := map[programme.Factor][]programme.Place{}
	for _, f := range rangeNames {
		stats := n.get("stats").get(f.name + "Stats")
		for _, v := range stats.get("values").items() {
			if !f.place {
				values[f.factor] = append(values[f.factor], v.needed().number())
				continue
			}
			v.object("name", "numberOfNodes")
			places[f.factor] = append(places[f.factor], programme.Place{
				Name: v.get("name").text(), Nodes: int(v.get("numberOfNodes").whole(0, math.MaxInt32)),
			})
		}
	}
	return storedRanges{
		session: n.get("session").needed().number(), updated: n.get("updated").needed().number(),
		ranges: scoring.RestoreRanges(values, places),
	}
}

// tree writes ranges in the form in which they are stored.
func (s storedRanges) tree() tree {
	stats := tree{}
	for _, st := range s.ranges.Statistics(&programme.Weights{}) {
		for _, f := range rangeNames {
			if f.factor != st.Factor {
				continue
			}
			t := summary(st)
			t["values"] = nums(s.ranges.Values(f.factor))
			if f.place {
				list := make([]any, len(st.Places))
				for i, p := range st.Places {
					list[i] = tree{"name": p.Name, "numberOfNodes": float64(p.Nodes)}
				}
				t["values"] = list
			}
			stats[f.name+"Stats"] = t
		}
	}
	return tree{"session": num(s.session), "updated": num(s.updated), "stats": stats}
}

// weightKey is a key of the weight section with the weight it sets.
type weightKey struct {
	name  string
	value *float64
}

func weightKeys(w *programme.Weights) []weightKey {
	return []weightKey{
		{"inclusion", &w.Inclusion}, {"spanInclusion", &w.SpanInclusion}, {"discovered", &w.Discovered},
		{"nominated", &w.Nominated}, {"rank", &w.Rank}, {"unclaimed", &w.Unclaimed}, {"bonded", &w.Bonded},
		{"faults", &w.Faults}, {"offline", &w.Offline}, {"location", &w.Location}, {"region", &w.Region},
		{"country", &w.Country}, {"provider", &w.Provider}, {"nominations", &w.NominatorStake}, {"client", &w.Client},
	}
}

// defaultRPC is the default of a weight that no factor uses.
const defaultRPC = 100

// readWeights takes the weights over from a configuration. By the old rule 0 means the default; by the programme's it
// switches a factor off.
func readWeights(n node, zero bool) (programme.Weights, tree) {
	w := programme.DefaultWeights()
	effective := tree{}
	for _, k := range weightKeys(&w) {
		*k.value = weight(n.get(k.name), *k.value, zero)
		effective[k.name] = num(*k.value)
	}
	effective["rpc"] = num(weight(n.get("rpc"), defaultRPC, zero))
	return w, effective
}

func weight(n node, def float64, zero bool) float64 {
	blank := n.given() && n.v.Kind == jsontree.String && strings.TrimSpace(n.v.Text) == ""
	if zero && n.given() && !blank && loose(n) == 0 {
		return 0
	}
	return orDefault(n, def)
}

// storedWeights are the weights the old backend kept with the ranges; it lost those of faults, client and unclaimed
// eras.
func storedWeights(w *programme.Weights) tree {
	return tree{
		"bondedWeight": num(w.Bonded), "inclusionWeight": num(w.Inclusion), "spanInclusionWeight": num(w.SpanInclusion),
		"discoveredAtWeight": num(w.Discovered), "nominatedAtWeight": num(w.Nominated), "offlineWeight": num(w.Offline),
		"rankWeight": num(w.Rank), "locationWeight": num(w.Location), "regionWeight": num(w.Region),
		"countryWeight": num(w.Country), "providerWeight": num(w.Provider), "nominatorStakeWeight": num(w.NominatorStake),
	}
}
