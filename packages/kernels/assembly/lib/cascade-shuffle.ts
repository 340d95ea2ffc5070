/**
 * Fisher-Yates shuffle of the rows, driven by xoshiro128**, whose state is s0 to s3; `src/cascade-shuffle.ts` says more.
 */
export function shuffle(order: usize, place: usize, turn: usize, rows: u32, lanes: u32, s0: u32, s1: u32, s2: u32, s3: u32): void {
  for (let i: u32 = 0; i < rows; i++) store<u16>(order + 2 * i, i);
  for (let j: i32 = rows + 15; j >= 0; j--) {
    const output = rotl<u32>(s1 * 5, 7) * 9;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotl<u32>(s3, 11);
    if (j >= i32(rows)) continue;
    const other = order + 2 * usize((u64(output) * u64(j + 1)) >> 32);
    const row = load<u16>(other);
    store<u16>(other, load<u16>(order + 2 * j));
    store<u16>(order + 2 * j, row);
    store<u16>(place + 2 * row, j);
    store<u8>(turn + row, output & (lanes - 1));
  }
}
