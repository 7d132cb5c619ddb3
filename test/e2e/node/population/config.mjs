// The configuration folder, in the keys an operator writes.
import { bannedNumbers, bannedProviders, sanctionedCountries, sanctionedRegions } from './world.mjs';

export function mainConfig(w, url) {
  return {
    global: {
      customNetwork: { name: w.network, ss58Prefix: 42, decimals: w.decimals, symbol: w.symbol },
      network: 'custom',
      apiEndpoints: [url],
      candidatesUrl: '../candidates.json',
    },
    constraints: {
      commission: w.commission,
      minSelfStake: w.minSelfStake.toString(),
      unclaimedEraThreshold: w.unclaimedEras,
      skipConnectionTime: false,
      skipIdentity: false,
      skipUnclaimed: false,
      clientUpgrade: { skip: false },
      sanctionedGeoArea: { skip: false, sanctionedCountries, sanctionedRegions },
    },
    telemetry: { enable: true, host: 'wss://telemetry.example.org/feed', blacklistedProviders: bannedProviders, blacklistedAsns: bannedNumbers },
    score: w.weights,
    scorekeeper: { eraBuffer: w.eraBuffer },
  };
}

// The nominators in every form an operator may use, in two groups as older files have them; groups mean nothing.
export function secretConfig(own) {
  const entries = own.map((n) => {
    if (n.seed && n.proxied) return { seed: n.seed, isProxy: true, proxyFor: n.address, proxyDelay: 10 };
    const e = n.seed ? { seed: n.seed, isProxy: false } : { address: n.address };
    return n.maxTargets ? { ...e, maxTargets: n.maxTargets } : e;
  });
  return { scorekeeper: { nominators: [entries.slice(0, 4), entries.slice(4)] } };
}
