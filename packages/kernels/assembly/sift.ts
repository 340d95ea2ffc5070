/**
 * Sifting and counting of errors, eight or sixteen detections at a time; `src/sift.ts` says what they are.
 *
 * What is kept moves together by `swizzle`, with an order looked up by the bases, which are public; no address and no
 * branch depends on a bit. Vectors are loaded and stored whole: every column is followed by 16 bytes of room.
 */

export function heapBase(): usize {
  return __heap_base;
}

/** For each set of eight lanes: its lanes in rising order, then 128, which `swizzle` turns into zero. */
const ORDERS: usize = memory.data(256 * 8);
for (let set: u32 = 0; set < 256; set++) {
  let at = ORDERS + 8 * set;
  store<u64>(at, 0x8080808080808080);
  for (let lane: u32 = 0; lane < 8; lane++) {
    if ((set >> lane) & 1) store<u8>(at++, <u8>lane);
  }
}

/** Bits gathered and not written yet: `fill` of them, fewer than 8 between two appends. */
let keyBits: u64 = 0;
let keyFill: u32 = 0;
let testBits: u64 = 0;
let testFill: u32 = 0;

/** The lowest bit of each lane in the set, in rising order; the upper eight lanes mean nothing. */
@inline
function gather(lanes: v128, set: u32): u64 {
  return u64(i8x16.bitmask(i8x16.shl(i8x16.swizzle(lanes, v128.load64_zero(ORDERS + 8 * set)), 7)) & 255);
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
  keyFill = fromKey;
  testFill = fromTest;
  keyBits = load<u8>(key) & ((1 << fromKey) - 1);
  testBits = load<u8>(test) & ((1 << fromTest) - 1);
  let key0: u32 = 0, key1: u32 = 0, key2: u32 = 0;
  let test0: u32 = 0, test1: u32 = 0, test2: u32 = 0;
  let wrong: u32 = 0;
  for (let i: u32 = 0; i < n; i += 8) {
    const valid: u32 = n - i < 8 ? (1 << (n - i)) - 1 : 255;
    const a: u32 = load<u8>(alice + (i >> 3));
    const b: u32 = load<u8>(bob + (i >> 3));
    const inX = ~(a | b) & valid;
    const inZ = a & b & valid;
    const keys = popcnt(inX);
    const tests = popcnt(inZ);

    const lanes = v128.load64_zero(own + i);
    keyBits |= gather(lanes, inX) << keyFill;
    keyFill += keys;
    store<u64>(key, keyBits);
    key += keyFill >> 3;
    keyBits >>= keyFill & 24;
    keyFill &= 7;
    testBits |= gather(lanes, inZ) << testFill;
    testFill += tests;
    store<u64>(test, testBits);
    test += testFill >> 3;
    testBits >>= testFill & 24;
    testFill &= 7;

    const k = v128.load64_zero(intensity + i);
    v128.store64_lane(testIntensity, i8x16.swizzle(k, v128.load64_zero(ORDERS + 8 * inZ)), 0);
    testIntensity += tests;
    const is1: u32 = i8x16.bitmask(i8x16.eq(k, i8x16.splat(1)));
    const is2: u32 = i8x16.bitmask(i8x16.eq(k, i8x16.splat(2)));
    wrong |= i8x16.bitmask(i8x16.gt_u(k, i8x16.splat(2))) & valid;
    const keys1 = popcnt(inX & is1), keys2 = popcnt(inX & is2);
    const tests1 = popcnt(inZ & is1), tests2 = popcnt(inZ & is2);
    key0 += keys - keys1 - keys2;
    key1 += keys1;
    key2 += keys2;
    test0 += tests - tests1 - tests2;
    test1 += tests1;
    test2 += tests2;
  }
  keyBits = testBits = 0;
  add(counts, key0, key1, key2);
  add(counts + 12, test0, test1, test2);
  return wrong !== 0;
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
