import type { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { bytesOfHex, hexOf } from './id.ts';

/**
 * Every message about a file has an id: 8 random bytes, fresh at each start of the machine that sends it, and a number
 * that rises by one. A message that comes a second time is known by it and changes nothing. The number is no nonce:
 * keys and counters of the lane are another room's.
 */
export interface MessageId {
  /** 16 hexadecimal digits. */
  readonly start: string;
  /** 0 to 2^32 - 1. */
  readonly number: number;
}

export const START_BYTES = 8;
/** How far a message may be overtaken and still be taken. */
const WINDOW = 1024;
/** Starts of the peer whose messages are remembered. */
const REMEMBERED_STARTS = 8;

export function writeMessageId(writer: Writer, id: MessageId): void {
  writer.raw(bytesOfHex(id.start)).u32(id.number);
}

export function readMessageId(reader: Reader): MessageId {
  return { start: hexOf(reader.raw(START_BYTES)), number: reader.u32() };
}

/** Numbers the messages that this side sends. */
export class MessageNumbers {
  readonly #start: string;
  #next = 0;

  /** `start` must be 8 bytes that no earlier start used. */
  constructor(start: Uint8Array) {
    if (start.length !== START_BYTES) {
      throw new HotlineError('hotline/bad-argument', `the mark of a start has 8 bytes, not ${start.length}`);
    }
    this.#start = hexOf(start);
  }

  next(): MessageId {
    return { start: this.#start, number: this.#next++ };
  }
}

/**
 * Which messages of the peer were seen: a window for each of its last starts. A start is not closed by the next one: the
 * first word of an older start may be the one that comes last, and must not silence the newer.
 */
export class SeenMessages {
  readonly #starts = new Map<string, { highest: number; readonly window: Uint8Array }>();

  /** Notes `id`; false for a repeat, and for one so late that it cannot be told from a repeat. */
  isNew(id: MessageId): boolean {
    const seen = this.#starts.get(id.start) ?? { highest: -1, window: new Uint8Array(WINDOW) };
    this.#starts.set(id.start, seen);
    if (this.#starts.size > REMEMBERED_STARTS) this.#starts.delete(this.#starts.keys().next().value!);
    if (id.number <= seen.highest - WINDOW) return false;
    // What enters the window was not seen yet; the places still hold what leaves it.
    for (let n = Math.max(seen.highest + 1, id.number - WINDOW + 1); n <= id.number; n++) seen.window[n % WINDOW] = 0;
    seen.highest = Math.max(seen.highest, id.number);
    if (seen.window[id.number % WINDOW] === 1) return false;
    seen.window[id.number % WINDOW] = 1;
    return true;
  }
}

/**
 * Whether `id` was said after `before`. Of another start it is taken to be later: that is wrong only for a message that a
 * restart overtook, and the pause that it brings ends with the next request or chunk.
 */
export function isAfter(id: MessageId, before: MessageId | null): boolean {
  return before === null || id.start !== before.start || id.number > before.number;
}
