/**
 * The orders in which Cascade looks at a frame of `rows` rows of `lanes` bits: in every pass the rows stand in another
 * order, and each is turned by another number of lanes. Two bits of one row never share a lane, so never a block; two bits
 * of different rows do so with probability one in (lanes * blocks of a lane), independently in every pass.
 *
 * Fisher–Yates shuffles driven by xoshiro128** (Blackman and Vigna, arXiv:1805.01407) from a public seed. They must be the
 * same at both ends and without pattern, nothing more; that an adversary cannot prepare errors against them follows from
 * the seed being drawn after the last detection.
 */
export class Shuffles {
  /** Rows of a frame, at most 32,768. */
  readonly rows: number;
  /** Bits of a row: a power of two, at most 32. */
  readonly lanes: number;
  readonly #seed: DataView;
  readonly #passes: Shuffle[] = [];

  /** `seed`: 16 public bytes. */
  constructor(seed: Uint8Array, rows: number, lanes: number) {
    this.rows = rows;
    this.lanes = lanes;
    this.#seed = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  }

  /** The order of pass `pass` (from 0 on). */
  pass(pass: number): Shuffle {
    while (this.#passes.length <= pass) this.#passes.push(shuffled(this, this.#seed, this.#passes.length));
    return this.#passes[pass]!;
  }
}

/** The order of one pass. */
export interface Shuffle {
  /** Row that stands at each position. */
  readonly order: Uint16Array;
  /** Position of each row: the inverse of `order`. */
  readonly place: Uint16Array;
  /** Lanes by which each row is turned: its bit i stands in lane (i + turn) modulo the number of lanes. */
  readonly turn: Uint8Array;
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
 * never zero; the first 16 outputs are dropped. Position j, from the last down to 0, swaps with floor(output (j + 1) / 2^32),
 * and the row that comes to stand there is turned by the lowest bits of the same output.
 */
function shuffled({ rows, lanes }: Shuffles, seed: DataView, pass: number): Shuffle {
  const word = (i: number): number => mix(seed.getUint32(4 * i, true) ^ Math.imul(4 * pass + i + 1, 0x9e3779b9));
  let s0 = word(0);
  let s1 = word(1);
  let s2 = word(2);
  let s3 = word(3) | 1;
  const order = new Uint16Array(rows);
  const turn = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  for (let j = rows + 15; j >= 0; j--) {
    const r = Math.imul(s1, 5);
    const output = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    if (j >= rows) continue;
    const other = Math.floor((output * (j + 1)) / 2 ** 32);
    const row = order[other]!;
    order[other] = order[j]!;
    order[j] = row;
    turn[row] = output & (lanes - 1);
  }
  const place = new Uint16Array(rows);
  for (let i = 0; i < rows; i++) place[order[i]!] = i;
  return { order, place, turn };
}
