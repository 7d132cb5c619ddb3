// The accounts that nominate, the exposures of the active era, and the programme's own nominators.
import { account, seeded } from '../lib/chain.mjs';

const backerCount = 230;
const electedCandidates = 22;
const strangers = 8;
const maxTargets = 16;

// Validators outside the programme: they share the active set and some nominations with the candidates.
export function outsiders(w, random) {
  return Array.from({ length: strangers }, (_, i) => ({
    label: `outsider ${i}`,
    stash: account(`${w.network} outsider ${i}`),
    chain: {
      validating: true, commission: 10_000_000 * i, blocked: false, ledger: true, controller: false, unlocking: 0n,
      active: random.big(10n * w.token, 90_000n * w.token), identity: null, keys: { beefy: 'real' }, claims: { open: [] }, activity: 1,
    },
  }));
}

// Ordinary nominators: bonds from dust to whales, one to sixteen targets, some under separate controllers, some
// whose stake is in the active era's exposures with another value than their bond has now.
export function backers(w, random, validators) {
  const stashes = validators.filter((v) => v.chain?.validating).map((v) => v.stash);
  return Array.from({ length: backerCount }, (_, i) => {
    const size = random.int(0, 9);
    const stash = account(`${w.network} backer ${i}`);
    return {
      stash,
      controller: i % 23 === 7 ? account(`${w.network} backer controller ${i}`) : stash,
      bonded: i !== 11,
      active: size === 0 ? random.big(1n, w.token) : random.big(w.token, w.token * 10n ** BigInt(size % 6)),
      // Some take part in exposures, but have withdrawn their nomination since.
      nominating: i % 17 !== 3,
      targets: random.sample(stashes, random.int(1, maxTargets)),
      submittedIn: random.int(0, w.active),
    };
  });
}

// Who is elected and with what: exposure totals from small to large, some validators with more backers than a clipped
// exposure holds, one without any.
export function exposures(w, random, validators, nominators) {
  // Two of the programme's own accounts stand behind candidates too; they must not count as backing from outside.
  const own = ['second, due to the era', 'stash named by its controller'].map((label) => ({ stash: ownAccount(w, label), active: 5_000n * w.token }));
  const running = validators.filter((v) => v.chain?.validating && v.chain.ledger && v.chain.active > 0n);
  const candidates = running.filter((v) => v.slot !== undefined);
  const elected = [...random.sample(candidates, electedCandidates), ...running.filter((v) => v.slot === undefined).slice(0, 4)];
  return elected.map((v, i) => {
    const self = v.chain.active - (i % 3 === 0 ? 1n : 0n);
    const count = i === 1 ? 0 : i % 2 === 0 ? 60 + 3 * i : random.int(1, 12);
    const backing = [...random.sample(nominators, count), ...(i % 4 === 2 ? own : [])];
    const others = backing.map((n) => ({ who: n.stash, value: random.big(1n, n.active) }));
    return { stash: v.stash, total: others.reduce((sum, o) => sum + o.value, self), own: self, others };
  });
}

const ownAccount = (w, label) => account(`${w.network} nominator ${label}`);

// The programme's own accounts, in configuration order. Balances are chosen by how many of the cheapest seats beyond
// the lowest five they have to fill alone; which of the accounts are due the model finds out for itself.
export function ownNominators(w, validators, exposed, fit, unfit) {
  const totals = exposed.map((e) => e.total).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const sum = (n) => totals.slice(5, 5 + n).reduce((a, b) => a + b, 0n);
  // The least balance whose buffered part is more than s: b - max(b/500, 20 tokens) > s.
  const balance = (s) => {
    const byShare = (s * 500n) / 499n + 1n;
    const byFloor = s + 20n * w.token + 1n;
    return byShare > byFloor ? byShare : byFloor;
  };
  const make = (label, o) => {
    const address = o.address ?? ownAccount(w, label);
    return { label, address, stash: address, controller: address, bonded: true, bond: 1_000n * w.token, free: 1_000n * w.token, reserved: 0n, targets: null, submittedIn: 0, ...o };
  };
  const before = w.active - w.eraBuffer;
  return [
    make('first, never nominated', { seed: '//first', address: seeded('//first'), free: balance(sum(4)) }),
    make('second, due to the era', { free: balance(sum(3)) - 7n * w.token, reserved: 7n * w.token, targets: fit.slice(0, 3), submittedIn: before, maxTargets: 2 }),
    make('one era too early', { free: balance(sum(6)), targets: fit.slice(3, 6), submittedIn: before + 1 }),
    make('submitted in the planned era', { free: balance(sum(6)), targets: fit.slice(2, 4), submittedIn: w.planned }),
    make('too early, but a target blocks', { free: balance(sum(1)), targets: [fit[0], unfit.blocked], submittedIn: w.active }),
    make('too early, but a target raised its commission', { free: balance(sum(0)), targets: [unfit.commission], submittedIn: w.active }),
    make('too early, but a target is suspended', { free: 1n, targets: [unfit.suspended, fit[1]], submittedIn: w.active }),
    make('too early, but a target is not listed', { free: balance(sum(1)) - 1n, targets: [validators.find((v) => v.slot === undefined).stash], submittedIn: w.active }),
    make('too early, and a target has no identity', { free: balance(sum(2)), targets: [unfit.identity], submittedIn: w.active }),
    make('not bonded', { bonded: false }),
    make('bond exactly the minimum', { bond: 50n * w.token, free: balance(sum(5)) }),
    make('bond one planck over the minimum', { bond: 50n * w.token + 1n, free: 20n * w.token }),
    make('stash with a separate controller', { controller: account(`${w.network} nominator controller`), free: balance(sum(2)), targets: fit.slice(0, 2), submittedIn: 0 }),
    make('named by its controller', { stash: ownAccount(w, 'stash named by its controller'), free: balance(sum(1)), targets: fit.slice(1, 5), submittedIn: before - 2 }),
    make('buffer eats the balance', { free: 15n * w.token }),
    make('wants more than the runtime allows', { seed: '//proxy', proxied: true, free: balance(sum(21)) * 3n, bond: 900_000n * w.token }),
    make('could fill every seat', { free: balance(sum(999)) + 12_345n }),
    make('gets what is left', { free: balance(sum(15)) }),
    make('gets nothing', { free: balance(sum(2)) }),
  ];
}
