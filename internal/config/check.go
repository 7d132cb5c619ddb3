package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// check looks for what single values do not show: missing keys, contradictions, and switches that changed meaning.
func (l *loader) check(c *Config) {
	l.checkChains(c)
	l.checkNominators(c)
	l.checkActing(c)
	l.checkTelemetry(c)
	l.checkSources(c)
	l.checkServices(c)
	missing := func(key, reason string) {
		if !l.mentioned(key) {
			l.problem(Problem{Severity: Error, Key: key, Reason: reason})
		}
	}
	missing("global.candidatesUrl", "it is missing; set it to the URL or file of the candidate list")
	if s, ok := c.values["global.candidatesUrl"]; ok && s.value == "" {
		l.problem(s.problem(Error, "it is empty; set it to the URL or file of the candidate list"))
	}
	if c.Matrix.Enabled {
		var lacking []string
		for _, k := range []struct{ key, value string }{
			{"baseUrl", c.Matrix.BaseURL}, {"room", c.Matrix.Room}, {"userId", c.Matrix.UserID}, {"accessToken", c.Matrix.AccessToken.Reveal()},
		} {
			if k.value == "" {
				lacking = append(lacking, "matrix."+k.key)
			}
		}
		if lacking != nil {
			l.about("matrix.enabled", Warning, "no messages can be sent without %s", strings.Join(lacking, ", "))
		}
	}
	if lim := c.rules.Limits; lim.SpanEras > lim.InclusionEras {
		l.about("score.spanEras", Error, "%d is more than score.inclusionEras, %d", lim.SpanEras, lim.InclusionEras)
	} else if lim.OfflineAllowed > lim.OfflineWindow {
		l.about("constraints.offlineAllowed", Error, "%s is more than constraints.offlineWindow, %s", showSpan(lim.OfflineAllowed), showSpan(lim.OfflineWindow))
	}
}

// about reports a problem of a key's strongest setting, or of the key when no layer sets it.
func (l *loader) about(path string, severity Severity, format string, args ...any) {
	if s, ok := l.winner(path); ok {
		l.problem(s.problem(severity, format, args...))
		return
	}
	l.problem(Problem{Severity: severity, Key: path, Reason: fmt.Sprintf(format, args...)})
}

func (l *loader) checkChains(c *Config) {
	if len(c.Chains.Relay) == 0 && !slices.ContainsFunc(l.problems, func(p Problem) bool {
		return strings.HasPrefix(p.Key, "global.apiEndpoints")
	}) {
		l.about("global.apiEndpoints", Error, "it names no node; at least one is needed")
	}
	if c.Network.Moved && len(c.Chains.Relay) > 0 && len(c.Chains.AssetHub) == 0 && !l.mentioned("global.apiAssetHubEndpoints") {
		l.problem(Problem{Severity: Warning, Key: "global.apiAssetHubEndpoints", Reason: "it is missing; staking on " + c.Network.Label +
			" moved to its Asset Hub, for example " + c.Network.Endpoints.AssetHub[0]})
	}
}

func (l *loader) checkNominators(c *Config) {
	const path = "scorekeeper.nominators"
	for _, s := range l.settings {
		list, ok := s.value.([]Nominator)
		if !ok || s.key.Path != path || !slices.ContainsFunc(list, func(n Nominator) bool { return !n.Seed.IsZero() }) {
			continue
		}
		for _, f := range l.files {
			if f.layer == s.origin.Layer && f.open() {
				l.problem(s.problem(Error, "the file holds seeds, but others can read or change it (mode %04o); run: chmod 600 %s", f.mode.Perm(), f.path))
			}
		}
		if s.origin.Layer == LayerMain {
			l.problem(s.problem(Warning, "it holds seeds; move it to %s", SecretFile))
		}
	}
	seen := map[[32]byte]int{}
	for i, n := range c.Nominators {
		if first, twice := seen[n.Account]; twice {
			l.about(path, Error, "nominators %d and %d are the same account", first+1, i+1)
			continue
		}
		seen[n.Account] = i
	}
}

// checkActing explains the old switches. None of them makes the product sign: that takes act.mode, so that a file
// from the old backend never nominates by surprise.
func (l *loader) checkActing(c *Config) {
	if c.Act == ActAct {
		if c.Legacy.DryRun {
			l.about("scorekeeper.dryRun", Error, "it contradicts act.mode act; remove one of them")
		}
		if !c.HasSeeds() {
			l.about("act.mode", Warning, "no nominator has a seed, so nothing can be signed")
		}
		return
	}
	if c.Legacy.Nominating && !c.given("act.mode") {
		l.about("scorekeeper.nominating", Warning, "nothing is signed, because act.mode is %s; set act.mode to act to nominate", c.Act)
	}
	if c.Legacy.ForceRound {
		l.about("scorekeeper.forceRound", Warning, "it has no effect on planning; use --force")
	}
}

func (l *loader) checkTelemetry(c *Config) {
	if c.Telemetry.Enable && c.Telemetry.Host == "" {
		l.about("telemetry.enable", Error, "it needs telemetry.host, the address of the feed")
	}
	if g := c.Network.Genesis; g != "" && c.given("telemetry.chains") &&
		!slices.ContainsFunc(c.Telemetry.Chains, func(t string) bool { return strings.EqualFold(t, g) }) {
		l.about("telemetry.chains", Warning, "the genesis hash of %s, %s, is not among them", c.Network.Label, g)
	}
}

// checkServices finds listeners that would take each other's address, and secrets that others can read.
func (l *loader) checkServices(c *Config) {
	server := fmt.Sprintf(":%d", c.Server.Port)
	for _, x := range []struct{ key, address string }{{"health.address", c.Health.Address}, {"admin.address", c.Admin.Address}} {
		if strings.HasSuffix(x.address, server) && c.Server.Enable {
			l.about(x.key, Error, "%s is the address of server.port, too", x.address)
		}
	}
	if a := c.Health.Address; a != "" && a != Off && a == c.Admin.Address {
		l.about("health.address", Error, "%s is the address of admin.address, too", a)
	}
	for _, s := range l.settings {
		if v, ok := s.value.(Secret); ok && !v.IsZero() && (s.key.Path == "admin.token" || s.key.Path == "database.url" && hasPassword(v.Reveal())) {
			for _, f := range l.files {
				if f.layer == s.origin.Layer && f.open() {
					l.problem(s.problem(Warning, "others can read it (mode %04o); run: chmod 600 %s", f.mode.Perm(), f.path))
				}
			}
		}
	}
}

// hasPassword reports whether a URL has a password in it.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return true
	}
	_, ok := u.User.Password()
	return ok || u.Query().Has("password")
}
