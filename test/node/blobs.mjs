// The metadata blobs under substrate/testdata/metadata: where they come from, and their names.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compactFromU8a, hexToU8a, u8aEq } from '@polkadot/util';
import { gzip, gunzip } from './gzip.mjs';

export const testdata = fileURLToPath(new URL('../../substrate/testdata/', import.meta.url));
const folder = testdata + 'metadata/';

// From @polkadot/types-support. The others, of runtimes executed by a node, were written by dump-metadata.mjs.
const packaged = {
  'polkadot-1002005.v14': 'v14/polkadot',
  'kusama-1003000.v14': 'v14/kusama',
  'contracts-node-100.v14': 'v14/substrate-contracts-node',
  'node-268.v14': 'v14/substrate',
  'polkadot-2000000.v15': 'v15/polkadot',
  'kusama-1009002.v15': 'v15/kusama',
  'asset-hub-polkadot-2000000.v15': 'v15/asset-hub-polkadot',
  'asset-hub-kusama-1009003.v15': 'v15/asset-hub-kusama',
  'node-268.v15': 'v15/substrate',
  'node-268.v16': 'v16/substrate',
};

// refresh writes the packaged blobs, or with check only compares, and returns what differs.
export async function refresh(check) {
  mkdirSync(folder, { recursive: true });
  const differing = [];
  for (const [label, source] of Object.entries(packaged)) {
    const { default: hex } = await import(`@polkadot/types-support/metadata/${source}-hex`);
    const blob = unwrap(hexToU8a(hex));
    const path = `${folder}${label}.scale.gz`;
    if (existsSync(path) && u8aEq(gunzip(readFileSync(path)), blob)) {
      continue;
    }
    if (check) {
      differing.push(path);
    } else {
      writeFileSync(path, gzip(blob));
    }
  }
  return differing;
}

// unwrap takes the blob out of the Option<Bytes> that the runtime function for a chosen version returns.
function unwrap(bytes) {
  if (bytes[0] !== 1) {
    return bytes;
  }
  const [offset, length] = compactFromU8a(bytes.subarray(1));
  const blob = bytes.subarray(1 + offset);
  if (length.toNumber() !== blob.length) {
    throw new Error('packaged metadata is cut');
  }
  return blob;
}

// all returns [label, blob] for every committed blob.
export function all() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.scale.gz'))
    .sort()
    .map((name) => [name.replace('.scale.gz', ''), gunzip(readFileSync(folder + name))]);
}
