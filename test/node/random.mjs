// Values that look random and are the same at every run: from a text as seed.
export class Random {
  #state;

  constructor(seed) {
    let h = 2166136261;
    for (const c of seed) {
      h = Math.imul(h ^ c.codePointAt(0), 16777619);
    }
    this.#state = h >>> 0;
  }

  // below is an integer from 0 to n-1.
  below(n) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n);
  }

  bytes(n) {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }

  // bits is an integer of at most n bits; every number of bits is equally likely, so that all compact forms occur.
  bits(n) {
    const wanted = this.below(n + 1);
    let v = 0n;
    for (let i = 0; i < wanted; i++) {
      v = (v << 1n) | BigInt(i === 0 ? 1 : this.below(2));
    }
    return v;
  }

  text(n) {
    return Array.from({ length: n }, () => 'abcdefghijklmnopqrstuvwxyz. äß√'.at(this.below(31))).join('');
  }
}
