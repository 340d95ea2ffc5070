/**
 * How Cascade goes about a frame: sizes of blocks, and of the intervals in which an error is located at once. Both parties
 * compute the same from what both know.
 *
 * Found by simulation at 0.5 to 5 % on 10^6 bits, f against round trips; no number here has an influence on anything but
 * these two.
 */

/** An even number of errors stays unseen by one round of late passes with this probability, or less: 2^-10. */
const SEPARATION_BITS = 10;
/** More blocks than this separate no better for what they cost. */
const MOST_LATE_BLOCKS = 32;
/** With so few odd intervals left, after two passes, the third is opened without waiting for their ends. */
const FEW = 2;
/** A search that takes more rounds than this makes haste, twice as much every HASTE_ROUNDS, up to MOST_HASTE. */
const CALM_ROUNDS = 155;
const HASTE_ROUNDS = 6;
const MOST_HASTE = 64;
/** Fewer blocks than this say too little of the error rate. */
const ENOUGH_BLOCKS = 200;
/** Share of odd blocks from which on it says little of the error rate: at most half of them ever are. */
const ALIKE = 0.45;

/** The power of two nearest to `value` in ratio, at least 1. */
function nearestPower(value: number): number {
  return 2 ** Math.max(0, Math.round(Math.log2(value)));
}

/** The largest power of two up to `value`, at least 1. */
function powerBelow(value: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(value)));
}

/**
 * Bits in a block of the first pass: about one error in each, so that its parity is worth nearly a bit. A power of two, and
 * the smaller one where both are as near: with more errors in a block the search takes more rounds.
 */
export function firstBlock(errorRate: number): number {
  return Math.max(2, nearestPower(0.92 / errorRate));
}

/**
 * Bits in a block of the second pass, no power of two: about seven errors of the whole in each, fewer where blocks of the first
 * pass have more than one. The larger, the more errors are found through the small blocks of the first pass, and the more
 * of them one after the other, a few round trips each.
 */
export function secondBlock(errorRate: number, first: number): number {
  return Math.max(2 * first, 7 / errorRate / (first * errorRate) ** 0.8);
}

/** Blocks of a late pass: one for eight expected errors, a power of two up to MOST_LATE_BLOCKS. */
export function lateBlocks(bits: number, errorRate: number): number {
  return Math.min(MOST_LATE_BLOCKS, powerBelow((bits * errorRate) / 8));
}

/**
 * Rows in a block of a late pass over `rows` rows of `lanes` bits: as many blocks as there are eight expected errors, 2 to
 * MOST_LATE_BLOCKS; whole lanes where those are enough.
 */
export function lateBlock(rows: number, lanes: number, errorRate: number): number {
  const bits = rows * lanes;
  const blocks = Math.max(2, lateBlocks(bits, errorRate));
  return blocks <= lanes ? rows : powerBelow(bits / blocks);
}

/** Passes with blocks of `block` rows after which two bits are still in one block with probability 2^-SEPARATION_BITS. */
export function latePasses(rows: number, lanes: number, block: number): number {
  const whole = Math.floor(rows / block);
  const rest = rows - whole * block;
  const together = (whole * block ** 2 + rest ** 2) / rows ** 2 / lanes;
  return together < 1 ? Math.ceil(-SEPARATION_BITS / Math.log2(together)) : 0;
}

/**
 * The error rate that the first pass has shown, by the number of its odd blocks; `expected` when the blocks are few, and at
 * least that when so many are odd that all higher rates look alike.
 */
export function shownErrorRate(expected: number, blockBits: number, blocks: number, odd: number): number {
  if (blocks < ENOUGH_BLOCKS) return expected;
  const share = Math.min((odd + 0.5) / (blocks + 1), ALIKE);
  const shown = (1 - (1 - 2 * share) ** (1 / blockBits)) / 2;
  return share === ALIKE ? Math.max(expected, shown) : shown;
}

/**
 * How much a search that is in its round `rounds` gives for a round trip less: 1 as long as it is calm. Chains of errors, each
 * found through the one before, end by and by; the last of them take as many rounds as all others, for a thousandth of
 * the errors. From CALM_ROUNDS on they are cut short, so that the worst of many frames takes little longer than all.
 */
export function haste(rounds: number): number {
  return Math.min(2 ** Math.max(0, (rounds - CALM_ROUNDS) / HASTE_ROUNDS), MOST_HASTE);
}

/** With so many odd intervals, or fewer, the next pass is opened when `opened` passes were. */
export function fewOdd(opened: number, rounds: number): number {
  if (opened < 2) return 0;
  return FEW * (opened === 2 ? haste(rounds) : haste(rounds) - 1);
}

/**
 * Bits, at most, of an odd interval whose error is located at once by the syndrome of a Hamming code (as Winnow does,
 * Buttler et al., PRA 67, 052303): as many bits as halvings would take, in one round trip, and wrong where there are three errors.
 * A wrong one costs some twenty bits. So: intervals that almost never hold three, and more daring where few are left, since
 * it is they that take the round trips.
 */
export function syndromeBits(errorRate: number, bits: number, intervals: number, rounds: number): number {
  const expected = errorRate * bits;
  let errors = 0.08;
  if (intervals <= Math.min(120, 0.005 * expected)) errors = 2;
  else if (intervals <= Math.min(300, 0.02 * expected)) errors = 0.35;
  return (haste(rounds) * errors) / errorRate;
}

/**
 * The same when a late pass has shown how few errors are left: of its `blocks` blocks `odd` are odd. 0 when that may be any
 * number.
 */
export function rareSyndromeBits(bits: number, blocks: number, odd: number): number {
  const share = odd / (blocks + 1);
  if (share > ALIKE / 2) return 0;
  const left = -0.5 * blocks * Math.log1p(-2 * share);
  return (0.25 * bits) / (left + 1);
}

/**
 * How blocks of `blockBits` bits stand in the trees over `rows` rows: between two powers of two, some of the one, in lanes
 * from `fineLanes` on, and some of the other, one level less; of more than a lane, the whole lane.
 */
export function bandsOf(blockBits: number, rows: number, lanes: number): { level: number; fineLanes: number } {
  if (blockBits >= rows) return { level: Math.ceil(Math.log2(rows)), fineLanes: 0 };
  const level = Math.floor(Math.log2(blockBits));
  const coarse = Math.round(lanes * (Math.log2(blockBits) - level));
  return coarse ? { level: level + 1, fineLanes: lanes - coarse } : { level, fineLanes: 0 };
}
