// Two walks along the types of a metadata blob: sample makes inputs for the reference client's constructors, plain
// turns what the reference client decoded into the JSON that package codec writes.
import { u8aToBigInt, u8aToHex } from '@polkadot/util';

export const kind = (si) => si.def.type;
const path = (si) => si.path.map((p) => p.toString());
const last = (si) => path(si).at(-1) ?? '';

// inner returns the type inside a composite of one field without a name.
function inner(si) {
  if (kind(si) !== 'Composite') {
    return undefined;
  }
  const fields = si.def.asComposite.fields;
  return fields.length === 1 && fields[0].name.isNone ? fields[0].type : undefined;
}

const isU8 = (lookup, id) => {
  const si = lookup.getSiType(id);
  return kind(si) === 'Primitive' && si.def.asPrimitive.type === 'U8';
};

const named = (fields) => fields.length > 0 && fields.every((f) => f.name.isSome);

// A list has as many elements, and an Option a value, as the richness says: 0 for the poorest value of a type.
export function sample(lookup, id, random, rich, depth = 0) {
  const si = lookup.getSiType(id);
  const go = (t) => sample(lookup, t, random, rich, depth + 1);
  if (depth > 24) {
    throw new Error('types nested too deeply for a sample');
  }
  switch (last(si)) {
    case 'AccountId32':
      return u8aToHex(random.bytes(32));
    case 'Perbill':
      return random.below(1_000_000_001);
    case 'BitFlags':
      return random.below(8); // the reference client takes the flags' positions for their values, and refuses others
    case 'Option':
      return rich === 0 || random.below(4) === 0 ? null : go(si.params[0].type.unwrap());
    case 'Data':
      return data(random, rich);
    case 'BTreeMap':
      return new Map(list(random, rich, () => [go(si.params[0].type.unwrap()), go(si.params[1].type.unwrap())]));
  }
  if (inner(si) !== undefined) {
    return go(inner(si));
  }
  switch (kind(si)) {
    case 'Composite':
      return si.def.asComposite.fields.map((f) => go(f.type));
    case 'Variant':
      return variant(lookup, si, random, rich, depth);
    case 'Sequence':
      return isU8(lookup, si.def.asSequence.type)
        ? u8aToHex(random.bytes(rich === 0 ? 0 : 1 + random.below(40)))
        : list(random, rich, () => go(si.def.asSequence.type));
    case 'Array':
      return isU8(lookup, si.def.asArray.type)
        ? u8aToHex(random.bytes(si.def.asArray.len.toNumber()))
        : Array.from({ length: si.def.asArray.len.toNumber() }, () => go(si.def.asArray.type));
    case 'Tuple':
      return si.def.asTuple.map(go);
    case 'Compact':
      return go(si.def.asCompact.type);
    case 'Primitive':
      return primitive(si.def.asPrimitive.type, random);
  }
  throw new Error(`no samples for types of kind ${kind(si)}`);
}

const list = (random, rich, make) => Array.from({ length: rich === 0 ? 0 : rich + random.below(3) }, make);

function data(random, rich) {
  const pick = rich === 0 ? 0 : random.below(10);
  if (pick === 0) {
    return { None: null };
  }
  const hashes = { 1: 'BlakeTwo256', 2: 'Sha256', 3: 'Keccak256', 4: 'ShaThree256' };
  return hashes[pick] ? { [hashes[pick]]: u8aToHex(random.bytes(32)) } : { Raw: u8aToHex(random.bytes(random.below(33))) };
}

function variant(lookup, si, random, rich, depth) {
  const variants = si.def.asVariant.variants;
  const v = variants[random.below(variants.length)];
  const fields = v.fields.map((f) => sample(lookup, f.type, random, rich, depth + 1));
  return { [v.name.toString()]: fields.length === 1 && v.fields[0].name.isNone ? fields[0] : fields };
}

function primitive(type, random) {
  switch (type) {
    case 'Bool':
      return random.below(2) === 1;
    case 'Str':
      return random.text(random.below(20));
    case 'U8': case 'U16': case 'U32': case 'U64': case 'U128':
      return random.bits(Number(type.slice(1)));
    case 'I32': case 'I64':
      return random.bits(Number(type.slice(1)) - 1) * (random.below(2) === 1 ? -1n : 1n);
  }
  throw new Error(`no samples for ${type}`);
}

// plain turns a decoded value into JSON as package codec writes it; bigints stand for numbers.
export function plain(lookup, id, codec) {
  const si = lookup.getSiType(id);
  const go = (t, c) => plain(lookup, t, c);
  switch (last(si)) {
    case 'AccountId32':
      return u8aToHex(codec.toU8a(true));
    case 'Option':
      return codec.isNone ? null : go(si.params[0].type.unwrap(), codec.unwrap());
    case 'Data':
      return codec.isRaw ? { [`Raw${codec.asRaw.length}`]: u8aToHex(codec.asRaw) } : enumeration(lookup, si, codec);
    case 'BTreeMap':
      return [...codec.entries()].map(([k, v]) => [go(si.params[0].type.unwrap(), k), go(si.params[1].type.unwrap(), v)]);
    case 'BTreeSet':
      return [...codec.values()].map((v) => go(si.params[0].type.unwrap(), v));
    case 'RuntimeEvent':
    case 'Event':
      if (codec.data && codec.index) {
        return event(lookup, si, codec);
      }
  }
  if (inner(si) !== undefined) {
    return go(inner(si), codec);
  }
  switch (kind(si)) {
    case 'Composite':
      return members(lookup, si.def.asComposite.fields, codec);
    case 'Variant':
      return enumeration(lookup, si, codec);
    case 'Sequence':
      return isU8(lookup, si.def.asSequence.type)
        ? u8aToHex(codec.toU8a(true))
        : [...codec].map((c) => go(si.def.asSequence.type, c));
    case 'Array':
      return isU8(lookup, si.def.asArray.type)
        ? u8aToHex(codec.toU8a(true))
        : [...codec].map((c) => go(si.def.asArray.type, c));
    case 'Tuple':
      return [...si.def.asTuple].map((t, i) => go(t, codec[i]));
    case 'Compact':
      return go(si.def.asCompact.type, codec.unwrap());
    case 'Primitive':
      return scalar(si.def.asPrimitive.type, codec);
  }
  throw new Error(`no JSON for types of kind ${kind(si)}`);
}

// members writes fields: an object if they have names, else a list.
function members(lookup, fields, codec) {
  const values = fields.map((f, i) => plain(lookup, f.type, codec.getAtIndex ? codec.getAtIndex(i) : codec[i]));
  return named(fields) ? new Map(fields.map((f, i) => [f.name.unwrap().toString(), values[i]])) : values;
}

function enumeration(lookup, si, codec) {
  const index = codec.toU8a()[0];
  const v = si.def.asVariant.variants.find((x) => x.index.toNumber() === index);
  const name = v.name.toString();
  if (v.fields.length === 0) {
    return name;
  }
  const single = v.fields.length === 1 && v.fields[0].name.isNone;
  return { [name]: single ? plain(lookup, v.fields[0].type, codec.inner) : members(lookup, v.fields, codec.inner) };
}

// event handles the reference client's own class for events: two index bytes and the fields.
function event(lookup, si, codec) {
  const [pallet, index] = codec.index.toU8a();
  const outer = si.def.asVariant.variants.find((v) => v.index.toNumber() === pallet);
  const type = lookup.getSiType(outer.fields[0].type);
  const v = type.def.asVariant.variants.find((x) => x.index.toNumber() === index);
  const name = v.name.toString();
  if (v.fields.length === 0) {
    return { [outer.name.toString()]: name };
  }
  const values = v.fields.map((f, i) => plain(lookup, f.type, codec.data[i]));
  const single = v.fields.length === 1 && v.fields[0].name.isNone;
  const value = named(v.fields)
    ? new Map(v.fields.map((f, i) => [f.name.unwrap().toString(), values[i]]))
    : single ? values[0] : values;
  return { [outer.name.toString()]: { [name]: value } };
}

function scalar(type, codec) {
  switch (type) {
    case 'Bool':
      return codec.isTrue;
    case 'Str':
    case 'Char':
      return codec.toString();
    case 'U128': case 'U256': case 'I128': case 'I256':
      return codec.toBigInt().toString();
  }
  // A set of flags is no number to the reference client.
  return codec.toBigInt ? codec.toBigInt() : u8aToBigInt(codec.toU8a(true));
}

// json is JSON.stringify that knows bigints as numbers and maps as objects with their order.
export function json(v) {
  if (typeof v === 'bigint') {
    return v.toString();
  }
  if (v instanceof Map) {
    return `{${[...v].map(([k, x]) => `${JSON.stringify(k)}:${json(x)}`).join(',')}}`;
  }
  if (Array.isArray(v)) {
    return `[${v.map(json).join(',')}]`;
  }
  if (v !== null && typeof v === 'object') {
    return json(new Map(Object.entries(v)));
  }
  return JSON.stringify(v);
}
