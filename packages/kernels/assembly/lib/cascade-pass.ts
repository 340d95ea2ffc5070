/**
 * Frames and passes of Cascade in memory, and the trees over them. Lanes of a node are bits of a word, and go together. Nodes
 * that became odd stand in a list, in that order; a list is walked from its begin to its end, so that many nodes are under
 * way at the same time, most of them from the second-level cache.
 */

/** A frame. Its passes, an address each, stand behind the other fields. */
@unmanaged
export class Frame {
  rows: usize;
  /** Bits found wrong, row by row. */
  errors: usize;
  rowCount: u32;
  lanes: u32;
  /** Smallest power of two that holds all rows. */
  leaves: u32;
  corrects: u32;
  passes: u32;
  /** Odd nodes of all passes, leaves left out. */
  odd: u32;
  /** Bits of rows that stand in a pair, of any pass, that is split. */
  known: usize;
}

/** One order of the rows and the tree over it. */
@unmanaged
export class Pass {
  order: usize;
  place: usize;
  turn: usize;
  /** Node i, from 1 to leaves - 1, at 16 i: own, odd, split, named. */
  nodes: usize;
  leafOwn: usize;
  leafOdd: usize;
  /** Nodes that became odd, 16 bits each. */
  active: usize;
  /** Nodes that are asked about, 32 bits each, and in which lanes, another 32: these are not odd until their answers come. */
  asked: usize;
  /** Bit i: node i is in the active list. */
  listed: usize;
  /** Leaves found wrong in this round. */
  wrong: usize;
  activeCount: u32;
  askedCount: u32;
  wrongCount: u32;
  level: u32;
  fineLanes: u32;
}

export function frameBytes(mostPasses: u32): u32 {
  return offsetof<Frame>() + 4 * mostPasses;
}

/** Bytes of a pass with all that is its own; what it has of the key is in the first `secretBytes`. */
export function passBytes(leaves: u32): u32 {
  return offsetof<Pass>() + 32 + 36 * leaves + leaves / 8;
}

export function secretBytes(leaves: u32): u32 {
  return offsetof<Pass>() + 16 + 20 * leaves;
}

@inline
export function passOf(frame: Frame, p: u32): Pass {
  return changetype<Pass>(load<u32>(changetype<usize>(frame) + offsetof<Frame>() + 4 * p));
}

@inline
export function nodeAt(pass: Pass, id: u32): usize {
  return pass.nodes + 16 * id;
}
export const ODD: usize = 4;
export const SPLIT: usize = 8;
export const NAMED: usize = 12;

/** Bits 0 to count - 1; `count` from 1 to 32. */
@inline
export function ones(count: u32): u32 {
  return <u32>-1 >> (32 - count);
}

/** The bits of a row, each `by` lanes further. */
@inline
export function turned(bits: u32, by: u32, lanes: u32): u32 {
  if (lanes === 32) return rotl<u32>(bits, by);
  return ((bits << by) | (bits >> (lanes - by))) & ones(lanes);
}

/** A node became odd, if `is` is 1 and not 0: nobody can foresee that, so there is no branch on it. */
@inline
export function list(pass: Pass, id: u32, is: u32): void {
  const listed = pass.listed + 4 * (id >> 5);
  const word = load<u32>(listed);
  const count = pass.activeCount;
  store<u32>(listed, word | (is << (id & 31)));
  store<u16>(pass.active + 2 * count, id);
  pass.activeCount = count + (is & ~(word >> (id & 31)));
}

/** Lanes of the bits at position `s` that stand in a pair, of any pass, that is split. */
@inline
export function settled(frame: Frame, pass: Pass, s: u32): u32 {
  const row: u32 = load<u16>(pass.order + 2 * s);
  return turned(load<u32>(frame.known + 4 * row), load<u8>(pass.turn + row), frame.lanes);
}

/** The pair that begins at position `s` is split in these lanes. */
@inline
export function settle(frame: Frame, pass: Pass, s: u32, lanes: u32): void {
  settleRow(frame, pass, s, lanes);
  if (s + 1 < frame.rowCount) settleRow(frame, pass, s + 1, lanes);
}

@inline
function settleRow(frame: Frame, pass: Pass, s: u32, lanes: u32): void {
  const row: u32 = load<u16>(pass.order + 2 * s);
  const known = frame.known + 4 * row;
  store<u32>(known, load<u32>(known) | turned(lanes, -load<u8>(pass.turn + row) & (frame.lanes - 1), frame.lanes));
}

/** Lanes of a leaf are found wrong; in none of them it was known. */
@inline
export function findLeaf(pass: Pass, s: u32, lanes: u32): void {
  if (!lanes) return;
  const odd = pass.leafOdd + 4 * s;
  const before = load<u32>(odd);
  store<u32>(odd, before | lanes);
  if (!before) store<u16>(pass.wrong + 2 * pass.wrongCount++, s);
}

/** Lanes of a node above the leaves become odd that were not known, so cannot have been odd. */
@inline
export function become(pass: Pass, id: u32, lanes: u32): void {
  const odd = nodeAt(pass, id) + ODD;
  store<u32>(odd, load<u32>(odd) | lanes);
  list(pass, id, u32(lanes !== 0));
}

/** The same of a block, which may be a leaf. */
@inline
export function becomeBlock(frame: Frame, pass: Pass, id: u32, lanes: u32): void {
  if (!lanes) return;
  const leaves = frame.leaves;
  if (id >= leaves) {
    findLeaf(pass, id - leaves, lanes);
    return;
  }
  become(pass, id, lanes);
  frame.odd += popcnt(lanes);
}

/**
 * Builds the next pass of a frame at `to`, room of `passBytes` bytes. `order`, `place` and `turn` are those of its shuffle;
 * blocks stand `level` levels above the leaves, in the first `fineLanes` lanes one less.
 */
export function build(frame: Frame, to: usize, order: usize, place: usize, turn: usize, level: u32, fineLanes: u32): void {
  const leaves = frame.leaves;
  const pass = changetype<Pass>(to);
  store<u32>(changetype<usize>(frame) + offsetof<Frame>() + 4 * frame.passes++, u32(to));
  pass.order = order;
  pass.place = place;
  pass.turn = turn;
  pass.nodes = (to + offsetof<Pass>() + 15) & ~15;
  pass.leafOwn = pass.nodes + 16 * leaves;
  pass.leafOdd = pass.leafOwn + 4 * leaves;
  pass.active = pass.leafOdd + 4 * leaves;
  pass.wrong = pass.active + 2 * leaves;
  pass.asked = (pass.wrong + 2 * leaves + 7) & ~7;
  pass.listed = pass.asked + 8 * leaves;
  pass.activeCount = pass.askedCount = pass.wrongCount = 0;
  pass.level = level;
  pass.fineLanes = fineLanes;
  const rows = frame.rows;
  const rowCount = frame.rowCount;
  const lanes = frame.lanes;
  for (let s: u32 = 0; s < rowCount; s++) {
    const row: u32 = load<u16>(order + 2 * s);
    store<u32>(pass.leafOwn + 4 * s, turned(load<u32>(rows + 4 * row), load<u8>(turn + row), lanes));
  }
  memory.fill(pass.leafOwn + 4 * rowCount, 0, 4 * (leaves - rowCount));
  memory.fill(pass.leafOdd, 0, 4 * leaves);
  memory.fill(pass.listed, 0, (leaves + 31) / 32 * 4);
  if (!level) return;
  // All four words of a node are written: own, and nothing known.
  const known = i32x4.splat(0);
  for (let id = leaves - 1, half = leaves / 2; id >= half && id; id--) {
    const pair = load<u64>(pass.leafOwn + 4 * (2 * id - leaves));
    v128.store(nodeAt(pass, id), i32x4.replace_lane(known, 0, u32(pair) ^ u32(pair >> 32)));
  }
  for (let id = leaves / 2 - 1, top = leaves >> level; id >= top && id; id--) {
    const node = nodeAt(pass, 2 * id);
    v128.store(nodeAt(pass, id), i32x4.replace_lane(known, 0, load<u32>(node) ^ load<u32>(node, 16)));
  }
}

/** Where the own parities of a node stand. */
@inline
export function ownAt(frame: Frame, pass: Pass, id: u32): usize {
  return id < frame.leaves ? nodeAt(pass, id) : pass.leafOwn + 4 * (id - frame.leaves);
}

/** Blocks in a lane, a block being a node at `level`. */
@inline
export function blocksOf(frame: Frame, level: u32): u32 {
  return (frame.rowCount + (1 << level) - 1) >> level;
}
