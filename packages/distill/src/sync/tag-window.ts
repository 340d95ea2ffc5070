/** Tags of one stretch of time, as an acquisition takes them: predicted times of emission, and detectors. */
export class TagWindow {
  closed = false;
  #timePs = new Float64Array(512);
  #detector = new Uint8Array(512);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get firstPs(): number {
    return this.#timePs[0]!;
  }

  /** Good until the next tag. */
  get emissionPs(): Float64Array {
    return this.#timePs.subarray(0, this.#length);
  }

  /** Good until the next tag. */
  get detector(): Uint8Array {
    return this.#detector.subarray(0, this.#length);
  }

  add(emissionPs: number, detector: number): void {
    if (this.#length === this.#timePs.length) {
      const times = new Float64Array(2 * this.#length);
      const detectors = new Uint8Array(2 * this.#length);
      times.set(this.#timePs);
      detectors.set(this.#detector);
      this.#detector.fill(0);
      this.#timePs = times;
      this.#detector = detectors;
    }
    this.#timePs[this.#length] = emissionPs;
    this.#detector[this.#length++] = detector;
  }

  close(): void {
    this.closed = true;
  }

  /** Empty, and open again. */
  wipe(): void {
    this.#detector.fill(0);
    this.#length = 0;
    this.closed = false;
  }
}
