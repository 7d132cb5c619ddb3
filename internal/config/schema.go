package config

import (
	"strconv"

	"github.com/thousand-validators/otv/internal/programme"
)

// oldPrefix is the selector of networks in old files.
var oldPrefix = kind[int]{name: "0, 2 or 3", read: func(s *scope, in input) int {
	t, _ := in.number()
	n, err := strconv.Atoi(t)
	if _, ok := prefixNetwork(n); err != nil || !ok {
		s.fail(in, "%s is not one of 0 (polkadot), 2 (kusama), 3 (local); for other networks set global.network", in)
	}
	return n
}, show: whole[int](0, 3).show, schema: schema{"enum": []any{0, 2, 3, "0", "2", "3"}}}

// networkKeys are the keys of which everything else depends; they are read first.
func networkKeys() []Key {
	return []Key{
		key("global.network", choice(NetworkNames()...), func(c *Config) *string { return &c.selector.network },
			"network; with `custom` its facts are in `global.customNetwork`"),
		key("global.networkPrefix", oldPrefix, func(c *Config) *int { return &c.selector.prefix },
			"older selector of the network: 0 polkadot, 2 kusama, 3 local", optional),
		key("global.customNetwork.name", plain, func(c *Config) *string { return &c.selector.custom.name },
			"name of a custom network", optional),
		key("global.customNetwork.ss58Prefix", whole[int](0, 16383), func(c *Config) *int { return &c.selector.custom.prefix },
			"address prefix of a custom network", optional),
		key("global.customNetwork.genesisHash", hash32, func(c *Config) *string { return &c.selector.custom.genesis },
			"genesis hash of a custom network's relay (or only) chain; empty accepts any", optional),
		key("global.customNetwork.decimals", whole[int](0, 30), func(c *Config) *int { return &c.selector.custom.decimals },
			"decimals of a custom network's token", optional),
		key("global.customNetwork.symbol", symbol, func(c *Config) *string { return &c.selector.custom.symbol },
			"symbol of a custom network's token", optional),
		key("rules.profile", choice(programme.ProfileProgramme, programme.ProfileReference),
			func(c *Config) *programme.Profile { return &c.rules.Profile },
			"rule set: the programme's own, or the old backend's number by number"),
	}
}

func globalKeys() []Key {
	n := networkKeys()
	return append(n[:len(n)-1:len(n)-1],
		key("global.apiEndpoints", list(address("ws", "wss")), func(c *Config) *[]string { return &c.Chains.Relay },
			"nodes of the relay chain, or of the only chain; public ones when no endpoints are given at all"),
		key("global.apiAssetHubEndpoints", list(address("ws", "wss")), func(c *Config) *[]string { return &c.Chains.AssetHub },
			"nodes of the chain with staking, balances and proxies; empty when the relay chain has them"),
		key("global.apiPeopleEndpoints", list(address("ws", "wss")), func(c *Config) *[]string { return &c.Chains.People },
			"nodes of the chain with identities; empty when the relay chain has them"),
		key("global.candidatesUrl", location, func(c *Config) *string { return &c.Candidates },
			"candidate list; a path starts at the configuration's folder. Required"),
		key("global.cacheDir", plain, func(c *Config) *string { return &c.CacheDir },
			"folder for the last good candidate list; empty is the user's cache folder"),
		key("global.prometheusPrefix", metricPrefix, func(c *Config) *string { return &c.PrometheusPrefix },
			"beginning of metric names"),
	)
}

func constraintKeys() []Key {
	limits := func(c *Config) *programme.Limits { return &c.rules.Limits }
	return []Key{
		key("constraints.minSelfStake", amount, func(c *Config) *programme.Planck { return &limits(c).MinSelfStake },
			"least own bond of a candidate", zeroIsDefault),
		key("constraints.commission", share, func(c *Config) *programme.Perbill { return &limits(c).MaxCommission },
			"highest commission allowed", zeroIsDefault),
		key("constraints.unclaimedEraThreshold", whole[uint32](0, 1000), func(c *Config) *uint32 { return &limits(c).UnclaimedEras },
			"eras whose rewards may stay unclaimed", unit("eras"), zeroIsDefault),
		key("constraints.skipConnectionTime", boolean, func(c *Config) *bool { return &limits(c).SkipConnectionTime },
			"do not demand a time since the node was first seen"),
		key("constraints.connectionTime", span, func(c *Config) *programme.Millis { return &limits(c).ConnectionTime },
			"time since the node was first seen that is demanded"),
		key("constraints.skipIdentity", boolean, func(c *Config) *bool { return &limits(c).SkipIdentity },
			"do not demand a verified identity"),
		key("constraints.skipUnclaimed", boolean, func(c *Config) *bool { return &limits(c).SkipUnclaimed },
			"do not demand claimed rewards"),
		key("constraints.skipBeefy", boolean, func(c *Config) *bool { return &limits(c).SkipBeefy },
			"do not demand BEEFY keys"),
		key("constraints.clientUpgrade.skip", boolean, func(c *Config) *bool { return &limits(c).SkipClientUpgrade },
			"do not demand the newest client"),
		key("constraints.clientUpgrade.releaseTagFormat", pattern, func(c *Config) *string { return &c.Release.TagFormat },
			"release tags that count"),
		key("constraints.clientUpgrade.forcedVersion", version, func(c *Config) *string { return &c.Release.ForcedVersion },
			"demand this version instead of the newest release"),
		key("constraints.clientUpgrade.forcedSince", moment, func(c *Config) *programme.Millis { return &c.Release.ForcedSince },
			"start of the forced version's grace time; empty means that it is over"),
		key("constraints.clientUpgrade.grace", span, func(c *Config) *programme.Millis { return &limits(c).UpgradeGrace },
			"time to upgrade after a release"),
		key("constraints.clientUpgrade.exemptClients", list(filled), func(c *Config) *[]string { return &limits(c).ExemptClients },
			"clients that need not upgrade"),
		key("constraints.clientUpgrade.mainClient", filled, func(c *Config) *string { return &limits(c).MainClient },
			"client that most nodes run, as it names itself"),
		key("constraints.onlineLimit", span, func(c *Config) *programme.Millis { return &limits(c).OnlineLimit },
			"how long the last announcement of a node counts while the feed is blind, or by the old rule"),
		key("constraints.disconnectionGrace", span, func(c *Config) *programme.Millis { return &limits(c).DisconnectionGrace },
			"how long a node may be gone before it counts as offline"),
		key("constraints.offlineWindow", span, func(c *Config) *programme.Millis { return &limits(c).OfflineWindow },
			"trailing window in which offline time is added up"),
		key("constraints.offlineAllowed", span, func(c *Config) *programme.Millis { return &limits(c).OfflineAllowed },
			"offline time allowed within the window"),
		key("constraints.kusamaRank.threshold", whole[int](0, 1_000_000), func(c *Config) *int { return &limits(c).RemoteRank },
			"least rank of the candidate's node on Kusama"),
		key("constraints.kusamaRank.requireStash", boolean, func(c *Config) *bool { return &limits(c).RequireKusamaStash },
			"demand a Kusama stash of every candidate"),
		key("constraints.holdUnknown", span, func(c *Config) *programme.Millis { return &limits(c).HoldUnknown },
			"how long the last definite answer of a check stands in for an unknown one"),
		key("constraints.holdRemote", span, func(c *Config) *programme.Millis { return &limits(c).HoldRemote },
			"the same for the rank on Kusama"),
		key("constraints.sanctionedGeoArea.skip", boolean, func(c *Config) *bool { return &limits(c).SkipSanctioned },
			"do not check the location"),
		key("constraints.sanctionedGeoArea.sanctionedCountries", list(country), func(c *Config) *[]string { return &limits(c).SanctionedCountries },
			"forbidden countries"),
		key("constraints.sanctionedGeoArea.sanctionedRegions", list(filled), func(c *Config) *[]string { return &limits(c).SanctionedRegions },
			"forbidden regions"),
	}
}

func scorekeeperKeys() []Key {
	limits := func(c *Config) *programme.Limits { return &c.rules.Limits }
	return []Key{
		key("scorekeeper.nominators", nominatorList, func(c *Config) *[]Nominator { return &c.Nominators },
			"the programme's own nominators, see below", secret),
		key("scorekeeper.eraBuffer", whole[programme.Era](1, 1000), func(c *Config) *programme.Era { return &limits(c).EraBuffer },
			"eras between two nominations of one nominator", unit("eras")),
		key("scorekeeper.maxTargets", whole[uint32](1, 1000), func(c *Config) *uint32 { return &limits(c).MaxTargets },
			"most targets of one nominator; the runtime's own limit holds as well"),
		key("scorekeeper.minNominatorBond", amount, func(c *Config) *programme.Planck { return &limits(c).MinNominatorBond },
			"a nominator needs a bond greater than this to take part"),
		key("scorekeeper.nominating", boolean, func(c *Config) *bool { return &c.Legacy.Nominating },
			"older main switch; it signs nothing any more, `act.mode` decides"),
		key("scorekeeper.dryRun", boolean, func(c *Config) *bool { return &c.Legacy.DryRun },
			"older switch; `true` forbids `act.mode` act"),
		key("scorekeeper.forceRound", boolean, func(c *Config) *bool { return &c.Legacy.ForceRound },
			"older switch: a round at the start in which every nominator is due"),
		key("act.mode", choice(ActOff, ActPropose, ActAct), func(c *Config) *ActMode { return &c.Act },
			"`off` decides only, `propose` writes plans, `act` signs and submits them"),
		key("rank.mode", choice(RankPeriods, RankActiveEras), func(c *Config) *RankMode { return &c.RankMode },
			"which number counts as rank: good nomination periods, or active eras"),
	}
}

func proxyKeys() []Key {
	return []Key{
		key("proxy.timeDelayBlocks", whole[uint32](0, 1<<31-1), func(c *Config) *uint32 { return &c.Proxy.TimeDelayBlocks },
			"delay that a record tells of proxy nominators without a `proxyDelay`; transactions go by the chain's", unit("blocks")),
		key("proxy.blacklistedAnnouncements", list(hash32), func(c *Config) *[]string { return &c.Proxy.BlacklistedAnnouncements },
			"call hashes of announcements to be cancelled"),
		key("proxy.cancelUnknown", boolean, func(c *Config) *bool { return &c.Proxy.CancelUnknown },
			"cancel announcements for our nominators that no plan explains; they are reported in any case"),
	}
}

func telemetryKeys() []Key {
	limits := func(c *Config) *programme.Limits { return &c.rules.Limits }
	return []Key{
		key("telemetry.enable", boolean, func(c *Config) *bool { return &c.Telemetry.Enable },
			"watch the telemetry feed; without it its checks do not apply"),
		key("telemetry.host", address("ws", "wss"), func(c *Config) *string { return &c.Telemetry.Host },
			"address of the feed"),
		key("telemetry.chains", list(hash32), func(c *Config) *[]string { return &c.Telemetry.Chains },
			"genesis hashes of the chains to subscribe to"),
		key("telemetry.blacklistedProviders", list(filled), func(c *Config) *[]string { return &limits(c).BannedProviders },
			"providers that candidates must not use"),
		key("telemetry.blacklistedAsns", list(whole[uint32](1, 1<<32-1)), func(c *Config) *[]uint32 { return &limits(c).BannedASNs },
			"the same by autonomous system number"),
		key("telemetry.ipinfoToken", hidden("text, `token=` in front is dropped", "token="), func(c *Config) *Secret { return &c.Telemetry.IPInfoToken },
			"token of the location service", secret),
	}
}
