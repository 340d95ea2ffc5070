/** Constant tables, written once after instantiation by `src/amplify.ts`, which says what stands in them. */

const TABLES: usize = memory.data(17152, 16);

/** 256 times 32 bytes: a byte w times each low nibble, then w times each high nibble. */
export function timesByte(w: u32): usize {
  return TABLES + ((<usize>w) << 5);
}

/** 16 times 16 bytes: byte j of the element that nibble i of a chunk stands for is entry 4 i + j. */
export function spreadTable(): usize {
  return TABLES + 8192;
}

/** 32 times 16 bytes: byte j of the chunk that nibble i of an element stands for is entry 4 i + j. */
export function gatherTable(): usize {
  return TABLES + 8448;
}

/** Sum of beta_(t+1) over the set bits t of q < 2^20: s_j at the offset of block q of any layer. */
export function twiddle(q: u32): u32 {
  return load<u32>(TABLES + 8960 + ((<usize>(q & 1023)) << 2)) ^ load<u32>(TABLES + 13056 + ((<usize>(q >> 10)) << 2));
}

export function tables(): usize {
  return TABLES;
}
