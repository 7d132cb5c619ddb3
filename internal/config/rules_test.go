package config

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thousand-validators/otv/internal/programme"
)

// planck compares amounts by their value.
var planck = cmpopts.EquateComparable(programme.Planck{})

func rulesOf(t *testing.T, c *Config, p programme.Profile) programme.Rules {
	t.Helper()
	r, err := c.Rules(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRulesByDefault: without any setting the limits are the network's in the programme profile, and the built-in ones
// of the old backend in the reference profile.
func TestRulesByDefault(t *testing.T) {
	polkadot := `{"global": {"network": "polkadot", "candidatesUrl": "x"}}`
	c := mustLoad(t, polkadot, "", Options{})
	want := programme.DefaultRules(programme.ProfileProgramme)
	l := &want.Limits
	l.MaxCommission, l.MinSelfStake, l.UnclaimedEras = 50_000_000, programme.NewPlanck(50_000_000_000_000), 1
	l.EraBuffer, l.MaxTargets, l.RemoteRank, l.MinNominatorBond = 1, 16, 100, programme.NewPlanck(500_000_000_000)
	if d := cmp.Diff(want, rulesOf(t, c, ""), planck); d != "" {
		t.Error(d)
	}
	want = programme.DefaultRules(programme.ProfileReference)
	l = &want.Limits
	l.EraBuffer, l.MaxTargets, l.RemoteRank, l.MinNominatorBond = 1, 16, 100, programme.NewPlanck(500_000_000_000)
	if l.MaxCommission != 150_000_000 || l.MinSelfStake != programme.NewPlanck(10_000_000_000_000_000_000) {
		t.Fatal("the reference defaults changed")
	}
	if d := cmp.Diff(want, rulesOf(t, c, programme.ProfileReference), planck); d != "" {
		t.Error(d)
	}
	explicit := mustLoad(t, minimal(`"rules": {"profile": "programme"}`), "", Options{})
	if r := rulesOf(t, explicit, programme.ProfileReference); r.Profile != programme.ProfileReference || r.Switches.SeededDraw {
		t.Errorf("an override of a profile in the file: %+v", r)
	}
	if _, err := c.Rules("best"); err == nil || err.Error() != `profile "best" is not one of programme, reference` {
		t.Error(err)
	}
}

// TestZero: 0 means 0, or the default by the old rule, depending on the profile or on the single switch.
func TestZero(t *testing.T) {
	sections := `"constraints": {"minSelfStake": 0, "commission": 0, "unclaimedEraThreshold": 0}, "score": {"inclusion": "0", "client": 0, "useRank": false, "rank": 7}`
	zero := func(r programme.Rules) []float64 {
		return []float64{r.Limits.MinSelfStake.Float64(), float64(r.Limits.MaxCommission), float64(r.Limits.UnclaimedEras), r.Weights.Inclusion, r.Weights.Client, r.Weights.Rank}
	}
	c := mustLoad(t, minimal(sections), "", Options{})
	means0, meansDefault := []float64{0, 0, 0, 0, 0, 0}, []float64{1e19, 150_000_000, 4, 220, 200, 7}
	if d := cmp.Diff(means0, zero(rulesOf(t, c, ""))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(meansDefault, zero(rulesOf(t, c, programme.ProfileReference))); d != "" {
		t.Error(d)
	}
	reference := `"rules": {"profile": "reference"}, ` + sections
	c = mustLoad(t, minimal(reference), "", Options{})
	if d := cmp.Diff(meansDefault, zero(rulesOf(t, c, ""))); d != "" {
		t.Error(d)
	}
	i := slices.IndexFunc(c.Effective(), func(v Value) bool { return v.Key == "score.inclusion" })
	if v := c.Effective()[i]; v.Text() != "220" || v.Origin.String() != "default (0 in main.json:2 means the default)" {
		t.Errorf("%s from %s", v.Text(), v.Origin)
	}
	if d := cmp.Diff(means0, zero(rulesOf(t, c, programme.ProfileProgramme))); d != "" {
		t.Error(d)
	}
	single := mustLoad(t, minimal(`"rules": {"profile": "reference", "switches": {"zeroWeight": true}}, `+sections), "", Options{})
	if r := rulesOf(t, single, ""); r.Weights.Inclusion != 0 || r.Weights.Rank != 0 || r.Profile != programme.ProfileReference {
		t.Errorf("the single switch: %+v", r.Weights)
	}
}

// TestSwitches: each switch of the rules has a key, and the key sets it.
func TestSwitches(t *testing.T) {
	fields := switchFields(&programme.Switches{})
	if len(fields) < 17 {
		t.Fatalf("%d switches", len(fields))
	}
	for name := range fields {
		c := mustLoad(t, minimal(`"rules": {"switches": {"`+name+`": false}}`), "", Options{})
		r, d := rulesOf(t, c, ""), programme.DefaultRules(programme.ProfileProgramme)
		for other, v := range switchFields(&r.Switches) {
			if *v != (other != name) || !*switchFields(&d.Switches)[other] {
				t.Errorf("%s off: %s is %v", name, other, *v)
			}
		}
	}
}

// TestEveryLimitHasAKey: setting all keys changes every part of the rules, so that none was forgotten in the schema.
func TestEveryLimitHasAKey(t *testing.T) {
	set := []string{
		"constraints.minSelfStake=1", "constraints.commission=1 %", "constraints.unclaimedEraThreshold=9", "constraints.skipConnectionTime=true",
		"constraints.connectionTime=1h", "constraints.skipIdentity=true", "constraints.skipUnclaimed=true", "constraints.skipBeefy=true",
		"constraints.clientUpgrade.skip=true", "constraints.clientUpgrade.grace=1h", "constraints.clientUpgrade.exemptClients=x",
		"constraints.clientUpgrade.mainClient=y", "constraints.onlineLimit=1h", "constraints.disconnectionGrace=1s", "constraints.offlineWindow=2h",
		"constraints.offlineAllowed=1h", "constraints.kusamaRank.threshold=1", "constraints.kusamaRank.requireStash=true", "constraints.holdUnknown=1h",
		"constraints.holdRemote=1h", "constraints.sanctionedGeoArea.skip=true", "constraints.sanctionedGeoArea.sanctionedCountries=XY",
		"constraints.sanctionedGeoArea.sanctionedRegions=z", "scorekeeper.eraBuffer=7", "scorekeeper.maxTargets=3", "scorekeeper.minNominatorBond=2 KSM",
		"telemetry.blacklistedProviders=a", "telemetry.blacklistedAsns=1,2", "score.inclusionEras=30", "score.spanEras=20",
		"rules.brakes.maxFlips=1", "rules.brakes.minFlips=2", "rules.brakes.maxUnknown=3", "rules.brakes.minEligible=4",
	}
	for _, f := range factors {
		set = append(set, "score."+f.name+"=12345")
	}
	c := mustLoad(t, minimal(""), "", Options{Set: set})
	before, after := flat(rulesOf(t, mustLoad(t, minimal(""), "", Options{}), "")), flat(rulesOf(t, c, ""))
	for k, v := range after {
		if before[k] == v {
			t.Errorf("no key changes %s", k)
		}
	}
}

// flat lists limits, weights and brakes by name.
func flat(r programme.Rules) map[string]string {
	m := map[string]string{}
	for _, part := range []any{r.Limits, r.Weights, r.Brakes} {
		v := reflect.ValueOf(part)
		for i := range v.NumField() {
			m[v.Type().Name()+"."+v.Type().Field(i).Name] = fmt.Sprint(v.Field(i).Interface())
		}
	}
	return m
}

// TestRulesAreCopies: what a caller does to the rules does not reach the configuration.
func TestRulesAreCopies(t *testing.T) {
	c := mustLoad(t, minimal(`"telemetry": {"blacklistedProviders": ["a"]}`), "", Options{})
	rulesOf(t, c, "").Limits.BannedProviders[0] = "changed"
	if rulesOf(t, c, "").Limits.BannedProviders[0] != "a" {
		t.Error("the rules share a list with the configuration")
	}
}

func TestForcedRelease(t *testing.T) {
	if r := mustLoad(t, minimal(""), "", Options{}).ForcedRelease(); r != nil {
		t.Error(r)
	}
	c := mustLoad(t, minimal(`"constraints": {"clientUpgrade": {"forcedVersion": "1.15.2", "forcedSince": "2025-11-05"}}`), "", Options{})
	want := &programme.Release{Name: "v1.15.2", PublishedAt: 1_762_300_800_000, Forced: true}
	if d := cmp.Diff(want, c.ForcedRelease()); d != "" {
		t.Error(d)
	}
}

func TestSchedule(t *testing.T) {
	c := mustLoad(t, minimal(`"cron": {"validity": "0 0 * * * *", "blockEnabled": false}`), "", Options{})
	if s, ok := c.Schedule("validity"); !ok || s.Cron != "0 0 * * * *" || !s.Enabled {
		t.Error(s, ok)
	}
	if s, ok := c.Schedule("block"); !ok || s.Enabled {
		t.Error(s, ok)
	}
	if _, ok := c.Schedule("democracy"); ok {
		t.Error("a job that does not exist")
	}
}
