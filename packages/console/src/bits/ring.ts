/**
 * The newest rows of a measurement: a bounded table of numbers, oldest row thrown away first. A missing value is NaN
 * inside and null outside, as uPlot wants it: a gap is not zero.
 */
export class Ring {
  readonly width: number;
  readonly capacity: number;
  readonly #cells: Float64Array;
  #start = 0;
  #length = 0;

  constructor(width: number, capacity: number) {
    if (!Number.isInteger(width) || width < 1)
      throw new RangeError(`width must be a whole number from 1, not ${width}`);
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be a whole number from 1, not ${capacity}`);
    }
    this.width = width;
    this.capacity = capacity;
    this.#cells = new Float64Array(width * capacity);
  }

  get length(): number {
    return this.#length;
  }

  push(row: readonly (number | null)[]): void {
    if (row.length !== this.width) throw new RangeError(`a row has ${this.width} values, not ${row.length}`);
    const at = ((this.#start + this.#length) % this.capacity) * this.width;
    for (let column = 0; column < this.width; column++) this.#cells[at + column] = row[column] ?? Number.NaN;
    if (this.#length < this.capacity) this.#length++;
    else this.#start = (this.#start + 1) % this.capacity;
  }

  /** Value at a row (0 is the oldest) and column; null for a gap. */
  at(row: number, column: number): number | null {
    if (row < 0 || row >= this.#length) throw new RangeError(`row ${row} is outside 0..${this.#length - 1}`);
    const value = this.#cells[((this.#start + row) % this.capacity) * this.width + column]!;
    return Number.isNaN(value) ? null : value;
  }

  /** One array a column, oldest first. */
  columns(): (number | null)[][] {
    return Array.from({ length: this.width }, (_, column) =>
      Array.from({ length: this.#length }, (_, row) => this.at(row, column)),
    );
  }

  clear(): void {
    this.#start = 0;
    this.#length = 0;
  }
}
