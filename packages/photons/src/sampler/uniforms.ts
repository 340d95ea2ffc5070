import { type Random, seededRandom } from '../random.ts';

const length = 1024;

/**
 * Uniform numbers for the hot loops of the event sampler, which read `block` from `at` on themselves: xoshiro128** as in
 * random.ts, with a state of its own that is drawn from stream `stream` of the seed, in longer blocks.
 */
export class Uniforms implements Random {
  readonly block = new Float64Array(length);
  at = length;
  readonly #state = new Int32Array(4);

  /** Begins a stream. */
  start(seed: number, stream: number): void {
    const random = seededRandom(seed, stream);
    for (let i = 0; i < 4; i++) this.#state[i] = random.uint32();
    this.#state[0]! |= 1;
    this.at = length;
  }

  uniform(): number {
    if (this.at === length) this.refill();
    return this.block[this.at++]!;
  }

  uint32(): number {
    return Math.floor(this.uniform() * 2 ** 32);
  }

  /** Sees to it that `n` numbers, at most a block, stand from `at` on; fewer that were left are dropped. */
  reserve(n: number): void {
    if (this.at + n > length) this.refill();
  }

  refill(): void {
    const { block } = this;
    const state = this.#state;
    let s0 = state[0]!;
    let s1 = state[1]!;
    let s2 = state[2]!;
    let s3 = state[3]!;
    for (let i = 0; i < length; i++) {
      const high = Math.imul(s1, 5);
      let t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = (s3 << 11) | (s3 >>> 21);
      const low = Math.imul(s1, 5);
      t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = (s3 << 11) | (s3 >>> 21);
      block[i] =
        (Math.imul((high << 7) | (high >>> 25), 9) >>> 0) * 2 ** -32 +
        (Math.imul((low << 7) | (low >>> 25), 9) >>> 11) * 2 ** -53;
    }
    state[0] = s0;
    state[1] = s1;
    state[2] = s2;
    state[3] = s3;
    this.at = 0;
  }
}
