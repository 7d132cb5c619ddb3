// Reads storage items with @polkadot/api, in the form `otv chain storage --json` prints.
//
//   node storage.mjs --url ws://... --block HASH --items Pallet.Item[,Pallet.Item...]
//
// Prints {"Pallet.Item": [{"keys": [...], "value": ...}, ...]}; an item without keys is a list of one.
import { Bool, BTreeMap, Compact, Data, Enum, GenericAccountId, Int, Option, Raw, Struct, Text, Tuple, UInt, Vec, VecFixed } from '@polkadot/types';
import { stringCamelCase } from '@polkadot/util';
import { connect, option } from './lib/chain.mjs';

const api = await connect(option('url'));
const at = await api.at(option('block'));
const out = {};
for (const item of option('items').split(',')) {
  const [pallet, name] = item.split('.').map((s) => stringCamelCase(s));
  const query = at.query[pallet][name];
  out[item] = query.creator.meta.type.isPlain
    ? [{ keys: [], value: plain(await query()) }]
    : (await query.entries()).map(([key, value]) => ({ keys: key.args.map(plain), value: plain(value) }));
}
console.log(JSON.stringify(out));
await api.disconnect();

// A value in plain JSON: field names as in the metadata, integers as decimal text, bytes in hexadecimal.
function plain(v) {
  if (v instanceof Option) return v.isSome ? plain(v.unwrap()) : null;
  if (v instanceof Compact) return plain(v.unwrap());
  if (v instanceof Data) return v.isRaw ? { [`Raw${v.asRaw.length}`]: v.asRaw.toHex() } : v.isNone ? 'None' : { [v.type]: v.inner.toHex() };
  if (v instanceof GenericAccountId) return v.toString();
  if (v instanceof Int || v instanceof UInt) return v.toString();
  if (v instanceof Bool) return v.isTrue;
  if (v instanceof Text) return v.toString();
  if (v instanceof Enum) return v.inner.encodedLength === 0 ? v.type : { [v.type]: plain(v.inner) };
  if (v instanceof Struct) return Object.fromEntries([...v.entries()].map(([k, x]) => [snake(k), plain(x)]));
  if (v instanceof BTreeMap) return [...v.entries()].map(([k, x]) => [plain(k), plain(x)]);
  if (v instanceof Raw) return v.toHex();
  if (v instanceof Tuple || v instanceof Vec || v instanceof VecFixed) return [...v].map(plain);
  throw new Error(`no plain form for ${v.toRawType()}`);
}

function snake(name) {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}
