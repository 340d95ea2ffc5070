import type { DetectionChunk } from '../types.ts';
import type { TrackedTags } from './track.ts';

/**
 * From tracked tags to the detections that a session takes: those in the gate, of slots of the block from `fromSlot` on,
 * the first of which no tag was looked at by the last acquisition. Which are kept depends on times alone.
 */
export class SlotDetections {
  readonly #pulses: number;
  readonly #fromSlot: number;
  /** Up to where chunks are complete. */
  #untilSlot: number;
  /** Rows at the border of the last chunk: others of their slot may be to come. */
  #slot = new Float64Array(0);
  #detector = new Uint8Array(0);

  constructor(pulses: number, fromSlot: number) {
    this.#pulses = pulses;
    this.#fromSlot = fromSlot;
    this.#untilSlot = fromSlot;
  }

  push(tracked: TrackedTags): DetectionChunk {
    return this.#cut(tracked, Math.max(this.#untilSlot, Math.min(this.#pulses, tracked.untilSlot)));
  }

  /** The last chunk of a pass, complete up to the end of the block. */
  finish(tracked: TrackedTags): DetectionChunk {
    return this.#cut(tracked, this.#pulses);
  }

  /** The last chunk of a light that was lost: all that was kept, complete up to the last of it. */
  leave(): DetectionChunk {
    const none = new Float64Array(0);
    const rows = this.#slot.length;
    return this.#cut(
      { slot: none, detector: new Uint8Array(0), inGate: new Uint8Array(0) },
      rows > 0 ? this.#slot[rows - 1]! + 1 : this.#untilSlot,
    );
  }

  #cut(
    { slot, detector, inGate }: Pick<TrackedTags, 'slot' | 'detector' | 'inGate'>,
    untilSlot: number,
  ): DetectionChunk {
    const held = this.#slot.length;
    const slots = new Float64Array(held + slot.length);
    const detectors = new Uint8Array(slots.length);
    slots.set(this.#slot);
    detectors.set(this.#detector);
    let rows = held;
    for (let i = 0; i < slot.length; i++) {
      const at = slot[i]!;
      if (inGate[i] === 0 || at < this.#fromSlot || at >= this.#pulses) continue;
      slots[rows] = at;
      detectors[rows++] = detector[i]!;
    }
    let due = rows;
    while (due > 0 && slots[due - 1]! >= untilSlot) due--;
    this.#slot = slots.slice(due, rows);
    this.#detector.fill(0);
    this.#detector = detectors.slice(due, rows);
    detectors.fill(0, due);
    this.#untilSlot = untilSlot;
    return { slot: slots.subarray(0, due), detector: detectors.subarray(0, due), untilSlot };
  }
}
