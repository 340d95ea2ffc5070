/**
 * Small linear programmes with bounded variables: maximise value . x subject to columns . x = target, 0 <= x <= most. A
 * dozen rows, some hundred columns: revised simplex with the inverse of the basis held as it is (Chvatal, Linear
 * Programming, chapters 7 and 8).
 */
export interface LinearProgramme {
  readonly rows: number;
  /** `[column * rows + row]`. */
  readonly columns: Float64Array;
  /** By column. */
  readonly value: Float64Array;
  /** By column, positive. */
  readonly most: Float64Array;
  /** By row. */
  readonly target: Float64Array;
}

export interface LinearOptimum {
  readonly x: Float64Array;
  readonly value: number;
  /** Multiplier of each row: no x does better than multipliers . target + sum of most * max(0, value - multipliers . column). */
  readonly multipliers: Float64Array;
}

/** Null when no x meets the rows. */
export function maximise(programme: LinearProgramme): LinearOptimum | null {
  const { rows, value, most, target } = programme;
  const given = value.length;
  // Rows are scaled to largest entries of one, and each gets an artificial variable that starts in the basis.
  const count = given + rows;
  const columns = new Float64Array(count * rows);
  const scale = new Float64Array(rows);
  for (let i = 0; i < given * rows; i++) {
    scale[i % rows] = Math.max(scale[i % rows]!, Math.abs(programme.columns[i]!));
  }
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    scale[row] = (target[row]! < 0 ? -1 : 1) / (scale[row]! || 1);
    largest = Math.max(largest, target[row]! * scale[row]!);
    columns[(given + row) * rows + row] = 1;
  }
  for (let i = 0; i < given * rows; i++) columns[i] = programme.columns[i]! * scale[i % rows]!;
  const tableau = new Tableau(
    rows,
    columns,
    Float64Array.from({ length: count }, (_, j) => most[j] ?? Number.POSITIVE_INFINITY),
    Float64Array.from(target, (t, row) => t * scale[row]!),
    given,
  );
  tableau.climb(Float64Array.from({ length: count }, (_, j) => (j < given ? 0 : -1)));
  for (let row = 0; row < rows; row++) if (tableau.level(given + row) > 1e-8 * largest) return null;
  tableau.closeFrom(given);
  const padded = new Float64Array(count);
  padded.set(value);
  const prices = tableau.climb(padded);
  const x = Float64Array.from({ length: given }, (_, j) => tableau.level(j));
  let sum = 0;
  for (let j = 0; j < given; j++) sum += value[j]! * x[j]!;
  return { x, value: sum, multipliers: prices.map((price, row) => price * scale[row]!) };
}

class Tableau {
  readonly #rows: number;
  readonly #columns: Float64Array;
  readonly #most: Float64Array;
  /** Column in the basis, by row. */
  readonly #basis: Int32Array;
  /** Row in the basis, by column; -1: at 0, -2: at its most. */
  readonly #place: Int32Array;
  readonly #inverse: Float64Array;
  /** Values of the basis. */
  readonly #basic: Float64Array;

  constructor(rows: number, columns: Float64Array, most: Float64Array, target: Float64Array, firstBasic: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#most = most;
    this.#basis = Int32Array.from({ length: rows }, (_, row) => firstBasic + row);
    this.#place = new Int32Array(most.length).fill(-1);
    for (let row = 0; row < rows; row++) this.#place[firstBasic + row] = row;
    this.#inverse = new Float64Array(rows * rows);
    for (let row = 0; row < rows; row++) this.#inverse[row * rows + row] = 1;
    this.#basic = Float64Array.from(target);
  }

  level(column: number): number {
    const place = this.#place[column]!;
    const level = place >= 0 ? this.#basic[place]! : place === -1 ? 0 : this.#most[column]!;
    return Math.min(this.#most[column]!, Math.max(0, level));
  }

  /** No variable from this column on may grow any more. */
  closeFrom(column: number): void {
    this.#most.fill(0, column);
  }

  /** Improves until no column does; returns the prices of the rows. */
  climb(value: Float64Array): Float64Array {
    const rows = this.#rows;
    const prices = new Float64Array(rows);
    const step = new Float64Array(rows);
    for (let turn = 0; ; turn++) {
      prices.fill(0);
      for (let row = 0; row < rows; row++) {
        const v = value[this.#basis[row]!]!;
        if (v !== 0) for (let k = 0; k < rows; k++) prices[k]! += v * this.#inverse[row * rows + k]!;
      }
      // The steepest column at first; after many turns the first one, which cannot go round in circles (Bland).
      const entering = this.#entering(value, prices, turn > 50 * rows);
      // What rounding keeps going round is at an optimum within rounding.
      if (entering === -1 || turn > 1000 * rows) return prices;
      this.#enter(entering, step);
    }
  }

  #entering(value: Float64Array, prices: Float64Array, first: boolean): number {
    const rows = this.#rows;
    let best = -1;
    let most = 0;
    for (let j = 0; j < value.length; j++) {
      const place = this.#place[j]!;
      if (place >= 0 || this.#most[j] === 0) continue;
      let gain = value[j]!;
      let size = Math.abs(gain);
      for (let row = 0; row < rows; row++) {
        const part = prices[row]! * this.#columns[j * rows + row]!;
        gain -= part;
        size += Math.abs(part);
      }
      if (place === -2) gain = -gain;
      // Rounding of a difference of large terms is not a gain.
      if (gain <= 1e-12 * size) continue;
      if (gain > most) {
        best = j;
        if (first) return best;
        most = gain;
      }
    }
    return best;
  }

  #enter(entering: number, step: Float64Array): void {
    const rows = this.#rows;
    const up = this.#place[entering] === -1;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < rows; k++) sum += this.#inverse[row * rows + k]! * this.#columns[entering * rows + k]!;
      step[row] = up ? sum : -sum;
    }
    let length = this.#most[entering]!;
    let leaving = -1;
    for (let row = 0; row < rows; row++) {
      const s = step[row]!;
      if (Math.abs(s) < 1e-9) continue;
      const room = s > 0 ? this.#basic[row]! : this.#most[this.#basis[row]!]! - this.#basic[row]!;
      const reach = Math.max(0, room) / Math.abs(s);
      const tie = leaving !== -1 && reach === length && this.#basis[row]! < this.#basis[leaving]!;
      if (reach < length || tie) {
        length = reach;
        leaving = row;
      }
    }
    for (let row = 0; row < rows; row++) this.#basic[row]! -= length * step[row]!;
    if (leaving === -1) {
      this.#place[entering] = up ? -2 : -1;
      return;
    }
    const out = this.#basis[leaving]!;
    this.#place[out] = step[leaving]! > 0 ? -1 : -2;
    this.#place[entering] = leaving;
    this.#basis[leaving] = entering;
    this.#basic[leaving] = up ? length : this.#most[entering]! - length;
    this.#pivot(leaving, step, up);
  }

  #pivot(leaving: number, step: Float64Array, up: boolean): void {
    const rows = this.#rows;
    const sign = up ? 1 : -1;
    const pivot = sign * step[leaving]!;
    for (let k = 0; k < rows; k++) this.#inverse[leaving * rows + k]! /= pivot;
    for (let row = 0; row < rows; row++) {
      const factor = sign * step[row]!;
      if (row === leaving || factor === 0) continue;
      for (let k = 0; k < rows; k++) {
        this.#inverse[row * rows + k]! -= factor * this.#inverse[leaving * rows + k]!;
      }
    }
  }
}
