// Writes ../../../keys/testdata/*.json: public keys, signatures and key files made by the reference client.
// The results hold random salts and nonces, so that running it again changes the key files but not what they mean.
import { writeFileSync } from 'node:fs';
import { Keyring } from '@polkadot/keyring';
import { base64Encode, cryptoWaitReady, naclEncrypt, scryptEncode, scryptToU8a } from '@polkadot/util-crypto';
import { hexToU8a, stringToU8a, u8aConcat, u8aFixLength, u8aToHex } from '@polkadot/util';

await cryptoWaitReady();
const M = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const out = (name, value) => writeFileSync(new URL(`../../../keys/testdata/${name}.json`, import.meta.url), JSON.stringify(value, null, 1) + '\n');
const dev = (uri) => uri.startsWith('//') ? M + uri : uri;

const uris = [
  M, '//Alice', '//Alice//stash', '//Alice/soft', `${M}//polkadot/0`, `${M}//polkadot//0`, `${M}//1//2///hunter2`,
  '//longer-than-thirty-one-bytes-junction-name', '//007', '//18446744073709551615', '//a b//ü///pä ß/w',
  '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e',
  '0xFAC7959DBFE72F052E5A0C3C8D6530F202B02FD8F9F5CA3580EC8DEB7797479E//Alice///ignored',
  'legal winner thank year wave sausage worth useful legal winner thank yellow',
  'letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless//x',
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about///',
  `${M}/0/1/2`, `${M}/soft//hard/soft`, '//exactly-thirty-one-bytes-long!!', '//exactly-thirty-two-bytes-long!!!',
];
out('uris', uris.flatMap((uri) => ['sr25519', 'ed25519', 'ecdsa'].map((scheme) => {
  try {
    const pair = new Keyring({ type: scheme, ss58Format: 42 }).createFromUri(uri);
    const deterministic = scheme !== 'sr25519';
    return {
      uri, scheme, public: u8aToHex(pair.publicKey), account: u8aToHex(pair.addressRaw), address: pair.address,
      // sr25519 signatures are random: this one has to verify, the others have to be equal
      signature: u8aToHex(pair.sign(stringToU8a('hello'))), deterministic,
    };
  } catch (e) {
    return { uri, scheme, refused: true };
  }
})));

const HEADER = hexToU8a('0x3053020101300506032b657004220420');
const DIVIDER = hexToU8a('0xa123032100');
const files = [];
// encrypted is what pair.toJson makes, with a cheaper scrypt that wallets write too: tests open many files.
const encrypted = (pair, secret) => {
  const { params, password, salt } = scryptEncode(secret, undefined, { N: 1 << 15, p: 1, r: 8 });
  const box = naclEncrypt(pair.encodePkcs8(), password.subarray(0, 32));
  const encoded = base64Encode(u8aConcat(scryptToU8a(salt, params), box.nonce, box.encrypted));
  return { ...pair.toJson(), encoded, encoding: { content: ['pkcs8', pair.type], type: ['scrypt', 'xsalsa20-poly1305'], version: '3' } };
};
const add = (name, password, scheme, publicKey, json) => {
  const pair = new Keyring().createFromJson(json);
  pair.unlock(password);
  if (u8aToHex(pair.publicKey) !== u8aToHex(publicKey)) throw new Error(`${name}: the reference client reads another key`);
  files.push({ name, password: password ?? '', scheme, public: u8aToHex(publicKey), file: json });
};
for (const scheme of ['sr25519', 'ed25519', 'ecdsa']) {
  const uri = scheme === 'sr25519' ? `${M}//polkadot/0` : `${M}//polkadot`;
  const pair = new Keyring({ type: scheme, ss58Format: 42 }).createFromUri(uri);
  add(`${scheme} version 3`, 'correct horse', scheme, pair.publicKey, scheme === 'sr25519' ? pair.toJson('correct horse') : encrypted(pair, 'correct horse'));
  add(`${scheme} none`, undefined, scheme, pair.publicKey, pair.toJson());
  const plain = pair.encodePkcs8();
  const weak = (content, bytes) => {
    const { encrypted, nonce } = naclEncrypt(bytes, u8aFixLength(stringToU8a('correct horse'), 256, true));
    return { ...pair.toJson(), encoded: u8aToHex(u8aConcat(nonce, encrypted)), encoding: { content, type: 'xsalsa20-poly1305', version: '2' } };
  };
  add(`${scheme} version 2`, 'correct horse', scheme, pair.publicKey, weak(['pkcs8', scheme], plain));
  const seed = hexToU8a('0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e');
  const seeded = new Keyring({ type: scheme, ss58Format: 42 }).createFromUri(u8aToHex(seed));
  const old = weak(['pkcs8', scheme], u8aConcat(HEADER, seed, DIVIDER, seeded.publicKey));
  add(`${scheme} version 1, seed`, 'correct horse', scheme, seeded.publicKey,
    { ...old, address: seeded.toJson().address, encoding: { ...old.encoding, version: '1' } });
}
const soft = new Keyring({ type: 'sr25519', ss58Format: 2 }).createFromUri(`${M}/a/b`);
add('sr25519 scrypt 2^15', 'p', 'sr25519', soft.publicKey, encrypted(soft, 'p'));
out('keystores', files);
