/**
 * GF(2^32) as a tower of quadratic extensions, whose subfields GF(2^8) and GF(2^16) are the numbers below 2^8 and 2^16:
 *   GF(2^(2h)) = GF(2^h)[x] / (x^2 + x + t_h),  t_h = 2^(h-1), the topmost basis element of GF(2^h).
 * Bits h to 2h - 1 of an element are the coefficient of x. For tables and tests: nothing here is fast, nor meant for keys.
 *
 * Sources: Cantor, J. Combin. Theory A 50 (1989); Chen et al., arXiv:1708.09746, for the tower and its use in transforms.
 */

/** Product of two elements of GF(2^`bits`), `bits` a power of two up to 32. */
export function multiply(a: number, b: number, bits = 32): number {
  if (bits === 1) return a & b;
  const half = bits / 2;
  const mask = 2 ** half - 1;
  const low = multiply(a & mask, b & mask, half);
  const high = multiply(a >>> half, b >>> half, half);
  const both = multiply((a ^ (a >>> half)) & mask, (b ^ (b >>> half)) & mask, half);
  return (((both ^ low) << half) | (low ^ multiply(high, 2 ** (half - 1), half))) >>> 0;
}

/** x with sum over set bits i of x of columns[i] equal to `wanted`; undefined if there is none. */
function solve(columns: readonly number[], wanted: number): number | undefined {
  // Pairs of a sum of columns and which they were, no two with the same topmost bit.
  const echelon: (readonly [sum: number, which: number])[] = [];
  const reduced = (sum: number, which: number): [number, number] => {
    for (const [row, rowWhich] of echelon) {
      if ((sum ^ row) >>> 0 < sum) [sum, which] = [(sum ^ row) >>> 0, (which ^ rowWhich) >>> 0];
    }
    return [sum, which];
  };
  for (const [i, column] of columns.entries()) {
    const [sum, which] = reduced(column, 2 ** i);
    if (sum === 0) continue;
    echelon.push([sum, which]);
    echelon.sort(([a], [b]) => b - a);
  }
  const [rest, which] = reduced(wanted, 0);
  return rest === 0 ? which : undefined;
}

const UNITS = Array.from({ length: 32 }, (_, i) => 2 ** i);

/** beta_0 = 1, beta_i^2 + beta_i = beta_(i-1), of the two solutions the even one; the first 2^k span GF(2^(2^k)). */
export const CANTOR_BASIS: readonly number[] = cantorBasis();

function cantorBasis(): number[] {
  const columns = UNITS.map((unit) => (multiply(unit, unit) ^ unit) >>> 0);
  const basis = [1];
  while (basis.length < 32) basis.push((solve(columns, basis.at(-1)!)! & ~1) >>> 0);
  return basis;
}

/**
 * Powers 0 to 31 of an element that lies in no smaller field: they are a basis, so that a binary polynomial of degree up
 * to 31 is its value there, and its products up to that degree are the products of values.
 */
export const POWERS: readonly number[] = powersOf(2 ** 31 + 2);

function powersOf(element: number): number[] {
  const powers = [1];
  while (powers.length < 32) powers.push(multiply(powers.at(-1)!, element));
  return powers;
}

/** The element, as polynomial in powers: bit i of entry j belongs to power i, of the unit 2^j. */
export function inPowers(): number[] {
  return UNITS.map((unit) => {
    const found = solve(POWERS, unit);
    if (found === undefined) throw new RangeError('the powers are no basis');
    return found;
  });
}
