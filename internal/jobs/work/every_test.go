package work_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// everything is all that jobs write, by the parts of the table in docs/jobs.md.
func (r *rig) everything() map[string]any {
	r.t.Helper()
	ctx := context.Background()
	n := r.m.Network()
	out := map[string]any{
		"era points": n.Totals, "era statistics": n.Statistics, "session keys": n.Keys, "stakes": n.Stakes, "location statistics": n.Locations,
		"nominators": n.Nominators, "chain": n.Chain, "alerts": r.m.Alerts(), "rounds": r.m.Rounds(),
		"release": r.monitor.asked, "looks at plans": r.nominator.looks, "plans": r.proposer.asked, "blocks": r.indexer.asked, "clean": r.m.Kept,
	}
	out["validator sets"], _ = r.m.ValidatorSets(ctx)
	out["ranks"], _ = r.m.Rankings(ctx)
	out["rank events"], _ = r.m.RankEvents(ctx)
	out["scores"], out["score statistics"] = r.m.Scores()
	type candidate struct {
		active       []bool
		verdicts     [][]memory.Verdict
		inclusion    []float64
		keys         [][]programme.SessionKey
		unclaimed    [][]programme.UnclaimedEra
		intentions   []programme.Intention
		bonds        []programme.Bond
		destinations []string
	}
	var c candidate
	for _, s := range r.standings() {
		c.active = append(c.active, s.Active)
		c.verdicts = append(c.verdicts, s.Verdicts)
		c.inclusion = append(c.inclusion, s.Inclusion, s.SpanInclusion)
		if s.Chain != nil {
			c.keys = append(c.keys, s.Chain.Keys)
			c.unclaimed = append(c.unclaimed, s.Chain.Unclaimed)
			c.intentions = append(c.intentions, s.Chain.Intention)
			c.bonds = append(c.bonds, s.Chain.Bond)
			c.destinations = append(c.destinations, s.Chain.Payee)
		}
	}
	out["candidates: active"], out["candidates: verdicts"], out["candidates: inclusion"], out["candidates: keys"] = c.active, c.verdicts, c.inclusion, c.keys
	out["candidates: unclaimed eras"], out["candidates: intention"], out["candidates: bonded"], out["candidates: payee"] = c.unclaimed, c.intentions, c.bonds, c.destinations
	return out
}

// otherwise changes everything that a look can notice.
func (r *rig) otherwise() {
	r.t.Helper()
	r.w.NextEra()
	r.w.State.ValidatorSet = []programme.Address{r.w.List[1].Stash}
	for slot := 1; slot <= len(r.w.List); slot++ {
		c := r.w.Candidate(slot)
		c.Unclaimed = []programme.UnclaimedEra{{Era: 1000, Pages: 1}}
		c.Keys = []programme.SessionKey{{Name: "beefy", Key: "0x01"}}
		c.Points = nil
		c.Intention.Commission -= 10_000_000
		c.Bond.Active = c.Bond.Active.Mul(2)
		c.Payee = "Stash"
		l := *r.w.Known[slot].Location
		l.Country = "PT"
		f := r.w.Known[slot]
		f.Location = &l
		r.w.Known[slot] = f
	}
	r.w.State.Nominators[0].SubmittedIn = 900
	r.Keep = memory.DefaultRetention()
	r.w.Next(time.Hour)
}

// Every job of the catalogue writes what docs/jobs.md says, and nothing else: each is run in a world that has changed in
// every respect since all of them had run.
func TestEveryJobWritesWhatTheTableSays(t *testing.T) {
	const absent = "absent"
	// What a look at a candidate shows is of one block, and written as a whole.
	look := []string{
		"candidates: active", "candidates: bonded", "candidates: inclusion", "candidates: intention", "candidates: keys", "candidates: payee",
		"candidates: unclaimed eras", "candidates: verdicts",
	}
	want := map[string][]string{
		jobs.ActiveValidator: {"candidates: active"},
		jobs.Monitor:         {"release"},
		jobs.ClearOffline:    {absent},
		jobs.Validity:        append(slices.Clone(look), "chain"),
		jobs.Score:           {"score statistics", "scores"},
		jobs.EraStats:        {"era statistics", "ranks", "validator sets"},
		jobs.EraPoints:       {"era points"},
		jobs.Inclusion:       {"candidates: inclusion"},
		jobs.SessionKey:      {"candidates: keys", "session keys"},
		jobs.UnclaimedEras:   {"candidates: unclaimed eras"},
		jobs.ValidatorPref:   {"candidates: bonded", "candidates: intention", "candidates: payee"},
		jobs.LocationStats:   {"location statistics"},
		jobs.NominatorStake:  {"stakes"},
		jobs.BlockData:       {"blocks"},
		jobs.Scorekeeper:     append(slices.Clone(look), "nominators", "plans", "rounds", "score statistics", "scores"),
		jobs.Execution:       {"looks at plans"},
		jobs.Cancel:          {"looks at plans"},
		jobs.Stale:           {"alerts"},
		jobs.CleanUp:         {"clean"},
	}
	for _, j := range jobs.Catalogue() {
		t.Run(j.Name, func(t *testing.T) {
			r := newRig(t, 6, 2)
			if r.bodies[j.Name] == nil {
				if !slices.Equal(want[j.Name], []string{absent}) {
					t.Error("it has no body")
				}
				return
			}
			for _, other := range jobs.Catalogue() {
				if r.bodies[other.Name] != nil && other.Name != jobs.CleanUp {
					r.do(other.Name)
				}
			}
			r.otherwise()
			before := r.everything()
			r.do(j.Name)
			var changed []string
			for part, now := range r.everything() {
				if !reflect.DeepEqual(before[part], now) {
					changed = append(changed, part)
				}
			}
			slices.Sort(changed)
			if diff := cmp.Diff(want[j.Name], changed); diff != "" {
				t.Errorf("it wrote other things than the table says: %s", diff)
			}
		})
	}
}
