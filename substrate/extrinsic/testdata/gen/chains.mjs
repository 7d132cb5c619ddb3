// The runtimes that the golden files are made for: metadata from ../../../testdata/metadata, decorated by the reference
// client. Genesis hashes stand for whatever chain runs them.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expandMetadata, Metadata, TypeRegistry } from '@polkadot/types';
import { u8aToHex } from '@polkadot/util';

const genesis = {
  westend: '0x' + 'aa'.repeat(32),
  paseo: '0x77afd6190f1554ad45fd0d31aee62aacc33c6db0ea801129acb813f913e0764f',
  polkadot: '0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3',
  kusama: '0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe',
  statemint: '0x68d56f15f85d3136970ec16946040bc1752654e906147f7e43e9d539d7c3de2f',
  statemine: '0x48239ef607d7928874027a43a67689209727dfb3d3dc5e5b03a39bdc2eda771a',
  node: '0x' + '0e'.repeat(32),
};

export const labels = [
  'westend-9320.v14', 'paseo-1001002.v14', 'paseo-1001002.v15', 'polkadot-1002005.v14', 'polkadot-2000000.v15',
  'kusama-1003000.v14', 'kusama-1009002.v15', 'asset-hub-polkadot-2000000.v15', 'asset-hub-kusama-1009003.v15',
  'node-268.v14', 'node-268.v15', 'node-268.v16',
];

export function load(label) {
  const file = new URL(`../../../testdata/metadata/${label}.scale.gz`, import.meta.url);
  if (!existsSync(file)) throw new Error(`there is no ${file.pathname}`);
  const registry = new TypeRegistry();
  const metadata = new Metadata(registry, u8aToHex(gunzipSync(readFileSync(file))));
  registry.setMetadata(metadata);
  const { consts, tx } = expandMetadata(registry, metadata);
  const version = consts.system.version;
  return {
    label, registry, tx, spec: version.specName.toString(),
    specVersion: version.specVersion.toNumber(), transactionVersion: version.transactionVersion.toNumber(),
    genesis: genesis[version.specName.toString()],
  };
}
