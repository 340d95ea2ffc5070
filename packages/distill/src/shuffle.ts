/**
 * The orders in which Cascade looks at a frame: Fisher–Yates shuffles driven by xoshiro128** (Blackman and Vigna,
 * arXiv:1805.01407) from a public seed. They must be the same at both ends and without pattern, nothing more; that an
 * adversary cannot prepare errors against them follows from the seed being drawn after the last detection.
 */
export class Shuffles {
  /** Bits of a frame, at most 65,536. */
  readonly length: number;
  readonly #seed: DataView;
  readonly #order: Uint16Array[] = [];
  readonly #place: Uint16Array[] = [];

  /** `seed`: 16 public bytes. */
  constructor(seed: Uint8Array, length: number) {
    this.length = length;
    this.#seed = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  }

  /** Bit of the frame that stands at each position in pass `pass` (from 0 on). */
  order(pass: number): Uint16Array {
    this.#prepare(pass);
    return this.#order[pass]!;
  }

  /** Position of each bit of the frame in pass `pass`: the inverse of `order`. */
  place(pass: number): Uint16Array {
    this.#prepare(pass);
    return this.#place[pass]!;
  }

  #prepare(pass: number): void {
    while (this.#order.length <= pass) {
      const order = shuffled(this.length, this.#seed, this.#order.length);
      const place = new Uint16Array(this.length);
      for (let i = 0; i < this.length; i++) place[order[i]!] = i;
      this.#order.push(order);
      this.#place.push(place);
    }
  }
}

/** The finaliser of MurmurHash3 (Appleby, public domain): every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let z = value;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

/**
 * State word i of pass p is mix(seed word i xor (4 p + i + 1) * 0x9e3779b9), the last one forced odd so that the state is
 * never zero; the first 16 outputs are dropped. Position j, from the last down, swaps with floor(output (j + 1) / 2^32).
 */
function shuffled(length: number, seed: DataView, pass: number): Uint16Array {
  const word = (i: number): number => mix(seed.getUint32(4 * i, true) ^ Math.imul(4 * pass + i + 1, 0x9e3779b9));
  let s0 = word(0);
  let s1 = word(1);
  let s2 = word(2);
  let s3 = word(3) | 1;
  const output = (): number => {
    const r = Math.imul(s1, 5);
    const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };
  for (let i = 0; i < 16; i++) output();
  const order = new Uint16Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  for (let j = length - 1; j > 0; j--) {
    const other = Math.floor((output() * (j + 1)) / 2 ** 32);
    const kept = order[j]!;
    order[j] = order[other]!;
    order[other] = kept;
  }
  return order;
}
