import type { Bits } from '@skykey/bits';
import { type Column, divide, encodeSlots, largestOfColumn } from '@skykey/kernels';
import { DistillError } from './error.ts';
import { DETECT_LIMIT } from './messages.ts';
import { MAX_DETECTIONS } from './protocol.ts';
import type { DetectionChunk, RandomBytes } from './types.ts';

export { type Intensities, type Sifted, sift, type Triple } from '@skykey/kernels';

/** One detection a slot. */
export interface Clicks {
  readonly slot: Float64Array;
  /** `basis * 2 + bit`. */
  readonly detector: Uint8Array;
  /** The slots as one `detect` message tells them, where they were written to see that they are right. */
  readonly told?: Uint8Array;
}

/**
 * One detection for every slot in which anything clicked. Several detectors of one basis: a random bit. Detectors of both
 * bases: a random basis, then that basis' bit, random again if both of its detectors clicked. Nothing is discarded
 * (Lütkenhaus, Phys. Rev. A 59, 3301 (1999): dropping double clicks would let an adversary choose which slots count), and
 * which slots are kept does not depend on any bit.
 *
 * `watchedUntil` is the end of the chunk before. `slot` and `detector` may be the chunk's own arrays. Throws DistillError
 * `distill/detections`, naming the row, when the chunk is not what the receiver's driver promises.
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
  const told = tell(chunk, watchedUntil);
  // One message tells them all, or they are told again.
  if (told) return { slot, detector, ...(slot.length <= DETECT_LIMIT ? { told } : {}) };
  const slots = new Float64Array(slot.length);
  const detectors = new Uint8Array(slot.length);
  let settled = 0;
  let last = watchedUntil - 1;
  // What is wrong with single rows adds up, and is looked for once.
  let fractions = 0;
  let seen = 0;
  for (let row = 0; row < slot.length; row++) {
    const at = slot[row]!;
    if (!(at > last)) refuse(`has slot ${at} in row ${row}, where ${last + 1} is the least`);
    slots[settled] = at;
    fractions += at - Math.floor(at);
    seen |= detector[row]!;
    if (row + 1 === slot.length || slot[row + 1] !== at) detectors[settled++] = detector[row]!;
    else {
      let clicked = 1 << detector[row]!;
      for (; row + 1 < slot.length && slot[row + 1] === at; row++) {
        clicked |= 1 << detector[row + 1]!;
        seen |= detector[row + 1]!;
      }
      detectors[settled++] = SINGLE[clicked & 15]! < 4 ? SINGLE[clicked & 15]! : settle(clicked, random);
    }
    last = at;
  }
  if (fractions || seen > 3 || !(last < untilSlot)) {
    detectors.fill(0);
    const row = slot.findIndex((at, i) => !(Number.isInteger(at) && at < untilSlot) || detector[i]! > 3);
    if (detector[row]! > 3) refuse(`has detector ${detector[row]} in row ${row}, where 0 to 3 are possible`);
    refuse(`has slot ${slot[row]} in row ${row}, where a whole number below ${untilSlot} is due`);
  }
  return { slot: slots.subarray(0, settled), detector: detectors.subarray(0, settled) };
}

/**
 * The slots of a chunk in which every row is right and has a slot of its own, as in nearly all behind a lossy channel: who can
 * write them has seen that. Undefined for any other.
 */
function tell({ slot, detector, untilSlot }: DetectionChunk, watchedUntil: number): Uint8Array | undefined {
  if (largestOfColumn(detector) > 3) return undefined;
  return (slot.at(-1) ?? watchedUntil - 1) < untilSlot ? encodeSlots(slot, watchedUntil) : undefined;
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

/** Bytes of a piece of what is kept. */
const PIECE = 2 ** 20;

/**
 * Detections that were not spent on the monitor, one byte each, `basis * 2 + bit` in the low bits. In pieces: what is kept never
 * moves, so nothing of it is left behind.
 */
export class KeptDetections implements Column {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  /** Room for what is kept of one message. */
  #fresh = new Uint8Array(0);

  get length(): number {
    return this.#length;
  }

  /** Adds those of `values` whose position is not marked in `monitored`; returns the others. */
  append(values: Uint8Array, monitored: Bits): Uint8Array {
    if (values.length > this.#fresh.length) this.#fresh = new Uint8Array(values.length);
    const marked = divide(values, monitored, this.#fresh);
    const fresh = this.#fresh.subarray(0, values.length - marked.length);
    for (let at = 0; at < fresh.length; ) {
      const within = this.#length % PIECE;
      if (!within) this.#pieces.push(new Uint8Array(PIECE));
      const part = fresh.subarray(at, at + PIECE - within);
      this.#pieces.at(-1)!.set(part, within);
      this.#length += part.length;
      at += part.length;
    }
    fresh.fill(0);
    return marked;
  }

  /** Those from `from` to before `to`, where they stand: all in one stretch of 2^20. The caller must not keep them beyond `wipe`. */
  subarray(from: number, to: number): Uint8Array {
    const start = from - (from % PIECE);
    if (!(to <= this.#length && to - start <= PIECE)) throw new RangeError(`${from} to ${to} are not in one piece`);
    return from === to ? new Uint8Array(0) : this.#pieces[start / PIECE]!.subarray(from - start, to - start);
  }

  /** Overwrites all of them and gives the room back. */
  wipe(): void {
    for (const piece of this.#pieces) piece.fill(0);
    this.#pieces.length = 0;
    this.#length = 0;
  }
}

/** Throws DistillError `distill/protocol` when a session would hold more detections than the protocol allows. */
export function checkDetections(total: number): void {
  if (total > MAX_DETECTIONS) {
    throw new DistillError('distill/protocol', `${total} detections in one session, ${MAX_DETECTIONS} is the most`);
  }
}
