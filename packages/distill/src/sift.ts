import type { Bits } from '@skykey/bits';
import { DistillError } from './error.ts';
import { MAX_DETECTIONS } from './protocol.ts';
import type { DetectionChunk, RandomBytes } from './types.ts';

export { type Sifted, sift, type Triple } from '@skykey/kernels';

/** One detection a slot. */
export interface Clicks {
  readonly slot: Float64Array;
  /** `basis * 2 + bit`. */
  readonly detector: Uint8Array;
}

/**
 * One detection for every slot in which anything clicked. Several detectors of one basis: a random bit. Detectors of both
 * bases: a random basis, then that basis' bit, random again if both of its detectors clicked. Nothing is discarded
 * (Lütkenhaus, Phys. Rev. A 59, 3301 (1999): dropping double clicks would let an adversary choose which slots count), and
 * which slots are kept does not depend on any bit.
 *
 * `watchedUntil` is the end of the chunk before. Throws DistillError `distill/detections`, naming the row, when the chunk
 * is not what the receiver's driver promises.
 */
export function settleClicks(chunk: DetectionChunk, watchedUntil: number, pulses: number, random: RandomBytes): Clicks {
  const { slot, detector, untilSlot } = chunk;
  const refuse = (what: string): never => {
    throw new DistillError('distill/detections', `a chunk of detections ${what}`);
  };
  if (slot.length !== detector.length) refuse(`has ${slot.length} slots and ${detector.length} detectors`);
  if (!(Number.isSafeInteger(untilSlot) && untilSlot >= watchedUntil && untilSlot <= pulses)) {
    refuse(`has untilSlot ${untilSlot}, where ${watchedUntil} to ${pulses} are possible`);
  }
  const slots = new Float64Array(slot.length);
  const detectors = new Uint8Array(slot.length);
  let settled = 0;
  let last = watchedUntil - 1;
  for (let row = 0; row < slot.length; ) {
    const at = slot[row]!;
    if (!(Number.isInteger(at) && at > last && at < untilSlot)) {
      refuse(`has slot ${at} in row ${row}, where a whole number from ${last + 1} to ${untilSlot - 1} is due`);
    }
    if (detector[row]! > 3) refuse(`has detector ${detector[row]} in row ${row}, where 0 to 3 are possible`);
    slots[settled] = at;
    if (slot[row + 1] !== at) detectors[settled++] = detector[row++]!;
    else {
      let clicked = 0;
      for (; slot[row] === at; row++) {
        if (detector[row]! > 3) refuse(`has detector ${detector[row]} in row ${row}, where 0 to 3 are possible`);
        clicked |= 1 << detector[row]!;
      }
      detectors[settled++] = SINGLE[clicked]! < 4 ? SINGLE[clicked]! : settle(clicked, random);
    }
    last = at;
  }
  return { slot: slots.subarray(0, settled), detector: detectors.subarray(0, settled) };
}

/** The detector that clicked alone, by the set of those that clicked; 4 where there were several. */
const SINGLE = Uint8Array.from({ length: 16 }, (_, set) => (set && !(set & (set - 1)) ? 31 - Math.clz32(set) : 4));

function settle(clicked: number, random: RandomBytes): number {
  const coin = random(1)[0]!;
  const inX = clicked & 3;
  const inZ = clicked >> 2;
  const basis = inX && inZ ? coin & 1 : inX ? 0 : 1;
  const inBasis = basis ? inZ : inX;
  const bit = inBasis === 3 ? (coin >> 1) & 1 : inBasis >> 1;
  return basis * 2 + bit;
}

/** Detections that were not spent on the monitor, one byte each, `basis * 2 + bit` in the low bits. */
export class KeptDetections {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds those of `values` whose position is not marked in `monitored`. */
  append(values: Uint8Array, monitored: Bits): void {
    if (this.#length + values.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + values.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes.fill(0);
      this.#bytes = larger;
    }
    for (let i = 0; i < values.length; i++) {
      if (!((monitored.bytes[i >> 3]! >> (i & 7)) & 1)) this.#bytes[this.#length++] = values[i]!;
    }
  }

  /** All of them; the caller must not keep the array beyond `wipe`. */
  values(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#length = 0;
  }
}

/** Throws DistillError `distill/protocol` when a session would hold more detections than the protocol allows. */
export function checkDetections(total: number): void {
  if (total > MAX_DETECTIONS) {
    throw new DistillError('distill/protocol', `${total} detections in one session, ${MAX_DETECTIONS} is the most`);
  }
}
