import type { Uniform } from '../link/link.ts';

/** Uniform numbers for tests, 53 bits each: the sum of two xorshifts of 32 bits (Marsaglia, J. Stat. Softw. 8(14), 2003). */
export function xorshift(seed: number): Uniform {
  let a = (seed * 2654435761) | 1;
  let b = (seed ^ 0x9e3779b9) | 1;
  const step = () => {
    a ^= a << 13;
    a ^= a >>> 17;
    a ^= a << 5;
    b ^= b << 7;
    b ^= b >>> 1;
    b ^= b << 9;
    return (a + b) >>> 0;
  };
  for (let i = 0; i < 20; i++) step();
  return () => (step() * 2 ** 21 + (step() >>> 11)) / 2 ** 53;
}
