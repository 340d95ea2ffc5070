import type { Shuffle } from './shuffle.ts';

/** Words of a node in Pass.nodes. */
export const OWN = 0;
export const ODD = 1;
export const SPLIT = 2;
export const NAMED = 3;

/** Numbers in a typed array that grows. */
export class NumberList {
  items: Uint32Array = new Uint32Array(256);
  count = 0;

  push(item: number): void {
    if (this.count === this.items.length) {
      const items = new Uint32Array(2 * this.count);
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
  /**
   * Four words a node, side by side since they are looked at together: OWN, this party's parities of what is below the known
   * nodes (higher up they may be of the past); ODD, whether the node is known to differ; SPLIT, whether its halves are
   * known; NAMED, whether its syndrome was asked.
   */
  readonly nodes: Uint32Array;
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
    const level = Math.ceil(Math.log2(blockBits));
    this.level = level;
    this.fineLanes = Math.round(lanes * (level - Math.log2(blockBits)));
    const nodes = new Uint32Array(8 * leaves);
    const mask = -1 >>> (32 - lanes);
    for (let s = 0, at = 4 * leaves + OWN; s < order.length; s++, at += 4) {
      const row = order[s]!;
      const bits = rows[row]!;
      const by = turn[row]!;
      nodes[at] = ((bits << by) | (bits >>> (lanes - by))) & mask;
    }
    for (let id = leaves - 1, top = leaves >> level; id >= top; id--) {
      nodes[4 * id + OWN] = nodes[8 * id + OWN]! ^ nodes[8 * id + 4 + OWN]!;
    }
    this.nodes = nodes;
  }

  /** Overwrites this party's parities, and all else. */
  wipe(): void {
    this.nodes.fill(0);
  }

  /** Makes the nodes that are odd what is asked about. Each is taken once: what it becomes is learned. */
  collect(): number {
    const { nodes, active, asked } = this;
    const { items, count } = active;
    for (let i = 0; i < count; i++) {
      const node = items[i]!;
      const bit = 1 << (node & 31);
      const odd = 4 * (node >>> 5) + ODD;
      if (!(nodes[odd]! & bit)) continue;
      nodes[odd]! ^= bit;
      asked.push(node);
    }
    active.count = 0;
    return asked.count;
  }

  /** The sum of the positions, counted from leaf `from` on, of the ones among `count` bits of a lane. */
  syndrome(from: number, count: number, lane: number): number {
    const { nodes } = this;
    let sum = 0;
    for (let i = 0, at = 4 * from + OWN; i < count; i++, at += 4) sum ^= i & -((nodes[at]! >>> lane) & 1);
    return sum;
  }

  /**
   * Changes the parity of the smallest known node that holds a leaf, and with `corrects` the own parities below it. Returns
   * whether that is the leaf itself, which has become odd.
   */
  flip(leaf: number, lane: number, corrects: boolean): boolean {
    const { nodes } = this;
    const bit = 1 << lane;
    let level = lane < this.fineLanes ? this.level - 1 : this.level;
    while (level > 0 && nodes[4 * (leaf >> level) + SPLIT]! & bit) level--;
    const id = leaf >> level;
    if (corrects) for (let below = level - 1; below >= 0; below--) nodes[4 * (leaf >> below) + OWN]! ^= bit;
    const isOdd = (nodes[4 * id + ODD]! ^= bit) & bit;
    if (isOdd && level) this.active.push((id << 5) | lane);
    return isOdd !== 0 && level === 0;
  }
}
