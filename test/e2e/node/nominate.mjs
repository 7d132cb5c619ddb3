// The other side of nominating: accounts of nominators with their proxies, what others do on the chain, and what the
// chain says afterwards, all through @polkadot/api.
//
//   node nominate.mjs --url ws://... --world westend|paseo --config DIR
//
// It replaces the nominators of the configuration by its own, prints the addresses of all accounts, and then answers one
// request a line, in JSON, until its input ends:
//
//   {"do": "state"}                                                    what the chain says of the nominators at its head
//   {"do": "blocks", "count": 3}                                       makes blocks
//   {"do": "commission", "stash": ADDRESS, "perbill": 1000000000}      what a validator demands from now on
//   {"do": "announce", "seed": "//X", "real": ADDRESS, "hash": "0x.."} announces with a real signature
//   {"do": "forge", "seed": "//X"}                                     what the node says to a signature with one bit changed
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Keyring } from '@polkadot/api';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { connect, json, option, seeded } from './lib/chain.mjs';
import { worlds } from './population/world.mjs';

// The nominators: one that signs itself, one with a proxy, two with delayed proxies.
const delay = 3;
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
const answers = { state, blocks, commission, announce, forge };
const print = (value) => console.log(JSON.stringify(JSON.parse(json(value)))); // on one line

print(await setup());
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  print(await answers[request.do](request));
}
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
  await send('dev_setBlockBuildMode', 'Instant');
  await blocks({ count: 1 });
  const entries = nominators.map((n) => (n.real
    ? { seed: n.seed, isProxy: true, proxyFor: seeded(n.real), proxyDelay: n.delay, maxTargets: 2 }
    : { seed: n.seed, maxTargets: 2 }));
  const file = join(option('config'), 'secret.json');
  writeFileSync(file, json({ scorekeeper: { nominators: entries } }));
  chmodSync(file, 0o600);
  const accounts = Object.fromEntries(nominators.map((n) => [n.label, seeded(n.real ?? n.seed)]));
  return { ...accounts, delegate: seeded('//e2e//delegate'), stranger: seeded(stranger) };
}

async function state() {
  const out = { block: (await api.rpc.chain.getHeader()).number.toNumber(), nominations: {}, announcements: {}, nonces: {} };
  await Promise.all(nominators.map(async (n) => {
    const nomination = await api.query.staking.nominators(seeded(n.real ?? n.seed));
    out.nominations[n.label] = nomination.isSome ? nomination.unwrap().targets.map((a) => a.toString()) : [];
    const [list] = await api.query.proxy.announcements(seeded(n.seed));
    out.announcements[n.label] = list.map((a) => ({ real: a.real.toString(), hash: a.callHash.toHex(), height: a.height.toNumber() }));
    out.nonces[n.label] = (await api.query.system.account(seeded(n.seed))).nonce.toNumber();
  }));
  return out;
}

function blocks({ count }) {
  return send('dev_newBlock', { count });
}

async function commission({ stash, perbill }) {
  const { blocked } = await api.query.staking.validators(stash);
  return send('dev_setStorage', { Staking: { Validators: [[[stash], { commission: perbill, blocked: blocked.isTrue }]] } });
}

function pair(seed) {
  return new Keyring({ type: 'sr25519' }).addFromUri(seed);
}

// Waits until the transaction is in a block.
function announce({ seed, real, hash }) {
  return new Promise((resolve, reject) => {
    api.tx.proxy.announce(real, hash).signAndSend(pair(seed), { nonce: -1 }, ({ status, dispatchError }) => {
      if (dispatchError) reject(new Error(dispatchError.toString()));
      else if (status.isInBlock || status.isFinalized) resolve(status.hash);
    }).catch(reject);
  });
}

async function forge({ seed }) {
  const signed = await api.tx.system.remark('0x').signAsync(pair(seed), { nonce: -1 });
  const right = signed.signature.toHex().slice(2);
  const wrong = (right[0] === '0' ? '1' : '0') + right.slice(1);
  try {
    return { accepted: await send('author_submitExtrinsic', signed.toHex().replace(right, wrong)) };
  } catch (e) {
    return { refused: e.message };
  }
}
