import type { CascadeShuffle, ShuffleState } from './cascade-shuffle.ts';

/** `cascadeShuffle` in plain TypeScript. */
export function cascadeShuffle(rows: number, lanes: number, state: ShuffleState): CascadeShuffle {
  let [s0, s1, s2, s3] = state;
  const order = Uint16Array.from({ length: rows }, (_, i) => i);
  const place = new Uint16Array(rows);
  const turn = new Uint8Array(rows);
  for (let j = rows + 15; j >= 0; j--) {
    const r = Math.imul(s1, 5);
    const output = Math.imul((r << 7) | (r >>> 25), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = (s3 << 11) | (s3 >>> 21);
    if (j >= rows) continue;
    const other = Math.floor((output * (j + 1)) / 2 ** 32);
    const row = order[other]!;
    order[other] = order[j]!;
    order[j] = row;
    place[row] = j;
    turn[row] = output & (lanes - 1);
  }
  return { order, place, turn };
}
