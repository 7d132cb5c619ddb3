// Writes ../payloads.json, ../examples.json and ../events.json with the reference client. Running it again gives the
// same bytes: everything is signed with ed25519, whose signatures are deterministic.
import { writeFileSync } from 'node:fs';
import { Keyring } from '@polkadot/keyring';
import { blake2AsHex, cryptoWaitReady } from '@polkadot/util-crypto';
import { compactStripLength, u8aConcat, u8aToHex } from '@polkadot/util';
import { labels, load } from './chains.mjs';

await cryptoWaitReady();
const ed = new Keyring({ type: 'ed25519' });
const sr = new Keyring({ type: 'sr25519' });
const alice = ed.createFromUri('//Alice');
const account = (uri) => sr.createFromUri(uri).address;
const bob = account('//Bob'), charlie = account('//Charlie'), real = account('//Alice//stash'), delegate = account('//Alice');
const birthHash = '0x' + 'bb'.repeat(32);
const out = (name, value) => writeFileSync(new URL(`../${name}.json`, import.meta.url), JSON.stringify(value, null, 1) + '\n');

// sign does what @polkadot/api does for a submittable: payload by the registry's extensions, signature, extrinsic.
function sign(chain, call, { nonce, tip = 0, period = 0, current = 0 }) {
  const { registry } = chain;
  const era = period ? registry.createType('ExtrinsicEra', { current, period }) : registry.createType('ExtrinsicEra', '0x00');
  const options = {
    blockHash: period ? birthHash : chain.genesis, era, genesisHash: chain.genesis, nonce, tip, mode: 0,
    runtimeVersion: { specVersion: chain.specVersion, transactionVersion: chain.transactionVersion },
  };
  const payload = registry.createType('ExtrinsicPayload', {
    ...options, method: call.toHex(), specVersion: chain.specVersion, transactionVersion: chain.transactionVersion,
    metadataHash: null,
  }, { version: 4 });
  const extrinsic = registry.createType('Extrinsic', { method: call }, { version: 4 });
  extrinsic.sign(alice, options);
  const callHex = u8aToHex(call.toU8a());
  const bytes = u8aToHex(payload.toU8a({ method: true }));
  if (!bytes.startsWith(callHex)) throw new Error('the payload does not begin with the call');
  const [, body] = compactStripLength(extrinsic.toU8a());
  const extra = u8aToHex(body.subarray(1 + 33 + 65, body.length - call.toU8a().length));
  return {
    call: callHex, callHash: blake2AsHex(call.toU8a(), 256), nonce, tip: String(tip), period, current,
    extra, payload: bytes, extrinsic: extrinsic.toHex(), hash: extrinsic.hash.toHex(),
  };
}

function calls({ tx }) {
  const nominate = tx.staking.nominate([bob, charlie]);
  const hash = blake2AsHex(nominate.toU8a(), 256);
  return {
    nominate,
    proxy: tx.proxy.proxy(real, 'Staking', nominate),
    announce: tx.proxy.announce(real, hash),
    proxyAnnounced: tx.proxy.proxyAnnounced(delegate, real, 'Staking', nominate),
    removeAnnouncement: tx.proxy.removeAnnouncement(real, hash),
    batchAll: tx.utility.batchAll([nominate, tx.proxy.announce(real, hash), tx.proxy.proxy(real, null, tx.staking.chill())]),
  };
}

const payloads = [];
for (const label of labels) {
  const chain = load(label);
  const items = [];
  let nonce = 0;
  for (const [name, call] of Object.entries(calls(chain))) {
    // nonces and tips of all compact sizes, eras with and without quantised phases
    items.push({ name, ...sign(chain, call, { nonce: nonce ** 5, tip: nonce ** 12, period: [4, 64, 256, 4096, 32768, 65536][nonce], current: 10_000_042 + nonce }) });
    items.push({ name, ...sign(chain, call, { nonce: nonce + 60 }) });
    nonce++;
  }
  payloads.push({
    metadata: label, spec: chain.spec, specVersion: chain.specVersion, transactionVersion: chain.transactionVersion,
    genesis: chain.genesis, birthHash, extensions: chain.registry.signedExtensions, items,
  });
}
out('payloads', payloads);

const westend = load('westend-9320.v14'), relay = load('polkadot-1002005.v14'), hub = load('asset-hub-polkadot-2000000.v15');
const nominate = (chain, targets) => chain.tx.staking.nominate(targets);
const b = nominate(hub, [bob, charlie]);
const page = (chain, era, n) => chain.tx.staking.payoutStakersByPage(bob, era, n);
const mortal = (nonce) => ({ nonce, period: 64, current: 10_000_042 });
const examples = [
  ['A', westend, nominate(westend, [bob, charlie]), { nonce: 7, period: 64, current: 1_000_000 }],
  ['B', hub, b, mortal(3)],
  ['C', hub, hub.tx.proxy.proxy(real, 'Staking', b), { ...mortal(4), tip: 1_000_000 }],
  ['D', hub, hub.tx.proxy.announce(real, blake2AsHex(b.toU8a(), 256)), mortal(5)],
  ['E', hub, hub.tx.proxy.proxyAnnounced(delegate, real, 'Staking', b), mortal(6)],
  ['F', hub, nominate(hub, Array.from({ length: 16 }, (_, i) => account(`//v//${i}`))), mortal(8)],
  ['G', relay, page(relay, 1500, 0), { nonce: 70 }],
  ['H', hub, hub.tx.utility.batchAll([page(hub, 1978, 0), page(hub, 1978, 1)]), { nonce: 9 }],
];
out('examples', examples.map(([name, chain, call, options]) => ({
  name, metadata: chain.label, specVersion: chain.specVersion, transactionVersion: chain.transactionVersion,
  genesis: chain.genesis, birthHash, ...sign(chain, call, options),
  bare: chain.registry.createType('Extrinsic', { method: call }, { version: 4 }).toHex(),
})));

// Events as a chain stores them, with errors at several depths.
const events = [];
for (const label of labels) {
  const chain = load(label);
  const { registry } = chain;
  const index = (pallet) => registry.metadata.pallets.find((p) => p.name.toString() === pallet).index.toNumber();
  const variants = (id) => registry.lookup.getSiType(id).def.asVariant.variants;
  const moduleError = (pallet, name) => {
    const p = registry.metadata.pallets.find((p) => p.name.toString() === pallet);
    const v = variants(p.errors.unwrap().type).find((v) => v.name.toString() === name);
    return { Module: { index: p.index.toNumber(), error: u8aToHex(new Uint8Array([v.index.toNumber(), 0, 0, 0])) } };
  };
  const event = (pallet, name, ...values) => {
    const p = registry.metadata.pallets.find((p) => p.name.toString() === pallet);
    const v = variants(p.events.unwrap().type).find((v) => v.name.toString() === name);
    const fields = v.fields.map((f, i) => registry.createType(registry.createLookupType(f.type), values[i]).toU8a());
    return u8aConcat(new Uint8Array([index(pallet), v.index.toNumber()]), ...fields);
  };
  const apply = (n) => u8aConcat(new Uint8Array([0]), registry.createType('u32', n).toU8a());
  const record = (phase, e) => u8aConcat(phase, e, new Uint8Array([0]));
  const info = { weight: { refTime: 123456789, proofSize: 4096 }, class: 'Normal', paysFee: 'Yes' };
  const notController = moduleError('Staking', 'NotController');
  const list = [
    record(new Uint8Array([2]), event('Balances', 'Deposit', bob, 5)),
    record(apply(0), event('System', 'ExtrinsicSuccess', info)),
    record(apply(1), event('Balances', 'Withdraw', bob, 7)),
    record(apply(1), event('Proxy', 'ProxyExecuted', { Err: notController })),
    record(apply(1), event('System', 'ExtrinsicSuccess', info)),
    record(apply(2), event('System', 'ExtrinsicFailed', moduleError('Proxy', 'Unannounced'), info)),
    record(apply(3), event('Proxy', 'ProxyExecuted', { Ok: null })),
    record(apply(3), event('Utility', 'BatchInterrupted', 1, { Token: 'Frozen' })),
    record(apply(3), event('System', 'ExtrinsicSuccess', info)),
    record(apply(4), event('Utility', 'ItemCompleted')),
    record(apply(4), event('Utility', 'ItemFailed', 'BadOrigin')),
    record(apply(4), event('Utility', 'ItemFailed', { Module: { index: 251, error: '0x09000000' } })),
    record(apply(4), event('Utility', 'BatchCompletedWithErrors')),
    record(apply(4), event('System', 'ExtrinsicSuccess', info)),
    record(apply(5), event('Proxy', 'Announced', real, delegate, '0x' + '11'.repeat(32))),
    record(apply(5), event('System', 'ExtrinsicSuccess', info)),
    record(new Uint8Array([1]), event('Balances', 'Deposit', charlie, 1)),
  ];
  const bytes = u8aConcat(registry.createType('Compact<u32>', list.length).toU8a(), ...list);
  const check = registry.createType('Vec<FrameSystemEventRecord>', bytes); // the reference client must read its own work
  if (u8aToHex(check.toU8a()) !== u8aToHex(bytes)) throw new Error(`${label}: events are not read back`);
  events.push({ metadata: label, events: u8aToHex(bytes), names: check.map((r) => `${r.event.section}.${r.event.method}`) });
}
out('events', events);
