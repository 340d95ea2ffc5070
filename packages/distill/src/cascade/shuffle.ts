import { type CascadeShuffle, cascadeShuffle } from '@skykey/kernels';

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
  readonly #passes: CascadeShuffle[] = [];

  /** `seed`: 16 public bytes. */
  constructor(seed: Uint8Array, rows: number, lanes: number) {
    this.rows = rows;
    this.lanes = lanes;
    this.#seed = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  }

  /** The order of pass `pass` (from 0 on). */
  pass(pass: number): CascadeShuffle {
    while (this.#passes.length <= pass) this.#passes.push(shuffled(this, this.#seed, this.#passes.length));
    return this.#passes[pass]!;
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
 * never zero.
 */
function shuffled({ rows, lanes }: Shuffles, seed: DataView, pass: number): CascadeShuffle {
  const word = (i: number): number => mix(seed.getUint32(4 * i, true) ^ Math.imul(4 * pass + i + 1, 0x9e3779b9));
  return cascadeShuffle(rows, lanes, [word(0), word(1), word(2), word(3) | 1]);
}
