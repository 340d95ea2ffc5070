/** Photo-electrons of one station in order of time, as many as come in a bin. Structure of arrays, grown as needed. */
export class Arrivals {
  count = 0;
  /** Since the start of the bin, ps, on the source's clock, flight time taken off. */
  timePs = new Float64Array(1024);
  detector = new Uint8Array(1024);
  cause = new Uint8Array(1024);
  pair = new Float64Array(1024);
  guess = new Uint16Array(1024);

  add(timePs: number, detector: number, cause: number, pair: number, guess: number): void {
    if (this.count === this.timePs.length) this.#grow();
    const at = this.count++;
    this.timePs[at] = timePs;
    this.detector[at] = detector;
    this.cause[at] = cause;
    this.pair[at] = pair;
    this.guess[at] = guess;
  }

  /** Moves the last row forward to its place in time; rows of equal time keep their order. */
  settle(): void {
    const { timePs, detector, cause, pair, guess } = this;
    let at = this.count - 1;
    const here = timePs[at]!;
    if (at === 0 || timePs[at - 1]! <= here) return;
    const row = [detector[at]!, cause[at]!, pair[at]!, guess[at]!] as const;
    for (; at > 0 && timePs[at - 1]! > here; at--) {
      timePs[at] = timePs[at - 1]!;
      detector[at] = detector[at - 1]!;
      cause[at] = cause[at - 1]!;
      pair[at] = pair[at - 1]!;
      guess[at] = guess[at - 1]!;
    }
    timePs[at] = here;
    [detector[at], cause[at], pair[at], guess[at]] = row;
  }

  /** Drops the first rows; the others move to a bin that starts `laterPs` later. */
  drop(rows: number, laterPs: number): void {
    this.timePs.copyWithin(0, rows, this.count);
    this.detector.copyWithin(0, rows, this.count);
    this.cause.copyWithin(0, rows, this.count);
    this.pair.copyWithin(0, rows, this.count);
    this.guess.copyWithin(0, rows, this.count);
    this.count -= rows;
    for (let row = 0; row < this.count; row++) this.timePs[row]! -= laterPs;
  }

  #grow(): void {
    const longer = <T extends Float64Array | Uint16Array | Uint8Array>(old: T, grown: T): T => {
      grown.set(old);
      return grown;
    };
    const length = 2 * this.timePs.length;
    this.timePs = longer(this.timePs, new Float64Array(length));
    this.detector = longer(this.detector, new Uint8Array(length));
    this.cause = longer(this.cause, new Uint8Array(length));
    this.pair = longer(this.pair, new Float64Array(length));
    this.guess = longer(this.guess, new Uint16Array(length));
  }
}
