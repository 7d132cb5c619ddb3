package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/logging"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// finish reads all settings, lays them over the defaults, and checks the whole.
func (l *loader) finish() (*Config, error) {
	first := map[string]bool{}
	for _, k := range networkKeys() {
		first[k.Path] = true
	}
	for i := range l.settings {
		if first[l.settings[i].key.Path] {
			l.read(&l.settings[i], Network{})
		}
	}
	network, known := l.network()
	for i := range l.settings {
		if !first[l.settings[i].key.Path] {
			l.read(&l.settings[i], network)
		}
	}
	profile := programme.ProfileProgramme
	if s, ok := l.winner("rules.profile"); ok {
		profile, _ = s.value.(programme.Profile)
	}
	c := &Config{Dir: l.dir, Network: network, values: map[string]setting{}}
	for _, s := range l.settings {
		if old, ok := c.values[s.key.Path]; s.ok && (!ok || s.origin.Layer.rank() >= old.origin.Layer.rank()) {
			c.values[s.key.Path] = s
		}
	}
	c = c.under(profile)
	if known {
		l.check(c)
	}
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Line, b.Line))
	})
	if slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Severity == Error }) {
		return nil, &InvalidError{Dir: l.dir, Problems: l.problems}
	}
	c.Warnings = l.problems
	return c, nil
}

// order puts the problems of the files before those of the environment, the command line and the whole.
func order(p Problem) int {
	switch {
	case p.Place == MainFile:
		return 0
	case p.Place == SecretFile:
		return 1
	case strings.HasPrefix(p.Place, variablePrefix):
		return 2
	case p.Place != "":
		return 3
	}
	return 4
}

// read reads one setting and files the problems.
func (l *loader) read(s *setting, n Network) {
	sc := scope{network: n}
	s.value = s.key.read(&sc, s.in)
	s.ok = true
	for _, p := range sc.problems {
		s.ok = s.ok && p.Severity != Error
		p.Place, p.Key = s.origin.Place, s.key.Path+p.Key
		if p.Line == 0 {
			p.Line = s.origin.Line
		}
		l.problem(p)
	}
	if s.ok && s.key.falseNote != "" && s.origin.Layer == LayerMain && s.value == false {
		l.problem(s.problem(Warning, "%s", s.key.falseNote))
	}
}

// problem is one about a setting.
func (s setting) problem(severity Severity, format string, args ...any) Problem {
	return Problem{Severity: severity, Place: s.origin.Place, Line: s.origin.Line, Key: s.key.Path, Reason: fmt.Sprintf(format, args...)}
}

// winner is the strongest usable setting of a key.
func (l *loader) winner(path string) (best setting, ok bool) {
	for _, s := range l.settings {
		if s.key.Path == path && s.ok && (!ok || s.origin.Layer.rank() >= best.origin.Layer.rank()) {
			best, ok = s, true
		}
	}
	return best, ok
}

// mentioned reports whether any layer gives the key, usable or not.
func (l *loader) mentioned(path string) bool {
	return slices.ContainsFunc(l.settings, func(s setting) bool { return s.key.Path == path })
}

// network decides which network is meant; ok is false when that cannot be told.
func (l *loader) network() (n Network, ok bool) {
	named, byName := l.winner("global.network")
	prefixed, byPrefix := l.winner("global.networkPrefix")
	switch {
	case byName:
		n, _ = NetworkByName(named.value.(string))
		if byPrefix {
			if other, _ := prefixNetwork(prefixed.value.(int)); other != n.Name {
				l.problem(prefixed.problem(Error, "%d selects %s, but global.network (%s) is %s; remove one of them", prefixed.value, other, named.origin, n.Name))
				return Network{}, false
			}
		}
	case byPrefix:
		name, _ := prefixNetwork(prefixed.value.(int))
		n, _ = NetworkByName(name)
	default:
		if !l.mentioned("global.network") && !l.mentioned("global.networkPrefix") {
			l.problem(Problem{Severity: Error, Key: "global.network", Reason: "it is missing; set it to one of " + strings.Join(NetworkNames(), ", ")})
		}
		return Network{}, false
	}
	return l.customise(n), true
}

// customise fills in the facts of a custom network, and refuses them for any other.
func (l *loader) customise(n Network) Network {
	const section = "global.customNetwork."
	custom := n.Name == networkCustom
	for _, s := range l.settings {
		if strings.HasPrefix(s.key.Path, section) && !custom {
			l.problem(s.problem(Error, "it contradicts global.network %s, whose facts are built in; set global.network to %s", n.Name, networkCustom))
		}
	}
	if !custom {
		return n
	}
	for _, must := range []string{"ss58Prefix", "decimals", "symbol"} {
		if !l.mentioned(section + must) {
			l.problem(Problem{Severity: Error, Key: section + must, Reason: "it is missing; a custom network needs it"})
		}
	}
	if s, ok := l.winner(section + "name"); ok && s.value != "" {
		n.Label = s.value.(string)
	}
	if s, ok := l.winner(section + "ss58Prefix"); ok {
		n.SS58Prefix = uint16(s.value.(int))
		n.ListPrefixes = []uint16{n.SS58Prefix}
	}
	if s, ok := l.winner(section + "genesisHash"); ok {
		n.Genesis = strings.ToLower(s.value.(string))
	}
	if s, ok := l.winner(section + "decimals"); ok {
		n.Decimals = s.value.(int)
	}
	if s, ok := l.winner(section + "symbol"); ok {
		n.Symbol = s.value.(string)
	}
	return n
}

// under lays the values over the defaults of a profile.
func (c *Config) under(profile programme.Profile) *Config {
	d := defaults(c.Network, profile)
	d.Dir, d.values, d.Warnings, d.origin = c.Dir, c.values, c.Warnings, map[string]Origin{}
	note := c.Network.Name
	if profile != programme.ProfileProgramme {
		note += ", " + string(profile)
	}
	store := func(k Key) {
		s, ok := d.values[k.Path]
		switch {
		case !ok || k.Path == "rules.profile" && s.value != profile:
			d.origin[k.Path] = Origin{Layer: LayerDefault, Note: note}
		case k.zero && !d.rules.Switches.ZeroWeight && reflect.ValueOf(s.value).IsZero():
			d.origin[k.Path] = Origin{Layer: LayerDefault, Note: "0 in " + s.origin.String() + " means the default"}
		default:
			k.store(d, s.value)
			d.origin[k.Path] = s.origin
		}
	}
	keys := Keys()
	for _, k := range keys { // the switches first: one of them decides what 0 means
		if strings.HasPrefix(k.Path, "rules.switches.") {
			store(k)
		}
	}
	for _, k := range keys {
		if !strings.HasPrefix(k.Path, "rules.switches.") {
			store(k)
		}
	}
	if s, ok := d.values["global.networkPrefix"]; ok && !d.given("global.network") {
		o := s.origin
		o.Note = "global.networkPrefix"
		d.origin["global.network"] = o
	}
	if !d.given("global.apiEndpoints") && !d.given("global.apiAssetHubEndpoints") && !d.given("global.apiPeopleEndpoints") {
		d.Chains = c.Network.Endpoints
	}
	return d
}

// given reports whether a layer sets the key.
func (c *Config) given(path string) bool {
	_, ok := c.values[path]
	return ok
}

// minNominatorBond is what a nominator needs more than, in tokens; the same on all networks.
const minNominatorBond = 50

// defaults are the values of a network and a profile when no layer says anything.
func defaults(n Network, profile programme.Profile) *Config {
	c := &Config{
		Network: n, rules: programme.DefaultRules(profile),
		PrometheusPrefix: "otv_backend_",
		Act:              ActPropose, RankMode: RankPeriods,
		Proxy:   Proxy{TimeDelayBlocks: 10_850},
		Release: Release{TagFormat: `polkadot-v\d+\.\d+\.\d+`},
		Server:  Server{Enable: true, Port: 3300, ServeDocs: true, ServeSwagger: true, Cache: 18_000, RateLimit: 100, RateBurst: 1000, MaxRequests: 512},
		Logger:  Logger{Level: "info", Format: logging.Text},
		Admin:   Admin{Address: DefaultAdmin},
		Run:     Run{StopTimeout: 30 * 1000},

		Retention: memory.DefaultRetention(),
	}
	c.selector.network, c.selector.prefix = n.Name, -1
	c.defaultSources(n)
	if n.Genesis != "" {
		c.Telemetry.Chains = []string{n.Genesis}
	}
	for i := range c.use {
		c.use[i] = true
	}
	for _, j := range jobs() {
		c.Schedules = append(c.Schedules, Schedule{Job: j.name, Cron: j.schedule, Enabled: true})
	}
	l := &c.rules.Limits
	if n.Name != "" {
		l.EraBuffer, l.MaxTargets, l.RemoteRank, l.MinNominatorBond = n.EraBuffer, n.MaxTargets, n.RemoteRank, n.tokens(minNominatorBond)
		if profile == programme.ProfileProgramme {
			l.MaxCommission, l.MinSelfStake, l.UnclaimedEras = n.MaxCommission, n.MinSelfStake, n.UnclaimedEras
		}
	}
	return c
}
