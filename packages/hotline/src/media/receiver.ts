import { HotlineError } from '../error.ts';
import { decodeHeader } from './header.ts';
import type { OpeningKey } from './key.ts';
import type { Lease } from './lease.ts';
import type { Bytes } from './suites.ts';

/** How long a key still opens after a newer one came, ms, at most (hotline reference, section 6, lane M). */
export const MAX_OVERLAP_MS = 5000;

export interface FrameReceiverOptions {
  readonly lease: Lease;
  /** The clock of the lease, ms. */
  readonly now: () => number;
  /** At most, and unless told otherwise, MAX_OVERLAP_MS. */
  readonly overlapMs?: number;
}

/** What became of the frames that came. All but `accepted` were dropped. */
export interface FrameCounts {
  accepted: number;
  /** Not a frame of SFrame, or a counter that no sender of Skykey reaches. */
  malformed: number;
  /** Its KID names no key that is installed, any more or yet. */
  unknownKey: number;
  /** The tag is wrong. */
  forged: number;
  /** Authentic, and accepted before. */
  replayed: number;
  /** Authentic, and too far behind to know whether it was accepted before. */
  tooOld: number;
  /** Came, or was finished, without a lease or after `stop`. */
  stopped: number;
}

/** A key, and until when it opens. */
interface Installed {
  readonly key: OpeningKey;
  untilMs: number;
}

/** Opens the frames of one stream, in one direction, for as long as the lease holds. */
export class FrameReceiver {
  readonly #lease: Lease;
  readonly #now: () => number;
  readonly #overlapMs: number;
  readonly #keys = new Map<bigint, Installed>();
  readonly #counts: FrameCounts = {
    accepted: 0,
    malformed: 0,
    unknownKey: 0,
    forged: 0,
    replayed: 0,
    tooOld: 0,
    stopped: 0,
  };
  #lastKid = -1n;
  #stopped = false;

  /** Throws RangeError for an overlap that is not of 0 to MAX_OVERLAP_MS. */
  constructor({ lease, now, overlapMs = MAX_OVERLAP_MS }: FrameReceiverOptions) {
    if (!(overlapMs >= 0 && overlapMs <= MAX_OVERLAP_MS))
      throw new RangeError(`keys overlap by 0 to ${MAX_OVERLAP_MS} ms, not ${overlapMs}`);
    this.#lease = lease;
    this.#now = now;
    this.#overlapMs = overlapMs;
  }

  /** A copy of the counts. For this desk's own page: the other side must not learn why a frame was dropped. */
  get counts(): Readonly<FrameCounts> {
    return { ...this.#counts };
  }

  /**
   * Opens with `key` too; those before it end when the overlap is over. Throws HotlineError `hotline/bad-argument`
   * unless its KID is above all before (a KID that came back would come with an empty replay window), and
   * `hotline/line-dropped` after `stop`; the key is then overwritten.
   */
  install(key: OpeningKey): void {
    if (key.kid <= this.#lastKid || this.#stopped) {
      key.wipe();
      if (this.#stopped) throw new HotlineError('hotline/line-dropped', 'this call has ended; begin a new one');
      throw new HotlineError(
        'hotline/bad-argument',
        'this key of the call is not newer than the one in use; get a new one',
      );
    }
    const untilMs = this.#now() + this.#overlapMs;
    for (const installed of this.#keys.values()) installed.untilMs = Math.min(installed.untilMs, untilMs);
    this.#keys.set(key.kid, { key, untilMs: Number.POSITIVE_INFINITY });
    this.#lastKid = key.kid;
    this.expire();
  }

  /** Overwrites the keys whose overlap is over. Every frame does so; called as well when none come. */
  expire(): void {
    const now = this.#now();
    for (const [kid, { key, untilMs }] of this.#keys) {
      if (now < untilMs) continue;
      key.wipe();
      this.#keys.delete(kid);
    }
  }

  /**
   * The plaintext of a frame, or undefined: whatever is wrong with it, it is dropped in the same way, and only `counts`
   * knows why. `metadata` must be what was sealed with it.
   */
  async open(frame: Bytes, metadata: Bytes): Promise<Bytes | undefined> {
    if (!this.#mayFlow()) return this.#drop('stopped');
    this.expire();
    const header = decodeHeader(frame);
    if (!header) return this.#drop('malformed');
    const key = this.#keys.get(header.kid)?.key;
    if (!key) return this.#drop('unknownKey');
    const opened = await key.open(header, frame, metadata);
    // The line may have dropped, or the key ended, while the frame was opened.
    if (!this.#mayFlow()) return this.#drop('stopped');
    this.expire();
    if (!this.#keys.has(header.kid)) return this.#drop('unknownKey');
    if ('refused' in opened) return this.#drop(opened.refused === 'too-old' ? 'tooOld' : opened.refused);
    this.#counts.accepted++;
    return opened.plaintext;
  }

  /** Ends this direction for good and overwrites its keys. */
  stop(): void {
    this.#stopped = true;
    for (const { key } of this.#keys.values()) key.wipe();
    this.#keys.clear();
  }

  #mayFlow(): boolean {
    return !this.#stopped && this.#lease.holds(this.#now());
  }

  #drop(reason: Exclude<keyof FrameCounts, 'accepted'>): undefined {
    this.#counts[reason]++;
    return undefined;
  }
}
