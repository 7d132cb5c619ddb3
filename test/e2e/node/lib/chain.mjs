// The connection to the node, and accounts that nobody has a key of.
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { blake2AsU8a, encodeAddress } from '@polkadot/util-crypto';

export async function connect(url) {
  // No automatic reconnection: a node that goes away ends the run instead of hanging it.
  const provider = new WsProvider(url, false);
  await provider.connect();
  return ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true });
}

// The account of a label: 32 bytes of a hash, in SS58 with the prefix of the two runtimes.
export const account = (label) => encodeAddress(blake2AsU8a(`otv end-to-end: ${label}`, 256), 42);

// The account of a secret URI. Those used here hang on the development phrase, which everybody knows.
export const seeded = (uri) => new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri(uri).address;

// Key material of a label, of the given number of bytes.
export const bytes = (label, n) => {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i += 32) out.set(blake2AsU8a(`${label}/${i}`, 256).subarray(0, Math.min(32, n - i)), i);
  return out;
};

export const toHex = (u8a) => `0x${Buffer.from(u8a).toString('hex')}`;

// The value of --name in the arguments of this process.
export function option(name, fallback) {
  const i = process.argv.indexOf(`--${name}`);
  if (i >= 0 && i + 1 < process.argv.length) return process.argv[i + 1];
  if (fallback !== undefined) return fallback;
  throw new Error(`option --${name} is missing`);
}

// JSON with big integers as decimal text.
export const json = (v) => JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? x.toString() : x), 2);
