// Quasi-cyclic LDPC with relaxed SIMD, for engines that have it: the same numbers, sooner.

export { compare, fill, signs, spread, sweep, syndrome } from './lib/ldpc';

export function heapBase(): usize {
  return __heap_base;
}
