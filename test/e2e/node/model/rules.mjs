// Limits and weights as the operator's files and the programme's built-in values give them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../lib/chain.mjs';

const builtIn = {
  inclusion: 220, spanInclusion: 220, discovered: 5, nominated: 80, rank: 5, unclaimed: 10, bonded: 50, faults: 5,
  offline: 2, location: 40, region: 10, country: 10, provider: 100, nominations: 100, client: 200,
};
const minute = 60_000;
const day = 24 * 60 * minute;

export function readRules(dir, decimals) {
  const main = JSON.parse(readFileSync(join(dir, 'main.json'), 'utf8'));
  const secret = JSON.parse(readFileSync(join(dir, 'secret.json'), 'utf8'));
  const weights = Object.fromEntries(Object.entries(builtIn).map(([k, v]) => [k, Number(main.score?.[k] ?? v)]));
  return {
    weights,
    commission: main.constraints.commission,
    minSelfStake: BigInt(main.constraints.minSelfStake),
    unclaimedEras: main.constraints.unclaimedEraThreshold,
    bannedProviders: main.telemetry.blacklistedProviders.map(fold),
    bannedNumbers: main.telemetry.blacklistedAsns ?? [],
    sanctionedCountries: main.constraints.sanctionedGeoArea.sanctionedCountries.map(fold),
    sanctionedRegions: main.constraints.sanctionedGeoArea.sanctionedRegions.map(fold),
    grace: 5 * minute,
    connectionTime: 7 * day,
    offlineWindow: 7 * day,
    offlineAllowed: 0.02 * 7 * day,
    upgradeGrace: 2 * day,
    remoteRank: 100,
    eraBuffer: main.scorekeeper.eraBuffer,
    minBond: 50n * 10n ** BigInt(decimals),
    buffer: 20n * 10n ** BigInt(decimals),
    maxTargets: 16,
    nominators: secret.scorekeeper.nominators.flat().map((n) => ({ address: n.proxyFor ?? n.address ?? seeded(n.seed), maxTargets: n.maxTargets })),
  };
}

export const fold = (s) => s.trim().toLowerCase();
