import { HotlineError } from '../error.ts';
import { type Ack, beyondOf, encodeHolding, type Holding, highestOf, MAX_HELD, readHolding, WINDOW } from './ack.ts';

/**
 * The sending end of a stream of numbered messages over a line that loses, doubles and reorders: each message is sent
 * again until the peer has confirmed that it keeps it. The host keeps the payloads, by number; here are numbers only.
 *
 * **Durable first.** `add`, `acknowledge` and `skipTo` change memory at once and return the state to be written, together
 * with the payload that came or those that go. Nothing that rests on it may leave before that write is durable. When a
 * write fails, this object is ahead of the disk: drop it and restore from what is on the disk.
 */
export interface Resend {
  readonly number: number;
  /** 1 the first time. */
  readonly attempt: number;
}

/** Wait after the first sending, ms; doubles with every further one. */
export const FIRST_WAIT_MS = 200;
export const LONGEST_WAIT_MS = 5000;

interface Sending {
  /** Since the last `hurry`. */
  attempts: number;
  dueMs: number;
  /** Given out by `due`, or by an earlier life for all that is known. */
  maySent: boolean;
}

export interface OutboxOptions {
  /** As last made durable; null for a stream that begins. */
  readonly state: Uint8Array | null;
  /**
   * The store is a copy from the past, by its witness: numbers beyond it may have been given to other messages. Nothing is
   * added until `skipTo` has passed what the peer has seen.
   */
  readonly restoredFromCopy?: boolean;
}

export class Outbox {
  #next: number;
  readonly #held: Map<number, Sending>;
  #mustSkip: boolean;

  /** Throws HotlineError `hotline/store` when the state is none. */
  constructor({ state, restoredFromCopy = false }: OutboxOptions) {
    const { next, held } = state === null ? { next: 1, held: [] } : readState(state);
    this.#next = next;
    this.#held = new Map(held.map((number) => [number, { attempts: 0, dueMs: 0, maySent: true }]));
    this.#mustSkip = restoredFromCopy;
  }

  /** What is still here, rising by number. The peer is told at each start, after `skipTo`, and when it waits for what is gone. */
  get holding(): Holding {
    return { next: this.#next, held: [...this.#held.keys()] };
  }

  /** To be written. */
  get state(): Uint8Array {
    return encodeHolding(this.holding);
  }

  /** Why nothing can be added now, as a sentence for people, or null. */
  get refusal(): HotlineError | null {
    if (this.#mustSkip) {
      return new HotlineError(
        'hotline/store',
        'this store was restored from a copy: nothing can be sent until the peer has said what it had received by then',
      );
    }
    if (this.#held.size >= MAX_HELD) {
      return new HotlineError(
        'hotline/spent',
        `${MAX_HELD} messages wait for the other desk already: send more when it has confirmed some`,
      );
    }
    return null;
  }

  /** The number of a new message. The payload is written with the state. Throws `refusal`. */
  add(): { readonly number: number; readonly state: Uint8Array } {
    const refusal = this.refusal;
    if (refusal) throw refusal;
    const number = this.#next++;
    this.#held.set(number, { attempts: 0, dueMs: 0, maySent: false });
    return { number, state: this.state };
  }

  /**
   * The next number becomes `next`, if it is lower: after a restore, one more than the highest that the peer has settled.
   * What is held keeps its numbers: it was durable under them before it could leave.
   */
  skipTo(next: number): { readonly state: Uint8Array } {
    if (!Number.isSafeInteger(next + WINDOW)) {
      throw new HotlineError('hotline/bad-argument', `a stream cannot go on with the number ${next}`);
    }
    this.#next = Math.max(this.#next, next);
    this.#mustSkip = false;
    return { state: this.state };
  }

  /**
   * Messages to send now, lowest numbers first, at most `limit`; each is then due again after 200 ms, 400 ms … 5 s. A clock
   * that was set back delays none by more than its own wait.
   */
  due(nowMs: number, limit = 64): readonly Resend[] {
    if (!Number.isFinite(nowMs)) throw new HotlineError('hotline/bad-argument', `the time ${nowMs} is none`);
    const due: Resend[] = [];
    for (const [number, sending] of this.#held) {
      if (due.length >= limit) break;
      if (remaining(sending, nowMs) > 0) continue;
      sending.attempts++;
      sending.maySent = true;
      sending.dueMs = nowMs + waitAfter(sending.attempts);
      due.push({ number, attempt: sending.attempts });
    }
    return due;
  }

  /** Milliseconds until `due` has something, 0 when it has now; null while nothing is held. */
  waitMs(nowMs: number): number | null {
    let least: number | null = null;
    for (const sending of this.#held.values()) {
      const wait = remaining(sending, nowMs);
      if (least === null || wait < least) least = wait;
    }
    return least;
  }

  /** Everything is due at once, as after a new agreement: what is on its way can no longer be read. */
  hurry(): void {
    for (const sending of this.#held.values()) sending.attempts = 0;
  }

  /**
   * Numbers that this confirms for the first time, rising; their payloads go with the write of the state. Old and repeated
   * acks confirm nothing and harm nothing. Throws HotlineError `hotline/store` for numbers that were never sent: then the
   * peer errs, or this store was restored from a copy.
   */
  acknowledge(ack: Ack): { readonly confirmed: readonly number[]; readonly state: Uint8Array } {
    const beyond = new Set(beyondOf(ack));
    const confirmed: number[] = [];
    if (highestOf(ack) >= this.#next) throw neverSent(highestOf(ack));
    for (const [number, { maySent }] of this.#held) {
      if (number > ack.cumulative && !beyond.has(number)) continue;
      if (!maySent) throw neverSent(number);
      confirmed.push(number);
    }
    for (const number of confirmed) this.#held.delete(number);
    return { confirmed, state: this.state };
  }
}

/** Milliseconds until it is due. After a step back of the clock it waits from now, not from a time that is to come again. */
function remaining(sending: Sending, nowMs: number): number {
  if (sending.attempts === 0) return 0;
  sending.dueMs = Math.min(sending.dueMs, nowMs + waitAfter(sending.attempts));
  return Math.max(0, sending.dueMs - nowMs);
}

function waitAfter(attempts: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts - 1, 10));
}

function neverSent(number: number): HotlineError {
  return new HotlineError(
    'hotline/store',
    `the other desk confirms message ${number}, which this desk never sent: was its store restored from a copy? Nothing of the confirmation is believed`,
  );
}

function readState(state: Uint8Array): Holding {
  try {
    return readHolding(state);
  } catch (cause) {
    throw new HotlineError('hotline/store', 'the list of messages to be sent cannot be read; the store is damaged', {
      cause,
    });
  }
}
