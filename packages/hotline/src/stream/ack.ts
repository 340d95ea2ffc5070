import { Reader, Writer } from '../bytes.ts';

/**
 * What the two ends of a stream tell each other, inside the encryption of the control lane.
 *
 *   ack      cumulative (8) ‖ m (2) ‖ bitmap (m, at most 256): bit i, least significant first, stands for the number
 *            cumulative + 1 + i; bit 0 is never set and the last byte never zero, so that an ack has one reading
 *   holding  next (8) ‖ r (2) ‖ runs (10 each): first number (8), how many (2); rising, with a number between two runs
 */

/** How far beyond `cumulative` a number may be accepted. */
export const WINDOW = 2048;
/** Most numbers an outbox holds. */
export const MAX_HELD = 1000;

/** What the receiver has settled: keeps durably, or knows to be lost. */
export interface Ack {
  /** Every number up to this one; 0 before the first. */
  readonly cumulative: number;
  /** Numbers beyond it, as above. */
  readonly bitmap: Uint8Array;
}

/** What the sender still has. A number below `next` that is not held will never come (again). */
export interface Holding {
  /** The number that the next message gets. */
  readonly next: number;
  /** Rising. */
  readonly held: readonly number[];
}

/** `beyond`: numbers from cumulative + 2 to cumulative + 2,048, in any order. */
export function ackOf(cumulative: number, beyond: Iterable<number>): Ack {
  const bitmap = new Uint8Array(WINDOW / 8);
  let bytes = 0;
  for (const number of beyond) {
    const bit = number - cumulative - 1;
    bitmap[bit >> 3]! |= 1 << (bit & 7);
    bytes = Math.max(bytes, (bit >> 3) + 1);
  }
  return { cumulative, bitmap: bitmap.slice(0, bytes) };
}

/** The numbers of the bitmap, rising. */
export function beyondOf({ cumulative, bitmap }: Ack): number[] {
  const numbers = [];
  for (let bit = 0; bit < 8 * bitmap.length; bit++) {
    if ((bitmap[bit >> 3]! >> (bit & 7)) & 1) numbers.push(cumulative + 1 + bit);
  }
  return numbers;
}

/** The highest number that is settled. */
export function highestOf(ack: Ack): number {
  return beyondOf(ack).at(-1) ?? ack.cumulative;
}

export function encodeAck({ cumulative, bitmap }: Ack): Uint8Array {
  return new Writer().u64(cumulative).u16(bitmap.length).raw(bitmap).finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readAck(bytes: Uint8Array): Ack {
  const reader = new Reader(bytes, 'the acknowledgement');
  const cumulative = reader.u64();
  const length = reader.u16();
  if (length > WINDOW / 8) throw reader.refuse(`it reaches ${8 * length} numbers, more than ${WINDOW}`);
  const bitmap = reader.raw(length);
  reader.end();
  if (length > 0 && bitmap[length - 1] === 0) throw reader.refuse('its bitmap ends with nothing');
  if (length > 0 && (bitmap[0]! & 1) === 1) throw reader.refuse('it says the same number in two ways');
  if (!Number.isSafeInteger(cumulative + WINDOW)) throw reader.refuse('its numbers are larger than any that is given');
  return { cumulative, bitmap };
}

export function encodeHolding({ next, held }: Holding): Uint8Array {
  const runs: { first: number; count: number }[] = [];
  for (const number of held) {
    const run = runs.at(-1);
    if (run && number === run.first + run.count) run.count++;
    else runs.push({ first: number, count: 1 });
  }
  const writer = new Writer().u64(next).u16(runs.length);
  for (const { first, count } of runs) writer.u64(first).u16(count);
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readHolding(bytes: Uint8Array): Holding {
  const reader = new Reader(bytes, 'the list of messages still to come');
  const next = reader.u64();
  if (next < 1 || !Number.isSafeInteger(next + WINDOW)) throw reader.refuse(`its next number is ${next}`);
  const held: number[] = [];
  /** The least number that the next run may begin with. */
  let free = 1;
  for (let runs = reader.u16(); runs > 0; runs--) {
    const first = reader.u64();
    const count = reader.u16();
    if (first < free || count < 1 || first + count > next) throw reader.refuse('its runs are not in order');
    if (held.length + count > MAX_HELD) throw reader.refuse(`it names more than ${MAX_HELD} messages`);
    for (let i = 0; i < count; i++) held.push(first + i);
    free = first + count + 1;
  }
  reader.end();
  return { next, held };
}
