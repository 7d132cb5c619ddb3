// Fills a chain with a population and writes what the programme needs to know of it.
//
//   node population.mjs --url ws://... --world westend|paseo --out DIR
//
// Writes candidates.json, facts.json, sparse.json, config/main.json, config/secret.json and expected.json (what the corner cases
// demand, by hand) into DIR. The population comes from a seed: it is the same in every run.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { connect, json, option } from './lib/chain.mjs';
import { Random } from './lib/random.mjs';
import { backers, exposures, outsiders, ownNominators } from './population/backers.mjs';
import { candidates } from './population/candidates.mjs';
import { mainConfig, secretConfig } from './population/config.mjs';
import { factsFile, sparseFile } from './population/facts.mjs';
import { storage } from './population/storage.mjs';
import { worlds } from './population/world.mjs';

const url = option('url');
const out = option('out');
const w = worlds[option('world')];
const random = new Random(`population of ${w.network}`);
const listed = candidates(w, random);
const validators = [...listed, ...outsiders(w, random)];
const others = backers(w, random, validators);
const exposed = exposures(w, random, validators, others);
const stash = (label) => validators.find((v) => v.label === label).stash;
await cryptoWaitReady();
const own = ownNominators(w, validators, exposed, [0, 1, 2, 3, 4, 5].map((i) => stash(`ordinary ${i}`)), {
  blocked: stash('blocked'), commission: stash('commission 100 %'), suspended: stash('suspended'), identity: stash('no identity'),
});

const api = await connect(url);
const now = (await api.query.timestamp.now()).toNumber();
const items = storage(api, w, { random, validators, backers: others, exposed, own }, now);
await fill(api, items);
const header = await api.rpc.chain.getHeader();

const write = (name, value) => writeFileSync(join(out, name), `${json(value)}\n`);
mkdirSync(join(out, 'config'), { recursive: true });
write('candidates.json', { candidates: listed.map((c) => c.entry) });
write('facts.json', factsFile(w, listed, now));
write('sparse.json', sparseFile(w, listed, now));
write('config/main.json', mainConfig(w, url));
write('config/secret.json', secretConfig(own));
chmodSync(join(out, 'config/secret.json'), 0o600); // it holds seeds
write('expected.json', {
  block: header.number.toNumber(),
  hash: (await api.rpc.chain.getBlockHash(header.number)).toHex(),
  cases: listed.map((c) => ({ slot: c.slot, label: c.label, expect: c.expect })),
  nominators: own.map((n) => ({ label: n.label, address: n.address })),
});
console.log(`block ${header.number} filled: ${listed.length} candidates, ${items.Staking.Validators.length} validators, ${exposed.length} elected, ${items.Staking.Nominators.length} nominators`);
await api.disconnect();

// Sends the population in the object form, whose encoding the node takes from its own metadata.
async function fill(api, items) {
  const provider = api._rpcCore.provider;
  const reply = await provider.send('dev_setStorage', [JSON.parse(JSON.stringify(items, plain))]);
  if (reply !== (await api.rpc.chain.getBlockHash()).toHex()) throw new Error('the node filled another block than its head');
}

function plain(_, v) {
  if (typeof v === 'bigint') return v.toString();
  return v instanceof Map ? Object.fromEntries(v) : v;
}
