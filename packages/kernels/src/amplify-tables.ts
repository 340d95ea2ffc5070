/** The constants of the amplification kernel, in the order in which it looks for them (`assembly/lib/gf-tables.ts`). */
import { CANTOR_BASIS, inPowers, multiply, POWERS } from './tower-field.ts';

export const TABLE_BYTES = 17_152;

/** Values of every sum of some of four: entry n is the sum over the set bits of n. */
function sums(of: readonly number[]): number[] {
  const out = [0];
  for (const value of of) out.push(...out.map((sum) => (sum ^ value) >>> 0));
  return out;
}

/** For each four inputs of a linear map, and each byte of its result: what that byte is, for their sixteen sums. */
function nibbleTables(columns: readonly number[]): number[] {
  const out: number[] = [];
  for (let at = 0; at < columns.length; at += 4) {
    const values = sums(columns.slice(at, at + 4));
    for (let shift = 0; shift < 32; shift += 8) out.push(...values.map((value) => (value >>> shift) & 0xff));
  }
  return out;
}

const littleEndian = (word: number): number[] => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];

export function amplifyTables(): Uint8Array {
  const bytes: number[] = [];
  for (let w = 0; w < 256; w++) {
    const products = Array.from({ length: 8 }, (_, bit) => multiply(w, 1 << bit, 8));
    bytes.push(...sums(products.slice(0, 4)), ...sums(products.slice(4)));
  }
  bytes.push(...nibbleTables(POWERS.slice(0, 16)), ...nibbleTables(inPowers()));
  for (const first of [1, 11]) bytes.push(...sums(CANTOR_BASIS.slice(first, first + 10)).flatMap(littleEndian));
  return Uint8Array.from(bytes);
}
