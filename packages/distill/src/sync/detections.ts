import type { DetectionChunk } from '../types.ts';
import type { SlotRange } from './disclosure.ts';
import type { TrackedTags } from './track.ts';

/**
 * From tracked tags to the detections that a session takes: those in the gate, of slots of the block that no acquisition
 * spent. Which are kept depends on times alone.
 */
export class SlotDetections {
  readonly #pulses: number;
  readonly #spent: readonly SlotRange[];
  /** Rows at the border of the last chunk: others of their slot may be to come. */
  #slot = new Float64Array(0);
  #detector = new Uint8Array(0);

  constructor(pulses: number, spent: readonly SlotRange[]) {
    this.#pulses = pulses;
    this.#spent = spent;
  }

  push(tracked: TrackedTags): DetectionChunk {
    return this.#cut(tracked, Math.max(0, Math.min(this.#pulses, tracked.untilSlot)));
  }

  /** The last chunk, complete up to the end of the block. */
  finish(tracked: TrackedTags): DetectionChunk {
    return this.#cut(tracked, this.#pulses);
  }

  #cut({ slot, detector, inGate }: TrackedTags, untilSlot: number): DetectionChunk {
    const held = this.#slot.length;
    const slots = new Float64Array(held + slot.length);
    const detectors = new Uint8Array(slots.length);
    slots.set(this.#slot);
    detectors.set(this.#detector);
    let rows = held;
    for (let i = 0; i < slot.length; i++) {
      const at = slot[i]!;
      if (inGate[i] === 0 || at < 0 || at >= this.#pulses) continue;
      if (this.#spent.some(({ from, until }) => at >= from && at < until)) continue;
      slots[rows] = at;
      detectors[rows++] = detector[i]!;
    }
    let due = rows;
    while (due > 0 && slots[due - 1]! >= untilSlot) due--;
    this.#slot = slots.slice(due, rows);
    this.#detector.fill(0);
    this.#detector = detectors.slice(due, rows);
    return { slot: slots.subarray(0, due), detector: detectors.subarray(0, due), untilSlot };
  }
}
