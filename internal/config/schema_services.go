package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/logging"
	"github.com/thousand-validators/otv/internal/programme"
)

func scoreKeys() []Key {
	var keys []Key
	for _, f := range factors {
		keys = append(keys, key("score."+f.name, points, func(c *Config) *float64 { return f.weight(&c.rules.Weights) },
			"weight of: "+f.meaning, unit("points"), zeroIsDefault))
	}
	for i, f := range factors {
		name := "score.use" + strings.ToUpper(f.name[:1]) + f.name[1:]
		keys = append(keys, key(name, boolean, func(c *Config) *bool { return &c.use[i] },
			fmt.Sprintf("false switches the factor off, like `score.%s` 0", f.name),
			falseCountsNow("false switches the factor off; it had no effect before")))
	}
	return append(keys,
		key("score.inclusionEras", whole[uint32](1, 84), func(c *Config) *uint32 { return &c.rules.Limits.InclusionEras },
			"eras that inclusion looks at", unit("eras")),
		key("score.spanEras", whole[uint32](1, 84), func(c *Config) *uint32 { return &c.rules.Limits.SpanEras },
			"eras that span inclusion looks at", unit("eras")),
	)
}

func ruleKeys() []Key {
	brakes := func(c *Config) *programme.Brakes { return &c.rules.Brakes }
	n := networkKeys()
	keys := []Key{
		n[len(n)-1],
		key("rules.brakes.maxFlips", percent, func(c *Config) *int { return &brakes(c).MaxFlips },
			"brake: share of candidates whose validity changed since the record before; 0 switches it off"),
		key("rules.brakes.minFlips", whole[int](0, 1_000_000), func(c *Config) *int { return &brakes(c).MinFlips },
			"that brake never acts on fewer candidates than this"),
		key("rules.brakes.maxUnknown", percent, func(c *Config) *int { return &brakes(c).MaxUnknown },
			"brake: share of candidates for whom one check is unknown; 0 switches it off"),
		key("rules.brakes.minEligible", whole[int](0, 1_000_000), func(c *Config) *int { return &brakes(c).MinEligible },
			"brake: least number of candidates that can be nominated; 0 switches it off"),
	}
	for _, name := range slices.Sorted(maps.Keys(switchFields(&programme.Switches{}))) {
		keys = append(keys, key("rules.switches."+name, boolean,
			func(c *Config) *bool { return switchFields(&c.rules.Switches)[name] },
			"single rule of the profile, see docs/rules.md"))
	}
	return keys
}

func cronKeys() []Key {
	var keys []Key
	for i, j := range jobs() {
		keys = append(keys,
			key("cron."+j.name, schedule, func(c *Config) *string { return &c.Schedules[i].Cron }, "schedule of "+j.meaning),
			key("cron."+j.name+"Enabled", boolean, func(c *Config) *bool { return &c.Schedules[i].Enabled }, "false stops it",
				falseCountsNow("false switches the job off; before, it switched it on like any other value")))
	}
	return keys
}

func matrixKeys() []Key {
	return []Key{
		key("matrix.enabled", boolean, func(c *Config) *bool { return &c.Matrix.Enabled }, "send chat messages"),
		key("matrix.baseUrl", address("http", "https"), func(c *Config) *string { return &c.Matrix.BaseURL }, "home server"),
		key("matrix.room", plain, func(c *Config) *string { return &c.Matrix.Room }, "room to write to"),
		key("matrix.userId", plain, func(c *Config) *string { return &c.Matrix.UserID }, "account that writes"),
		key("matrix.accessToken", hidden("text", ""), func(c *Config) *Secret { return &c.Matrix.AccessToken }, "token of that account", secret),
	}
}

func databaseKeys() []Key {
	return []Key{
		key("database.url", databaseTarget, func(c *Config) *Secret { return &c.Database },
			"database: the URL of a PostgreSQL database (`postgres://user:password@host/name`), or a SQLite file; a path starts at the configuration's folder, and empty is `otv.db` there", secret),
	}
}

func serverKeys() []Key {
	ignored := falseCountsNow("false counts now; it had no effect before")
	return []Key{
		key("server.enable", boolean, func(c *Config) *bool { return &c.Server.Enable }, "serve HTTP at all", ignored),
		key("server.host", plain, func(c *Config) *string { return &c.Server.Host }, "address to listen on; empty is every address of the machine"),
		key("server.port", port, func(c *Config) *uint16 { return &c.Server.Port }, "port to listen on"),
		key("server.onlyHealth", boolean, func(c *Config) *bool { return &c.Server.OnlyHealth }, "serve health, metrics and job status only, also without the gateway role"),
		key("server.serveDocs", boolean, func(c *Config) *bool { return &c.Server.ServeDocs }, "serve the documentation", ignored),
		key("server.serveSwagger", boolean, func(c *Config) *bool { return &c.Server.ServeSwagger }, "serve the description of the API", ignored),
		key("server.cache", spanOrMillis, func(c *Config) *programme.Millis { return &c.Server.Cache }, "lifetime of cached answers"),
		key("server.allowedOrigins", list(address("http", "https")), func(c *Config) *[]string { return &c.Server.Origins }, "sites whose pages may read the API, such as `https://example.org`; empty is all"),
		key("server.rateLimit", whole[int](0, 1_000_000), func(c *Config) *int { return &c.Server.RateLimit }, "requests per second that one client may make for long; 0 is no limit"),
		key("server.rateBurst", whole[int](1, 1_000_000), func(c *Config) *int { return &c.Server.RateBurst }, "requests that one client may make at once"),
		key("server.trustedProxies", list(network), func(c *Config) *[]string { return &c.Server.TrustedProxies }, "networks of proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`"),
		key("server.maxRequests", whole[int](0, 1_000_000), func(c *Config) *int { return &c.Server.MaxRequests }, "requests under way at once, whoever asks; 0 is no bound"),
		key("logger.level", choice("debug", "info", "warn", "error"), func(c *Config) *string { return &c.Logger.Level }, "least level that is logged"),
		key("logger.excludedLabels", list(filled), func(c *Config) *[]string { return &c.Logger.ExcludedLabels }, "parts of the product of which only errors are logged, such as `Telemetry` or `ValidatorPrefJob`"),
		key("logger.format", choice(logging.Text, logging.JSON), func(c *Config) *logging.Format { return &c.Logger.Format }, "form of the log: lines for people, or objects for machines"),
	}
}

// retired are keys of old files that have no effect any more, with what took their place. A path ending in a dot
// stands for everything below it.
func retired() map[string]string {
	none := "it has no effect"
	m := map[string]string{
		"global.dryRun":                          "it has no effect; set act.mode",
		"global.bootstrap":                       none,
		"global.kusamaBootstrapEndpoint":         none,
		"global.polkadotBootstrapEndpoint":       none,
		"global.test":                            none,
		"global.wsEndpoint":                      "it has no effect; set global.apiEndpoints",
		"global.retroactive":                     none,
		"global.historicalNominations":           none,
		"constraints.skipClaiming":               none,
		"constraints.skipStakedDestination":      none,
		"constraints.skipClientUpgrade":          "it has no effect; set constraints.clientUpgrade.skip",
		"constraints.forceClientVersion":         "it has no effect; set constraints.clientUpgrade.forcedVersion",
		"constraints.clientUpgrade.forceVersion": "it has no effect; set constraints.clientUpgrade.forcedVersion",
		"constraints.skipSanctionedCountries":    "it has no effect; set constraints.sanctionedGeoArea.skip",
		"constraints.skipSanctionedRegions":      "it has no effect; set constraints.sanctionedGeoArea.skip",
		"constraints.sanctionedCountries":        "it has no effect; set constraints.sanctionedGeoArea.sanctionedCountries",
		"constraints.sanctionedRegions":          "it has no effect; set constraints.sanctionedGeoArea.sanctionedRegions",
		"scorekeeper.candidates":                 "it has no effect; set global.candidatesUrl",
		"scorekeeper.claimer.":                   "it has no effect: rewards are not claimed",
		"score.rpc":                              "it has no effect: no part of the score uses it",
		"score.useRpc":                           "it has no effect: no part of the score uses it",
		"db.":                                    "it has no effect: no MongoDB is used; see database.url",
		"redis.":                                 "it has no effect: no Redis is used",
		"subscan.":                               none,
		"ipinfo.":                                "it has no effect; set telemetry.ipinfoToken",
		"cron.clearOffline":                      "it has no effect: offline time is counted over a trailing window and never reset",
		"cron.clearOfflineEnabled":               "it has no effect: offline time is counted over a trailing window and never reset",
	}
	for _, part := range []string{"delegations", "openGov", "openGovDelegation", "council", "democracy"} {
		m["score."+part] = none
		m["score.use"+strings.ToUpper(part[:1])+part[1:]] = none
	}
	for _, j := range []string{"rewardClaiming", "delegation", "democracy"} {
		m["cron."+j], m["cron."+j+"Enabled"] = none, none
	}
	return m
}
