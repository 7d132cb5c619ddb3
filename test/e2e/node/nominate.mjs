// The other side of nominating: accounts of nominators with their proxies, what others do on the chain, and what the
// chain says afterwards, all through @polkadot/api.
//
//   node nominate.mjs setup     --url ws://... --world westend|paseo --config DIR
//   node nominate.mjs state     --url ws://...
//   node nominate.mjs commission --url ws://... --stash ADDRESS --perbill 1000000000
//   node nominate.mjs announce  --url ws://... --seed //X --real ADDRESS --hash 0x...
//
// setup replaces the nominators of the configuration by its own and prints their addresses, the others what the chain
// says.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keyring } from '@polkadot/api';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { connect, json, option, seeded } from './lib/chain.mjs';
import { worlds } from './population/world.mjs';

// The nominators: one that signs itself, one with a proxy, two with delayed proxies.
const delay = 10;
const nominators = [
  { label: 'direct', seed: '//e2e//direct' },
  { label: 'proxied', seed: '//e2e//proxy', real: '//e2e//proxied', delay: 0 },
  { label: 'delayed', seed: '//e2e//delegate', real: '//e2e//delayed', delay },
  { label: 'forgotten', seed: '//e2e//delegate2', real: '//e2e//forgotten', delay },
];
const stranger = '//e2e//stranger'; // has the first delayed nominator's delegate as its proxy too

await cryptoWaitReady();
const api = await connect(option('url'));
const send = (method, ...params) => api._rpcCore.provider.send(method, params);
const commands = { setup, state, commission, announce };
console.log(json(await commands[process.argv[2]]()));
await api.disconnect();

async function setup() {
  const w = worlds[option('world')];
  const data = (free) => ({ nonce: 0, consumers: 1, providers: 1, sufficients: 0, data: { free: (free * w.token).toString(), reserved: 0 } });
  const bond = 900_000n * w.token;
  const items = { System: { Account: [] }, Staking: { Bonded: [], Ledger: [], Payee: [] }, Proxy: { Proxies: [] } };
  for (const n of nominators) {
    const bonded = seeded(n.real ?? n.seed);
    items.Staking.Bonded.push([[bonded], bonded]);
    items.Staking.Ledger.push([[bonded], { stash: bonded, total: bond.toString(), active: bond.toString(), unlocking: [], claimedRewards: [] }]);
    items.Staking.Payee.push([[bonded], 'Staked']);
    items.System.Account.push([[bonded], data(1_000_000n)]);
    if (n.real) {
      items.System.Account.push([[seeded(n.seed)], data(1_000n)]);
      items.Proxy.Proxies.push([[bonded], [[{ delegate: seeded(n.seed), proxyType: 'Staking', delay: n.delay }], 0]]);
    }
  }
  items.System.Account.push([[seeded(stranger)], data(1_000n)]);
  items.Proxy.Proxies.push([[seeded(stranger)], [[{ delegate: seeded('//e2e//delegate'), proxyType: 'Staking', delay }], 0]]);
  await send('dev_setStorage', items);
  const entries = nominators.map((n) => (n.real
    ? { seed: n.seed, isProxy: true, proxyFor: seeded(n.real), proxyDelay: n.delay, maxTargets: 2 }
    : { seed: n.seed, maxTargets: 2 }));
  const file = join(option('config'), 'secret.json');
  writeFileSync(file, json({ scorekeeper: { nominators: entries } }));
  chmodSync(file, 0o600);
  const accounts = Object.fromEntries(nominators.map((n) => [n.label, seeded(n.real ?? n.seed)]));
  return { ...accounts, delegate: seeded('//e2e//delegate'), stranger: seeded(stranger) };
}

// What the chain says of the nominators at its head.
async function state() {
  const out = { block: (await api.rpc.chain.getHeader()).number.toNumber(), nominations: {}, announcements: {}, nonces: {} };
  for (const n of nominators) {
    const nomination = await api.query.staking.nominators(seeded(n.real ?? n.seed));
    out.nominations[n.label] = nomination.isSome ? nomination.unwrap().targets.map((a) => a.toString()) : [];
    const [list] = await api.query.proxy.announcements(seeded(n.seed));
    out.announcements[n.label] = list.map((a) => ({ real: a.real.toString(), hash: a.callHash.toHex(), height: a.height.toNumber() }));
    out.nonces[n.label] = (await api.query.system.account(seeded(n.seed))).nonce.toNumber();
  }
  return out;
}

async function commission() {
  const { blocked } = await api.query.staking.validators(option('stash'));
  return send('dev_setStorage', {
    Staking: { Validators: [[[option('stash')], { commission: Number(option('perbill')), blocked: blocked.isTrue }]] },
  });
}

// Announces with a real signature, and waits until it is in a block.
async function announce() {
  const key = new Keyring({ type: 'sr25519' }).addFromUri(option('seed'));
  await new Promise((resolve, reject) => {
    api.tx.proxy.announce(option('real'), option('hash')).signAndSend(key, { nonce: -1 }, ({ status, dispatchError }) => {
      if (dispatchError) reject(new Error(dispatchError.toString()));
      else if (status.isInBlock || status.isFinalized) resolve();
    }).catch(reject);
  });
  return state();
}
