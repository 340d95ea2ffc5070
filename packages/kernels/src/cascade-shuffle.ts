import cascade from './wasm/cascade.ts';
import { type KernelExports, Workspace } from './workspace.ts';

/** The order of one pass of Cascade over rows of some lanes. */
export interface CascadeShuffle {
  /** Row that stands at each position. */
  readonly order: Uint16Array;
  /** Position of each row: the inverse of `order`. */
  readonly place: Uint16Array;
  /** Lanes by which each row is turned: its bit i stands in lane (i + turn) modulo the number of lanes. */
  readonly turn: Uint8Array;
}

/** The four words of the state of xoshiro128**, not all of them 0. */
export type ShuffleState = readonly [number, number, number, number];

interface Exports extends KernelExports {
  shuffle(
    order: number,
    place: number,
    turn: number,
    rows: number,
    lanes: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
  ): void;
}

let desk: Workspace<Exports> | undefined;

/**
 * A Fisher-Yates shuffle of `rows` rows, at most 32,768, driven by xoshiro128** (Blackman and Vigna, arXiv:1805.01407); its
 * first 16 outputs are dropped. Position j, from the last down to 0, swaps with floor(output (j + 1) / 2^32), and the row that
 * comes to stand there is turned by the lowest bits of the same output. `lanes`: a power of two. Public: nothing is overwritten.
 */
export function cascadeShuffle(rows: number, lanes: number, state: ShuffleState): CascadeShuffle {
  desk ??= new Workspace<Exports>(cascade);
  desk.reset();
  const order = desk.take(2 * rows);
  const place = desk.take(2 * rows);
  const turn = desk.take(rows);
  desk.kernel.shuffle(order, place, turn, rows, lanes, ...state);
  return {
    order: desk.uint16(order, rows).slice(),
    place: desk.uint16(place, rows).slice(),
    turn: desk.bytes(turn, rows).slice(),
  };
}
