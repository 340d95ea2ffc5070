/**
 * Binary entropy h(x) = -x log2 x - (1 - x) log2(1 - x) in bits, of a bound on an error rate: 0 at 0, and 1 from 1/2 on,
 * since a bound that says no more than "at most x >= 1/2" leaves nothing known. Throws RangeError below 0 and for NaN.
 */
export function binaryEntropy(x: number): number {
  if (!(x >= 0)) throw new RangeError(`an error rate is a number from 0 on, not ${x}`);
  if (x === 0) return 0;
  if (x >= 0.5) return 1;
  return -x * Math.log2(x) - (1 - x) * (Math.log1p(-x) / Math.LN2);
}
