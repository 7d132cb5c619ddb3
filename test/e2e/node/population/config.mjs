// The configuration folder, in the keys an operator writes.
import { bannedProviders, sanctionedCountries, sanctionedRegions } from './world.mjs';

export function mainConfig(w, url) {
  return {
    global: {
      customNetwork: { name: w.network, prefix: 42, decimals: w.decimals, symbol: w.symbol },
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
    telemetry: { enable: true, blacklistedProviders: bannedProviders },
    score: w.weights,
    scorekeeper: { eraBuffer: w.eraBuffer },
  };
}

// Nominators that can be planned for, but not sign.
export function secretConfig(_, own) {
  const entries = own.map((n, i) => (i % 5 === 1 ? { address: n.address, maxTargets: n.maxTargets ?? 0 } : { address: n.address }));
  // In two groups, as older files have them; groups mean nothing.
  return { scorekeeper: { nominators: [entries.slice(0, 4), entries.slice(4)] } };
}
