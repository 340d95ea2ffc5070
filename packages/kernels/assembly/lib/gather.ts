/** Lanes chosen out of eight move together by `swizzle`, with an order looked up by the choice, which is public. */

/** For each set of eight lanes: its lanes in rising order, then 128, which `swizzle` turns into zero. */
const ORDERS: usize = memory.data(256 * 8);
for (let set: u32 = 0; set < 256; set++) {
  let at = ORDERS + 8 * set;
  store<u64>(at, 0x8080808080808080);
  for (let lane: u32 = 0; lane < 8; lane++) {
    if ((set >> lane) & 1) store<u8>(at++, <u8>lane);
  }
}

/** The lanes of `set` out of the lower eight, in rising order, then zeros. */
@inline
export function gatherLanes(lanes: v128, set: u32): v128 {
  return i8x16.swizzle(lanes, v128.load64_zero(ORDERS + 8 * set));
}
