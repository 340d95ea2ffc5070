import type { Stream } from '@skykey/hotline/media';
import type { Tally } from './bypass.ts';

/**
 * What the page of a desk and its own site say to each other about a call, and what the page says to its worker. The
 * rest of the contract (`DeskCall`, `DeskState`) is in `@skykey/telemetry`. All of it stays on the page's own origin.
 */

/** One step of WebRTC's handshake. The site carries it to the peer's page unread. */
export type CallSignal =
  | { readonly description: RTCSessionDescriptionInit }
  | { readonly candidate: RTCIceCandidateInit };

/** Body of `POST /api/call/lease`. */
export interface LeaseRequest {
  /** The call. */
  readonly id: string;
  /**
   * Names the worker that asks: 16 random bytes, hexadecimal, fresh whenever a page is loaded. A key to send with may be
   * given to one session only, since each session counts its frames from zero; a second one needs keys of a new epoch.
   */
  readonly session: string;
  /** Ids of keys that need not be given (again), and of pads that were not used up. */
  readonly have: readonly string[];
}

/** Answer of `POST /api/call/lease`: leave to send and to hear for a moment, and the keys for it. */
export interface LeaseAnswer {
  /** How long the leave lasts from the moment it was asked for, ms. */
  readonly leaseMs: number;
  /** The media epoch to seal with. */
  readonly sendEpoch: number;
  readonly keys: readonly LeaseKey[];
  /** Of a call whose voice goes by one-time pad; of every other none. */
  readonly pads: readonly LeasePad[];
}

export interface LeaseKey {
  readonly keyId: string;
  /** Agreement epoch modulo 2^24, times 256, plus the renewal within it. */
  readonly mediaEpoch: number;
  readonly stream: Stream;
  readonly use: 'send' | 'receive';
  /** SFrame base key, base64. */
  readonly baseKey: string;
}

/** One-time pad for a second of voice. Given once: a page that lost it gets another. */
export interface LeasePad {
  readonly padId: string;
  /** Rises; which slots of speech it is for. */
  readonly block: number;
  readonly use: 'send' | 'receive';
  /** Base64. */
  readonly bytes: string;
}

/** What leave the worker has: none yet, a valid one, none for a moment, none for too long, or none ever again. */
export type LeaseState = 'waiting' | 'valid' | 'paused' | 'lapsed' | 'stopped';

/** From the page to its worker. `stop` cannot be taken back: keys are wiped and no frame passes again. */
export type WorkerOrder =
  | {
      readonly kind: 'open';
      readonly base: string;
      readonly id: string;
      readonly session: string;
      /** Voice goes by one-time pad, and nothing without. */
      readonly padded: boolean;
    }
  | { readonly kind: 'stop' }
  | { readonly kind: 'count' };

/** From the worker to its page. */
export type WorkerReport =
  | { readonly kind: 'lease'; readonly state: LeaseState; readonly reason: string | null }
  | { readonly kind: 'counts'; readonly counts: FrameTotals }
  | { readonly kind: 'key-frame-needed' };

/** Frames of this session, by what became of them. */
export interface FrameTotals {
  /** Frames that came to the worker, whatever became of them. */
  readonly seen: Tally;
  readonly opened: Readonly<Record<Stream, number>>;
  /** Not opened: no key or pad, a wrong one, altered on the way, seen before. */
  readonly refused: Readonly<Record<Stream, number>>;
  /** Not let through for want of leave, either way. */
  readonly held: number;
  /** The epoch that is sealed with; null before the first key. */
  readonly sendEpoch: number | null;
  /** Why a key or a stream was refused last; null where none was. */
  readonly problem: string | null;
}
