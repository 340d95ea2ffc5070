import type { Stream, Use } from '@skykey/hotline/media';

/** For each direction and stream, a count that only grows. */
export type Tally = Readonly<Record<Use, Readonly<Record<Stream, number>>>>;

/** What the browser itself has counted of a connection. */
export interface Carried {
  /** Packets that left, without those sent again, and packets that came. */
  readonly packets: Tally;
  /** Frames of the picture that were shown or could have been. */
  readonly decoded: number;
}

/** Frames that were seen may be on their way for a while: in the queue before the network, in the buffer before the decoder. */
const ON_THE_WAY_MS = 2500;
const PACKETS = 20;
const DECODED = 10;

interface Mark {
  readonly seen: number;
  readonly packets: number;
  readonly sinceMs: number;
}

/**
 * Whether frames go past the worker that seals and opens them. Browsers promise that none does once a transform is set;
 * Chromium has broken that promise silently (w3c/webrtc-encoded-transform#314), so it is held against the browser's own
 * counts. `leak`: what leaves is not sealed, or what is shown was not sealed: the call must end. `deaf`: what comes does
 * not reach the worker, and cannot be decoded: the connection must be built anew.
 */
export class BypassWatch {
  readonly #marks = new Map<string, Mark>();

  /** `seen`: frames that came to the worker, counted after `carried`. Times in ms, going forward. */
  after(carried: Carried, seen: Tally, nowMs: number): 'none' | 'leak' | 'deaf' {
    const past = (use: Use, stream: Stream): number => {
      const { packets, sinceMs } = this.#mark(
        `${use} ${stream}`,
        seen[use][stream],
        carried.packets[use][stream],
        nowMs,
      );
      return nowMs - sinceMs >= ON_THE_WAY_MS ? carried.packets[use][stream] - packets : 0;
    };
    const shown = this.#mark('decoded', seen.open.video, carried.decoded, nowMs);
    const streams: readonly Stream[] = ['audio', 'video'];
    const sent = streams.map((stream) => past('seal', stream));
    const came = streams.map((stream) => past('open', stream));
    const unsealed = nowMs - shown.sinceMs >= ON_THE_WAY_MS && carried.decoded - shown.packets >= DECODED;
    if (unsealed || sent.some((packets) => packets >= PACKETS)) return 'leak';
    return came.some((packets) => packets >= PACKETS) ? 'deaf' : 'none';
  }

  /** Counts begin again with a new connection. */
  forget(): void {
    this.#marks.clear();
  }

  /** Where the browser's count stood when the worker last saw a frame. */
  #mark(name: string, seen: number, packets: number, nowMs: number): Mark {
    const before = this.#marks.get(name);
    if (before !== undefined && before.seen === seen && packets >= before.packets) return before;
    const mark = { seen, packets, sinceMs: nowMs };
    this.#marks.set(name, mark);
    return mark;
  }
}
