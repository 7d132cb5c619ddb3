// Scores of the valid candidates: each factor scaled between quantiles of all of them.
import { blake2AsU8a, decodeAddress } from '@polkadot/util-crypto';
import { hexToU8a } from '@polkadot/util';
import { banned, offlineTime, unclaimed } from './verdicts.mjs';

const tokens = (planck, decimals) => Number(planck) / 10 ** decimals;
const placeKinds = { location: ['city', 'No Location'], region: ['region', 'No Location'], country: ['country', 'No Location'], provider: ['provider', 'No Provider'] };

export function scores(chain, rules, members, sources) {
  const figures = members.map((m) => figuresOf(chain, rules, m, sources));
  const column = (name) => figures.map((f) => f[name]).sort((a, b) => a - b);
  const w = rules.weights;
  const direct = (name, lo, hi, weight) => figures.map((f) => scaled(f[name], column(name), lo, hi) * weight);
  const inverse = (name, lo, hi, weight) => figures.map((f) => (1 - scaled(f[name], column(name), lo, hi)) * weight);
  const parts = {
    inclusion: inverse('inclusion', 0.05, 0.95, w.inclusion),
    spanInclusion: inverse('spanInclusion', 0.05, 0.95, w.spanInclusion),
    discovered: inverse('discovered', 0.1, 0.9, w.discovered),
    nominated: inverse('nominated', 0.1, 0.9, w.nominated),
    rank: direct('rank', 0.1, 0.9, w.rank),
    unclaimed: figures.map((f) => -f.unclaimed * w.unclaimed),
    bonded: direct('bonded', 0.05, 0.85, w.bonded),
    faults: inverse('faults', 0.1, 0.9, w.faults),
    offline: inverse('offline', 0.1, 0.9, w.offline),
    nominatorStake: direct('nominatorStake', 0.05, 0.95, w.nominations),
    client: figures.map((f) => (f.client && f.client !== 'Parity Polkadot' ? w.client : 0)),
  };
  for (const [factor, [field, group]] of Object.entries(placeKinds)) parts[factor] = placed(rules, members, field, group, w[factor]);
  return members.map((m, i) => {
    const own = Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, list[i]]));
    const aggregate = Object.values(own).reduce((a, b) => a + b, 0);
    return { slot: m.entry.slotId, parts: own, aggregate, total: aggregate * (1 + 0.15 * draw(chain.hash, m.entry.stash)) };
  });
}

function figuresOf(chain, rules, { entry, facts }, sources) {
  const ledger = chain.ledgerOf(entry.stash);
  return {
    inclusion: activeEras(chain, entry.stash, 84) / 84,
    spanInclusion: activeEras(chain, entry.stash, 28) / 28,
    discovered: facts.presence?.firstSeen ?? 0,
    nominated: facts.history?.nominatedEra ?? 0,
    rank: facts.history?.rank ?? 0,
    faults: facts.history?.faults ?? 0,
    unclaimed: unclaimed(chain, entry.stash).length,
    bonded: Number(ledger?.active ?? 0n),
    offline: offlineTime(chain.now, rules, facts.presence, sources.telemetry),
    nominatorStake: backing(chain, rules, entry.stash),
    client: facts.presence?.implementation ?? '',
  };
}

// Complete eras of the window in which the stash earned points.
function activeEras(chain, stash, window) {
  let n = 0;
  for (let era = chain.active - window; era < chain.active; era++) if ((chain.points.get(era)?.get(stash) ?? 0) > 0) n++;
  return n;
}

// The sum of square roots of stakes behind the stash: those in the active exposure with their value there, other
// accounts that nominate it with their active bond, the programme's own left out.
function backing(chain, rules, stash) {
  const inside = chain.exposures.get(stash)?.others ?? [];
  const seen = new Set(inside.map((o) => o.who));
  const waiting = chain.backers.filter((b) => b.targets.includes(stash) && !seen.has(b.stash));
  return [
    ...inside.map((o) => [o.who, o.value]),
    ...waiting.map((b) => [b.stash, chain.ledgerOf(b.stash)?.active ?? 0n]),
  ].filter(([who]) => !rules.own.has(who)).reduce((sum, [, value]) => sum + Math.sqrt(tokens(value, chain.decimals)), 0);
}

// Points for a rare place. Members without a place form a place of their own among the counts.
function placed(rules, members, field, group, weight) {
  const name = ({ location }) => (location && location[field] && location[field] !== 'None' ? location[field] : null);
  const counts = new Map();
  for (const m of members) {
    const place = name(m.facts) ?? group;
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const least = Math.min(...counts.values());
  const most = Math.max(...counts.values());
  return members.map(({ facts }) => {
    if (banned(rules, facts.location)) return 0;
    const place = name(facts);
    if (place === null) return 0.25 * weight;
    return most === least ? weight : (1 - (counts.get(place) - least) / (most - least)) * weight;
  });
}

function quantile(sorted, q) {
  const p = (sorted.length - 1) * q;
  const b = Math.floor(p);
  return b + 1 < sorted.length ? sorted[b] + (p - b) * (sorted[b + 1] - sorted[b]) : sorted[b];
}

function scaled(v, sorted, lo, hi) {
  const low = quantile(sorted, lo);
  const high = quantile(sorted, hi);
  if (v <= low) return 0;
  return v >= high ? 1 : (v - low) / (high - low);
}

// The candidate's draw in [0, 1), the same for everybody who knows the block.
export function draw(hash, stash) {
  const input = new Uint8Array(64);
  input.set(hexToU8a(hash), 0);
  input.set(decodeAddress(stash), 32);
  const b = blake2AsU8a(input, 256);
  return Number(new DataView(b.buffer, b.byteOffset).getBigUint64(0, true) >> 11n) / 2 ** 53;
}
