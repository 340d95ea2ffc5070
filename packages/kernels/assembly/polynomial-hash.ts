/**
 * Polynomial hash modulo p = 2^127 - 1 over blocks of 15 bytes; `src/polynomial-hash.ts` says what it is.
 *
 * Numbers are five limbs of 26 bits in u64. Since 2^130 = 8 mod p, what lies beyond the fifth comes back times 8. Eight
 * blocks are taken together, (h + c1) r^8 + c2 r^7 + … + c8 r, so that carries are paid once in eight. Bounds: a limb of h
 * is below 2^26 + 2^13, of h + c1 below 2^27.1, of a power times 8 below 2^29.1; a column sums 40 products, below 2^61.6.
 *
 * Nothing branches on point, state or text, and no address depends on them.
 */

export function heapBase(): usize {
  return __heap_base;
}

const BLOCK_BYTES: usize = 15;
const TOGETHER: u32 = 8;
/** One power of the point in memory: limbs 0 to 4, then limbs 1 to 4 times 8. */
const POWER_BYTES: usize = 72;
const MASK: u64 = 0x3ffffff;

/** Bytes that `absorb` needs for the powers of the point. */
export function powersBytes(): usize {
  return TOGETHER * POWER_BYTES;
}

// State between two products. Written back to 0 when a call ends.
let h0: u64 = 0;
let h1: u64 = 0;
let h2: u64 = 0;
let h3: u64 = 0;
let h4: u64 = 0;

// Columns of the product of a and the power at r.

@inline
function column0(r: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * load<u64>(r) + a1 * load<u64>(r, 64) + a2 * load<u64>(r, 56) + a3 * load<u64>(r, 48) + a4 * load<u64>(r, 40);
}

@inline
function column1(r: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * load<u64>(r, 8) + a1 * load<u64>(r) + a2 * load<u64>(r, 64) + a3 * load<u64>(r, 56) + a4 * load<u64>(r, 48);
}

@inline
function column2(r: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * load<u64>(r, 16) + a1 * load<u64>(r, 8) + a2 * load<u64>(r) + a3 * load<u64>(r, 64) + a4 * load<u64>(r, 56);
}

@inline
function column3(r: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * load<u64>(r, 24) + a1 * load<u64>(r, 16) + a2 * load<u64>(r, 8) + a3 * load<u64>(r) + a4 * load<u64>(r, 64);
}

@inline
function column4(r: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * load<u64>(r, 32) + a1 * load<u64>(r, 24) + a2 * load<u64>(r, 16) + a3 * load<u64>(r, 8) + a4 * load<u64>(r);
}

/** The state from columns below 2^62. */
@inline
function carry(d0: u64, d1: u64, d2: u64, d3: u64, d4: u64): void {
  d1 += d0 >> 26;
  d2 += d1 >> 26;
  d3 += d2 >> 26;
  d4 += d3 >> 26;
  d0 = (d0 & MASK) + 8 * (d4 >> 26);
  h0 = d0 & MASK;
  h1 = (d1 & MASK) + (d0 >> 26);
  h2 = d2 & MASK;
  h3 = d3 & MASK;
  h4 = d4 & MASK;
}

/** The state from 16 little-endian bytes, the top bit not read. */
function loadState(at: usize): void {
  const low = load<u64>(at);
  const high = load<u64>(at, 8);
  h0 = low & MASK;
  h1 = (low >> 26) & MASK;
  h2 = ((low >> 52) | (high << 12)) & MASK;
  h3 = (high >> 14) & MASK;
  h4 = (high >> 40) & 0x7fffff;
}

/** Writes the one representative in [0, p) and forgets it. */
function storeState(at: usize): void {
  // Bit 127 is bit 23 of the last limb and comes back as 1; after three rounds nothing is left to carry.
  for (let round = 0; round < 3; round++) {
    h1 += h0 >> 26;
    h2 += h1 >> 26;
    h3 += h2 >> 26;
    h4 += h3 >> 26;
    h0 = (h0 & MASK) + (h4 >> 23);
    h1 &= MASK;
    h2 &= MASK;
    h3 &= MASK;
    h4 &= 0x7fffff;
  }
  const low = h0 | (h1 << 26) | (h2 << 52);
  const high = (h2 >> 12) | (h3 << 14) | (h4 << 40);
  // p itself stands for 0.
  const kept = u64(u32(low === u64.MAX_VALUE) & u32(high === u64.MAX_VALUE >> 1)) - 1;
  store<u64>(at, low & kept);
  store<u64>(at, high & kept, 8);
  h0 = h1 = h2 = h3 = h4 = 0;
}

/** h r^together + c_1 r^together + … + c_together r over the blocks at `text`. */
@inline
function addProducts(powers: usize, text: usize, together: u32): void {
  let a0 = h0, a1 = h1, a2 = h2, a3 = h3, a4 = h4;
  let d0: u64 = 0, d1: u64 = 0, d2: u64 = 0, d3: u64 = 0, d4: u64 = 0;
  for (let r = powers + together * POWER_BYTES; r > powers; ) {
    r -= POWER_BYTES;
    const low = load<u64>(text);
    const high = load<u64>(text, 7) >> 8;
    text += BLOCK_BYTES;
    a0 += low & MASK;
    a1 += (low >> 26) & MASK;
    a2 += ((low >> 52) | (high << 12)) & MASK;
    a3 += (high >> 14) & MASK;
    a4 += high >> 40;
    d0 += column0(r, a0, a1, a2, a3, a4);
    d1 += column1(r, a0, a1, a2, a3, a4);
    d2 += column2(r, a0, a1, a2, a3, a4);
    d3 += column3(r, a0, a1, a2, a3, a4);
    d4 += column4(r, a0, a1, a2, a3, a4);
    a0 = a1 = a2 = a3 = a4 = 0;
  }
  carry(d0, d1, d2, d3, d4);
}

/** The state times the power at `r`. */
function multiply(r: usize): void {
  const a0 = h0, a1 = h1, a2 = h2, a3 = h3, a4 = h4;
  carry(
    column0(r, a0, a1, a2, a3, a4),
    column1(r, a0, a1, a2, a3, a4),
    column2(r, a0, a1, a2, a3, a4),
    column3(r, a0, a1, a2, a3, a4),
    column4(r, a0, a1, a2, a3, a4),
  );
}

/** r, r^2, … at `powers`. */
function storePowers(point: usize, powers: usize, count: u32): void {
  loadState(point);
  for (let at = powers; ; at += POWER_BYTES) {
    store<u64>(at, h0);
    store<u64>(at, h1, 8);
    store<u64>(at, h2, 16);
    store<u64>(at, h3, 24);
    store<u64>(at, h4, 32);
    store<u64>(at, 8 * h1, 40);
    store<u64>(at, 8 * h2, 48);
    store<u64>(at, 8 * h3, 56);
    store<u64>(at, 8 * h4, 64);
    if (--count === 0) return;
    multiply(powers);
  }
}

/**
 * state = (… ((state + c_1) r + c_2) r + …) r over at least one block. `state` and `point` are 16 bytes, `powers` is room
 * of `powersBytes()`.
 */
export function absorb(state: usize, point: usize, powers: usize, text: usize, blocks: u32): void {
  storePowers(point, powers, min(blocks, TOGETHER));
  loadState(state);
  for (; blocks >= TOGETHER; blocks -= TOGETHER) {
    addProducts(powers, text, TOGETHER);
    text += TOGETHER * BLOCK_BYTES;
  }
  if (blocks) addProducts(powers, text, blocks);
  storeState(state);
}
