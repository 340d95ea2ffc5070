/**
 * Sifting and counting of errors, up to 64 detections at a time; `src/sift.ts` says what they are.
 *
 * What is kept is chosen by the bases, which are public; no address and no branch depends on a bit. Vectors are loaded
 * and stored whole: every column is followed by 64 bytes of room.
 */
import { gatherLanes } from './lib/gather';

export function heapBase(): usize {
  return __heap_base;
}

/** In every lane: an engine may build a constant anew wherever it is used. */
const TWO: usize = memory.data<u8>([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2], 16);

/** The lowest bit of each lane in the set, in rising order; the upper eight lanes mean nothing. */
@inline
function gather(lanes: v128, set: u32): u64 {
  return u64(i8x16.bitmask(i8x16.shl(gatherLanes(lanes, set), 7)) & 255);
}

/**
 * Sifts `n` detections. Bits of key and test go on behind the lowest `fromKey` and `fromTest` bits of the first byte at
 * `key` and `test`; `counts` are six u32, key and test by intensity, which are added to. Returns whether an intensity is
 * above 2.
 */
export function sift(
  own: usize,
  alice: usize,
  bob: usize,
  intensity: usize,
  n: u32,
  key: usize,
  fromKey: u32,
  test: usize,
  fromTest: u32,
  testIntensity: usize,
  counts: usize,
): bool {
  // Bits gathered and not written yet: `fill` of them, fewer than 8 between two appends.
  let keyFill = fromKey;
  let testFill = fromTest;
  let keyBits: u64 = load<u8>(key) & ((1 << fromKey) - 1);
  let testBits: u64 = load<u8>(test) & ((1 << fromTest) - 1);
  const two = v128.load(TWO);
  let key0: u32 = 0, key1: u32 = 0, key2: u32 = 0;
  let test0: u32 = 0, test1: u32 = 0, test2: u32 = 0;
  let wrong: u64 = 0;
  for (let i: u32 = 0; i < n; i += 64) {
    const valid = n - i < 64 ? ((<u64>1) << (n - i)) - 1 : ~(<u64>0);
    const a = load<u64>(alice + (i >> 3));
    const b = load<u64>(bob + (i >> 3));
    const inX = ~(a | b) & valid;
    const inZ = a & b & valid;
    // 1 has its lowest bit alone, 2 the next.
    let is1: u64 = 0, is2: u64 = 0, above: u64 = 0;
    for (let j: u32 = 0; j < 64; j += 16) {
      const k = v128.load(intensity + i + j);
      is1 |= <u64>(<u32>i8x16.bitmask(i8x16.shl(k, 7))) << j;
      is2 |= <u64>(<u32>i8x16.bitmask(i8x16.shl(k, 6))) << j;
      above |= <u64>(<u32>i8x16.bitmask(i8x16.gt_u(k, two))) << j;
    }
    wrong |= above & valid;
    const keys1 = <u32>popcnt(inX & is1), keys2 = <u32>popcnt(inX & is2);
    key0 += <u32>popcnt(inX) - keys1 - keys2;
    key1 += keys1;
    key2 += keys2;
    // Half of what 64 bits hold, and less than 8 from before.
    for (let j: u32 = 0; j < 64; j += 32) {
      for (let byte = j; byte < j + 32; byte += 8) {
        const set = <u32>(inX >> byte) & 255;
        keyBits |= gather(v128.load64_zero(own + i + byte), set) << keyFill;
        keyFill += popcnt(set);
      }
      store<u64>(key, keyBits);
      key += keyFill >> 3;
      keyBits >>= keyFill & 56;
      keyFill &= 7;
    }
    if (!inZ) continue;
    const tests1 = <u32>popcnt(inZ & is1), tests2 = <u32>popcnt(inZ & is2);
    test0 += <u32>popcnt(inZ) - tests1 - tests2;
    test1 += tests1;
    test2 += tests2;
    for (let byte: u32 = 0; byte < 64; byte += 8) {
      const set = <u32>(inZ >> byte) & 255;
      if (!set) continue;
      testBits |= gather(v128.load64_zero(own + i + byte), set) << testFill;
      testFill += popcnt(set);
      store<u64>(test, testBits);
      test += testFill >> 3;
      testBits >>= testFill & 24;
      testFill &= 7;
      v128.store64_lane(testIntensity, gatherLanes(v128.load64_zero(intensity + i + byte), set), 0);
      testIntensity += popcnt(set);
    }
  }
  add(counts, key0, key1, key2);
  add(counts + 12, test0, test1, test2);
  return wrong !== 0;
}

/** Adds to two u32 at `counts` in how many of `bytes` bytes of packed bases either is Z, and in how many both are. */
export function countMatched(alice: usize, bob: usize, bytes: u32, counts: usize): void {
  let either: u64 = 0, both: u64 = 0;
  for (let i: u32 = 0; i < bytes; i += 8) {
    const rest = bytes - i;
    const valid = rest < 8 ? ((<u64>1) << (8 * rest)) - 1 : ~(<u64>0);
    const a = load<u64>(alice + i) & valid;
    const b = load<u64>(bob + i) & valid;
    either += popcnt(a | b);
    both += popcnt(a & b);
  }
  add(counts, <u32>either, <u32>both, 0);
}

/**
 * Adds the errors among `n` test bits to three u32 at `counts`, by intensity. Returns whether an intensity is above 2.
 */
export function countErrors(alice: usize, bob: usize, intensity: usize, n: u32, counts: usize): bool {
  let errors0: u32 = 0, errors1: u32 = 0, errors2: u32 = 0;
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < n; i += 16) {
    const valid: u32 = n - i < 16 ? (1 << (n - i)) - 1 : 0xffff;
    const error = (u32(load<u16>(alice + (i >> 3))) ^ load<u16>(bob + (i >> 3))) & valid;
    const k = v128.load(intensity + i);
    const in1 = popcnt(error & i8x16.bitmask(i8x16.eq(k, i8x16.splat(1))));
    const in2 = popcnt(error & i8x16.bitmask(i8x16.eq(k, i8x16.splat(2))));
    wrong |= i8x16.bitmask(i8x16.gt_u(k, i8x16.splat(2))) & valid;
    errors0 += popcnt(error) - in1 - in2;
    errors1 += in1;
    errors2 += in2;
  }
  add(counts, errors0, errors1, errors2);
  return wrong !== 0;
}

@inline
function add(counts: usize, a: u32, b: u32, c: u32): void {
  store<u32>(counts, load<u32>(counts) + a);
  store<u32>(counts, load<u32>(counts, 4) + b, 4);
  store<u32>(counts, load<u32>(counts, 8) + c, 8);
}
