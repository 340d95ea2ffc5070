/** A set of chunk numbers, one bit each (32 KiB for the largest file). Bit `i & 7` of byte `i >> 3` is chunk `i`. */
export class ChunkSet {
  readonly #bits: Uint8Array;
  /** Number of chunks there are. */
  readonly size: number;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  /** Null when `bits` are not those of a set of this size. */
  static of(size: number, bits: Uint8Array): ChunkSet | null {
    const set = new ChunkSet(size);
    if (bits.length !== set.#bits.length) return null;
    for (let index = 0; index < bits.length * 8; index++) {
      if (((bits[index >> 3]! >> (index & 7)) & 1) === 0) continue;
      if (index >= size) return null;
      set.add(index);
    }
    return set;
  }

  /** How many chunks are in it. */
  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === this.size;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3]! >> (index & 7)) & 1) === 1;
  }

  add(index: number): void {
    if (index < 0 || index >= this.size || this.has(index)) return;
    this.#bits[index >> 3]! |= 1 << (index & 7);
    this.#count++;
  }

  clear(): void {
    this.#bits.fill(0);
    this.#count = 0;
  }

  /** The first chunk at or after `from` that is not in it; `size` when there is none. */
  nextMissing(from: number): number {
    let index = from;
    while (index < this.size) {
      if ((index & 7) === 0 && this.#bits[index >> 3] === 0xff) index += 8;
      else if (this.has(index)) index++;
      else return index;
    }
    return this.size;
  }

  bits(): Uint8Array {
    return this.#bits.slice();
  }
}
