import type { Random } from '../random.ts';

/**
 * Draws of an item by weight with one uniform number, whatever the number of items: Walker's alias method (1977), set up as
 * in Vose (1991). Memory is used again by the next `build`. A weight is kept to 2^-53 of the sum, less the bits that the
 * number of columns takes.
 */
export class Alias {
  /** Sum of the weights. 0: there is nothing to draw. */
  total = 0;
  /**
   * What `draw` looks at, for loops that do it themselves: number of columns; where a column's own part ends, from its
   * number on; and its two items, its own first.
   */
  columns = 0;
  edge = new Float64Array(0);
  pair = new Uint32Array(0);
  #queue = new Uint32Array(0);

  /** Items `items[i]` of weights `weights[i]`, i below `count`; none may be negative. */
  build(items: Uint32Array, weights: Float64Array, count: number): void {
    if (this.edge.length < count) {
      this.edge = new Float64Array(2 * count);
      this.pair = new Uint32Array(4 * count);
      this.#queue = new Uint32Array(2 * count);
    }
    let total = 0;
    for (let i = 0; i < count; i++) total += weights[i]!;
    this.total = total;
    this.columns = count;
    if (!(total > 0)) return;
    const { edge, pair } = this;
    for (let i = 0; i < count; i++) {
      pair[2 * i] = pair[2 * i + 1] = items[i]!;
      edge[i] = (weights[i]! * count) / total;
    }
    fill(edge, pair, 0, count, this.#queue);
  }

  /** An item; only where `total` is positive. */
  draw(random: Random): number {
    const u = random.uniform() * this.columns;
    const column = u | 0;
    return this.pair[2 * column + (u < this.edge[column]! ? 0 : 1)]!;
  }
}

/**
 * Vose's pairing of the columns from `from` to `from + count`: `edge` holds weights of mean 1 and gets the ends of the own
 * parts, counted from the first of these columns; `pair` holds every item twice and gets the other item in second place.
 */
export function fill(
  edge: Float64Array,
  pair: Uint8Array | Uint32Array,
  from: number,
  count: number,
  queue: Uint32Array,
): void {
  // Columns less than full wait at the front of the queue, the others at its end.
  let small = 0;
  let large = count;
  for (let i = 0; i < count; i++) {
    if (edge[from + i]! < 1) queue[small++] = i;
    else queue[--large] = i;
  }
  while (small > 0 && large < count) {
    const low = queue[--small]!;
    const high = queue[large]!;
    pair[2 * (from + low) + 1] = pair[2 * (from + high)]!;
    edge[from + high]! -= 1 - edge[from + low]!;
    edge[from + low]! += low;
    if (edge[from + high]! < 1) {
      large++;
      queue[small++] = high;
    }
  }
  // What is left is full up to rounding.
  while (small > 0) {
    const i = queue[--small]!;
    edge[from + i] = i + 1;
  }
  while (large < count) {
    const i = queue[large++]!;
    edge[from + i] = i + 1;
  }
}
