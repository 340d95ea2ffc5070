import { PhotonsError } from './error.ts';

/**
 * Seeded random numbers for simulation, never for keys: xoshiro128** 1.1 (Blackman and Vigna, arXiv:1805.01407), state
 * filled from the seed and a stream number by SplitMix-style mixing, so that every bin of a pass has a stream of its own
 * and the result does not depend on who draws it.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform 32-bit unsigned integer. */
  uint32(): number;
}

const blockLength = 64;

/**
 * Words are drawn in blocks, two for each uniform number: the one method that hot loops call stays small enough to be
 * inlined, so that its result is never boxed.
 */
class Xoshiro128 implements Random {
  private readonly state: Int32Array;
  private readonly block = new Float64Array(blockLength);
  private at = blockLength;

  constructor(state: Int32Array) {
    this.state = state;
  }

  uniform(): number {
    if (this.at === blockLength) this.refill();
    return this.block[this.at++]!;
  }

  uint32(): number {
    return Math.floor(this.uniform() * 2 ** 32);
  }

  private refill(): void {
    const { block, state } = this;
    let s0 = state[0]!;
    let s1 = state[1]!;
    let s2 = state[2]!;
    let s3 = state[3]!;
    let high = 0;
    for (let word = 0; word < 2 * blockLength; word++) {
      const r = Math.imul(s1, 5);
      const result = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
      const t = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= t;
      s3 = (s3 << 11) | (s3 >>> 21);
      if (word & 1) block[word >> 1] = (high * 2097152 + (result >>> 11)) * 2 ** -53;
      else high = result;
    }
    state[0] = s0;
    state[1] = s1;
    state[2] = s2;
    state[3] = s3;
    this.at = 0;
  }
}

/** The bare generator from a state of four 32-bit words, not all zero; a uniform number takes two words, high first. */
export function xoshiro128(state: readonly [number, number, number, number]): Random {
  return new Xoshiro128(Int32Array.from(state));
}

/** The 32-bit finaliser of MurmurHash3 after a golden-ratio step: a bijection that spreads every input bit. */
function mix(word: number): number {
  let z = (word + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

/**
 * The generator of stream `stream` of seed `seed`; both may be any safe integer from 0 on, anything else throws
 * `photons/seed`. Different pairs give different states: both passes of the mixing are invertible.
 */
export function seededRandom(seed: number, stream = 0): Random {
  for (const [name, value] of [
    ['seed', seed],
    ['stream', stream],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new PhotonsError('photons/seed', `${name} is ${value}; it must be a whole number from 0 to 2^53 - 1`);
    }
  }
  let s0 = mix(seed);
  let s1 = mix(Math.floor(seed / 2 ** 32) ^ s0);
  let s2 = mix(stream ^ s1);
  let s3 = mix(Math.floor(stream / 2 ** 32) ^ s2);
  // A second pass carries the stream number into the first words too: without it two streams of one seed would start
  // with equal halves.
  s0 = mix(s0 ^ s3);
  s1 = mix(s1 ^ s0);
  s2 = mix(s2 ^ s1);
  s3 = mix(s3 ^ s2);
  if ((s0 | s1 | s2 | s3) === 0) s0 = 1;
  return xoshiro128([s0, s1, s2, s3]);
}
