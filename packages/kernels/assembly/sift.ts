/**
 * Sifting and counting of errors, up to 64 detections at a time; `src/sift.ts` says what they are.
 *
 * What is kept is chosen by the bases, which are public; no address and no branch depends on a bit. Vectors are loaded
 * and stored whole: every column is followed by 64 bytes of room.
 */

export function heapBase(): usize {
  return __heap_base;
}

/** The same in all lanes. Kept in memory: an engine may build a constant anew wherever it is used. */
const EVERY_SECOND: usize = memory.data<u32>([0x55555555, 0x55555555, 0x55555555, 0x55555555], 16);
const EVERY_OTHER_TWO: usize = memory.data<u32>([0x33333333, 0x33333333, 0x33333333, 0x33333333], 16);
const EVERY_OTHER_FOUR: usize = memory.data<u32>([0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f], 16);
/** What makes an order of the lower eight lanes one of the upper eight, in the upper eight. */
const UPPER: usize = memory.data<u32>([0, 0, 0x08080808, 0x08080808], 16);

/** For each set of eight lanes: its lanes in rising order, then 128, which `swizzle` turns into zero. */
const ORDERS: usize = memory.data(256 * 8);
for (let set: u32 = 0; set < 256; set++) {
  let at = ORDERS + 8 * set;
  store<u64>(at, 0x8080808080808080);
  for (let lane: u32 = 0; lane < 8; lane++) {
    if ((set >> lane) & 1) store<u8>(at++, <u8>lane);
  }
}

/**
 * The lowest bits of the lanes in the set, together in rising order: eight lanes move down among the lower eight, eight among
 * the upper eight, and their bits then close up.
 */
@inline
function gather(lanes: v128, set: u32, upper: v128): u32 {
  const low = set & 255;
  const order = v128.add<u8>(v128.load64_lane(ORDERS + 8 * (set >> 8), v128.load64_zero(ORDERS + 8 * low), 1), upper);
  // Bit 0 of every byte to its bit 7; what else moves is not looked at.
  const bits = <u32>i8x16.bitmask(i16x8.shl(i8x16.swizzle(lanes, order), 7));
  return (bits & 255) | ((bits >> 8) << popcnt(low));
}

/** Bits 0, 2, 4 and so on of 128. */
@inline
function evenBits(bits: v128): u64 {
  let x = v128.and(bits, v128.load(EVERY_SECOND));
  x = v128.and(v128.or(x, i16x8.shr_u(x, 1)), v128.load(EVERY_OTHER_TWO));
  x = v128.and(v128.or(x, i16x8.shr_u(x, 2)), v128.load(EVERY_OTHER_FOUR));
  x = v128.or(x, i16x8.shr_u(x, 4));
  return <u64>i64x2.extract_lane(i8x16.shuffle(x, x, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14), 0);
}

/**
 * Sifts `n` detections; `intensity` has two bits for each. Bits of key and test go on behind the lowest `fromKey` and
 * `fromTest` bits of the first byte at `key` and `test`; `counts` are six u32, key and test by intensity, which are added to.
 * Returns whether an intensity is above 2.
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
  // Bits gathered and not written whole yet: `fill` of them, fewer than 8 between two appends.
  let keyFill = fromKey;
  let testFill = fromTest;
  let keyBits: u64 = load<u8>(key) & ((1 << fromKey) - 1);
  let testBits: u32 = load<u8>(test) & ((1 << fromTest) - 1);
  const upper = v128.load(UPPER);
  let key0: u32 = 0, key1: u32 = 0, key2: u32 = 0;
  let test0: u32 = 0, test1: u32 = 0, test2: u32 = 0;
  let wrong: u64 = 0;
  for (let i: u32 = 0; i < n; i += 64) {
    const valid = n - i < 64 ? ((<u64>1) << (n - i)) - 1 : ~(<u64>0);
    const a = load<u64>(alice + (i >> 3));
    const b = load<u64>(bob + (i >> 3));
    const inX = ~(a | b) & valid;
    const inZ = a & b & valid;
    // 1 has the lower bit of its two, 2 the upper one. What has both is none, and is counted once until that is told.
    const k = v128.load(intensity + (i >> 2));
    const lower = evenBits(k);
    const is2 = evenBits(i64x2.shr_u(k, 1));
    const is1 = lower & ~is2;
    wrong |= lower & is2 & valid;
    const keys1 = <u32>popcnt(inX & is1), keys2 = <u32>popcnt(inX & is2);
    key0 += <u32>popcnt(inX) - keys1 - keys2;
    key1 += keys1;
    key2 += keys2;
    // Half of what 64 bits hold, and less than 8 from before.
    for (let j: u32 = 0; j < 64; j += 32) {
      for (let lanes = j; lanes < j + 32; lanes += 16) {
        const set = <u32>(inX >> lanes) & 0xffff;
        keyBits |= <u64>gather(v128.load(own + i + lanes), set, upper) << keyFill;
        keyFill += popcnt(set);
      }
      store<u64>(key, keyBits);
      key += keyFill >> 3;
      keyBits >>= keyFill & 56;
      keyFill &= 7;
    }
    const tests1 = <u32>popcnt(inZ & is1), tests2 = <u32>popcnt(inZ & is2);
    test0 += <u32>popcnt(inZ) - tests1 - tests2;
    test1 += tests1;
    test2 += tests2;
    // Where most light is in the key basis there are few.
    for (let left = inZ; left; left &= left - 1) {
      const at = ctz(left);
      testBits |= (load<u8>(own + i + <u32>at) & 1) << testFill++;
      store<u8>(test, <u8>testBits);
      test += testFill >> 3;
      testBits >>= testFill & 8;
      testFill &= 7;
      store<u8>(testIntensity++, <u8>((is1 >> at) & 1) | <u8>(((is2 >> at) & 1) << 1));
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
