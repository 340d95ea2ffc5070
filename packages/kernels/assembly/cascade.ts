/**
 * The search of Cascade; `src/cascade.ts` says what it is, `src/cascade-twin.ts` does the same node by node.
 *
 * No address and no branch depends on a bit of the key: own parities are only moved and added.
 */

import {
  become,
  becomeBlock,
  blocksOf,
  findLeaf,
  Frame,
  list,
  NAMED,
  nodeAt,
  ODD,
  ones,
  ownAt,
  Pass,
  passOf,
  SPLIT,
  settle,
  settled,
} from './lib/cascade-pass';

export { build, frameBytes, passBytes, secretBytes } from './lib/cascade-pass';
export { shuffle } from './lib/cascade-shuffle';

export function heapBase(): usize {
  return __heap_base;
}

// Tape: one is written or read at a time.

let at: usize = 0;
let bits: u64 = 0;
let filled: u32 = 0;
let from: usize = 0;

@inline
function rewind(tape: usize): void {
  from = at = tape;
  bits = 0;
  filled = 0;
}

/** The lowest `count` bits of `value`, up to 32; those above must be 0. */
@inline
function put(value: u32, count: u32): void {
  bits |= u64(value) << filled;
  filled += count;
  if (filled < 32) return;
  store<u32>(at, u32(bits));
  at += 4;
  bits >>= 32;
  filled -= 32;
}

/** Bits written. */
function finish(): u32 {
  store<u32>(at, u32(bits));
  bits = 0;
  return 8 * u32(at - from) + filled;
}

/** The next `count` bits, 1 to 32; the tape is followed by 8 bytes of room. */
@inline
function take(count: u32): u32 {
  const value = u32(load<u64>(at + (filled >> 3)) >> (filled & 7)) & ones(count);
  filled += count;
  return value;
}

/** Writes this party's parities of the blocks of the last pass, but for the very last with `follows`. Returns how many. */
export function askBlocks(frame: Frame, follows: bool, tape: usize): u32 {
  const pass = passOf(frame, frame.passes - 1);
  const level = pass.level;
  const fineLanes = pass.fineLanes;
  rewind(tape);
  if (fineLanes) {
    const first = frame.leaves >> (level - 1);
    const end = first + blocksOf(frame, level - 1);
    for (let id = first; id < end; id++) put(load<u32>(ownAt(frame, pass, id)) & ones(fineLanes), fineLanes);
  }
  const count = frame.lanes - fineLanes;
  const last = (frame.leaves >> level) + blocksOf(frame, level) - 1;
  for (let id = frame.leaves >> level; id <= last; id++) {
    const said = id === last ? count - u32(follows) : count;
    if (said) put((load<u32>(ownAt(frame, pass, id)) >> fineLanes) & ones(said), said);
  }
  return finish();
}

/** Takes the answers to `askBlocks`, and the last from that of all. Returns how many blocks are odd. */
export function learnBlocks(frame: Frame, follows: bool, whole: u32, tape: usize, skip: u32): u32 {
  const pass = passOf(frame, frame.passes - 1);
  const level = pass.level;
  const fineLanes = pass.fineLanes;
  let odd: u32 = 0;
  rewind(tape);
  filled = skip;
  if (fineLanes) {
    const first = frame.leaves >> (level - 1);
    const end = first + blocksOf(frame, level - 1);
    for (let id = first; id < end; id++) {
      const lanes = take(fineLanes);
      odd += popcnt(lanes);
      becomeBlock(frame, pass, id, lanes);
    }
  }
  const count = frame.lanes - fineLanes;
  const last = (frame.leaves >> level) + blocksOf(frame, level) - 1;
  for (let id = frame.leaves >> level; id <= last; id++) {
    const said = id === last ? count - u32(follows) : count;
    let lanes = said ? take(said) : 0;
    odd += popcnt(lanes);
    if (said !== count) {
      const rest = (odd ^ whole) & 1;
      lanes |= rest << said;
      odd += rest;
    }
    becomeBlock(frame, pass, id, lanes << fineLanes);
  }
  return odd;
}

/** Number of errors not found yet, modulo 2, once the first pass is open and all that is odd is asked about. */
export function wholeIsOdd(frame: Frame): u32 {
  const pass = passOf(frame, 0);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < pass.askedCount; i++) sum ^= load<u32>(pass.asked + 8 * i, 4);
  for (let i: u32 = 0; i < pass.wrongCount; i++) sum ^= load<u32>(pass.leafOdd + 4 * load<u16>(pass.wrong + 2 * i));
  return popcnt(sum) & 1;
}

/** The sum of the positions of the ones among the leaves of one lane of a node. */
function syndrome(frame: Frame, pass: Pass, id: u32, level: u32, lane: u32): u32 {
  let leaf = pass.leafOwn + 4 * ((id << level) - frame.leaves);
  let sum: u32 = 0;
  if (level <= 4) {
    for (let i: u32 = 0; i < 1 << level; i++) sum ^= i & -((load<u32>(leaf + 4 * i) >> lane) & 1);
    return sum;
  }
  // The lowest four bits from sixteen sums over every sixteenth leaf, the others from the nodes above sixteen leaves.
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const low = level - 4;
  const node = nodeAt(pass, id << low);
  for (let i: u32 = 0; i < 1 << low; i++, leaf += 64) {
    a = v128.xor(a, v128.load(leaf));
    b = v128.xor(b, v128.load(leaf, 16));
    c = v128.xor(c, v128.load(leaf, 32));
    d = v128.xor(d, v128.load(leaf, 48));
    sum ^= i & -((load<u32>(node + 16 * i) >> lane) & 1);
  }
  sum <<= 4;
  const by = 31 - lane;
  const four = i32x4.splat(4);
  let position = i32x4(0, 1, 2, 3);
  let all = v128.and(position, i32x4.shr_s(i32x4.shl(a, by), 31));
  position = i32x4.add(position, four);
  all = v128.xor(all, v128.and(position, i32x4.shr_s(i32x4.shl(b, by), 31)));
  position = i32x4.add(position, four);
  all = v128.xor(all, v128.and(position, i32x4.shr_s(i32x4.shl(c, by), 31)));
  position = i32x4.add(position, four);
  all = v128.xor(all, v128.and(position, i32x4.shr_s(i32x4.shl(d, by), 31)));
  const pairs = i64x2.extract_lane(all, 0) ^ i64x2.extract_lane(all, 1);
  return sum ^ u32(pairs) ^ u32(pairs >> 32);
}

/** Syndromes asked in this round. */
let syndromes: u32 = 0;
export function syndromesAsked(): u32 {
  return syndromes;
}

/** Asks about all odd nodes, those up to `most` levels for their syndromes first. Returns how many parities there are. */
export function ask(frame: Frame, most: u32, tape: usize): u32 {
  syndromes = 0;
  rewind(tape);
  for (let p: u32 = 0; p < frame.passes; p++) askPass(frame, p, most);
  return finish();
}

function askPass(frame: Frame, p: u32, most: u32): void {
  const leaves = frame.leaves;
  const pass = passOf(frame, p);
  const shift: u32 = clz(leaves);
  const end = leaves + frame.rowCount;
  let out = at;
  let open = bits;
  let fill = filled;
  const active = pass.active;
  const count = pass.activeCount;
  pass.activeCount = 0;
  let entry = pass.asked;
  for (let i: u32 = 0; i < count; i++) {
    const id: u32 = load<u16>(active + 2 * i);
    const listed = pass.listed + 4 * (id >> 5);
    store<u32>(listed, load<u32>(listed) & ~(1 << (id & 31)));
    const node = nodeAt(pass, id);
    let odd = load<u32>(node, ODD);
    if (!odd) continue;
    store<u32>(node, 0, ODD);
    store<u32>(entry, id);
    store<u32>(entry, odd, 4);
    entry += 8;
    const level: u32 = clz(id) - shift;
    if (level > 1 && level <= most) {
      let named = odd & ~load<u32>(node, NAMED);
      odd ^= named;
      syndromes += popcnt(named);
      for (; named; named &= named - 1) {
        open |= u64(syndrome(frame, pass, id, level, ctz(named))) << fill;
        fill += level;
        if (fill >= 32) {
          store<u32>(out, u32(open));
          out += 4;
          open >>= 32;
          fill -= 32;
        }
      }
    }
    if (!odd) continue;
    const right: u32 = 2 * id + 1;
    if (right << (level - 1) >= end) continue;
    // A pass alone has settled nothing for another.
    if (level === 1 && frame.passes > 1) {
      // What is odd here is not split in this pass: where it is settled, others have done it.
      const left = settled(frame, pass, 2 * id - leaves);
      const either = odd & (left ^ settled(frame, pass, right - leaves));
      if (either) {
        // Of two bits one is right, so the other is wrong: nothing to ask. It is split when it is learned.
        odd ^= either;
        store<u32>(entry - 4, odd);
        frame.odd -= popcnt(either);
        findLeaf(pass, right - leaves, either & left);
        findLeaf(pass, 2 * id - leaves, either & ~left);
        if (!odd) continue;
      }
    }
    const own = load<u32>(ownAt(frame, pass, 2 * id));
    for (; odd; odd &= odd - 1) open |= u64((own >> ctz(odd)) & 1) << fill++;
    if (fill >= 32) {
      store<u32>(out, u32(open));
      out += 4;
      open >>= 32;
      fill -= 32;
    }
  }
  pass.askedCount = u32(entry - pass.asked) >> 3;
  at = out;
  bits = open;
  filled = fill;
}

/**
 * Takes the answers to `ask`. Errors that syndromes have named go to `found`: pass, node, lane, leaf. Returns how many bits
 * were taken.
 */
export function learn(frame: Frame, most: u32, tape: usize, skip: u32, found: usize): u32 {
  rewind(tape);
  filled = skip;
  namedAt = found;
  for (let p: u32 = 0; p < frame.passes; p++) {
    const pass = passOf(frame, p);
    for (let i: u32 = 0; i < pass.wrongCount; i++) {
      const s: u32 = load<u16>(pass.wrong + 2 * i);
      const split = nodeAt(pass, (frame.leaves + s) >> 1) + SPLIT;
      const lanes = load<u32>(pass.leafOdd + 4 * s);
      store<u32>(split, load<u32>(split) | lanes);
      settle(frame, pass, s & ~1, lanes);
    }
  }
  for (let p: u32 = 0; p < frame.passes; p++) learnPass(frame, p, most);
  return filled - skip;
}
let namedAt: usize = 0;

function learnPass(frame: Frame, p: u32, most: u32): void {
  const leaves = frame.leaves;
  const pass = passOf(frame, p);
  const shift: u32 = clz(leaves);
  const end = leaves + frame.rowCount;
  const tape = at;
  let next = filled;
  const asked = pass.asked;
  const count = pass.askedCount;
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(asked + 8 * i);
    let odd = load<u32>(asked + 8 * i, 4);
    const node = nodeAt(pass, id);
    const level: u32 = clz(id) - shift;
    let named: u32 = 0;
    if (level > 1 && level <= most) {
      named = odd & ~load<u32>(node, NAMED);
      odd ^= named;
      if (named) {
        list(pass, id, 1);
        store<u32>(node, load<u32>(node, ODD) | named, ODD);
        store<u32>(node, load<u32>(node, NAMED) | named, NAMED);
      }
      for (let rest = named; rest; rest &= rest - 1) {
        const leaf = (id << level) + (u32(load<u64>(tape + (next >> 3)) >> (next & 7)) & ones(level));
        next += level;
        if (leaf >= end) continue;
        store<u32>(namedAt, p);
        store<u32>(namedAt, id, 4);
        store<u32>(namedAt, ctz(rest), 8);
        store<u32>(namedAt, leaf, 12);
        namedAt += 16;
      }
    }
    if (!odd) continue;
    store<u32>(node, load<u32>(node, SPLIT) | odd, SPLIT);
    const right: u32 = 2 * id + 1;
    let left = odd;
    if (right << (level - 1) < end) {
      left = 0;
      let answers = u32(load<u64>(tape + (next >> 3)) >> (next & 7));
      for (let rest = odd; rest; rest &= rest - 1, answers >>= 1, next++) left |= rest & -rest & -(answers & 1);
    }
    if (level === 1) {
      frame.odd -= popcnt(odd);
      settle(frame, pass, 2 * id - leaves, odd);
      findLeaf(pass, 2 * id - leaves, left);
      findLeaf(pass, right - leaves, odd & ~left);
    } else if (odd & (odd - 1)) {
      become(pass, 2 * id, left);
      become(pass, right, odd & ~left);
    } else become(pass, 2 * id + u32(!left), odd);
  }
  pass.askedCount = 0;
  filled = next;
}

/**
 * Flips what was found wrong; `found` has what syndromes have named in `learn`. Returns whether answers contradict each other.
 */
export function flipFound(frame: Frame, found: usize): bool {
  for (; found < namedAt; found += 16) {
    const pass = passOf(frame, load<u32>(found));
    const id = load<u32>(found, 4);
    const lane = load<u32>(found, 8);
    // It may have been found in another pass at the same time.
    if (!((load<u32>(nodeAt(pass, id) + ODD) >> lane) & 1)) continue;
    const row: u32 = load<u16>(pass.order + 2 * (load<u32>(found, 12) - frame.leaves));
    // A pass has shown that this bit is right: the syndrome was that of three errors.
    if (flip(frame, pass, id, row, lane) && flip(frame, pass, id, row, lane)) return true;
  }
  for (let p: u32 = 0; p < frame.passes; p++) {
    const pass = passOf(frame, p);
    for (let i: u32 = 0; i < pass.wrongCount; i++) {
      const s: u32 = load<u16>(pass.wrong + 2 * i);
      const odd = pass.leafOdd + 4 * s;
      for (let lanes = load<u32>(odd); lanes; lanes = load<u32>(odd)) {
        if (flip(frame, pass, frame.leaves + s, load<u16>(pass.order + 2 * s), ctz(lanes))) return true;
      }
    }
    pass.wrongCount = 0;
  }
  return false;
}

/**
 * The bit of a row that stands in this lane of a pass is wrong: the smallest known node that holds it changes parity, in every
 * pass; in this one it is node `seenId`. Returns whether a node becomes odd that is this bit alone.
 */
function flip(frame: Frame, seen: Pass, seenId: u32, row: u32, lane: u32): bool {
  const leaves = frame.leaves;
  const shift: u32 = clz(leaves);
  const lanes = frame.lanes;
  const corrects = frame.corrects;
  const bit = (lane - load<u8>(seen.turn + row)) & (lanes - 1);
  const errors = frame.errors + 4 * row;
  store<u32>(errors, load<u32>(errors) ^ (1 << bit));
  if (corrects) {
    const bits = frame.rows + 4 * row;
    store<u32>(bits, load<u32>(bits) ^ (1 << bit));
  }
  let contradicts = false;
  for (let p: u32 = 0; p < frame.passes; p++) {
    const pass = passOf(frame, p);
    const s: u32 = load<u16>(pass.place + 2 * row);
    const at = (bit + load<u8>(pass.turn + row)) & (lanes - 1);
    const one: u32 = 1 << at;
    let id = seenId;
    let level: u32 = clz(id) - shift;
    if (pass !== seen) {
      level = pass.level - u32(at < pass.fineLanes);
      id = (leaves + s) >> level;
      while (level && load<u32>(nodeAt(pass, id) + SPLIT) & one) id = (leaves + s) >> --level;
    }
    if (!level) {
      const odd = pass.leafOdd + 4 * s;
      const now = load<u32>(odd) ^ one;
      store<u32>(odd, now);
      if (now & one) contradicts = true;
      continue;
    }
    const odd = nodeAt(pass, id) + ODD;
    const now = load<u32>(odd) ^ one;
    store<u32>(odd, now);
    const isOdd = (now >> at) & 1;
    frame.odd += 2 * isOdd - 1;
    list(pass, id, isOdd);
    if (!corrects) continue;
    const own = pass.leafOwn + 4 * s;
    store<u32>(own, load<u32>(own) ^ one);
    for (let below: u32 = 1; below < level; below++) {
      const node = nodeAt(pass, (leaves + s) >> below);
      store<u32>(node, load<u32>(node) ^ one);
    }
  }
  return contradicts;
}

/** Bits found wrong. */
export function countFound(frame: Frame): u32 {
  let sum: u32 = 0;
  for (let row: u32 = 0; row < frame.rowCount; row++) sum += popcnt(load<u32>(frame.errors + 4 * row));
  return sum;
}
