// Quasi-cyclic LDPC with the instructions that every engine has.

export { compare, fill, signs, spread, sweep, syndrome } from './lib/ldpc';

export function heapBase(): usize {
  return __heap_base;
}
