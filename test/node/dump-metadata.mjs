// Writes the metadata of a running node, compressed as the fixtures are:
//
//   node dump-metadata.mjs ws://127.0.0.1:9944 out.scale.gz [version]
//
// Without a version it takes what state_getMetadata returns; with one, what the runtime function
// Metadata_metadata_at_version returns.
import { writeFileSync } from 'node:fs';
import { WsProvider } from '@polkadot/api';
import { bnToU8a, compactFromU8a, hexToU8a, u8aToHex } from '@polkadot/util';
import { gzip } from './gzip.mjs';

const [url, out, version] = process.argv.slice(2);
if (!url || !out) {
  console.error('usage: node dump-metadata.mjs ws://HOST:PORT out.scale.gz [version]');
  process.exit(2);
}
const provider = new WsProvider(url, false, {}, 120_000);
await provider.connect();
await provider.isReady;
try {
  writeFileSync(out, gzip(version === undefined ? await latest() : await atVersion(Number(version))));
} finally {
  await provider.disconnect();
}

async function latest() {
  return hexToU8a(await provider.send('state_getMetadata', []));
}

async function atVersion(n) {
  const argument = u8aToHex(bnToU8a(n, { bitLength: 32, isLe: true }));
  const answer = hexToU8a(await provider.send('state_call', ['Metadata_metadata_at_version', argument]));
  if (answer[0] !== 1) {
    throw new Error(`the runtime has no metadata of version ${n}`);
  }
  const [offset, length] = compactFromU8a(answer.subarray(1));
  const blob = answer.subarray(1 + offset);
  if (length.toNumber() !== blob.length) {
    throw new Error('the answer is cut');
  }
  return blob;
}
