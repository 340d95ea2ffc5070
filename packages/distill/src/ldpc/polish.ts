import type { LiftedCode } from '@skykey/kernels';

/**
 * The last few wrong bits, which belief propagation sometimes circles around without end: flip the bit that most of
 * its rows want flipped, again and again, a bit never twice in a row of its rivals (weighted bit flipping with a
 * memory). It costs nothing on the line: the syndrome is there already, and whether the outcome is the key the
 * frame's tag tells.
 */

/** Rows that may be wrong at most: beyond, it is no matter of a few bits. */
export const POLISH_ROWS = 400;
const FLIPS = 400;
/** Flips after which a flipped bit may be flipped again. */
const REST = 8;

/** Where the edges of each column are. */
export interface ColumnEdges {
  readonly layers: readonly number[][];
  readonly shifts: readonly number[][];
}

export function columnEdges(code: LiftedCode): ColumnEdges {
  const layers: number[][] = Array.from({ length: code.columns }, () => []);
  const shifts: number[][] = Array.from({ length: code.columns }, () => []);
  for (const [l, layer] of code.layers.entries()) {
    for (const [e, column] of layer.columns.entries()) {
      layers[column]!.push(l);
      shifts[column]!.push(layer.shifts[e]!);
    }
  }
  return { layers, shifts };
}

/**
 * Flips bits of `errors` until none of the `rows` rows in use is wrong, or gives up and puts back what it flipped.
 * `wrong`: packed, a bit of each row whose parity is wrong. `filled`: bits of each column that may be flipped.
 */
export function polish(
  code: LiftedCode,
  edges: ColumnEdges,
  rows: number,
  filled: ArrayLike<number>,
  wrong: Uint8Array,
  errors: Uint8Array,
): boolean {
  const { lift } = code;
  const odd = new Set<number>();
  for (let row = 0; row < rows; row++) if ((wrong[row >> 3]! >> (row & 7)) & 1) odd.add(row);
  if (odd.size > POLISH_ROWS) return false;
  const flipped: number[] = [];
  const rests = new Map<number, number>();

  /** Rows of a bit: those in use are told to `visit`. */
  const rowsOf = (bit: number, visit: (row: number) => void): void => {
    const column = Math.floor(bit / lift);
    const place = bit - column * lift;
    const layers = edges.layers[column]!;
    const shifts = edges.shifts[column]!;
    for (let k = 0; k < layers.length; k++) {
      const row = layers[k]! * lift + ((place - shifts[k]! + lift) % lift);
      if (row < rows) visit(row);
    }
  };

  for (let step = 0; odd.size && step < FLIPS; step++) {
    const votes = new Map<number, number>();
    for (const row of odd) {
      const l = Math.floor(row / lift);
      const layer = code.layers[l]!;
      for (let e = 0; e < layer.columns.length; e++) {
        const column = layer.columns[e]!;
        const place = (row - l * lift + layer.shifts[e]!) % lift;
        if (place >= filled[column]!) continue;
        const bit = column * lift + place;
        votes.set(bit, (votes.get(bit) ?? 0) + 1);
      }
    }
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (const [bit, against] of votes) {
      if ((rests.get(bit) ?? 0) > step) continue;
      let all = 0;
      rowsOf(bit, () => all++);
      // Of bits that gain alike, the one with fewer rows: the more of its own rows want it.
      const gain = 2 * against - all - all / 64;
      if (gain > most) {
        most = gain;
        best = bit;
      }
    }
    if (best < 0) break;
    rowsOf(best, (row) => {
      if (!odd.delete(row)) odd.add(row);
    });
    errors[best >> 3]! ^= 1 << (best & 7);
    flipped.push(best);
    rests.set(best, step + REST);
  }
  if (!odd.size) return true;
  for (const bit of flipped) errors[bit >> 3]! ^= 1 << (bit & 7);
  return false;
}
