import { LEASE_MS } from '@skykey/hotline/media';
import type { LeaseAnswer, LeaseKey, LeasePad, LeaseState } from './contract.ts';

/** How often the worker asks its site for leave, ms. */
export const PULL_MS = 300;
/** Without leave for this long a call ends; shorter, it goes on by itself. */
export const LAPSE_MS = 30_000;

/**
 * What to make of the leave that the site gives, or gives no longer. Whether a frame may pass is decided elsewhere
 * (`Lease` of the hotline's media room, which this feeds); this tells people. Times are ms of a clock that only goes forward.
 */
export class CallLease {
  #untilMs: number | null = null;
  /** Since when there is no leave; ahead of now while there is. */
  #sinceMs: number;
  #end: 'lapsed' | 'stopped' | null = null;

  constructor(openedMs: number) {
    this.#sinceMs = openedMs;
  }

  /**
   * Leave was asked for at `askedMs`, and came at `nowMs` for `leaseMs`, which count from the asking: an answer that was
   * long on its way gives no longer leave. Returns the moment at which a leave of LEASE_MS would have had to be asked for
   * to end then, or null when the call has ended: nothing revives it.
   */
  grant(askedMs: number, leaseMs: number, nowMs: number): number | null {
    const state = this.state(nowMs);
    if (state === 'lapsed' || state === 'stopped') return null;
    const untilMs = askedMs + Math.min(leaseMs, LEASE_MS);
    this.#untilMs = Math.max(untilMs, this.#untilMs ?? untilMs);
    this.#sinceMs = Math.max(this.#sinceMs, this.#untilMs);
    return untilMs - LEASE_MS;
  }

  stop(): void {
    this.#end ??= 'stopped';
  }

  state(nowMs: number): LeaseState {
    if (this.#end !== null) return this.#end;
    if (this.#untilMs !== null && nowMs < this.#untilMs) return 'valid';
    if (nowMs - this.#sinceMs >= LAPSE_MS) return (this.#end = 'lapsed');
    return this.#untilMs === null ? 'waiting' : 'paused';
  }
}

/** Reads what the site answered; null where it is not what was agreed (then there is no leave). */
export function readLease(body: unknown): LeaseAnswer | null {
  if (typeof body !== 'object' || body === null) return null;
  const { leaseMs, sendEpoch, keys, pads } = body as Partial<Record<keyof LeaseAnswer, unknown>>;
  if (typeof leaseMs !== 'number' || !(leaseMs > 0) || !isEpoch(sendEpoch) || !Array.isArray(keys)) return null;
  if (!Array.isArray(pads)) return null;
  return keys.every(isKey) && pads.every(isPad) ? { leaseMs, sendEpoch, keys, pads } : null;
}

function isKey(value: unknown): value is LeaseKey {
  if (typeof value !== 'object' || value === null) return false;
  const { keyId, mediaEpoch, stream, use, baseKey } = value as Partial<Record<keyof LeaseKey, unknown>>;
  return (
    typeof keyId === 'string' &&
    keyId !== '' &&
    isEpoch(mediaEpoch) &&
    (stream === 'audio' || stream === 'video') &&
    (use === 'send' || use === 'receive') &&
    typeof baseKey === 'string' &&
    baseKey !== ''
  );
}

function isPad(value: unknown): value is LeasePad {
  if (typeof value !== 'object' || value === null) return false;
  const { padId, block, use, bytes } = value as Partial<Record<keyof LeasePad, unknown>>;
  const named = typeof padId === 'string' && padId !== '' && isEpoch(block);
  return named && (use === 'send' || use === 'receive') && typeof bytes === 'string' && bytes !== '';
}

/** Below 2^32: an agreement epoch of 24 bits and a renewal of 8. */
function isEpoch(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
