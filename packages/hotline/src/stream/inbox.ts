import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { type Ack, ackOf, beyondOf, type Holding, WINDOW } from './ack.ts';

/**
 * The receiving end of a stream: each number once, given out in order, and what will never come is counted. The host keeps
 * the payloads, by number, from `accept` on.
 *
 * **Durable first.** `accept` and `lose` change memory at once and return the state to be written, with the payload that
 * came. Only when that write is durable may anything rest on it: showing what was released, and an ack. When a write
 * fails, this object is ahead of the disk: drop it and restore from what is on the disk.
 */
export interface Release {
  readonly number: number;
  /** Numbers right before this one that will never come. */
  readonly missed: number;
}

export type Accepted =
  | { readonly kind: 'new'; readonly released: readonly Release[]; readonly state: Uint8Array }
  /** Kept before, or known to be lost: acknowledge it again and do nothing else. */
  | { readonly kind: 'repeat' };

export class Inbox {
  /** Every number up to here is settled: accepted or lost. */
  #cumulative = 0;
  /** Accepted beyond it, waiting for one that comes before. */
  readonly #ahead = new Set<number>();
  /** Lost beyond it. */
  readonly #lost = new Set<number>();
  /** Lost since the last release. */
  #missed = 0;

  /** `state`: as last made durable, null for a stream that begins. Throws HotlineError `hotline/store` when it is none. */
  constructor(state: Uint8Array | null) {
    if (state !== null) this.#restore(state);
  }

  /** Numbers lost since the last message that was released. */
  get missed(): number {
    return this.#missed;
  }

  /** Numbers that are waited for: lower ones than the highest accepted, neither come nor lost. */
  get waiting(): number {
    const top = Math.max(this.#cumulative, ...this.#ahead);
    const lost = [...this.#lost].filter((number) => number < top).length;
    return top - this.#cumulative - this.#ahead.size - lost;
  }

  /**
   * The highest number that is settled, come or lost. A peer whose store was restored from a copy goes on above it: a lower
   * number would be taken for a repeat.
   */
  get highest(): number {
    return Math.max(this.#cumulative, ...this.#ahead, ...this.#lost);
  }

  /** Accepted but not released: the payloads that the host must still have after a start. Rising. */
  get unreleased(): readonly number[] {
    return [...this.#ahead].sort((a, b) => a - b);
  }

  /** To be sent, once everything accepted so far is durable. */
  get ack(): Ack {
    return ackOf(this.#cumulative, [...this.#ahead, ...this.#lost]);
  }

  /** To be written: cumulative (8) ‖ missed (8) ‖ bitmaps of what is ahead and what is lost, each after its length (2). */
  get state(): Uint8Array {
    const ahead = ackOf(this.#cumulative, this.#ahead).bitmap;
    const lost = ackOf(this.#cumulative, this.#lost).bitmap;
    const writer = new Writer().u64(this.#cumulative).u64(this.#missed);
    return writer.u16(ahead.length).raw(ahead).u16(lost.length).raw(lost).finish();
  }

  /**
   * Whether a message of this number would be new, before anything is spent on opening it. Throws HotlineError
   * `hotline/out-of-order` beyond the window of 2,048: the peer must first say what it no longer holds.
   */
  judge(number: number): 'new' | 'repeat' {
    if (!Number.isSafeInteger(number) || number < 1) {
      throw new HotlineError('hotline/malformed', `the message cannot be read: it has the number ${number}`);
    }
    if (number <= this.#cumulative || this.#ahead.has(number) || this.#lost.has(number)) return 'repeat';
    if (number <= this.#cumulative + WINDOW) return 'new';
    throw new HotlineError(
      'hotline/out-of-order',
      `message ${number} is more than ${WINDOW} ahead of message ${this.#cumulative}, up to which all have come`,
    );
  }

  /** Takes a message that was opened. Throws as `judge`. */
  accept(number: number): Accepted {
    if (this.judge(number) === 'repeat') return { kind: 'repeat' };
    this.#ahead.add(number);
    const released = this.#release();
    return { kind: 'new', released, state: this.state };
  }

  /**
   * Settles as lost what the peer neither holds nor will give a number to, or null when that is nothing new. `lost`: how
   * many numbers that are.
   */
  lose({ next, held }: Holding): {
    readonly lost: number;
    readonly released: readonly Release[];
    readonly state: Uint8Array;
  } | null {
    const come = new Set(held.filter((number) => this.#isOpen(number)));
    // The first that can still come; everything before it is settled, by arithmetic: there may be any number of them.
    const stop = Math.min(next, ...come);
    const released: Release[] = [];
    let lost = 0;
    for (const number of this.unreleased) {
      if (number >= stop) break;
      lost += this.#pass(number);
      released.push(this.#giveOut(number));
    }
    if (stop > this.#cumulative + 1) lost += this.#pass(stop);
    for (let number = this.#cumulative + 1; number < Math.min(next, this.#cumulative + WINDOW + 1); number++) {
      if (come.has(number) || !this.#isOpen(number)) continue;
      this.#lost.add(number);
      lost++;
    }
    released.push(...this.#release());
    return lost === 0 ? null : { lost, released, state: this.state };
  }

  /** Neither accepted nor lost. */
  #isOpen(number: number): boolean {
    return number > this.#cumulative && !this.#ahead.has(number) && !this.#lost.has(number);
  }

  /** Everything from the cumulative number to the one before `number` is lost. How many of them were not known to be. */
  #pass(number: number): number {
    const passed = number - 1 - this.#cumulative;
    let known = 0;
    for (const lost of this.#lost) {
      if (lost >= number) continue;
      this.#lost.delete(lost);
      known++;
    }
    this.#missed += passed;
    this.#cumulative = number - 1;
    return passed - known;
  }

  #giveOut(number: number): Release {
    const release = { number, missed: this.#missed };
    this.#ahead.delete(number);
    this.#missed = 0;
    this.#cumulative = number;
    return release;
  }

  /** What follows the cumulative number without a gap. */
  #release(): Release[] {
    const released: Release[] = [];
    for (let number = this.#cumulative + 1; ; number++) {
      if (this.#ahead.has(number)) released.push(this.#giveOut(number));
      else if (this.#lost.has(number)) this.#pass(number + 1);
      else return released;
    }
  }

  #restore(state: Uint8Array): void {
    const reader = new Reader(state, 'the record of received messages');
    try {
      const cumulative = reader.u64();
      this.#missed = reader.u64();
      for (const set of [this.#ahead, this.#lost]) {
        const bitmap = reader.raw(reader.u16());
        if (bitmap.length > WINDOW / 8) throw reader.refuse('a bitmap is too long');
        for (const number of beyondOf({ cumulative, bitmap })) set.add(number);
      }
      reader.end();
      this.#cumulative = cumulative;
      const twice = [...this.#ahead].some((number) => this.#lost.has(number));
      if (twice || !this.#isOpen(cumulative + 1) || this.#missed > cumulative)
        throw reader.refuse('it contradicts itself');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HotlineError('hotline/store', `${why}; the store is damaged`, { cause });
    }
  }
}
