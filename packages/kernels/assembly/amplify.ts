/**
 * Steps of an exact product of binary polynomials by an additive Fourier transform over GF(2^32), for privacy amplification.
 * No branch, table or address depends on a coefficient. `src/amplify.ts` says how they fit together.
 */

import { product } from './lib/gf-product';
import { addScaled } from './lib/gf-scale';
import { slice, unslice } from './lib/gf-slices';
import { tables, twiddle } from './lib/gf-tables';

export {
  collect,
  contract,
  convert,
  convertRows,
  distribute,
  evaluate,
  expand,
  gather,
  interpolate,
  spread,
  unconvert,
  unconvertRows,
} from './lib/gf-transform';
export { tables };

export function heapBase(): usize {
  return __heap_base;
}

/** Bytes of room that `multiply` needs. */
export function multiplyRoom(): usize {
  return 8192 + 8192 + 16384 + 8192 + 8192 + 34816;
}

/**
 * Adds to `sum` the products of 128 pairs of polynomials of sixteen coefficients, group `leaf` and the next 127 of a
 * transform: modulo x^16 + x + s_4, for s_4 at the offset of the group.
 */
export function multiply(a: usize, b: usize, sum: usize, leaf: u32, room: usize): void {
  const slicedA = room;
  const slicedB = room + 8192;
  const sliced = room + 16384;
  const low = room + 32768;
  const high = room + 40960;
  const deeper = room + 49152;
  slice(a, slicedA, deeper);
  slice(b, slicedB, deeper);
  product(slicedA, slicedB, 16, sliced, deeper);
  unslice(sliced, 16, low, deeper);
  unslice(sliced + 8192, 15, high, deeper);
  for (let at: usize = 0; at < 8192; at += 64, leaf++) {
    // x^(16 + i) = s_4 x^i + x^(i + 1).
    addScaled(low + at, high + at, twiddle(leaf >> 1) ^ (leaf & 1));
    for (let byte: usize = 0; byte < 64; byte += 16) {
      const above = i8x16.shuffle(
        i8x16.splat(0),
        v128.load(high + at + byte),
        0,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
      );
      const all = v128.xor(v128.load(low + at + byte), above);
      v128.store(sum + at + byte, v128.xor(v128.load(sum + at + byte), all));
    }
  }
}
