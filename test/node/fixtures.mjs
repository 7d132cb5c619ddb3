// Makes the golden files of substrate/testdata with the reference client, @polkadot/api and its types:
//
//   node fixtures.mjs           write metadata/*.scale.gz and vectors/*.json
//   node fixtures.mjs --check   compare with what is there; exits 1 if anything differs
//
// A vector holds a storage key and a value, both encoded by the reference client, and what it decodes from them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Metadata, StorageKey, TypeRegistry, expandMetadata } from '@polkadot/types';
import { compactToU8a, u8aConcat, u8aEq, u8aToHex, stringCamelCase } from '@polkadot/util';
import { all, refresh, testdata } from './blobs.mjs';
import { constants, events, items } from './items.mjs';
import { Random } from './random.mjs';
import { json, kind, plain, sample } from './types.mjs';

const SAMPLES = 4; // values per storage item; the first is the poorest possible

const check = process.argv.includes('--check');
const differing = await refresh(check);
mkdirSync(testdata + 'vectors', { recursive: true });
for (const [label, blob] of all()) {
  const path = `${testdata}vectors/${label}.json`;
  const text = vectors(label, blob);
  if (!check) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    differing.push(path);
  }
}
for (const path of differing) {
  console.error(`differs: ${path}`);
}
process.exit(differing.length > 0 ? 1 : 0);

function vectors(label, blob) {
  const registry = new TypeRegistry();
  const metadata = new Metadata(registry, u8aToHex(blob));
  registry.setMetadata(metadata);
  const latest = metadata.asLatest;
  const context = { label, registry, latest, lookup: latest.lookup, query: expandMetadata(registry, metadata).query };
  const lines = [
    ['summary', json(summary(metadata))],
    ['constants', block(constantVectors(context))],
    ['storage', block(storageVectors(context))],
  ];
  return `{\n${lines.map(([name, text]) => `"${name}": ${text}`).join(',\n')}\n}\n`;
}

function block(list) {
  return `[\n${list.map(json).join(',\n')}\n]`;
}

function summary(metadata) {
  const latest = metadata.asLatest;
  const names = (list) => (list ?? []).map((x) => x.name.toString());
  return {
    version: metadata.version,
    types: latest.lookup.types.length,
    pallets: latest.pallets.map((p) => ({
      name: p.name.toString(),
      index: p.index.toNumber(),
      prefix: p.storage.isSome ? p.storage.unwrap().prefix.toString() : '',
      storage: p.storage.isSome ? names(p.storage.unwrap().items) : [],
      constants: names(p.constants),
      calls: variants(latest.lookup, p.calls),
      events: variants(latest.lookup, p.events),
      errors: variants(latest.lookup, p.errors),
    })),
    extensions: extensions(latest.extrinsic),
    apis: metadata.version < 15 ? [] : latest.apis.map((a) => ({ name: a.name.toString(), methods: names(a.methods) })),
  };
}

function extensions(extrinsic) {
  const list = extrinsic.transactionExtensions ?? extrinsic.signedExtensions;
  return list.map((e) => e.identifier.toString());
}

function variants(lookup, option) {
  if (option.isNone) {
    return [];
  }
  return lookup.getSiType(option.unwrap().type).def.asVariant.variants.map((v) => `${v.index} ${v.name}`);
}

function* each(context, wanted, of) {
  for (const [name, list] of Object.entries(wanted)) {
    const pallet = context.latest.pallets.find((p) => p.name.toString() === name);
    for (const item of list) {
      const found = pallet && of(pallet).find((i) => i.name.toString() === item);
      if (found) {
        yield [pallet, found];
      }
    }
  }
}

function constantVectors({ registry, latest, lookup }) {
  const out = [];
  for (const [pallet, constant] of each({ latest }, constants, (p) => p.constants)) {
    const value = constant.value.toU8a(true);
    const decoded = registry.createType(registry.createLookupType(constant.type), value);
    out.push({
      pallet: pallet.name.toString(),
      constant: constant.name.toString(),
      value: u8aToHex(value),
      decoded: plain(lookup, constant.type, decoded),
    });
  }
  return out;
}

function storageVectors(context) {
  const out = [];
  const of = (p) => (p.storage.isSome ? p.storage.unwrap().items : []);
  for (const [pallet, item] of each(context, items, of)) {
    for (let n = 0; n < samplesOf(context.lookup, item); n++) {
      out.push(storageVector(context, pallet, item, n));
    }
  }
  return out;
}

// samplesOf is more than usual for enums, so that all variants occur.
function samplesOf(lookup, item) {
  const si = lookup.getSiType(valueType(item));
  return kind(si) === 'Variant' && si.path.at(-1)?.toString() !== 'Option'
    ? Math.min(12, SAMPLES * si.def.asVariant.variants.length)
    : SAMPLES;
}

function valueType(item) {
  return item.type.isPlain ? item.type.asPlain : item.type.asMap.value;
}

function keyTypes(lookup, item) {
  if (item.type.isPlain) {
    return [];
  }
  const { hashers, key } = item.type.asMap;
  return hashers.length === 1 ? [key] : [...lookup.getSiType(key).def.asTuple];
}

function storageVector(context, pallet, item, n) {
  const { registry, lookup, query, label } = context;
  const name = `${pallet.name}.${item.name}`;
  const random = new Random(`${label} ${name} ${n}`);
  const make = (id) => registry.createType(registry.createLookupType(id), sample(lookup, id, random, n));

  const types = keyTypes(lookup, item);
  const args = types.map(make);
  const entry = query[stringCamelCase(pallet.name.toString())][stringCamelCase(item.name.toString())];
  const key = new StorageKey(registry, types.length === 0 ? entry : [entry, args]);

  const id = valueType(item);
  const bytes = name === 'System.Events' ? eventRecords(context, id, random, n) : make(id).toU8a();
  const decoded = registry.createType(registry.createLookupType(id), bytes);
  if (!u8aEq(decoded.toU8a(), bytes)) {
    throw new Error(`${label} ${name}: the reference client does not encode what it decoded`);
  }
  return {
    pallet: pallet.name.toString(),
    item: item.name.toString(),
    args: types.map((t, i) => plain(lookup, t, args[i])),
    key: key.toHex(),
    value: u8aToHex(bytes),
    decoded: plain(lookup, id, decoded),
  };
}

// eventRecords encodes events, which the reference client's class for them cannot be constructed from, field by field.
function eventRecords(context, id, random, n) {
  const { registry, latest, lookup } = context;
  const record = lookup.getSiType(lookup.getSiType(id).def.asSequence.type).def.asComposite.fields;
  const field = (name) => record.find((f) => f.name.unwrap().toString() === name).type;
  const encode = (t, rich) => registry.createType(registry.createLookupType(t), sample(lookup, t, random, rich)).toU8a();
  const out = [];
  const wanted = n === 0 ? [] : events.filter((_, i) => i % (SAMPLES - 1) === n - 1);
  for (const name of wanted) {
    const [palletName, eventName] = name.split('.');
    const pallet = latest.pallets.find((p) => p.name.toString() === palletName && p.events.isSome);
    const event = pallet && lookup.getSiType(pallet.events.unwrap().type).def.asVariant.variants
      .find((v) => v.name.toString() === eventName);
    if (event) {
      out.push(u8aConcat(
        encode(field('phase'), n),
        Uint8Array.of(pallet.index.toNumber(), event.index.toNumber()),
        ...event.fields.map((f) => encode(f.type, 1)),
        encode(field('topics'), random.below(2)),
      ));
    }
  }
  return u8aConcat(compactToU8a(out.length), ...out);
}
