/**
 * Columns of small numbers to packed ones and back, choices of detections, and slots on the wire; `src/packing.ts` says what
 * they are. No address and no branch depends on the value of a detection or an emission, only on choices and slots, which
 * are public. Vectors are loaded and stored whole: every column is followed by 16 bytes of room.
 */

export function heapBase(): usize {
  return __heap_base;
}

/** Lane bit `bit` of `n` bytes, packed. */
export function pack1(values: usize, bit: i32, n: u32, out: usize): void {
  for (let i: u32 = 0; i < n; i += 16) {
    const valid: u32 = n - i < 16 ? (1 << (n - i)) - 1 : 0xffff;
    store<u16>(out + (i >> 3), <u16>(i8x16.bitmask(i8x16.shl(v128.load(values + i), 7 - bit)) & valid));
  }
}

/** Two bits of each of `n` bytes, from bit `bit` on, packed; the byte that `n` ends in is filled with zeros. */
export function pack2(values: usize, bit: i32, n: u32, out: usize): void {
  clearBehind(values, n);
  for (let i: u32 = 0; i < n; i += 16) {
    const v = v128.and(i8x16.shr_u(v128.load(values + i), bit), i8x16.splat(3));
    const pairs = v128.and(v128.or(v, i16x8.shr_u(v, 6)), i16x8.splat(15));
    const quads = v128.or(pairs, i32x4.shr_u(pairs, 12));
    const order = i8x16(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    v128.store32_lane(out + (i >> 2), i8x16.swizzle(quads, order), 0);
  }
}

/** Four bits of each of `n` bytes, packed; the byte that `n` ends in is filled with zeros. */
export function pack4(values: usize, n: u32, out: usize): void {
  clearBehind(values, n);
  for (let i: u32 = 0; i < n; i += 16) {
    const v = v128.and(v128.load(values + i), i8x16.splat(15));
    const pairs = v128.or(v, i16x8.shr_u(v, 4));
    const order = i8x16(0, 2, 4, 6, 8, 10, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    v128.store64_lane(out + (i >> 1), i8x16.swizzle(pairs, order), 0);
  }
}

@inline
function clearBehind(values: usize, n: u32): void {
  v128.store(values + n, i8x16.splat(0));
}

/** The inverse of `pack2`: `n` bytes, then whatever the last vectors hold. Returns the largest of the `n`. */
export function unpack2(packed: usize, n: u32, out: usize): u32 {
  let most = i8x16.splat(0);
  for (let i: u32 = 0; i < n; i += 16) {
    const bytes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(packed + (i >> 2))));
    const pairs = v128.and(v128.or(bytes, i32x4.shl(bytes, 12)), i32x4.splat(0x000f000f));
    most = take(out, i, n, v128.and(v128.or(pairs, i32x4.shl(pairs, 6)), i8x16.splat(3)), most);
  }
  return largest(most);
}

/** The inverse of `pack4`. */
export function unpack4(packed: usize, n: u32, out: usize): u32 {
  let most = i8x16.splat(0);
  for (let i: u32 = 0; i < n; i += 16) {
    const bytes = i16x8.extend_low_i8x16_u(v128.load64_zero(packed + (i >> 1)));
    most = take(out, i, n, v128.and(v128.or(bytes, i16x8.shl(bytes, 4)), i8x16.splat(15)), most);
  }
  return largest(most);
}

/** Stores entries `i` to `i + 15` of `n`; returns the largest so far in each lane. */
@inline
function take(out: usize, i: u32, n: u32, values: v128, most: v128): v128 {
  v128.store(out + i, values);
  if (n - i >= 16) return i8x16.max_u(most, values);
  clearBehind(out, n);
  return i8x16.max_u(most, v128.load(out + i));
}

@inline
function largest(lanes: v128): u32 {
  let most = i8x16.max_u(lanes, i8x16.shuffle(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  most = i8x16.max_u(most, i64x2.shr_u(most, 32));
  most = i8x16.max_u(most, i64x2.shr_u(most, 16));
  most = i8x16.max_u(most, i64x2.shr_u(most, 8));
  return i8x16.extract_lane_u(most, 0);
}

/** Copies what stands before `end`, whole vectors at a time; returns where the copy ends. */
@inline
function copyRun(from: usize, end: usize, out: usize): usize {
  for (let at = from, to = out; at < end; at += 16, to += 16) v128.store(to, v128.load(at));
  return out + (end - from);
}

/**
 * Deals `n` bytes out: those that `marks` (packed) names to `marked`, the others to `rest`, each in order. Returns how many
 * are marked. Few are, and what stands between two of them moves as one run.
 */
export function divide(values: usize, marks: usize, n: u32, marked: usize, rest: usize): u32 {
  const start = marked;
  let from = values;
  for (let i: u32 = 0; i < n; i += 64) {
    let set = load<u64>(marks + (i >> 3));
    if (n - i < 64) set &= ((<u64>1) << (n - i)) - 1;
    for (; set; set &= set - 1) {
      const at = values + i + <usize>ctz(set);
      rest = copyRun(from, at, rest);
      store<u8>(marked++, load<u8>(at));
      from = at + 1;
    }
  }
  copyRun(from, values + n, rest);
  return <u32>(marked - start);
}

/** `intensity * 4 + basis * 2 + bit` of `n` emissions. Returns whether one is beyond 2, 1 or 1. */
export function join(intensity: usize, basis: usize, bit: usize, n: u32, out: usize): bool {
  clearBehind(intensity, n);
  clearBehind(basis, n);
  clearBehind(bit, n);
  let wrong = i8x16.splat(0);
  for (let i: u32 = 0; i < n; i += 16) {
    const k = v128.load(intensity + i);
    const a = v128.load(basis + i);
    const b = v128.load(bit + i);
    wrong = v128.or(wrong, i8x16.gt_u(k, i8x16.splat(2)));
    wrong = v128.or(wrong, i8x16.gt_u(v128.or(a, b), i8x16.splat(1)));
    v128.store(out + i, v128.or(v128.or(i8x16.shl(k, 2), i8x16.shl(a, 1)), b));
  }
  return v128.any_true(wrong);
}

/** The largest of `n` bytes. */
export function most(values: usize, n: u32): u32 {
  clearBehind(values, n);
  let lanes = i8x16.splat(0);
  for (let i: u32 = 0; i < n; i += 16) lanes = i8x16.max_u(lanes, v128.load(values + i));
  return largest(lanes);
}

const TOPS: u64 = 0x8080808080808080;

/** The same in all lanes. Kept in memory: an engine may build a constant anew wherever it is used. */
const SPLATS: usize = memory.data<u32>([
  0x00003fff, 0x00003fff, 0x00003fff, 0x00003fff,
  0x3fff0000, 0x3fff0000, 0x3fff0000, 0x3fff0000,
  0x007f007f, 0x007f007f, 0x007f007f, 0x007f007f,
  0x7f007f00, 0x7f007f00, 0x7f007f00, 0x7f007f00,
  127, 127, 127, 127,
  16383, 16383, 16383, 16383,
  2097151, 2097151, 2097151, 2097151,
  0x00000080, 0x00000080, 0x00000080, 0x00000080,
  0x00008000, 0x00008000, 0x00008000, 0x00008000,
  0x00800000, 0x00800000, 0x00800000, 0x00800000,
  // 2^52, which leaves a whole number in the low bits.
  0, 0x43300000, 0, 0x43300000,
  // The lowest byte of each lane, and how far each stands from the first.
  0x0c080400, 0x80808080, 0x80808080, 0x80808080,
  0, 1, 2, 3,
]);

/** For each of the 256 ways in which four numbers take one to four bytes: where those bytes are in four words, and how many. */
const PACKED: usize = memory.data(256 * 16, 16);
const PACKED_BYTES: usize = memory.data(256);
for (let sizes: u32 = 0; sizes < 256; sizes++) {
  let at: u32 = 0;
  for (let k: u32 = 0; k < 4; k++) {
    for (let byte: u32 = 0; byte <= ((sizes >> (2 * k)) & 3); byte++) store<u8>(PACKED + 16 * sizes + at++, <u8>(4 * k + byte));
  }
  store<u8>(PACKED_BYTES + sizes, <u8>at);
}

/** Four numbers from 0 to 3, two bits each. */
@inline
function sizesOf(more: v128): u32 {
  return <u32>(i32x4.extract_lane(i8x16.swizzle(more, v128.load(SPLATS, 176)), 0) * 0x01041040) >> 24;
}

/** One slot. Not a count: something is written, and `wrong` is set. */
let wrong = false;
function encodeSlot(slot: f64, next: f64, out: usize): usize {
  const skipped = slot - next;
  wrong = wrong || !(skipped >= 0 && slot < 9007199254740992 && floor(skipped) == skipped);
  let rest = <u64>skipped;
  for (; rest >= 128; rest >>= 7) store<u8>(out++, <u8>(rest | 128));
  store<u8>(out++, <u8>rest);
  return out;
}

/**
 * Writes `n` slots, f64, each as the number of slots skipped since the one before, or since `from`: seven bits a byte, low
 * ones first, the top bit says that more follow. Returns the bytes written, or -1 for slots that are not whole numbers
 * rising from `from` on, below 2^53. Four at a time where less than 2^28 are skipped. Writes over the eight bytes before
 * `slots`, and up to 16 behind what it says.
 */
export function encodeSlots(slots: usize, n: u32, from: f64, out: usize): i32 {
  const start = out;
  store<f64>(slots - 8, from - 1);
  const one = f64x2.splat(1);
  const magic = v128.load(SPLATS, 160);
  const low14 = v128.load(SPLATS);
  const high14 = v128.load(SPLATS, 16);
  let i: u32 = 0;
  wrong = false;
  for (; i + 4 <= n; i += 4) {
    const at = slots + 8 * i;
    const skippedA = f64x2.sub(f64x2.sub(v128.load(at), v128.load(at - 8)), one);
    const skippedB = f64x2.sub(f64x2.sub(v128.load(at, 16), v128.load(at, 8)), one);
    const wholeA = f64x2.add(skippedA, magic);
    const wholeB = f64x2.add(skippedB, magic);
    const unequal = v128.or(
      f64x2.ne(f64x2.sub(wholeA, magic), skippedA),
      f64x2.ne(f64x2.sub(wholeB, magic), skippedB),
    );
    const beyond = i64x2.shr_u(v128.or(v128.xor(wholeA, magic), v128.xor(wholeB, magic)), 28);
    if (v128.any_true(v128.or(unequal, beyond))) {
      for (let k: u32 = 0; k < 4; k++) out = encodeSlot(load<f64>(at + 8 * k), load<f64>(at + 8 * k - 8) + 1, out);
      continue;
    }
    const low = i32x4.shuffle(wholeA, wholeB, 0, 2, 4, 6);
    // Seven bits in each byte.
    const halves = v128.or(v128.and(low, low14), v128.and(i32x4.shl(low, 2), high14));
    const sevens = v128.or(
      v128.and(halves, v128.load(SPLATS, 32)),
      v128.and(i32x4.shl(halves, 1), v128.load(SPLATS, 48)),
    );
    // A byte more, and a top bit, for each of these that is reached; a comparison that holds is -1.
    const over7 = i32x4.gt_s(low, v128.load(SPLATS, 64));
    const over14 = i32x4.gt_s(low, v128.load(SPLATS, 80));
    const over21 = i32x4.gt_s(low, v128.load(SPLATS, 96));
    const tops = v128.or(
      v128.or(v128.and(over7, v128.load(SPLATS, 112)), v128.and(over14, v128.load(SPLATS, 128))),
      v128.and(over21, v128.load(SPLATS, 144)),
    );
    const sizes = sizesOf(i32x4.neg(i32x4.add(i32x4.add(over7, over14), over21)));
    v128.store(out, i8x16.swizzle(v128.or(sevens, tops), v128.load(PACKED + 16 * sizes)));
    out += load<u8>(PACKED_BYTES + sizes);
  }
  for (; i < n; i++) {
    out = encodeSlot(load<f64>(slots + 8 * i), load<f64>(slots + 8 * i - 8) + 1, out);
  }
  return wrong || !(load<f64>(slots + 8 * n - 8) < 9007199254740992) ? -1 : <i32>(out - start);
}

/**
 * Four numbers of at most three bytes each, by the ends among the twelve bytes that they take at most: where their bytes go in
 * four words, and how many there are. 81 ways; WAY is 16 times the way, plus the bytes, and 0 for other numbers.
 */
const WAY: usize = memory.data(4096 * 2, 2);
const WORDS: usize = memory.data(81 * 16, 16);
for (let way: u32 = 0; way < 81; way++) {
  let ends: u32 = 0;
  let at: u32 = 0;
  for (let k: u32 = 0, rest = way; k < 4; k++, rest /= 3) {
    for (let byte: u32 = 0; byte < 4; byte++) {
      store<u8>(WORDS + 16 * way + 4 * k + byte, byte <= rest % 3 ? <u8>(at + byte) : 0x80);
    }
    at += 1 + rest % 3;
    ends |= 1 << (at - 1);
  }
  // Whatever follows the last of the four.
  for (let behind: u32 = 0; behind < <u32>1 << (12 - at); behind++) {
    store<u16>(WAY + 2 * (ends | (behind << at)), <u16>(16 * way + at));
  }
}

/** Where the last byte of a number is among 64 bytes: those below 128. */
@inline
function endsOf(at: usize): u64 {
  return (
    <u64>(~i8x16.bitmask(v128.load(at)) & 0xffff) |
    (<u64>(~i8x16.bitmask(v128.load(at, 16)) & 0xffff) << 16) |
    (<u64>(~i8x16.bitmask(v128.load(at, 32)) & 0xffff) << 32) |
    (<u64>(~i8x16.bitmask(v128.load(at, 48)) & 0xffff) << 48)
  );
}

/**
 * Reads what `encodeSlots` writes out of `length` bytes, followed by 64 of room. Returns how many bytes it read, or -1 for
 * anything else, slots at or beyond `until` among it. Four at a time where none takes more than three bytes.
 */
export function decodeSlots(from: f64, until: f64, bytes: usize, length: u32, n: u32, slots: usize): i32 {
  const end = bytes + length;
  let next = from;
  let at = bytes;
  let left = n;
  let overlong = false;
  const zero = i32x4.splat(0);
  let spare = zero;
  let used: u32 = 0;
  while (left && at < end) {
    let ends = endsOf(at);
    let seen: u32 = 64;
    while (left && seen >= 12) {
      const way = <u32>load<u16>(WAY + 2 * <usize>(ends & 0xfff));
      if (way == 0 || left < 4) {
        const more = <u32>ctz(ends);
        if (more > 7) return -1;
        const x = numberOf(at, more);
        overlong = overlong || (more != 0 && x >> (7 * more) == 0);
        next += <f64>x;
        store<f64>(slots, next);
        slots += 8;
        next += 1;
        left--;
        at += more + 1;
        ends >>= more + 1;
        seen -= more + 1;
        continue;
      }
      const words = i8x16.swizzle(v128.load(at), v128.load(WORDS + (way & ~15)));
      const taken = way & 15;
      at += taken;
      ends >>= taken;
      seen -= taken;
      const pairs = v128.or(
        v128.and(words, v128.load(SPLATS, 32)),
        i32x4.shr_u(v128.and(words, v128.load(SPLATS, 48)), 1),
      );
      const x = v128.or(
        v128.and(pairs, v128.load(SPLATS)),
        i32x4.shr_u(v128.and(pairs, v128.load(SPLATS, 16)), 2),
      );
      // What they need beyond a byte each, negative, must come out as what they take.
      const over7 = i32x4.gt_s(x, v128.load(SPLATS, 64));
      const over14 = i32x4.gt_s(x, v128.load(SPLATS, 80));
      spare = i32x4.add(spare, i32x4.add(over7, over14));
      used += taken - 4;
      // From the first of them on: all that is skipped, and the slots themselves.
      const sums = i32x4.add(x, i32x4.shuffle(zero, x, 0, 4, 5, 6));
      const skipped = i32x4.add(
        i32x4.add(sums, i32x4.shuffle(zero, sums, 0, 1, 4, 5)),
        v128.load(SPLATS, 192),
      );
      const base = f64x2.splat(next);
      const later = f64x2.add(base, f64x2.convert_low_i32x4_s(i64x2.shuffle(skipped, skipped, 1, 1)));
      v128.store(slots, f64x2.add(base, f64x2.convert_low_i32x4_s(skipped)));
      v128.store(slots, later, 16);
      next = f64x2.extract_lane(later, 1) + 1;
      slots += 32;
      left -= 4;
    }
  }
  const sums = i32x4.add(spare, i64x2.shuffle(spare, spare, 1, 0));
  overlong = overlong || <u32>(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)) + used != 0;
  return left || overlong || at > end || next > until ? -1 : <i32>(at - bytes);
}

/** Seven bits of each of `more + 1` bytes, at most eight. */
@inline
function numberOf(at: usize, more: u32): u64 {
  let x = ((load<u64>(at) << (56 - 8 * <u64>more)) >> (56 - 8 * <u64>more)) & ~TOPS;
  x = (x & 0x007f007f007f007f) | ((x & 0x7f007f007f007f00) >> 1);
  x = (x & 0x00003fff00003fff) | ((x & 0x3fff00003fff0000) >> 2);
  return (x & 0x0fffffff) | ((x & 0x0fffffff00000000) >> 4);
}
