// A seeded source of numbers: the same label gives the same population on every machine.
import { blake2AsU8a } from '@polkadot/util-crypto';

const words = (seed) => {
  const b = blake2AsU8a(seed, 256);
  return [0, 1, 2, 3].map((i) => new DataView(b.buffer, b.byteOffset).getUint32(4 * i, true));
};

export class Random {
  #s;

  constructor(seed) {
    this.#s = words(seed);
  }

  // The xoshiro128** generator; its state comes from the seed's hash.
  next() {
    const s = this.#s;
    const rotl = (x, k) => ((x << k) | (x >>> (32 - k))) >>> 0;
    const result = Math.imul(rotl(Math.imul(s[1], 5) >>> 0, 7), 9) >>> 0;
    const t = (s[1] << 9) >>> 0;
    s[2] = (s[2] ^ s[0]) >>> 0;
    s[3] = (s[3] ^ s[1]) >>> 0;
    s[1] = (s[1] ^ s[2]) >>> 0;
    s[0] = (s[0] ^ s[3]) >>> 0;
    s[2] = (s[2] ^ t) >>> 0;
    s[3] = rotl(s[3], 11);
    return result;
  }

  // A float in [0, 1).
  float() {
    return this.next() / 2 ** 32;
  }

  // An integer from low to high, both included.
  int(low, high) {
    return low + Math.floor(this.float() * (high - low + 1));
  }

  // A bigint from low to high, both included; low digits vary so that amounts are never round.
  big(low, high) {
    const span = high - low + 1n;
    const raw = (BigInt(this.next()) << 64n) | (BigInt(this.next()) << 32n) | BigInt(this.next());
    return low + (raw % span);
  }

  pick(list) {
    return list[this.int(0, list.length - 1)];
  }

  // n different elements of the list, in a random order.
  sample(list, n) {
    const rest = [...list];
    const out = [];
    while (out.length < n && rest.length > 0) out.push(rest.splice(this.int(0, rest.length - 1), 1)[0]);
    return out;
  }
}
