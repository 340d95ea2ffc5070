import type { DetectionChunk, EmissionRecord } from '../types.ts';

/**
 * Light for benches: what two devices would have recorded of an honest pass, from a seed. All of it is there before a session
 * begins.
 */

/** Detections that are drawn; a longer pass goes through them again, in later slots. A multiple of the rows of a chunk. */
const DRAWN = 2 ** 20;

export interface LightOptions {
  readonly seed: number;
  readonly detections: number;
  /** Probability that a bit that both chose the basis of is wrong. */
  readonly qber: number;
  /** Probability of basis X, at both ends. */
  readonly basisX: number;
  /** Share of each intensity among detections, signal first. */
  readonly shares: readonly [number, number, number];
  /** Slots from one detection to the next, in the mean: a whole number. */
  readonly slotsPerDetection: number;
  /** Rows of a chunk, a power of two up to 2^20. */
  readonly chunk: number;
}

/** Seeded generator of uniform 32-bit numbers (SFC32, C. Doty-Humphrey's PractRand), for reproducible runs only. */
export function seededWords(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, Math.imul(seed, 0x9e3779b9), 0x5eed, 1];
  const next = (): number => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** The two devices of one pass. They go in step: Alice is asked about the chunk that Bob took last. */
export class Light {
  readonly pulses: number;
  readonly #options: LightOptions;
  readonly #slot: Float64Array;
  readonly #intensity: Uint8Array;
  readonly #basis: Uint8Array;
  readonly #bit: Uint8Array;
  readonly #detector: Uint8Array;
  #from = 0;
  #to = 0;
  constructor(options: LightOptions) {
    const { seed, detections, qber, basisX, shares, slotsPerDetection, chunk } = options;
    this.#options = options;
    this.pulses = detections * slotsPerDetection;
    const n = Math.min(DRAWN, detections);
    const next = seededWords(seed);
    const uniform = (): number => next() / 2 ** 32;
    // One detection somewhere in each stretch of the pass: strictly rising without a sort.
    const within = Float64Array.from({ length: chunk }, () => Math.floor(uniform() * slotsPerDetection));
    this.#slot = new Float64Array(detections);
    for (let i = 0; i < detections; i++) this.#slot[i] = i * slotsPerDetection + within[i % chunk]!;
    [this.#intensity, this.#basis, this.#bit, this.#detector] = [0, 0, 0, 0].map(() => new Uint8Array(n)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    for (let i = 0; i < n; i++) {
      const draw = uniform();
      this.#intensity[i] = draw < shares[0] ? 0 : draw < shares[0] + shares[1] ? 1 : 2;
      this.#basis[i] = Number(uniform() >= basisX);
      this.#bit[i] = next() & 1;
      const measured = Number(uniform() >= basisX);
      const wrong = measured === this.#basis[i] ? Number(uniform() < qber) : next() & 1;
      this.#detector[i] = 2 * measured + (this.#bit[i]! ^ wrong);
    }
  }

  /** Bob's device: the pass from its beginning. */
  async *chunks(): AsyncGenerator<DetectionChunk> {
    const { detections, chunk, slotsPerDetection } = this.#options;
    for (let row = 0; row < detections; row += chunk) {
      const rows = Math.min(chunk, detections - row);
      this.#from = row % DRAWN;
      this.#to = this.#from + rows;
      yield {
        slot: this.#slot.subarray(row, row + rows),
        detector: this.#detector.subarray(this.#from, this.#to),
        untilSlot: (row + rows) * slotsPerDetection,
      };
    }
  }

  /** Alice's device. */
  readonly emissions = async (slots: Float64Array): Promise<EmissionRecord> => {
    const [from, to] = [this.#from, this.#to];
    if (slots.length !== to - from) throw new RangeError(`${slots.length} slots are asked for, ${to - from} are due`);
    return {
      intensity: this.#intensity.subarray(from, to),
      basis: this.#basis.subarray(from, to),
      bit: this.#bit.subarray(from, to),
    };
  };
}
