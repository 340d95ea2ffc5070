import type { Shuffle } from './shuffle.ts';

const NO_NODES = new Int32Array(0);

/** Numbers in a typed array that grows. */
export class NumberList {
  items: Int32Array = new Int32Array(256);
  count = 0;

  push(item: number): void {
    if (this.count === this.items.length) {
      const items = new Int32Array(2 * this.count);
      items.set(this.items);
      this.items = items;
    }
    this.items[this.count++] = item;
  }
}

/**
 * One pass over a frame: a binary tree over its rows in the order of the pass, one bit a lane in every word. Leaf
 * `leaves + s` is the row at position s, node i is the sum of nodes 2i and 2i + 1. In lists a node of one lane is
 * 32 i + lane.
 */
export class Pass {
  readonly order: Uint16Array;
  readonly place: Uint16Array;
  readonly turn: Uint8Array;
  /** Levels that the blocks stand above the leaves, in lanes from `fineLanes` on; in those before, one level less. */
  readonly level: number;
  readonly fineLanes: number;
  /** Odd nodes up to this level are asked for their syndromes, whatever the schedule says. */
  syndromeLevel = 0;
  /** This party's parities of what is below the known nodes; higher up they may be of the past. */
  readonly own: Int32Array;
  /** Known nodes whose parities differ; nodes whose halves are known; nodes whose syndrome was asked. Empty before `begin`. */
  odd: Int32Array = NO_NODES;
  split: Int32Array = NO_NODES;
  named: Int32Array = NO_NODES;
  /** Nodes that became odd. */
  readonly active = new NumberList();
  /** Nodes asked about in this round, and how, beginning at bit MANNER. */
  readonly asked = new NumberList();

  /** `leaves`: the smallest power of two that holds all rows. `blockBits`: not below 1, at most `leaves`. */
  constructor(shuffle: Shuffle, blockBits: number, leaves: number, rows: Uint32Array, lanes: number) {
    const { order, turn } = shuffle;
    this.order = order;
    this.place = shuffle.place;
    this.turn = turn;
    // Blocks of a size between two powers of two: some of the one, some of the other.
    const level = Math.floor(Math.log2(blockBits));
    const coarse = Math.round(lanes * (Math.log2(blockBits) - level));
    this.level = coarse ? level + 1 : level;
    this.fineLanes = coarse ? lanes - coarse : 0;
    const own = new Int32Array(2 * leaves);
    const mask = -1 >>> (32 - lanes);
    for (let s = 0; s < order.length; s++) {
      const row = order[s]!;
      const bits = rows[row]!;
      const by = turn[row]!;
      own[leaves + s] = ((bits << by) | (bits >>> (lanes - by))) & mask;
    }
    for (let id = leaves - 1, top = leaves >> this.level; id >= top; id--) own[id] = own[2 * id]! ^ own[2 * id + 1]!;
    this.own = own;
  }

  /** Begins the search in the blocks that are odd, which are the active nodes. */
  begin(): void {
    this.odd = new Int32Array(this.own.length);
    this.split = new Int32Array(this.own.length / 2);
    this.named = new Int32Array(this.own.length / 2);
    const { odd } = this;
    const { items, count } = this.active;
    for (let i = 0; i < count; i++) odd[items[i]! >>> 5]! |= 1 << (items[i]! & 31);
  }

  /** Overwrites this party's parities. */
  wipe(): void {
    this.own.fill(0);
  }

  /** Makes the nodes that are odd what is asked about. Each is taken once: what it becomes is learned. */
  collect(): number {
    const { odd, active, asked } = this;
    const { items, count } = active;
    for (let i = 0; i < count; i++) {
      const node = items[i]!;
      const bit = 1 << (node & 31);
      if (!(odd[node >>> 5]! & bit)) continue;
      odd[node >>> 5]! ^= bit;
      asked.push(node);
    }
    active.count = 0;
    return asked.count;
  }

  /** The sum of the positions, counted from leaf `from` on, of the ones among `count` bits of a lane. */
  syndrome(from: number, count: number, lane: number): number {
    const { own } = this;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= i & -((own[from + i]! >>> lane) & 1);
    return sum;
  }

  /** The smallest node of a lane that is known and holds a leaf, as the level at which it stands. */
  knownLevel(leaf: number, lane: number): number {
    const { split } = this;
    let level = lane < this.fineLanes ? this.level - 1 : this.level;
    while (level > 0 && (split[leaf >> level]! >>> lane) & 1) level--;
    return level;
  }

  /**
   * Changes the parity of the known node at `level` that holds a leaf, and with `corrects` the own parities below it. Returns
   * whether that is the leaf itself, which has become odd.
   */
  flip(leaf: number, lane: number, level: number, corrects: boolean): boolean {
    const { own, odd } = this;
    const bit = 1 << lane;
    const id = leaf >> level;
    if (corrects) for (let below = level - 1; below >= 0; below--) own[leaf >> below]! ^= bit;
    const isOdd = (odd[id]! ^= bit) & bit;
    if (isOdd && level) this.active.push((id << 5) | lane);
    return isOdd !== 0 && level === 0;
  }
}
