// The candidates: one per corner case, and ordinary ones around them.
import { encodeAddress } from '@polkadot/util-crypto';
import { account } from '../lib/chain.mjs';
import { cases } from './cases.mjs';
import { day } from './world.mjs';

const ordinary = 34;
const places = [
  ['Oslo', 'Oslo', 'NO', 'Blix Solutions AS'],
  ['Bern', 'Bern', 'CH', 'Init7 AG'],
  ['Zürich', 'Zurich', 'CH', 'Init7 AG'],
  ['São Paulo', 'São Paulo', 'BR', 'Equinix Brasil'],
  ['Frankfurt am Main', 'Hesse', 'DE', 'OVH SAS'],
  ['Roubaix', 'Hauts-de-France', 'FR', 'OVH SAS'],
  ['Tokyo', 'Tokyo', 'JP', 'SAKURA Internet Inc.'],
  ['Vilnius', 'Vilnius', 'LT', 'UAB Cherry Servers'],
];
const clients = [
  ['Parity Polkadot', '1.15.2-f4e52fb1a4d'],
  ['Parity Polkadot', '1.16.0-d2a11aa3e42'],
  ['Parity Polkadot', 'v1.15.3'],
  ['Gossamer', '0.9.0'],
];

// Slots have gaps and the list is not in their order.
export function candidates(w, random) {
  const list = cases(w).map((c) => build(w, random, c));
  for (let i = 0; i < ordinary; i++) list.push(build(w, random, { label: `ordinary ${i}` }));
  list.forEach((c, i) => {
    c.slot = 3 * i + (i % 2);
    c.entry.slotId = c.slot;
  });
  return random.sample(list, list.length);
}

function build(w, random, c) {
  const stash = account(`${w.network} candidate ${c.label}`);
  const commission = random.int(0, w.commission / 1_000_000) * 1_000_000;
  const chain = c.chain === null ? null : {
    validating: true, commission, blocked: false, ledger: true, controller: false, unlocking: 0n,
    active: random.big(w.minSelfStake, w.minSelfStake * 30n),
    identity: { judgements: [[random.int(0, 3), random.pick(['Reasonable', 'KnownGood'])]] },
    keys: { beefy: 'real' }, claims: { open: [] }, activity: often(random, random.float(), 0),
    ...c.chain,
  };
  return { label: c.label, stash, chain, expect: c.expect ?? {}, entry: entry(w, random, c, stash), facts: facts(w, random, c) };
}

// Values differ from candidate to candidate, so that every quantile lies between two of them; now and then one is none.
const often = (random, value, none) => (random.int(0, 11) === 0 ? none : value);

function entry(w, random, c, stash) {
  const e = { slotId: 0, name: `NODE-${c.label}`, stash, riotHandle: '@operator:matrix.org', kyc: random.int(0, 1) === 1, ...c.entry };
  if (c.kusama) e.kusamaStash = encodeAddress(stash, 2);
  return e;
}

// The facts in the form of cases.mjs: times as ages.
function facts(w, random, c) {
  const [city, region, country, provider] = random.pick(places);
  const [implementation, version] = random.pick(clients);
  const given = c.facts ?? {};
  const merge = (part, defaults) => (given[part] === null ? null : { ...defaults, ...given[part] });
  // A corner case about the main client's version must not draw another client.
  const client = given.presence?.version !== undefined ? { implementation: 'Parity Polkadot', version } : { implementation, version };
  const start = random.int(60, 6 * 24 * 60) * 60_000;
  const outage = often(random, [[start, start - random.int(1, 180) * 20_000]], []);
  return {
    presence: merge('presence', { firstSeen: random.int(14 * day, 900 * day), lastSeen: 0, live: random.int(1, 2), outages: given.presence?.live === 0 ? [] : outage, ...client }),
    location: merge('location', { city, region, country, provider, asn: random.int(1_000, 60_000), at: random.int(0, 40) * 3_600_000 }),
    remote: c.kusama ? merge('remote', { at: 3_600_000 }) : null,
    history: merge('history', { rank: random.int(0, 60), faults: random.int(0, 12), nominatedEra: often(random, w.active - random.int(1, 90), 0) }),
  };
}
