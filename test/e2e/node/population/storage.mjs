// Turns a population into storage of the runtime at hand. Formats come from its metadata.
import { account, bytes, toHex } from '../lib/chain.mjs';
import { depth } from './world.mjs';

const placeholder = '0x626565660000000000000000000000000000000000000000000000000000000000';
const clippedAt = 64;

export function storage(api, w, p, now) {
  const s = { Staking: {}, Session: {}, System: { Account: [] }, Identity: { IdentityOf: [], SuperOf: [], SubsOf: [] } };
  const stakers = p.validators.filter((v) => v.chain);
  bonds(s, w, p, stakers);
  Object.assign(s.Staking, {
    ActiveEra: { index: w.active, start: now - 3_600_000 },
    CurrentEra: w.planned,
    Validators: stakers.filter((v) => v.chain.validating).map((v) => [[v.stash], { commission: v.chain.commission, blocked: v.chain.blocked }]),
    ErasStakers: p.exposed.map((e) => [[w.active, e.stash], exposure(e, e.others)]),
    ErasStakersClipped: p.exposed.map((e) => [[w.active, e.stash], exposure(e, largest(e.others))]),
    UnappliedSlashes: [[[w.active + 1], slashed(p, 'unapplied').map((v) => ({ validator: v.stash, own: w.token, others: [], reporters: [], payout: 0 }))]],
    ValidatorSlashInEra: slashed(p, 'applied').map((v) => [[w.active - 10, v.stash], [20_000_000, w.token]]),
    ...history(w, p, stakers),
  });
  s.Staking.CounterForValidators = s.Staking.Validators.length;
  s.Staking.CounterForNominators = s.Staking.Nominators.length;
  s.Session = {
    CurrentIndex: w.session,
    Validators: p.exposed.map((e) => e.stash),
    NextKeys: stakers.filter((v) => v.chain.keys).map((v) => [[v.stash], keys(api, v)]),
  };
  for (const v of stakers) identity(s.Identity, w, v);
  s.Identity.Registrars = [0, 1, 2, 3].map((i) => ({ account: account(`registrar ${i}`), fee: w.token, fields: 0 }));
  return s;
}

function bonds(s, w, p, stakers) {
  const st = (s.Staking = { Bonded: [], Ledger: [], Payee: [], Nominators: [] });
  const bond = (stash, controller, active, unlocking, claimedRewards, ledger = true) => {
    st.Bonded.push([[stash], controller]);
    const chunks = unlocking > 0n ? [{ value: unlocking, era: w.active + 5 }] : [];
    if (ledger) st.Ledger.push([[controller], { stash, total: active + unlocking, active, unlocking: chunks, claimedRewards }]);
  };
  const nominate = (n) => st.Nominators.push([[n.stash], { targets: n.targets, submittedIn: n.submittedIn, suppressed: false }]);
  const destinations = ['Staked', 'Stash', 'Controller', 'None'];
  stakers.forEach((v, i) => {
    const controller = v.chain.controller ? account(`${w.network} controller of ${v.label}`) : v.stash;
    const open = new Set(v.chain.claims.open);
    const claimed = eras(w).filter((e) => !open.has(e));
    bond(v.stash, controller, v.chain.active, v.chain.unlocking, claimed, v.chain.ledger);
    st.Payee.push([[v.stash], i % 5 === 4 ? { Account: account(`payee ${i}`) } : destinations[i % 5]]);
  });
  for (const n of p.backers) {
    if (n.bonded) bond(n.stash, n.controller, n.active, 0n, []);
    if (n.nominating) nominate(n);
  }
  for (const n of p.own) {
    if (n.bonded) bond(n.stash, n.controller, n.bond, 0n, []);
    if (n.targets) nominate(n);
    s.System.Account.push([[n.stash], { nonce: 1, consumers: 1, providers: 1, sufficients: 0, data: { free: n.free, reserved: n.reserved } }]);
  }
}

// Reward points and rewards of the past. Where the next era is planned already, the runtime has pruned the oldest.
function history(w, p, stakers) {
  const points = [];
  for (const era of eras(w)) {
    const individual = new Map();
    for (const v of stakers) {
      const c = v.chain;
      const must = c.claims.open.includes(era) && !(c.claims.idle ?? []).includes(era);
      if ((c.claims.idle ?? []).includes(era)) individual.set(v.stash, 0);
      else if (must || p.random.float() < c.activity) individual.set(v.stash, 20 * p.random.int(1, 4_000));
    }
    const total = [...individual.values()].reduce((a, b) => a + b, 0);
    points.push([[era], { total, individual }]);
  }
  return {
    ErasRewardPoints: points,
    ErasValidatorReward: eras(w).filter((e) => e !== w.active - 40).map((e) => [[e], 1_000n * w.token + BigInt(e)]),
    BondedEras: [w.active - 1, w.active].map((e) => [e, 6 * e]),
    ErasStartSessionIndex: [w.active - 1, w.active].map((e) => [[e], 6 * e]),
  };
}

const eras = (w) => {
  const first = w.planned - depth;
  return Array.from({ length: w.active - first }, (_, i) => first + i);
};

const exposure = (e, others) => ({ total: e.total, own: e.own, others });
const largest = (others) => [...others].sort((a, b) => (a.value < b.value ? 1 : -1)).slice(0, clippedAt);
const slashed = (p, how) => p.validators.filter((v) => v.chain?.slashed === how);

// Next session keys have other fields in every runtime; each gets bytes of its own length.
function keys(api, v) {
  const type = api.registry.createTypeUnsafe(api.registry.createLookupType(api.query.session.nextKeys.creator.meta.type.asMap.value), []);
  const out = {};
  for (const [name, key] of type.entries()) out[name] = toHex(bytes(`${v.stash} ${name}`, key.encodedLength));
  if ('beefy' in out && v.chain.keys.beefy !== 'real') {
    out.beefy = v.chain.keys.beefy === 'placeholder' ? placeholder : placeholder.replace('62656566', '62656567');
  }
  return out;
}

const raw = (text) => ({ Raw: toHex(new TextEncoder().encode(text)) });
const registration = (w, display, judgements) => ({ judgements, deposit: 20n * w.token, info: { display: raw(display), web: raw('https://example.org') } });

function identity(s, w, v) {
  const id = v.chain.identity;
  if (!id) return;
  if (id.judgements) s.IdentityOf.push([[v.stash], registration(w, `Op ${v.slot} ✓`, id.judgements)]);
  if (id.parent === undefined) return;
  const parent = account(`${w.network} parent of ${v.label}`);
  if (id.parent) s.IdentityOf.push([[parent], registration(w, `Parent ${v.slot}`, id.parent.judgements)]);
  s.SuperOf.push([[v.stash], [parent, raw(id.sub)]]);
  s.SubsOf.push([[parent], [w.token, [v.stash]]]);
}
